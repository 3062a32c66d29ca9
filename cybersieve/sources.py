"""Sources: which upstream a dump is from, where its records stand, and which fields make id, title and text.

Described as data in sources.yaml (beside this file) and in `parse.sources` of params.yaml, users' first:

    - name: my-tickets
      kind: json                    # optional: json | xml | csv | yaml
      file: ["tickets/*.json"]      # optional: file names; without `match` and `root` no look inside is taken
      root: [result.tickets]        # optional: paths that the document must have; of XML only `#name` and `@attribute`
      match: [ticket_no, body]      # optional: paths that a record must have
      only: [kind ~ ^ticket$]       # optional: paths without which a record is set aside
      records: ["result.tickets[]"] # JSON, YAML: where records stand; XML: names of elements; CSV: nothing
      columns: [ticket_no, subject] # JSON: names of the values, where records are lists; ["*"]: see json_tables.py
      skip: [attachments]           # JSON: keys left out of a record that is larger than parse.limits.max_record_mb
      id: [ticket_no]               # the first path with a value
      title: [subject]              # the same
      text: [body, [answer, reply], "Product: {product.name}"]  # all that have a value, one under the other;
                                    # of a list within the list the first; {plain: path}: in a format of its own
      inserts: …                    # what the record has for marks in its text: cybersieve/inserts.py
      status: [state, {deleted: is_deleted}]  # upstream's word, or a word where a path holds something true, or
                                    # anything that its regular expression matches
      meta: {published: created_at, references: [links.url, link]}  # of a list the first that has a value
      licence: CC-BY-4.0
      format: html                  # plain | words | wrapped | html | markdown | wiki | bbcode | auto: text.py

Paths are those of cybersieve/fields.py.
"""

import fnmatch
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from cybersieve import fields, inserts, text
from cybersieve.errors import ParamsError
from cybersieve.fields import Values

_NEVER = re.compile("0[0tz:. /-]*|9999-12-31.*|(?:0001|1970)-01-01(?:[t ][0z:.]*)?(?:[+-]00:?00)?")  # no date
NO = frozenset(["", "false", "f", "no", "n", "off", "none", "null", "nan", "nat", "nil", "n/a", "never", "\\n", "-"])
KINDS = ("json", "xml", "csv", "yaml")
KEYS = ("name", "kind", "file", "root", "match", "only", "records", "columns", "skip", "id", "title", "text", "inserts",
        "status", "meta", "licence", "format")
USERS = "parse.sources["  # how the places of those in params.yaml begin
_KIND = re.compile("^  kind: ", re.M)
Formatted = tuple[Values, str]  # the values at a path, and their format
COMPILED = ("root", "match", "only", "id", "title", "text", "inserts", "status", "meta",
            "wanted")  # what it makes of its paths


def _compiled(key: str) -> "cached_property[list[Values]]":
    """A property of sources: all paths under a key."""
    return cached_property(lambda source: [_values(item, f"{source.place}.{key}")
                                           for item in _listed(source.described, key)])


