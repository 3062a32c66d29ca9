"""Parse one file, or a piece of a large one, into rows of records: what is in it, and how each record is read."""

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from cybersieve import (
    columns,
    containers,
    extract,
    kinds,
    late_fields,
    late_records,
    parse_cache,
    pieces,
    readers,
    records,
    sources,
)
from cybersieve.errors import InputError
from cybersieve.faults import Faults, Parts, told
from cybersieve.field_names import address, encoded
from cybersieve.fields import Values
from cybersieve.ids import Ids
from cybersieve.infer_fields import captured
from cybersieve.params import Parse
from cybersieve.readers import Found
from cybersieve.records import Counts, Record, Row
from cybersieve.sources import Source

T = TypeVar("T")
NO_RECORD = "skipped: no record found"  # a note
ABSENT, READ_AS = ": in none of its records", "read as "  # notes: of a path of a user's source, and of the source


@dataclass
class Outcome:
    """What became of one file."""

    source: str
    counts: Counts
    error: InputError | None = None


def parse_piece(piece: pieces.Piece, input_dir: Path, output_dir: Path, settings: Parse) -> Outcome:
    """Parse a file, a piece of one or some small files, if that is not in the cache of parsed files.

    In a thread of its own: libxml2 keeps every name that it has seen for as long as the thread lives.
    """
    target, place = output_dir / f"{piece.name}.parquet{piece.suffix}", piece.place_in(input_dir)
    kept = parse_cache.entry(place, piece, settings)
    if kept and (counts := kept.take(target)) and not piece.outdated(place):
        return Outcome(piece.name, counts)
    outcome = in_thread(partial(_parse_piece, piece, input_dir, target, settings, kept.read if kept else None))
    if kept and not outcome.error:
        kept.put(target, outcome.counts)
    return outcome


def in_thread(function: Callable[[], T]) -> T:
    """Call the function in a new thread, and give back what it gives or raise what it raises."""
    done: Future[T] = Future()

    def call() -> None:
        try:
            done.set_result(function())
        except BaseException as error:  # passed on to the thread that waits
            done.set_exception(error)
    threading.Thread(target=call, daemon=True).start()  # daemon: Ctrl-C need not wait for it
    return done.result()


def _parse_piece(piece: pieces.Piece, input_dir: Path, target: Path, settings: Parse,
                 on_read: Callable[[bytes], object] | None = None) -> Outcome:
    """Write the piece's records to `target`; a broken file leaves none there, only its error and how many were read.

    With `settings.on_error` skip, broken members of an archive, lines, records and documents are left out alone, where
    that can be told: if there are some, the file is read once more without them.
    """
    name, path, counts, most = piece.name, piece.place_in(input_dir), Counts(), 0
    in_text = piece.end and not piece.share
    faults = Faults() if settings.on_error == "skip" and not in_text else None
    try:
        while True:
            if faults:
                faults.begin(counts)
            if piece.files:
                found = of_files(path, piece.files, settings, counts.notes, faults)
            elif in_text:
                found = pieces.trees(path, piece, settings, counts.notes)
            else:
                found = trees(path, name, settings, counts.notes, piece.part, on_read, faults)
            _write(found, piece, target, settings, counts)
            if not (faults and faults.new):
                break
            counts, most, on_read = Counts(), max(most, counts.read), None
        if faults:
            counts.read += faults.lost()
            counts.failed = faults.lost()
            counts.notes.update(faults.notes())
        if counts.read == counts.failed and piece.alone:
            raise next(iter(faults.errors.values())) if faults and faults.errors else readers.NoRecord(
                name, "no record found", "", "if it has some, say where in parse.sources")
        if piece.outdated(path):
            raise InputError(name, "changed")
    except InputError as error:
        target.unlink(missing_ok=True)
        changed = InputError(input_dir / name, "changed while it was read", "",
                             "wait until it is written, then run again")
        counts.read = max(most, counts.read)
        cause = changed if piece.outdated(path) else error
        return _left_out(cause, Path(cause.path) if piece.files else path, name, counts, settings)
    return Outcome(name, counts)


def _write(found: Iterator[Found], piece: pieces.Piece, target: Path, settings: Parse, counts: Counts) -> None:
    """Write records' trees to `target`, and count them."""
    with few_collections(), records.Sink(target, records.PARSED) as sink:
        parsed = rows(found, piece.name, settings, counts)
        apart = partial(columns.unique, ids=Ids(), notes=counts.notes)
        for batch in columns.batches(parsed, apart if piece.alone else list):
            sink.add_batch(batch)
            del batch  # before the next is made


