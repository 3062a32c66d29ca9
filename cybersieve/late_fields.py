"""Fields that only records further on have: a solution, a date, when something was withdrawn.

The keys that the first records of a file have are kept as a tree. A record that has more is read as its source says,
and its further texts, title, status and metadata by the names of their fields, as if the first records had them. What a
record gives depends on it and on the beginning of the file alone, so that it is the same in whatever piece of a file.

Not covered: ids, and what is new deeper in a record, in lists without a text before, or behind the first items of one.
Further texts whose names are unknown are counted.
"""

import re
from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

from cybersieve import extract, fields, leaves, neutral_keys, sources
from cybersieve.field_names import FIRM, FLAGS, META, STATUSES, encoded, has_words, plain, textual
from cybersieve.fields import Step
from cybersieve.infer_fields import BESIDE, beside, captured, described
from cybersieve.leaves import MAX_DEPTH, SIMPLE
from cybersieve.sources import Source

ITEMS, LEAVES, SETS = 5, 40, 300  # looked at of a list and of a record; sets of fields kept at a time
MANY = 200  # fields looked at that bear their names as attributes
LONGEST = 200  # characters of a key, as sets of fields are kept
NOT_READ = "texts in fields that the beginning does not show: not read"  # of no known name, or deep in a record
KNOWN = frozenset(FIRM).union(STATUSES, *META.values(), *FLAGS.values())
TEXT, SENTENCES, SHORT, YES, WORD = range(5)  # what may stand in a field
LIKE = {TEXT: "This is what was found there, and how it came to be so, as far as anybody can tell. " * 4, YES: "true",
        SHORT: "a few words", WORD: "word"}  # in the place of what stands there: only names count
LIKE[SENTENCES] = LIKE[TEXT]
_YES = re.compile(r"(?:true|false|yes|no|[ynt01f]|null|none|never|n/a|x)$|[0-9]{4}-[0-9]{2}|[0-9]{9,}", re.I)
_END = re.compile(r"[.!?。！？]\s*(?:</\w+>\s*)*\Z")  # of a sentence, also in HTML
Place = tuple[Step, ...]  # with [] for the choice where a key has a list


class More(NamedTuple):
    """What is read of the further fields that some records have."""

    source: Source | None  # the one they were found for, with these; None: nothing else is read
    paths: dict[str, Any]  # of these, by what they are for
    unread: int  # texts that are not read


class Shown:
    """The keys that have values in the first records, as deep as fields are looked for."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.below: dict[str, Shown] = {}
        self.each: Shown | None = None  # of an object by ids
        self.lists: set[str] = set()  # keys of lists of objects
        self.names: dict[str, set[str]] = {}  # of fields that bear their names as attributes, by their key
        self.rooms: set[leaves.Leaf] = set()  # where texts stand
        self.sources: dict[Any, More] = {}

    def see(self, tree: Any, depth: int = 0) -> "Shown":
        """Add a record, or what stands in one."""
        for item in tree[:ITEMS if depth else None] if isinstance(tree, list) else [tree]:
            if not isinstance(item, dict) or depth == MAX_DEPTH:
                continue
            if depth and leaves.by_ids(item):
                self.each = self.each or Shown()
                for value in item.values():
                    self.each.see(value, depth + 1)
                continue
            for field in leaves.chosen_fields(item):
                self.names.setdefault(field.key, set()).add(field)
            for key, value in item.items():
                if value not in (None, "", [], {}):
                    self.keys.add(key)
                    if isinstance(value, list) and dict in map(type, value[:ITEMS]):
                        self.lists.add(key)
                    if key not in self.names and (isinstance(value, dict) or key in self.lists):
                        self.below.setdefault(key, Shown()).see(value, depth + 1)
        return self

    def within(self, paths: list[list[str]], top: bool = True) -> "Shown":
        """Only the keys beside a record's texts and in objects at its top: to look at all would take too long."""
        below = {key: [path[1:] for path in paths if path and path[0] in (key, "*")] for key in self.below}
        self.below = {key: inner.within(below[key], False) for key, inner in self.below.items()
                      if any(below[key]) or (top and key not in self.lists)}
        self.each = self.each and self.each.within([path[1:] for path in paths], False)
        return self

    def tree(self) -> fields.Wanted:
        """All keys, with those below each."""
        return {key: self.below[key].tree() if key in self.below else {} for key in self.keys}

    def add_late(self, tree: Any, above: Place, found: dict[Place, int]) -> None:
        """Add what else a record has. Called for every record, so keys are compared as sets."""
        if type(tree) is not dict:
            return
        if self.each:
            for key in list(tree)[:ITEMS]:
                _values(self.each, tree[key], above, "*", found)
            return
        if not tree.keys() <= self.keys:
            for key in tree:
                if key not in self.keys:
                    _add(tree[key], above, key, found)
        for key, inner in self.below.items():
            if key in tree:
                _values(inner, tree[key], above, key, found)
        for key, names in self.names.items():
            value = tree.get(key)
            items: list[Any] = value[:MANY] if type(value) is list else [value]
            for item in items:
                name = item.get("@name") if type(item) is dict else None
                if type(name) is str and name not in names and len(name) <= LONGEST and SIMPLE.fullmatch(name):
                    _add(item.get("#text"), (*above, (key, "@name", name)), "#text", found)


