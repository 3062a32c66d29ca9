"""JSON Lines of which some are broken: these are made white space, so that the others are read where they stand."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import islice

import orjson

from cybersieve import json_stream, peek
from cybersieve.containers import put_back
from cybersieve.errors import InputError
from cybersieve.faults import Parts
from cybersieve.params import Limits

LONG = 1_000_000  # bytes of a line that are not held beside those that the reader holds


def blanked(chunks: Iterable[bytes], name: str, limits: Limits, faults: Parts) -> Iterator[bytes]:
    """The chunks with spaces for each line that is no JSON by itself; what is wrong with these is added to `faults`.

    Lines longer than LONG are not looked at, nor is what is no lines of JSON, or a single one.
    """
    blocks = _blocks(chunks)
    first = list(islice(blocks, 2))
    begin = first[0][0] if first else b""
    lines = _are_lines(begin) and (len(first) > 1 or b"\n" in begin.strip())
    offset = 0
    for block, whole in put_back(first, blocks):
        if lines and whole and _fault(block, name, offset, limits):
            block = b"\n".join(_lines(block, name, offset, limits, faults))
        offset += len(block)
        yield block


def _blocks(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Whole lines, the first of them enough to tell what they are; long ones in parts. And whether they are whole."""
    held, least, long = b"", peek.FIRST, False
    for chunk in chunks:
        if long:
            end = chunk.find(b"\n") + 1
            yield chunk[:end or len(chunk)], False
            if not end:
                continue
            chunk, long = chunk[end:], False
        held += chunk
        if len(held) >= least and (end := held.rfind(b"\n") + 1):
            yield held[:end], True
            held, least = held[end:], 0
        if len(held) > LONG:
            yield held, False
            held, long = b"", True
    if held:
        yield held, True


def _are_lines(begin: bytes) -> bool:
    """Is most of it an object or array on each line?"""
    found = [_loads(line) for line in map(_plain, begin.split(b"\n")) if not _blank(line)]
    return 2 * sum(found) > len(found)


def _blank(line: bytes) -> bool:
    return not line or line.isspace()


def _loads(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict | list)
    except orjson.JSONDecodeError:
        return False


def _plain(line: bytes) -> bytes:
    """Without the mark that begins each document of a JSON text sequence."""
    return line.replace(b"\x1e", b" ")


def _lines(block: bytes, name: str, offset: int, limits: Limits, faults: Parts) -> Iterator[bytes]:
    for line in block.split(b"\n"):
        if fault := _fault(line.rstrip(), name, offset, limits):
            faults.add(InputError(name, fault.reason.replace("the file is cut", "the line is cut"), f"byte {offset}"))
        yield b" " * len(line) if fault else line
        offset += len(line) + 1


def _fault(data: bytes, name: str, offset: int, limits: Limits) -> InputError | None:
    """What is wrong with some lines, read as any JSON is."""
    if _blank(data := _plain(data)):
        return None
    trees = json_stream.records([data], name, [()], Counter(), limits.max_depth, limits.max_record_bytes,
                                offset=offset)
    try:
        deque(trees, maxlen=0)
    except InputError as error:
        return error
    return None
