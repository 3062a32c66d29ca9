"""The per-user cache folder (prepared models, parsed files) and in it the verifier's answers. All can be deleted.

Answers lie outside every stage's output, keyed by what was asked: a changed threshold, a new dump or a killed run
never asks the same question twice. SQLite in WAL mode, safe for several runs at once. A row carries a checksum; a
file that SQLite or a checksum finds damaged is set aside with a warning, never trusted and never fatal.
"""

import hashlib
import os
import sqlite3
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Self, TypeVar

from cybersieve import cli
from cybersieve.errors import CybersieveError

T = TypeVar("T")

NAME = "answers.sqlite"
WAIT = 60  # seconds to wait for another process that is writing
_COLUMNS = ("model", "text", "margin", "day", "check_sum")
_CREATE = """CREATE TABLE IF NOT EXISTS answers (model BLOB, text BLOB, margin REAL, day INTEGER, check_sum INTEGER,
             PRIMARY KEY (model, text)) WITHOUT ROWID"""


def folder() -> Path:
    """`CYBERSIEVE_CACHE`, or the platform's folder for caches with `cybersieve` under it. May not exist yet."""
    chosen = os.environ.get("CYBERSIEVE_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    try:
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "cybersieve"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cybersieve"
    except RuntimeError:  # a container's user that is a mere number
        raise CybersieveError("no home folder to keep a cache in (name one in CYBERSIEVE_CACHE)") from None


class Damaged(Exception):
    """Content that SQLite can read and that is wrong all the same."""


class Answers:
    """Margins by (fingerprint of model, adapter, prompt; text). Where the disk fails it forgets, and says so once."""

    def __init__(self, fingerprint: str, path: Path | None = None) -> None:
        self.path = path or folder() / NAME
        self.model = hashlib.sha256(fingerprint.encode()).digest()[:16]
        self.file: sqlite3.Connection | None = None
        self._safely(lambda file: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()

    def get(self, texts: Sequence[str]) -> list[float | None]:
        """Each text's margin, None where it was not asked before."""
        return self._safely(lambda file: [self._get(file, key_of(text)) for text in texts]) or [None] * len(texts)

    def put(self, answers: Iterable[tuple[str, float]]) -> None:
        """Keep (text, margin) pairs, all of them or none: one transaction."""
        day = int(time.time() // 86400)
        rows = []
        for text, margin in answers:
            key = key_of(text)
            rows.append((self.model, key, margin, day, check_sum(self.model, key, margin)))

        def write(file: sqlite3.Connection) -> None:
            with file:
                file.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", rows)

        self._safely(write)

    def forget(self, days: int) -> int:
        """Delete all models' answers that are `days` old or older; returns how many."""
        oldest = int(time.time() // 86400) - days

        def delete(file: sqlite3.Connection) -> int:
            with file:
                count = file.execute("DELETE FROM answers WHERE day <= ?", (oldest,)).rowcount
            file.execute("VACUUM")
            return count

        return self._safely(delete) or 0

    def _get(self, file: sqlite3.Connection, key: bytes) -> float | None:
        query = "SELECT margin, check_sum FROM answers WHERE model = ? AND text = ?"
        found = file.execute(query, (self.model, key)).fetchone()
        if found is None:
            return None
        margin, check = found
        if not isinstance(margin, float) or check != check_sum(self.model, key, margin):
            raise Damaged("a row does not fit its checksum")
        return margin

    def _safely(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do `work` on the open file. None where the disk won't; twice where the file was damaged and set aside."""
        for _ in range(2):
            try:
                if self.file is None:
                    self.file = connect(self.path)
                return work(self.file)
            except (OSError, sqlite3.DatabaseError, Damaged) as error:
                if self.file is not None:
                    self.file.close()
                self.file = None
                if isinstance(error, OSError | sqlite3.OperationalError) or not set_aside(self.path, str(error)):
                    cli.warn(f"{self.path}: {error}; answers of this run are not kept")
                    self.path = Path(":memory:")
        return None


def connect(path: Path) -> sqlite3.Connection:
    """The open file, made if need be. Raises OSError, sqlite3.Error or Damaged."""
    if str(path) != ":memory:":
        path.parent.mkdir(parents=True, exist_ok=True)
    file = sqlite3.connect(path, timeout=WAIT)
    try:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")  # after a power cut the last answers may be gone, never wrong
        file.execute(_CREATE)
        file.commit()
        columns = tuple(row[1] for row in file.execute("PRAGMA table_info(answers)"))
        if columns != _COLUMNS:
            raise Damaged(f"its table has the columns {', '.join(columns)}")
        (fault,) = file.execute("PRAGMA quick_check(1)").fetchone()
        if fault != "ok":
            raise Damaged(fault)
    except (sqlite3.Error, Damaged):
        file.close()
        raise
    return file


def set_aside(path: Path, reason: str) -> bool:
    """Rename a damaged file out of the way, with its journal; another process may have done so already.

    False where the disk won't.
    """
    target = path.with_name(f"{path.name}.damaged-{os.getpid()}-{time.time_ns()}")
    for suffix in ("", "-wal", "-shm"):
        try:
            os.replace(f"{path}{suffix}", f"{target}{suffix}")
        except FileNotFoundError:
            continue
        except OSError:
            return False
    cli.warn(f"{path} is damaged ({reason}); set aside as {target.name}, and a new one begun")
    return True


def key_of(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def check_sum(model: bytes, key: bytes, margin: float) -> int:
    return zlib.crc32(model + key + struct.pack("<d", margin))


def info() -> str:
    """What the cache holds, for people: folder, answers by model, size."""
    path = folder() / NAME
    lines = [f"folder    {folder()}"]
    for part in ("models", "blas", "adapt", "parsed"):
        size = sum(file.stat().st_size for file in files(part))
        lines += [f"{part:9} {size / 1e6:.1f} MB"] if size else []
    try:
        lines += _contents(path) if path.exists() else []
    except (sqlite3.Error, Damaged) as error:
        kept = isinstance(error, sqlite3.OperationalError)  # nothing wrong with what is in it
        lines.append(f"answers   {error}" + ("" if kept else "; the next run will set the file aside"))
    lines.append(f"damaged   {len(list(folder().glob(NAME + '.damaged-*')))} files")
    return "\n".join(lines)


def count(path: Path) -> int:
    """Number of answers in a file. Raises sqlite3.Error or Damaged."""
    with closing(connect(path)) as file:
        return int(file.execute("SELECT count(*) FROM answers").fetchone()[0])


def _contents(path: Path) -> list[str]:
    """Lines on the answers in a file, by model. Raises sqlite3.Error or Damaged."""
    with closing(connect(path)) as file:
        query = "SELECT hex(model), count(*), max(day) FROM answers GROUP BY model ORDER BY 3, 1"
        rows = file.execute(query).fetchall()
    lines = [f"answers   {sum(row[1] for row in rows)}, {path.stat().st_size / 1e6:.1f} MB"]
    for of, count, day in rows:
        last = time.strftime("%Y-%m-%d", time.gmtime(day * 86400))
        lines.append(f"          {count} by {of[:12].lower()}, last {last}")
    return lines


def files(part: str) -> list[Path]:
    """The files in a folder of the cache, at any depth, sorted."""
    return sorted(path for path in (folder() / part).rglob("*") if path.is_file())


def remove(path: Path) -> None:
    """Delete a file, and its folder where nothing else is in it."""
    path.unlink(missing_ok=True)
    with suppress(OSError):  # something else is
        path.parent.rmdir()


def prune(days: int = 0) -> str:
    """Delete answers and parsed files older than `days` (0: all), and files set aside; prepared models stay.

    Says what it did.
    """
    deleted = 0
    if (folder() / NAME).exists():
        with Answers("") as answers:  # sets a damaged file aside instead of failing
            deleted = answers.forget(days)
    damaged = sorted(folder().glob(NAME + ".damaged-*"))
    oldest = time.time() - days * 86400
    parsed = [path for path in files("parsed") if not days or path.stat().st_mtime < oldest]
    for path in [*damaged, *parsed]:
        remove(path)
    return f"deleted {deleted} answers, {len(parsed)} parsed files and {len(damaged)} damaged files"
