"""One JSON record's bytes to a tree: by orjson where nothing is odd, else by the standard library, with reasons.

Strict: NaN, duplicate keys and numbers too long to be kept are errors. Repaired and counted: lone surrogates.
"""

import json
import re
from collections import Counter
from typing import Any, NoReturn

import orjson

from cybersieve.errors import InputError

MAX_DIGITS = 400  # of one number; a double ends at 309 digits, JSON itself has no limit
MAX_VALUES = 1_000_000  # of one record: each costs some 60 bytes, and there may be one every two bytes of JSON
_DIGITS = re.compile(rb"\d{19}")


def load(data: bytes, name: str, at: int, suspect: bool, notes: Counter[str]) -> Any:
    """One record's tree. Fast where orjson takes it and nothing is odd, else by the careful reader.

    `at`: the record's byte offset; `suspect`: there may be a number that 64 bits don't hold.
    """
    if len(data) > MAX_VALUES and data.count(b",") > MAX_VALUES:
        raise InputError(name, f"more than {MAX_VALUES} values in one record", f"byte {at}", "leave the file out")
    try:
        tree = orjson.loads(data)
    except orjson.JSONDecodeError:
        return careful(data, name, at, notes)
    # A pair that went missing (a duplicate key) takes its quotes with it; \u0022 is a quote spelt out.
    if data.count(b'"') != orjson.dumps(tree).count(b'"') or (suspect and _DIGITS.search(data)):
        return careful(data, name, at, notes)
    return tree


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
    try:
        tree = json.loads(text, object_pairs_hook=pairs, parse_int=number, parse_float=number,
                          parse_constant=lambda word: fail(f"{word} is not JSON"))
    except json.JSONDecodeError as error:
        raise InputError(name, f"not JSON: {error.msg}", f"byte {at + len(text[:error.pos].encode())}",
                         "fetch it again or mend it") from None
    except RecursionError:
        fail("nested deeper than this Python can follow")
    return _without_surrogates(tree, notes)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _without_surrogates(tree: Any, notes: Counter[str]) -> Any:
    """Lone surrogates as U+FFFD, counted; pairs were joined by the reader."""
    if isinstance(tree, str):
        clean, count = _SURROGATE.subn("\ufffd", tree)
        if count:
            notes["lone surrogates replaced"] += count
        return clean
    if isinstance(tree, list):
        return [_without_surrogates(item, notes) for item in tree]
    if isinstance(tree, dict):
        return {_without_surrogates(key, notes): _without_surrogates(item, notes) for key, item in tree.items()}
    return tree
