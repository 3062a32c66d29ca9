"""Where records stand in documents nobody has described.

At the paths of arrays, or of objects by their ids, whose items say something of their own; of arrays within these,
where they are only rooms; in pages in a row; or the document is one itself.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from cybersieve import fields, peek, telling
from cybersieve.field_names import (
    FIRM,
    IDS,
    META,
    NAMED,
    OTHERS,
    PEOPLE,
    PUBLIC,
    TITLES,
    advisory,
    has_words,
    numeric,
    plain,
    textual,
)
from cybersieve.leaves import MAX_DEPTH, alike, most, pair

ABOUT_RECORDS = OTHERS.union(*META.values())
MOST_OF_PEOPLE = 3  # steps down to lists of these: `data.users[]`
WEAKNESSES = ("CWE-", "CAPEC-")
FAMILY = 5  # arrays that differ in one key of their path, from which on any key will do


def of(documents: list[Any], whole: bool, single: bool = False) -> list[str]:
    """Paths of the records; `single`: a document with words of its own is one, whatever lists it holds."""
    if len(documents) != 1:
        return _pages(documents, whole)
    root = documents[0]
    if isinstance(root, list):
        below = of([together], whole) if (together := _together(root)) else []
        return [f"[].{path}" for path in below if path.startswith("*.")] or inside("[]", root)
    if not isinstance(root, dict):
        return [""]
    if key := telling.room_of(root):
        paths = of([root[key]], whole)
        if paths == [""]:
            return ["*"] if by_number([root]) else paths
        if all(path.startswith("*") for path in paths) and (
                whole or (paths == ["*.*"] and _rooms_of_one_kind(root[key])) or alike(list(root[key].values()))):
            return [f"{fields.quoted(key)}.{path}" for path in paths]
    elif (key := telling.room_of(root, named=True)) and _is_record(root[key], whole, single):
        return [""]
    if not advisory(root) and (telling.records_by_key(root) or telling.by_key(root)):
        return ["*"]
    return _in_object(telling.texts_unwrapped(root), whole, single)


def _together(items: list[Any]) -> dict[str, Any]:
    """Objects that each stand alone in one of many objects, under a name of their own, as one; else nothing."""
    if len(items) < FAMILY or not all(isinstance(item, dict) and len(item) == 1 for item in items):
        return {}
    together = {key: value for item in items for key, value in item.items() if isinstance(value, dict)}
    return together if len(together) == len(items) else {}


def _is_record(inner: dict[str, Any], whole: bool, single: bool) -> bool:
    """Is the one object beside an id a record with a text of its own, whatever lists it holds?"""
    return telling.own_text(telling.texts_unwrapped(inner)) > 0 and of([inner], whole, single) == [""]


def _in_object(root: dict[str, Any], whole: bool, single: bool) -> list[str]:
    """The same of an object: itself, lists of records or records by their ids in it, or what its keys hold."""
    lists = dict(arrays_in(root, "", 0))
    talks = [path.rpartition(".")[0] for path, items in lists.items() if telling.turns(items)]
    if "" in talks:
        return [""]
    apiece = {path: items for path, items in lists.items()
              if telling.wordy(items) >= 0.5 and path.rpartition(".")[0] not in talks}
    apiece = {path: items for path, items in apiece.items() if not _field(path, items)} or apiece
    arrays = _joined(apiece, whole)
    named = _not_beside({path: items for path, items in arrays.items() if telling.have_known_fields(items)})
    own_words = _own_words(root, named)
    if advisory(root) and (own_words or any(isinstance(v, list) and telling.wordy(v) for v in root.values())):
        return [""]
    by_ids = dict(_maps(root, "", 0))
    maps = _not_beside({path: list(room.values()) for path, room in by_ids.items()})
    kept = _without_people(named | maps)
    named, maps = ({path: some[path] for path in some if path in kept} for some in (named, maps))
    listed = not telling.has_id(root) and any(_numbered(path, room) for path, room in by_ids.items())
    if own_words and whole and not listed and (found := _with_parts(root, named, maps, single)):
        return found
    if maps:
        apart = {path: items for path, items in named.items() if not _beside(path, items)}
        longest = max((min(len(items), max(len(apiece[one]) for one in _apiece(path, apiece)))
                       for path, items in apart.items()), default=0)
        maps = _joined({path: items for path, items in maps.items() if len(items) >= longest}, whole)
        named = apart if maps else named
    if not named and (found := [path for path, items in arrays.items() if _by_room(root, path, items)]):
        return found
    named = {path: items for path, items in named.items() if not maps or not all(
        any(under(one, room) for room in maps) for one in _apiece(path, apiece))}  # else part of the records in maps
    if not (named or advisory(root)) and (found := _under_keys(root, by_ids, list(maps), whole)):
        return found
    if named or maps:
        return [inner for path, items in named.items() for inner in inside(path, items)] + list(maps)
    if arrays:
        first = max(arrays, key=lambda path: len(arrays[path]))
        same = [path for path in arrays if path == first or _one_kind([arrays[first][0], arrays[path][0]])]
        return [inner for path in same for inner in inside(path, arrays[path])]
    short = [] if telling.says_beside_lists(root) or any(map(telling.own, root)) else [
        path for path, items in arrays_in(root, "", 0)
        if telling.called(path) in telling.LISTS and telling.have_known_fields(items)]
    return ["*[]"] if _rooms(list(root.values())) else short or [""]


def _own_words(root: dict[str, Any], lists: dict[str, list[Any]]) -> bool:
    """Has the object words in a text of its own, or, where all its lists are talk about it, in a title?"""
    talk = bool(lists) and all(telling.called(path) in telling.TALK and len(items) < peek.ITEMS
                               for path, items in lists.items())
    return any(has_words(value) and plain(key) not in telling.REPLIES
               and (textual(key) or (talk and plain(key) in FIRM)) for key, value in root.items())


def _with_parts(root: dict[str, Any], lists: dict[str, list[Any]], maps: dict[str, list[Any]],
                single: bool) -> list[str]:
    """Paths where an object with words of its own is one record, or but heads what upstreams call a list of records;
    none where it holds several that are no parts of it."""
    rooms = lists | {path: items for path, items in maps.items() if telling.titled(items)}
    single = single and not telling.heads_a_list(root, rooms)
    if not (single or max(map(len, rooms.values()), default=0) < 2 or telling.has_parts(root, rooms)):
        return []
    feed = [] if single or telling.has_id(root) else [path for path in lists if telling.called(path) in telling.LISTS]
    return feed or [""]


def _under_keys(root: dict[str, Any], by_ids: dict[str, dict[str, Any]], maps: list[str], whole: bool) -> list[str]:
    """`*` or `*.*` where objects of one kind stand under the object's keys, or one level down; else none."""
    values = list(root.values())
    seen = {fields.record_path(path)[0] for path in maps}  # a room of one record shows no map
    rooms = bool(maps) and ("*" in seen or seen >= root.keys()) and all(map(_only_holds, values)) and _apart(by_ids)
    if alike(values) and not rooms:
        return ["*"]
    inner = {key: list(value.values()) for key, value in root.items() if isinstance(value, dict)}
    if len(inner) < len(root) or not alike([item for items in inner.values() for item in items]) or (
            whole and not _rooms_of_one_kind(root)):
        return []
    full = [key for key, items in inner.items() if most(isinstance(item, dict) for item in items)]
    return [f"{fields.quoted(key)}.*" for key in full] if whole and len(full) < len(root) else ["*.*"]