def _values(inner: Shown, value: Any, above: Place, key: str, found: dict[Place, int]) -> None:
    if type(value) is dict:
        inner.add_late(value, (*above, (key, "", "")), found)
    elif type(value) is list:
        for item in value[:ITEMS]:
            inner.add_late(item, (*above, (key, "[]", "")), found)


def _add(value: Any, above: Place, key: str, found: dict[Place, int]) -> None:
    """Add what stands under a key that the first records do not have, if it is told by its name or is sentences."""
    if value is None or value == "" or len(found) >= LEAVES or len(key) > LONGEST or not fields.sayable(key):
        return
    if isinstance(value, list):
        for item in value[:ITEMS]:
            _add(item, above, key, found) if not isinstance(item, dict) else _inner(item, above, (key, "[]", ""), found)
    elif isinstance(value, dict):
        _inner(value, above, (key, "", ""), found)
    else:
        place = (*above, (key, "", ""))
        kind = _kind(value, _named(place))
        if kind is not None:
            found[place] = min(kind, found.get(place, kind))


def _inner(tree: dict[str, Any], above: Place, step: Step, found: dict[Place, int]) -> None:
    if len(above) + 1 < MAX_DEPTH:
        for key, value in tree.items():
            _add(value, (*above, step), key, found)


def _kind(value: Any, named: bool) -> int | None:
    """Which kind a value is; None for what would not be read."""
    if not isinstance(value, str):
        return (YES if value in (0, 1) or value > 10 ** 8 else WORD) if named else None
    if not named:
        return SENTENCES if len(value) >= BESIDE and _END.search(value[-LONGEST:]) and has_words(value) else None
    if extract.gone(value) or encoded(value) or captured(value):
        return None
    if has_words(value):
        return TEXT if len(value) >= 20 else SHORT
    return YES if _YES.match(value) else WORD


@lru_cache(4096)
def _named(place: Place) -> bool:
    key = leaves.bare(_leaf(place))[-1]
    return textual(key) or plain(key) in KNOWN or _titled(key)


def _leaf(place: Place) -> leaves.Leaf:
    return tuple(wanted if name == "@name" else key for key, name, wanted in place)


def _path(place: Place) -> str:
    return ".".join(key if key == "*" else fields.quoted(key) + f"[@name={wanted}]" * (name == "@name")
                    for key, name, wanted in place)


def wider(source: Source, tree: Any, notes: Counter[str]) -> Source | None:
    """The source that reads what else this record has; None if that is nothing. Texts left unread are counted."""
    shown: Shown | None = source.shown
    if shown is None:
        return None
    found: dict[Place, int] = {}
    shown.add_late(tree, (), found)
    if not found:
        return None
    if not any(map(_named, found)):  # the more such sets of keys, the more each is of one record (by dates, say)
        if unread := sum(_counts(place, shown.rooms) for place in found):
            notes[NOT_READ] += unread
        return None
    key = frozenset(found.items())
    if key not in shown.sources:
        _look(source, shown, found, key)
    more = shown.sources[key]
    if more.unread:
        notes[NOT_READ] += more.unread
    return more.source


def _look(source: Source, shown: Shown, found: dict[Place, int], key: Any) -> None:
    """Remember what is read of such records, under their own keys and under the neutral ones that stand for them."""
    neutral = neutral_keys.places({place: _level(shown, place) for place in found})
    like = tuple((neutral[place], found[place]) for place in sorted(found))  # in whose order texts are told
    alike = all(place == other for place, other in neutral.items())
    more = shown.sources.get(like) or _more(source, dict(like))
    if len(shown.sources) >= SETS:
        shown.sources.clear()
    if not alike:
        shown.sources[like] = more
        names = {_path(other): _path(place) for place, other in neutral.items()}
        more = More(more.source and _wider(source, more.paths, names), {}, more.unread)
    shown.sources[key] = more


