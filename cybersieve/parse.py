"""Parse a folder of raw dumps into records: one Parquet file for each dump, in constant memory."""

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from cybersieve import (
    cli,
    columns,
    containers,
    embedded,
    extract,
    json_record,
    kinds,
    late,
    machine,
    parse_cache,
    pieces,
    raw_files,
    readers,
    records,
    sources,
    unseen,
    xml_stream,
)
from cybersieve import engine as engines
from cybersieve.errors import InputError
from cybersieve.field_names import address, encoded
from cybersieve.fields import Values
from cybersieve.ids import Ids
from cybersieve.infer_fields import captured
from cybersieve.params import Parse
from cybersieve.readers import Found
from cybersieve.records import Counts, Row
from cybersieve.sources import Source

T = TypeVar("T")
ABSENT, READ_AS = ": in none of its records", "read as "  # notes: of a path of a user's source, and of the source
WORKERS_FROM = 2 * pieces.SIZE  # bytes of input; below it worker processes cost more time and memory than they save
FILE = 250_000  # bytes that a file counts for beside its own: it costs some milliseconds


@dataclass
class Outcome:
    """What became of one file."""

    source: str
    counts: Counts
    error: InputError | None = None


def parse_folder(input_dir: Path, output_dir: Path, settings: Parse, engine: str) -> Counts:
    """Parse every data file under `input_dir` into `output_dir`.

    Files that are no data are passed over and noted, sound files without a record with a warning. Raises InputError: a
    broken file, or one without a record that a source of the user's names, where `settings.on_error` is stop (with skip
    it is left out as a whole, and what had been read of it counts as failed); a folder without records.
    """
    own = sources.users(settings.sources)  # wrong settings are told before any work
    counts = Counts()
    names, skipped = raw_files.listed(input_dir, own)
    for name, reason in skipped.items():
        counts.add(raw_files.shown(name), Counts(notes=Counter({f"skipped: {reason}": 1})))
    for line in _passed_over(names, skipped, own):
        cli.warn(line)
    broken = {name: error for name in names if (error := raw_files.unusable(input_dir / name, name))}
    broken |= raw_files.in_the_way(input_dir, names)
    names = [name for name in names if name not in broken]
    told = [Outcome(raw_files.shown(name), Counts(notes=Counter({f"left out: {error.reason}": 1})), error)
            for name, error in broken.items()]
    with records.output_folder(output_dir, input_dir) as folder:
        outcomes = chain(told, _outcomes(names, input_dir, folder, settings, engine))
        for outcome in cli.progress(outcomes, "parse", len(names) + len(told)):
            if outcome.error and settings.on_error == "stop" and not isinstance(outcome.error, readers.NoRecord):
                raise _with_way_on(outcome.error)
            if outcome.error:
                cli.warn(f"left out: {outcome.error}")
            for line in _told(outcome):
                cli.warn(line)
            counts.add(outcome.source, outcome.counts)
        for note in [note for note in counts.notes if note.endswith(ABSENT)]:
            place = note.partition("]")[0] + "]"
            if counts.notes[note] == counts.notes[READ_AS + place]:
                cli.warn(note)
            else:  # another file or piece has it
                del counts.notes[note]
        if not counts.read:
            raise InputError(input_dir, "holds no records", remedy="put dumps there: JSON, XML, CSV, YAML")
    parse_cache.tidy()
    return counts


def _with_way_on(error: InputError) -> InputError:
    """The error that ends the run, with how to go on without the file."""
    remedies = filter(None, (error.remedy, "parse.on_error: skip leaves it out"))
    return InputError(error.path, error.reason, error.place, "; ".join(remedies))


def _told(outcome: Outcome) -> Iterator[str]:
    """What a user should know of a file that was read."""
    silent, read = outcome.counts.dropped[records.NO_TEXT], outcome.counts.read
    if read and silent * 2 > read:
        which = f"none of its {read} records has a" if silent == read else f"{silent} of its {read} records have no"
        yield (f"{outcome.source}: {which} title or text (parse.py --explain shows what is read of them; say in "
               "parse.sources what should be)")
    if replaced := outcome.counts.notes["invalid bytes replaced"]:
        yield (f"{outcome.source}: {replaced} bytes that are not UTF-8 were replaced: convert it if it is in another "
               "encoding")
    for note in (late.NOT_READ, xml_stream.NOT_READ, embedded.NOT_READ):
        if missed := outcome.counts.notes[note]:
            yield f"{outcome.source}: {missed} {note} (say in parse.sources where its records stand)"
    if missed := outcome.counts.notes[unseen.NOT_READ]:
        yield f"{outcome.source}: {missed} {unseen.NOT_READ} (say in parse.sources which are its records' texts)"


