"""Records of a kind that the beginning of a file did not show.

What a source nobody has described is like, its first records tell (infer.py). Further on there may be others: comments
behind posts in one array or on lines of their own, a second array behind the first. These are read by the names of
their own fields, and by nothing else, so that all records of one shape are read alike, in whatever piece of a file.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import orjson

from cybersieve import extract, fields, leaves, neutral_keys, peek, sources, xml_stream
from cybersieve.field_names import (
    EITHER,
    FLAGS,
    IDS,
    META,
    OTHERS,
    PEOPLE,
    STATUSES,
    TITLES,
    has_words,
    plain,
    textual,
)
from cybersieve.infer_fields import described
from cybersieve.leaves import BEARS_PARENTS_NAME, MAX_DEPTH
from cybersieve.sources import Source

SHAPES, LEAVES = 300, 500  # kept at a time, and looked at of each; what one is like takes a fifth of a millisecond
NOT_READ = "texts in objects beside the records that the beginning does not show: not read"
NAMES = frozenset(IDS).union(STATUSES, *META.values(), *FLAGS.values())
# Arrays that hold no records, wherever they stand.
NO_RECORDS = OTHERS | PEOPLE | {"links", "urls", "errors", "warnings", "fields", "columns", "definitions", "schema",
                                "facets", "contributors", "maintainers", "pagination"}
WORDS = "some words that are a text, and long enough"  # in the place of every text, as only names count


class Kinds:
    """The kinds of records met that the source was not inferred from, by their shape."""

    def __init__(self) -> None:
        self.seen: dict[bytes, Source | None] = {}

    def of(self, tree: Any, source: Source | None = None) -> Source | None:
        """How to read a record; None where no field of it is named like a text, as near to its top as the source's."""
        alike = _alike(tree) if isinstance(tree, dict) else None
        if alike is None or sum(1 for _ in islice(leaves.of(alike), LEAVES + 1)) > LEAVES:
            return None
        shape = orjson.dumps(alike, option=orjson.OPT_SORT_KEYS)
        if shape not in self.seen:
            self._look(shape)
        other = self.seen[shape]
        if other and source and source.text and min(_depths(other)) > max(_depths(source)):
            return None  # of its author, say
        return other

    def _look(self, shape: bytes) -> None:
        """Remember how to read records of this shape, and of shapes that differ only in keys that say nothing."""
        names: dict[str, str] = {}
        like = orjson.dumps(neutral_keys.record(orjson.loads(shape), names))  # in the order of the keys it has
        other = self.seen[like] if like in self.seen else _source(orjson.loads(like))
        if len(self.seen) >= SHAPES:
            self.seen.clear()
        self.seen[like] = other
        self.seen[shape] = _called(other, {own: key for key, own in names.items()}) if other and names else other


def _called(source: Source, names: dict[str, str]) -> Source:
    """The source with other keys in its paths."""
    def called(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: called(path) for key, path in item.items()}
        return list(map(called, item)) if isinstance(item, list) else neutral_keys.path(item, names)
    paths = {key: called(source.described[key]) for key in ("id", "title", "text", "status", "meta")}
    return sources.compiled(source.described | paths, inferred=True)


def _depths(source: Source) -> list[int]:
    return [len(fields.steps(path)) for path in source.described["text"]]


def _source(tree: dict[str, Any]) -> Source | None:
    """How to read a record like this one; the tree alone decides, its keys being sorted."""
    if not any(textual(key) for leaf in leaves.of(tree) for key in leaf):
        return None
    description = described("json", [""], [tree])
    del description["shown"]
    description["title"] = [path for path in description["title"] if _titles(_name(path))]
    named = any(textual(_name(path)) for path in description["text"])
    return sources.compiled(description, inferred=True) if named else None


def _name(path: str) -> str:
    """The name of the field at a path: its attribute's, or that of what it stands in if its own says nothing."""
    return leaves.bare(tuple(wanted if name == "@name" else key for key, name, wanted in fields.steps(path)))[-1]


def _titles(key: str) -> bool:
    name = plain(key)
    return name in TITLES or name in EITHER or name.endswith("title")


@lru_cache(4096)
def _telling(key: str) -> bool:
    """Does the name say what stands there, or is it its parent's that does?"""
    return key in BEARS_PARENTS_NAME or textual(key) or _titles(key) or plain(key) in NAMES or plain(key).endswith("id")


