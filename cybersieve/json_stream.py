"""JSON as a stream of records, in constant memory: every root shape, every error with its byte offset.

Records stand at paths that are known beforehand (`values[]`: two containers deep). The brackets that open and
close them are found by numpy (cybersieve/json_scan.py), and each record's bytes go to orjson in one piece. All
the rest goes through ijson, which checks the grammar and tells where in the document each record stands. Where
records of several depths are wanted, ijson builds the deeper ones itself, more slowly. Several documents in a
row (JSON Lines, concatenated JSON) are read one after the other.

Strict: NaN, trailing commas, comments, trailing garbage, duplicate keys and numbers too long to be kept are
errors. Repaired and counted: lone surrogates (as U+FFFD).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NoReturn

import ijson
import numpy as np
import orjson

from cybersieve import json_scan
from cybersieve.errors import InputError
from cybersieve.fields import RecordPath

MAX_DIGITS = 400  # of one number; a double ends at 309 digits, JSON itself has no limit
MAX_KEYS = 10_000  # of one object, that are remembered to notice duplicates outside records
NEAR = 4096  # bytes: how exact an error's place is outside records
_NUMBER = re.compile(rb"(?:^|[\s,:\[])-?[\d.]{%d}" % MAX_DIGITS)
_DIGITS = re.compile(rb"\d{19}")
Found = tuple[str, Any]  # locator, tree


def records(chunks: Iterable[bytes], name: str, wanted: list[RecordPath], notes: Counter[str],
            max_depth: int = 500, max_bytes: int = 16_000_000) -> Iterator[Found]:
    """Locator and tree of every object, array or string at the `wanted` paths, in the document's order.

    `chunks` hold valid UTF-8; their sizes don't matter. A string becomes `{"text": string}`; an object found by
    its key has it as `@key`. Raises InputError with the byte offset where the JSON is broken, nested deeper than
    `max_depth` or has a record (or one value elsewhere) of more than `max_bytes`.
    """
    reader = _Reader(name, wanted, notes, max_depth, max_bytes)
    for chunk in chunks:
        yield from reader.feed(chunk)
    yield from reader.end()


class _Reader:
    """Cuts records out of the chunks, and hands what is around them to the skeleton."""

    def __init__(self, name: str, wanted: list[RecordPath], notes: Counter[str], max_depth: int,
                 max_bytes: int) -> None:
        self.name, self.notes, self.max_depth, self.max_bytes = name, notes, max_depth, max_bytes
        self.depth = min(map(len, wanted))
        self.nesting, self.skeleton = json_scan.Nesting(), _Skeleton(name, wanted, self.depth, max_bytes)
        self.offset = 0  # of the chunk in the stream
        self.held: list[bytes] | None = None  # of the open record; None outside records
        self.held_bytes, self.start, self.suspect, self.closing = 0, 0, False, b""

    def feed(self, chunk: bytes) -> Iterator[Found]:
        data = np.frombuffer(chunk, np.uint8)
        marks, opening, levels = self.nesting.brackets(data)
        self._check(marks, levels)
        edges = np.where(opening, levels == self.depth + 1, levels == self.depth)
        long = len(chunk) < 19 or json_scan.long_digits(data)
        self.suspect = self.suspect or long
        done = 0
        for at, opens in zip(marks[edges].tolist(), opening[edges].tolist(), strict=True):
            if opens:
                yield from self._outside(chunk[done:at + 1], done)
                done = at + 1
                if self.skeleton.record_opens:
                    self.held, self.held_bytes, self.start = [chunk[at:at + 1]], 1, self.offset + at
                    self.suspect = long
            elif self.held is not None:
                self._hold(chunk[done:at + 1])
                done, self.closing = at + 1, chunk[at:at + 1]
                tree = load(b"".join(self.held), self.name, self.start, self.suspect, self.notes)
                self.held = None
                if self.skeleton.key is not None and isinstance(tree, dict):
                    tree = {"@key": self.skeleton.key, **tree}
                yield self.skeleton.locator or f"byte {self.start}", tree
        if self.held is not None:
            self._hold(chunk[done:])
        else:
            yield from self._outside(chunk[done:], done)
        self.offset += len(chunk)

    def _outside(self, text: bytes, at: int) -> Iterator[Found]:
        """Text around the records, after the bracket that closed the last one."""
        text, self.closing = self.closing + text, b""
        yield from self.skeleton.feed(text, self.offset + at)

    def _hold(self, part: bytes) -> None:
        """Keep a part of the open record."""
        assert self.held is not None
        self.held.append(part)
        self.held_bytes += len(part)
        if self.held_bytes > self.max_bytes:
            raise _too_large(self.name, self.max_bytes, f"byte {self.start}")

    def _check(self, marks: json_scan.Array, levels: json_scan.Array) -> None:
        if not len(levels):
            return
        if levels.min() < 0:
            at = self.offset + int(marks[int((levels < 0).argmax())])
            raise InputError(self.name, "a closing bracket without an opening one", f"byte {at}", "mend it")
        if levels.max() > self.max_depth:
            at = self.offset + int(marks[int((levels > self.max_depth).argmax())])
            raise InputError(self.name, f"nested deeper than {self.max_depth}", f"byte {at}",
                             "raise parse.limits.max_depth if it is meant to be so deep")

    def end(self) -> Iterator[Found]:
        """What the last document still holds. Raises InputError where the stream ends inside something."""
        if self.nesting.level or self.nesting.quoted:
            inside = "a string" if self.nesting.quoted else "an object or array"
            raise InputError(self.name, f"ends inside {inside}: the file is cut off", f"byte {self.offset}",
                             "fetch it again")
        yield from self.skeleton.feed(self.closing, self.offset)
        self.skeleton.end(self.offset)


def _too_large(name: str, max_bytes: int, place: str) -> InputError:
    return InputError(name, f"a record of more than {max_bytes / 1e6:g} MB", place,
                      "raise parse.limits.max_record_mb if it is meant to be so large")


class _Skeleton:
    """The document around the records, as ijson reads it."""

    def __init__(self, name: str, wanted: list[RecordPath], depth: int, max_bytes: int) -> None:
        self.name, self.depth, self.max_bytes = name, depth, max_bytes
        self.wanted = [path for path in wanted if len(path) == depth]
        self.deeper = [path for path in wanted if len(path) > depth]
        self.by_key = any(path[-1:] == ("*",) for path in self.wanted)
        self.events = ijson.sendable_list()
        self.reader = ijson.basic_parse_coro(self.events, multiple_values=True)
        self.keys: list[str] = []  # of the open containers; "[]" for arrays
        self.counts: list[int] = []  # items begun in each
        self.seen: list[set[str]] = []  # keys of each
        self.documents = self.silent = 0
        self.record_opens, self.locator = False, ""
        self.key: str | None = None  # of the record, where records are found by their keys
        self.builder: ijson.ObjectBuilder | None = None
        self.build_level = 0

    def feed(self, text: bytes, at: int) -> Iterator[Found]:
        """Strings and deeper records found; sets `record_opens` and `locator` where `text` ends by opening one."""
        self.record_opens = False
        if not text:  # ijson would take it for the end
            return
        if len(text) > MAX_DIGITS and _NUMBER.search(text):
            raise InputError(self.name, f"a number of more than {MAX_DIGITS} digits", f"near byte {at}", "mend it")
        for begin in range(0, len(text), NEAR):  # yajl does not say where in a piece it stumbled
            try:
                self.reader.send(text[begin:begin + NEAR])
            except ijson.JSONError as error:
                raise _not_json(self.name, error, f"near byte {at + begin}") from None
        events = self.events[:]
        self.events.clear()
        self.silent = 0 if events else self.silent + len(text)
        if self.silent > self.max_bytes:
            raise _too_large(self.name, self.max_bytes, f"near byte {at}")
        for event, value in events:
            yield from self._event(event, value, at)

    def _event(self, event: str, value: Any, at: int) -> Iterator[Found]:
        if self.builder is not None:
            self.builder.event(event, float(value) if isinstance(value, Decimal) else value)
        if event == "map_key":
            self._key(value, at)
        elif event in ("end_map", "end_array"):
            self.keys.pop()
            self.counts.pop()
            self.seen.pop()
            if self.builder is not None and len(self.keys) == self.build_level:
                tree, self.builder = self.builder.value, None
                yield self.locator, tree
        else:
            yield from self._value(event, value, at)

    def _value(self, event: str, value: Any, at: int) -> Iterator[Found]:
        """A value begins."""
        level, container = len(self.keys), event.startswith("start")
        if not level:
            self.documents += 1
            if not container and (self.depth or event != "string"):
                raise InputError(self.name, f"a bare {event} where a document should begin", f"near byte {at}",
                                 "fetch it again or mend it")
        self.record_opens = False
        paths = self.wanted if level == self.depth else self.deeper
        if (container or event == "string") and paths and self.builder is None and self._fits(paths):
            self.locator = self._place()
            if not container:
                yield self.locator or f"near byte {at}", {"text": value}
            elif level == self.depth:
                self.record_opens = True
                self.key = self.keys[-1] if self.by_key and self.keys[-1] != "[]" else None
            else:
                self.builder, self.build_level = ijson.ObjectBuilder(), level
                self.builder.event(event, value)
        if level:
            self.counts[-1] += 1
        if container:
            self.keys.append("[]" if event == "start_array" else "")
            self.counts.append(0)
            self.seen.append(set())

    def _fits(self, paths: list[RecordPath]) -> bool:
        here = self.keys
        return any(len(path) == len(here) and all(
            step == key or (step == "*" and key != "[]") for step, key in zip(path, here, strict=True))
                   for path in paths)

    def _key(self, key: str, at: int) -> None:
        if key in self.seen[-1]:
            raise InputError(self.name, f"duplicate key {key[:80]!r}", f"near byte {at}",
                             "mend it or leave the file out")
        if len(self.seen[-1]) < MAX_KEYS:
            self.seen[-1].add(key)
        self.keys[-1] = key

    def _place(self) -> str:
        """`values[17]`; from the second document on with the document's number before it."""
        names = "".join(f"[{count}]" if key == "[]" else f".{key}"
                        for key, count in zip(self.keys, self.counts, strict=True)).removeprefix(".")
        return f"document {self.documents}: {names}" if names and self.documents > 1 else names

    def end(self, at: int) -> None:
        try:
            self.reader.close()
        except ijson.JSONError as error:
            raise _not_json(self.name, error, f"byte {at}") from None


