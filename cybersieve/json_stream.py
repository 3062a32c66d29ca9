"""JSON as a stream of records, in constant memory: every root shape, every error with its byte offset.

Records stand at paths that are known beforehand (`values[]`: two containers deep). The brackets that open and
close them are found by numpy (json_scan.py), and each record's bytes go to orjson in one piece (json_record.py).
All the rest goes through ijson (json_skeleton.py), which checks the grammar and tells where in the document each
record stands. Where records of several depths are wanted, or one is too large to hold, ijson builds them, more
slowly. Several documents in a row (JSON Lines, concatenated JSON) are read one after the other.

Strict: NaN, trailing commas, comments, trailing garbage, duplicate keys and numbers too long to be kept are
errors. Repaired and counted: lone surrogates (as U+FFFD).
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np

from cybersieve import json_scan
from cybersieve.errors import InputError
from cybersieve.faults import Parts
from cybersieve.fields import RecordPath
from cybersieve.json_record import Raw, load, without_surrogates
from cybersieve.json_skeleton import Found, Skeleton, Watch, check, too_large


def records(chunks: Iterable[bytes], name: str, wanted: list[RecordPath], notes: Counter[str], max_depth: int = 500,
            max_bytes: int = 16_000_000, skip: frozenset[RecordPath] = frozenset(), offset: int = 0,
            watch: Watch | None = None, broken: Parts | None = None) -> Iterator[Found]:
    """Locator and tree of every object, array or string at the `wanted` paths, in the document's order.

    `chunks` hold valid UTF-8; their sizes don't matter. A string becomes `{"text": string}`; an object found by
    its key has it as `@key`. Of a record larger than `max_bytes` what stands at the `skip` paths (keys from the
    record on, arrays passed through) is left out; without any, it is an error. `offset`: of the first chunk. `watch`
    is shown the texts that stand in no record, and told where. `broken` is told of records that are left out for what
    is wrong within their brackets; without it, that is an error.

    Raises InputError with the byte offset where the JSON is broken, nested deeper than `max_depth`, or has a record
    (or one value elsewhere) of more than `max_bytes`.
    """
    reader = Reader(name, wanted, notes, max_depth, max_bytes, skip, offset, watch, broken)
    for chunk in chunks:
        yield from reader.feed(chunk)
    yield from reader.end()


class Reader:
    """Cuts records out of the chunks, and hands what is around them to the skeleton."""

    def __init__(self, name: str, wanted: list[RecordPath], notes: Counter[str], max_depth: int, max_bytes: int,
                 skip: frozenset[RecordPath], offset: int, watch: Watch | None = None,
                 broken: Parts | None = None) -> None:
        self.name, self.notes, self.max_depth, self.max_bytes = name, notes, max_depth, max_bytes
        self.load = partial(load, name=name, notes=notes, broken=broken)
        self.depth = min(map(len, wanted))
        self.nesting = json_scan.Nesting()
        self.skeleton = Skeleton(name, wanted, self.depth, max_bytes, skip, notes, watch)
        self.offset = offset  # of the chunk in the stream
        self.floor = 0  # containers that may not close yet
        self.opened = False  # is a record open?
        self.held: list[bytes] = []  # of it, from the chunks before
        self.start = 0  # of it in the stream
        self.closing = b""  # the last record's closing bracket, and what followed it, if only white space

    def feed(self, chunk: bytes) -> Iterator[Found]:
        """The records that end in this chunk, loaded together as far as nothing else stands between them."""
        pending: list[Raw] = []
        try:
            for item in self._cut(chunk):
                if isinstance(item, Raw):
                    pending.append(item)
                else:
                    ready, pending = pending, []  # of which a fault in one is told once
                    yield from self.load(ready)
                    yield item
        except InputError:
            yield from self.load(pending)
            raise
        yield from self.load(pending)

    def _cut(self, chunk: bytes) -> Iterator[Raw | Found]:
        data = np.frombuffer(chunk, np.uint8)
        marks, opening, levels = self.nesting.brackets(data)
        self._check(marks, levels)
        edges = np.where(opening, levels == self.depth + 1, levels == self.depth)
        long = json_scan.long_digits(chunk, data)
        done = 0
        for at, opens in zip(marks[edges].tolist(), opening[edges].tolist(), strict=True):
            if opens:
                gap, done = self.closing + chunk[done:at + 1], at
                if not (self.closing and self.skeleton.skip_to_next(gap)):
                    yield from self.skeleton.feed(gap, self.offset + at + 1 - len(gap))
                self.closing = b""
                self.opened, self.start = self.skeleton.record_opens, self.offset + at
                done += not self.opened
            elif self.opened:
                record, done = chunk[done:at + 1], at + 1
                suspect = bisect_left(long, self.start - self.offset) < bisect_left(long, at)
                if self.held or len(record) > self.max_bytes:
                    yield from self._hold(record)
                    record, self.held = b"".join(self.held), []
                    suspect = json_scan.has_long_digits(record)
                if self.opened:
                    self.opened, self.closing = False, record[-1:]
                    locator = self.skeleton.locator or f"byte {self.start}"
                    yield Raw(locator, self.skeleton.key, self.start, record, suspect)
        if self.opened:
            yield from self._hold(chunk[done:])
        else:
            gap = self.closing + chunk[done:]
            if len(gap) > 1 and not gap.strip() and not self.nesting.quoted:
                gap = b" "  # however much of it there is, it is no text that ijson would have to keep
            if self.closing and len(gap) < 1000 and not gap[1:].strip():
                self.closing = gap  # perhaps another record follows at once
            else:
                self.closing = b""
                yield from self.skeleton.feed(gap, self.offset + len(chunk) - len(gap))
        self.offset += len(chunk)

    def _hold(self, part: bytes) -> Iterator[Found]:
        """Keep a part of the open record; one that is too large goes to the skeleton, which leaves out parts of it."""
        self.held.append(part)
        if sum(map(len, self.held)) > self.max_bytes:
            if not self.skeleton.skip:
                self._check_begun()
                raise too_large(self.name, self.max_bytes, f"byte {self.start}")
            held, self.held, self.opened = self.held, [], False
            self.notes["large records read in part"] += 1
            self.skeleton.locator = self.skeleton.locator or f"byte {self.start}"
            self.skeleton.build()
            for number, piece in enumerate(held):
                yield from self.skeleton.feed(piece[1:] if number == 0 else piece, self.start)

    def _check_begun(self) -> None:
        check(without_surrogates(b"".join(self.held), Counter()), self.name, self.start)

    def _check(self, marks: json_scan.Array, levels: json_scan.Array) -> None:
        if not len(levels):
            return
        if levels.min() < self.floor:
            at = self.offset + int(marks[int((levels < self.floor).argmax())])
            raise InputError(self.name, "a closing bracket without an opening one", f"byte {at}", "mend it")
        if levels.max() > self.max_depth:
            at = self.offset + int(marks[int((levels > self.max_depth).argmax())])
            raise InputError(self.name, f"nested deeper than {self.max_depth}", f"byte {at}",
                             "raise parse.limits.max_depth if it is meant to be so deep")

    def end(self) -> Iterator[Found]:
        """What the last document still holds. Raises InputError where the stream ends inside something."""
        if self.nesting.level or self.nesting.quoted:
            if self.opened:
                self._check_begun()
            inside = "a string" if self.nesting.quoted else "an object or array"
            raise InputError(self.name, f"ends inside {inside}: the file is cut off", f"byte {self.offset}",
                             "fetch it again")
        yield from self.skeleton.feed(self.closing, self.offset)
        yield from self.skeleton.end(self.offset)
