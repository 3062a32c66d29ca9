"""Recognise a document, and read it: what kind it is and which source it is from, told by its beginning alone.

What the source is decides where records are looked for (recognise.py tells it, streams.py reads by it).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from cybersieve import (
    broken_documents,
    broken_elements,
    broken_lines,
    embedded,
    encoding,
    fields,
    json_bulk,
    kinds,
    late_records,
    peek,
    recognise,
    sources,
    streams,
    unfinished,
    xml_documents,
)
from cybersieve.containers import put_back
from cybersieve.errors import InputError
from cybersieve.faults import Parts
from cybersieve.params import Limits
from cybersieve.sources import Source

Found = tuple[Source, str, Any]  # source, locator, tree
Beginning = tuple[bytes, Iterator[bytes], bool]  # a stream's first bytes, the stream as it was, is that all of it?

_LINK = re.compile(rb"(?=\w*[./])[\w.@+/-]{1,4095}\n?")  # zip keeps a symbolic link as a file that holds its target
RECORD_SEPARATOR = b"\x1e"  # before every document of a JSON text sequence (RFC 7464)
GUARD = b")]}'"  # before JSON that no page is to run as a script, as Gerrit gives it
NOWHERE = sources.compiled({"records": ["no-such-name"]})


class NoRecord(InputError):
    """A sound file in which no record was found: a run goes on without it."""


@dataclass(frozen=True)
class Document:
    """What is known of a document before it is read, and where to note what is repaired in it."""

    name: str  # the file's, for errors
    path: str  # the file's too or, in an archive, the member's
    own: list[Source]  # the user's
    limits: Limits
    notes: Counter[str]
    broken: Parts | None = None  # lines and records without which it is read

    @property
    def member(self) -> bool:
        """Is it in an archive, which goes on without it where it holds no record?"""
        return self.path != self.name


def read(chunks: Iterable[bytes], document: Document) -> Iterator[Found] | None:
    """Recognise a document: its records, to be read once.

    None for a document that is in no format that is read, or in an archive and empty or without a record. Raises
    InputError where it is broken, or shows no record in as much as is looked at; NoRecord for a file without one.
    """
    name, path, own = document.name, document.path, document.own
    chunks = encoding.utf8(chunks, document.notes)
    if document.broken is not None:
        chunks = broken_lines.blanked(chunks, name, document.limits, document.broken)
    begin, stream, whole = _beginning(chunks, peek.FIRST)
    while not begin.strip() and not whole and len(begin) < peek.MOST:
        begin, stream, whole = _beginning(stream, len(begin) * 8)
    if not begin.strip():
        if document.member:
            return None
        raise (NoRecord if whole else InputError)(
            name, "nothing but white space" + ("" if whole else f" in its first {peek.MOST / 1e6:g} MB"))
    begin, stream = sequence(begin, stream)
    kind, place = kinds.of(begin, path, own), path if document.member else ""
    if begin.startswith(b"version https://git-lfs.github.com/") and (kind or not document.member):
        raise InputError(name, "a Git LFS pointer, not the dump", place, "git lfs pull")
    if not kind or (document.member and whole and _LINK.fullmatch(begin) and not kinds.by_content(begin)):
        if kinds.may_stand_beside(begin, path) and not document.member and _beginning(stream, peek.MOST)[2]:
            raise NoRecord(name, "no record found in this text, which is no JSON, XML, CSV or YAML", "",
                           "if it has some, name its kind in parse.sources")
        return None
    if kind == "csv" and b"\n" not in begin:  # lines may end as on old Macs
        begin, stream = begin.replace(b"\r", b"\n"), (chunk.replace(b"\r", b"\n") for chunk in stream)
    if kind == "html":
        raise InputError(name, "an HTML page, not a dump", place, "fetch it again, or leave the file out")
    if "json" in (kind, kinds.by_content(begin)) and kinds.as_user_says(path, own) in ("", "xml"):
        most = document.limits.max_record_bytes
        shown = begin[:len(begin) - len(begin.lstrip()) + peek.FIRST]
        if (first := embedded.listed(shown)) and _hold_records(shown, first, document):
            return _within(embedded.Strings(stream, first, name, True, most), document)
        if (first := embedded.found(shown)) and len(peek.json_documents(shown)) < 2 and (
                _hold_records(shown, first, document)):
            return _within(embedded.Strings(stream, first, name, False, most), document)
    return _recognised(kind, (begin, stream, whole), document)


def _recognised(kind: str, beginning: Beginning, document: Document) -> Iterator[Found] | None:
    """The records of a document of a kind that is known. None and errors as of `read`."""
    name, notes, bounds = document.name, document.notes, streams.Bounds.of(document.limits)
    several = False  # documents of XML in a row
    if kind == "yaml" and document.broken is not None:
        begin, stream, _ = beginning
        beginning = _beginning(broken_documents.emptied(stream, name, *bounds, document.broken), len(begin))
    if kind == "xml":
        begin, stream, _ = beginning
        beginning, several = first_xml(stream, max(len(begin), peek.FIRST), notes)
    farthest = max(peek.MOST, bounds.max_bytes) if kind == "json" else peek.MOST  # a first text may be long
    source, (begin, stream, whole), window = _look(kind, beginning, farthest, document)
    if source is None:
        for _ in streams.records(kind, stream, name, NOWHERE, notes, bounds):
            pass  # a fault further on says more than that nothing was found
        if document.member:
            return None
        where = "" if whole else f"the first {farthest / 1e6:g} MB of "
        raise (NoRecord if whole else InputError)(name, f"no record found in {where}this {kind.upper()}", "",
                                                  "if it has some, describe where they are in parse.sources")
    find = None if whole and not several else {"json": late_records.arrays, "xml": late_records.elements}.get(kind)
    others = find and find(source, window if kind == "xml" else begin)
    found = streams.records(kind, stream, name, source, notes, bounds, others, document.broken)
    found = json_bulk.documents(found) if kind == "json" and json_bulk.begins(begin) else found
    return map(lambda located: (source.of(located[1]), *located), found)  # holds no tree while the next is read


def first_xml(stream: Iterator[bytes], size: int, notes: Counter[str]) -> tuple[Beginning, bool]:
    """The beginning of the first of the stream's documents, as libxml2 takes it, and whether more of them follow."""
    begin, stream, whole = _beginning(encoding.fit_for_xml(stream, notes), size)
    first = xml_documents.first(begin)
    several = len(first) < len(begin)
    return (*peek.fragments(first, stream), whole or several), several


