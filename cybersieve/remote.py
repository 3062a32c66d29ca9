"""Folders that lie elsewhere: `s3://bucket/raw` and every other URL that fsspec knows, where a path is wanted.

Files are fetched one by one into a folder `.staged-…` of the working folder (so that Ray's nodes see it too), worked on
there, and results are sent back; the folder goes when the work ends, however it ends. What is sent takes the place of
what was sent before, and of nothing else. `manifest.json`, with size and sha256 of each file, is written last: a folder
that has one is whole. While files are on their way `manifest.partial.json` names them instead, and nobody reads the
folder. Needs the package for the store (s3fs, gcsfs, adlfs, …), which finds its credentials as always: the environment,
the user's configuration, the machine's role. They are never part of a message.
"""

import argparse
import errno
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from cybersieve import cli, hashing, records
from cybersieve.errors import CybersieveError, InputError

MANIFEST, PARTIAL, PROBE = "manifest.json", "manifest.partial.json", ".probe"
ENTRY = {"size", "sha256"}  # what a manifest says of a file
STAGED = ".staged-"
USER = re.compile(r"(?<=//)([^/@]*:(?!\d+/)[^@]*|[^/@]*)@")  # and password, which may hold a slash; not a port
VALUE = re.compile(r"(?<==)[^&]+")  # of a query: a signature
FULL = errno.ENOSPC, errno.EDQUOT
SECRETS = re.compile("KEY|SECRET|TOKEN|PASS|SAS|CONNECTION_STRING")  # in names of the environment


@dataclass(frozen=True)
class Url:
    """A folder elsewhere."""

    text: str

    def __str__(self) -> str:
        path, mark, query = USER.sub("", self.text).partition("?")
        return path + mark + VALUE.sub("…", query)

    def file(self, name: str) -> str:
        """How a message names a file there."""
        return f"{str(self).rstrip('/')}/{name}"

    def secrets(self) -> list[str]:
        """What `str` leaves out, and the parts of it that an error may show, decoded too; long ones first."""
        users = [user for user in USER.findall(self.text) if user]
        parts = [part for user in users for part in (user, user.partition(":")[2], *user.split("/"))]
        parts += VALUE.findall(self.text.partition("?")[2])
        return sorted(filter(None, {*parts, *map(unquote, parts)}), key=len, reverse=True)

    def overlaps(self, other: "Url") -> bool:
        mine, others = (f"{url.text.rstrip('/')}/" for url in (self, other))
        return mine.startswith(others) or others.startswith(mine)


def place(text: str) -> Path | Url:
    """An argument: a URL where it has a scheme (S3:// is s3://), else a path."""
    return Url(re.sub(r"^[\w+.:-]+(?=://)", lambda scheme: scheme[0].lower(), text)) if "://" in text else Path(text)


@contextmanager
def here(args: argparse.Namespace, wanted: Callable[[str], bool] = lambda name: True) -> Iterator[None]:
    """Every Url among the arguments as a local path: read into it at once, or (`output…`, `rejected…`) sent at the end.

    Files whose names are not `wanted` come empty: for parse, which passes them over by name and notes them.
    Raises InputError, which names files by their URL, and CybersieveError where a store can't be used.
    """
    urls = {name: value for name, value in vars(args).items() if isinstance(value, Url)}
    targets = {name: url for name, url in urls.items() if name.startswith(("output", "rejected"))}
    for name, url in targets.items():
        for other in (value for key, value in urls.items() if key != name):
            if url.overlaps(other):
                raise InputError(url, f"overlaps {other}", remedy="name another output folder")
    with ExitStack() as stack:
        folders = {}
        for name, url in urls.items():
            staged = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=STAGED)))
            folders[name] = staged / name
            setattr(args, name, folders[name])
            if name in targets:
                _check_ours(url)
            else:
                fetch(url, folders[name], wanted)
        try:
            yield
        except InputError as error:
            raise _by_url(error, urls, folders) from None
        for name, url in targets.items():
            send(folders[name], url)


def fetch(url: Url, folder: Path, wanted: Callable[[str], bool] = lambda name: True) -> None:
    """Copy a folder's files; those whose names are not `wanted` stay empty."""
    with _store(url) as (store, root):
        found = {key: info for key, info in store.find(root, detail=True).items() if not key.endswith("/")}
        if not found:
            raise InputError(url, "holds no files", remedy="is the address right, and may these credentials read it?")
        if f"{root}/{PARTIAL}" in found:
            raise InputError(url, "is not whole: what sends it was stopped, or is not done",
                             remedy="wait for it, or run it again")
        for key, info in cli.progress(sorted(found.items()), f"fetch {url}", len(found)):
            name = key[len(root):].lstrip("/") or PurePosixPath(key).name
            if ".." in PurePosixPath(name).parts or name.startswith("/") or "\0" in name:
                raise InputError(url, f"a file named {name[:200]!r} would leave the folder")
            target = folder / name
            if not _free(target):
                raise InputError(url.file(name), "two objects would be one file, or a file and a folder of that name",
                                 remedy="rename one of them")
            if not wanted(name):
                target.touch()
                continue
            store.get_file(key, str(target))
            came = target.stat().st_size
            if info.get("size") not in (came, None):  # which a web server does not always say
                raise InputError(url.file(name), f"{info['size']} bytes were promised and {came} came",
                                 remedy="run again; is somebody writing it?")


