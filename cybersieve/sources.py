"""Sources: which upstream a dump is from, where its records stand and which fields make id, title and text.

Described as data in sources.yaml (this folder) and in `parse.sources` of params.yaml, users' first:

    - name: my-tickets
      file: ["tickets/*.json"]      # optional: file names; a user's source with `file` is taken without a look inside
      match: [ticket_no, body]      # optional: paths that a record must have; `root:` the same for the whole document
      records: ["result.tickets[]"] # JSON and YAML: paths of records; XML: names of elements; CSV: nothing
      id: [ticket_no]               # the first path with a value
      title: [subject]
      text: [body, "Product: {product.name}"]    # all that have a value, one under the other
      status: [state, {deleted: is_deleted}]     # upstream's word, or a word where a path holds something true
      meta: {published: created_at, references: links.url}
      licence: CC-BY-4.0
      format: html                  # plain | html | markdown | wiki | auto

Paths are those of cybersieve/fields.py.
"""

import fnmatch
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import blake2b
from importlib import resources
from typing import Any

import yaml

from cybersieve import fields, text
from cybersieve.errors import ParamsError
from cybersieve.records import Record

KINDS = ("json", "xml", "csv", "yaml")
KEYS = {"name", "kind", "file", "root", "match", "records", "id", "title", "text", "status", "meta", "licence", "format"}
Status = Callable[[Any], list[str]]


@dataclass(frozen=True)
class Source:
    """One kind of dump, ready to use: see `described` for the data it was made from."""

    name: str
    kind: str  # json | xml | csv | yaml | "" for any
    file: list[str]
    root: list[fields.Values]
    match: list[fields.Values]
    records: list[str]
    id: list[fields.Values]
    title: list[fields.Values]
    text: list[fields.Values]
    status: list[Status]
    meta: dict[str, fields.Values]
    licence: str | None
    format: str
    described: dict[str, Any]

    def named(self, path: str) -> bool:
        """Does the file's relative path fit one of the patterns?"""
        base = path.rpartition("/")[2]
        return any(fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(base, pattern) for pattern in self.file)

    def rooted(self, document: Any) -> bool:
        """Has the document (of XML: its first element's attributes) what `root` asks for?"""
        return all(any(map(_there, find(document))) for find in self.root)

    def at(self, records: list[str]) -> "Source":
        """The same source with its records at some of its places."""
        return replace(self, records=records)

    def fits(self, record: Any) -> bool:
        return all(any(map(_there, find(record))) for find in self.match)


def _there(value: Any) -> bool:
    return value not in ("", [], {}, None)


def compiled(tree: dict[str, Any], name: str = "sources") -> Source:
    """A source from its description. Raises ParamsError with `name` of the faulty key."""
    for key in tree:
        if key not in KEYS:
            raise ParamsError(f"{name}.{key}: unknown setting (known: {', '.join(sorted(KEYS))})")

    def listed(key: str) -> list[Any]:
        value = tree.get(key, [])
        return value if isinstance(value, list) else [value]

    def paths(key: str) -> list[fields.Values]:
        try:
            return [fields.values(str(path)) for path in listed(key)]
        except ParamsError as error:
            raise ParamsError(f"{name}.{key}: {error}") from None

    kind, format, meta = tree.get("kind", ""), tree.get("format", "auto"), tree.get("meta", {})
    if kind and kind not in KINDS:
        raise ParamsError(f"{name}.kind: one of {', '.join(KINDS)} is wanted, found {kind!r}")
    if format not in text.FORMATS:
        raise ParamsError(f"{name}.format: one of {', '.join(text.FORMATS)} is wanted, found {format!r}")
    if not isinstance(meta, dict):
        raise ParamsError(f"{name}.meta: a mapping of names to paths is wanted, found {meta!r}")
    try:
        metas = {str(key): fields.values(str(path)) for key, path in meta.items()}
        statuses = [_status(item) for item in listed("status")]
    except ParamsError as error:
        raise ParamsError(f"{name}: {error}") from None
    return Source(str(tree.get("name", name)), kind, [str(item) for item in listed("file")], paths("root"), paths("match"),
                  [str(item) for item in listed("records")], paths("id"), paths("title"), paths("text"), statuses, metas,
                  tree.get("licence"), format, tree)


def _status(item: Any) -> Status:
    """`path`: the word found there; `{word: path}`: the word where the path holds anything true."""
    if isinstance(item, dict):
        pairs = [(str(word), fields.values(str(path))) for word, path in item.items()]
        return lambda record: [word for word, find in pairs if any(v not in (False, "", "false", 0) for v in find(record))]
    find = fields.values(str(item))
    return lambda record: [value for value in find(record) if isinstance(value, str) and value]


@cache
def known() -> tuple[Source, ...]:
    """The sources that ship with the package."""
    tree = yaml.load(resources.files("cybersieve").joinpath("sources.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    return tuple(compiled(item, f"sources.yaml: {item.get('name', index)}") for index, item in enumerate(tree))


def users(trees: Sequence[dict[str, Any]]) -> list[Source]:
    """The sources of params.yaml. Raises ParamsError."""
    for index, tree in enumerate(trees):
        if not isinstance(tree, dict):
            raise ParamsError(f"parse.sources[{index}]: a mapping is wanted, found {tree!r}")
    return [compiled(tree, f"parse.sources[{index}]") for index, tree in enumerate(trees)]


def first(finds: list[fields.Values], record: Any) -> str:
    """The first value that is not empty, as text."""
    for find in finds:
        for value in find(record):
            if word := fields.words(value):
                return word
    return ""


def record(source: Source, tree: Any, path: str, locator: str, drop: dict[str, str], max_chars: int) -> tuple[Record, bool]:
    """A record from its tree; also whether its text had to be cut to `max_chars`.

    `drop`: upstream words in lower case that set a record aside, with the reason each becomes. A record without any text is set aside too.
    """
    title = text.plain(first(source.title, tree)[:max_chars], source.format).replace("\n", " ")
    parts = [word for find in source.text for value in find(tree) if (word := fields.words(value))]
    body = "\n".join(dict.fromkeys(parts))
    cut = len(body) > max_chars
    plain = text.plain(body[:max_chars], source.format)
    statuses = [word for find in source.status for word in find(tree)]
    status = next((word for word in statuses if word.lower() in drop), statuses[0] if statuses else None)
    meta = {name: found[0] if len(found) == 1 else found for name, find in source.meta.items() if (found := find(tree))}
    if status:
        meta["status"] = status
    if source.licence:
        meta["licence"] = source.licence
    dropped = drop.get((status or "").lower()) or (None if plain or title else "no text")
    own = first(source.id, tree)
    return Record(" ".join(own.split()) or content_id(title, plain, meta), path, locator, title, plain, meta, dropped), cut


def content_id(*parts: object) -> str:
    """An id for a record that has none: a hash of what it says."""
    return "sha-" + blake2b("\0".join(map(str, parts)).encode("utf-8", "replace"), digest_size=10).hexdigest()
