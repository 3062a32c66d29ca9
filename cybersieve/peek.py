"""A look at the beginning of a document: its kind by content, and as much of its tree as the beginning holds."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, islice
from typing import Any

import ijson
import orjson
from lxml import etree

from cybersieve import (
    broken_records,
    json_record,
    tables,
    telling,
    xml_documents,
    xml_guard,
    xml_stream,
    xml_tree,
    yaml_stream,
)
from cybersieve.errors import InputError
from cybersieve.field_names import PUBLIC
from cybersieve.fields import RecordPath
from cybersieve.json_skeleton import NUMBER, pieces

FIRST, MOST = 64_000, 4_000_000  # bytes looked at: at once, and where the first show no record
ITEMS, KEYS, MORE = 40, 200, 40  # kept of an array and of an object, and further arrays and objects of an object
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*\?>")
WRAPPER = "fragments"  # around XML with several elements at its top
WRAP = f"<{WRAPPER}>".encode(), f"</{WRAPPER}>".encode()
PREFIXES = (b"atom", b"content", b"dc", b"excerpt", b"itunes", b"media", b"slash", b"wfw", b"wp", b"xlink", b"xsi")
_PREFIX = re.compile(rb"<([A-Za-z_][\w.-]{0,30}):[A-Za-z_]|\s([A-Za-z_][\w.-]{0,30}):[A-Za-z_][\w.-]{0,60}\s{0,9}=")
_DECLARED = re.compile(rb"xmlns:([\w.-]+)\s*=")
DEPTH = 60  # levels of JSON that are looked into
LOOKED_AT = 60_000  # elements of XML with their attributes: their trees stay below 100 MB
XML_DEPTH = 20  # of elements of which trees are made: each is part of those of all elements around it
CHARS = 4000  # of a string that are kept
HELD = 100_000  # values held at once, though few are kept


def json_documents(begin: bytes) -> list[Any]:
    """The documents in `begin` as far as they go: long arrays, objects and strings shortened, the last cut off.

    An object or array that is broken within its brackets is null, if another is left: what is wrong with it is the
    reader's to tell.
    """
    if begin.count(b",") < HELD:  # else each would be held, of which hardly one is kept
        with contextlib.suppress(ValueError):  # one that is there as a whole: ten times as fast
            return [_shortened(orjson.loads(begin), 0)]
    begin = json_record.without_surrogates(begin, Counter())
    documents, broken = _documents(begin)
    left = broken_records.nulled(begin) if broken else begin
    return _documents(left)[0] if left is not begin and b"{" in left else documents


def _documents(begin: bytes) -> tuple[list[Any], bool]:
    """The documents up to a fault, and whether there is one; that the last is cut off is none."""
    if long := NUMBER.search(begin):  # too long for ijson
        begin = begin[:long.start()]
    documents: list[Any] = []
    parents: list[Any] = []
    keys: list[str] = [""]
    try:
        for event, value in _events(begin):
            if len(parents) > DEPTH:
                break
            if event == "map_key":
                keys[-1] = value
            elif event.startswith("end"):
                parents.pop()
                keys.pop()
            else:
                item: Any = {} if event == "start_map" else [] if event == "start_array" else value
                item = float(item) if isinstance(item, Decimal) else item  # as orjson has it; inf where too large
                _put(parents[-1] if parents else documents, keys[-1], item[:CHARS] if isinstance(item, str) else item)
                if event.startswith("start"):
                    parents.append(item)
                    keys.append("")
            if not parents and len(documents) >= ITEMS:
                break
    except (ijson.JSONError, ValueError, ArithmeticError):  # no JSON, or too much for ijson
        return documents, True
    return documents, bool(long)


def _events(begin: bytes) -> Iterator[tuple[str, Any]]:
    """What ijson tells of JSON."""
    events = ijson.sendable_list()
    reader = ijson.basic_parse_coro(events, multiple_values=True)
    for _, piece in pieces(begin, events):
        try:
            reader.send(piece)
        finally:
            yield from events  # what stands before a fault, too
    with contextlib.suppress(ijson.JSONError):  # it is cut off
        reader.close()
    yield from events


def _shortened(tree: Any, depth: int) -> Any:
    if depth > DEPTH:
        raise ValueError("deeper than is looked into")
    if isinstance(tree, dict):
        late = [pair for pair in islice(tree.items(), KEYS, None) if isinstance(pair[1], dict | list)][:MORE]
        return {key: _shortened(value, depth + 1) for key, value in [*islice(tree.items(), KEYS), *late]}
    if isinstance(tree, list):
        return [_shortened(value, depth + 1) for value in tree[:ITEMS]]
    return tree[:CHARS] if isinstance(tree, str) else tree


def _put(into: Any, key: str, item: Any) -> None:
    if len(into) < ITEMS and isinstance(into, list):
        into.append(item)
    elif len(into) < KEYS + (MORE if isinstance(item, dict | list) else 0) and isinstance(into, dict):
        into.setdefault(key, item)


def values(documents: list[Any], path: RecordPath) -> list[Any]:
    """The values at a record path in documents."""
    level = documents
    for step in path:
        below: list[Any] = []
        for value in level:
            if step == "[]":
                below += value if isinstance(value, list) else []
            elif isinstance(value, dict):
                below += value.values() if step == "*" else [value[step]] if step in value else []
        level = below
    return level


def records(documents: list[Any], path: RecordPath) -> list[Any]:
    """The values at a record path; objects and texts that are found by their keys have these as `@key`."""
    if path[-2:] == ("*", "[]"):
        rooms = [room for room in values(documents, path[:-2]) if isinstance(room, dict)]
        return [numbered(key, item) for room in rooms for key, items in room.items() if isinstance(items, list)
                for item in items]
    if path[-1:] != ("*",):
        return values(documents, path)
    rooms = [room for room in values(documents, path[:-1]) if isinstance(room, dict)]
    return [{"@key": key, **(item if isinstance(item, dict) else {"text": item})}
            for room in rooms for key, item in room.items() if isinstance(item, dict | str)]


def numbered(key: str, item: Any) -> Any:
    """What stands in the list under a key, with the key where it is a public number: several say something of it."""
    if not PUBLIC.fullmatch(key) or not isinstance(item, dict | str):
        return item
    return {"@key": key, **(item if isinstance(item, dict) else {"text": item})}


@dataclass
class Elements:
    """What the beginning of an XML document shows."""

    whole: bool
    root: str = ""
    tree: Any = None  # the root's attributes, and its name as `#name`; of fragments those of the first
    nodes: dict[str, list[Any]] = field(default_factory=dict)  # local name -> the first complete ones
    made: dict[str, list[Any]] = field(default_factory=dict)  # the same as trees, as far as they were asked for
    counts: Counter[str] = field(default_factory=Counter)
    depths: dict[str, int] = field(default_factory=dict)  # where a name stands nearest to the root, which is at 0
    open: list[str] = field(default_factory=list)  # names of those that do not end there, from the root down

    def trees(self, name: str) -> list[Any]:
        """Trees of the first complete ones of a name, made when they are asked for: a known source needs few."""
        if name not in self.made:
            self.made[name] = list(map(xml_tree.tree, self.nodes.get(name, [])))
        return self.made[name]


def xml_elements(begin: bytes, whole: bool, most: int = ITEMS) -> Elements:
    """Local names in `begin`, how often and how deep they come, and up to `most` elements of each.

    Only the first LOOKED_AT elements are looked at, as more would not fit in memory.
    """
    seen, samples, left = Elements(whole), _Samples(most), LOOKED_AT
    with contextlib.suppress(etree.XMLSyntaxError):
        for event, node in _elements(begin):
            name, depth = xml_tree.local(node.tag), len(seen.open)
            if event == "end":
                seen.open.pop()
                samples.add(name, node, depth - 1, within=name in seen.open)
                continue
            if len(node.keys()) > xml_guard.MAX_NAMES:  # the reader's to complain about: lxml looks for each value
                break
            left -= 1 + len(node.keys())
            if left < 0:
                seen.whole = False
                break
            if not seen.root:
                seen.root = name
            if not seen.tree and not (name == WRAPPER and not depth):
                seen.tree = {"#name": name, **xml_tree.attributes(node)}
            seen.counts[name] += 1
            seen.depths[name] = min(depth, seen.depths.get(name, depth))
            seen.open.append(name)
    seen.nodes = samples.nodes
    seen.depths |= {name: depth for name, depth in samples.depths.items() if name not in seen.open}
    return seen


class _Samples:
    """The first complete elements of each name, rather those that say something and lie in none of their own name."""

    def __init__(self, most: int) -> None:
        self.most = most  # of a name
        self.nodes: dict[str, list[Any]] = {}
        self.depths: dict[str, int] = {}
        self.kinds: dict[str, tuple[bool, bool]] = {}  # do those kept say nothing, or lie within others of the name?

    def add(self, name: str, node: Any, depth: int, within: bool) -> None:
        found = self.nodes.setdefault(name, [])
        says = len(node) or (node.text or "").strip() or telling.wordy(node.values())
        kind = (not says, within)  # what only names another last
        kept = self.kinds.get(name, kind)
        if depth > XML_DEPTH or kind > kept:
            return
        if kind < kept:
            found.clear()
            del self.depths[name]
        self.kinds[name] = kind
        self.depths[name] = min(depth, self.depths.get(name, depth))
        if len(found) < self.most:
            found.append(node)


def _elements(begin: bytes) -> Iterator[tuple[str, Any]]:
    """libxml2's events, few at a time in memory. Raises XMLSyntaxError behind what comes before a fault."""
    parser = etree.XMLPullParser(events=("start", "end"), **xml_stream.SAFE)
    for at in range(0, len(begin), FIRST):
        try:
            parser.feed(begin[at:at + FIRST])
        finally:
            yield from parser.read_events()


