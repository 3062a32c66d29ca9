"""XML as a stream of record elements, in constant memory, with nothing fetched and no entity expanded.

A record is an element of a given local name (`Weakness`, `item`, `row`), in any namespace; it becomes the kind
of tree that JSON has (xml_tree.py). Everything else in the document is thrown away as soon as it is complete.

Document type declarations are read over; external entities and DTDs are never fetched; entities that the
document declares itself are left unexpanded. libxml2's own bounds stay on: 256 levels, 10 MB for one text or tag.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from lxml import etree

from cybersieve.errors import InputError
from cybersieve.fields import Wanted
from cybersieve.xml_guard import MAX_NAMES, Guard
from cybersieve.xml_tree import Plan, local, tree

MAX_PROLOG = 16_000_000  # bytes before the first element
DEEPEST = 256  # levels that libxml2 reads
MAX_DECLARED = 4096  # bytes of an XML declaration
NOT_READ = "elements beside the records that are of another name than any before: not read"
MARKED = "<?cybersieve-mark?>"  # see Document
MARK = MARKED.encode()
# A byte-order mark and an XML declaration, where they are there; as much of them as a first chunk may hold.
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml\s[^>]*\?>)?")
_HALF_DECLARED = re.compile(rb"(?:\xef(?:\xbb\xbf?)?)?(?:<(?:\?(?:x(?:m(?:l(?:\s[^>]*)?)?)?)?)?)?")
_COLUMN = re.compile(r", line \d+, column \d+$")
SAFE = {"encoding": "utf-8",  # whatever is declared: chunks are in UTF-8
        "resolve_entities": False, "no_network": True, "load_dtd": False, "dtd_validation": False,
        "attribute_defaults": False, "huge_tree": False, "remove_comments": True, "remove_pis": True}


class Document:
    """A document as libxml2 reads it, and its tree as far as it was read.

    Without events for its elements: for each, libxml2 would take Python's lock and give it back, which takes as long as
    the parsing itself. The tree is got at by a processing instruction, MARK, that is put before the first element.
    """

    def __init__(self) -> None:
        self.parser = etree.XMLPullParser(events=("pi",), **SAFE | {"remove_pis": False})
        self.mark: Any = None  # in the tree's head
        self.instructions = 0  # processing instructions within its element, which are no part of a text
        self.outside = 0  # those before and after it, of which libxml2 keeps each
        self.asked = False  # MARK was put where it may stand in a text

    def feed(self, chunk: bytes, name: str) -> None:
        """Raises XMLSyntaxError or InputError."""
        self.parser.feed(chunk)
        self.raise_fault(name)
        for _, node in self.parser.read_events():
            if self.mark is None:
                self.mark = node
            elif node.getparent() is None:
                self.outside += 1
            else:
                self.instructions += 1
        if self.outside > MAX_NAMES:
            raise InputError(name, f"more than {MAX_NAMES} processing instructions outside of its element",
                             remedy="leave the file out")

    def top(self) -> Any:
        """Its element; None where that has not begun."""
        return None if self.mark is None else self.mark.getroottree().getroot()

    def ended(self) -> bool:
        """Has its element been closed? A second MARK tells: it stands beside the element, in it or in a text."""
        self.asked, known = True, self.outside
        self.feed(MARK, "")
        return self.outside > known

    def marked(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Its bytes with MARK behind the XML declaration, or at the very beginning."""
        begin, rest = b"", iter(chunks)
        for chunk in rest:
            begin += chunk
            if len(begin) > MAX_DECLARED or not _HALF_DECLARED.fullmatch(begin):
                break
        if (declared := _DECLARATION.match(begin)) and begin:
            yield declared[0] + MARK + begin[declared.end():]
        yield from rest

    def raise_fault(self, name: str) -> None:
        """libxml2 stops at some faults without a word from lxml."""
        for entry in self.parser.feed_error_log:
            if entry.level >= etree.ErrorLevels.FATAL:
                raise _not_xml(name, entry.message, entry.line, entry.column)

    def cleaned(self, node: Any) -> Any:
        """A record without instructions, or a MARK, in its text."""
        if self.instructions:
            etree.strip_tags(node, etree.ProcessingInstruction)
        if self.asked:
            for inner in node.iter():
                if MARKED in (inner.text or ""):
                    inner.text = inner.text.replace(MARKED, "")
                if inner is not node and MARKED in (inner.tail or ""):
                    inner.tail = inner.tail.replace(MARKED, "")
        return node


class Beside(NamedTuple):
    """What may stand on the level of the records, and was not seen where these were looked for."""

    depth: int  # of a record; the root's is 0
    seen: frozenset[str]  # local names

    def note(self, top: Any, last: list[Any], notes: Counter[str]) -> None:
        """Count the complete elements of other names, before they are thrown away."""
        for node in _level(top, self.depth):
            if (name := local(node.tag)) and name not in self.seen and node not in last:
                notes[NOT_READ] += 1


class State:
    """The document that is being read."""

    document: Document | None = None

    def ended(self) -> bool:
        """Has its element been closed by what was read so far?"""
        return self.document is not None and self.document.ended()


