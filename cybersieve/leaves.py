"""A record's values by the keys down to them, as far as a path can say them (cybersieve/fields.py)."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from cybersieve import fields
from cybersieve.field_names import (
    ANSWERS,
    ASKING,
    CHOICES,
    NAMED,
    TEXT_ENDS,
    TITLES,
    numeric,
    plain,
    textual,
)

Leaf = tuple[str, ...]  # keys down to a value; "*" for any
MAX_DEPTH = 5  # of record arrays in the document, and of fields in a record
MAP_FROM = 3  # objects alike under keys that are no names of fields
BEARS_PARENTS_NAME = frozenset(("#text", "_", "$", "value", "@value", "en", "rendered", "$oid", "$date", "$numberLong",
                                "S", "N", "*", "str", "string", "p", "para", "paragraph", "simpara"))
ATTRIBUTES = frozenset(("$", "@", "attr", "attrs", "_attributes", "@attributes"))  # an XML element's, turned into JSON
CHOICE = re.compile("(?:(?:option|choice|answer|step)[ _]?)?(?:[A-Ja-j]|[0-9]{1,3})")  # of several to choose from
_LANGUAGES = ("lang", "language", "locale", "@lang", "@language", "xml:lang")  # keys that say which one
_LANGUAGE = re.compile("[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4}){0,2}")
SIMPLE = re.compile(r"[\w .:/-]+")  # a name that a path can hold


def alike(values: list[Any]) -> bool:
    """Are these objects of one kind (an object of id -> record)?"""
    objects = [set(value) for value in values if isinstance(value, dict) and value]
    if len(objects) < 2 or len(objects) < 0.8 * len(values):
        return False
    shared = [len(a & b) / len(a | b) for a, b in zip(objects, objects[1:], strict=False)]
    return sum(shared) / len(shared) >= 0.5


def most(answers: Iterable[object]) -> bool:
    """Are more than half of these true?"""
    said = list(map(bool, answers))
    return sum(said) * 2 > len(said)


def pair(value: Any) -> bool:
    """Is this an id and its record?"""
    return isinstance(value, list) and list(map(type, value)) == [str, dict]


class Alone(str):
    """A `text` that is all its parent has beside attributes, and bears its name: `{"name": {"text": ..}}`."""


class Chosen(str):
    """A field that some of a key's items are: whose name is an attribute (`<column name="title">` is `title`), or that
    is said in English."""

    key: str  # of the items
    step: str  # of its path
    items: fields.Values  # that it is, of the tree above it

    @classmethod
    def of(cls, key: str, choice: str, name: str) -> "Chosen":
        chosen = cls(name)
        chosen.key, chosen.step = key, f"{fields.quoted(key)}[{choice}]"
        chosen.items = fields.values(chosen.step)
        return chosen


def chosen_fields(tree: dict[str, Any]) -> dict[Chosen, list[Any]]:
    """The fields that bear their names as attributes: two or more, some known ones, and no others."""
    found: dict[Chosen, list[Any]] = {}
    for key, value in tree.items():
        for item in value if isinstance(value, list) else [value]:
            name = item.get("@name") if isinstance(item, dict) else None
            if isinstance(name, str) and SIMPLE.fullmatch(name) and fields.sayable(key):
                field = Chosen.of(key, f"@name={name}", name)
                found.setdefault(field, []).append({k: v for k, v in item.items() if k != "@name"})
            elif isinstance(item, dict):
                return {}
    known = any(plain(name) in NAMED or plain(name).endswith(TEXT_ENDS) for name in found)
    return found if len(found) > 1 and known else {}


def _spoken(key: str, value: Any) -> str:
    """The key; where its items are one thing in several languages, with the choice of English. One item may say no
    language if this is a text or a title."""
    items = value if isinstance(value, list) and len(value) > 1 else []
    small = items and all(isinstance(item, str) or (isinstance(item, dict) and len(item) <= 3) for item in items)
    for name in _LANGUAGES if small else ():
        said = [one for item in items if isinstance(item, dict) and (one := item.get(name)) is not None]
        if all(isinstance(one, str) and _LANGUAGE.fullmatch(one) for one in said) and len(set(said)) == len(said) and (
                any(one.startswith("en") for one in said) if len(said) == len(items) else
                len(said) == len(items) - 1 and (textual(key) or plain(key) in TITLES)):
            return Chosen.of(key, f"{name}=en|*", key)
    return key


def by_ids(tree: dict[str, Any]) -> bool:
    """Is this an object of id -> object? Numbers are enough, other names must be some, and none that of a field."""
    inner = list(tree.values())
    if all(map(numeric, tree)):
        return bool(tree) and all(isinstance(value, dict) for value in inner)
    return len(tree) >= MAP_FROM and alike(inner) and NAMED.isdisjoint(map(plain, tree))


def _answer(tree: dict[str, Any], key: str) -> bool:
    """Is it an object that a model is to answer with, whose fields are none of a text?"""
    asked = plain(key) in ANSWERS - CHOICES and any(plain(other) in ASKING and isinstance(tree[other], str)
                                                    for other in tree)
    return asked and not any(map(textual, _keys(tree[key])))


def _keys(tree: Any) -> Iterator[str]:
    for item in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _keys(item)
    yield from tree if isinstance(tree, dict) else ()


def _alone(tree: dict[str, Any]) -> bool:
    return len(tree) == 1 or sum(not key.startswith("@") for key in tree) == 1


def of(tree: Any, above: Leaf = ()) -> Iterator[Leaf]:
    """The keys down to each value of a record."""
    if isinstance(tree, dict) and len(above) < MAX_DEPTH:
        if above and len(tree) > 1 and all(map(CHOICE.fullmatch, tree)) and not any(
                isinstance(value, dict | list) for value in tree.values()):
            yield (*above, "*")
            return
        if above and by_ids(tree):
            for value in tree.values():  # by ids that no other record has
                yield from of(value, (*above, "*"))
            return
        chosen = chosen_fields(tree)
        for name, items in chosen.items():
            yield from of(items, (*above, name))
        for key, value in tree.items():
            if not above and isinstance(value, dict) and _answer(tree, key):
                yield (key,)
            elif fields.sayable(key) and not (chosen and isinstance(value, dict | list)):
                alone = key == "text" and above and _alone(tree)
                yield from of(value, (*above, Alone(key) if alone else _spoken(key, value)))
    elif isinstance(tree, list):
        for item in tree[:5]:
            yield from of(item, above)
    elif above and tree not in (None, ""):
        yield above


def all_of(trees: list[Any]) -> list[Leaf]:
    """The same of several records, each once, with the choice that one of them shows."""
    found: dict[Leaf, Leaf] = {}
    for leaf in (leaf for tree in trees for leaf in of(tree)):
        if leaf not in found or any(isinstance(key, Chosen) for key in leaf):
            found[leaf] = leaf
    return list(found.values())


def values(tree: Any, leaf: Leaf) -> Iterator[Any]:
    if isinstance(tree, list):
        for item in tree:
            yield from values(item, leaf)
    elif not leaf:
        yield tree
    elif isinstance(tree, dict) and isinstance(leaf[0], Chosen):
        yield from values(leaf[0].items(tree), leaf[1:])
    elif isinstance(tree, dict) and leaf[0] == "*":
        for item in tree.values():
            yield from values(item, leaf[1:])
    elif isinstance(tree, dict) and leaf[0] in tree:
        yield from values(tree[leaf[0]], leaf[1:])


@lru_cache(4096)
def _known(key: str) -> bool:
    """Is this the name of a field?"""
    return plain(key) in NAMED or textual(key)


@lru_cache(4096)
def _one_of(key: str, above: str) -> bool:
    """Is this called like one of several texts (`steps.step`), and only these like a text?"""
    return plain(above) == f"{plain(key)}s" and textual(above) and not textual(key)


def bare(leaf: Leaf) -> Leaf:
    """The leaf without what says nothing: `title.#text` is the title, and so is `attr.@_title`."""
    while len(leaf) > 1 and (leaf[-1] in BEARS_PARENTS_NAME or (
            _known(leaf[-2]) if isinstance(leaf[-1], Alone) or leaf[-1] == "raw" else _one_of(leaf[-1], leaf[-2]))):
        leaf = leaf[:-1]
    return tuple(key for key in leaf[:-1] if key not in ATTRIBUTES) + leaf[-1:]


def above(leaf: Leaf) -> Leaf:
    """The keys of what the leaf stands in, those that say nothing left out."""
    return bare(leaf)[:-1]


def name(leaf: Leaf) -> str:
    return plain(bare(leaf)[-1])


def path(leaf: Leaf) -> str:
    return ".".join(key.step if isinstance(key, Chosen) else key if key == "*" else fields.quoted(key) for key in leaf)