def _not_json(name: str, error: Exception, place: str) -> InputError:
    return InputError(name, f"not JSON: {' '.join(str(error).split())[:200]}", place, "fetch it again or mend it")


def load(data: bytes, name: str, at: int, suspect: bool, notes: Counter[str]) -> Any:
    """One record's tree. Fast where orjson takes it and nothing is odd, else by the careful reader.

    `at`: the record's byte offset; `suspect`: there may be a number that 64 bits don't hold.
    """
    try:
        tree = orjson.loads(data)
    except orjson.JSONDecodeError:
        return careful(data, name, at, notes)
    # A pair that went missing (a duplicate key) takes its quotes with it; \u0022 is a quote spelt out.
    if data.count(b'"') != orjson.dumps(tree).count(b'"') or (suspect and _DIGITS.search(data)):
        return careful(data, name, at, notes)
    return tree


def careful(data: bytes, name: str, at: int, notes: Counter[str]) -> Any:
    """One record by the standard library: whole numbers of up to MAX_DIGITS digits, and errors that say why."""
    def fail(reason: str) -> NoReturn:
        raise InputError(name, f"{reason}, in the record that begins there", f"byte {at}",
                         "mend it or leave the file out")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        tree = dict(items)
        if len(tree) != len(items):
            twice = next(key for key, count in Counter(key for key, _ in items).items() if count > 1)
            fail(f"duplicate key {twice[:80]!r}")
        return tree

    def number(digits: str) -> int | float:
        if len(digits) > MAX_DIGITS:
            fail(f"a number of {len(digits)} digits")
        value = int(digits) if digits.lstrip("-").isdigit() else float(digits)
        if value in (float("inf"), float("-inf")):
            fail(f"the number {digits[:40]} is too large")
        return value

    text = data.decode()
    try:
        tree = json.loads(text, object_pairs_hook=pairs, parse_int=number, parse_float=number,
                          parse_constant=lambda word: fail(f"{word} is not JSON"))
    except json.JSONDecodeError as error:
        raise InputError(name, f"not JSON: {error.msg}", f"byte {at + len(text[:error.pos].encode())}",
                         "fetch it again or mend it") from None
    except RecursionError:
        fail("nested deeper than this Python can follow")
    return _without_surrogates(tree, notes)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _without_surrogates(tree: Any, notes: Counter[str]) -> Any:
    """Lone surrogates as U+FFFD, counted; pairs were joined by the reader."""
    if isinstance(tree, str):
        clean, count = _SURROGATE.subn("\ufffd", tree)
        if count:
            notes["lone surrogates replaced"] += count
        return clean
    if isinstance(tree, list):
        return [_without_surrogates(item, notes) for item in tree]
    if isinstance(tree, dict):
        return {_without_surrogates(key, notes): _without_surrogates(item, notes) for key, item in tree.items()}
    return tree

