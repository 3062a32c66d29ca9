"""YAML documents as trees like JSON's, from libyaml's events: no tag makes an object, no alias makes a bomb.

Scalars are text, except plain null, true and false: an id that looks like a number or a date stays as written.
Items of a sequence at the root come one by one. Aliases share what they point to, and all they would unfold to
counts against the limits. Unknown tags are ignored and counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from cybersieve.errors import InputError

TOO_DEEP, DEEPEST = "exceeded maximum nesting depth", 1000  # libyaml's own bound, met before an event tells of 500
MAX_NODES = 200_000  # of one document, or of one item of a sequence at the root, aliases unfolded
PLAIN = {"null": None, "Null": None, "NULL": None, "~": None, "": None,
         "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
CORE_TAGS = {"str", "int", "float", "bool", "null", "map", "seq", "timestamp", "!"}
STANDARD = "tag:yaml.org,2002:"


class _File:
    """Chunks as the file that libyaml reads from."""

    def __init__(self, chunks: Iterable[bytes], name: str, max_bytes: int) -> None:
        self.chunks, self.held, self.name, self.max_bytes = iter(chunks), b"", name, max_bytes
        self.offset = self.silent = 0  # bytes read; since the last event: libyaml keeps a scalar until its end

    def read(self, size: int = 65536, /) -> bytes:
        if not self.held:
            self.held = next(self.chunks, b"")
        part, self.held = self.held[:size], self.held[size:]
        self.silent, self.offset = self.silent + len(part), self.offset + len(part)
        if self.silent > self.max_bytes + size:
            raise InputError(self.name, f"a text of more than {self.max_bytes / 1e6:g} MB", f"near byte {self.offset}",
                             "raise parse.limits.max_record_mb if it is meant to be so large")
        return part


@dataclass
class _Open:
    """A mapping or sequence whose end has not come."""

    value: Any
    anchor: str | None
    line: int  # where it begins
    nodes: int  # before it
    chars: int
    key: str | None = None
    merged: list[Any] = field(default_factory=list)  # what `<<` names


def documents(chunks: Iterable[bytes], name: str, notes: Counter[str], max_depth: int = 500,
              max_bytes: int = 16_000_000) -> Iterator[tuple[str, Any]]:
    """Locator and tree of every document; of a document that is a sequence, of its items.

    `chunks` hold valid UTF-8. Raises InputError with the line: not YAML, a duplicate key, a key that is no text,
    nested deeper than `max_depth`, more than `max_bytes` of text or MAX_NODES nodes in one document.
    """
    composer, file = _Composer(name, notes, max_depth, max_bytes), _File(chunks, name, max_bytes)
    try:
        for event in yaml.parse(file, Loader=yaml.CSafeLoader):
            file.silent = 0
            yield from composer.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        deep = f"nested deeper than {min(max_depth, DEEPEST)}" if reason == TOO_DEEP else ""
        raise InputError(name, deep or f"not YAML: {' '.join(str(reason).split())[:200]}",
                         f"line {mark.line + 1}" if mark else f"near byte {file.offset}", "mend it") from None


class _Composer:
    """Builds trees from events, without recursion."""

    def __init__(self, name: str, notes: Counter[str], max_depth: int, max_bytes: int) -> None:
        self.name, self.notes, self.max_depth, self.max_bytes = name, notes, max_depth, max_bytes
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int, int]] = {}  # value, nodes, characters
        self.nodes = self.chars = self.items = self.documents = 0

    def take(self, event: yaml.Event) -> Iterator[tuple[str, Any]]:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            self.anchors, self.nodes, self.chars, self.items = {}, 0, 0, 0
            self.documents += 1
        elif isinstance(event, yaml.AliasEvent):
            if not event.anchor or event.anchor not in self.anchors:
                self.fail(f"the alias *{event.anchor} points to nothing", line)
            value, nodes, chars = self.anchors[event.anchor]
            self.count(nodes, chars, line)
            yield from self.put(value, line)
        elif isinstance(event, yaml.ScalarEvent):
            self.count(1, len(event.value), line)
            plain = event.implicit[0] and event.value in PLAIN
            value = PLAIN[event.value] if plain else event.value
            self.anchored(event.anchor, value, 1, len(event.value), line)
            self.tagged(event.tag)
            yield from self.put(value, line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(self.open) >= self.max_depth:
                self.fail(f"nested deeper than {self.max_depth}", line)
            self.tagged(event.tag)
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
            self.open.append(_Open(value, event.anchor, line, self.nodes, self.chars))
            self.count(1, 0, line)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = self.open.pop()
            for merged in done.merged:
                if isinstance(merged, dict):
                    done.value.update((k, v) for k, v in merged.items() if k not in done.value)
            self.anchored(done.anchor, done.value, self.nodes - done.nodes, self.chars - done.chars, line)
            if self.open or isinstance(done.value, dict):
                yield from self.put(done.value, line if self.open else done.line)

    def put(self, value: Any, line: int) -> Iterator[tuple[str, Any]]:
        """A complete value goes into what is open, or out."""
        if not self.open:
            if value is not None:
                yield f"line {line}" if self.documents == 1 else f"document {self.documents}", _tree(value)
            return
        into = self.open[-1]
        if isinstance(into.value, list):
            if len(self.open) == 1:
                self.nodes = self.chars = 0
                self.items += 1
                if value is not None:
                    document = f"document {self.documents}: " if self.documents > 1 else ""
                    yield f"{document}[{self.items - 1}]", _tree(value)
            else:
                into.value.append(value)
        elif into.key is None:
            if isinstance(value, dict | list):
                self.fail("a key that is no text", line)
            into.key = str(value) if not isinstance(value, bool) else str(value).lower()
        else:
            key, into.key = into.key, None
            if key == "<<":
                into.merged += value if isinstance(value, list) else [value]
            elif key in into.value:
                self.fail(f"duplicate key {key[:80]!r}", line)
            else:
                into.value[key] = value

    def anchored(self, anchor: str | None, value: Any, nodes: int, chars: int, line: int) -> None:
        if anchor:
            self.anchors[anchor] = (value, nodes, chars)
            if len(self.anchors) > MAX_NODES:
                self.fail(f"more than {MAX_NODES} anchors", line)

    def tagged(self, tag: str | None) -> None:
        if tag and tag.removeprefix(STANDARD) not in CORE_TAGS:
            self.notes["YAML tags ignored"] += 1

    def count(self, nodes: int, chars: int, line: int) -> None:
        self.nodes, self.chars = self.nodes + nodes, self.chars + chars
        if self.nodes > MAX_NODES:
            self.fail(f"more than {MAX_NODES} values in one document, aliases unfolded", line)
        if self.chars > self.max_bytes:
            self.fail(f"a document of more than {self.max_bytes / 1e6:g} MB", line)

    def fail(self, reason: str, line: int) -> NoReturn:
        raise InputError(self.name, reason, f"line {line}" if line else "", "mend it or leave the file out")


def _tree(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value
