"""The JSON document around the records: ijson reads it, and says where in it each record stands."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from math import isinf
from typing import Any

import ijson

from cybersieve.errors import InputError
from cybersieve.fields import RecordPath
from cybersieve.json_record import HALF, MAX_DIGITS, MAX_VALUES, PAIR, UNKNOWN, too_many

MAX_KEYS = 10_000  # of one object, that are remembered to notice duplicates outside records
NEAR = 4096  # bytes: how exact an error's place is outside records
DIGITS = b"0123456789."
BARE = frozenset(("null", "boolean", "number"))  # events of values that are no text
NUMBER = re.compile(rb"(?:^|[\s,:\[])-?[\d.]{%d}" % MAX_DIGITS)
_BEGUN = rb"(?:u(?:[0-9a-fA-F]{0,3}|[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?))?\Z"
_ESCAPE = re.compile(rb"\\(?:(%s)|%s|(%s)|.)" % (_BEGUN, PAIR, HALF), re.S)
Found = tuple[str, Any]  # locator, tree
Watch = Callable[[list[str], str], object]  # keys down to a text ("[]" for arrays), and the text


class Digits:
    """Watches for numbers of so many digits that int() refuses them: ijson's C code may crash then."""

    def __init__(self) -> None:
        self.tail = b""  # digits at the end of the text before, and what stands before them

    def too_many(self, text: bytes) -> bool:
        """Does a number get too long in this text?"""
        joined = self.tail + text
        end = len(joined.rstrip(DIGITS))
        self.tail = joined[max(end - 1, 0):][-MAX_DIGITS:] if end < len(joined) else b""
        return len(joined) > MAX_DIGITS and bool(NUMBER.search(joined))


