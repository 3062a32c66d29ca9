"""Where in a record a value stands: the small path language of sources.yaml.

    a.b            key b of key a; lists on the way are walked item by item; "quoted.key" for keys with dots
    a[lang=en].b   only items whose `lang` is `en` (or starts with `en-`, `en_`); [lang=en|*]: if there are none
                   that which is in no language, else all
    a[type!=x|y].b only items whose `type` is none of these
    a[0].b         only the first item; a[-1].b: only the last
    *.b            any key; *[!=c|d].b any but c and d; *[=c|d].b only c and d, in this order
    a.**.b         keys b of a and of all that is in it, however deep, each before those in it
    a.b ~ regex    only texts in which the regular expression is found; of one with a group, what the group matched.
                   Texts are hostile: where it may begin anywhere and go on and on, it takes ages (^ and ++ help)
    CWE-{@ID}      a template: text with paths in braces; no value where one of its paths has none

A record is what JSON has: dicts, lists, strings, numbers, booleans, null. XML elements become such trees
(xml_tree.tree): attributes as `@Name`, children by local name, mixed text as `#text`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cybersieve.errors import ParamsError

Values = Callable[[Any], list[Any]]  # record -> the scalars or trees found, in order

LONGEST_TEXT = 1_000_000  # characters of a text put together from an index: few bytes may say it all over and over
_STEP = re.compile(r'"(?P<quoted>[^"]*)"|(?P<key>[^.\[\]"~]+)')
_CHOICE = re.compile(r"\[(?:(?P<name>[^=\[\]]*)=(?P<wanted>[^\[\]]*)|(?P<end>-1|0))\]")
_BRACES = re.compile(r"\{([^{}]+)\}")
DEEP = "**"
BUT, ONLY = "!", "="
Step = tuple[str, str, str]  # key, name and wanted value of a choice among list items (or "", ""); of `**` "*", "**"


def steps(path: str) -> list[Step]:
    """`a[x=y].b` as [("a", "x", "y"), ("b", "", "")]. Raises ParamsError where it is no path."""
    result, at, text = [], 0, path.strip()
    while at < len(text):
        step = _STEP.match(text, at)
        if not step:
            raise ParamsError(f"not a field path: {path!r} (cybersieve/fields.py shows the form)")
        at, name, wanted = step.end(), "", ""
        choice = _CHOICE.match(text, at)
        if choice and (step["key"] == "*" or choice["name"] != ""):
            at, name, wanted = choice.end(), choice["name"] or choice["end"] or ONLY, choice["wanted"] or ""
        key = step["quoted"] if step["key"] is None else step["key"].strip()
        result.append(("*", DEEP, "") if step["key"] == DEEP else (key, name, wanted))
        if at < len(text):
            if text[at] != "." or at + 1 == len(text):
                raise ParamsError(f"not a field path: {path!r} (cybersieve/fields.py shows the form)")
            at += 1
    deep = [name == DEEP for _, name, _ in result]
    if not result or deep[-1] or sum(deep) > 1:  # each object would be there with each around it
        raise ParamsError(f"not a field path: {path!r} (cybersieve/fields.py shows the form)")
    return result


def each(paths: Iterable[str | list[str]]) -> list[str]:
    """All the paths, also those in lists of which the first that has a value counts."""
    return [path for item in paths for path in (item if isinstance(item, list) else [item])]


RecordPath = tuple[str, ...]  # keys, "*" for any key, "[]" for the items of an array


def record_path(text: str) -> RecordPath:
    """Where records stand in a document: `result.values[]` is ("result", "values", "[]"), "" the document itself."""
    found = re.findall(r'\[\]|"[^"]*"|[^.\[\]"]+', text)
    return tuple(step.strip('"') if step != '""' else "" for step in found)


def sayable(key: str) -> bool:
    """Can the key be a step of a path at all?"""
    return not set(key) & set('"{}') and " ~ " not in key


def quoted(key: str) -> str:
    """A key as a step of a path."""
    return key if re.fullmatch(r'[^.\[\]"~{}*\s]+', key) else f'"{key}"'


def below(path: str, key: str) -> str:
    """The path of what stands under a key of what stands at a path."""
    return f"{path}.{quoted(key)}".removeprefix(".")


def path_text(path: Iterable[str]) -> str:
    """A record path as text."""
    return ".".join(key if key in ("[]", "*") else quoted(key) for key in path).replace(".[]", "[]")


Wanted = dict[str, "Wanted"]  # keys that are read, and what of each; an empty one: all of it
ENGLISH = "en"
FIRST, LAST = "0", "-1"  # choices of an item; the last, as a key: every path leads to that only


def wanted(paths: Iterable[str]) -> Wanted:
    """What of a record the paths read: `a.b` and `a.c` make {"a": {"b": {}, "c": {}}}; {} where that is all of it."""
    tree: Wanted = {}
    for path in paths:
        where = path.partition(" ~ ")[0]
        for part in _BRACES.findall(where) if "{" in where else [where]:
            if not _grow(tree, steps(part)):
                return {}
    return tree


def _grow(tree: Wanted, chain: list[Step]) -> bool:
    """Add one path; False where it is any key of the record."""
    for at, (key, name, _) in enumerate(chain):
        if key == "*":
            tree.clear()
            return at > 0
        known = key in tree
        below = tree.setdefault(key, {})
        if at + 1 == len(chain):
            below.clear()
        elif known and not below:
            return True  # all of it is read already
        elif name != LAST:
            below.pop(LAST, None)
            if name and name != FIRST:
                below.setdefault(name.removesuffix(BUT), {})  # what items are chosen by
        elif not known:
            below[LAST] = {}
        tree = below
    return True


def values(path: str) -> Values:
    """A function that finds all values at `path`, null and missing ones left out."""
    where, tilde, pattern = path.partition(" ~ ")
    if "{" in where:
        return _template(path)
    chain = steps(where)
    if tilde:
        return _matching(chain, pattern.strip(), path)
    return _finder(chain)


def _matching(chain: list[Step], pattern: str, path: str) -> Values:
    """Only texts in which the pattern is found; of a pattern with a group what the group matched."""
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise ParamsError(f"{path!r}: not a regular expression: {error}") from None
    group, look = min(regex.groups, 1), _finder(chain)

    def find(record: Any) -> list[Any]:
        texts = [value for value in look(record) if isinstance(value, str)]
        return [found[group] if group else text for text in texts if (found := regex.search(text))]
    return find


def _finder(chain: list[Step]) -> Values:
    """All values at the steps: at once as far as objects are all that is met, else by `_walk`."""
    plain = next((at for at, (key, name, _) in enumerate(chain) if name or key == "*"), len(chain))
    head = [(at, key) for at, (key, _, _) in enumerate(chain[:plain])]
    whole = plain == len(chain)

    def find(value: Any) -> list[Any]:
        for at, key in head:
            if type(value) is not dict:
                return _walk(value, chain, at)
            value = value.get(key)
            if value is None:
                return []
        return [value] if whole and type(value) is not list else _walk(value, chain, plain)
    return find


def _walk(value: Any, chain: list[Step], at: int) -> list[Any]:
    """All values under `value` at the steps from `at` on. The inner loop of parsing: types are compared, not asked."""
    size = len(chain)
    while at < size:
        kind = type(value)
        key, name, wanted = chain[at]
        if kind is list:
            if len(value) == 1:
                value = value[0]
                continue
            if list in map(type, value):
                value = list(flat(value))
            if at + 1 < size or name or key == "*":
                return [found for item in value for found in _walk(item, chain, at)]
            # one plain key of each item: the commonest way to end
            ends = [end for item in value if type(item) is dict and (end := item.get(key)) is not None]
            return list(flat(ends)) if list in map(type, ends) else ends
        if kind is not dict:
            return []
        at += 1
        if key == "*":
            value = list(_below(value, name, wanted) if name else value.values())
            continue
        value = value.get(key)
        if value is None:
            return []
        if name:
            value = _chosen(value, name, wanted)
    return list(flat(value)) if type(value) is list else [] if value is None else [value]


def _below(tree: dict[str, Any], name: str, wanted: str) -> Iterable[Any]:
    """What `**`, or any key but some, or some keys alone, lead to."""
    if name == DEEP:
        return _objects(tree)
    if name == ONLY:
        return [tree[key] for key in wanted.split("|") if tree.get(key) is not None]
    but = wanted.split("|") if name == BUT else []
    return [item for key, item in tree.items() if key not in but]


def _objects(tree: Any) -> Iterator[dict[str, Any]]:
    """The object and all that are in it, each before those in it; without recursion, as they may be deep."""
    rest = [tree]
    while rest:
        item = rest.pop()
        if type(item) is dict:
            yield item
            rest += reversed(item.values())
        elif type(item) is list:
            rest += reversed(item)


def _chosen(value: Any, name: str, wanted: str) -> list[Any]:
    """The items whose `name` is `wanted`; with `|*`, where there are none, all; where English is wanted, rather those
    that are in no language."""
    items = value if type(value) is list else [value]
    if name in (FIRST, LAST):
        return items[:1] if name == FIRST else items[-1:]
    if name.endswith(BUT):
        but = wanted.split("|")
        return [item for item in items if type(item) is not dict or item.get(name[:-1]) not in but]
    word = wanted.removesuffix("|*")
    chosen = [item for item in items if type(item) is dict and _is(item.get(name), word)]
    if word == wanted or any(item.get("value", True) for item in chosen):
        return chosen
    return (word == ENGLISH and [item for item in items if type(item) is not dict or item.get(name) is None]) or items


def _is(value: Any, word: str) -> bool:
    if value == word or (word == ENGLISH and value == "eng") or (value is True and word == "true"):
        return True
    return value is not None and f"{value}_".startswith((f"{word}_", f"{word}-"))


def flat(value: list[Any]) -> Iterator[Any]:
    """The items of nested lists, null ones left out; without recursion, as lists may be nested deeply."""
    open_ = [iter(value)]
    while open_:
        for item in open_[-1]:
            if type(item) is list:
                open_.append(iter(item))
                break
            if item is not None:
                yield item
        else:
            open_.pop()


@dataclass(frozen=True)
class Template:
    """`CWE-{@ID}`: one text; several values of one path are joined by commas."""

    pattern: list[str]  # "\0" in the place of each path
    parts: list[Values]

    def __call__(self, record: Any) -> list[Any]:
        found = [", ".join(dict.fromkeys(word for item in part(record) if (word := as_text(item))))
                 for part in self.parts]
        if not all(found):
            return []
        filled = iter(found)
        return ["".join(piece if piece != "\0" else next(filled) for piece in self.pattern)]

    def repeats(self, filled: str, title: str) -> bool:
        """Does it tell nothing but the title (`Also known as: …`)?"""
        label = self.pattern[0]
        return bool(label) and self.pattern[1:] == ["\0", ""] and filled.casefold() == f"{label}{title}".casefold()


def _template(text: str) -> Values:
    """Raises ParamsError: braces in no pair."""
    pattern = re.split("(\0)", _BRACES.sub("\0", text))
    if not {"{", "}"}.isdisjoint("".join(pattern)):
        raise ParamsError(f"braces that are no pair around a path: {text!r}")
    return Template(pattern, [values(path) for path in _BRACES.findall(text)])


def as_text(value: Any) -> str:
    """A value as text: strings as they are, trees as the lines of their strings (attributes left out).

    An inverted index (word: places) becomes the text that it was made of.
    """
    if type(value) is str:
        return value.strip()
    lines, rest = [], [value]
    while rest:  # without recursion, as trees may be deep
        item = rest.pop()
        if isinstance(item, dict):
            if _index(item):
                placed = sorted((at, word) for word, places in item.items() for at in places)
                lines.append(" ".join(word for _, word in placed))
                continue
            block = isinstance(item.get("text"), str) and isinstance(item.get("type"), str)  # of a message
            rest += [item["text"]] if block else [
                inner for key, inner in reversed(item.items()) if not key.startswith("@")]
        elif isinstance(item, list):
            rest += reversed(item)
        elif item is not None and not (type(item) is str and item.startswith("data:") and "," in item[:100]):
            lines.append(item.strip() if isinstance(item, str) else _scalar(item))
    return "\n".join([line for line in lines if line])


def _index(tree: dict[str, Any]) -> bool:
    """Is this an inverted index: the places of every word of a text (OpenAlex's abstracts)?"""
    if len(tree) < 2 or not all(type(places) is list and set(map(type, places)) == {int} for places in tree.values()):
        return False
    all_ = sorted(at for places in tree.values() for at in places)
    length = sum(len(word) * len(places) for word, places in tree.items())
    return all_[0] == 0 and all_[-1] < 2 * len(set(all_)) and length <= LONGEST_TEXT


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
