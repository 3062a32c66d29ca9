"""XML that nobody has described: which elements are records, and which of theirs make id, title and text."""

import re
from collections.abc import Iterator
from typing import Any

from cybersieve import peek, record_places, telling, xml_tree
from cybersieve.field_names import PUBLIC, TITLES, has_words, plain, textual
from cybersieve.infer_fields import Description, described
from cybersieve.leaves import alike, chosen_fields, most


def source(elements: peek.Elements) -> Description | None:
    """A description of an XML document: the shallowest elements that come again and say something."""
    if not elements.root:
        return None
    if source := _one(elements) or _by_key(elements):
        return source
    names = _shallowest(elements)
    rooms = [record_places.inside("", _listed(elements.trees(name))) for name in names]
    inner = [path.rpartition(".")[2].removesuffix("[]").strip('"') for paths in rooms for path in paths if path]
    names = [name for name in inner if name in elements.nodes] or names
    samples = [{"#text": tree} if isinstance(tree, str) else tree for name in names for tree in elements.trees(name)]
    if not samples:
        return None
    rows = [tree for tree in samples if chosen_fields(tree)]  # a table's, and what else is called like them
    source = described("xml", names, rows or samples)
    if rows:
        source["title"] = [path for path in source["title"] if path != "@name"] or source["title"]  # not the table's
    if names == [elements.root] and not (source["title"] or source["text"]):
        return None  # an element that says nothing is no record
    return _around(elements, source, names) or source


def _shallowest(elements: peek.Elements) -> list[str]:
    """Names of the elements nearest to the root that come again and say something, and of those that came but once
    beside them and say as much."""
    def says(name: str) -> bool:
        return any(telling.wordy([tree]) for tree in elements.trees(name))

    repeated = [name for name, count in elements.counts.items() if count > 1 and elements.depths[name]
                and not _translations(elements.trees(name))]
    told = [name for name in repeated if not _field(name, elements.trees(name))]
    repeated = told or ([] if _several(elements) else repeated)
    names = _without_paragraphs([name for name in repeated if says(name)], elements)
    if not names and repeated and not any(map(says, elements.nodes)):
        names = repeated
    elif not names:
        single = [name for name in elements.nodes if says(name)]
        names = [elements.root] if not single or elements.whole else [max(single, key=lambda n: -elements.depths[n])]
    depth = min((elements.depths[name] for name in names), default=0)
    names = [name for name in names if elements.depths[name] == depth]
    once = [(name, elements.trees(name)) for name in elements.nodes if depth and elements.depths[name] == depth
            and name not in names]
    names += [name for name, trees in once if telling.titled(trees) and (telling.have_texts(trees) or any(
        alike([*trees[:1], *others[:1]]) and not telling.have_texts(others) for others in map(elements.trees, names)))]
    if any(telling.have_texts(elements.trees(name)) for name in names):
        names = [name for name in names if not _settings(elements.trees(name))]
    return [name for name in names if not _room(name, names, elements)] or names


def _settings(trees: list[Any]) -> bool:
    """Are these names with short values (what a report was made with, beside its records), here and there a text?"""
    named = [tree for tree in trees if not isinstance(tree, str)]
    return bool(named) and all(isinstance(tree, dict) and tree.keys() == {"@name", "#text"}
                               and len(tree["#text"]) < telling.OWN_FROM for tree in named)


def _around(elements: peek.Elements, source: Description, names: list[str]) -> Description | None:
    """A description of the one record around elements that come again, if its title and text, however deep, say far
    more than these do: an article whose keywords they are."""
    name, tree = _outermost(elements)
    if source["id"] or not elements.whole or name in names or elements.counts[name] != 1:
        return None
    if not isinstance(tree, dict) or telling.have_texts([_paragraphs(tree)]) or not (
            {"#text"}.issuperset(source["text"])):
        return None  # it has been looked at, or these have texts beside a title
    inside = sum(telling.said_in(source, trees) * elements.counts[name] / len(trees)
                 for name in names if (trees := elements.trees(name)))
    if not telling.may_say_more([tree], inside):
        return None
    one = described("xml", [name], [tree])
    return one if telling.says_more(one, [tree], inside) else None


def _outermost(elements: peek.Elements) -> tuple[str, Any]:
    """Name and tree of the root, or of the one element that it wraps, or that one."""
    name, tree = elements.root, next(iter(elements.trees(elements.root)), None)
    while isinstance(tree, dict) and "#text" not in tree and (
            len(inner := [key for key in tree if not key.startswith("@")]) == 1):
        name, tree = inner[0], tree[inner[0]]
    return name, tree


def _one(elements: peek.Elements) -> Description | None:
    """A description of the element that is the document's one record, with parts: its root, or what that wraps."""
    name, tree = _outermost(elements)
    if not elements.whole or not isinstance(tree, dict) or elements.counts[name] != 1:
        return None
    joined = _paragraphs(tree)
    if not isinstance(joined, dict):
        return None  # an attribute is all it has
    arrays = {path: items for path, items in record_places.arrays_in(joined, "", 0) if telling.wordy(items) >= 0.5}
    speaks = telling.have_texts([joined]) or (
        has_words(str(joined.get("#text", ""))) and not _field(name, [tree]) and not _all_in_sections(elements))
    if not speaks or not telling.has_parts(joined, arrays):
        return None
    source = described("xml", [name], [tree])
    return source if telling.characters(source, [tree]) * 2 > telling.wordage(tree) else None