def fragments(begin: bytes, stream: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """XML with several elements at its top, as parts of a larger document have, in an element of its own; prefixes that
    only the larger document declares are declared.

    Any other XML is given back as it is, a document with a page behind it (an error's, of a server) too.
    """
    fault, namespaces = _fault(begin), b""
    if fault == etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE and (at := xml_documents.root_ends(begin)) > 0:
        first, namespaces = next(stream, b""), _undeclared(begin)
        whole = begin[:at] + namespaces + begin[at:]
        if (fault := _fault(whole)) != etree.ErrorTypes.ERR_DOCUMENT_END and len(first) >= at:
            return whole, chain([first[:at] + namespaces + first[at:]], stream)
        stream = chain([first], stream)
    if fault != etree.ErrorTypes.ERR_DOCUMENT_END:
        return begin, stream
    first = next(stream, b"")
    declared = _DECLARATION.match(first)
    opening = WRAP[0][:-1] + namespaces + b">"
    wrapped = opening + begin[declared.end() if declared else 0:]
    parser = etree.XMLPullParser(events=("start",), **xml_stream.SAFE)
    with contextlib.suppress(etree.XMLSyntaxError):
        parser.feed(wrapped)
    top = next((node for _, node in parser.read_events()), None)
    tails = [top.text, *(child.tail for child in top[:-1])] if top is not None else []
    pages = top is not None and any(xml_tree.local(child.tag).lower() == "html" for child in top)
    if len(tails) < 2 or pages or any(tail and tail.strip() for tail in tails):
        return begin, chain([first], stream)
    return wrapped, chain([opening, first[declared.end() if declared else 0:]], stream, [WRAP[1]])


def _fault(begin: bytes) -> int:
    """What libxml2 finds fault with in the beginning of a document; 0 for nothing. A prefix may be told at its end."""
    parser = etree.XMLPullParser(**xml_stream.SAFE)
    try:
        parser.feed(begin)
    except etree.XMLSyntaxError as error:
        return int(error.code)
    prefix = etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE
    return prefix if any(entry.type == prefix for entry in parser.feed_error_log) else 0


def _undeclared(begin: bytes) -> bytes:
    """Declarations of the prefixes in the beginning, and of usual ones, that it does not declare."""
    used = {prefix for pair in _PREFIX.findall(begin) for prefix in pair if prefix}
    names = sorted(used.union(PREFIXES) - {b"xml", b"xmlns", *_DECLARED.findall(begin)})
    return b"".join(b' xmlns:%s="urn:prefix:%s"' % (name, name) for name in names) if len(names) < KEYS else b""


def table_rows(begin: bytes, whole: bool) -> list[Any]:
    """The first rows of a CSV file; of a first row that is longer than `begin` what there is of it."""
    begin = begin.decode("utf-8", "ignore").encode()  # without the half of a character at its end
    text = begin if whole else begin[:begin.rfind(b"\n") + 1]
    return _rows(text) or _rows(begin) or _rows(begin + b'"')


def _rows(text: bytes) -> list[Any]:
    parts = (text[at:at + FIRST] for at in range(0, len(text), FIRST))  # not a million lines at once
    return _first(tables.rows(parts, "", Counter()))


def yaml_documents(begin: bytes, max_depth: int) -> list[Any]:
    """The first YAML documents, or items of a sequence at the root."""
    return _first(yaml_stream.documents([begin], "", Counter(), max_depth))


def _first(found: Iterator[tuple[str, Any]]) -> list[Any]:
    """The first trees, as many as are kept, up to a fault."""
    trees: list[Any] = []
    with contextlib.suppress(InputError):
        trees.extend(tree for _, tree in islice(found, ITEMS))
    return trees
