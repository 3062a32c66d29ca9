"""A record out of its tree: the id, title, text, status and metadata that its source's description asks for."""

import re
from collections import Counter
from hashlib import blake2b
from typing import Any

from cybersieve import fields, folding, repeats, text
from cybersieve.fields import Template, Values
from cybersieve.records import NO_TEXT, Record
from cybersieve.sources import Formatted, Source

# What forums put in the place of a text that was taken out.
GONE = ("[deleted]", "[removed]", "[deleted by user]", "[ removed by reddit ]", "[flagged]", "[dead]")
MAX_ID = 500  # characters
NO_ID = frozenset(("None", "none", "NULL", "null", "N/A", "n/a", "NaN", "nan"))  # how it is said that there is none
OTHER = "of another kind"  # why a record that lacks what `only` asks for is set aside
# What the CVE list and NVD put in the place of a text, whoever passes it on.
_REJECTED = re.compile(r"\*\* (REJECT|RESERVED)(?:ED)? \*\*|Rejected reason:")


def record(source: Source, tree: Any, path: str, locator: str, drop: dict[str, str], max_chars: int,
           notes: Counter[str]) -> Record:
    """A record from its tree.

    `drop`: upstream words in lower case that set a record aside, with the reason each becomes; a record that says
    nothing is set aside too. What had to be cut to `max_chars` or repaired is counted in `notes`.
    """
    if isinstance(tree, str):  # an element of XML that holds nothing but its text
        tree = {"#text": tree}
    title = _title(source.title, tree, max_chars)
    parts, alone = _parts(source, tree, title, 4 * max_chars)  # markup may take most of them
    plain = _body(parts, max_chars, notes, alone if source.inferred else None)
    if source.inserts:
        filled = source.inserts(plain, tree)
        if len(filled) > max_chars > len(plain):
            notes["texts cut"] += 1
        plain = filled[:max_chars]
    own = folding.one_line(_first(source.id, tree))[:MAX_ID]
    status = _status(source, tree, own + title, plain, drop)
    meta: dict[str, Any] = {"status": status} if status else {}
    if source.licence:
        meta["licence"] = source.licence
    for name, find in source.meta.items():
        if (values := find(tree)) and (value := _meta(values)) != "":
            meta[name] = value
    other = OTHER if source.only and not source.keeps(tree) else None
    dropped = (drop.get(status.lower()) if status else None) or other
    return Record(own or content_id(title, plain, "" if title or plain else meta), path, locator, title, plain, meta,
                  dropped or (None if plain or title else NO_TEXT))


def _parts(source: Source, tree: Any, title: str, longest: int) -> tuple[list[tuple[str, str]], set[int]]:
    """The record's texts with their formats, and the places of those that are all that their field says."""
    parts: list[tuple[str, str]] = []
    alone: set[int] = set()
    for choice in source.text:
        for find, format in choice:
            if (values := find(tree)) and not (type(find) is Template and find.repeats(values[0], title)):
                values = _mixed(values) if dict in map(type, values) else values
                if format == "words":
                    values = [" ".join(map(fields.as_text, values))]
                if said := [(words, format) for value in values if (words := _words(value, longest))]:
                    if len(said) == 1:
                        alone.add(len(parts))
                    parts += said
                    break
    return parts, alone


def _status(source: Source, tree: Any, names: str, plain: str, drop: dict[str, str]) -> str | None:
    """Upstream's word for what became of the record, rather one that sets it aside; `names`: its id and title."""
    statuses = [_spaces(word) for find in source.status for word in find(tree)]
    if (rejected := _REJECTED.match(plain)) and "CVE-" in names:
        statuses.append(rejected[1] or "REJECT")
    return next((word for word in statuses if word.lower() in drop), statuses[0]) if statuses else None


def gone(value: Any) -> bool:
    """Is this what a forum wrote in the place of a text?"""
    return isinstance(value, str) and len(value) < 30 and value.strip().lower() in GONE


def has_text(source: Source, tree: Any) -> bool:
    """Has the record a text where its source says that one stands?"""
    return any(fields.as_text(value) for choice in source.text for find, _ in choice for value in find(tree)
               if not gone(value))


def text_gone(source: Source, tree: Any) -> bool:
    """Was the text of the record itself taken out?"""
    return any(gone(value) for choice in source.text for find, _ in choice for value in find(tree))


def _words(value: Any, longest: int) -> str:
    """The value as text; of a very long text little more than is read, as the whole of it would be a copy."""
    return value.lstrip()[:longest + 1] if type(value) is str and len(value) > longest else fields.as_text(value)


def _mixed(values: list[Any]) -> list[Any]:
    """Texts of which parts stand in objects (`["see ", {"type": "link", "text": "here"}]`) as one."""
    parts = [value.get("text") if type(value) is dict else value for value in values]
    told = [part for part in parts if isinstance(part, str)]
    return ["".join(told)] if set(map(type, values)) == {str, dict} and len(told) == len(parts) else values


def _title(finds: list[Formatted], tree: Any, max_chars: int) -> str:
    for find, format in finds:
        for value in find(tree):
            if words := fields.as_text(value):
                title = text.plain(words[:max_chars], format)
                title = " ".join(title.split()) if "\n" in title else title
                return "" if gone(title) else title
    return ""


def _body(parts: list[tuple[str, str]], max_chars: int, notes: Counter[str], alone: set[int] | None) -> str:
    """The parts without markup, each once, one under the other.

    `alone`: where what is a part is nobody's choice, the places of those that are all that their field says.
    """
    longest = 4 * max_chars  # markup may take most of it
    plain, cut = [], False
    for part, format in parts:
        if "\0" in part:
            notes["NUL characters removed"] += part.count("\0")
        cut = cut or len(part) > longest
        plain.append(text.plain(part[:longest], format))
    told = [part for part in dict.fromkeys(plain) if part and not gone(part)]
    body = "\n".join(told if alone is None else repeats.without(told, {plain[at] for at in alone}))
    if cut or len(body) > max_chars:
        notes["texts cut"] += 1
        return body[:max_chars].rstrip()
    return body


def _first(finds: list[Values], tree: Any) -> str:
    """The first id, as text."""
    for find in finds:
        for value in find(tree):
            if (words := fields.as_text(value)) and words not in NO_ID:
                return words
    return ""


def _meta(values: list[Any]) -> Any:
    """Values as metadata, each once: one by itself, several as a list, trees as their words on one line."""
    if dict in map(type, values):
        values = [fields.as_text(value).replace("\n", " ") if type(value) is dict else value for value in values]
    if len(values) == 1:
        return _spaces(values[0])
    once = dict.fromkeys(map(_spaces, values))
    once.pop("", None)
    return list(once) if len(once) > 1 else next(iter(once), "")


def _spaces(value: Any) -> Any:
    """A text with plain spaces where code's lines are kept far in."""
    return value.replace(folding.INDENT, " ") if type(value) is str and folding.INDENT in value else value


def content_id(*parts: object) -> str:
    """An id for a record that has none: a hash of what it says."""
    return "sha-" + blake2b("\0".join(map(str, parts)).encode("utf-8", "replace"), digest_size=10).hexdigest()