def by_number(trees: list[Any]) -> bool:
    """Is each of these one record, or several of them some, under public numbers, or under names of their own that are
    no fields'? The last may be cut off.
    """
    whole = trees[:-1] or trees
    if not all(isinstance(tree, dict) and (len(tree) == 1 or (tree and len(whole) > 1)) for tree in whole) or not whole:
        return False
    keys, values = zip(*(pair for tree in whole for pair in tree.items()), strict=True)
    own = len(whole) >= FAMILY and len(set(keys)) == len(keys) and NAMED.isdisjoint(map(plain, keys))
    return (own or all(map(PUBLIC.fullmatch, keys))) and all(
        telling.says(value) or has_words(value) for value in values)


def _rooms_of_one_kind(tree: dict[str, Any]) -> bool:
    """Are the first objects in each of its objects alike, if several hold some?"""
    first = [item for room in tree.values() if isinstance(room, dict) for item in list(room.values())[:1]]
    objects = [item for item in first if isinstance(item, dict)]
    return len(objects) < 2 or alike(objects)


def _only_holds(tree: Any) -> bool:
    """Is it an object that has no id, title, text or words of its own beside the objects in it?"""
    return isinstance(tree, dict) and not any(telling.own(key) or has_words(value) for key, value in tree.items())


def _apart(rooms: dict[str, dict[str, Any]]) -> bool:
    """Are their keys ids, of which only public numbers come again, and not what each has (its sources, languages)?"""
    times = Counter(key for room in rooms.values() for key in room)
    return all(count == 1 or PUBLIC.fullmatch(key) for key, count in times.items())


def _apiece(path: str, arrays: dict[str, list[Any]]) -> list[str]:
    """The path of an array, or those of all that were joined as one."""
    return [path] if path in arrays else [one for one in arrays if under(one, path)]


