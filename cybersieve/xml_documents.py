"""Several XML documents one after another in one stream, told apart where a declaration follows the end of a root.

What looks like it may stand within a document (in CDATA, say). Who parses what was given so far can tell.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress

from cybersieve import xml_stream
from cybersieve.errors import InputError

DECLARED = (b"<?xml", b"<!DOCTYPE")  # how a further document begins
BEGIN = 64_000  # bytes in which a document's element opens
DOUBTS = 1000  # how often in a stream what looks like a beginning may be none; from then on nothing is taken for one
HELD = 400  # bytes that are remembered of what has passed: a closing tag and white space
_ROOT = re.compile(rb"""(?:\s+ | <!--(?>.*?-->) | <\?(?>.*?\?>) | <!DOCTYPE[^<>\[]*(?:> | \[(?>.*?\]\s*>)))*+
                        <([A-Za-z_:][^\s/<>]*)(?=[\s/>])""", re.S | re.X)


def first(begin: bytes) -> bytes:
    """As much of a stream's beginning as belongs to its first document."""
    if sum(1 for part in split(iter([begin])) for _ in part) < 2:
        return begin
    state, parts = xml_stream.State(), []

    def shown() -> Iterator[bytes]:
        for part in next(split(iter([begin]), state.ended)):
            parts.append(part)
            yield part
    with suppress(InputError):
        for _ in xml_stream.records(shown(), "", [], Counter(), state=state):
            pass
        return b"".join(parts)
    return begin


def split(chunks: Iterator[bytes], closed: Callable[[], bool] = lambda: True) -> Iterator[Iterator[bytes]]:
    """The documents in the chunks, each as chunks, to be read one after the other.

    `closed` is asked, once all before a declaration was read, whether the document's element has ended there.
    """
    rest = _Rest(chunks, closed)
    while rest.more():
        yield rest.document()


class _Rest:
    """What of a stream has not been read."""

    def __init__(self, chunks: Iterator[bytes], closed: Callable[[], bool]) -> None:
        self.chunks, self.closed, self.held, self.doubts = chunks, closed, b"", 0

    def more(self) -> bool:
        while not self.held and (chunk := next(self.chunks, b"")):
            self.held = chunk
        return bool(self.held)

    def document(self) -> Iterator[bytes]:
        while not (root := _root(self.held)) and len(self.held) < BEGIN and (chunk := next(self.chunks, b"")):
            self.held += chunk
        closing, end = b"</" + root, re.compile(rb"</%s\s*>\s*\Z" % re.escape(root)) if root else None
        passed = b""
        while self.more():
            data, self.held = self.held, b""
            ended = closing in data or closing in passed + data[:len(closing)]  # or no further document can begin
            at = _next(data, passed, end) if end and ended and self.doubts < DOUBTS else -1
            if at < 0 and end and (half := _half(data)):
                more = next(self.chunks, b"")
                if more:
                    self.held = data[-half:] + more
                    data = data[:-half]
            elif at >= 0:
                data, self.held = data[:at], data[at:]
            if data:
                yield data
            if at >= 0:
                if self.closed():
                    return
                self.doubts += 1
                word = len(DECLARED[0])  # it is no document's beginning
                data, self.held = self.held[:word], self.held[word:]
                yield data
            passed = (passed + data[-HELD:])[-HELD:]


def _root(begin: bytes) -> bytes:
    """Name of the first element; empty where it is not there yet."""
    root = _ROOT.match(begin)
    return root[1] if root else b""


def root_ends(begin: bytes) -> int:
    """Where the name of the first element ends; -1 where it is not there."""
    root = _ROOT.match(begin)
    return root.end(1) if root else -1


def _next(data: bytes, passed: bytes, end: re.Pattern[bytes]) -> int:
    """Where a further document begins; -1 for nowhere."""
    found = [at for word in DECLARED if (at := _declared(word, data, passed, end)) >= 0]
    return min(found, default=-1)


def _declared(word: bytes, data: bytes, passed: bytes, end: re.Pattern[bytes]) -> int:
    """Where the word follows what matches `end`; -1 for nowhere."""
    at = data.find(word)
    while at >= 0:
        before = (passed + data[:at])[-HELD:] if at < HELD else data[at - HELD:at]
        if data[at + len(word):at + len(word) + 1].isspace() and end.search(before):
            return at
        at = data.find(word, at + 1)
    return -1


def _half(data: bytes) -> int:
    """How many bytes at the end may be half of a declaration."""
    at = data.rfind(b"<", -max(map(len, DECLARED)))
    return len(data) - at if at >= 0 and any(word.startswith(data[at:]) for word in DECLARED) else 0
