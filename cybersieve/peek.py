"""A look at the beginning of a file: its kind by content, and as much of its tree as the beginning holds."""

import io
import re
from dataclasses import dataclass, field
from typing import Any

import ijson
from lxml import etree

from cybersieve import xml_stream

FIRST, MOST = 64_000, 16_000_000  # bytes looked at: at once, and where the first show no record
ITEMS = 40  # of an array or object that are kept
CHARS = 4000  # of a string that are kept


def kind(prefix: bytes) -> str:
    """json, xml, html, or "" for anything else (text kinds are told by name)."""
    begin = prefix.lstrip()[:1000]
    if begin[:1] in (b"{", b"[") or re.match(rb'"(?:[^"\\]|\\.)*"\s*(?:$|\n)', begin):
        return "json"
    if begin[:1] == b"<":
        lower = begin.lower()
        page = re.search(rb"<(?!\?|!--)(!doctype\s+)?([a-z][\w:.-]*)", lower)
        return "html" if page and page[2] == b"html" else "xml"
    return ""


def json_documents(prefix: bytes) -> list[Any]:
    """The documents in `prefix` as far as they go: long arrays, objects and strings shortened, the last cut off."""
    documents: list[Any] = []
    open_: list[Any] = []
    key = [""]
    try:
        for event, value in ijson.basic_parse(io.BytesIO(prefix), use_float=True, multiple_values=True, buf_size=4096):
            if event == "map_key":
                key[-1] = value
            elif event.startswith("end"):
                open_.pop()
                key.pop()
            else:
                item: Any = {"start_map": dict, "start_array": list}[event]() if event.startswith("start") else value
                if isinstance(item, str):
                    item = item[:CHARS]
                _put(open_[-1] if open_ else documents, key[-1], item)
                if event.startswith("start"):
                    open_.append(item)
                    key.append("")
            if not open_ and len(documents) >= ITEMS:
                break
    except (ijson.JSONError, UnicodeDecodeError, ValueError, SystemError):
        pass  # the beginning ends somewhere; whether the file is whole is for the reader to say
    return documents


def _put(into: Any, key: str, item: Any) -> None:
    if len(into) >= ITEMS:
        return
    if isinstance(into, list):
        into.append(item)
    else:
        into.setdefault(key, item)


def values(documents: list[Any], path: tuple[str, ...]) -> list[Any]:
    """The values at a record path (json_stream.path) in documents from `json_documents`."""
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


@dataclass
class Elements:
    """What the beginning of an XML document shows."""

    root: str = ""
    samples: dict[str, list[Any]] = field(default_factory=dict)  # local name -> trees of the first complete ones
    counts: dict[str, int] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)  # where the name stands first


def xml_elements(prefix: bytes, most: int = 3) -> Elements:
    """Local names in `prefix`, how often and how deep they come, and up to `most` trees of each."""
    parser, seen, depth = etree.XMLPullParser(events=("start", "end"), **xml_stream.SAFE), Elements(), 0
    try:
        parser.feed(prefix)
    except etree.XMLSyntaxError:
        pass  # what came before the fault is still to be seen
    try:
        for event, node in parser.read_events():
            name = xml_stream.local(node.tag)
            if event == "start":
                seen.root = seen.root or name
                seen.counts[name] = seen.counts.get(name, 0) + 1
                seen.depths.setdefault(name, depth)
                depth += 1
            else:
                depth -= 1
                if depth and len(found := seen.samples.setdefault(name, [])) < most:
                    found.append(xml_stream.tree(node))
    except etree.XMLSyntaxError:
        pass
    return seen