def _alike(tree: Any, key: str = "", depth: int = 0) -> Any:
    """A tree's shape: each text is WORDS, each number 1, each truth value true; fields without a telling name go."""
    if isinstance(tree, dict | list):
        if depth > 2 * MAX_DEPTH:  # where no field is looked for; a list counts as well
            return None
        if isinstance(tree, dict):
            chosen = leaves.chosen_fields(tree)
            parts = {name: _alike(value, name, depth + 1) for name, value in tree.items()}
            parts |= {key: _named(tree[key], depth + 2) for key in {name.key for name in chosen}}
            return {name: part for name, part in parts.items() if part is not None} or None
        return [part for value in tree[:5] if (part := _alike(value, key, depth + 1)) is not None] or None
    if tree in (None, "") or not _telling(key):
        return None
    return WORDS if isinstance(tree, str) else True if isinstance(tree, bool) else 1


def _named(items: Any, depth: int) -> list[Any]:
    """The shape of fields that bear their names as attributes."""
    found = [(item["@name"], item.get("#text")) for item in (items if isinstance(items, list) else [items])
             if isinstance(item, dict)]  # not one without a name, which is its text
    return [{"@name": name} | ({"#text": _alike(text, name, depth)} if text else {}) for name, text in found]


class Arrays(NamedTuple):
    """Arrays of a JSON document beside those of its records, and what else comes late, which is counted."""

    path: fields.RecordPath  # of all of them
    maps: list[fields.RecordPath]  # where records stand by their ids
    own: frozenset[str]  # what those with records are called in locators
    seen: frozenset[str]  # and those that the beginning shows, with records or without, here and on the way
    source: Source  # of the records

    def records(self, found: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        """What was found, without those items of other arrays that say nothing."""
        kinds = Kinds()
        for locator, tree in found:
            name = locator.rpartition("[")[0]
            if name in self.own or (self.maps and "@key" in tree) or (
                    name not in self.seen and records_room(locator) and not _tag(tree)
                    and (kinds.of(tree) or extract.has_text(self.source, tree) or _named_as(self.source, tree))):
                yield locator, tree

    def watch(self, notes: Counter[str], keys: list[str], text: str) -> None:
        """Count a text in no record, if it is named like one, in an object that the beginning does not show."""
        above = self.path[:-2]
        level = next((at for at, (key, own) in enumerate(zip(keys, above, strict=False)) if key != own), len(above))
        room, inner = keys[:level + 1], keys[level + 1:]
        array = level == len(above) and inner[:1] == ["[]"]  # is read
        if inner and not array and textual(inner[-1]) and has_words(text) and (
                ".".join(room) not in self.seen and plain(room[-1]) not in NO_RECORDS):
            notes[NOT_READ] += 1


def records_room(locator: str) -> bool:
    """May what stands there be a record, by the name of its array?"""
    return plain(locator.rpartition("[")[0].rpartition(".")[2]) not in NO_RECORDS


def _named_as(source: Source, tree: Any) -> bool:
    """Does it have an id and a title of some words, where the source's records have nothing else?"""
    return not source.text and any(find(tree) for find in source.id) and any(
        has_words(fields.as_text(value)) for find, _ in source.title for value in find(tree))


def _tag(tree: dict[str, Any]) -> bool:
    """Is this only a word or two from an array of texts?"""
    return len(tree) == 1 and "text" in tree and (len(str(tree["text"])) < 20 or not has_words(str(tree["text"])))


def arrays(source: Source, begin: bytes) -> Arrays | None:
    """Where arrays with records may come that the beginning of a document of JSON does not show; None: nowhere."""
    places = source.places
    if not source.inferred or source.columns or any(
            len(place) < 2 or place[-1] not in ("[]", "*") or {"*", "[]"} & set(place[:-1]) for place in places):
        return None
    above = places[0][:-2]
    documents = peek.json_documents(begin)
    rooms = peek.values(documents, above)
    if len(documents) != 1 or len(rooms) != 1 or any(place[:-2] != above for place in places):
        return None
    maps = [place for place in places if place[-1] == "*"]
    shown = [(*above[:level], key) for level in range(len(above) + 1)
             for room in peek.values(documents, above[:level]) for key in room]
    return Arrays((*above, "*", "[]"), maps, frozenset(".".join(place[:-1]) for place in places),
                  frozenset(map(".".join, shown)), source)


def elements(source: Source, begin: bytes) -> xml_stream.Beside | None:
    """On which level of a document of XML records of other names may come; None: none is known."""
    if not source.inferred:
        return None
    seen = peek.xml_elements(begin, whole=False, most=0)
    depths = {seen.depths[name] for name in source.records if name in seen.depths}
    if len(depths) != 1:
        return None
    depth = depths.pop()
    return xml_stream.Beside(depth, frozenset(name for name in seen.counts if seen.depths[name] == depth))
