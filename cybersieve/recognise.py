"""Which source a document is from, by its beginning.

The user's sources come first, then the known ones (cybersieve/sources.yaml), else it is told by shape
(cybersieve/infer.py).
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from cybersieve import elsewhere, fields, infer, infer_xml, json_bulk, json_tables, late_fields, peek, sources, telling
from cybersieve.sources import Source

_SCHEMA_KEYS = {**dict.fromkeys(("properties", "patternProperties", "definitions", "$defs"), dict), "$ref": str,
                **dict.fromkeys(("allOf", "anyOf", "oneOf"), list)}


def source_of(kind: str, begin: bytes, whole: bool, path: str, own: list[Source],
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
        return _placed(trees, possible) or _placed(trees, alike) or (
            None if _schema(trees) else _inferred(infer.yaml_source(trees)))
    return _of_rows(kind, peek.table_rows(begin, whole), possible)


def guessed(source: Source, kind: str, begin: bytes) -> bool:
    """Should more be looked at of a document whose beginning shows but one record, by its shape?

    That may be metadata before the records, or a record whose text comes later. Nor is a guess enough where the
    document's root is a known source's, of which the beginning shows no whole record yet. A known source's record under
    a key of its own may be the first of many.
    """
    if kind == "xml" and source.inferred:
        shown = peek.xml_elements(begin, whole=False)
        return any(one.root and one.rooted(shown.tree) and (one.root_named or set(one.records) & set(shown.open))
                   for one in sources.known(kind))
    if kind == "json" and not (source.inferred or source.users):
        return all(place and {"[]", "*"}.isdisjoint(place) for place in source.places)
    if kind != "json" or source.users:
        return False
    documents = peek.json_documents(begin)
    if documents and any(one.root and one.rooted(documents[0]) for one in sources.known(kind)):
        return True
    return sum(len(peek.values(documents, place)) for place in source.places) == 1


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
    root = next(iter(documents), None)
    for source in possible:
        if source.root and not source.match and isinstance(root, dict) and source.rooted(root):
            return source  # its records may come late
        for path in source.places:
            samples = [value for value in peek.values(documents, path)[:peek.ITEMS] if isinstance(value, dict)]
            if samples and source.rooted(root) and any(map(source.fits, samples)):
                return source.at([text for text, other in zip(source.records or [""], source.places, strict=True)
                                  if _beside(other, path)])
    return None


def _wrapped(documents: list[Any], possible: list[Source]) -> Source | None:
    """The source of whole documents in an array, or in what holds no more than one or an array of them: these have what
    its root asks for, or nothing speaks but them or the records in them."""
    place, inner, silent = "", documents[0] if len(documents) == 1 else None, False
    theirs = [one for one in possible if not one.users]
    while True:
        if isinstance(inner, dict):
            key, silent = _room(inner)
            place, inner = fields.below(place, key), inner.get(key)
        if not isinstance(inner, dict | list):
            return None
        listed = isinstance(inner, list)
        items: list[Any] = inner if isinstance(inner, list) else [inner]
        silent = (silent and not listed) or not any(
            telling.says(item) or (isinstance(item, dict) and telling.own_text(item)) for item in items)
        if source := _placed(items, [one for one in theirs if one.root or (one.match and silent)]):
            place += "[]" * listed
            return source.at([f"{place}.{path}".rstrip(".") for path in source.records or [""]
                              if not path.startswith("[]")])
        if listed:
            return None


def _room(tree: dict[str, Any]) -> tuple[str, bool]:
    """The key of the one object or list in an object, or of the one that has words; does nothing beside it speak?"""
    rooms = [key for key, value in tree.items() if isinstance(value, dict | list) and value and fields.sayable(key)]
    rooms = rooms if len(rooms) < 2 else [key for key in rooms if telling.wordage(tree[key])]
    beside = {key: value for key, value in tree.items() if key not in rooms}
    return (rooms[0], not (telling.wordage(beside) or telling.has_own(beside))) if len(rooms) == 1 else ("", False)


def _json_source(documents: list[Any], whole: bool, possible: list[Source]) -> Source | None:
    if table := json_tables.found(documents, whole):
        found = [("", item) for item in peek.values(documents, fields.record_path(table.path))]
        rows = [row for _, row in json_tables.rows(found, table.columns, Counter())]
        source = _of_rows("json", rows[:peek.ITEMS], possible)
        return source and source.at([table.path], table.columns)
    known = [source for source in possible if source.match and not (source.root or source.file)]
    if placed := _placed(documents, possible) or _wrapped(documents, possible):
        return placed.at(placed.records, also=others) if (others := _others(placed, documents, known)) else placed
    if _schema(documents):
        return None
    inferred = infer.json_source(documents, whole)
    places = list(map(str, inferred["records"])) if inferred else None
    source = elsewhere.source(documents, whole, known, places)
    if not source:
        return _inferred(inferred)
    rest = None if set(places or []) <= set(source.records) else \
        _inferred(infer.json_source(documents, whole, source.records))
    return source.at([*source.records, *rest.records], also=[*source.also, rest]) if rest else source


def _schema(documents: list[Any]) -> bool:
    """Is this a JSON Schema, which only says what the fields of records elsewhere mean?"""
    root = documents[0] if len(documents) == 1 else None
    return (isinstance(root, dict) and "json-schema.org/" in str(root.get("$schema"))
            and any(isinstance(root.get(key), kind) for key, kind in _SCHEMA_KEYS.items()))


def _others(source: Source, documents: list[Any], known: list[Source]) -> list[Source]:
    """Those that the other records are from where a known source's stand; a user's is for all there."""
    samples = [value for path in source.places for value in peek.values(documents, path)[:peek.ITEMS]
               if isinstance(value, dict) and not source.fits(value)]
    return [] if source.users else [one for one in known if any(map(one.fits, samples))]


def _beside(other: fields.RecordPath, path: fields.RecordPath) -> bool:
    """May both be in one document, neither within the other?"""
    return len(other) == len(path) or (
        (other[:1] == ("[]",)) == (path[:1] == ("[]",)) and other[:len(path)] != path and path[:len(other)] != other)


def _inferred(description: dict[str, Any] | None) -> Source | None:
    if not description:
        return None
    shown = late_fields.of(description, description.pop("shown"))
    return replace(sources.compiled(description, inferred=True), shown=shown)
