"""JSON as a stream of records, in constant memory: every root shape, every error with its byte offset.

Records stand at a depth that is known beforehand (`values[]` lies two containers deep). `cut` finds, with numpy,
the brackets that open and close at that depth; each record's bytes go to orjson at once. What is left, the
document with `{}` and `[]` in the records' places, goes through ijson, which checks its grammar and says where
each record stood. Several documents in a row (JSON Lines, concatenated JSON) are read one after the other.

Strict: NaN, trailing commas, comments, trailing garbage, duplicate keys and numbers too long to be kept are
errors. Repaired and counted: lone surrogates (as U+FFFD).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import ijson
import numpy as np
import orjson

from cybersieve.errors import InputError

Path = tuple[str, ...]  # keys, "*" for any key, "[]" for the items of an array
MAX_DIGITS = 400  # of one number; a double ends at 309 digits, JSON itself has no limit
_NUMBER = re.compile(rb"(?:^|[\s,:\[])-?\d{%d}" % MAX_DIGITS)


def path(text: str) -> Path:
    """`result.values[]` as ("result", "values", "[]"); the empty path is the document itself."""
    return tuple(re.findall(r"\[\]|[^.\[\]]+", text))


@dataclass(frozen=True)
class Piece:
    """What stands between two records, and the record after it (none at the end)."""

    offset: int  # of the gap in the stream
    gap: bytes
    record: bytes
    suspect: bool  # a run of 19 digits is in the record: perhaps a number that 64 bits don't hold


class Cutter:
    """Finds the containers that open at `depth` in a stream of chunks of any size."""

    def __init__(self, name: str, depth: int, max_depth: int, max_bytes: int) -> None:
        self.name, self.depth, self.max_depth, self.max_bytes = name, depth, max_depth, max_bytes
        self.quoted, self.escaped, self.level = False, False, 0
        self.offset, self.start = 0, -1  # of the chunk; of the open record, -1 if none is open
        self.parts: list[bytes] = []  # of the gap or record that is not complete yet
        self.gap, self.gap_at, self.held, self.suspect = b"", 0, 0, False

    def error(self, reason: str, at: int, remedy: str = "") -> InputError:
        return InputError(self.name, reason, f"byte {at}", remedy)

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """The pieces that end in this chunk. Raises InputError on unbalanced, too deep or too large containers."""
        data = np.frombuffer(chunk, np.uint8)
        marks, levels = self._brackets(data)
        opening = (data[marks] & 4) == 0  # [ and { have this bit clear, ] and } have it set: 5B 7B, 5D 7D
        edges = np.where(opening, levels == self.depth + 1, levels == self.depth)
        suspect = bool(_long_digits(data)) or (len(chunk) < 19)
        done = 0
        for at, opens in zip(marks[edges].tolist(), opening[edges].tolist(), strict=True):
            if opens:
                self._hold(chunk[done:at])
                self.gap, self.parts, self.held, done = b"".join(self.parts), [], 0, at
                self.start, self.suspect = self.offset + at, suspect
            else:
                self._hold(chunk[done:at + 1])
                yield Piece(self.gap_at, self.gap, b"".join(self.parts), self.suspect or suspect)
                self.parts, self.held, done = [], 0, at + 1
                self.start, self.gap_at = -1, self.offset + at + 1
        self._hold(chunk[done:])
        self.suspect = self.suspect or suspect
        self.offset += len(chunk)

    def _hold(self, part: bytes) -> None:
        """Keep the beginning of something whose end has not been seen."""
        self.parts.append(part)
        self.held += len(part)
        if self.held > self.max_bytes:
            at = self.start if self.start >= 0 else self.gap_at
            raise self.error(f"more than {self.max_bytes / 1e6:g} MB without the end of a record", at,
                             "raise parse.limits.max_record_mb if it is meant to be so large")

    def _brackets(self, data: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Positions of the brackets outside strings, and the nesting after each."""
        quotes = np.flatnonzero(data == 0x22)
        slashes = np.flatnonzero(data == 0x5C)
        if self.escaped or len(slashes):
            quotes = self._unescaped(quotes, slashes, len(data))
        folded = data & 0xDF  # { and [ become one, } and ] too
        marks = np.flatnonzero((folded == 0x5B) | (folded == 0x5D))
        inside = (np.searchsorted(quotes, marks) + self.quoted) & 1
        marks = marks[inside == 0]
        levels = self.level + np.cumsum(1 - (data[marks] & 4).astype(np.int64) // 2)
        self.quoted = bool((len(quotes) + self.quoted) & 1)
        if len(levels):
            self._check(marks, levels)
            self.level = int(levels[-1])
        return marks, levels

    def _unescaped(self, quotes: np.ndarray[Any, Any], slashes: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
        """The quotes that no odd run of backslashes precedes."""
        if self.escaped:  # the chunk's first character is escaped: a backslash there starts no run
            quotes, slashes = quotes[quotes != 0], slashes[slashes != 0]
        if not len(slashes):
            self.escaped = False
            return quotes
        first = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)  # of each run
        lengths = np.diff(first, append=len(slashes))
        after = slashes[first] + lengths
        odd = after[lengths % 2 == 1]
        self.escaped = bool(len(odd) and odd[-1] == size)
        return quotes[~np.isin(quotes, odd, assume_unique=True)] if len(odd) else quotes

    def _check(self, marks: np.ndarray[Any, Any], levels: np.ndarray[Any, Any]) -> None:
        if levels.min() < 0:
            raise self.error("a closing bracket without an opening one", self.offset + int(marks[int((levels < 0).argmax())]))
        if levels.max() > self.max_depth:
            raise self.error(f"nested deeper than {self.max_depth}", self.offset + int(marks[int((levels > self.max_depth).argmax())]),
                             "raise parse.limits.max_depth if it is meant to be so deep")

    def end(self) -> Piece:
        """What follows the last record. Raises InputError where the stream ends inside a container or string."""
        if self.level or self.quoted:
            raise self.error(f"ends inside {'a string' if self.quoted else 'an object or array'}: the file is cut off",
                             self.offset, "fetch it again")
        return Piece(self.gap_at, b"".join(self.parts), b"", False)


def _long_digits(data: np.ndarray[Any, Any]) -> bool:
    """Is there a run of 19 digits?"""
    run = (data - np.uint8(48)) < 10  # unsigned: what is below "0" wraps to large numbers
    for shift in (1, 2, 4, 8, 3):  # runs of 2, 4, 8, 16, 19
        if len(run) <= shift:
            return False
        run = run[shift:] & run[:-shift]
    return bool(run.any())


class Skeleton:
    """Follows the document without its records, and says where in it the next one stands."""

    def __init__(self, name: str, depth: int) -> None:
        self.name, self.depth = name, depth
        self.events = ijson.sendable_list()
        self.reader = ijson.basic_parse_coro(self.events, multiple_values=True)
        self.keys: list[str] = []  # of the open containers; "[]" for arrays
        self.counts: list[int] = []  # items seen in each open container
        self.seen: list[set[str]] = []  # keys of each open object
        self.documents = 0

    def feed(self, text: bytes, at: int) -> list[tuple[Path, str, Any]]:
        """Path, locator and value (None: a container) of what stands at the records' depth in `text`."""
        if len(text) > MAX_DIGITS and _NUMBER.search(text):
            raise InputError(self.name, f"a number of more than {MAX_DIGITS} digits", f"near byte {at}", "mend it")
        try:
            self.reader.send(text)
        except ijson.JSONError as error:
            raise InputError(self.name, f"not JSON: {_one_line(error)}", f"near byte {at}", "fetch it again or mend it") from None
        events, found = self.events[:], []
        self.events.clear()
        for event, value in events:
            level = len(self.keys)
            if event == "map_key":
                self._key(value, at)
            elif event in ("end_map", "end_array"):
                self.keys.pop()
                self.counts.pop()
                self.seen.pop()
            else:
                if not level and (self.depth or event != "string") and not event.startswith("start"):
                    raise InputError(self.name, f"a bare {event} where a document should begin", f"near byte {at}",
                                     "fetch it again or mend it")
                found += self._value(event, value, level)
        return found

    def _value(self, event: str, value: Any, level: int) -> list[tuple[Path, str, Any]]:
        """A value begins; what it is worth to the caller."""
        found: list[tuple[Path, str, Any]] = []
        container = event in ("start_map", "start_array")
        if level == 0:
            self.documents += 1
        if level == self.depth:
            found.append((tuple(self.keys), self._locator(), None if container else value))
        if level:
            self.counts[-1] += 1
        if container:
            self.keys.append("[]" if event == "start_array" else "")
            self.counts.append(0)
            self.seen.append(set())
        return found

    def _key(self, key: str, at: int) -> None:
        """A key of an open object; remembered, up to a number that memory can bear, to notice its second coming."""
        if key in self.seen[-1]:
            raise InputError(self.name, f"duplicate key {key[:80]!r}", f"near byte {at}", "mend it or leave the file out")
        if len(self.seen[-1]) < 10_000:
            self.seen[-1].add(key)
        self.keys[-1] = key

    def _locator(self) -> str:
        """`values[17]`; from the second document on with the document's number before it."""
        names = "".join(f"[{count}]" if key == "[]" else f".{key}" for key, count in zip(self.keys, self.counts, strict=True))
        return (f"document {self.documents}: " if names and self.documents > 1 else "") + names.removeprefix(".")

    def end(self, at: int) -> None:
        try:
            self.reader.close()
        except ijson.JSONError as error:
            raise InputError(self.name, f"not JSON: {_one_line(error)}", f"byte {at}", "fetch it again or mend it") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def fits(where: Path, wanted: Path) -> bool:
    return len(where) == len(wanted) and all(w in ("*", key) and (key == "[]") == (w == "[]") or w == key for key, w in zip(where, wanted, strict=True))


def records(chunks: Iterable[bytes], name: str, wanted: list[Path], notes: Counter[str], max_depth: int = 500,
            max_bytes: int = 16_000_000) -> Iterator[tuple[str, Any]]:
    """Locator and tree of every value at the `wanted` paths, which are all of one depth.

    `chunks` hold valid UTF-8; their sizes don't matter. Other containers at that depth are checked, not returned.
    Raises InputError with the byte offset where the JSON is broken, nested deeper than `max_depth` or has a
    record of more than `max_bytes`.
    """
    depth = len(wanted[0])
    cutter, skeleton = Cutter(name, depth, max_depth, max_bytes), Skeleton(name, depth)
    known: dict[Path, bool] = {}

    def wants(where: Path) -> bool:
        if where not in known:
            if len(known) > 1000:  # objects with a key a record: don't remember them all
                known.clear()
            known[where] = any(fits(where, w) for w in wanted)
        return known[where]

    def found(piece: Piece) -> Iterator[tuple[str, Any]]:
        shell = {0x7B: b"{}", 0x5B: b"[]"}.get(piece.record[0], b"") if piece.record else b""
        start = piece.offset + len(piece.gap)
        tree = load(piece.record, name, start, piece.suspect, notes) if piece.record else None
        for where, locator, value in skeleton.feed(piece.gap + shell, piece.offset):
            if wants(where):
                item = tree if value is None else value
                if isinstance(item, str | dict | list):
                    yield locator or f"byte {start}", _keyed(item, where, wanted)

    for chunk in chunks:
        for piece in cutter.feed(chunk):
            yield from found(piece)
    last = cutter.end()
    yield from found(last)
    skeleton.end(cutter.offset)


def _keyed(item: Any, where: Path, wanted: list[Path]) -> Any:
    """A record that is found by its key keeps it, as `@key`; a bare string becomes a record with a text."""
    item = {"text": item} if isinstance(item, str) else item
    if where and where[-1] != "[]" and isinstance(item, dict) and any(w[-1] == "*" for w in wanted):
        return {"@key": where[-1], **item}
    return item


def load(data: bytes, name: str, at: int, suspect: bool, notes: Counter[str]) -> Any:
    """One record. Fast where orjson takes it and nothing is odd, else by the careful reader."""
    try:
        tree = orjson.loads(data)
    except orjson.JSONDecodeError:
        return careful(data, name, at, notes)
    # A pair that went missing (a duplicate key) takes its quotes with it; \u0022 is a quote spelt out.
    if data.count(b'"') != orjson.dumps(tree).count(b'"') or (suspect and re.search(rb"\d{19}", data)):
        return careful(data, name, at, notes)
    return tree


def careful(data: bytes, name: str, at: int, notes: Counter[str]) -> Any:
    """One record by the standard library: whole numbers of any size up to MAX_DIGITS, and errors that say why."""
    def fail(reason: str) -> NoReturn:
        raise InputError(name, reason, f"byte {at}", "mend it or leave the file out")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        tree = dict(items)
        if len(tree) != len(items):
            twice = next(key for key, count in Counter(key for key, _ in items).items() if count > 1)
            fail(f"duplicate key {twice[:80]!r} in the record that begins here")
        return tree

    def number(digits: str) -> int | float:
        if len(digits) > MAX_DIGITS:
            fail(f"a number of {len(digits)} digits in the record that begins here")
        value = float(digits) if not digits.lstrip("-").isdigit() else int(digits)
        if value in (float("inf"), float("-inf")):
            fail(f"the number {digits[:40]} is too large")
        return value

    try:
        text = data.decode()
        tree = json.loads(text, object_pairs_hook=pairs, parse_int=number, parse_float=number,
                          parse_constant=lambda word: fail(f"{word} is not JSON; in the record that begins here"))
    except json.JSONDecodeError as error:
        place = at + len(text[:error.pos].encode("utf-8", "surrogatepass"))
        raise InputError(name, f"not JSON: {error.msg}", f"byte {place}", "fetch it again or mend it") from None
    except RecursionError:
        fail("nested deeper than this Python can follow")
    return _without_surrogates(tree, notes)


def _without_surrogates(tree: Any, notes: Counter[str]) -> Any:
    """Lone surrogates as U+FFFD, counted; pairs were joined by the reader."""
    if isinstance(tree, str):
        clean = re.sub("[\ud800-\udfff]", "\ufffd", tree)
        notes["lone surrogates replaced"] += sum(a != b for a, b in zip(tree, clean, strict=True)) if clean != tree else 0
        return clean
    if isinstance(tree, list):
        return [_without_surrogates(item, notes) for item in tree]
    if isinstance(tree, dict):
        return {_without_surrogates(key, notes): _without_surrogates(item, notes) for key, item in tree.items()}
    return tree
