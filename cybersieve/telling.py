"""What objects nobody has described say: which are records, which parts of one, which only rooms for records."""

import re
from collections.abc import Iterator
from typing import Any

from cybersieve import fields, leaves
from cybersieve.field_names import (
    EITHER,
    IDS,
    NAMED,
    OTHERS,
    PUBLIC,
    SPEAKERS,
    TEXT_ENDS,
    TEXTS,
    TITLES,
    has_words,
    names_of,
    parts,
    plain,
    textual,
    unspaced,
)
from cybersieve.leaves import BEARS_PARENTS_NAME, MAX_DEPTH, alike, chosen_fields, most
from cybersieve.sample_fields import BEGINNING, language

# What upstreams call the list of their records.
LISTS = {"items", "entries", "results", "records", "data", "rows", "documents", "hits", "objects", "values"}
IN_PAGES = LISTS | {"nodes", "edges"}  # GraphQL's; elsewhere these may be parts of one graph
# How the names of lists end that hold parts of a record, not records.
PARTS = (*OTHERS, *names_of("""labels tags topics comments replies timeline history revisions changes changelog affected
    products packages versions links attachments files assignees reviewers iocs indicators risks scores metrics systems
    participants organizations sections credits bodytext related ancestors breadcrumbs steps tasks
    parameters properties"""))
TALK = {"comments", "replies", "answers", "responses", "children"}  # of what is under a title, which may be all it says
FEED_FROM = 5  # times as much as the root says, from which on what its lists say are records
SAYS_MORE = 200  # characters that what stands around records must say to be the record itself
OWN_FROM = 60  # characters of a text, from which on what has parts says something itself
TEXTS_FROM = 20  # texts under keys that are no names of fields, from which on each is a record
WRAPS = BEARS_PARENTS_NAME | {"text", "content", "body", "html", "plain", "markdown", "raw"}
PEOPLE_IN_TURNS = {"user", "human", "tool", "function", "function_call", "observation", "developer",
                   "prompter"}  # who speaks beside a model
SAID = {"content", "value", "text", "parts"}  # what they say
REPLIES = {"message", "msg"}  # of a service that answers
_OWN = {*IDS, *TITLES, *TEXTS} - REPLIES
_PAGING = frozenset(("page", "pages", "total", "count", "offset", "limit", "start", "next",
                     "previous", "prev", "cursor"))  # words in names
_STEM = re.compile("[0-9].*", re.S)
_LANGUAGE = re.compile("[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?")
_IN_CHAPTERS = re.compile(r"[A-Za-z]{0,6}[-. ]?[0-9]+(?:[.-][0-9]+)+[a-z]?|T[0-9]{4}")  # 1.2.3, V1.2, T1059 (ATT&CK)


def says(tree: Any, names: frozenset[str] = frozenset((*TITLES, *TEXTS)), depth: int = 0) -> bool:
    """Does the object have words in a title or text, itself or in an object in it?"""
    return isinstance(tree, dict) and depth < MAX_DEPTH and any(
        (has_words(value) and plain(key) in names) or says(value, names, depth + 1) for key, value in tree.items())


def have_texts(items: list[Any]) -> bool:
    """Do most of these objects have words in a text of their own, so that they are records, not rooms for records?"""
    return most(any(has_words(value) and key != "#text" and (textual(key) or plain(key) == "html")
                    for key, value in unwrapped(item).items()) for item in items)


def turns(items: list[Any]) -> bool:
    """Are these the turns of several in a conversation with a model, without ids of their own?"""
    speakers = {str(item.get("role", item.get("from"))) if isinstance(item, dict) and not SAID.isdisjoint(item) else ""
                for item in items}
    return len(speakers) > 1 and not SPEAKERS.isdisjoint(speakers) and (
        SPEAKERS | PEOPLE_IN_TURNS).issuperset(speakers) and not numbered(
            [{key: value for key, value in item.items() if key not in SAID} for item in items])


def wordy(items: list[Any]) -> float:
    """The share of objects with a few words somewhere, or of texts."""
    def said(item: Any, depth: int = 0) -> bool:
        if isinstance(item, str):
            return item.count(" ") >= 2 or unspaced(item)
        inner = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
        return depth < MAX_DEPTH and any(said(value, depth + 1) for value in inner)
    return sum(said(item) for item in items) / max(len(items), 1)


def have_known_fields(items: list[Any]) -> bool:
    """Do the objects have fields that records have?"""
    known = {*IDS, *TITLES, *TEXTS}
    objects = [item for item in items if isinstance(item, dict)]
    return bool(objects) and sum(bool(known & {plain(key) for path in leaves.of(item) for key in path[:2]})
                                 for item in objects) >= len(objects) / 2


def have_long_texts(items: list[dict[str, Any]]) -> bool:
    """Do most of these objects say more than a name or two in a text of their own?"""
    return most(own_text(item) >= OWN_FROM for item in items)