def _free(target: Path) -> bool:
    """Makes a file's folder; False where it can't be, or the file is there: keys are no paths (`a//b` beside `a/b`)."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return not target.exists()
    except (FileExistsError, NotADirectoryError):
        return False


def send(folder: Path, url: Url) -> None:
    """Put a folder's files in the place of those that were sent to `url` before."""
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    manifest = {name: {"size": path.stat().st_size, "sha256": hashing.of_file(path)} for name, path in files.items()}
    with _store(url) as (store, root):
        old = _ours(store, root, url)
        _save(store, f"{root}/{PARTIAL}", {**dict.fromkeys(sorted(old)), **manifest})
        if MANIFEST in old:
            store.rm_file(f"{root}/{MANIFEST}")
        for name, path in cli.progress(files.items(), f"send to {url}", len(files)):
            store.makedirs(f"{root}/{name}".rpartition("/")[0], exist_ok=True)
            store.put_file(str(path), f"{root}/{name}")
        for name in sorted(old - {*files, MANIFEST, PARTIAL}):
            store.rm_file(f"{root}/{name}")
        _save(store, f"{root}/{MANIFEST}", manifest)
        store.rm_file(f"{root}/{PARTIAL}")


def _save(store: Any, key: str, tree: dict[str, Any]) -> None:
    store.pipe_file(key, json.dumps(tree, indent=1).encode() + b"\n")


def _check_ours(url: Url) -> None:
    """Refuse early, before the work: anything there but a stage's output, or no right to write."""
    with _store(url) as (store, root):
        _ours(store, root, url)
        store.makedirs(root, exist_ok=True)
        store.pipe_file(f"{root}/{PROBE}", b"")
        store.rm_file(f"{root}/{PROBE}")


def _ours(store: Any, root: str, url: Url) -> set[str]:
    """Names of the files there, all sent by us: a manifest names them, or they are a stage's Parquet."""
    found = store.find(root) if store.exists(root) else []
    there, known = {key[len(root) + 1:] for key in found if not key.endswith("/")}, {PROBE}
    for name in there & {MANIFEST, PARTIAL}:
        with suppress(ValueError, AttributeError):
            sent = json.loads(store.cat_file(f"{root}/{name}"))
            if all(file is None or file.keys() == ENTRY for file in sent.values()):  # others have a manifest, too
                known |= {name, *sent}
    for name in sorted(there - known):
        with store.open(f"{root}/{name}") if name.endswith(".parquet") else nullcontext() as file:
            ours = file and records.is_stages(file)
        if not ours:
            raise InputError(url.file(name), "is not a stage's output, and would be deleted",
                             remedy="name another output folder")
    return there


@contextmanager
def _store(url: Url) -> Iterator[tuple[Any, str]]:
    """The file system of a URL and the path in it. Raises CybersieveError for whatever goes wrong with it."""
    from fsspec.core import url_to_fs

    try:
        store, root = url_to_fs(url.text, use_listings_cache=False)
        yield store, root.rstrip("/")
    except ImportError as error:
        raise CybersieveError(f"{url}: {error}. Remedy: pip install -r requirements_cluster.txt has s3fs; other stores "
                              "have packages of their own") from None
    except CybersieveError:
        raise
    except Exception as error:  # each store has errors of its own; none may show credentials in a traceback
        if isinstance(error, OSError) and (error.errno in FULL or STAGED in str(error.filename)):
            raise  # this machine's disk
        reason = " ".join(str(error).split()).replace(url.text, str(url))
        kept = [value for name, value in os.environ.items() if SECRETS.search(name) and len(value) > 7]
        for secret in (*url.secrets(), *kept):
            reason = reason.replace(secret, "…")
        raise CybersieveError(f"{url}: {reason[:300] or type(error).__name__}. Remedy: check the address, the network "
                              "and the credentials") from None


def _by_url(error: InputError, urls: dict[str, Url], folders: dict[str, Path]) -> InputError:
    """The error with the URL in place of the staged folder."""
    path = error.path
    for name, folder in folders.items():
        path = path.replace(str(folder), str(urls[name]))
    return InputError(path, error.reason, error.place, error.remedy)