def _left_out(error: InputError, path: Path, name: str, counts: Counts, settings: Parse) -> Outcome:
    """What becomes of a file with an error: passed over if it only has no record and no user's source is for it."""
    if isinstance(error, readers.NoRecord):
        if not (remedy := _for_this(name, sources.users(settings.sources))):
            counts.notes[NO_RECORD] += 1
            return Outcome(name, counts, readers.NoRecord(path, error.reason, error.place, error.remedy))
        error = InputError(name, error.reason, error.place, remedy)
    lost = Counts(read=counts.read, failed=counts.read)
    lost.notes[told(error)] += 1
    return Outcome(name, lost, InputError(path, error.reason, error.place, error.remedy))


def _for_this(name: str, own: list[Source]) -> str:
    """What to do about a file without a record, where a source of the user's names it; else nothing."""
    return next((f"correct {one.place}, which is for this file" for one in own if one.named(name)), "")


@contextmanager
def few_collections() -> Iterator[None]:
    """Records are trees without cycles: Python's collector finds nothing in them, and takes a tenth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def rows(trees: Iterator[Found], name: str, settings: Parse, counts: Counts) -> Iterator[Row]:
    """Records' trees as rows, counted."""
    reading, absent = _Reading(name, settings, counts.notes), Absent()
    for source, locator, tree in trees:
        if source.users:
            if type(tree) is list and tree and not source.columns and not counts.read:
                raise InputError(name, "a list where a record is wanted", locator,
                                 f"end the path in {source.place}.records with []")
            absent.see(source, tree)
        record = reading.record(source, locator, tree)
        counts.read += 1
        if record.dropped:
            counts.dropped[record.dropped] += 1
        else:
            counts.written += 1
        del tree  # before the next is made
        yield record.row()
    counts.notes.update(absent.notes())


class _Reading:
    """Makes one file's records of their trees."""

    def __init__(self, name: str, settings: Parse, notes: Counter[str]) -> None:
        self.name, self.notes, self.max_chars = name, notes, settings.limits.max_text_chars
        self.drop = {word.lower(): word for word in settings.drop_status}
        self.kinds = late_records.Kinds()

    def record(self, source: Source, locator: str, tree: Any) -> Record:
        """As its source describes it, with fields that the first records did not have, or as one of another kind."""
        wider = late_fields.wider(source, tree, self.notes) if source.inferred else None
        if wider and not extract.has_text(source, tree) and (
                extract.text_gone(source, tree) or self.kinds.of(tree, source)):
            wider = None  # it is of another kind
        record = self._read(wider or source, locator, tree)
        if record.text or not (source.inferred or source.strange(tree)) or extract.text_gone(source, tree):
            return record
        if other := self.kinds.of(tree, source if source.inferred else None):
            again = self._read(other, locator, tree)
            if encoded(again.text):
                self.notes["texts in base64: not read"] += 1
            elif again.text and not address(again.text) and not captured(again.text):
                self.notes["records of another kind than the first"] += 1
                return again
        return record

    def _read(self, source: Source, locator: str, tree: Any) -> Record:
        return extract.record(source, tree, self.name, locator, self.drop, self.max_chars, self.notes)


class Absent:
    """Paths of the user's sources without a value in any of a file's records: most of them are misspelt."""

    def __init__(self) -> None:
        self.left: dict[str, dict[str, Values]] = {}  # of each source
        self.records: Counter[str] = Counter()

    def see(self, source: Source, tree: Any) -> None:
        left = self.left.get(source.place)
        if left is None:
            left = self.left[source.place] = source.wants()
        self.records[source.place] += 1
        for path in [path for path, find in left.items() if find(tree)] if left else ():
            del left[path]

    def notes(self) -> dict[str, int]:
        absent = {f"{place}.{path}{ABSENT}": self.records[place] for place, left in self.left.items() for path in left}
        return absent | {f"{READ_AS}{place}": count for place, count in self.records.items()}


def absent(notes: Counter[str]) -> Iterator[str]:
    """The notes of paths for which no file has a value. Those of paths that only some files lack are taken out."""
    for note in [note for note in notes if note.endswith(ABSENT)]:
        if notes[note] == notes[READ_AS + note.partition("]")[0] + "]"]:
            yield note
        else:
            del notes[note]