def own_text(tree: dict[str, Any]) -> int:
    """Characters of an object's own texts, by name or by length."""
    return sum(len(value) for key, value in tree.items() if has_words(value)
               and (textual(key) or (len(value) >= OWN_FROM and plain(key) not in OTHERS)))


def own(key: str) -> bool:
    """Does a field of this name say that what has it is a record, not a page of some?"""
    return plain(key) in _OWN or plain(key).endswith("id")


def has_own(tree: dict[str, Any]) -> bool:
    """Does the object have an id, a title or a text, or a number in the place of one?"""
    return any(own(key) and isinstance(value, str | int) for key, value in tree.items())


def paged(objects: list[dict[str, Any]]) -> bool:
    """Do objects say where in a list each stands (page, total, next), and nothing else but what all of several say?"""
    said = [dict(_beside_lists(item)) for item in objects]
    paging = {key for item in said for key in item if not _PAGING.isdisjoint(parts(key))}
    return all(paging & item.keys() for item in said) and not any(
        own(key) or (has_words(str(value)) if key in paging else len(said) < 2 or value != said[0].get(key))
        for item in said for key, value in item.items())


def says_beside_lists(tree: dict[str, Any]) -> bool:
    """Does the object have words beside its lists, other than a service's reply?"""
    return any(has_words(value) and plain(key) not in REPLIES for key, value in _beside_lists(tree))


