"""Where the first record ends of which a beginning shows only a part.

A record that is longer than what is looked at seems to be the whole document, and its replies the records. What comes
behind it tells: another like it, or nothing.
"""

import re
from contextlib import suppress
from typing import Any

import numpy as np
from lxml import etree

from cybersieve import json_scan, peek, telling, xml_stream, xml_tree
from cybersieve.fields import RecordPath
from cybersieve.leaves import alike
from cybersieve.sources import Source

MANY_ROOMS = 3  # levels, above which rooms of one kind may lie beside one another
_COMMA = re.compile(rb'\s{0,999},(?=\s{0,999}")')


def doubted(kind: str, source: Source) -> bool:
    """May what was taken for records by its shape be within the first one? Not whole documents, nor rows."""
    return source.inferred and kind in ("json", "xml") and source.records != [""]


def end(kind: str, source: Source, begin: bytes, more: bytes) -> int:
    """Where the first record may end that `begin` is cut off in, in `more`, which goes on behind that; 0: nowhere."""
    return json_end(source, begin, more) if kind == "json" else xml_end(source, begin, more)


def json_end(source: Source, begin: bytes, more: bytes) -> int:
    """Where, in `more`, the outermost object around the records ends that may be a record itself; 0: nowhere.

    It may if another document comes behind it, or if it has an id, a title or a text. A document that is alone must
    also hold the records in a list of its own: what lies deeper is like what a schema or a catalogue lists. Or all
    records so far stand in the first of many rooms (of a package, a year), and another like it comes behind it.
    """
    documents = peek.json_documents(begin)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        return 0
    rooms = max((_rooms(documents[0], path) for path in source.places), key=len, default=[])
    nesting = json_scan.Nesting()
    ends: dict[int, int] = {}  # by how many objects are open behind it
    for at in range(0, len(more), json_scan.PART):
        marks, opening, nested = nesting.brackets(np.frombuffer(more, np.uint8)[at:at + json_scan.PART])
        behind = ~opening & (marks + at >= len(begin))
        for level in {*range(len(rooms)), *range(1, MANY_ROOMS)}:
            found = marks[behind & (nested == level)]
            if len(found):
                ends.setdefault(level, at + int(found[0]) + 1)
        if 0 in ends:
            break
    if 0 in ends and not more[ends[0]:ends[0] + peek.FIRST].strip() and not (  # the document is alone
            ends[0] <= peek.MOST and telling.has_own(documents[0])
            and all(len(path) == 2 and path[-1] == "[]" for path in source.places)):
        del ends[0]
    for level, end in sorted(ends.items()):
        own = level < len(rooms) and telling.has_own(rooms[level])
        if not level or own or (level < MANY_ROOMS and _one_of_many(
                documents[0], level, source.places, more[end:end + peek.FIRST])):
            return end
    return 0


def _one_of_many(root: dict[str, Any], level: int, places: list[RecordPath], behind: bytes) -> bool:
    """Do all records stand in the last object of the document, or of its last one, and does another like it come behind
    that?"""
    comma, keys = _COMMA.match(behind), list[str]()
    for _ in range(level):
        keys.append(next(reversed(root), "") if isinstance(root, dict) else "")
        root = root.get(keys[-1], {}) if isinstance(root, dict) else {}
    if not comma or any(place[:level] != tuple(keys) for place in places):
        return False
    further = peek.json_documents(b"{" + behind[comma.end():])
    both = [root, *(value for tree in further for value in list(tree.values())[:1])]
    inner = [value for room in both if isinstance(room, dict) for value in list(room.values())[:1]]
    return alike(both) or (len(inner) == 2 and alike(inner))


def _rooms(tree: Any, path: RecordPath) -> list[dict[str, Any]]:
    """The objects around what stands at the path that may go on behind the beginning."""
    rooms: list[dict[str, Any]] = []
    for step in path:
        last = next(reversed(tree), "") if isinstance(tree, dict) else ""
        if not last:
            break
        rooms.append(tree)
        if step not in ("*", last):
            break
        tree = tree[last]
    return rooms[:-1] if path[-1:] == ("*",) and len(rooms) == len(path) else rooms


def xml_end(source: Source, begin: bytes, more: bytes) -> int:
    """Where in `more` another element begins like one around the records that is the only one of its name so far."""
    seen = peek.xml_elements(begin, whole=False, most=0)
    depth = min((seen.depths[name] for name in source.records if name in seen.depths), default=0)
    awaited = {level: name for level, name in enumerate(seen.open[:depth]) if level and seen.counts[name] == 1}
    second, end = _Second(awaited), 0
    parser = etree.XMLParser(target=second, **xml_stream.SAFE)
    with suppress(etree.XMLSyntaxError):  # the reader's to complain about
        for at in range(0, len(more), peek.FIRST):
            if second.outermost <= min(awaited, default=0):
                break
            before = second.outermost
            parser.feed(more[at:at + peek.FIRST])
            end = at + peek.FIRST if second.outermost < before else end
    return end


class _Second:
    """What lxml tells of elements: the outermost of the `awaited` names, by depth, that comes again in one place."""

    def __init__(self, awaited: dict[int, str]) -> None:
        self.awaited, self.depth = awaited, 0
        self.count: dict[int, int] = {}  # of them, by depth
        self.outermost = max(awaited, default=-1) + 1

    def start(self, tag: str, _: Any) -> None:
        if xml_tree.local(tag) == self.awaited.get(self.depth):
            self.count[self.depth] = self.count.get(self.depth, 0) + 1
            if self.count[self.depth] > 1:
                self.outermost = min(self.outermost, self.depth)
        self.depth += 1
        self.count[self.depth] = 0  # what it holds is another place

    def end(self, _: str) -> None:
        self.depth -= 1

    def close(self) -> None:
        """Nothing is to be told."""
