"""A stream's records by the reader of its kind, once it is known which source they are from."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from cybersieve import (
    broken_elements,
    fields,
    json_record,
    json_stream,
    json_tables,
    late_records,
    peek,
    tables,
    xml_documents,
    xml_stream,
    yaml_stream,
)
from cybersieve.errors import InputError
from cybersieve.faults import Parts
from cybersieve.field_names import PUBLIC, has_words
from cybersieve.params import Limits
from cybersieve.sources import Source

Located = tuple[str, Any]  # locator, tree
_NUMBERED = re.compile(rf"(?:^|[ .])({PUBLIC.pattern})\[[0-9]+\]$")


class Bounds(NamedTuple):
    """What one record may be; beyond it the file is an error."""

    max_depth: int
    max_bytes: int

    @classmethod
    def of(cls, limits: Limits) -> "Bounds":
        return cls(limits.max_depth, limits.max_record_bytes)


def records(kind: str, stream: Iterator[bytes], name: str, source: Source, notes: Counter[str], bounds: Bounds,
            others: late_records.Arrays | xml_stream.Beside | None = None,
            broken: Parts | None = None) -> Iterator[Located]:
    """Locator and tree of every record; `others`: where records of other kinds may come.

    `broken` is told of records of JSON and XML that are left out for what is wrong within them alone.
    """
    if kind == "json":
        arrays = others if isinstance(others, late_records.Arrays) else None
        return _json(stream, name, source, notes, bounds, arrays, broken)
    if kind == "xml":
        beside = others if isinstance(others, xml_stream.Beside) else None
        return _xml(stream, name, source, notes, bounds, beside, broken)
    if kind == "csv":
        return tables.rows(stream, name, notes, bounds.max_bytes)
    return _yaml(stream, name, source, notes, bounds)


def _json(stream: Iterator[bytes], name: str, source: Source, notes: Counter[str], bounds: Bounds,
          arrays: late_records.Arrays | None, broken: Parts | None) -> Iterator[Located]:
    places = [arrays.path, *arrays.maps] if arrays else source.places
    trees = json_stream.records(stream, name, places, notes, *bounds, skipped(source),
                                watch=arrays and partial(arrays.watch, notes), broken=broken)
    trees = arrays.records(trees) if arrays else trees
    if pairs(source):
        trees = (one for one in trees if not _number(one[1]))  # the id in a pair of id and record
    if source.inferred and any("*" in place[:-1] for place in source.places):
        trees = (one for one in trees if late_records.records_room(one[0]))
    if source.inferred and any(place[-2:] == ("*", "[]") for place in source.places):
        trees = ((where, peek.numbered(_listed(where), tree)) for where, tree in trees)
    return json_tables.rows(trees, source.columns, notes) if source.columns else trees


def skipped(source: Source) -> frozenset[fields.RecordPath]:
    """What is left out of a large record of JSON."""
    return frozenset(map(fields.record_path, source.skip))


def pairs(source: Source) -> bool:
    """May the records stand in pairs of an id and a record?"""
    return any(place[-2:] == ("[]", "[]") for place in source.places)


def _listed(locator: str) -> str:
    """The public number of the list that a record of JSON stands in; "" for none."""
    found = _NUMBERED.search(locator)
    return found[1] if found else ""


def _number(tree: Any) -> bool:
    """Was this a text without words in an array?"""
    return isinstance(tree, dict) and tree.keys() == {"text"} and not has_words(str(tree["text"]))


def _xml(stream: Iterator[bytes], name: str, source: Source, notes: Counter[str], bounds: Bounds,
         beside: xml_stream.Beside | None, broken: Parts | None) -> Iterator[Located]:
    emptied, numbers, state = set[int](), count(), xml_stream.State()
    if broken is not None and not any("*" in names for names in source.records):
        stream = broken_elements.emptied(stream, source.records, name, *bounds, broken, emptied)
    for number, document in enumerate(xml_documents.split(stream, state.ended), 1):
        found = xml_stream.records(document, name, source.records, notes, *bounds, read=source.wanted, state=state,
                                   beside=beside, seen=source.seen)
        found = (one for one in found if not (next(numbers) in emptied and not one[1]))
        yield from _bounded(found if number == 1 else _further(found, f"document {number}", notes), name, notes)


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


def _yaml(stream: Iterator[bytes], name: str, source: Source, notes: Counter[str], bounds: Bounds) -> Iterator[Located]:
    for locator, tree in yaml_stream.documents(stream, name, notes, *bounds):
        for path in source.places:
            for number, item in enumerate(peek.records([tree], path)):
                if isinstance(item, dict | list | str):
                    place = fields.path_text(path).removesuffix("[]")
                    yield locator if not path else f"{locator}: {place}[{number}]", item