class Skeleton:
    """The document around the records, as ijson reads it."""

    def __init__(self, name: str, wanted: list[RecordPath], depth: int, max_bytes: int,
                 skip: frozenset[RecordPath], notes: Counter[str], watch: Watch | None = None) -> None:
        self.watch = watch
        self.name, self.depth, self.max_bytes, self.skip, self.notes = name, depth, max_bytes, skip, notes
        self.wanted = [path for path in wanted if len(path) == depth]
        self.deeper = [path for path in wanted if len(path) > depth]
        self.by_key = any(path[-1:] == ("*",) for path in wanted)
        self.events = ijson.sendable_list()
        self.reader = ijson.basic_parse_coro(self.events, multiple_values=True)
        self.keys: list[str] = []  # of the open containers; "[]" for arrays
        self.counts: list[int] = []  # items begun in each
        self.seen: list[set[str]] = []  # keys of each
        self.begun = b""  # an escape that the text before began
        self.digits = Digits()
        self.documents = self.silent = 0
        self.record_opens, self.locator, self.prefix = False, "", ""
        self.key: str | None = None  # of the record, where records are found by their keys
        self.builder: ijson.ObjectBuilder | None = None
        self.build_level = self.built = 0  # where the record being built stands; its values and characters so far
        self.values = 0  # of these, values alone
        self.skipping = -1  # level of the key whose value is left out; -1: none

    def feed(self, text: bytes, at: int) -> Iterator[Found]:
        """Strings and deeper records found; sets `record_opens` and `locator` where `text` ends by opening one."""
        self.record_opens = False
        if self.begun or b"\\" in text:
            text, self.begun = self.begun + text, b""
            text = _ESCAPE.sub(self._mended, text)
        if text:  # nothing would be the end to ijson
            yield from self._feed(text, at)

    def _mended(self, escape: re.Match[bytes]) -> bytes:
        """The escape of a lone surrogate as that of U+FFFD, counted; one that is not all there waits for the rest."""
        if escape[1] is not None:
            self.begun = escape[0]
            return b""
        if not escape[2]:
            return escape[0]
        self.notes["lone surrogates replaced"] += 1
        return UNKNOWN

    def _feed(self, text: bytes, at: int) -> Iterator[Found]:
        if self.digits.too_many(text):
            raise long_number(self.name, at)
        near = max(NEAR, self.silent // 8)  # in a long string yajl begins again with every piece
        for begin in range(0, len(text), near):  # it does not say where in a piece it stumbled
            try:
                self.reader.send(text[begin:begin + near])
            except ijson.JSONError as error:
                raise _not_json(self.name, error, f"near byte {at + begin}") from None
            except ArithmeticError:  # an exponent that Decimal() refuses
                raise long_number(self.name, at + begin) from None
        self.silent = 0 if self.events else self.silent + len(text)
        if self.silent > self.max_bytes:
            raise too_large(self.name, self.max_bytes, f"near byte {at}")
        yield from self._events(at)

    def skip_to_next(self, text: bytes) -> bool:
        """Count the next object of an array, or of JSON Lines, if `text` is only the way to it; else False.

        ijson need not see such a text: it knows that an object is open, and need not know that it is another one.
        """
        in_array = self.depth > 0
        if text[0] != 0x7D or text[-1] != 0x7B or text[1:-1].strip() != (b"," if in_array else b""):
            return False
        if in_array:
            if self.keys[-2] != "[]":
                return False
            self.locator = f"{self.prefix}[{self.counts[-2]}]"
            self.counts[-2] += 1
        else:
            self.documents += 1
        return True

    def _events(self, at: int) -> Iterator[Found]:
        events = self.events[:]
        self.events.clear()
        for event, value in events:
            if event in BARE and self.keys and self.builder is None:  # the commonest, and never part of a record
                self.counts[-1] += 1
                self.record_opens = False
            else:
                yield from self._event(event, value, at)

    def _event(self, event: str, value: Any, at: int) -> Iterator[Found]:
        if self.builder is not None:
            self._build(event, value, at)
        if event == "map_key":
            self._key(value, at)
        elif event in ("end_map", "end_array"):
            self.keys.pop()
            self.counts.pop()
            self.seen.pop()
            if self.builder is not None and len(self.keys) == self.build_level:
                tree, self.builder = self.builder.value, None
                by_key = self.key is not None and isinstance(tree, dict)
                yield self.locator, {"@key": self.key, **tree} if by_key else tree
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
        if event == "string" and self.watch and self.builder is None:
            self.watch(self.keys, value)
        paths = self.wanted if level == self.depth else self.deeper
        if (container or event == "string") and paths and self.builder is None and self._fits(paths):
            self.locator = self._place()
            self.key = self.keys[-1] if self.by_key and self.keys[-1] != "[]" else None
            if not container:
                under = {} if self.key is None else {"@key": self.key}
                yield self.locator or f"document {self.documents}", under | {"text": value}
            elif level == self.depth:
                self.record_opens = True
                self.prefix = self.locator.rpartition("[")[0]
            else:
                self.build(event)
        if level:
            self.counts[-1] += 1
        if container:
            self.keys.append("[]" if event == "start_array" else "")
            self.counts.append(0)
            self.seen.append(set())

    def build(self, event: str = "") -> None:
        """Begin to build the record that begins with `event`, or whose beginning has passed already."""
        self.builder, self.skipping = ijson.ObjectBuilder(), -1
        self.built = self.values = 0
        self.build_level = len(self.keys) - (not event)
        self.builder.event(event or ("start_array" if self.keys[-1] == "[]" else "start_map"), None)

    def _build(self, event: str, value: Any, at: int) -> None:
        """One event of the record being built, before `keys` follows it."""
        level, ends = len(self.keys), event in ("end_map", "end_array")
        if self.skipping >= 0:
            begins = event in ("start_map", "start_array", "map_key")
            if level - ends == self.skipping and not begins:
                self.skipping = -1
            return
        assert self.builder is not None
        if isinstance(value, Decimal) and isinf(value := float(value)):
            raise long_number(self.name, at)
        self.builder.event(event, value)
        self.built += 1 + (len(value) if isinstance(value, str) else 0)
        self.values += event != "map_key" and not ends
        if self.built > self.max_bytes:
            raise too_large(self.name, self.max_bytes, f"near byte {at}")
        if self.values > MAX_VALUES:
            raise too_many(self.name, f"near byte {at}")
        if event == "map_key" and self.skip:
            here = (*(key for key in self.keys[self.build_level:-1] if key != "[]"), value)
            if here in self.skip:
                self.builder.event("null", None)
                self.skipping = level

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
        passed = [*(count - 1 for count in self.counts[:-1]), *self.counts[-1:]]  # what is open has been counted
        names = "".join(f"[{count}]" if key == "[]" else f".{key}"
                        for key, count in zip(self.keys, passed, strict=True)).removeprefix(".")
        return f"document {self.documents}: {names}" if names and self.documents > 1 else names

    def end(self, at: int) -> Iterator[Found]:
        """What ijson held back until it saw the end: a number might have gone on."""
        try:
            if self.begun:
                self.reader.send(self.begun)
            self.reader.close()
        except ijson.JSONError as error:
            raise _not_json(self.name, error, f"byte {at}") from None
        except ArithmeticError:
            raise long_number(self.name, at) from None
        yield from self._events(at)


def check(begun: bytes, name: str, start: int) -> None:
    """Look through a record that does not end, as far as it is there: it may be broken, and what follows taken for it.

    `start`: where it begins in the stream. Raises InputError.
    """
    digits, events = Digits(), ijson.sendable_list()
    reader = ijson.basic_parse_coro(events)
    for at, part in pieces(begun, events):
        if digits.too_many(part):
            raise long_number(name, start + at)
        try:
            reader.send(part)
        except ijson.JSONError as error:
            found = _not_json(name, error, f"near byte {start + at}")
            raise InputError(name, f"{found.reason}; in the record that begins at byte {start}", found.place,
                             "mend it or leave the file out") from None
        except ArithmeticError:
            raise long_number(name, start + at) from None


def pieces(text: bytes, events: list[Any]) -> Iterator[tuple[int, bytes]]:
    """The text in pieces for ijson, each with where it begins; the events of one are cleared before the next.

    A string that a piece cuts ijson looks through again with the next: pieces grow in one.
    """
    at = silent = 0
    while at < len(text):
        part = text[at:at + max(NEAR, silent // 8)]
        yield at, part
        silent = 0 if events else silent + len(part)
        at += len(part)
        events.clear()


def too_large(name: str, max_bytes: int, place: str) -> InputError:
    return InputError(name, f"a record of more than {max_bytes / 1e6:g} MB", place,
                      "raise parse.limits.max_record_mb if it is meant to be so large, or say in parse.sources where "
                      "records stand")


def long_number(name: str, at: int) -> InputError:
    return InputError(name, f"a number of more than {MAX_DIGITS} digits or far too large", f"near byte {at}", "mend it")


def _not_json(name: str, error: Exception, place: str) -> InputError:
    told = error.args[0]  # bytes where ijson cut a character in two
    words = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    return InputError(name, f"not JSON: {' '.join(words.split())[:200]}", place, "fetch it again or mend it")