@dataclass(frozen=True)
class Source:
    """One kind of dump; the keys are explained above. Paths are compiled when they are first asked for: of the known
    sources, most never are."""

    name: str
    kind: str
    file: list[str]
    records: list[str]
    columns: list[str]
    skip: list[str]
    licence: str | None
    format: str
    described: dict[str, Any]
    place: str  # what its keys are called in errors
    inferred: bool = False  # by shape: nobody has described it
    also: tuple["Source", ...] = ()  # others whose records stand in the same document
    shown: Any = None  # late_fields.Shown: what the records are like that it was inferred from

    @cached_property
    def places(self) -> list[fields.RecordPath]:
        """Where its records stand in JSON and YAML."""
        return [fields.record_path(path) for path in self.records or [""]]

    root, match, only, id = map(_compiled, ("root", "match", "only", "id"))

    @cached_property
    def title(self) -> list[Formatted]:
        return [one for item in _listed(self.described, "title") for one in _formatted(item, self, "title")]

    @cached_property
    def text(self) -> list[list[Formatted]]:
        """Of each list the first that has a value."""
        return [_formatted(item, self, "text") for item in _listed(self.described, "text")]

    @cached_property
    def inserts(self) -> inserts.Fill | None:
        tree = self.described.get("inserts")
        return inserts.compiled(tree, f"{self.place}.inserts") if tree else None

    @cached_property
    def status(self) -> list[Callable[[Any], list[str]]]:
        return [_status(item, f"{self.place}.status") for item in _listed(self.described, "status")]

    @cached_property
    def meta(self) -> dict[str, Values]:
        paths = self.described.get("meta", {})
        if not isinstance(paths, dict):
            raise ParamsError(f"{self.place}.meta: a mapping of names to paths is wanted, found {paths!r}")
        return {str(key): _values(item, f"{self.place}.meta.{key}") for key, item in paths.items()}

    @cached_property
    def wanted(self) -> fields.Wanted:
        """What of a record is read; empty: all."""
        return fields.wanted(_paths(self.described))

    @property
    def seen(self) -> fields.Wanted | None:
        """The keys that its first records have, where it was inferred from them."""
        return self.shown.tree() if self.shown else None

    @cached_property
    def root_named(self) -> bool:
        """Of XML: does it say what the document's root is called?"""
        return any(str(path).startswith("#name ~") for path in _listed(self.described, "root"))

    @cached_property
    def users(self) -> bool:
        """Is it described in params.yaml?"""
        return self.place.startswith(USERS)

    def wants(self) -> dict[str, Values]:
        """What a user wants found in the records, by how the description says it; alternatives count as one."""
        def some(finds: Sequence[Values]) -> Values:
            return lambda tree: next((found for find in finds if (found := find(tree))), [])

        result = {"id: " + ", ".join(map(str, _listed(self.described, "id"))): some(self.id)} if self.id else {}
        if self.title:
            told = ", ".join(map(str, _listed(self.described, "title")))
            result["title: " + told] = some([find for find, _ in self.title])
        for item, choice in zip(_listed(self.described, "text"), self.text, strict=True):
            result[f"text: {item}"] = some([find for find, _ in choice])
        return result | {f"meta.{name}: {self.described['meta'][name]}": find for name, find in self.meta.items()}

    def checked(self) -> "Source":
        """The source, all of it compiled. Raises ParamsError."""
        for name in COMPILED:
            getattr(self, name)
        return self

    def named(self, path: str) -> bool:
        """Does the file's relative path, or its base name, fit one of the patterns? Macs spell accents apart (NFD)."""
        path = _composed(path)
        return bool(self._named.match(path) or self._named.match(path.rpartition("/")[2]))

    @cached_property
    def _named(self) -> re.Pattern[str]:
        return re.compile("|".join(fnmatch.translate(_composed(pattern)) for pattern in self.file) or r"(?!)")

    def within(self, archive: str) -> "Source":
        """The source for an archive's members: where `file` fits the archive, any member may hold the records."""
        return replace(self, file=[]) if self.named(archive) else self

    def rooted(self, document: Any) -> bool:
        """Does the document (in XML: its first element's attributes) have what `root` asks for?"""
        return _has_all(document, self.root)

    def fits(self, record: Any) -> bool:
        """Does the record have what `match` asks for?"""
        return _has_all(record, self.match)

    def strange(self, record: Any) -> bool:
        """Does it only stand where a known source's records do, without what these must have, and without an id?"""
        return not (self.inferred or self.users or self.fits(record)) and self.keeps(record) and not any(
            find(record) for find in self.id)

    def keeps(self, record: Any) -> bool:
        """Does the record have what `only` asks for?"""
        return _has_all(record, self.only)

    def of(self, record: Any) -> "Source":
        """Which of these sources a record of the document is from."""
        if not self.also:
            return self
        return next((source for source in self.also if not self.fits(record) and source.fits(record)), self)

    def at(self, records: list[str], columns: Sequence[str] = (), also: Sequence["Source"] = ()) -> "Source":
        """The same source with its records elsewhere; its paths are not compiled again for every document."""
        told = {"records": records, "columns": list(columns)} if columns else {"records": records}
        other = replace(self, records=records, columns=list(columns), described=self.described | told, also=tuple(also))
        vars(other).update({name: getattr(self, name) for name in COMPILED})
        return other


def _composed(name: str) -> str:
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _has_all(tree: Any, finds: list[Values]) -> bool:
    return all(any(value not in ("", [], {}) for value in find(tree)) for find in finds)


def compiled(tree: dict[str, Any], name: str = "sources", inferred: bool = False) -> Source:
    """A source from its description. Raises ParamsError with `name` of the faulty key."""
    return described(tree, name, inferred).checked()


