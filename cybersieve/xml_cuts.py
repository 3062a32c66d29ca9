"""Where a large XML file may be cut: between records that follow each other in one element.

As in JSON (cybersieve/json_cuts.py) nothing is parsed, and a cut is a good guess: it may lie in a comment, or deeper
than the first record. Whether it was right is told by who reads what stands before it (cybersieve/pieces.py).
"""

import re
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


class _FoundError(Exception):
    """The first record begins here."""


def head(begin: bytes, names: list[str]) -> Head | None:
    """What stands before the first record, if one begins in `begin`, within an element."""
    above: list[str] = []
    parser = expat.ParserCreate("utf-8")

    def opens(name: str, _: object) -> None:
        if name.rpartition(":")[2] in names:
            raise _FoundError(parser.CurrentByteIndex, name)
        above.append(name)
    parser.StartElementHandler, parser.EndElementHandler = opens, lambda _: above.pop()
    try:
        parser.Parse(begin, False)
    except expat.ExpatError:
        return None
    except _FoundError as found:
        at, name = found.args
        return Head(at, name.encode(), tuple(map(str.encode, above))) if above else None
    return None


def records(array: Head, file: IO[bytes], near: int, most: int) -> Cut | None:
    """The first place between the end of an element and the beginning of a record."""
    pattern = re.compile(rb">\s{0,999}(?=<%s[\s/>])" % re.escape(array.tag))
    for window, _ in windows(file, near, most):
        if found := pattern.search(window):
            return near + found.end(), near + found.end()
    return None
