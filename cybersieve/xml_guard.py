"""Bounds on what libxml2 has to hold of one tag, one record and one document, looked at before it gets to see them."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np

from cybersieve.errors import InputError

MAX_NAMES = 5_000  # different names among those looked at; libxml2 forgets none while its thread lives
NAMED = 100  # elements of each chunk whose names are looked at
FEW, SHOWN = 5, 8_192  # namespaces in the first bytes of a chunk, from which on all of its are looked at
MAX_ELEMENTS = 200_000  # of one record, and of attributes of its elements
SPARSE = 100  # bytes for each equals sign, from which on it may as well stand in a text
MAX_ATTRIBUTES = 100_000  # of one element; a tag with millions costs libxml2 hundreds of MB
MAX_RUN = 10_000_000  # bytes without a `<`: libxml2's bound on one text or tag
EQUALS, LESS = b"=<"
_ATTRIBUTE = re.compile(rb"=\s*[\"']")
_NAMESPACE = re.compile(rb"xmlns[^=<>]{0,200}=\s{0,9}[\"'][^\"'<>]{0,200}")


def _count(chunk: bytes, byte: int) -> int:
    """How often a frequent byte is there: five times as fast as bytes.count."""
    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == byte))


class Guard:
    """Bounds on what libxml2 has to hold of one tag and one record."""

    def __init__(self, name: str, max_bytes: int) -> None:
        self.name, self.max_bytes, self.offset = name, max_bytes, 0
        self.equals = self.run = 0  # equals signs and bytes since the last `<`
        self.bytes = self.tags = self.attributes = 0  # of the open record
        self.record: list[bytes] = []  # what of it has been read, and no tags have been counted in
        self.names: set[Any] = set()
        self.unseen = NAMED  # elements still to be looked at in this chunk

    def check(self, chunk: bytes, in_record: bool) -> None:
        """Before a chunk is fed. Bytes are only counted where there may be too many of them.

        A tag holds no `<`, so the equals signs since the last one bound its attributes (of four bytes or more).
        """
        place = f"near byte {self.offset}"
        self.offset, self.unseen = self.offset + len(chunk), NAMED
        last = chunk.rfind(b"<")
        self.run = len(chunk) - last if last >= 0 else self.run + len(chunk)
        if self.run > MAX_RUN:  # an error to libxml2 too, but of a tag it would keep several times as much till then
            raise InputError(self.name, f"not XML: a tag or text of more than {MAX_RUN / 1e6:g} MB", place,
                             "leave the file out")
        if len(chunk) // 4 + self.equals > MAX_ATTRIBUTES and _count(chunk, EQUALS) + self.equals > MAX_ATTRIBUTES:
            runs = [len(_ATTRIBUTE.findall(part)) for part in chunk.split(b"<")]
            runs[0] += self.equals
            self.equals = runs[-1]
            if max(runs) > MAX_ATTRIBUTES:
                raise InputError(self.name, f"an element of more than {MAX_ATTRIBUTES} attributes", place,
                                 "leave the file out")
        else:
            self.equals = (self.equals if last < 0 else 0) + chunk.count(b"=", max(last, 0))
        if chunk.count(b"xmlns", 0, SHOWN) > FEW:
            self._add(_NAMESPACE.findall(chunk))
        if not in_record:
            self.closed()
            return
        self.record.append(chunk)
        self.bytes += len(chunk)
        if self.bytes > self.max_bytes:
            raise InputError(self.name, f"a record of more than {self.max_bytes / 1e6:g} MB", place,
                             "raise parse.limits.max_record_mb if it is meant to be so large")
        if self.bytes > 2 * MAX_ELEMENTS:
            self.tags += sum(_count(part, LESS) for part in self.record)
            self.attributes += sum(len(_ATTRIBUTE.findall(part)) for part in self.record
                                   if _count(part, EQUALS) * SPARSE > len(part))
            self.record.clear()
            if self.tags > 2 * MAX_ELEMENTS or self.attributes > MAX_ELEMENTS:
                what = "elements" if self.tags > 2 * MAX_ELEMENTS else "attributes"
                raise InputError(self.name, f"a record of more than {MAX_ELEMENTS} {what}", place, "leave the file out")

    def closed(self) -> None:
        """The record that was open is complete."""
        self.bytes = self.tags = self.attributes = 0
        self.record.clear()

    def look(self, node: Any) -> None:
        """At the names of the element and of those in it, as long as there is something to be looked at."""
        if not self.unseen:
            return
        for element in islice(node.iter(), self.unseen):
            self.unseen -= 1
            self._add([element.tag, *element.keys()])

    def _add(self, names: Iterable[Any]) -> None:
        self.names.update(names)
        if len(self.names) > MAX_NAMES:
            raise InputError(self.name, f"more than {MAX_NAMES} different names of elements, attributes and namespaces",
                             f"near byte {self.offset}", "leave the file out")
