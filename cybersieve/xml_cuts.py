"""Where a large XML file may be cut: between records that follow each other in one element.

As in JSON (cybersieve/json_cuts.py) nothing is parsed, and a cut is a good guess: it may lie in a comment, or deeper
than the first record. Whether it was right is told by who reads what stands before it (cybersieve/pieces.py).
"""

import re
from collections.abc import Collection
from typing import IO, NamedTuple
from xml.parsers import expat

from cybersieve.json_cuts import Cut, windows


class Head(NamedTuple):
    """What stands before the first record."""

    size: int  # bytes
    tag: bytes  # a record's name, as it is spelled
    above: tuple[bytes, ...]  # names of the elements that it stands in, from the document's down

    @property
    def closing(self) -> bytes:
        """What closes the elements that are open before the first record."""
        return b"".join(b"</%s>" % name for name in reversed(self.above))


class Place(NamedTuple):
    """Where the first record of a document begins, or where it is no XML."""

    at: int  # bytes; -1: neither
    around: list[tuple[int, str]]  # where the elements that are open there begin, the document's first, and their names
    record: str = ""  # its name; empty for a fault
    closes: bool = False  # the fault: a tag closes another element

    @classmethod
    def of(cls, begin: bytes, names: Collection[str] = ()) -> "Place":
        parser, around = expat.ParserCreate("utf-8"), list[tuple[int, str]]()

        def opens(name: str, _: object) -> None:
            if name.rpartition(":")[2] in names:
                raise _FoundError(parser.CurrentByteIndex, name)
            around.append((parser.CurrentByteIndex, name))
        parser.StartElementHandler, parser.EndElementHandler = opens, lambda _: around.pop()
        try:
            parser.Parse(begin, False)
        except expat.ExpatError as error:
            return cls(parser.ErrorByteIndex, around, closes=error.code == _MISMATCH)
        except _FoundError as found:
            at, name = found.args
            return cls(at, around, name)
        return cls(-1, around)


class _FoundError(Exception):
    """The first record begins here."""


_MISMATCH = expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]


def head(begin: bytes, names: list[str]) -> Head | None:
    """What stands before the first record, if one begins in `begin`, within an element."""
    first = Place.of(begin, names)
    if not (first.record and first.around):
        return None
    return Head(first.at, first.record.encode(), tuple(name.encode() for _, name in first.around))


def records(array: Head, file: IO[bytes], near: int, most: int) -> Cut | None:
    """The first place between the end of an element and the beginning of a record."""
    pattern = re.compile(rb">\s{0,999}(?=<%s[\s/>])" % re.escape(array.tag))
    for window, _ in windows(file, near, most):
        if found := pattern.search(window):
            return near + found.end(), near + found.end()
    return None
