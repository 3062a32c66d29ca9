"""Where JSON's containers open and close, found by numpy in chunks of any size; nothing is parsed.

A backslash escapes the next character, an unescaped quote opens or closes a string, brackets outside strings
nest: that much of JSON's grammar is enough to cut a document into records, at several hundred MB a second.
"""

import re
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
_DIGITS = re.compile(rb"\d{19}")
PART = 1 << 20  # bytes looked at together
QUOTE, BACKSLASH, OPEN, CLOSE = 0x22, 0x5C, 0x5B, 0x5D  # { and } are [ and ] with bit 0x20; bit 4 tells ] from [


class Nesting:
    """Follows strings and brackets from chunk to chunk."""

    def __init__(self) -> None:
        self.quoted = False  # does the chunk to come begin inside a string?
        self.escaped = False  # is its first character escaped?
        self.level = 0  # containers open before it

    def brackets(self, data: Array) -> tuple[Array, Array, Array]:
        """Positions of the brackets outside strings; which of them open; the nesting after each."""
        folded = data & 0xDF
        places = np.flatnonzero((folded == OPEN) | (folded == CLOSE))
        quotes = self._quotes(data).view(np.uint8)
        if len(data):  # quotes up to each bracket, and up to the end; they overflow, but the lowest bit stays right
            parts = np.add.reduceat(quotes, np.concatenate(([0], places)), dtype=np.uint8)
            passed = np.cumsum(parts, dtype=np.uint8) & 1
        else:
            passed = np.zeros(1, np.uint8)
        marks = places[passed[:-1] == self.quoted]
        opening = data[marks] & 4 == 0
        levels = self.level + np.cumsum(np.where(opening, 1, -1))
        self.quoted = bool(passed[-1]) != self.quoted
        self.level = int(levels[-1]) if len(levels) else self.level
        return marks, opening, levels

    def _quotes(self, data: Array) -> Array:
        """Where unescaped quotes are: those that no odd run of backslashes precedes."""
        quotes: Array = data == QUOTE
        slashes = np.flatnonzero(data == BACKSLASH)
        if self.escaped and len(data):  # the first character belongs to the backslash before it
            quotes[0], slashes, self.escaped = False, slashes[slashes != 0], False
        if len(slashes):
            first = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)  # of each run
            lengths = np.diff(first, append=len(slashes))
            after = (slashes[first] + lengths)[lengths % 2 == 1]
            self.escaped = bool(len(after) and after[-1] == len(data))
            quotes[after[:-1] if self.escaped else after] = False
        return quotes


def long_digits(chunk: bytes, data: Array) -> list[int]:
    """Places in the chunk near runs of 19 digits: perhaps whole numbers that 64 bits don't hold.

    Such a run covers two places of every ninth: only where both are digits is more looked at.
    """
    ninth = (data[::9] - np.uint8(48)) < 10  # unsigned: what is below "0" wraps to large numbers
    pairs = np.flatnonzero(ninth[1:] & ninth[:-1]) * 9
    between = (data[pairs[:, None] + np.arange(1, 9)] - np.uint8(48)) < 10
    return [at for at in pairs[between.all(axis=1)].tolist() if _DIGITS.search(chunk, max(0, at - 18), at + 28)]


def has_long_digits(record: bytes) -> bool:
    """Whether there is such a place in a large record: looked at in parts, for it may take many times its size."""
    parts = (record[max(0, at - 40):at + PART] for at in range(0, len(record), PART))
    return any(long_digits(part, np.frombuffer(part, np.uint8)) for part in parts)
