"""Parse a folder of raw dumps into records: one Parquet file for each dump, in constant memory."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import chain, groupby
from pathlib import Path, PurePosixPath

from cybersieve import (
    cli,
    columns,
    containers,
    embedded,
    json_record,
    kinds,
    late_fields,
    late_records,
    machine,
    parse_cache,
    parse_file,
    pieces,
    raw_files,
    readers,
    records,
    small_files,
    sources,
    xml_stream,
)
from cybersieve import engine as engines
from cybersieve.errors import InputError
from cybersieve.params import Parse
from cybersieve.parse_file import Outcome
from cybersieve.records import Counts
from cybersieve.sources import Source

WORKERS_FROM = 2 * pieces.SIZE  # bytes of input; below it they save at most some seconds
FILE = 250_000  # bytes that a file counts for beside its own: it costs some milliseconds


def parse_folder(input_dir: Path, output_dir: Path, settings: Parse, engine: str) -> Counts:
    """Parse every data file under `input_dir` into `output_dir`, those of a folder of many small ones together.

    Files that are no data are passed over and noted, sound files without a record with a warning. Raises InputError: a
    broken file, or one without a record that a source of the user's names, where `settings.on_error` is stop (with skip
    it is left out as a whole, of an archive only the member, else only the line, record or document where that can be
    told, and what had been read of it counts as failed); a folder without records.
    """
    own = sources.users(settings.sources)  # wrong settings are told before any work
    counts = Counts()
    names, skipped = raw_files.listed(input_dir, own)
    for name, reason in skipped.items():
        counts.add(raw_files.shown(name), Counts(notes=Counter({f"skipped: {reason}": 1})))
    for line in _passed_over(names, skipped, own):
        cli.warn(line)
    broken = {name: error for name in names if (error := raw_files.unusable(input_dir / name, name))}
    found = small_files.sources(input_dir, (name for name in names if name not in broken), settings.folder_files)
    in_the_way = raw_files.in_the_way(input_dir, list(found))
    broken |= in_the_way
    found = {name: files for name, files in found.items() if name not in in_the_way}
    unread = [Outcome(raw_files.shown(name), Counts(notes=Counter({f"{records.LEFT_OUT}{error.reason}": 1})), error)
              for name, error in broken.items()]
    with records.output_folder(output_dir, input_dir) as folder:
        for outcome in chain(unread, _outcomes(found, input_dir, folder, settings, engine)):
            if outcome.error and settings.on_error == "stop" and not isinstance(outcome.error, readers.NoRecord):
                raise _with_way_on(outcome.error)
            if outcome.error:
                cli.warn(f"left out: {outcome.error}")
            for line in _warnings(outcome):
                cli.warn(line)
            counts.add(outcome.source, outcome.counts)
        for note in parse_file.absent(counts.notes):
            cli.warn(note)
        if not counts.read:
            raise InputError(input_dir, "holds no records", remedy="put dumps there: JSON, XML, CSV, YAML")
    parse_cache.tidy()
    return counts


def _with_way_on(error: InputError) -> InputError:
    """The error that ends the run, with how to go on without the file."""
    remedies = filter(None, (error.remedy, "parse.on_error: skip leaves it out"))
    return InputError(error.path, error.reason, error.place, "; ".join(remedies))


def _warnings(outcome: Outcome) -> Iterator[str]:
    """What a user should know of a file that was read."""
    if not outcome.error:
        for note in filter(lambda note: note.startswith(records.LEFT_OUT), sorted(outcome.counts.notes)):
            yield f"{records.LEFT_OUT}{outcome.source}, {note.removeprefix(records.LEFT_OUT)}"
        if empty := outcome.counts.notes[parse_file.NO_RECORD]:
            yield f"{outcome.source}: no record found in {empty} of its files"
    silent, read = outcome.counts.dropped[records.NO_TEXT], outcome.counts.read
    if read and silent * 2 > read:
        which = f"none of its {read} records has a" if silent == read else f"{silent} of its {read} records have no"
        yield (f"{outcome.source}: {which} title or text (parse.py --explain shows what is read of them; say in "
               "parse.sources what should be)")
    if replaced := outcome.counts.notes["invalid bytes replaced"]:
        yield (f"{outcome.source}: {replaced} bytes that are not UTF-8 were replaced: convert it if it is in another "
               "encoding")
    for note in (late_records.NOT_READ, xml_stream.NOT_READ, embedded.NOT_READ):
        if missed := outcome.counts.notes[note]:
            yield f"{outcome.source}: {missed} {note} (say in parse.sources where its records stand)"
    if missed := outcome.counts.notes[late_fields.NOT_READ]:
        yield f"{outcome.source}: {missed} {late_fields.NOT_READ} (say in parse.sources which are its records' texts)"


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


def _outcomes(found: dict[str, list[str]], input_dir: Path, folder: Path, settings: Parse,
              engine: str) -> Iterator[Outcome]:
    """What became of each source, in the order of the names; large files are parsed in pieces where they can be cut."""
    jobs = [piece for name, files in found.items() for piece in _pieces(name, files, input_dir, settings, engine)]
    several = Counter(piece.name for piece in jobs)
    size = sum(_weight(piece, several[piece.name] > 1) for piece in jobs)
    workers = None if size >= WORKERS_FROM else 1
    work = partial(parse_file.parse_piece, input_dir=input_dir, output_dir=folder, settings=settings)
    outcomes = cli.progress(engines.each(work, jobs, engine, workers), "parse", len(jobs))
    for name, mine in groupby(zip(jobs, outcomes, strict=True), lambda pair: pair[0].name):
        yield _joined(name, mine, folder, input_dir, settings)


def _pieces(name: str, files: list[str], input_dir: Path, settings: Parse, engine: str) -> list[pieces.Piece]:
    """What a source is parsed in."""
    if files != [name]:
        return small_files.pieces(input_dir, name, files)
    alone = engine == "local" and machine.cores() == 1  # pieces would only cost memory
    return [pieces.whole(input_dir / name, name)] if alone else pieces.of(input_dir / name, name, settings)


def _weight(piece: pieces.Piece, cut: bool) -> int:
    """What it costs to parse a piece, as bytes of a large file."""
    size = piece.state[0] if piece.state else 0
    if piece.files:
        return size + pieces.MEMBER * len(piece.files)
    return pieces.SIZE if cut else FILE + size


class _Unjoined(Exception):
    """A piece failed, or none has records, or all together break a bound."""


def _joined(name: str, done: Iterator[tuple[pieces.Piece, Outcome]], folder: Path, input_dir: Path,
            settings: Parse) -> Outcome:
    """One source's pieces, as they are done, as one. Where a file's can't be joined, it is parsed as a whole."""
    first, outcome = next(done)
    if first.alone:
        return outcome
    result, notes, parts = Outcome(name, Counts()), Counter[str](), []

    def sound() -> Iterator[tuple[pieces.Piece, Counter[str], Path]]:
        for piece, part in chain([(first, outcome)], done):
            parts.append(folder / f"{name}.parquet{piece.suffix}")
            if part.error and piece.files and settings.on_error == "skip":
                result.counts.add(name, part.counts)  # the rest needs nothing of it
                continue
            if part.error:
                result.error = part.error
                raise _Unjoined
            moves = [note for note in part.counts.notes if note.startswith(pieces.PASSED)]
            passed = Counter({note: part.counts.notes.pop(note) for note in moves})
            result.counts.add(name, part.counts)
            if result.counts.notes[json_record.EMPTY] > json_record.MAX_EMPTY and not piece.files:
                raise _Unjoined  # a bound of the whole file
            yield piece, passed, parts[-1]
        if result.counts.read == result.counts.failed:
            result.error = readers.NoRecord(name, "no record found", "", "if it has some, say where in parse.sources")
            raise _Unjoined

    try:
        with records.Sink(folder / f"{name}.parquet", records.PARSED) as sink:
            for batch in columns.joined(sound(), notes):
                sink.add_batch(batch)
        result.counts.sources = {}
        result.counts.notes.update(notes)
    except _Unjoined:
        result.counts.sources = {}
        if not first.files:
            parts += [folder / f"{name}.parquet{piece.suffix}" for piece, _ in done]
            result = parse_file.parse_piece(pieces.whole(input_dir / name, name), input_dir, folder, settings)
    for path in parts:
        path.unlink(missing_ok=True)
    return result
