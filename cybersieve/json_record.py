"""One JSON record's bytes to a tree: by orjson where nothing is odd, else by the standard library, with reasons.

Strict: NaN, duplicate keys and numbers too long to be kept are errors. Repaired and counted: lone surrogates.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

import numpy as np
import orjson

from cybersieve.errors import InputError
from cybersieve.faults import Parts

MAX_DIGITS = 400  # of one number; a double ends at 309 digits, JSON itself has no limit
MAX_VALUES = 300_000  # of one record, an object counted twice: each costs up to 200 bytes, and may have two of JSON
LARGE = 1_000_000  # bytes of a record of which no copy is made without need
EMPTY, MAX_EMPTY = "empty objects, arrays and elements", 1_000_000  # of one file: each costs as much as a record does
_DIGITS = re.compile(rb"[\s:,\[](?:-\d{19}|\d{20})")  # perhaps more than 64 bits hold


class Raw(NamedTuple):
    """A record's bytes, as they were cut out of a document."""

    locator: str
    key: str | None  # that it stands under, where records are found by their keys
    start: int  # byte offset in the document
    data: bytes
    suspect: bool  # may have a number that 64 bits don't hold


def load(raws: list[Raw], name: str, notes: Counter[str], broken: Parts | None = None) -> Iterator[tuple[str, Any]]:
    """Locator and tree of each record: all at once where orjson takes them and nothing is odd, else one by one.

    Each is taken out of `raws` when it is loaded. Those that are broken are left out where `broken` is told of them.
    """
    if not raws:
        return
    large = len(raws[0].data) > LARGE  # it alone may have begun in the chunks before
    quick = None if large else _quick(b"[%s]" % b",".join([raw.data for raw in raws]))
    raws.reverse()
    for tree in quick or [None] * len(raws):
        raw = raws.pop()
        try:
            if len(raw.data) > 2 * MAX_VALUES and raw.data.count(b",") + raw.data.count(b"{") > MAX_VALUES:
                raise too_many(name, f"byte {raw.start}")
            if raw.suspect and _DIGITS.search(raw.data):
                tree = careful(raw.data, name, raw.start, notes)
            elif tree is None:
                tree = _quick(raw.data)
                tree = careful(raw.data, name, raw.start, notes) if tree is None else tree
        except InputError as error:
            if broken is None:
                raise
            broken.add(error)
            continue
        if not tree:
            count_empty(name, f"byte {raw.start}", notes)
        if raw.key is not None and type(tree) is dict:
            tree = {"@key": raw.key, **tree}
        locator = raw.locator
        del raw  # of a large record there is not room for both
        yield locator, tree
        del tree  # nor for this one and the next


def count_empty(name: str, place: str, notes: Counter[str]) -> None:
    """Note an object or element that has nothing in it. Raises InputError where there are too many."""
    notes[EMPTY] += 1
    if notes[EMPTY] > MAX_EMPTY:
        raise InputError(name, f"more than {MAX_EMPTY} empty objects or elements for records", place,
                         "leave the file out, or say in parse.sources where records stand")


def _quick(data: bytes) -> Any:
    """An object or array by orjson; None where it refuses, or a duplicate key may have swallowed something.

    A pair that goes missing takes its quotes with it; a quote spelt \\u0022 comes back as a plain one.
    """
    try:
        tree = orjson.loads(data)
        quotes = _quotes(data) + data.count(b"\\u0022")
        return tree if quotes == (_held(tree) if len(data) > LARGE else _quotes(orjson.dumps(tree))) else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # dumps writes fewer levels than loads reads
        return None


def too_many(name: str, place: str) -> InputError:
    return InputError(name, f"more than {MAX_VALUES} values in one record", place,
                      "leave the file out, or say in parse.sources where records stand")


def _quotes(data: bytes) -> int:
    parts = (memoryview(data)[at:at + LARGE] for at in range(0, len(data), LARGE))
    return sum(int(np.count_nonzero(np.frombuffer(part, np.uint8) == 0x22)) for part in parts)


def _held(tree: Any) -> int:
    """The quotes of the tree as JSON, which for long texts orjson would write into ten times their size."""
    count, open_ = 0, [iter([tree])]
    while open_:
        for item in open_[-1]:
            if isinstance(item, str):
                count += 2 + item.count('"')
            elif isinstance(item, dict):
                count += sum(2 + key.count('"') for key in item)
                open_.append(iter(item.values()))
                break
            elif isinstance(item, list):
                open_.append(iter(item))
                break
        else:
            open_.pop()
    return count


def careful(data: bytes, name: str, at: int, notes: Counter[str]) -> Any:
    """One record by the standard library: whole numbers of up to MAX_DIGITS digits, and errors that say why."""
    def fail(reason: str, mend: str = "mend it") -> NoReturn:
        raise InputError(name, f"{reason}, in the record that begins there", f"byte {at}",
                         f"{mend} or leave the file out")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        tree = dict(items)
        if len(tree) != len(items):
            twice = next(key for key, count in Counter(key for key, _ in items).items() if count > 1)
            fail(f"duplicate key {twice[:80]!r}")
        return tree

    def number(digits: str) -> int | float:
        if len(digits) > MAX_DIGITS:
            fail(f"a number of {len(digits)} digits")
        value = int(digits) if digits.lstrip("-").isdigit() else float(digits)
        if value in (float("inf"), float("-inf")):
            fail(f"the number {digits[:40]} is too large")
        return value

    mended = without_surrogates(data, notes).decode()
    try:
        tree = json.loads(mended, object_pairs_hook=pairs, parse_int=number, parse_float=number,
                          parse_constant=lambda word: fail(f"{word} is not JSON", "write null instead"))
    except json.JSONDecodeError as error:
        raise InputError(name, f"not JSON: {error.msg}", f"byte {at + len(mended[:error.pos].encode())}",
                         "fetch it again or mend it") from None
    except RecursionError:
        fail("nested deeper than this Python can follow")
    return tree


PAIR, HALF = rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}", rb"u[dD][89a-fA-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"\\(?:%s|(%s)|.)" % (PAIR, HALF), re.S)
UNKNOWN = rb"\ufffd"


def without_surrogates(data: bytes, notes: Counter[str]) -> bytes:
    """JSON with the escapes of lone surrogates as that of U+FFFD, counted; pairs and all other escapes stay."""
    def mark(escape: re.Match[bytes]) -> bytes:
        if not escape[1]:
            return escape[0]
        notes["lone surrogates replaced"] += 1
        return UNKNOWN
    return _ESCAPE.sub(mark, data) if b"\\u" in data else data