def records(chunks: Iterable[bytes], name: str, wanted: list[str], notes: Counter[str], max_depth: int = 500,
            max_bytes: int = 16_000_000, read: Wanted | None = None, state: State | None = None,
            beside: Beside | None = None, seen: Wanted | None = None) -> Iterator[tuple[str, Any]]:
    """Locator (XML path) and tree of every outermost element with a `wanted` local name, what is `read` of it or all.

    `*` is every element below the root, `*.*` below these, each with its name as `@key`. Elements of unknown names
    `beside` them are counted. Where it is told what was `seen` in records, what else they have is read as well.

    Raises InputError with the line where the XML is broken, nested deeper than `max_depth` (or 256), or a
    record takes more than `max_bytes`.
    """
    document, guard, open_record = Document(), Guard(name, max_bytes), None
    found = _Records(document, name, wanted, max_depth, Plan.of(read or {}, seen), guard)
    if state:
        state.document = document
    try:
        for chunk in document.marked(chunks):
            guard.check(chunk, open_record is not None)
            document.feed(chunk, name)
            if (top := document.top()) is None:
                if guard.offset > MAX_PROLOG:
                    raise InputError(name, f"no element in its first {MAX_PROLOG / 1e6:g} MB", "byte 0",
                                     "leave the file out")
                continue
            last = _last(top)
            yield from found.before(top, last)
            was, open_record = open_record, found.open(last)
            if open_record is not was:
                guard.closed()
            guard.look(top)
            if beside:
                beside.note(top, last, notes)
            _prune(last, open_record)
        top = document.parser.close()
    except etree.XMLSyntaxError as error:
        document.raise_fault(name)
        raise _not_xml(name, _COLUMN.sub("", error.msg), *error.position) from None
    yield from found.before(top, [])
    if beside:
        beside.note(top, [], notes)


class _Records:
    """The records in a tree that grows, each once."""

    def __init__(self, document: Document, name: str, wanted: list[str], max_depth: int, plan: Plan | None,
                 guard: Guard) -> None:
        self.document, self.name, self.max_depth, self.plan, self.guard = document, name, max_depth, plan, guard
        self.names, self.tags = frozenset(wanted), [f"{{*}}{tag}" for tag in sorted(set(wanted))]
        self.depth = max((tag.count("*") for tag in wanted), default=0)  # of elements whatever their names
        self.counts = Counter[str]()
        self.parent, self.above = None, ""  # of the last record

    def open(self, last: list[Any]) -> Any:
        """The record among the `last` elements; None where they are in none."""
        if self.depth:
            return last[self.depth] if len(last) > self.depth else None
        return next((node for node in last if local(node.tag) in self.names), None)

    def before(self, top: Any, last: list[Any]) -> Iterator[tuple[str, Any]]:
        """Locator and tree of those that are complete: they stand before the `last` elements, which may be open."""
        if self.depth:
            for node in _level(top, self.depth):
                if (tag := local(node.tag)) and node not in last:
                    self.guard.look(node)
                    found = tree(self.document.cleaned(node), self.plan)
                    found = found if isinstance(found, dict) else {"#text": found}
                    yield f"{_above(node)}/{tag}", {"@key": tag} | found
            return
        if not self.tags:
            return
        alone = self._alone(last) if last and self.max_depth >= DEEPEST else None
        for node in top.iter(*self.tags) if alone is None else alone:
            if node in last:
                return
            # Within a record? By their names: of hundreds of tags libxml2 would make a search of its own for each node.
            if alone is None and (depth := sum(local(above.tag) in self.names for above in node.iterancestors())):
                if depth >= self.max_depth:
                    raise InputError(self.name, f"nested deeper than {self.max_depth}", f"line {node.sourceline}",
                                     "raise parse.limits.max_depth if it is meant to be so deep")
                continue
            tag = local(node.tag)
            self.counts[tag] += 1
            self.guard.look(node)
            if (holds := node.getparent()) is not self.parent:
                self.parent, self.above = holds, _above(node)
            yield f"{self.above}/{tag}[{self.counts[tag]}]", tree(self.document.cleaned(node), self.plan)

    def _alone(self, last: list[Any]) -> list[Any] | None:
        """The complete records, where no other element stands before the `last` ones: no need to look through all."""
        found: list[Any] = []
        for node in last:
            if not len(node) or local(node.tag) in self.names:
                break
            records = list(node.iterchildren(*self.tags))
            if records and records[-1] is node[-1]:
                records.pop()
            if len(records) < len(node) - 1:
                return None
            found += records
        return found


def _level(top: Any, depth: int) -> list[Any]:
    """All so far below an element."""
    level = [top]
    for _ in range(depth):
        level = [child for node in level for child in node]
    return level


def _last(top: Any) -> list[Any]:
    """The element and its last child, the last child of that, and so on: only these may still be open."""
    last = [top]
    while len(last[-1]):
        last.append(last[-1][-1])
    return last


def _prune(last: list[Any], record: Any) -> None:
    """Throw away what is complete: of each of the last elements all children but the last, down to an open record.

    The last child of each may still be open, and libxml2 may still add text to it. What stands before it, by which
    xml_tree sees how far in it begins, stays.
    """
    for node in last:
        if node is record:
            return
        if len(node) > 1:
            node.text = node[-2].tail
            del node[:-1]


def _not_xml(name: str, reason: str, line: int, column: int) -> InputError:
    if line == 1 and column > len(MARK):  # which stands there too
        column -= len(MARK)
    return InputError(name, f"not XML: {' '.join(reason.split())[:200]}", f"line {line}, column {column}",
                      "fetch it again or mend it")


def _above(node: Any) -> str:
    return "".join(f"/{local(above.tag)}" for above in reversed(list(node.iterancestors())))