def _passed_over(names: list[str], skipped: dict[str, str], own: list[Source]) -> Iterator[str]:
    """What a user might have meant to be read."""
    endings = Counter(ending for name, reason in skipped.items() if reason == "not data"
                      and (ending := PurePosixPath(name).suffix.lower()) in kinds.MAY_HOLD_RECORDS)
    if endings:
        yield f"passed over by name: {', '.join(f'{n} {ending}' for ending, n in sorted(endings.items()))}"
    if not any(PurePosixPath(name).suffix.lower() in containers.ENDINGS for name in names):  # members may be meant
        for source in own:
            if source.file and not any(map(source.named, names)):
                yield f"{source.place} ({source.name}): no file is named {', '.join(source.file)}"


def _outcomes(names: list[str], input_dir: Path, folder: Path, settings: Parse, engine: str) -> Iterator[Outcome]:
    """What became of each file, in the order of the names; large ones are parsed in pieces where they can be cut."""
    alone = engine == "local" and machine.cores() == 1  # pieces would only cost memory
    cut = [[pieces.whole(input_dir / name, name)] if alone else pieces.of(input_dir / name, name, settings)
           for name in names]
    jobs = [piece for some in cut for piece in some]
    size = sum(len(some) * pieces.SIZE if len(some) > 1 else FILE + (input_dir / some[0].name).stat().st_size
               for some in cut)
    workers = None if size >= WORKERS_FROM else 1
    work = partial(parse_piece, input_dir=input_dir, output_dir=folder, settings=settings)
    done = zip(jobs, engines.each(work, jobs, engine, workers), strict=True)
    for name, mine in groupby(done, lambda pair: pair[0].name):
        yield _joined(name, mine, folder, input_dir, settings)


class _Unjoined(Exception):
    """A piece failed, or none has records, or all together break a bound."""


def _joined(name: str, done: Iterator[tuple[pieces.Piece, Outcome]], folder: Path, input_dir: Path,
            settings: Parse) -> Outcome:
    """One file's pieces, as they are done, as one file. Where they can't be joined, the file is parsed as a whole."""
    first, outcome = next(done)
    if not first.end:
        return outcome
    result, notes, parts = Outcome(name, Counts()), Counter[str](), []

    def sound() -> Iterator[tuple[pieces.Piece, Counter[str], Path]]:
        for piece, part in chain([(first, outcome)], done):
            parts.append(folder / f"{name}.parquet{piece.suffix}")
            if part.error:
                raise _Unjoined
            told = [note for note in part.counts.notes if note.startswith(pieces.PASSED)]
            passed = Counter({note: part.counts.notes.pop(note) for note in told})
            result.counts.add(name, part.counts)
            if result.counts.notes[json_record.EMPTY] > json_record.MAX_EMPTY:  # a bound of the whole file
                raise _Unjoined
            yield piece, passed, parts[-1]
        if not result.counts.read:
            raise _Unjoined

    try:
        with records.Sink(folder / f"{name}.parquet", records.PARSED) as sink:
            for batch in columns.joined(sound(), notes):
                sink.add_batch(batch)
        result.counts.sources = {}
        result.counts.notes.update(notes)
    except _Unjoined:
        parts += [folder / f"{name}.parquet{piece.suffix}" for piece, _ in done]
        result = parse_piece(pieces.whole(input_dir / name, name), input_dir, folder, settings)
    for path in parts:
        path.unlink(missing_ok=True)
    return result


