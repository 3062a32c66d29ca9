"""Parse a folder of raw dumps into records: one Parquet file for each dump, in constant memory."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cybersieve import containers, readers, records, sources
from cybersieve import engine as run
from cybersieve.errors import InputError
from cybersieve.params import Parse
from cybersieve.records import Counts, Record, Row
from cybersieve.sources import Source


@dataclass
class Outcome:
    """What became of one file."""

    source: str
    counts: Counts
    error: InputError | None = None


def parse_folder(input_dir: Path, output_dir: Path, settings: Parse, engine: str) -> Counts:
    """Parse every data file under `input_dir` into `output_dir`.

    Raises InputError: a broken file where `settings.on_error` is stop; a folder without records.
    """
    sources.users(settings.sources)  # wrong settings are told before any work
    names = files(input_dir)
    counts = Counts()
    with records.output_folder(output_dir, input_dir) as partial_dir:
        work = partial(parse_file, input_dir=input_dir, output_dir=partial_dir, settings=settings)
        for outcome in run.each(work, names, engine):
            if outcome.error and settings.on_error == "stop":
                raise outcome.error
            counts.add(outcome.source, outcome.counts)
        if not counts.read:
            raise InputError(input_dir, "holds no records", remedy="put dumps there: JSON, XML, CSV, YAML")
    return counts


def files(folder: Path) -> list[str]:
    """Relative paths of the regular files in the folder, sorted."""
    if not folder.is_dir():
        raise InputError(folder, "is not a folder", remedy="name the folder of raw dumps")
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def size_mb(folder: Path) -> float:
    """Size of the folder's files, as they are packed, in MB (10^6 bytes)."""
    return round(sum((folder / name).stat().st_size for name in files(folder)) / 1e6, 3)


def parse_file(name: str, input_dir: Path, output_dir: Path, settings: Parse) -> Outcome:
    """Parse one file; a broken one leaves nothing behind but its error and what had been read of it."""
    counts = Counts()
    if not readers.is_data(name):
        counts.notes["skipped: not data"] += 1
        return Outcome(name, counts)
    target = output_dir / f"{name}.parquet"
    try:
        if (input_dir / name).stat().st_size == 0:
            counts.notes["skipped: empty file"] += 1
            return Outcome(name, counts)
        records.write(target, rows(input_dir / name, name, settings, counts), records.PARSED)
        if not counts.read:
            raise InputError(name, "no record found", remedy="describe it in parse.sources")
    except InputError as error:
        for path in (target, target.with_name(target.name + ".partial")):
            path.unlink(missing_ok=True)
        lost = Counts(read=counts.read, failed=counts.read)
        lost.notes[f"left out: {', '.join(filter(None, (error.place, error.reason)))}"] += 1
        return Outcome(name, lost, InputError(input_dir / name, error.reason, error.place, error.remedy))
    return Outcome(name, counts)


def rows(path: Path, name: str, settings: Parse, counts: Counts) -> Iterator[Row]:
    """The file's records as rows, counted."""
    drop = {word.lower(): word for word in settings.drop_status}
    ids: set[str] = set()
    for source, locator, tree in found(path, name, settings, counts.notes):
        record = sources.record(source, tree, name, locator, drop, settings.limits.max_text_chars, counts.notes)
        if record.id in ids:
            counts.notes["id collisions"] += 1
            record.id = _another(record, ids)
        ids.add(record.id)
        counts.read += 1
        if record.dropped:
            counts.dropped[record.dropped] += 1
        else:
            counts.written += 1
        yield record.row()


def _another(record: Record, ids: set[str]) -> str:
    """An id for the second record of that id: by its content, and by its place where that is the same too."""
    row = record.row()
    told = f"{record.id}~{sources.content_id(row['title'], row['text'], row['meta'])[4:12]}"
    return told if told not in ids else f"{told}~{sources.content_id(record.id, record.locator)[4:12]}"


def found(path: Path, name: str, settings: Parse, notes: Counter[str]) -> Iterator[tuple[Source, str, Any]]:
    """Source, locator and tree of every record in the file."""
    candidates = [*sources.users(settings.sources), *sources.known()]
    for member in containers.members(path, name, settings.limits, notes):
        inner = member.name or name
        if member.name and not readers.is_data(inner.rpartition("!")[2]):
            notes["archive members skipped: not data"] += 1
            continue
        document = readers.read(member.chunks, name, inner, candidates, settings.limits, notes)
        if document is None and not member.name:
            raise InputError(name, "in no format that is read: JSON, XML, CSV, YAML", "byte 0",
                             "leave the file out, or name its kind in parse.sources")
        if document is None:
            notes["archive members skipped: empty, or in no format that is read"] += 1
            continue
        for locator, tree in document.records:
            yield document.source, f"{member.name}: {locator}" if member.name else locator, tree
