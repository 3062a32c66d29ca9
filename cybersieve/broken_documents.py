"""YAML documents of which some are broken: these are emptied, so that the others are read where they stand."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from cybersieve import yaml_stream
from cybersieve.errors import InputError
from cybersieve.faults import Parts

_MARK = re.compile(rb"^---(?=\s)", re.M)  # begins a document, wherever it stands
_DIRECTIVE = re.compile(rb"^%", re.M)  # may be part of the next document
_LINE = re.compile(r"line (\d+)")


def emptied(chunks: Iterable[bytes], name: str, max_depth: int, max_bytes: int, faults: Parts) -> Iterator[bytes]:
    """The chunks with an empty document for each broken one; what is wrong with these is added to `faults`.

    What follows a document of more than `max_bytes`, or one with a directive in it, is given on as it is. Raises
    InputError where none is sound.
    """
    line, over, sound, first, rest = 0, False, False, None, iter(chunks)
    for piece, whole in _documents(rest, max_bytes):
        over = over or not whole or bool(_DIRECTIVE.search(piece))
        lines, trees = piece.count(b"\n"), yaml_stream.documents([piece], name, Counter(), max_depth, max_bytes)
        try:
            sound = over or sum(1 for _ in trees) > 0 or sound
        except InputError as error:
            at = _LINE.fullmatch(error.place)
            fault = InputError(name, error.reason, f"line {line + int(at[1]) if at else line + 1}", error.remedy)
            faults.add(fault)
            first = first or fault
            piece = (b"---" if piece.startswith(b"---") else b"~") + b"\n" * lines
        line += lines
        yield piece
    if first and not sound:
        raise first
    yield from rest


def _documents(chunks: Iterator[bytes], most: int) -> Iterator[tuple[bytes, bool]]:
    """Each document from its mark on, and whether it is whole: of one longer than `most` what there is of it."""
    held, looked = b"", 0
    for chunk in chunks:
        held += chunk
        begin = 0
        for mark in _MARK.finditer(held, looked):
            if mark.start():
                yield held[begin:mark.start()], True
            begin = mark.start()
        held = held[begin:]
        looked = max(len(held) - 4, 1)  # a mark may be cut at the end
        if len(held) > most:
            yield held, False
            held = b""
            break
    if held:
        yield held, True