def _not_beside(lists: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The lists but for those beside the records, if there are others."""
    return {path: items for path, items in lists.items() if not _beside(path, items)} or lists


def _beside(path: str, items: list[Any]) -> bool:
    """Are these references, persons and the like, or what went wrong, beside the records?"""
    keys = set(map(plain, fields.record_path(path)))
    return bool(OTHERS & keys) or ("errors" in keys and not (telling.titled(items) and telling.have_texts(items)))


def _field(path: str, items: list[Any]) -> bool:
    """Are these texts about a record (its labels, its authors), not records?"""
    return telling.called(path) in ABOUT_RECORDS and all(isinstance(item, str) for item in items)


def _without_people(lists: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The lists but for those of people, which hold no records of their own, if the others say as much a record."""
    people = {path: items for path, items in lists.items() if telling.called(path) in PEOPLE and len(
        fields.record_path(path)) <= MOST_OF_PEOPLE and not any(map(telling.holds, items))}
    others = {path: items for path, items in lists.items() if path not in people}

    def said(some: dict[str, list[Any]]) -> float:
        return telling.wordage(list(some.values())) / max(sum(map(len, some.values())), 1)
    return others if 2 * said(others) >= said(people) else lists


def _pages(documents: list[Any], whole: bool) -> list[str]:
    """Paths of the records in pages of one list, which have nothing to say of their own; else documents are records."""
    pages = documents[:3]
    if by_number(documents):
        return ["*"]
    if not all(isinstance(page, dict) and not any(map(telling.own, page)) for page in pages):
        return [""]
    paths, *others = [of([page], whole) for page in pages] or [[""]]
    called = telling.IN_PAGES if telling.paged(pages) else telling.LISTS
    lists = all(path.endswith("[]") and telling.called(path) in called for path in paths)
    items = [item for path in paths for item in peek.records(pages, fields.record_path(path))] if lists else []
    records = most(telling.has_id(telling.unwrapped(item)) for item in items) or telling.paged(pages) or (
        telling.titled(items) and telling.have_texts(items) and not any(map(telling.says_beside_lists, pages)))
    return paths if lists and records and all(found == paths for found in others) else [""]


def under(path: str, room: str) -> bool:
    """Does a path lead to where another one does, above it or into it?"""
    steps = zip(fields.record_path(room), fields.record_path(path), strict=False)
    return all(step in ("*", key) for step, key in steps)


def _by_room(root: dict[str, Any], path: str, items: list[Any]) -> bool:
    """Are these long texts that stand in rooms without an id or a title, as findings do by host? Their fields may have
    any names."""
    steps = fields.record_path(path)
    objects = [item for item in items if isinstance(item, dict)]
    return "*" in steps and bool(objects) and telling.have_long_texts(objects) and not any(
        plain(key) in (*TITLES, *IDS) for room in peek.values([root], steps[:steps.index("*") + 1])
        if isinstance(room, dict) for key in room)


def arrays_in(tree: dict[str, Any], path: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Arrays of objects or of texts under an object, not those inside other arrays."""
    for key, value in tree.items():
        if not fields.sayable(key):
            continue
        below = fields.below(path, key)
        if isinstance(value, list) and value:
            if not plain(key).startswith(("reference", "links", "urls")) and not all(map(_translation, value)):
                pairs = all(map(pair, value))
                yield (f"{below}[][]", [record for _, record in value]) if pairs else (f"{below}[]", value)
        elif isinstance(value, dict) and depth < MAX_DEPTH:
            yield from arrays_in(value, below, depth + 1)


def _translation(item: Any) -> bool:
    """Is this a text in one of several languages?"""
    return isinstance(item, dict) and len(item) <= 3 and {"lang", "value"} <= set(item)


def _maps(tree: dict[str, Any], path: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects of id -> record under an object."""
    for key, value in tree.items():
        if isinstance(value, dict) and depth < MAX_DEPTH and fields.sayable(key):
            below = fields.below(path, key)
            if telling.records_by_key(value) or _numbered(below, value) or (
                    len(value) > 1 and telling.by_key(value) and all(map(PUBLIC.fullmatch, value))):
                yield f"{below}.*", value
            else:
                yield from _maps(value, below, depth + 1)


def _numbered(path: str, room: dict[str, Any]) -> bool:
    """Are these records with titles and texts under public numbers, and no parts or weaknesses of one?"""
    items = list(room.values())
    return (not telling.called(path).endswith(telling.PARTS) and telling.titled(items) and telling.have_texts(items)
            and all(PUBLIC.fullmatch(key) and not key.startswith(WEAKNESSES) for key in room))


def inside(path: str, items: list[Any]) -> list[str]:
    """The path of the items' own arrays of records, where the items are only rooms for those (findings by host)."""
    objects = [item for item in items if isinstance(item, dict)]
    if by_number(objects):
        return [f"{path}.*"]
    below = _below(path, objects)
    if any(map(telling.turns, below.values())):
        return [path]
    lists = [inner for inner, found in below.items()
             if telling.called(inner) in telling.LISTS and telling.wordy(found) >= 0.5]
    if lists and (telling.paged(objects) or _heads(objects, lists)):
        return [further for inner in lists for further in inside(inner, below[inner])]
    if any(telling.says(item) or telling.own_text(item) or telling.has_id(item) for item in objects):
        return ([] if telling.have_long_texts(objects) else list(_chapters(objects, below))) or [path]
    deeper: list[str] = []
    for inner, found in below.items():
        further = inside(inner, found)
        if further != [inner] or (telling.have_texts(found) and telling.numbered(found)) or (
                len(found) > len(objects) and all(list(map(type, item.values())) == [list] for item in objects)
                and telling.titled(found) and telling.wordy(found) >= 0.5):
            deeper += further
    return deeper or [path]


def _heads(objects: list[dict[str, Any]], lists: list[str]) -> bool:
    """Do only the last of these hold such lists, of objects, without an id or a text of their own, and those before say
    next to nothing (what made the export, of which database)?"""
    names = {telling.last(path) for path in lists}
    full = [[value for name in names if isinstance(value := item.get(name), list)] for item in objects]
    heads = next((at for at, found in enumerate(full) if found), 0)
    return heads > 0 and all(full[heads:]) and not any(map(telling.has_id, objects)) and not any(
        map(telling.own_text, objects[heads:])) and all(
        telling.own_text(item) < telling.OWN_FROM for item in objects) and all(
        isinstance(inner, dict) for found in full for value in found for inner in value)


def _below(path: str, objects: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The arrays in objects that stand at the path, by their own paths."""
    below: dict[str, list[Any]] = {}
    for item in objects:
        for inner, found in arrays_in(item, "", 0):
            below.setdefault(f"{path}.{inner}", []).extend(found)
    return _joined(below)


def _chapters(objects: list[dict[str, Any]], below: dict[str, list[Any]]) -> Iterator[str]:
    """Paths of records in arrays within objects that say hardly more than their title: controls in chapters."""
    for path, found in below.items():
        inner = [item for item in found if isinstance(item, dict)]
        name = telling.called(path)
        if name.endswith(telling.PARTS) or (textual(name) and not telling.titled(inner)):
            continue
        if telling.titled(inner) and telling.have_texts(inner) and len(inner) > len(objects):
            yield from inside(path, inner)
        elif not telling.have_long_texts(inner):
            yield from _chapters(inner, _below(path, inner))


def _joined(arrays: dict[str, list[Any]], whole: bool = True) -> dict[str, list[Any]]:
    """The arrays (or maps), those of one kind under one path: `a.x.items[]` and `a.y.items[]` as `a.*.items[]`, as
    further on in a file there will be other keys.

    Paths that are joined differ in one key, or in all keys in which any paths of their length do. FAMILY of them are
    enough; where the keys are numbers, one; where something was cut off, two that end alike or are maps in one room.
    """
    families: dict[str, dict[str, list[str]]] = {}  # the path with `*` -> the paths, and their keys in these places
    paths = {path: fields.record_path(path) for path in arrays}
    differing = {size: [at for at, keys in enumerate(zip(*(p for p in paths.values() if len(p) == size), strict=True))
                        if len(set(keys)) > 1] for size in set(map(len, paths.values()))}
    for path, steps in paths.items():
        several = differing[len(steps)]
        one = [[at] for at, step in enumerate(steps) if step not in ("[]", "*")]
        for places in one + [several] * (len(several) > 1):
            family = fields.path_text("*" if at in places else step for at, step in enumerate(steps))
            families.setdefault(family, {})[path] = [steps[at] for at in places]
    for family, keys in sorted(families.items(), key=lambda item: -len(item[1])):
        if not keys.keys() <= arrays.keys():
            continue
        room, ends = fields.record_path(family)[:-2], fields.record_path(family)[-2:]
        alike_below = len(ends) == 2 and ends[0] not in ("*", "[]")
        maps = bool(room) and ends == ("*", "*") and _one_kind([arrays[path][0] for path in keys])
        enough = len(keys) >= FAMILY or (len(keys) > 1 and not whole and (alike_below or maps)) or all(
            numeric(key) for some in keys.values() for key in some)
        if enough:
            together = [item for path in keys for item in arrays[path][:2]]
            if _one_kind(together) or (len(together) == 1 and isinstance(together[0], dict)):
                arrays = {family: together} | {path: items for path, items in arrays.items() if path not in keys}
    return arrays


def _one_kind(items: list[Any]) -> bool:
    return alike(items) or all(isinstance(item, str) for item in items)


def _rooms(values: list[Any]) -> bool:
    """Are these lists of objects of one kind (an object of id -> records)?"""
    lists = [value for value in values if isinstance(value, list)]
    return 1 < len(lists) == len(values) and alike([item for items in lists for item in items[:2]])