def _look(kind: str, beginning: Beginning, farthest: int,
          document: Document) -> tuple[Source | None, Beginning, bytes]:
    """The source that a document's beginning tells, that beginning, and how much of it told before it was doubted.

    More is looked at, up to `farthest`, until there is a record with a text, and no source that is only a guess.
    """
    begin, stream, whole = beginning

    def source_of(begin: bytes, whole: bool) -> Source | None:
        if kind == "xml" and document.broken is not None:
            begin = broken_elements.mended(begin)
        return recognise.source_of(kind, begin, whole, document.path, document.own, document.limits.max_depth)

    while True:
        source = source_of(begin, whole)
        speaks = source and (kind not in ("json", "yaml") or not source.inferred or source.text or source.title)
        most = peek.MOST if speaks else farthest
        if whole or len(begin) >= most or (speaks and source and not recognise.guessed(source, kind, begin)):
            break
        begin, stream, whole = _beginning(stream, most if len(begin) >= peek.MOST else len(begin) * 8)
    window = begin  # what comes behind it under another name is told, also where more was looked at
    if source and not whole and unfinished.doubted(kind, source):
        more, stream, ends = _beginning(stream, farthest)
        if end := unfinished.end(kind, source, begin, more):
            shown = more[:end + peek.FIRST]
            ends = ends and len(shown) == len(more)
            wider = source_of(shown, ends)
            if wider and not (set(source.records) <= set(wider.records) and _rooms(wider) <= _rooms(source)):
                source, begin, whole = wider, shown, ends  # else what was seen first tells enough
    return source, (begin, stream, whole), window


def _hold_records(begin: bytes, first: tuple[str, int], document: Document) -> bool:
    """Does one of several strings of XML hold a record? If none that is seen whole does, they are a record's fields."""
    notes = Counter[str]()
    try:
        return any(_of_strings(embedded.Strings([begin], first, document.name, lines=True),
                               replace(document, notes=notes, broken=None)))
    except InputError:  # broken, or cut off
        return not notes[embedded.NOT_READ]


def _within(strings: embedded.Strings, document: Document) -> Iterator[Found] | None:
    """The records of a document's strings of XML. None and NoRecord as of `read`."""
    found = _of_strings(strings, document)
    first = next(found, None)
    if first is None and not document.member:
        raise NoRecord(document.name, "no record found in its XML", "",
                       "if it has some, describe where they are in parse.sources")
    return None if first is None else chain([first], found)


def _of_strings(strings: embedded.Strings, document: Document) -> Iterator[Found]:
    """Each string is a document of its own, and recognised by itself."""
    notes, broken = document.notes, document.broken
    member = broken.member if broken else ""
    for number, (key, text) in enumerate(strings, 1):
        which = ", ".join(filter(None, (f"string {number}" if number > 1 else "", key)))
        if broken and number > 1:
            broken.member = ", ".join(filter(None, (member, which)))
        try:
            try:
                found = read(text, document)
            except NoRecord:
                found = None
            for source, where, tree in found or ():
                yield source, f"{which}: {where}" if which else where, tree
        except InputError as error:
            place = ", ".join(filter(None, (which if number > 1 else "", error.place)))
            raise InputError(error.path, error.reason, place, error.remedy) from None
        if found is None:
            notes[embedded.NOT_READ] += 1
    if strings.others:
        notes[embedded.NOT_READ] += strings.others


def _rooms(source: Source) -> set[fields.RecordPath]:
    """What the arrays of its records stand in, beside which others are read, and its maps."""
    return {place if place[-1:] == ("*",) else place[:-2] for place in source.places}


def sequence(begin: bytes, chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """A JSON text sequence as documents on lines of their own, JSON without its GUARD, byte for byte; else as it is."""
    if begin.startswith(GUARD):
        return _unguarded(begin), _without_guard(chunks)
    if not begin.lstrip().startswith(RECORD_SEPARATOR):
        return begin, chunks
    return begin.replace(RECORD_SEPARATOR, b"\n"), (chunk.replace(RECORD_SEPARATOR, b"\n") for chunk in chunks)


def _unguarded(begin: bytes) -> bytes:
    return begin.replace(GUARD, b" " * len(GUARD), 1) if begin.startswith(GUARD) else begin


def _without_guard(chunks: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    while len(held) < len(GUARD) and (chunk := next(chunks, b"")):
        held += chunk
    yield _unguarded(held)
    yield from chunks


def _beginning(chunks: Iterable[bytes], size: int) -> Beginning:
    """The first `size` bytes."""
    held, have, source = [], 0, iter(chunks)
    for chunk in source:
        held.append(chunk)
        have += len(chunk)
        if have > size:
            return b"".join(held)[:size], put_back(held, source), False
    return b"".join(held), put_back(held, source), True
