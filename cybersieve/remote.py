"""Folders that lie elsewhere: `s3://bucket/raw` and every other URL that fsspec knows, where a path is wanted.

Files are fetched one by one into a folder `.staged-…` of the working folder (so that Ray's nodes see it too), worked on
there, and results are sent back; the folder goes when the work ends, however it ends. What is sent takes the place of
what was there; `manifest.json`, with size and sha256 of each file, is removed first and written last: a folder that has
one is whole. Needs the package for the store (s3fs, gcsfs, adlfs, …), which finds its credentials as always: the
environment, the user's configuration, the machine's role. They are never part of a message.
"""

import argparse
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cybersieve import cli, hashing
from cybersieve.errors import CybersieveError, InputError

MANIFEST = "manifest.json"
STAGED = ".staged-"
OURS = {".parquet", ".jsonl", ".json", ".csv", ".md", ".html"}  # what may be replaced: as on the local disk
SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True)
class Url:
    """A folder elsewhere."""

    text: str

    def __str__(self) -> str:
        return re.sub(r"//[^/@]*@", "//", self.text)  # without user and password

    def overlaps(self, other: "Url") -> bool:
        mine, others = (f"{url.text.rstrip('/')}/" for url in (self, other))
        return mine.startswith(others) or others.startswith(mine)


def place(text: str) -> Path | Url:
    """An argument: a URL where it has a scheme, else a path."""
    return Url(text) if re.match(r"[a-z][a-z0-9+.-]*://", text) else Path(text)


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
        for key, info in cli.progress(sorted(found.items()), f"fetch {url}", len(found)):
            name = key[len(root):].lstrip("/") or PurePosixPath(key).name
            if ".." in PurePosixPath(name).parts or name.startswith("/") or "\0" in name:
                raise InputError(url, f"a file named {name[:200]!r} would leave the folder")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if not wanted(name):
                target.touch()
                continue
            store.get_file(key, str(target))
            came = target.stat().st_size
            if came != info["size"]:
                raise InputError(f"{url}/{name}", f"{info['size']} bytes were promised and {came} came",
                                 remedy="run again; is somebody writing it?")


def send(folder: Path, url: Url) -> None:
    """Put a folder's files in the place of those at `url`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path: path.relative_to(folder).as_posix() for path in files}
    with _store(url) as (store, root):
        old = {key for key in store.find(root) if not key.endswith("/")} if store.exists(root) else set()
        if f"{root}/{MANIFEST}" in old:
            store.rm_file(f"{root}/{MANIFEST}")
        for path in cli.progress(files, f"send to {url}", len(files)):
            store.makedirs(f"{root}/{names[path]}".rpartition("/")[0], exist_ok=True)
            store.put_file(str(path), f"{root}/{names[path]}")
        for key in sorted(old - {f"{root}/{name}" for name in [*names.values(), MANIFEST]}):
            store.rm_file(key)
        manifest = {name: {"size": path.stat().st_size, "sha256": hashing.of_file(path)}
                    for path, name in names.items()}
        store.pipe_file(f"{root}/{MANIFEST}", json.dumps(manifest, indent=1).encode() + b"\n")


def _check_ours(url: Url) -> None:
    """Refuse early, before the work: anything there but a stage's output, or no right to write."""
    with _store(url) as (store, root):
        store.makedirs(root, exist_ok=True)
        store.pipe_file(f"{root}/.probe", b"")
        store.rm_file(f"{root}/.probe")
        for key in sorted(store.find(root)) if store.exists(root) else []:
            if PurePosixPath(key).suffix not in OURS and not key.endswith("/"):
                raise InputError(f"{url}{key[len(root):]}", "is not a stage's output, and would be deleted",
                                 remedy="name another output folder")


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
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        for secret in filter(None, map(os.environ.get, SECRETS)):
            reason = reason.replace(secret, "…")
        raise CybersieveError(f"{url}: {reason.replace(url.text, str(url))}. Remedy: check the address, the network "
                              "and the credentials") from None


def _by_url(error: InputError, urls: dict[str, Url], folders: dict[str, Path]) -> InputError:
    """The error with the URL in place of the staged folder."""
    path = error.path
    for name, folder in folders.items():
        path = path.replace(str(folder), str(urls[name]))
    return InputError(path, error.reason, error.place, error.remedy)