def _level(shown: Shown, place: Place) -> int:
    """How many of the keys down to a place the first records have."""
    for level, (key, _, _) in enumerate(place):
        below = shown.each if key == "*" else shown.below.get(key)
        if below is None:
            return level
        shown = below
    return len(place)


def _counts(place: Place, rooms: set[leaves.Leaf]) -> bool:
    """Would sentences there be a text if the first records had them?"""
    *room, key = leaves.bare(_leaf(place))
    return tuple(room) in rooms and beside(key)


def _more(source: Source, found: dict[Place, int]) -> More:
    """What of these fields would be read if the first records had them."""
    told = source.described
    own = [fields.steps(path) for path in fields.each(told["text"])]
    samples: list[dict[str, Any]] = [{}, {}]
    for n, sample in enumerate(samples):
        for place, kind in found.items():
            _put(sample, place, LIKE[kind] + str(n) * (kind <= SENTENCES))
        for steps in own:
            _put(sample, tuple(steps), LIKE[TEXT] + str(n))
        for path in told["title"]:
            _put(sample, tuple(fields.steps(path)), f"A title of it, {n}")
    other = described(source.kind, [], samples)
    places = {_path(place): place for place in found}
    bare = {path: leaves.bare(_leaf(place)) for path, place in places.items()}
    rooms = {(), *_rooms(own)}
    titles = [path for path in other["title"] if path in places and _titled(bare[path][-1])]
    texts = [path for path in fields.each([*other["text"], *other["title"]]) if path in places and path not in titles]
    deepest = max(2, *map(len, rooms)) + 1
    read = [path for path in texts if textual(bare[path][-1]) and len(bare[path]) <= deepest]
    unread = [path for path in texts if path not in read and found[places[path]] in (TEXT, SENTENCES)]
    words = [] if any(isinstance(path, str) for path in told["status"]) else [
        path for path in other["status"] if isinstance(path, str) and path in places and found[places[path]] != YES]
    flags = [flag for flag in other["status"] if isinstance(flag, dict) and flag.keys().isdisjoint(
        word for known in told["status"] if isinstance(known, dict) for word in known)
        and all(path in places and found[places[path]] == YES for path in flag.values())]
    meta = {name: path for name, path in other["meta"].items()
            if name not in told["meta"] and path in places and bare[path][:-1] in rooms}
    if not (titles or read or words or flags or meta):
        return More(None, {}, len(unread))
    more = {"title": titles, "text": read, "status": [*words, *flags], "meta": meta}
    return More(_wider(source, more, {}), more, len(unread))


def _wider(source: Source, more: dict[str, Any], names: dict[str, str]) -> Source:
    """The source with more paths, each as it is called in a record."""
    def called(item: Any) -> Any:
        if isinstance(item, list):
            return list(map(called, item))
        return {key: called(path) for key, path in item.items()} if isinstance(item, dict) else names.get(item, item)
    told = source.described
    added = {key: called(more[key]) for key in ("title", "text", "status")}
    return sources.compiled(told | {key: [*told[key], *paths] for key, paths in added.items()} | {
        "meta": told["meta"] | called(more["meta"])}, inferred=True)


def _titled(key: str) -> bool:
    return plain(key) in FIRM or plain(key).endswith("title")


def of(description: dict[str, Any], samples: list[Any]) -> Shown:
    """What the samples show of a source of this description."""
    texts = [fields.steps(path) for path in fields.each(description["text"])]
    shown = Shown().see(samples).within([[key for key, _, _ in steps] for steps in texts])
    shown.rooms = _rooms(texts) or {()}
    return shown


def _rooms(texts: list[list[Step]]) -> set[leaves.Leaf]:
    return {leaves.bare(_leaf(tuple(steps)))[:-1] for steps in texts}


def _put(tree: dict[str, Any], place: Place, value: str) -> None:
    """Put a value there, if nothing else is."""
    for key, name, wanted in place[:-1] if place[-1][1] != "@name" else place:
        if name == "@name":
            inner: Any = {"@name": wanted}
            tree.setdefault(key, []).append(inner)
        else:
            inner = tree.setdefault(key, [{}] if name == "[]" else {})
            inner = inner[0] if isinstance(inner, list) else inner
        if not isinstance(inner, dict):
            return
        tree = inner
    tree.setdefault("#text" if place[-1][1] == "@name" else place[-1][0], value)