def described(tree: dict[str, Any], name: str, inferred: bool = False) -> Source:
    """A source whose paths have not been looked at. Raises ParamsError where another key is wrong."""
    for key in tree:
        if key not in KEYS:
            raise ParamsError(f"{name}.{key}: unknown setting (known: {', '.join(KEYS)})")

    def texts(key: str) -> list[str]:
        return [_text(item, f"{name}.{key}") for item in _listed(tree, key)]

    def choice(key: str, choices: Sequence[str], default: str) -> str:
        value = tree.get(key, default)
        if value not in choices and value != default:
            raise ParamsError(f"{name}.{key}: one of {', '.join(choices)} is wanted, found {value!r}")
        return str(value)

    licence = tree.get("licence")
    return Source(
        name=str(tree.get("name", name)), kind=choice("kind", KINDS, ""), file=texts("file"), records=texts("records"),
        columns=texts("columns"), skip=texts("skip"), licence=licence and _text(licence, f"{name}.licence"),
        format=choice("format", tuple(text.FORMATS), "auto"),
        described=tree, place=name, inferred=inferred)


def _listed(tree: dict[str, Any], key: str) -> list[Any]:
    value = tree.get(key, [])
    return value if isinstance(value, list) else [value]


def _text(item: Any, name: str) -> str:
    if not isinstance(item, str):
        raise ParamsError(f"{name}: a text or a list of texts is wanted, found {item!r}")
    return item


def _paths(tree: Any) -> Iterator[str]:
    """All paths that are read from a record."""
    read = [tree.get(name, []) for name in ("only", "id", "title", "text", "status", "meta")]
    read.append((tree.get("inserts") or {}).get("of", []))
    while read:
        item = read.pop()
        if isinstance(item, dict | list):
            read += item.values() if isinstance(item, dict) else item
        else:
            yield str(item)


def _formatted(item: Any, source: Source, key: str) -> list[Formatted]:
    """A path, `{format: path}`, or a list of these."""
    if isinstance(item, list):
        return [one for part in item for one in _formatted(part, source, key)]
    name = f"{source.place}.{key}"
    if not isinstance(item, dict):
        return [(_values(item, name), source.format)]
    for format in item:
        if format not in text.FORMATS:
            raise ParamsError(f"{name}: one of {', '.join(text.FORMATS)} is wanted before a path, found {format!r}")
    return [(_values(path, name), format) for format, path in item.items()]


def _values(item: Any, name: str) -> Values:
    """One path, or a list of which the first with a value counts."""
    if isinstance(item, list):
        finds = [_values(path, name) for path in item]
        return lambda record: next((found for find in finds if (found := find(record))), [])
    path = _text(item, name)
    try:
        return fields.values(path)
    except ParamsError as error:
        raise ParamsError(f"{name}: {error}") from None


def _status(item: Any, name: str) -> Callable[[Any], list[str]]:
    """`path`: the word found there; `{word: path}`: the word where it holds something true, or what it matches."""
    if isinstance(item, dict):
        pairs = [(str(word), _values(path, name), " ~ " in str(path)) for word, path in item.items()]
        return lambda record: [word for word, find, matched in pairs
                               if any(matched or _true(value) for value in find(record))]
    find = _values(item, name)
    return lambda record: [word for value in find(record) if isinstance(value, str) and (word := value.strip())]


def _true(value: Any) -> bool:
    """Does the value say yes? Tables say no as text, each database in its own way; a date that is all zeros is none."""
    if isinstance(value, str):
        word = value.strip().lower()
        return word not in NO and not _NEVER.fullmatch(word)
    return bool(value)


@cache
def known(kind: str = "") -> tuple[Source, ...]:
    """The sources that ship with the package, those that a document of the kind may be from or all.

    Only their entries are read as YAML: all of them would take as long as parsing a file of 500 kB.
    """
    shipped = Path(__file__).with_name("sources.yaml").read_text("utf-8")
    entries = [entry for entry in re.split("^(?=- name: )", shipped, flags=re.M)[1:]
               if not kind or _KIND.search(entry) is None or f"\n  kind: {kind}\n" in entry]
    tree = yaml.load("".join(entries), Loader=yaml.CSafeLoader)
    return tuple(described(item, f"sources.yaml: {item['name']}") for item in tree or ())


def users(trees: Sequence[dict[str, Any]]) -> list[Source]:
    """The sources of params.yaml. Raises ParamsError."""
    needed = (("file", "match", "root"), "which dumps it is for"), (("text", "title"), "what a record says")
    for index, tree in enumerate(trees):
        for wanted, what in needed:
            if isinstance(tree, dict) and not any(map(tree.get, wanted)):
                raise ParamsError(f"parse.sources[{index}]: {' or '.join(wanted)} is wanted: {what}")
    return [compiled(tree, f"{USERS}{index}]") for index, tree in enumerate(trees)]
