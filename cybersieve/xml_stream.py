"""XML as a stream of record elements, in constant memory, with nothing fetched and no entity expanded.

A record is an element of a given local name (`Weakness`, `item`, `row`), in any namespace; it becomes the kind
of tree that JSON has (see `tree`). Everything else in the document is thrown away as soon as it is complete.

Document type declarations are read over; external entities and DTDs are never fetched; entities that the
document declares itself are left unexpanded. libxml2's own bounds stay on: 256 levels, 10 MB for one text or tag.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import numpy as np
from lxml import etree

from cybersieve import text as plain_text
from cybersieve.errors import InputError
from cybersieve.fields import Wanted

XHTML = "{http://www.w3.org/1999/xhtml}"
MAX_PROLOG = 16_000_000  # bytes before the first element
MAX_NAMES = 5_000  # different names among those looked at; libxml2 forgets none while its thread lives
PART = 4096  # bytes looked at together for the first element
NAMED = 100  # elements of each chunk whose names are looked at
MAX_ELEMENTS = 200_000  # of one record
MAX_ATTRIBUTES = 100_000  # of one element; a tag with millions costs libxml2 hundreds of MB
MAX_RUN = 10_000_000  # bytes without a `<`: libxml2's bound on one text or tag
EQUALS, LESS = b"=<"
_ATTRIBUTE = re.compile(rb"=\s*[\"']")
_BREAK = re.compile(r"(\n\s*)")


@lru_cache(4096)
def local(tag: Any) -> str:
    """The name without its namespace; empty for comments and the like."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attributes(node: Any) -> dict[str, Any]:
    items = node.items()
    return {f"@{local(name)}": value for name, value in items} if items else {}


class Plan:
    """What of an element is read, as libxml2 looks for it: the other children need not be shown to Python."""

    def __init__(self, wanted: Wanted) -> None:
        names = [name for name in wanted if name and name[0] not in "@#-"]
        self.below = {name: Plan.of(wanted[name]) for name in names}
        self.tags = [f"{{*}}{name}" for name in names if "-1" not in wanted[name]]
        self.last = [f"{{*}}{name}" for name in names if "-1" in wanted[name]]  # of which only the last is read
        self.text = "#text" in wanted

    @classmethod
    def of(cls, wanted: Wanted) -> "Plan | None":
        """None where all of it is wanted."""
        return cls(wanted) if wanted and "*" not in wanted else None

    def children(self, node: Any) -> list[Any]:
        found = list(node.iterchildren(*self.tags)) if self.tags else []
        for tag in self.last:
            found += islice(node.iterchildren(tag, reversed=True), 1)
        return found


def tree(node: Any, plan: Plan | None = None) -> Any:
    """An element as a tree: attributes as `@name`, children by local name (only those planned), several as a list.

    An element without attributes and children is its text. Mixed content (text between children, or XHTML) is
    plain text, block elements on lines of their own; beside attributes it stands under `#text`. Where there is a
    plan, it is not asked whether the content is mixed.
    """
    result = attributes(node)
    children = plan.children(node) if plan else list(node.iterchildren("*")) if len(node) else []
    if plan and not children and not plan.text:
        return result
    if not children or (not plan and _mixed(node, children)):
        words = plain_text.element(node) if len(node) else node.text or ""
        words = (_unwrapped(words) if "\n" in words and not children else words).strip()
        if not result:
            return words
        if words:
            result["#text"] = words
        return result
    for child in children:
        name = local(child.tag)
        value = tree(child, plan and plan.below[name])
        if name not in result:
            result[name] = value
        elif isinstance(result[name], list):
            result[name].append(value)
        else:
            result[name] = [result[name], value]
    return result


def _unwrapped(words: str) -> str:
    """The text without the line ends of a pretty-printer: those with white space behind them."""
    parts = _BREAK.split(words)  # text, line end and white space, text, … : each looked at once
    for at in range(1, len(parts), 2):
        indent = parts[at].rpartition("\n")[2]
        if indent and not indent.strip(" \t"):
            parts[at - 1], parts[at] = parts[at - 1].rstrip(), " "
    return "".join(parts)


