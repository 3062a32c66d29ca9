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

MAX_DIGITS = 400  # of one number; a double ends at 309 digits, JSON itself has no limit
MAX_VALUES = 1_000_000  # of one record: each costs some 60 bytes, and there may be one every two bytes of JSON
_DIGITS = re.compile(rb"[\s:,\[]-?\d{19}")


class Raw(NamedTuple):
    """A record's bytes, as they were cut out of a document."""

    locator: str
    key: str | None  # that it stands under, where records are found by their keys
    start: int  # byte offset in the document
    data: bytes
    suspect: bool  # may have a number that 64 bits don't hold


def load(raws: list[Raw], name: str, notes: Counter[str]) -> Iterator[tuple[str, Any]]:
    """Locator and tree of each record: fast where orjson takes them and nothing is odd, else one by one with care."""
    trees = [_quick(raw, name) for raw in raws]
    # A pair that goes missing (a duplicate key) takes its quotes with it. One that is spelt \u0022 comes back as
    # a quote, and costs no more than a needless second look.
    whole = [at for at, tree in enumerate(trees) if tree is not ODD]
    try:
        again = orjson.dumps([trees[at] for at in whole])
    except orjson.JSONEncodeError:  # it writes fewer levels than it reads
        again = b""
    sound = _quotes(b"".join([raws[at].data for at in whole])) == _quotes(again)
    for raw, tree in zip(raws, trees, strict=True):
        if tree is ODD or (raw.suspect and _DIGITS.search(raw.data)) or (
                not sound and _odd(raw.data, tree)):
            tree = careful(raw.data, name, raw.start, notes)
        if raw.key is not None and type(tree) is dict:
            tree = {"@key": raw.key, **tree}
        yield raw.locator, tree


ODD = object()


def _quick(raw: Raw, name: str) -> Any:
    """The record's tree, or ODD where orjson refuses it."""
    if len(raw.data) > MAX_VALUES and raw.data.count(b",") > MAX_VALUES:
        raise InputError(name, f"more than {MAX_VALUES} values in one record", f"byte {raw.start}",
                         "leave the file out")
    try:
        return orjson.loads(raw.data)
    except orjson.JSONDecodeError:
        return ODD


def _odd(data: bytes, tree: Any) -> bool:
    """Has the tree other quotes than the record it is from?"""
    try:
        return data.count(b'"') != orjson.dumps(tree).count(b'"')
    except orjson.JSONEncodeError:
        return True


def _quotes(data: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == 0x22))


def careful(data: bytes, name: str, at: int, notes: Counter[str]) -> Any:
    """One record by the standard library: whole numbers of up to MAX_DIGITS digits, and errors that say why."""
    def fail(reason: str) -> NoReturn:
        raise InputError(name, f"{reason}, in the record that begins there", f"byte {at}",
                         "mend it or leave the file out")

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

    text = data.decode()
    mended = _without_surrogates(text, notes)
    try:
        tree = json.loads(mended, object_pairs_hook=pairs, parse_int=number, parse_float=number,
                          parse_constant=lambda word: fail(f"{word} is not JSON"))
    except json.JSONDecodeError as error:
        raise InputError(name, f"not JSON: {error.msg}", f"byte {at + len(mended[:error.pos].encode())}",
                         "fetch it again or mend it") from None
    except RecursionError:
        fail("nested deeper than this Python can follow")
    return tree


_PAIR, _HALF = r"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}", r"u[dD][89a-fA-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rf"\\(?:{_PAIR}|({_HALF})|.)", re.S)


def _without_surrogates(text: str, notes: Counter[str]) -> str:
    """JSON with the escapes of lone surrogates as U+FFFD, counted; pairs and all other escapes stay."""
    def mark(escape: re.Match[str]) -> str:
        if not escape[1]:
            return escape[0]
        notes["lone surrogates replaced"] += 1
        return "\ufffd"
    return _ESCAPE.sub(mark, text) if "\\u" in text else text
