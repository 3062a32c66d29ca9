"""Which ids a file has had: eight bytes each, and beyond a few on disk, so that memory does not grow with the file."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import sqlite3

FEW = 1 << 15  # ids that are kept in memory, a quarter of a megabyte: most files never need the disk

Hashes = np.ndarray[Any, np.dtype[np.int64]]
NONE = np.zeros(0, np.int64)


class Ids:
    """A set of ids by 64 bits of their hashes: a sorted array, or an SQLite table in a temporary file without a name.

    Two ids with the same bits would count as one (odds of 1 in 30 million for a million ids): the second would be told
    apart by content, as a repeated id is.
    """

    def __init__(self) -> None:
        self.few: Hashes = NONE
        self.many: sqlite3.Connection | None = None
        self.added = 0  # times that ids were added to it
        self.alike = 0  # rows that neither content nor place told apart

    def __del__(self) -> None:
        if self.many is not None:
            self.many.close()

    def add(self, names: Sequence[str]) -> list[int]:
        """Add ids; the places of those that were there already, or earlier among the names.

        Raises OSError where the temporary folder is full.
        """
        hashes = np.frombuffer(b"".join([_digest(name) for name in names]), "<i8")
        order = np.argsort(hashes, kind="stable")
        values = hashes[order]
        known = np.zeros(len(values), bool)
        known[1:] = values[1:] == values[:-1]
        if self.many is None and len(self.few) + len(values) > FEW:
            with _disk():
                self.many, self.few = _table(self.few), NONE
        if self.many is None:
            at = np.searchsorted(self.few, values)
            if len(self.few):
                known |= self.few.take(at, mode="clip") == values
            self.few = np.insert(self.few, at[~known], values[~known])
        else:
            with _disk():
                known[~known] = self._known(self.many, values[~known].tolist())
        return sorted(order[known].tolist())

    def _known(self, table: "sqlite3.Connection", values: list[int]) -> list[bool]:
        """Add different hashes to the table; which were there already."""
        self.added += 1
        before = table.total_changes
        table.executemany("INSERT OR IGNORE INTO ids VALUES (?, ?)", ((value, self.added) for value in values))
        if table.total_changes - before == len(values):  # as a rule
            return [False] * len(values)
        rows = (table.execute("SELECT added FROM ids WHERE hash = ?", (value,)).fetchone() for value in values)
        return [added < self.added for added, in rows]

    def apart(self, names: Sequence[str], row: Callable[[int], dict[str, Any]]) -> dict[int, str]:
        """Add the ids of rows; new ids for those that were there already, by their places.

        A new id has a hash of what the row says behind it, and if that is not new, of the row's place as well; of rows
        that say the same in one place (members of an archive may be named alike), of how many there were before.
        """
        new: dict[int, str] = {}
        taken, number = self.add(names), -1
        while taken:
            for at in taken:
                tree = row(at)
                told = [tree["title"], tree["text"], tree["meta"], *([tree["locator"], number] if number >= 0 else [])]
                if number > 0:
                    self.alike += 1
                    told.append(self.alike)
                new[at] = f"{names[at]}~{int.from_bytes(_digest(*told), 'little'):016x}"
            taken = [taken[at] for at in self.add([new[at] for at in taken])]
            number += 1
        return new


@contextmanager
def _disk() -> Iterator[None]:
    """What SQLite finds wrong as what the disk has: a line without a traceback."""
    import sqlite3  # for large files only

    try:
        yield
    except sqlite3.Error as error:
        raise OSError(f"ids of a large file, in the temporary folder (SQLITE_TMPDIR, TMPDIR): {error}") from None


def _table(hashes: Hashes) -> "sqlite3.Connection":
    """A table of these hashes that nobody else sees: lost with the process, so it need not be safe on disk."""
    import sqlite3

    table = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # another may be the one that closes it
    for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -256"):
        table.execute(f"PRAGMA {setting}")
    table.execute("CREATE TABLE ids (hash INTEGER PRIMARY KEY, added INTEGER)")
    table.execute("BEGIN")
    table.executemany("INSERT INTO ids VALUES (?, 0)", ((value,) for value in hashes.tolist()))
    return table


def _digest(*parts: object) -> bytes:
    return blake2b("\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
