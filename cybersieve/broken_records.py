"""The beginning of JSON with null for what is broken in it, so that the other records show what they are."""

import numpy as np
import orjson

from cybersieve import json_scan
from cybersieve.json_skeleton import NUMBER

MOST = 100_000  # brackets that are looked at


def nulled(begin: bytes) -> bytes:
    """The beginning with null for each object or array that is broken within its brackets.

    What is at fault outside of brackets that match stays, and so does all where there are too many brackets.
    """
    marks, opening, _ = json_scan.Nesting().brackets(np.frombuffer(begin, np.uint8))
    if len(marks) > MOST:
        return begin
    kept, checked, done = bytearray(), bytearray(), 0  # in the latter what was looked at is a number: once is enough
    begun: list[tuple[int, int]] = []
    for at, opens in zip(marks.tolist(), opening.tolist(), strict=True):
        if opens:
            kept += begin[done:at]
            checked += begin[done:at]
            begun.append((len(kept), len(checked)))
            done = at
        elif begun:
            own, inner = begun.pop()
            kept += begin[done:at + 1]
            checked += begin[done:at + 1]
            if _broken(bytes(checked[inner:])):
                kept[own:] = b"null"
            checked[inner:] = b"0"
            done = at + 1
    return bytes(kept) + begin[done:]


def _broken(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return True
    return NUMBER.search(data) is not None  # too long for ijson