def trees(path: Path, name: str, settings: Parse, notes: Counter[str], part: containers.Part | None = None,
          on_read: Callable[[bytes], object] | None = None, faults: Faults | None = None) -> Iterator[Found]:
    """Source, locator and tree of every record in the file, or in a part of a zip; `on_read` gets all bytes read.

    `faults` is told of what is broken, and says what is left out. Without it, that is an error.
    """
    own = sources.users(settings.sources)
    refuse_spreadsheet(name)
    for number, member in enumerate(containers.members(path, name, settings.limits, notes, part, on_read)):
        if faults and faults.without(number):
            continue
        before = faults.counts.read if faults else 0
        try:
            with named(member.name):
                broken = faults.parts_of(number, member.name) if faults else None
                yield from _of_member(member, name, own, settings, notes, broken)
                if faults and broken and broken.count > faults.counts.read - before:
                    raise broken.first[0]  # hardly anything of it is sound
        except InputError as error:
            if not faults or isinstance(error, containers.Unreadable | readers.NoRecord):
                raise
            faults.add(number, error, before, alone=not member.name)


def of_files(folder: Path, files: Sequence[str], settings: Parse, notes: Counter[str],
             faults: Faults | None = None) -> Iterator[Found]:
    """The same of small files, each a document of its own; those without a record are noted."""
    own = sources.users(settings.sources)
    for number, name in enumerate(files):
        if faults and faults.without(number):
            continue
        before, any_found = faults.counts.read if faults else 0, False
        broken = faults.parts_of(number, name) if faults else None
        try:
            refuse_spreadsheet(name)
            for member in containers.members(folder / name, name, settings.limits, notes):
                room = f"{name}!" if member.name else f"{name}: "
                with named(member.name):
                    for source, locator, tree in _of_member(member, name, own, settings, notes, broken):
                        any_found = True
                        yield source, f"{room}{locator}", tree
            if faults and broken and broken.count > faults.counts.read - before:
                raise broken.first[0]  # hardly anything of it is sound
            if not any_found:
                raise readers.NoRecord(name, "no record found")
        except InputError as error:
            remedy = _for_this(name, own) if isinstance(error, readers.NoRecord) else error.remedy
            if isinstance(error, readers.NoRecord) and not remedy:
                notes[NO_RECORD] += 1
                continue
            error = InputError(folder / name, error.reason, error.place, remedy)
            if not faults:
                raise error from None
            faults.add(number, _within(name, error), before, alone=False)


def refuse_spreadsheet(name: str) -> None:
    """Raises InputError where a file is one by its name."""
    if containers.spreadsheet(name):
        raise InputError(name, "a spreadsheet, which is not read", remedy="save its sheets as CSV first")


def _of_member(member: containers.Member, name: str, own: list[Source], settings: Parse, notes: Counter[str],
               broken: Parts | None) -> Iterator[Found]:
    """Source, locator and tree of every record in the file, or in a member of it."""
    inner = member.name or name
    if containers.spreadsheet(inner):
        notes["archive members skipped: spreadsheet"] += 1
        return
    if member.name and not kinds.is_data(inner, own):
        notes["archive members skipped: not data"] += 1
        return
    chunks, its_own = containers.Pushback(member.chunks), [one.within(name) for one in own] if member.name else own
    if kind := containers.foreign(chunks.begin(300)):
        if not member.name:
            raise InputError(name, f"{kind}, which is not read", "byte 0", "unpack or convert it first")
        notes[f"archive members skipped: {kind}"] += 1
        return
    found = readers.read(chunks, readers.Document(name, inner, its_own, settings.limits, notes, broken))
    if found is None and not member.name:
        raise InputError(name, "in no format that is read: JSON, XML, CSV, YAML", "byte 0",
                         "leave the file out, or name its kind in parse.sources")
    if found is None:
        notes["archive members skipped: no record found"] += 1
        return
    if member.name:
        found = ((source, f"{member.name}: {locator}", tree) for source, locator, tree in found)
    yield from found


@contextmanager
def named(member: str) -> Iterator[None]:
    """Errors name the member of an archive that they are in."""
    try:
        yield
    except InputError as error:
        if (within := _within(member, error)) is error:
            raise
        raise within from None


def _within(member: str, error: InputError) -> InputError:
    """The error with the member before its place, if it is not there yet."""
    if not member or error.place.startswith(member):
        return error
    place = ", ".join(filter(None, (member, error.place)))
    return type(error)(error.path, error.reason, place, error.remedy)
