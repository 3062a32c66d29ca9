"""XML of which some records are broken: these are emptied, so that the others are read where they stand.

A record is looked at as bytes from its tag to the one that closes it, and is sound if it is in the place of the first.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator

from cybersieve import xml_stream
from cybersieve.errors import InputError
from cybersieve.faults import Parts
from cybersieve.xml_cuts import Place

BEGIN = 1_000_000  # bytes in which the first record begins
HEAD = 64_000  # bytes of what it stands in: they are read with each record
BLOCK = 256_000  # bytes that are looked at together
MENDED = 20  # faults in a beginning, and levels around one
_ASIDE = {b"<![CDATA[": b"]]>", b"<!--": b"-->"}  # in which tags are none
_REST_OF_TAG = re.compile(rb"""(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>""")
_TOKEN = rb"<!\[CDATA\[|<!--|<(/?)(%s)(?=[\s/>])"


def emptied(chunks: Iterable[bytes], names: Iterable[str], name: str, max_depth: int, max_bytes: int, faults: Parts,
            which: set[int]) -> Iterator[bytes]:
    """The chunks with an empty element for each broken record, an element of one of these local names.

    What is wrong with these is added to `faults`, and to `which` their numbers among the records. Given on as they are:
    what follows a record that does not end, a further document, and all if the first record is not to be found.
    """
    blocks, held, wanted = _blocks(chunks), b"", sorted(set(names))
    for block in blocks:
        held += block
        first = Place.of(held, wanted)
        if first.at >= 0 or len(held) > BEGIN:
            break
    if first.record and first.around:
        yield held[:first.at]
        records = _Records(held, first, wanted, (max_depth, max_bytes), name, faults, which)
        block, held = held[first.at:], b""
        while block and not records.over:
            done, held = records.sound(held + block)
            yield done
            block = next(blocks, b"")
        held += block
    yield held
    yield from blocks


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks, small ones joined; the last may be empty."""
    held, size = list[bytes](), 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= BLOCK:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


class _Records:
    """The records behind a document's beginning."""

    def __init__(self, begin: bytes, first: Place, names: list[str], bounds: tuple[int, int], name: str, faults: Parts,
                 which: set[int]) -> None:
        self.names, self.bounds, self.name, self.faults, self.which = names, bounds, name, faults, which
        self.head = begin[:first.around[0][0]] + b"".join(
            begin[start:_tag_end(begin, start + 1 + len(tag.encode()))] for start, tag in first.around)
        self.closing = b"".join(b"</%s>" % tag.encode() for _, tag in reversed(first.around))
        any_ = rb"(?:[^\s<>/:\"'=]+:)?(?:%s)" % b"|".join(re.escape(one.encode()) for one in names)
        self.token = re.compile(rb"<\?xml\s|<!DOCTYPE|" + _TOKEN % any_)
        self.line, self.number, self.over = 1 + begin.count(b"\n", 0, first.at), 0, len(self.head) > HEAD

    def sound(self, data: bytes) -> tuple[bytes, bytes]:
        """As much of the data as holds whole records, with the broken ones emptied, and the rest."""
        spans: list[tuple[int, int, bytes]] = []
        at = done = 0
        while found := self.token.search(data, at):
            done = found.start()
            if found[0] in _ASIDE:
                at = _behind(data, _ASIDE[found[0]], found.end())
            elif not found[2]:
                self.over = True  # a further document begins
                break
            elif found[1]:
                at = found.end()
            elif (at := _element_end(data, done, found[2])) > 0:
                spans.append((done, at, found[2]))
            if at < 0:
                break
            done = at
        else:
            done = max(done, data.rfind(b"<"))
        self.over = self.over or len(data) - done > self.bounds[1]
        return self._checked(data, spans, done), data[done:]

    def _checked(self, data: bytes, spans: list[tuple[int, int, bytes]], done: int) -> bytes:
        broken = bool(spans) and self._fault(b"".join(data[start:end] for start, end, _ in spans)) is not None
        parts, at = [], 0
        for start, end, tag in spans:
            if broken and (fault := self._fault(data[start:end])):
                line = self.line + data.count(b"\n", 0, start)
                self.faults.add(InputError(self.name, fault.reason, f"line {line}"))
                self.which.add(self.number)
                parts += [data[at:start], b"<%s/>" % tag, b"\n" * data.count(b"\n", start, end)]
                at = end
            self.number += 1
        self.line += data.count(b"\n", 0, done)
        return b"".join([*parts, data[at:done]])

    def _fault(self, records: bytes) -> InputError | None:
        """What is wrong with some records, read as any XML is."""
        whole = self.head + records + self.closing
        chunks = (whole[at:at + 65_536] for at in range(0, len(whole), 65_536))
        try:
            deque(xml_stream.records(chunks, self.name, self.names, Counter(), *self.bounds), maxlen=0)
        except InputError as error:
            return error
        return None


def _element_end(data: bytes, start: int, tag: bytes) -> int:
    """Where the element ends whose tag begins at `start`; -1: not in the data."""
    token, at, depth = re.compile(_TOKEN % re.escape(tag)), start, 0
    while found := token.search(data, at):
        if not found[2]:
            at = _behind(data, _ASIDE[found[0]], found.end())
        else:
            at = _tag_end(data, found.end())
            empty = data[at - 2:at - 1] == b"/"
            depth += -1 if found[1] else 0 if empty else 1
        if at < 0:
            return -1
        if depth <= 0 and found[2]:
            return at
    return -1


def _tag_end(data: bytes, at: int) -> int:
    """Where the tag ends whose name ends at `at`, if its quotes are broken before the next; -1: not in the data."""
    if rest := _REST_OF_TAG.match(data, at):
        return rest.end()
    following = data.find(b"<", at)
    return data.rfind(b">", at, following) + 1 or following if following >= 0 else -1


def _behind(data: bytes, what: bytes, at: int) -> int:
    """Behind the next place where it stands; -1 for nowhere."""
    found = data.find(what, at)
    return found + len(what) if found >= 0 else -1


def mended(begin: bytes) -> bytes:
    """The beginning of a document without the smallest elements that are broken, so that others show what they are."""
    for _ in range(MENDED):
        fault = Place.of(begin)
        if fault.at < 0:
            break
        around = {tag.encode(): start for start, tag in fault.around[1:][-MENDED:]}
        tags = re.compile(rb"</(%s)\s*>" % b"|".join(map(re.escape, around)))
        closed = around and tags.search(begin, begin.rfind(b"<", 0, fault.at + 1) if fault.closes else fault.at)
        begin = begin[:around[closed[1]]] + begin[closed.end():] if closed else begin[:fault.at]
    return begin
