"""One document's records: what kind it is, which source it is from, and the stream that reads it.

What is known about the source decides where records are looked for: the user's sources first, then the known
ones (cybersieve/sources.yaml), else by shape (cybersieve/infer.py). Only a bounded beginning is looked at.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from cybersieve import (
    elsewhere,
    embedded,
    encoding,
    fields,
    infer,
    infer_xml,
    json_bulk,
    json_record,
    json_stream,
    json_tables,
    late,
    peek,
    sources,
    tables,
    unfinished,
    unseen,
    xml_documents,
    xml_stream,
    yaml_stream,
)
from cybersieve.containers import ENDINGS, put_back
from cybersieve.errors import InputError
from cybersieve.field_names import PUBLIC, words
from cybersieve.params import Limits
from cybersieve.sources import Source

Found = tuple[Source, str, Any]  # source, locator, tree
Located = tuple[str, Any]  # locator, tree


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BY_NAME = {".csv": "csv", ".tsv": "csv", ".yaml": "yaml", ".yml": "yaml"}  # whatever the content begins like
IN_DOUBT = {".json": "json", ".jsonl": "json", ".ndjson": "json", ".xml": "xml"}  # where the content tells nothing
DATA_NAMES = _words(".json .jsonl .ndjson .xml .rss .atom .rdf .csv .tsv .yaml .yml .stix .geojson")
NOT_DATA = _words(""".md .markdown .rst .adoc .tex .sha1 .sha256 .sha512 .md5 .sig .asc .pem .crt .py .sh .bat .ps1 .rb
    .go .rs .c .h .cpp .java .js .ts .css .pl .php .lua .sql .dvc .html .htm .xsd .xsl .xslt .dtd .rng .pdf .doc .docx
    .odt .ppt .pptx .epub .png .jpg .jpeg .gif .svg .ico .meta .lock .cfg .ini .toml .example .tmpl .log .exe .dll .so
    .bin .torrent .partial .tmp .part""")
MAY_HOLD_RECORDS = _words(  # of these: a user is told that they are passed over
    ".sql .html .htm .pdf .doc .docx .odt .ppt .pptx .epub .log")
NOT_DATA_STEMS = _words("""readme license licence licences licenses copying notice changelog changes contributing
    authors contributors codeowners security makefile dockerfile todo install history news version manifest""")

# JSON, XML or YAML, whatever the name says.
_NO_CSV = re.compile(rb'\s*(?:(?:\[\s*)?\{\s*"[^"\n]*"\s*:|<\?xml\s|---[ \t\r]*\n\s*(?:-|[\w-]+:)\s)')
# What is no YAML, or at most one text to it: an element, a line that is neither a key nor an item, an object on a line
# before another.
_ELEMENT = re.compile(rb"\s*(?!<[^<>\n]*>\s*:)<(?:\?xml\s|!--|!DOCTYPE\s|[A-Za-z_][\w.:-]*[\s/>])")
_HEADER = re.compile(rb"\s*(?![-?:\[\]{}#&*!|>%@`])(?:[^:\n]|:(?=[^\s]))*+\n")
_LINES = re.compile(rb'\s*\{"[^\n]*\}[ \t\r]*\n\s*\{"')
_LINK = re.compile(rb"(?=\w*[./])[\w.@+/-]{1,4095}\n?")  # zip keeps a symbolic link as a file that holds its target
_NUMBERED = re.compile(rf"(?:^|[ .])({PUBLIC.pattern})\[[0-9]+\]$")
RECORD_SEPARATOR = b"\x1e"  # before every document of a JSON text sequence (RFC 7464)
NOWHERE = sources.compiled({"records": ["no-such-name"]})


class NoRecord(InputError):
    """A sound file in which no record was found: a run goes on without it."""


@dataclass(frozen=True)
class Document:
    """A document that has been recognised; `records` reads it, once."""

    source: Source
    records: Iterator[Located]


def is_data(path: str) -> bool:
    """Does the name leave open that this is a dump? Hidden files, texts, code, pictures and checksums are not."""
    pure = PurePosixPath(bare(path))
    if any(part.startswith((".", "__MACOSX")) for part in pure.parts):
        return False
    return pure.suffix.lower() not in NOT_DATA and not (
        pure.suffix.lower() not in DATA_NAMES and pure.name.split(".")[0].lower() in NOT_DATA_STEMS)


def bare(path: str) -> str:
    """The name without the endings of packings."""
    while (ending := PurePosixPath(path).suffix.lower()) in ENDINGS:
        path = path[:-len(ending)]
    return path


def read(chunks: Iterable[bytes], name: str, path: str, own: list[Source], limits: Limits,
         notes: Counter[str]) -> Document | None:
    """Recognise a document. `name` is the file's, for errors; `path` the document's, in an archive the member's;
    `own` are the user's sources.

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
    kind = kind_of(begin, path, own)
    if not kind or (path != name and whole and _LINK.fullmatch(begin) and not peek.kind(begin)):
        return None
    if kind == "csv" and b"\n" not in begin:  # lines may end as on old Macs
        begin, stream = begin.replace(b"\r", b"\n"), (chunk.replace(b"\r", b"\n") for chunk in stream)
    if kind == "html":
        raise InputError(name, "an HTML page, not a dump", path if path != name else "",
                         "fetch it again, or leave the file out")
    if begin.startswith(b"version https://git-lfs.github.com/"):
        raise InputError(name, "a Git LFS pointer, not the dump", path if path != name else "", "git lfs pull")
    bounds = {"max_depth": limits.max_depth, "max_bytes": int(limits.max_record_mb * 1e6)}
    if kind == "json" and (inner := embedded.found(begin)) and len(peek.json_documents(begin)) < 2:
        key, offset = inner
        document = read(embedded.text(stream, offset, name), name, f"{path}.{key}" if key else path, own, limits, notes)
        return document and Document(document.source, ((f"{key}: {where}" if key else where, tree)
                                                       for where, tree in document.records))
    several = False  # documents of XML in a row
    if kind == "xml":
        begin, stream, whole = _beginning(encoding.fit_for_xml(stream, notes), max(len(begin), peek.FIRST))
        shown = xml_documents.first(begin)
        several = len(shown) < len(begin)
        whole, begin = whole or several, shown
        begin, stream = peek.fragments(begin, stream)
    while True:
        source = recognised(kind, begin, whole, path, own, limits.max_depth)
        told = source and (kind != "json" or not source.inferred or source.text or source.title)
        most = max(peek.MOST, bounds["max_bytes"]) if kind == "json" and not told else peek.MOST  # its text may be long
        if whole or len(begin) >= most or (told and source and not guessed(source, kind, begin)):
            break
        begin, stream, whole = _beginning(stream, most if len(begin) >= peek.MOST else len(begin) * 8)
    window = begin  # what comes behind it under another name is told, also where more was looked at
    if source and not whole and unfinished.doubted(kind, source):
        more, stream, ends = _beginning(stream, max(peek.MOST, bounds["max_bytes"]) if kind == "json" else peek.MOST)
        end = unfinished.end(kind, source, begin, more)
        shown = more[:end + peek.FIRST] if end else b""
        ends = ends and len(shown) == len(more)
        wider = recognised(kind, shown, ends, path, own, limits.max_depth) if shown else None
        if wider and not (set(source.records) <= set(wider.records) and _rooms(wider) <= _rooms(source)):
            source, begin, whole = wider, shown, ends  # else what was seen first tells enough
    if source is None:
        for _ in located(kind, stream, name, NOWHERE, notes, bounds):
            pass  # a fault further on says more than that nothing was found
        if path != name:
            return None
        where = "" if whole else f"the first {most / 1e6:g} MB of "
        raise (NoRecord if whole else InputError)(name, f"no record found in {where}this {kind.upper()}", "",
                                                  "if it has some, describe where they are in parse.sources")
    find = None if whole and not several else {"json": late.arrays, "xml": late.elements}.get(kind)
    found = located(kind, stream, name, source, notes, bounds,
                    find and find(source, window if kind == "xml" else begin))
    return Document(source, json_bulk.documents(found) if kind == "json" and json_bulk.begins(begin) else found)


