"""Find records that say the same: data/parsed -> data/unique (each record's canonical one, and how alike they are).

Duplicates are texts of the same words, or texts whose shingles overlap by `threshold` or more (minhash.py) without
contradiction: it is not so that each names a figure (number, version, address) that the other lacks, and they do not
go by different public identifiers (two CVE numbers, two ATT&CK techniques).

The canonical record of a group is the one of the richest source (most characters of title, text and meta a record),
there the longest, there the one of the first id. Records of an earlier release (`against`) come before all others;
beside one all texts are compared as export masks them, for so it holds them. Records of a licence that export leaves
out come behind all others: else a text would be lost that is there under another licence.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from cybersieve import dedup_index, records
from cybersieve import engine as engines
from cybersieve.dedup_index import Index, Part
from cybersieve.errors import InputError
from cybersieve.json_record import without_surrogates
from cybersieve.params import Dedup, Mask
from cybersieve.records import Counts, Row
from cybersieve.twins import Twins

TOGETHER = 2048  # records of files that share files in the scratch folder: a mirror may have one record a file


class Job(NamedTuple):
    """One file to be indexed."""

    path: Path
    source: str
    rows: int
    earlier: bool = False  # is it of the earlier release?


def dedup_folder(parsed_dir: Path, output_dir: Path, settings: Dedup, engine: str = "local",
                 deny: Sequence[str] = ()) -> Counts:
    """Write UNIQUE rows for all of `parsed_dir`; returns the counts. Records that parse set aside are no candidates.

    `deny`: patterns of licences (export.licences.deny) whose records stand for no others.
    Raises InputError: the earlier release `settings.against` can't be read.
    """
    shards = records.shards(parsed_dir)
    jobs = [Job(shard.path, shard.source, shard.rows) for shard in shards]
    if settings.against:
        jobs += [Job(path, f"{settings.against}: {name}", TOGETHER, earlier=True)
                 for path, name in release_files(Path(settings.against))]
    counts = Counts()
    with records.output_folder(output_dir, parsed_dir) as folder:
        workers = engines.workers_for(shard.rows for shard in shards)
        twins = search(jobs, folder / "scratch", settings, engine, workers, deny) if settings.enabled else None
        names = canonical_names(jobs, twins) if twins else {}
        start = 0
        for shard in shards:
            part = Counts()
            rows = _unique(shard.path, start, twins, names, part)
            records.write(folder / shard.name, rows, records.UNIQUE)
            counts.add(shard.source, part)
            start += shard.rows
    return counts


def search(jobs: list[Job], scratch: Path, settings: Dedup, engine: str, workers: int | None,
           deny: Sequence[str] = ()) -> Twins:
    """Index all files and find the duplicates among their records."""
    scratch.mkdir()
    try:
        indexed = engines.each(partial(_parts, scratch=scratch, settings=settings, deny=deny), list(enumerate(
            _together(jobs))), engine, workers)
        twins = Twins(Index(list(chain.from_iterable(indexed)), scratch), settings.threshold)
        twins.search()
    finally:
        shutil.rmtree(scratch)
    return twins


def _together(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """The files, in their order, in groups of which each has enough records."""
    group: list[Job] = []
    rows = 0
    for job in jobs:
        group.append(job)
        rows += job.rows
        if rows >= TOGETHER:
            yield group
            group, rows = [], 0
    if group:
        yield group


def _parts(numbered: tuple[int, list[Job]], scratch: Path, settings: Dedup, deny: Sequence[str]) -> list[Part]:
    number, jobs = numbered
    parts = []
    with dedup_index.Files(scratch, str(number)) as files:
        for path, source, _, earlier in jobs:
            rows = release(path) if earlier else records.read(path, ["id", "title", "text", "meta", "dropped"])
            if settings.against:
                rows = map(_as_exported, rows)
            parts.append(dedup_index.build(files, source, earlier, rows, settings, () if earlier else deny))
    return parts


def _as_exported(row: Row) -> Row:
    from cybersieve import safety  # costs a run without an earlier release a tenth of a second

    return row if row["dropped"] is not None else safety.masked(row, Mask(secrets=True, personal=True), Counter())


def release_files(folder: Path) -> list[tuple[Path, str]]:
    """The Parquet files of an earlier release or, where it has none, its JSON lines. Raises InputError."""
    for ending in ("[!.]*.parquet", "filtered.jsonl", "[!.]*.jsonl"):  # beside ours there may be chat files
        if found := sorted(folder.rglob(ending)):
            return [(path, path.relative_to(folder).as_posix()) for path in found]
    raise InputError(folder, "holds no Parquet files and no .jsonl", remedy="dedup.against: the folder of a release")


def release(path: Path) -> Iterator[Row]:
    """An earlier release's records; only `text` must be there, and a `meta` that is none of ours is left out.

    Raises InputError where it isn't, or the file can't be read.
    """
    for number, row in enumerate(records.read(path) if path.suffix == ".parquet" else _json_lines(path)):
        if not isinstance(row.get("text"), str):
            raise InputError(path, "a record without `text`", f"record {number}",
                             "dedup.against wants the records of a release, not chat formats")
        meta, tree = row.get("meta"), None
        meta = meta if isinstance(meta, str) else json.dumps(meta, default=str)
        with suppress(ValueError):
            tree = orjson.loads(meta)
        yield {"id": str(row.get("id") or number), "title": str(row.get("title") or ""), "text": row["text"],
               "meta": meta if isinstance(tree, dict) else "{}", "dropped": None}


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    row = json.loads(without_surrogates(line, Counter()).decode("utf-8-sig"))
                except ValueError as error:
                    raise InputError(path, f"not JSON: {error}", f"line {number}") from None
                yield row if isinstance(row, dict) else {}


def canonical_names(jobs: list[Job], twins: Twins) -> dict[int, str]:
    """`source#id` of the records that stand for others."""
    wanted = np.unique(twins.twin[twins.twin >= 0])
    starts, names = twins.index.starts, {}
    for number, (path, source, _, earlier) in enumerate(jobs):
        mine = set(wanted[(wanted >= starts[number]) & (wanted < starts[number + 1])].tolist())
        if mine:
            rows = enumerate(release(path) if earlier else records.read(path, ["id"]), int(starts[number]))
            names.update({record: f"{source}#{row['id']}" for record, row in rows if record in mine})
    return names


def _unique(path: Path, start: int, twins: Twins | None, names: dict[int, str], part: Counts) -> Iterator[Row]:
    """One source's UNIQUE rows, counted."""
    for record, row in enumerate(records.read(path, ["id", "source", "dropped"]), start):
        twin = int(twins.twin[record]) if twins else -1
        part.read += 1
        if row["dropped"] is not None:
            part.dropped[row["dropped"]] += 1
        elif twins is None or twin < 0:
            part.written += 1
        else:
            exact = twins.index.entries["exact"]
            kind = "exact duplicate" if exact[record] == exact[twin] else "near duplicate" \
                if twins.similarity[record] >= twins.threshold else "part of a longer text"
            where = ", in the earlier release" if twins.index.earlier[twin] else ""
            part.dropped[kind + where] += 1
        yield {"id": row["id"], "source": row["source"], "duplicate_of": names.get(twin),
               "similarity": round(float(twins.similarity[record]), 4) if twins and twin >= 0 else None}


def table(unique_dir: Path) -> list[Row]:
    """What was found where: duplicates by source, source of the canonical record, and whether they are exact."""
    found: Counter[tuple[str, str]] = Counter()
    exact: Counter[tuple[str, str]] = Counter()
    for shard in records.shards(unique_dir):
        for row in records.read(shard.path, ["duplicate_of", "similarity"]):
            if row["duplicate_of"] is not None:
                pair = shard.source, row["duplicate_of"].partition("#")[0]
                found[pair] += 1
                exact[pair] += row["similarity"] == 1
    return [{"source": source, "canonical in": canonical, "exact": exact[source, canonical],
             "near": number - exact[source, canonical]} for (source, canonical), number in sorted(found.items())]