def _all_in_sections(elements: peek.Elements) -> bool:
    """Does every paragraph stand in one of several sections, which are records of their own?"""
    depths = [[elements.depths[name] for name in names & elements.depths.keys()]
              for names in ({name for name in xml_tree.SECTIONS if elements.counts[name] > 1}, xml_tree.SURE)]
    return bool(depths[0]) and min(depths[0]) < min(depths[1], default=0)


def _by_key(elements: peek.Elements) -> Description | None:
    """A description of elements whose names are ids (`<CVE-2014-0160>`), below the root or in a room there."""
    for depth in 1, 2:
        names = [name for name, at in elements.depths.items() if at == depth and elements.trees(name)]
        trees = [elements.trees(name)[0] for name in names]
        stems = {re.sub("[0-9].*", "", name, flags=re.DOTALL) for name in names}
        ids = len(stems) == 1 or all(map(PUBLIC.fullmatch, names))
        if ids and len(names) > 2 and all(elements.counts[name] == 1 for name in names) and (
                alike(trees) and telling.have_texts(trees)):
            return described("xml", [".".join("*" * depth)], [{"@key": name, **tree} for name, tree in zip(
                names, trees, strict=True) if isinstance(tree, dict)])
    return None


def _paragraphs(tree: Any) -> Any:
    """The tree with texts that are broken into elements of one name as one: `<description><p>..</p><p>..</p>`."""
    if isinstance(tree, list):
        return "\n".join(tree) if all(isinstance(item, str) for item in tree) else tree
    if not isinstance(tree, dict):
        return tree
    tree = {key: _paragraphs(value) for key, value in tree.items()}
    only = next(iter(tree.values()), None)
    return only if len(tree) == 1 and isinstance(only, str) else tree


def _several(elements: peek.Elements) -> bool:
    """Does the root, or what it wraps, have fields of several names? Then titles and texts there are no records."""
    _, tree = _outermost(elements)
    return isinstance(tree, dict) and len([key for key in tree if not key.startswith("@")]) > 1


def _room(name: str, names: list[str], elements: peek.Elements) -> bool:
    """Does the element say nothing itself, but hold one of the other names somewhere below?"""
    samples, others = elements.trees(name), [other for other in names if other != name]
    prose = any(isinstance(tree, dict) and has_words(str(tree.get("#text", ""))) for tree in samples)
    return not (prose or telling.have_texts(samples)) and any(_holds(tree, others) for tree in samples)


def _holds(tree: Any, names: list[str]) -> bool:
    inner = tree.items() if isinstance(tree, dict) else [("", item) for item in tree] if isinstance(tree, list) else []
    return any(key in names or _holds(value, names) for key, value in inner)


def _listed(trees: list[Any]) -> list[Any]:
    """Elements whose children of one name are a list in all of them, where they are in one."""
    several = {path for tree in trees for path in _lists_in(tree, ())}
    return [_with_lists(tree, (), several) for tree in trees]


def _lists_in(tree: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        below = (*path, key)
        if isinstance(value, list):
            yield below
        for item in value if isinstance(value, list) else [value]:
            yield from _lists_in(item, below)


def _with_lists(tree: Any, path: tuple[str, ...], several: set[tuple[str, ...]]) -> Any:
    if not isinstance(tree, dict):
        return tree
    result = {}
    for key, value in tree.items():
        items = [_with_lists(item, (*path, key), several) for item in (value if isinstance(value, list) else [value])]
        result[key] = items if (*path, key) in several else items[0]
    return result


def _translations(samples: list[Any]) -> bool:
    """Is each a text in a language of its own (one may not say in which)?"""
    languages = {tree.get("@lang") if isinstance(tree, dict) else None for tree in samples}
    return len(languages) == len(samples) > 1 and all(map(_text, samples))


def _without_paragraphs(names: list[str], elements: peek.Elements) -> list[str]:
    """Paragraphs and lists nearest to the root are those of a text beside the records, where these say what they are
    and have most of the paragraphs in them."""
    trees, depths = elements.trees, elements.depths
    blocks = {name for name in names if name.lower() in xml_tree.SURE and all(map(_text, trees(name)))}
    others = [name for name in names if name not in blocks and (
        telling.have_texts(trees(name)) or telling.titled(trees(name)))]
    if not others or not any(depths[name] == min(depths[name] for name in names) for name in blocks):
        return names
    theirs = "\n".join(telling.strings(list(map(trees, others))))
    paragraphs = filter(has_words, telling.strings(list(map(trees, blocks))))
    return others if most(text in theirs for text in paragraphs) else names


def _field(name: str, samples: list[Any]) -> bool:
    """Is this a title or a text, in several languages or parts, not a record?"""
    return (textual(name) or plain(name) in TITLES or plain(name).endswith("title")) and all(
        map(_text, map(_paragraphs, samples)))


def _text(tree: Any) -> bool:
    """Is this a text, with attributes or without?"""
    return isinstance(tree, str) or (isinstance(tree, dict) and all(key.startswith(("@", "#")) for key in tree))
