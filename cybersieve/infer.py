"""Sources nobody has described: where records stand and which fields make id, title and text, by shape and name.

What is found has the form of an entry of sources.yaml, so that `parse.py --explain` can print it and a user can
correct it. Only the beginning of a file is looked at (cybersieve/peek.py).
"""

from collections.abc import Sequence
from typing import Any

from cybersieve import fields, peek, record_places, telling
from cybersieve.infer_fields import Description, described
from cybersieve.leaves import MAX_DEPTH, alike, pair


def json_source(documents: list[Any], whole: bool, read: Sequence[str] = ()) -> Description | None:
    """A description of JSON documents as `peek.json_documents` gives them; `whole`: nothing was cut off.

    None where there is nothing like a record, or all of them stand where others are `read` already.
    """
    records = [path for path in record_places.of(documents, whole)
               if not any(record_places.under(path, other) for other in read)]
    samples: list[Any] = []
    for at, path in enumerate(records):
        found = peek.records(documents, fields.record_path(path))
        # Of documents in a row those that say nothing are no records.
        told = [item for item in found if path or telling.says(item) or (item and isinstance(item, list))]
        told = told if len(told) * 2 >= len(found) else found
        while _lists(told) and not all(map(telling.turns, told)):
            records[at] = path = f"{path}[]"
            told = found = peek.records(documents, fields.record_path(path))
        objects = [item for item in told if isinstance(item, dict)] if path.endswith("[][]") else []
        samples += objects or [{"text": item} if isinstance(item, str) else item
                               for item in told or found if isinstance(item, dict | list | str)]
    source = described("json", records, samples) if samples else None
    if source and records == [""] and len(documents) == 1 and not (source["title"] or source["text"]):
        return None  # an object that says nothing is no record
    return source if source is None or read else _around(documents, source, whole) or source


def _around(documents: list[Any], source: Description, whole: bool = True) -> Description | None:
    """A description of what stands around the records, as the records: the one document, or the objects by ids in it.

    Only where what was found are short lists of names or texts (its keywords, say), and it says far more than these in
    a text that stands deeper. One beside the lists would have made it a record before.
    """
    records = [fields.record_path(path) for path in source["records"]]
    lists = all(path.endswith("[]") and telling.called(path) not in telling.LISTS for path in source["records"])
    if source["id"] or not lists or len(documents) != 1 or not isinstance(documents[0], dict):
        return None
    above, trees = _entries(documents[0])
    inner = {path[len(above):] for path in records}
    items = [item for path in inner for item in peek.records(trees, path)]
    texts = [{"text": item} for item in items if isinstance(item, str)]
    if not all(inner) or len(items) >= peek.ITEMS * len(trees) or not (above or whole) or (
            source["text"] and len(texts) < len(items)):
        return None
    inside = telling.said_in(source, items)
    if not telling.may_say_more(trees, inside):
        return None
    one = described(source["kind"], [fields.path_text(above)], trees)
    beside = {path[:-2] for path in inner}
    told = {fields.record_path(path)[:-1] for path in fields.each(one["text"])}
    return one if beside.isdisjoint(told) and telling.says_more(one, trees, inside) else None


def _entries(root: dict[str, Any]) -> tuple[fields.RecordPath, list[Any]]:
    """Where objects of one kind stand under ids (one alone: under a public number), and the first; else the root."""
    path, trees, found = (), [root], ()  # type: fields.RecordPath, list[Any], fields.RecordPath
    while len(path) < MAX_DEPTH:
        if all(isinstance(tree, dict) and _by_ids(tree) for tree in trees):
            found = path = (*path, "*")
        elif key := telling.room_of(trees[0]) if len(trees) == 1 and isinstance(trees[0], dict) else "":
            path = (*path, key)
        else:
            break
        trees = peek.values([root], path)
    return found, peek.records([root], found)[:peek.ITEMS]


def _by_ids(tree: dict[str, Any]) -> bool:
    """Are these objects of one kind, or rooms for such, or one under its public number?"""
    values = list(tree.values())
    inner = [item for value in values if isinstance(value, dict) for item in value.values()]
    return (alike(values) or (all(isinstance(value, dict) for value in values) and alike(inner))
            or record_places.by_number([tree]))


def _lists(items: list[Any]) -> bool:
    """Are these lists of objects, or pairs of an id and an object?"""
    return bool(items) and all(isinstance(item, list) and (isinstance(next(iter(item), None), dict) or pair(item))
                               for item in items)


def rows_source(kind: str, samples: list[Any]) -> Description | None:
    """A description of a table's rows."""
    return described(kind, [], samples) if samples else None


def yaml_source(samples: list[Any]) -> Description | None:
    """A description of YAML documents: records themselves, or a list or map of them in one document."""
    records = _yaml_records([tree for tree in samples if telling.wordage(tree)] or samples)
    found = [item for path in records for item in peek.records(samples, fields.record_path(path))]
    items = [item for item in found if isinstance(item, dict)]
    if 2 * len(items) > len(found):  # a list of bare texts is its document's
        source = described("yaml", records, items)
        return _around(samples, source) or source
    return described("yaml", [""], samples) if samples else None


def _yaml_records(samples: list[Any]) -> list[str]:
    """Paths of the lists or the map of records at a document's top, within an object that is all there is, or of the
    maps of which it is made."""
    root = samples[0] if len(samples) == 1 else None
    if isinstance(root, dict) and len(root) == 1:
        key, inner = next(iter(root.items()))
        if isinstance(inner, dict) and fields.sayable(key) and (below := _yaml_records([inner])) \
                and not _wrapped_record(inner, below):
            return [f"{fields.quoted(key)}.{path}" for path in below]
    records = record_places.of(samples, whole=True, single=True) if samples else [""]
    places = list(map(fields.record_path, records))
    return records if records == ["*"] or all(len(at) == 2 or at[1:] == ("[]", "*") for at in places) or (
        all(at[-1:] == ("*",) for at in places) and _filled(root, places)) else []


def _filled(tree: Any, places: list[fields.RecordPath]) -> bool:
    """Is the object nothing but rooms for the records at these places?"""
    if ("*",) in places:
        return True
    below = {key: [at[1:] for at in places if at[0] in (key, "*")] for key in tree} if isinstance(tree, dict) else {}
    return bool(below) and all(inner and _filled(tree[key], inner) for key, inner in below.items())


def _wrapped_record(tree: dict[str, Any], paths: list[str]) -> bool:
    """Is an object that is all there is a record with parts? It has an id, title or text of its own, or in an object
    beside its lists, and these are not called like an upstream's."""
    lists = [telling.called(path) for path in paths if path.endswith("[]")]
    if lists and telling.LISTS.issuperset(lists):
        return False
    return telling.has_own(tree) or (bool(lists) and telling.says(tree))
