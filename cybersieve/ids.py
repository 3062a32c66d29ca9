"""Which ids a file has had: eight bytes each, so that a file of many millions of records stays within memory."""

from array import array
from collections import defaultdict
from functools import partial
from hashlib import blake2b
from typing import Any

FULL = 0.75  # share of a table from which on it is doubled
TABLES, FIRST = 256, 256  # tables, and places in each at first: many small ones, so that doubling takes little at once


class Ids:
    """A set of ids by 56 bits of their hashes: 8 choose a table, 48 stand in it, at six bytes a place.

    Two ids with the same bits would count as one (odds of 1 in 100,000 for a million ids): the second would be told
    apart by content, as a repeated id is.
    """

    def __init__(self) -> None:
        self.tables: dict[int, _Table] = defaultdict(partial(_Table, FIRST))  # a file of one record needs one

    def add(self, name: str) -> bool:
        """Add an id; False where it was there already."""
        value = _hash(name)
        number, low, high = value % TABLES, (value >> 8) & 0xFFFFFFFF or 1, value >> 48
        table = self.tables[number]
        if not table.put(low, high):
            return False
        if table.size > FULL * len(table.low):
            self.tables[number] = table.doubled()
        return True

    def another(self, row: dict[str, Any]) -> str:
        """A new id for a row whose id was taken: with a hash of what it says, and if that is not new, of its place."""
        told = f"{row['id']}~{_hash(row['title'], row['text'], row['meta']):016x}"
        number = 0
        while not self.add(told):
            told = f"{row['id']}~{_hash(row['title'], row['text'], row['meta'], row['locator'], number):016x}"
            number += 1
        return told


class _Table:
    """Open addressing over two arrays; a low half of 0 marks an empty place."""

    def __init__(self, places: int) -> None:
        self.size, self.low, self.high = 0, array("I", bytes(4 * places)), array("H", bytes(2 * places))

    def put(self, low: int, high: int) -> bool:
        """Add a value; False where it was there."""
        lows, mask = self.low, len(self.low) - 1
        at = low & mask
        while known := lows[at]:
            if known == low and self.high[at] == high:
                return False
            at = (at + 1) & mask
        lows[at], self.high[at] = low, high
        self.size += 1
        return True

    def doubled(self) -> "_Table":
        larger = _Table(2 * len(self.low))
        for low, high in zip(self.low, self.high, strict=True):
            if low:
                larger.put(low, high)
        return larger


def _hash(*parts: object) -> int:
    data = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")
