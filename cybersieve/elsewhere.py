"""A known upstream's records where its description does not list them: in wrappers, by their ids, in pages in a row.

What a record must have (`match` in sources.yaml) tells an upstream wherever it stands. Only the beginning of a document
is looked through (cybersieve/peek.py), its shallow places first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cybersieve import fields, peek, telling
from cybersieve.leaves import pair
from cybersieve.sources import Source

STEPS = 5  # keys and arrays down to a record
NODES = 3000  # looked at on one level
FOUND = "_source"  # where Elasticsearch's answers, and dumps of these, hold a record


@dataclass(frozen=True)
class _Node:
    value: Any
    path: tuple[str, ...]
    depth: int  # steps down to it, those through objects of one key left out: these say nothing of their own


def source(documents: list[Any], whole: bool, known: Sequence[Source], inferred: list[str] | None) -> Source | None:
    """The known source whose records stand somewhere in the documents, with their places, or None.

    Others whose records stand as deep are in its `also`. `inferred`: where records were found by shape. What stands in
    these is a part of a record, not a record, but for lists in what says nothing of its own: pages in an array.
    """
    alone = len(documents) == 1 and inferred in (None, [""])
    places = list(map(fields.record_path, inferred or []))
    most = min(map(len, places), default=STEPS)
    pages = [place for place in places if place and _silent(peek.values(documents, place))]
    level = [_Node(document, (), 0) for document in documents]
    for _ in range(STEPS + 1):
        found: dict[str, list[tuple[str, ...]]] = {}
        for node in level:
            if isinstance(node.value, dict) and (node.depth <= most or (alone and "[]" in node.path)
                                                 or any(_listed(node.path, place) for place in pages)):
                name = next((one.name for one in known if one.fits(node.value)), "")
                found.setdefault(name, []).append(node.path)
        if fitting := [one for one in known if one.name in found]:
            here = [_joined(list(dict.fromkeys(found[one.name])), whole) for one in fitting]
            return fitting[0].at([path for paths in here for path in paths], also=fitting[1:])
        level = [below for node in level for below in _below(node) if alone or pages or below.depth <= most][:NODES]
    return None


def _silent(items: list[Any]) -> bool:
    """Are these objects without an id, a title, a text or any words?"""
    return bool(items) and all(isinstance(item, dict) and not any(map(telling.own, item))
                               and not telling.says_beside_lists(item) for item in items)


def _listed(path: tuple[str, ...], place: fields.RecordPath) -> bool:
    """Does the path lead into a list within what stands at the place?"""
    return "[]" in path[len(place):] and all(step in ("*", key) for step, key in zip(place, path, strict=False))


def _below(node: _Node) -> list[_Node]:
    if pair(node.value):
        return [_Node(node.value[1], (*node.path, "[]"), node.depth)]
    if isinstance(node.value, list):
        return [_Node(item, (*node.path, "[]"), node.depth + 1) for item in node.value]
    if not isinstance(node.value, dict):
        return []
    if isinstance(found := node.value.get(FOUND), dict):
        return [_Node(found, (*node.path, FOUND), node.depth)]
    depth = node.depth + (len(node.value) > 1)
    return [_Node(value, (*node.path, key), depth) for key, value in node.value.items()
            if isinstance(value, dict | list) and fields.sayable(key)]


def _joined(paths: list[tuple[str, ...]], whole: bool) -> list[str]:
    """The paths as texts; those that differ in keys as one of any key, as there may be more of these further on."""
    alike = [path for path in paths if len(path) == len(paths[0])]
    if len(alike) > (2 if whole else 1):
        steps = [seen[0] if len(set(seen)) == 1 else "*" for seen in zip(*alike, strict=True)]
        return [fields.path_text(steps)]
    return [fields.path_text(path) for path in paths]
