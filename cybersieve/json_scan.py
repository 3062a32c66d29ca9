"""Where JSON's containers open and close, found by numpy in chunks of any size; nothing is parsed.

A backslash escapes the next character, an unescaped quote opens or closes a string, brackets outside strings
nest: that much of JSON's grammar is enough to cut a document into records, at several hundred MB a second.
"""

import re
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
_DIGITS = re.compile(rb"\d{19}")
QUOTE, BACKSLASH, OPEN, CLOSE = 0x22, 0x5C, 0x5B, 0x5D  # { and } are [ and ] with bit 0x20 set


class Nesting:
    """Follows strings and brackets from chunk to chunk."""

    def __init__(self) -> None:
        self.quoted = False  # does the chunk to come begin inside a string?
        self.escaped = False  # is its first character escaped?
        self.level = 0  # containers open before it

    def brackets(self, data: Array) -> tuple[Array, Array, Array]:
        """Positions of the brackets outside strings; which of them open; the nesting after each."""
        quotes = self._quotes(data)
        folded = data & 0xDF
        marks = np.flatnonzero((folded == OPEN) | (folded == CLOSE))
        outside = (np.searchsorted(quotes, marks) + self.quoted) & 1 == 0
        marks = marks[outside]
        opening = folded[marks] == OPEN
        levels = self.level + np.cumsum(np.where(opening, 1, -1))
        self.quoted = bool((len(quotes) + self.quoted) & 1)
        self.level = int(levels[-1]) if len(levels) else self.level
        return marks, opening, levels

    def _quotes(self, data: Array) -> Array:
        """Positions of the unescaped quotes: those that no odd run of backslashes precedes."""
        quotes, slashes = np.flatnonzero(data == QUOTE), np.flatnonzero(data == BACKSLASH)
        if self.escaped:  # the first character belongs to the backslash before it
            quotes, slashes = quotes[quotes != 0], slashes[slashes != 0]
            self.escaped = len(data) == 0
        if not len(slashes):
            return quotes
        first = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)  # of each run
        lengths = np.diff(first, append=len(slashes))
        after = (slashes[first] + lengths)[lengths % 2 == 1]
        self.escaped = bool(len(after) and after[-1] == len(data))
        return quotes[~np.isin(quotes, after, assume_unique=True)] if len(after) else quotes


def long_digits(chunk: bytes, data: Array) -> list[int]:
    """Places in the chunk near runs of 19 digits: perhaps whole numbers that 64 bits don't hold.

    Such a run covers two places of every ninth: only where both are digits is more looked at.
    """
    ninth = (data[::9] - np.uint8(48)) < 10  # unsigned: what is below "0" wraps to large numbers
    pairs = np.flatnonzero(ninth[1:] & ninth[:-1]) * 9
    between = (data[pairs[:, None] + np.arange(1, 9)] - np.uint8(48)) < 10
    return [at for at in pairs[between.all(axis=1)].tolist() if _DIGITS.search(chunk, max(0, at - 18), at + 28)]