def parse_piece(piece: pieces.Piece, input_dir: Path, output_dir: Path, settings: Parse) -> Outcome:
    """Parse a file or a piece of one, if it is not in the cache of parsed files.

    In a thread of its own: libxml2 keeps every name that it has seen for as long as the thread lives.
    """
    target = output_dir / f"{piece.name}.parquet{piece.suffix}"
    kept = parse_cache.entry(input_dir / piece.name, piece, settings)
    if kept and (counts := kept.take(target)) and not piece.outdated(input_dir / piece.name):
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
                 told: Callable[[bytes], object] | None = None) -> Outcome:
    """A broken file leaves nothing behind but its error and what had been read of it."""
    name, counts, path = piece.name, Counts(), input_dir / piece.name
    in_json = piece.end and not piece.share
    read = partial(pieces.found, path, piece) if in_json else partial(found, path, name, part=piece.part, told=told)
    try:
        with few_collections(), records.Sink(target, records.PARSED) as sink:
            parsed = rows(read(settings, counts.notes), name, settings, counts)
            apart = partial(columns.unique, ids=Ids(), notes=counts.notes)
            for batch in columns.batches(parsed, list if piece.end else apart):
                sink.add_batch(batch)
                del batch  # before the next is made
            if not counts.read and not piece.end:
                raise readers.NoRecord(name, "no record found", "", "if it has some, say where in parse.sources")
            if piece.outdated(path):
                raise InputError(name, "changed")
    except InputError as found_wrong:
        changed = InputError(path, "changed while it was read", remedy="wait until it is written, then run again")
        error = changed if piece.outdated(path) else found_wrong
        wanted = next((source.place for source in sources.users(settings.sources) if source.named(name)), None)
        if isinstance(error, readers.NoRecord):
            if not wanted:
                counts.notes["skipped: no record found"] += 1
                return Outcome(name, counts, readers.NoRecord(path, error.reason, error.place, error.remedy))
            error = InputError(name, error.reason, error.place, f"correct {wanted}, which is for this file")
        lost = Counts(read=counts.read, failed=counts.read)
        lost.notes[f"left out: {', '.join(filter(None, (error.place, error.reason)))}"] += 1
        return Outcome(name, lost, InputError(path, error.reason, error.place, error.remedy))
    return Outcome(name, counts)


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
    drop = {word.lower(): word for word in settings.drop_status}
    limit, kinds, absent = settings.limits.max_text_chars, late.Kinds(), Absent()
    for source, locator, tree in trees:
        if source.users:
            if type(tree) is list and tree and not source.columns and not counts.read:
                raise InputError(name, "a list where a record is wanted", locator,
                                 f"end the path in {source.place}.records with []")
            absent.see(source, tree)
        wider = unseen.wider(source, tree, counts.notes) if source.inferred else None
        if wider and not extract.says(source, tree) and (extract.told_gone(source, tree) or kinds.of(tree, source)):
            wider = None  # it is of another kind
        record = extract.record(wider or source, tree, name, locator, drop, limit, counts.notes)
        if not record.text and (source.inferred or source.strange(tree)) and not extract.told_gone(source, tree) and (
                other := kinds.of(tree, source if source.inferred else None)):
            again = extract.record(other, tree, name, locator, drop, limit, counts.notes)
            if encoded(again.text):
                counts.notes["texts in base64: not read"] += 1
            elif again.text and not address(again.text) and not captured(again.text):
                record = again
                counts.notes["records of another kind than the first"] += 1
        counts.read += 1
        if record.dropped:
            counts.dropped[record.dropped] += 1
        else:
            counts.written += 1
        yield record.row()
    counts.notes.update(absent.notes())


class Absent:
    """Paths of the user's sources with no value in any record: misspelt, mostly."""

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


def found(path: Path, name: str, settings: Parse, notes: Counter[str], part: containers.Part | None = None,
          told: Callable[[bytes], object] | None = None) -> Iterator[Found]:
    """Source, locator and tree of every record in the file, or in a part of a zip; `told` of all bytes read."""
    own = sources.users(settings.sources)
    of_members = [source.within(name) for source in own]
    if containers.spreadsheet(name):
        raise InputError(name, "a spreadsheet, which is not read", remedy="save its sheets as CSV first")
    for member in containers.members(path, name, settings.limits, notes, part, told):
        inner = member.name or name
        if containers.spreadsheet(inner):
            notes["archive members skipped: spreadsheet"] += 1
            continue
        if member.name and not kinds.is_data(inner, own):
            notes["archive members skipped: not data"] += 1
            continue
        with named(member.name):
            chunks = containers.Pushback(member.chunks)
            if kind := containers.foreign(chunks.begin(16)):
                if not member.name:
                    raise InputError(name, f"{kind}, which is not read", "byte 0", "unpack or convert it first")
                notes[f"archive members skipped: {kind}"] += 1
                continue
            document = readers.read(chunks, name, inner, of_members if member.name else own, settings.limits, notes)
            if document is None and not member.name:
                raise InputError(name, "in no format that is read: JSON, XML, CSV, YAML", "byte 0",
                                 "leave the file out, or name its kind in parse.sources")
            if document is None:
                notes["archive members skipped: no record found"] += 1
                continue
            if member.name:
                document = ((source, f"{member.name}: {locator}", tree) for source, locator, tree in document)
            yield from document


@contextmanager
def named(member: str) -> Iterator[None]:
    """Errors name the member of an archive that they are in."""
    try:
        yield
    except InputError as error:
        if not member or error.place.startswith(member):
            raise
        place = ", ".join(filter(None, (member, error.place)))
        raise InputError(error.path, error.reason, place, error.remedy) from None
