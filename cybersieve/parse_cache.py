"""What parse made of a file, kept in the per-user cache: a dump that has not changed is copied, not parsed again.

An entry is keyed by the file's content and name, the settings, the package's code and the versions of what it parses
with; any change of those makes a new one. It holds the Parquet file and the counts, with a checksum over both: a
damaged entry is parsed anew. Entries not used for 30 days are removed. The folder can be deleted at any time.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from collections import Counter
from contextlib import suppress
from functools import cache
from importlib import metadata, resources
from pathlib import Path

from cybersieve import cache as caches
from cybersieve.params import Parse
from cybersieve.records import Counts

FOLDER = "parsed"  # in the per-user cache
KEPT_DAYS = 30
READERS = ("ijson", "lxml", "numpy", "orjson", "pyarrow", "pyyaml")


class Entry:
    """The cache's entry for one dump."""

    def __init__(self, path: Path, name: str, settings: Parse) -> None:
        """`path`: the dump, `name`: what its records have for source."""
        asked = json.dumps([name, repr(settings), _code(), _digest(path)])
        key = hashlib.blake2b(asked.encode(), digest_size=20).hexdigest()
        self.parquet = caches.folder() / FOLDER / f"{key}.parquet"
        self.told = self.parquet.with_suffix(".json")

    def take(self, target: Path) -> Counts | None:
        """Copy the parsed file to `target` and return its counts; None where there is no entry that can be trusted."""
        try:
            tree = json.loads(self.told.read_bytes())
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.parquet, target)
            if tree["digest"] != _digest(target):
                raise ValueError("damaged")
            for path in (self.parquet, self.told):
                os.utime(path)
            dropped, notes = Counter(tree["dropped"]), Counter(tree["notes"])
            return Counts(tree["read"], tree["written"], tree["failed"], dropped, notes)
        except (OSError, ValueError, LookupError, TypeError):
            target.unlink(missing_ok=True)
            return None

    def put(self, target: Path, counts: Counts) -> None:
        """Keep what was parsed. Where the disk refuses, nothing is kept and nothing is said: it is only a cache."""
        with suppress(OSError):
            self.parquet.parent.mkdir(parents=True, exist_ok=True)
            _forget(self.parquet.parent)
            partial = self.parquet.with_suffix(f".{os.getpid()}.partial")
            shutil.copyfile(target, partial)
            tree = counts.tree() | {"notes": dict(counts.notes), "digest": _digest(target)}
            os.replace(partial, self.parquet)
            partial.write_text(json.dumps(tree))
            os.replace(partial, self.told)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:40]


@cache
def _code() -> str:
    """What would parse: the package's own files, Python, and the libraries that read and write."""
    files = [entry for entry in resources.files("cybersieve").iterdir() if entry.name.endswith((".py", ".yaml"))]
    files.sort(key=lambda entry: entry.name)
    code = hashlib.blake2b(b"".join(entry.name.encode() + b"\0" + entry.read_bytes() for entry in files))
    return " ".join([sys.version, code.hexdigest(), *(f"{name} {metadata.version(name)}" for name in READERS)])


def _forget(folder: Path) -> None:
    """Remove what was not used for long."""
    oldest = time.time() - KEPT_DAYS * 86_400
    for path in folder.iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
