"""One document's records: what kind it is, which source it is from, and the stream that reads it.

What is known about the source decides where records are looked for (cybersieve/recognise.py). Only a bounded beginning
is looked at.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from cybersieve import (
    embedded,
    encoding,
    fields,
    json_bulk,
    json_record,
    json_stream,
    json_tables,
    kinds,
    late,
    peek,
    recognise,
    sources,
    tables,
    unfinished,
    xml_documents,
    xml_stream,
    yaml_stream,
)
from cybersieve.containers import put_back
from cybersieve.errors import InputError
from cybersieve.field_names import PUBLIC, words
from cybersieve.params import Limits
from cybersieve.sources import Source

Found = tuple[Source, str, Any]  # source, locator, tree
Located = tuple[str, Any]  # locator, tree
Beginning = tuple[bytes, Iterator[bytes], bool]  # a stream's first bytes, the stream as it was, is that all of it?

_LINK = re.compile(rb"(?=\w*[./])[\w.@+/-]{1,4095}\n?")  # zip keeps a symbolic link as a file that holds its target
_NUMBERED = re.compile(rf"(?:^|[ .])({PUBLIC.pattern})\[[0-9]+\]$")
RECORD_SEPARATOR = b"\x1e"  # before every document of a JSON text sequence (RFC 7464)
NOWHERE = sources.compiled({"records": ["no-such-name"]})


class NoRecord(InputError):
    """A sound file in which no record was found: a run goes on without it."""


def read(chunks: Iterable[bytes], name: str, path: str, own: list[Source], limits: Limits,
         notes: Counter[str]) -> Iterator[Found] | None:
    """Recognise a document: its records, to be read once. `name` is the file's, for errors; `path` the document's, in
    an archive the member's; `own` are the user's sources.

    None for a document that is in no format that is read, or in an archive and empty or without a record. Raises
    InputError where it is broken, or shows no record in as much as is looked at; NoRecord for a file without one.
    """
    begin, stream, whole = _beginning(encoding.utf8(chunks, notes), peek.FIRST)
    while not begin.strip() and not whole and len(begin) < peek.MOST:
        begin, stream, whole = _beginning(stream, len(begin) * 8)
    if not begin.strip():
        if path != name:
            return None
        raise (NoRecord if whole else InputError)(
            name, "nothing but white space" + ("" if whole else f" in its first {peek.MOST / 1e6:g} MB"))
    begin, stream = sequence(begin, stream)
    kind = kinds.of(begin, path, own)
    if not kind or (path != name and whole and _LINK.fullmatch(begin) and not kinds.by_content(begin)):
        return None
    if kind == "csv" and b"\n" not in begin:  # lines may end as on old Macs
        begin, stream = begin.replace(b"\r", b"\n"), (chunk.replace(b"\r", b"\n") for chunk in stream)
    if kind == "html":
        raise InputError(name, "an HTML page, not a dump", path if path != name else "",
                         "fetch it again, or leave the file out")
    if begin.startswith(b"version https://git-lfs.github.com/"):
        raise InputError(name, "a Git LFS pointer, not the dump", path if path != name else "", "git lfs pull")
    if "json" in (kind, kinds.by_content(begin)) and kinds.told(path, own) in ("", "xml"):
        most = int(limits.max_record_mb * 1e6)
        shown = begin[:len(begin) - len(begin.lstrip()) + peek.FIRST]
        if (first := embedded.listed(shown)) and _tell(shown, first, name, path, own, limits):
            return _within(embedded.Strings(stream, first, name, True, most), name, path, own, limits, notes)
        if (first := embedded.found(shown)) and len(peek.json_documents(shown)) < 2:
            return _within(embedded.Strings(stream, first, name, False, most), name, path, own, limits, notes)
    return _recognised(kind, (begin, stream, whole), name, path, own, limits, notes)


def _recognised(kind: str, beginning: Beginning, name: str, path: str, own: list[Source], limits: Limits,
                notes: Counter[str]) -> Iterator[Found] | None:
    """A document of a kind that is known: as much of it is looked at as tells its source. As `read` for the rest."""
    begin, stream, whole = beginning
    bounds = {"max_depth": limits.max_depth, "max_bytes": int(limits.max_record_mb * 1e6)}
    several = False  # documents of XML in a row
    if kind == "xml":
        begin, stream, whole = _beginning(encoding.fit_for_xml(stream, notes), max(len(begin), peek.FIRST))
        shown = xml_documents.first(begin)
        several = len(shown) < len(begin)
        whole, begin = whole or several, shown
        begin, stream = peek.fragments(begin, stream)

    def source_of(begin: bytes, whole: bool) -> Source | None:
        return recognise.source_of(kind, begin, whole, path, own, limits.max_depth)

    farthest = max(peek.MOST, bounds["max_bytes"]) if kind == "json" else peek.MOST  # a first text may be long
    while True:
        source = source_of(begin, whole)
        told = source and (kind != "json" or not source.inferred or source.text or source.title)
        most = peek.MOST if told else farthest
        if whole or len(begin) >= most or (told and source and not recognise.guessed(source, kind, begin)):
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
    if source is None:
        for _ in located(kind, stream, name, NOWHERE, notes, bounds):
            pass  # a fault further on says more than that nothing was found
        if path != name:
            return None
        where = "" if whole else f"the first {farthest / 1e6:g} MB of "
        raise (NoRecord if whole else InputError)(name, f"no record found in {where}this {kind.upper()}", "",
                                                  "if it has some, describe where they are in parse.sources")
    find = None if whole and not several else {"json": late.arrays, "xml": late.elements}.get(kind)
    found = located(kind, stream, name, source, notes, bounds,
                    find and find(source, window if kind == "xml" else begin))
    found = json_bulk.documents(found) if kind == "json" and json_bulk.begins(begin) else found
    return ((source.of(tree), locator, tree) for locator, tree in found)


def _tell(begin: bytes, first: tuple[str, int], name: str, path: str, own: list[Source], limits: Limits) -> bool:
    """Does one of several strings of XML hold a record? If none that is seen whole does, they are a record's fields."""
    notes = Counter[str]()
    try:
        return any(_of_strings(embedded.Strings([begin], first, name, lines=True), name, path, own, limits, notes))
    except InputError:  # broken, or cut off
        return not notes[embedded.NOT_READ]


