"""Where a large JSON file may be cut: between documents that follow each other, or between items of one array.

The file is looked at near the places where cuts are wanted, and nothing is parsed: a cut is a good guess. Whether it
was right is told by who reads what stands before it (cybersieve/pieces.py).
"""

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

import numpy as np
import orjson

from cybersieve import json_scan
from cybersieve.fields import RecordPath

WINDOW = 1 << 20  # bytes looked at first; more, up to a record's largest size, where these show no cut
NEAR = 1000  # bytes between an item's end, the comma and the next item
Cut = tuple[int, int]  # where what stands before ends, and what follows begins

_LINE = re.compile(rb"\}[ \t\r]*[\n\x1e][\s\x1e]*(?=\{)")  # no string has a bare line end: this is between documents
_ANY = re.compile(rb'\}\s{0,99}(?=\{\s{0,99}["}])')
_ITEM = re.compile(rb'\}\s{0,999},(?=\s{0,999}\{\s{0,999}("(?:[^"\\]|\\.){0,999}")\s{0,99}:)')
_FIRST = re.compile(rb'\s{0,999}\{\s{0,999}("(?:[^"\\]|\\.){0,999}")\s{0,99}:')
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:\s*\Z')


class Head(NamedTuple):
    """What stands before the items of an array."""

    size: int  # bytes, the opening bracket among them
    level: int  # containers that are open around an item
    place: str  # `result.items`: what items' locators begin with, before the number
    key: bytes  # first key of the first item, quoted


def documents(begin: bytes, file: IO[bytes], near: int, most: int) -> Cut | None:
    """The first cut between two documents that are objects; `begin` shows whether these stand on lines of their own."""
    pattern = _LINE if _LINE.search(begin) else _ANY
    for window, _ in windows(file, near, most):
        if found := pattern.search(window):
            return near + found.end(), near + found.end()
    return None


def head(begin: bytes, wanted: list[RecordPath]) -> Head | None:
    """The first array in which all records stand, if it begins in `begin`'s first document and holds objects."""
    if not all("[]" in path for path in wanted):
        return None
    keys = {path[:path.index("[]")] for path in wanted}
    here: list[str] = []  # keys of the open containers; "[]" in arrays
    done = 0
    marks, opening, _ = json_scan.Nesting().brackets(np.frombuffer(begin, np.uint8))
    for at, opens in zip(marks.tolist(), opening.tolist(), strict=True):
        if opens:
            key = _KEY.search(begin, done, at)
            try:
                here.append(str(orjson.loads(b'"%s"' % key[1])) if key else "[]")
            except ValueError:  # half a surrogate, say
                return None
            if begin[at] == json_scan.OPEN and tuple(here[1:]) in keys:
                first = _FIRST.match(begin, at + 1)
                return Head(at + 1, len(here), ".".join(here[1:]), first[1]) if first else None
        elif len(here) < 2:
            return None  # a document ended: locators in the next ones are others
        else:
            here.pop()
        done = at + 1
    return None


def closing(opened: bytes) -> bytes:
    """The brackets that close what `opened` leaves open."""
    stack = bytearray()
    marks, opening, _ = json_scan.Nesting().brackets(np.frombuffer(opened, np.uint8))
    for at, opens in zip(marks.tolist(), opening.tolist(), strict=True):
        if opens:
            stack.append(opened[at] + 2)  # ] and } come two after [ and {
        else:
            stack.pop()
    return bytes(reversed(stack))


def items(array: Head, file: IO[bytes], near: int, most: int) -> Cut | None:
    """The first comma between two of the array's items.

    Where a comma and a key are is outside strings. From there on the lowest level that is seen is taken for the
    array's (where the end is seen, the level is known), and an object that opens there, with the key that the first
    item has, for an item.
    """
    for window, ends in windows(file, near, most):
        if found := _ITEM.search(window):
            begin = found.end()
            marks, opening, levels = json_scan.Nesting().brackets(np.frombuffer(window, np.uint8)[begin:])
            low = int(levels[-1]) + array.level if ends else min(int(levels.min()), 0)
            for at in (marks[opening & (levels == low + 1)] + begin).tolist():
                comma = window.rfind(b",", max(at - NEAR, 0), at)
                item = _ITEM.match(window, window.rfind(b"}", max(comma - NEAR, 0), comma)) if comma >= 0 else None
                if item and item.end() == comma + 1 and item[1] == array.key:
                    return near + comma, near + comma + 1
    return None


def windows(file: IO[bytes], near: int, most: int) -> Iterator[tuple[bytes, bool]]:
    """What stands in the file from `near` on, four times as much each time, up to `most` bytes; is that to its end?"""
    file.seek(near)
    window, asked = b"", 0
    while len(window) == asked < most:
        asked += max(WINDOW, 3 * asked)
        window += file.read(asked - len(window))
        yield window, len(window) < asked
