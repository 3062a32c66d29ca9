"""Which ids a file has had: eight bytes each, so that a file of many millions of records stays within memory."""

from array import array
from hashlib import blake2b
from typing import Any

FULL = 0.75  # share of the table from which on it is doubled


class Ids:
    """A set of ids by their 64-bit hashes, in a table with open addressing.

    Two ids of one hash (odds of one in 37 million for a million ids) would count as the same: the second would be
    told apart by content, as a repeated id is.
    """

    def __init__(self) -> None:
        self.size, self.table = 0, array("Q", bytes(8 * 1024))

    def add(self, name: str) -> bool:
        """Add an id; False where it was there already."""
        value = _hash(name)
        if not self._put(value):
            return False
        self.size += 1
        if self.size > FULL * len(self.table):
            old, self.table = self.table, array("Q", bytes(16 * len(self.table)))
            for known in old:
                if known:
                    self._put(known)
        return True

    def _put(self, value: int) -> bool:
        table, mask = self.table, len(self.table) - 1
        at = value & mask
        while (known := table[at]) != value:
            if not known:
                table[at] = value
                return True
            at = (at + 1) & mask
        return False

    def another(self, row: dict[str, Any]) -> str:
        """A new id for a row whose id was taken: with a hash of what it says, and if that is not new, of its place."""
        told = f"{row['id']}~{_hash(row['title'], row['text'], row['meta']):016x}"
        number = 0
        while not self.add(told):
            told = f"{row['id']}~{_hash(row['title'], row['text'], row['meta'], row['locator'], number):016x}"
            number += 1
        return told


def _hash(*parts: object) -> int:
    """64 bits, never 0: that marks an empty place."""
    data = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little") or 1