def _within(strings: embedded.Strings, name: str, path: str, own: list[Source], limits: Limits,
            notes: Counter[str]) -> Iterator[Found] | None:
    """The records of a document's strings of XML. None and NoRecord as of `read`."""
    found = _of_strings(strings, name, path, own, limits, notes)
    first = next(found, None)
    if first is None and path == name:
        raise NoRecord(name, "no record found in its XML", "",
                       "if it has some, describe where they are in parse.sources")
    return None if first is None else chain([first], found)


def _of_strings(strings: embedded.Strings, name: str, path: str, own: list[Source], limits: Limits,
                notes: Counter[str]) -> Iterator[Found]:
    """Each string is a document of its own, and recognised by itself."""
    for number, (key, text) in enumerate(strings, 1):
        which = ", ".join(filter(None, (f"string {number}" if number > 1 else "", key)))
        try:
            try:
                found = read(text, name, path, own, limits, notes)
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
    """A JSON text sequence as documents on lines of their own, byte for byte; anything else as it is."""
    if not begin.lstrip().startswith(RECORD_SEPARATOR):
        return begin, chunks
    return begin.replace(RECORD_SEPARATOR, b"\n"), (chunk.replace(RECORD_SEPARATOR, b"\n") for chunk in chunks)


def skipped(source: Source) -> frozenset[fields.RecordPath]:
    """What is left out of a large record of JSON."""
    return frozenset(map(fields.record_path, source.skip))


def _beginning(chunks: Iterable[bytes], size: int) -> Beginning:
    """The first `size` bytes."""
    held, have, source = [], 0, iter(chunks)
    for chunk in source:
        held.append(chunk)
        have += len(chunk)
        if have > size:
            return b"".join(held)[:size], put_back(held, source), False
    return b"".join(held), put_back(held, source), True


def located(kind: str, stream: Iterator[bytes], name: str, source: Source, notes: Counter[str],
            bounds: dict[str, int], others: late.Arrays | xml_stream.Beside | None = None) -> Iterator[Located]:
    """The reader of the kind, on the stream; `others`: where records of other kinds may come."""
    if kind == "json":
        arrays = others if isinstance(others, late.Arrays) else None
        places = [arrays.path, *arrays.maps] if arrays else source.places
        trees = json_stream.records(stream, name, places, notes, **bounds, skip=skipped(source),
                                    watch=arrays and partial(arrays.watch, notes))
        trees = arrays.records(trees) if arrays else trees
        if pairs(source):
            trees = (one for one in trees if not _number(one[1]))  # the id in a pair of id and record
        if source.inferred and any("*" in place[:-1] for place in source.places):
            trees = (one for one in trees if late.records_room(one[0]))
        if source.inferred and any(place[-2:] == ("*", "[]") for place in source.places):
            trees = ((where, peek.numbered(_listed(where), tree)) for where, tree in trees)
        yield from json_tables.rows(trees, source.columns, notes) if source.columns else trees
    elif kind == "xml":
        state = xml_stream.State()
        for number, document in enumerate(xml_documents.split(stream, state.ended), 1):
            beside = others if isinstance(others, xml_stream.Beside) else None
            found = xml_stream.records(document, name, source.records, notes, **bounds, read=source.wanted, state=state,
                                       beside=beside, seen=source.seen)
            yield from _bounded(found if number == 1 else _further(found, f"document {number}", notes), name, notes)
    elif kind == "csv":
        yield from tables.rows(stream, name, notes, bounds["max_bytes"])
    else:
        paths = source.places
        for locator, tree in yaml_stream.documents(stream, name, notes, **bounds):
            for path in paths:
                for number, item in enumerate(peek.records([tree], path)):
                    if isinstance(item, dict | list | str):
                        place = fields.path_text(path).removesuffix("[]")
                        yield locator if not path else f"{locator}: {place}[{number}]", item


def pairs(source: Source) -> bool:
    """May the records stand in pairs of an id and a record?"""
    return any(place[-2:] == ("[]", "[]") for place in source.places)


def _listed(locator: str) -> str:
    """The public number of the list that a record of JSON stands in; "" for none."""
    found = _NUMBERED.search(locator)
    return found[1] if found else ""


def _number(tree: Any) -> bool:
    """Was this a text without words in an array?"""
    return isinstance(tree, dict) and tree.keys() == {"text"} and not words(str(tree["text"]))


def _bounded(found: Iterator[Located], name: str, notes: Counter[str]) -> Iterator[Located]:
    """The elements, not too many of them empty."""
    for locator, tree in found:
        if not tree:
            json_record.count_empty(name, locator, notes)
        yield locator, tree


def _further(found: Iterator[Located], which: str, notes: Counter[str]) -> Iterator[Located]:
    """The records of a document that is not a file's first."""
    none = True
    try:
        for locator, tree in found:
            yield f"{which}: {locator}", tree
            none = False
    except InputError as error:
        raise InputError(error.path, error.reason, f"{which}, {error.place}", error.remedy) from None
    if none:
        notes["XML documents in a row without a record"] += 1
