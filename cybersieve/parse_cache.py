"""What parse made of a file, kept in the per-user cache: a dump that has not changed is copied, not parsed again.

An entry is keyed by the file's content and name, the settings, the package's code and the versions of what it parses
with; any change of those makes a new one. It is one file, named for the content, in a folder for all else, so that a
file of which nothing is kept need not be read for its hash first: it is hashed as it is parsed. In it are a line of
JSON with the counts and a checksum, then the Parquet file. A damaged entry is parsed anew. Entries not used for 30
days, or beyond 4 GB the least recently used, are removed; all of it can be deleted at any time.
CYBERSIEVE_PARSE_CACHE=off in the environment switches it off.
"""

import hashlib
import json
import os
import sys
import time
from collections import Counter
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path

import ijson
import lxml
import numpy
import orjson
import pyarrow
import yaml

from cybersieve import cache as caches
from cybersieve import hashing, peek, pieces
from cybersieve.params import Parse
from cybersieve.records import Counts

FOLDER = "parsed"  # in the per-user cache
KEPT_DAYS, KEPT_BYTES = 30, 4_000_000_000
READERS = (ijson, lxml, numpy, orjson, pyarrow, yaml)
CHUNK = 1 << 20


class Entry:
    """The cache's entry for one file, a piece of one, or some small files, by where these lie (Piece.place_in)."""

    def __init__(self, path: Path, piece: pieces.Piece, settings: Parse) -> None:
        self.file, self.piece = path, piece
        self.size = path.stat().st_size if piece.alone else 0
        self.passed, self.digest = 0, hashlib.sha256()
        asked = json.dumps([piece.name, piece.start, piece.last, piece.share, self.size, repr(settings), _code()])
        self.folder = caches.folder() / FOLDER / hashlib.sha256(asked.encode()).hexdigest()[:40]

    def read(self, chunk: bytes) -> None:
        """Told of a whole file's bytes, from the first on, as they are parsed."""
        self.passed += len(chunk)
        self.digest.update(chunk)

    @cached_property
    def path(self) -> Path:
        """Raises OSError where the file can't be read, if it has not been yet."""
        known = self.passed and self.passed == self.size
        return self.folder / (self.digest.hexdigest() if known else _digest(self.file, self.piece))[:40]

    def take(self, target: Path) -> Counts | None:
        """Copy the parsed file to `target` and return its counts; None where there is no entry that can be trusted."""
        try:
            if not self.folder.exists():
                return None
            with self.path.open("rb") as kept:
                tree = json.loads(kept.readline(CHUNK))
                target.parent.mkdir(parents=True, exist_ok=True)
                digest = hashlib.sha256()
                with target.open("wb") as file:
                    while chunk := kept.read(CHUNK):
                        digest.update(chunk)
                        file.write(chunk)
            if tree["digest"] != digest.hexdigest():
                raise ValueError("damaged")
            os.utime(self.path)
            dropped, notes = Counter(tree["dropped"]), Counter(tree["notes"])
            return Counts(tree["read"], tree["written"], tree["failed"], dropped, notes)
        except (OSError, ValueError, LookupError, TypeError):
            target.unlink(missing_ok=True)
            return None

    def put(self, target: Path, counts: Counts) -> None:
        """Keep what was parsed. Where the disk refuses, nothing is kept and nothing is said: it is only a cache."""
        with suppress(OSError):
            partial = self.path.with_name(f"{self.path.name}.{os.getpid()}")
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                tree = counts.tree() | {"notes": dict(counts.notes), "digest": hashing.of_file(target)}
                with partial.open("wb") as file, target.open("rb") as parsed:
                    file.write(json.dumps(tree).encode() + b"\n")
                    while chunk := parsed.read(CHUNK):
                        file.write(chunk)
                os.replace(partial, self.path)
            finally:
                partial.unlink(missing_ok=True)


def entry(path: Path, piece: pieces.Piece, settings: Parse) -> Entry | None:
    """The cache's entry for a file or a piece of it; None where the cache is switched off."""
    return None if os.environ.get("CYBERSIEVE_PARSE_CACHE") == "off" else Entry(path, piece, settings)


def tidy() -> None:
    """Remove what was not used for long, and the least recently used of what is too much."""
    with suppress(OSError):
        found = [(path.stat(), path) for path in caches.files(FOLDER)]
        oldest, size = time.time() - KEPT_DAYS * 86_400, 0
        for stat, path in sorted(found, key=lambda item: item[0].st_mtime, reverse=True):
            size += stat.st_size
            if stat.st_mtime < oldest or size > KEPT_BYTES:
                caches.remove(path)


def _digest(path: Path, piece: pieces.Piece) -> str:
    """A hash of the file; of a piece its own bytes, and the file's beginning, which tells what source it is from; of
    small files their names and hashes."""
    if piece.alone:
        return hashing.of_file(path)
    if piece.files:
        told = "".join(f"{name}\0{hashing.of_file(path / name)}\n" for name in piece.files)
        return hashlib.sha256(told.encode()).hexdigest()
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(peek.FIRST))
        file.seek(piece.start)
        for chunk in pieces.until(file, piece.end - piece.start):
            digest.update(chunk)
        return digest.hexdigest()


@cache
def _code() -> str:
    """What would parse: the package's own files, Python, and the libraries that read and write."""
    files = sorted((entry.name, entry.path) for entry in os.scandir(Path(__file__).parent)
                   if entry.name.endswith((".py", ".yaml")))
    code = hashlib.sha256()
    for name, path in files:
        with open(path, "rb", buffering=0) as file:
            code.update(name.encode() + b"\0" + file.read())
    return " ".join([sys.version, code.hexdigest(), *(f"{reader.__name__} {reader.__version__}" for reader in READERS)])
