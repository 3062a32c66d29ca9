"""Which questions are being asked right now: runs side by side share them, and none is asked twice.

A run claims questions before it asks them; another leaves those alone, and waits until the answers are in the cache.
Claims of a run that died are void: it holds a lock (flock) that the kernel takes from it. Where the disk fails nothing
is claimed and every run asks for itself.
"""

import fcntl
import os
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from cybersieve import cache

NAME = "claims"  # a folder beside the answers
_CREATE = """CREATE TABLE IF NOT EXISTS claims (model BLOB, text BLOB, owner TEXT, PRIMARY KEY (model, text))
             WITHOUT ROWID"""


class Claims:
    """The questions of one run to one model."""

    def __init__(self, model: bytes, folder: Path) -> None:
        self.model, self.folder = model, folder / NAME
        self.owner = uuid.uuid4().hex
        self.lock: int | None = None

    def take(self, texts: Sequence[str]) -> set[str]:
        """Those of the texts that no other run is asking about; they are ours until `free`."""
        try:
            self._begin()
            with closing(self._open()) as file, file:
                file.execute("BEGIN IMMEDIATE")
                for (owner,) in file.execute("SELECT DISTINCT owner FROM claims").fetchall():
                    if owner != self.owner and not self._alive(owner):
                        file.execute("DELETE FROM claims WHERE owner = ?", (owner,))
                return {text for text in texts if file.execute(
                    "INSERT OR IGNORE INTO claims VALUES (?, ?, ?)",
                    (self.model, cache.key_of(text), self.owner)).rowcount}
        except (OSError, sqlite3.Error):
            return set(texts)

    def free(self) -> None:
        """Give up all that was taken."""
        with suppress(OSError, sqlite3.Error):
            if self.lock is not None:
                with closing(self._open()) as file, file:
                    file.execute("DELETE FROM claims WHERE owner = ?", (self.owner,))
                self._path(self.owner).unlink(missing_ok=True)
                os.close(self.lock)
                self.lock = None

    def _begin(self) -> None:
        """Hold the lock by which others see that this run lives."""
        if self.lock is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.lock = os.open(self._path(self.owner), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _open(self) -> sqlite3.Connection:
        file = sqlite3.connect(self.folder / "claims.sqlite", timeout=cache.WAIT, isolation_level=None)
        file.execute("PRAGMA synchronous = OFF")  # nothing in it outlives a power cut
        file.execute(_CREATE)
        return file

    def _alive(self, owner: str) -> bool:
        """Whether a run still holds its lock; what a dead one left is removed."""
        try:
            lock = os.open(self._path(owner), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        self._path(owner).unlink(missing_ok=True)
        return False

    def _path(self, owner: str) -> Path:
        return self.folder / f"{owner}.lock"