def _mixed(node: Any, children: list[Any]) -> bool:
    if (text := node.text) and not text.isspace():
        return True
    return any(((tail := child.tail) and not tail.isspace()) or child.tag.startswith(XHTML) for child in children)


class State:
    """How far a document was read: has its element ended?"""

    ended = False


def records(chunks: Iterable[bytes], name: str, wanted: list[str], notes: Counter[str], max_depth: int = 500,
            max_bytes: int = 16_000_000, read: Wanted = {},  # noqa: B006 - read only
            state: State | None = None) -> Iterator[tuple[str, Any]]:
    """Locator (XML path) and tree of every outermost element with a `wanted` local name, as far as it is `read`.

    Raises InputError with the line where the XML is broken, nested deeper than `max_depth` (or 256), or a
    record takes more than `max_bytes`.
    """
    names, counts, guard, plan = frozenset(wanted), Counter[str](), _Guard(name, max_bytes), Plan.of(read)
    chunks, root = _root_name(chunks, name)
    parser = etree.XMLPullParser(events=("start", "end"), tag=[f"{{*}}{tag}" for tag in sorted(names | {root})], **SAFE)
    top, level = None, 0  # the document's element; open elements with a wanted name
    parent, above = None, ""  # of the last record
    state = state or State()
    state.ended = False
    try:
        for chunk in chunks:
            guard.check(chunk, level > 0)
            parser.feed(chunk)
            _raise_fault(parser, name)
            for event, node in parser.read_events():
                top = node if top is None else top
                state.ended = node is top and event == "end"
                tag = local(node.tag)
                if tag not in names:
                    continue
                level += 1 if event == "start" else -1
                if event == "start" and level > max_depth:
                    raise InputError(name, f"nested deeper than {max_depth}", f"line {node.sourceline}",
                                     "raise parse.limits.max_depth if it is meant to be so deep")
                if event == "end" and not level:
                    counts[tag] += 1
                    guard.look(node)
                    guard.closed()
                    if (holds := node.getparent()) is not parent:
                        parent, above = holds, _above(node)
                    yield f"{above}/{tag}[{counts[tag]}]", tree(node, plan)
                    node.clear(keep_tail=True)
            if top is not None:
                guard.look(top)
            _prune(top, names if level else frozenset())
        parser.close()
    except etree.XMLSyntaxError as error:
        _raise_fault(parser, name)
        raise _not_xml(name, error.msg, error.lineno) from None


def _raise_fault(parser: Any, name: str) -> None:
    """libxml2 stops at some faults without a word from lxml."""
    for entry in parser.feed_error_log:
        if entry.level >= etree.ErrorLevels.FATAL:
            raise _not_xml(name, entry.message, entry.line)


def _not_xml(name: str, reason: str, line: int) -> InputError:
    return InputError(name, f"not XML: {' '.join(reason.split())[:200]}", f"line {line}", "fetch it again or mend it")


SAFE = {"encoding": "utf-8",  # whatever is declared: chunks are in UTF-8
        "resolve_entities": False, "no_network": True, "load_dtd": False, "dtd_validation": False,
        "attribute_defaults": False, "huge_tree": False, "remove_comments": True, "remove_pis": True}


def _root_name(chunks: Iterable[bytes], name: str) -> tuple[Iterable[bytes], str]:
    """The local name of the document's element, and the chunks as they were."""
    parser, held, rest = etree.XMLPullParser(events=("start",), **SAFE), [], iter(chunks)
    try:
        for chunk in rest:
            held.append(chunk)
            for begin in range(0, len(chunk), PART):
                parser.feed(chunk[begin:begin + PART])
                for _, node in parser.read_events():
                    return chain(held, rest), local(node.tag)
            if sum(map(len, held)) > MAX_PROLOG:
                raise InputError(name, f"no element in its first {MAX_PROLOG / 1e6:g} MB", "byte 0",
                                 "leave the file out")
        parser.close()
    except etree.XMLSyntaxError as error:
        _raise_fault(parser, name)
        raise _not_xml(name, error.msg, error.lineno) from None
    raise InputError(name, "holds no element", "line 1", "fetch it again")