def _beside_lists(tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _beside_lists(value)
        elif not isinstance(value, list):
            yield key, value


def room_of(root: dict[str, Any], named: bool = False) -> str:
    """The key of the one object in a document that has no more than a word or a number beside it (`"total": 2`), and,
    unless it may be `named`, no id."""
    full = {key: value for key, value in root.items() if value not in (None, "", [], {})}
    rooms = [key for key, value in full.items() if isinstance(value, dict)]
    says_more = any(isinstance(value, list) or has_words(value) or (own(key) and not named)
                    for key, value in full.items() if not isinstance(value, dict))
    return rooms[0] if len(rooms) == 1 and not says_more and fields.sayable(rooms[0]) else ""


def strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from strings(item)


def wordage(tree: Any) -> int:
    """Characters of all texts of several words in a tree."""
    return sum(map(len, filter(has_words, strings(tree))))


def has_id(tree: Any) -> bool:
    """Is this an object with a field called like an id?"""
    return isinstance(tree, dict) and any(plain(key) in IDS for key in tree)


def numbered(items: list[Any]) -> bool:
    """Do objects have an id or a title of their own?"""
    return most(any(plain(key) in TITLES or plain(key) in IDS or plain(key).endswith(("id", "number"))
                    for key in unwrapped(item)) for item in items)


def titled(items: list[Any]) -> bool:
    """Have most of these objects a title, a public number or one by chapters, and most of them one of their own?"""
    names: list[str] = []
    for item in map(unwrapped, items):
        texts = {plain(key): str(value) for key, value in item.items() if isinstance(value, str | int) and value != ""}
        if any(name in TITLES or name.endswith(("title", "subject")) or PUBLIC.fullmatch(text)
               or _IN_CHAPTERS.fullmatch(text) for name, text in texts.items()):
            names.append(" ".join(text for name, text in texts.items() if name in (*TITLES, *IDS)
                                  or name.endswith(("title", "subject", "name", "id", "number"))))
    return len(names) * 2 > len(items) and len(set(names)) * 2 > len(names)


def unwrapped(item: Any) -> dict[str, Any]:
    """The object, or the one within it where that stands alone or beside a word (`{"kind": "t1", "data": {...}}`).

    Fields that bear their names as attributes stand under these.
    """
    if not isinstance(item, dict):
        return {}
    if chosen := chosen_fields(item):
        return {name: items[0].get("#text") for name, items in chosen.items()}
    inner = [value for value in item.values() if isinstance(value, dict)]
    bare = len(item) < 3 and not any(map(has_words, item.values()))
    return texts_unwrapped(inner[0] if bare and len(inner) == 1 else item)


def texts_unwrapped(tree: dict[str, Any]) -> dict[str, Any]:
    """The object with titles and texts instead of what only wraps them (`{"en": …}`, `{"storage": {"value": …}}`)."""
    wraps = {key: text for key, value in tree.items() if isinstance(value, dict | list)
             and (textual(key) or plain(key) in (*TITLES, *EITHER)) and (text := _wrapped(value))}
    return tree | wraps if wraps else tree


def _wrapped(value: Any, key: str = "", depth: int = 0) -> str | None:
    """The text that is most of what an object says, or one of its translations; None where it holds a list."""
    if isinstance(value, list):
        only = value[0] if len(value) == 1 else None
        return _wrapped(only, key, depth) if isinstance(only, dict) and BEARS_PARENTS_NAME & only.keys() else None
    if isinstance(value, str):
        return value if has_words(value) and (key in WRAPS or _LANGUAGE.fullmatch(key)) else ""
    if not isinstance(value, dict) or depth == MAX_DEPTH:
        return ""
    inner = [_wrapped(item, name, depth + 1) for name, item in value.items()]
    if None in inner:
        return None
    texts = sorted(filter(None, inner), key=len)
    if not texts:
        return ""
    longest, others = texts[-1], sum(map(len, texts[:-1]))
    return longest if len(longest) >= 3 * others or all(map(_LANGUAGE.fullmatch, value)) else ""


def has_parts(root: dict[str, Any], arrays: dict[str, list[Any]]) -> bool:
    """Is this a record with parts, not a feed with records? It has a title, and its lists are called like parts and are
    none of records that say more, or it has an id, or no title, and says more than they do."""
    names = set(map(called, arrays))
    if names & LISTS:
        return False
    has_title = any(plain(key) in (*TITLES, *EITHER) and has_words(value) for key, value in root.items())
    has_number = any(plain(key) in IDS or plain(key).endswith("id") or PUBLIC.fullmatch(str(value))
                     for key, value in root.items())
    own, whole = own_text(root), " ".join(value for value in root.values() if isinstance(value, str))
    said = sum(len(item) for items in arrays.values() for item in strings(items)
               if has_words(item) and item not in whole)
    if (more := own >= said) and (has_number or not has_title):
        return True
    parts = own >= OWN_FROM and own * FEED_FROM >= said and not any(map(titled, arrays.values()))
    feed = not more and all(titled(items) and have_texts(items) for items in arrays.values())
    return has_title and (parts or (not feed and all(
        name in TALK or name.endswith(PARTS) or f"{name}s".endswith(PARTS) for name in names)))


def heads_a_list(root: dict[str, Any], arrays: dict[str, list[Any]]) -> bool:
    """Does the object, without an id, only head its one list of records with ids and titles, which say far more?"""
    (path, items), *others = arrays.items() or [("", [])]
    return (not others and not has_id(root) and len(items) > 1 and all(map(has_id, items))
            and titled(items) and have_texts(items) and not called(path).endswith(PARTS)
            and wordage(items) > own_text(root) * FEED_FROM)


def may_say_more(trees: list[Any], inside: float) -> bool:
    """Have these far more words than the records in them, which say so many characters?"""
    return wordage(trees) >= _far_more(inside)


def says_more(one: dict[str, Any], trees: list[Any], inside: float) -> bool:
    """Do the records around others say far more than these, which are `inside` characters, and in sentences?"""
    said = (text for tree in trees for text in _read(one, "text", tree))
    return characters(one, trees) >= _far_more(inside) and language("\n".join(said)[:BEGINNING])


def _far_more(inside: float) -> float:
    return max(FEED_FROM * inside, SAYS_MORE)


def characters(source: dict[str, Any], trees: list[Any]) -> int:
    """How many of title and text are read of the trees by a source's description."""
    return sum(len(said) for tree in trees for key in ("title", "text") for said in _read(source, key, tree))


def said_in(source: dict[str, Any], trees: list[Any]) -> float:
    """How many characters the trees say: what is read of them, or half of all their words."""
    bare = any(isinstance(tree, str) for tree in trees)
    return max(characters(source, trees), wordage(trees) / (1 if bare else 2))


def _read(source: dict[str, Any], key: str, tree: Any) -> Iterator[str]:
    for path in fields.each(source[key]):
        yield from map(fields.as_text, fields.values(path)(tree))


def records_by_key(tree: dict[str, Any]) -> bool:
    """Is this an object of id -> record? These are alike, and have a text, or the id for their own."""
    items = list(tree.values())
    return alike(items) and (have_texts(items) or all(
        isinstance(item, dict) and key in (str(item.get("id")), str(item.get("uid"))) and not holds(item)
        for key, item in tree.items()))


def holds(item: Any) -> bool:
    """Does it hold a list of records, so that it is their room?"""
    return isinstance(item, dict) and any(isinstance(value, list) and value and have_texts(value)
                                          for value in item.values())


def by_key(tree: dict[str, Any]) -> bool:
    """Is this an object of id -> text? Its keys are public numbers, or many, and none is the name of a field."""
    if not all(isinstance(value, str) for value in tree.values()) or any(
            plain(key) in NAMED or plain(key).endswith(TEXT_ENDS) for key in tree):
        return False
    one_stem = len(tree) > 2 and len({_STEM.sub("", key) for key in tree}) == 1  # rule1, rule2, rule3
    questions = len(tree) > 1 and all(key.rstrip().endswith("?") for key in tree)
    return most(map(has_words, tree.values())) and (
        one_stem or questions or all(map(PUBLIC.fullmatch, tree)) or len(tree) >= TEXTS_FROM)


def called(path: str) -> str:
    """What a list is called, as names are compared."""
    return plain(last(path))


def last(path: str) -> str:
    """The key of a list, or of the talk that it is the list of (`comments.items[]`)."""
    names = [step for step in fields.record_path(path) if step not in ("[]", "*")]
    if len(names) > 1 and plain(names[-1]) in LISTS and plain(names[-2]) in TALK:
        names.pop()
    return names[-1] if names else ""