def _rooms(source: Source) -> set[fields.RecordPath]:
    """What the arrays and maps of its records stand in."""
    return {place[:-2] for place in source.places}


def guessed(source: Source, kind: str, begin: bytes) -> bool:
    """Does a document that is not complete yet show but one record, by its shape? There may be more, and more of it.

    One document may be metadata before the records; of one that is long, all but a title may be behind the beginning.
    Of XML: is what it shows within the first record of a known source?
    """
    if kind == "xml" and source.inferred:
        shown = peek.xml_elements(begin, whole=False)
        return any(one.root and set(one.records) & set(shown.open) and one.rooted(shown.tree)
                   for one in sources.known(kind))
    if kind != "json" or not source.inferred:
        return False
    documents = peek.json_documents(begin)
    return sum(len(peek.values(documents, place)) for place in source.places) == 1


def sequence(begin: bytes, chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """A JSON text sequence as documents on lines of their own, byte for byte; anything else as it is."""
    if not begin.lstrip().startswith(RECORD_SEPARATOR):
        return begin, chunks
    return begin.replace(RECORD_SEPARATOR, b"\n"), (chunk.replace(RECORD_SEPARATOR, b"\n") for chunk in chunks)


def skipped(source: Source) -> frozenset[fields.RecordPath]:
    """What is left out of a large record of JSON."""
    return frozenset(map(fields.record_path, source.skip))


def _beginning(chunks: Iterable[bytes], size: int) -> tuple[bytes, Iterator[bytes], bool]:
    """The first `size` bytes, the stream as it was, and whether that is all of it."""
    held, have, source = [], 0, iter(chunks)
    for chunk in source:
        held.append(chunk)
        have += len(chunk)
        if have > size:
            return b"".join(held)[:size], put_back(held, source), False
    return b"".join(held), put_back(held, source), True


def kind_of(begin: bytes, path: str, own: list[Source]) -> str:
    """json, xml, csv, yaml or html: as a user's source says, by content, by name."""
    told = next((source.kind for source in own if source.kind and source.file and source.named(path)), "")
    ending, seen = PurePosixPath(bare(path)).suffix.lower(), peek.kind(begin)
    named = BY_NAME.get(ending, seen)
    no_yaml = {"xml": _ELEMENT, "csv": _HEADER, "json": _LINES}.get(seen)
    if seen == "html" or (named == "csv" and _NO_CSV.match(begin)) or (
            named == "yaml" and no_yaml and no_yaml.match(begin)):
        named = seen
    return told or named or IN_DOUBT.get(ending, "")


def recognised(kind: str, begin: bytes, whole: bool, path: str, own: list[Source],
               max_depth: int = 500) -> Source | None:
    """The source of a document by its beginning: the first that fits of the user's `own` and the known ones, else one
    by shape; None: no record."""
    possible = [source for source in (*own, *sources.known(kind)) if source.kind in ("", kind)]
    for source in possible:
        if source.file and not source.match and not source.root and source.named(path):
            return source
    possible = [source for source in possible if not source.file or source.named(path)]
    if kind == "json":
        return _json_source(_documents(begin), whole, possible)
    if kind == "xml":
        elements = peek.xml_elements(begin, whole)
        return _xml_source(elements, possible) or _inferred(infer_xml.source(elements))
    if kind == "yaml":
        trees = peek.yaml_documents(begin, max_depth)
        alike = [source for source in sources.known("json") if source.match and not source.file]
        return _placed(trees, possible) or _placed(trees, alike) or _inferred(infer.yaml_source(trees))
    return _of_rows(kind, peek.table_rows(begin, whole), possible)


def _documents(begin: bytes) -> list[Any]:
    """The documents of JSON in a beginning."""
    bulk = json_bulk.begins(begin)
    found = peek.json_documents(json_bulk.shown(begin) if bulk else begin)
    if bulk:
        found = [tree for _, tree in json_bulk.documents(("", tree) for tree in found)]
    return found


def _of_rows(kind: str, rows: list[Any], possible: list[Source]) -> Source | None:
    """The source of a table's rows; a table has no root that could tell it."""
    return next((source for source in possible if not source.root and any(map(source.fits, rows))), None) or \
        _inferred(infer.rows_source(kind, rows))


def _xml_source(elements: peek.Elements, possible: list[Source]) -> Source | None:
    """The first source that fits; its root is enough where its records may come late."""
    empty = None
    for source in possible:
        if not source.rooted(elements.tree):
            continue
        if any(source.fits(tree) for tag in source.records for tree in elements.trees(tag)):
            return source
        if source.root and not source.match and not elements.whole:
            return source
        if source.root and not source.match:
            empty = empty or source  # a document of its kind, without a record
    return empty


def _placed(documents: list[Any], possible: list[Source]) -> Source | None:
    """The first source whose records stand where it says, with those of its places that go together."""
    for source in possible:
        if source.root and not source.match and documents and source.rooted(documents[0]):
            return source  # its records may come late
        for path in source.places:
            samples = [value for value in peek.values(documents, path)[:peek.ITEMS] if isinstance(value, dict)]
            if samples and source.rooted(documents[0]) and any(map(source.fits, samples)):
                return source.at([text for text, other in zip(source.records or [""], source.places, strict=True)
                                  if _beside(other, path)])
    return None


def _json_source(documents: list[Any], whole: bool, possible: list[Source]) -> Source | None:
    if table := json_tables.found(documents, whole):
        found = [("", item) for item in peek.values(documents, fields.record_path(table.path))]
        rows = [row for _, row in json_tables.rows(found, table.columns, Counter())]
        source = _of_rows("json", rows[:peek.ITEMS], possible)
        return source and source.at([table.path], table.columns)
    if placed := _placed(documents, possible):
        return placed
    known = [source for source in possible if source.match and not (source.root or source.file)]
    inferred = infer.json_source(documents, whole)
    places = list(map(str, inferred["records"])) if inferred else None
    source = elsewhere.source(documents, whole, known, places)
    if not source:
        return _inferred(inferred)
    rest = None if set(places or []) <= set(source.records) else \
        _inferred(infer.json_source(documents, whole, source.records))
    return source.at([*source.records, *rest.records], also=[*source.also, rest]) if rest else source


def _beside(other: fields.RecordPath, path: fields.RecordPath) -> bool:
    """May both be in one document, neither within the other?"""
    return len(other) == len(path) or (
        (other[:1] == ("[]",)) == (path[:1] == ("[]",)) and other[:len(path)] != path and path[:len(other)] != other)


def _inferred(description: dict[str, Any] | None) -> Source | None:
    if not description:
        return None
    shown = unseen.of(description, description.pop("shown"))
    return replace(sources.compiled(description, inferred=True), shown=shown)


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