def _above(node: Any) -> str:
    return "".join(f"/{local(above.tag)}" for above in reversed(list(node.iterancestors())))


def _count(chunk: bytes, byte: int) -> int:
    """How often a frequent byte is there: five times as fast as bytes.count."""
    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == byte))


class _Guard:
    """Bounds on what libxml2 has to hold of one tag and one record."""

    def __init__(self, name: str, max_bytes: int) -> None:
        self.name, self.max_bytes, self.offset = name, max_bytes, 0
        self.equals = self.run = 0  # equals signs and bytes since the last `<`
        self.bytes = self.tags = 0  # of the open record
        self.record: list[bytes] = []  # what of it has been read, and no tags have been counted in
        self.names: set[Any] = set()
        self.unseen = NAMED  # elements still to be looked at in this chunk

    def check(self, chunk: bytes, in_record: bool) -> None:
        """Before a chunk is fed. Bytes are only counted where there may be too many of them.

        A tag holds no `<`, so the equals signs since the last one bound its attributes (of four bytes or more).
        """
        place = f"near byte {self.offset}"
        self.offset, self.unseen = self.offset + len(chunk), NAMED
        last = chunk.rfind(b"<")
        self.run = len(chunk) - last if last >= 0 else self.run + len(chunk)
        if self.run > MAX_RUN:  # an error to libxml2 too, but of a tag it would keep several times as much till then
            raise InputError(self.name, f"not XML: a tag or text of more than {MAX_RUN / 1e6:g} MB", place,
                             "leave the file out")
        if len(chunk) // 4 + self.equals > MAX_ATTRIBUTES and _count(chunk, EQUALS) + self.equals > MAX_ATTRIBUTES:
            runs = [len(_ATTRIBUTE.findall(part)) for part in chunk.split(b"<")]
            runs[0] += self.equals
            self.equals = runs[-1]
            if max(runs) > MAX_ATTRIBUTES:
                raise InputError(self.name, f"an element of more than {MAX_ATTRIBUTES} attributes", place,
                                 "leave the file out")
        else:
            self.equals = (self.equals if last < 0 else 0) + chunk.count(b"=", max(last, 0))
        if not in_record:
            self.closed()
            return
        self.record.append(chunk)
        self.bytes += len(chunk)
        if self.bytes > self.max_bytes:
            raise InputError(self.name, f"a record of more than {self.max_bytes / 1e6:g} MB", place,
                             "raise parse.limits.max_record_mb if it is meant to be so large")
        if self.bytes > 2 * MAX_ELEMENTS:
            self.tags += sum(_count(part, LESS) for part in self.record)
            self.record.clear()
            if self.tags > 2 * MAX_ELEMENTS:
                raise InputError(self.name, f"a record of more than {MAX_ELEMENTS} elements", place,
                                 "leave the file out")

    def closed(self) -> None:
        """The record that was open is complete."""
        self.bytes = self.tags = 0
        self.record.clear()

    def look(self, node: Any) -> None:
        """At the names of the element and of those in it, as long as there is something to be looked at."""
        if not self.unseen:
            return
        for element in islice(node.iter(), self.unseen):
            self.unseen -= 1
            self.names.add(element.tag)
            self.names.update(element.keys())
        if len(self.names) > MAX_NAMES:
            raise InputError(self.name, f"more than {MAX_NAMES} different names of elements and attributes",
                             f"near byte {self.offset}", "leave the file out")


def _prune(top: Any, names: frozenset[str]) -> None:
    """Throw away what is complete: all children but the last, from the document's element down along the last ones.

    The last child of each may still be open, and libxml2 may still add text to it. Stops at an open record.
    """
    node = top
    while node is not None and len(node) and local(node.tag) not in names:
        del node[:-1]
        node = node[0]
