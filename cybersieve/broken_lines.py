"""JSON Lines of which some are broken: these are made white space, so that the others are read where they stand."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator

import orjson

from cybersieve import json_stream, peek
from cybersieve.errors import InputError
from cybersieve.faults import Lines
from cybersieve.params import Limits


def blanked(chunks: Iterable[bytes], name: str, limits: Limits, faults: Lines,
            member: str = "") -> Iterator[bytes]:
    """The chunks with spaces for each line that is no JSON by itself; what is wrong with these is added to `faults`.

    Raises InputError where the beginning shows no JSON Lines, a line is larger than a record may be, or more lines are
    broken than sound.
    """
    offset, sound = 0, 0
    for block in _blocks(chunks, name, limits):
        if not offset and not _are_lines(block):
            raise InputError(name, "no JSON Lines")
        if _fault(block, name, offset, limits):
            block = b"\n".join(_lines(block, name, offset, limits, faults, member))
        offset += len(block)
        sound += sum(map(bool, map(bytes.strip, block.split(b"\n"))))
        yield block
    if faults.count > sound:
        raise faults.first[0]


def _blocks(chunks: Iterable[bytes], name: str, limits: Limits) -> Iterator[bytes]:
    """Whole lines, of which the first are enough to tell what they are."""
    held, least = b"", peek.FIRST
    for chunk in chunks:
        held += chunk
        if len(held) >= least and (end := held.rfind(b"\n") + 1):
            yield held[:end]
            held, least = held[end:], 0
        elif len(held) > max(limits.max_record_bytes, least):
            raise InputError(name, "a line that is larger than a record may be")
    if held:
        yield held


def _are_lines(begin: bytes) -> bool:
    """Is most of it an object or array on each line?"""
    found = [_loads(line) for line in map(_plain, begin.split(b"\n")) if line.strip()]
    return 2 * sum(found) > len(found)


def _loads(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict | list)
    except orjson.JSONDecodeError:
        return False


def _plain(line: bytes) -> bytes:
    """Without the mark that begins each document of a JSON text sequence."""
    return line.replace(b"\x1e", b" ")


def _lines(block: bytes, name: str, offset: int, limits: Limits, faults: Lines,
           member: str) -> Iterator[bytes]:
    for line in block.split(b"\n"):
        if fault := _fault(line.rstrip(), name, offset, limits):
            place, reason = f"byte {offset}", fault.reason.replace("the file is cut off", "the line is")
            faults.add(InputError(name, reason, f"{member}, {place}" if member else place))
        yield b" " * len(line) if fault else line
        offset += len(line) + 1


def _fault(data: bytes, name: str, offset: int, limits: Limits) -> InputError | None:
    """What is wrong with some lines, read as any JSON is."""
    if not (data := _plain(data)).strip():
        return None
    trees = json_stream.records([data], name, [()], Counter(), limits.max_depth, limits.max_record_bytes,
                                offset=offset)
    try:
        deque(trees, maxlen=0)
    except InputError as error:
        return error
    return None
