"""Write what a user came for: the kept records with their provenance, and for every other record why not.

    filtered/SPLIT/SOURCE.parquet   id, source, locator, title, text, meta, rules, confidence, p_yes, by
    filtered/filtered.jsonl         the same records, one JSON object a line, `meta` unfolded, with their split
    filtered/FORMAT/SPLIT.jsonl     chat and instruction files, for each of the settings' templates
    filtered/README.md              the dataset card
    rejected/SOURCE.parquet         id, source, verdict (rejected or failed), by, reason, confidence, p_yes

On the way out records of denied licences, those that share text with a benchmark and too short ones are rejected,
secrets and people's addresses are masked. A record's split is decided by a hash of its public identifier (its id where
it has none): two records of one CVE number, or of one id, are never on both sides, and a record stays where it is when
others come or go.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from cybersieve import (
    card,
    chat_formats,
    cli,
    decontaminate,
    identifiers,
    licence_names,
    params,
    records,
    safety,
    templates,
)
from cybersieve import engine as engines
from cybersieve.params import Export, Splits
from cybersieve.records import Counts, Row, Shard

FILTERED = pa.schema([*(records.PARSED.field(name) for name in ("id", "source", "locator", "title", "text", "meta")),
                      *(records.SCORED.field(name) for name in ("rules", "confidence")),
                      *(records.VERDICTS.field(name) for name in ("p_yes", "by"))])
REJECTED = pa.schema([*(records.VERDICTS.field(name) for name in ("id", "source", "verdict", "by", "reason")),
                      records.SCORED.field("confidence"), records.VERDICTS.field("p_yes")])
NAMED = 8  # licences that a message names
BATCH = 512  # records that are compared with benchmarks at once, and in a row group: four outputs are open at a time
WRITTEN = rf"README\.md|filtered\.jsonl|(?:{'|'.join(chat_formats.PARTS)})/[\w-]+\.jsonl"  # beside Parquet
PIECES = "pieces"  # folder for each source's part of the .jsonl files, until they are joined


@dataclass(frozen=True)
class Job:
    """One source to export."""

    number: int
    shard: Shard
    scored: Path
    verdicts: Path
    filtered: Path  # folder
    rejected: Path  # folder
    settings: Export


@dataclass
class Done:
    """What became of one source."""

    counts: Counts = field(default_factory=Counts)
    splits: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    denied: set[str] = field(default_factory=set)  # all licences of the records that were left out for one


def check(settings: Export) -> None:
    """What would be wrong with the settings, before any work. Raises ParamsError and InputError as export_folder."""
    params.check_export(settings)
    decontaminate.load(settings.decontaminate)


def export_folder(parsed_dir: Path, scored_dir: Path, verdicts_dir: Path, filtered_dir: Path, rejected_dir: Path,
                  settings: Export, run: card.Run | None = None, engine: str = "local") -> Counts:
    """Split every source into filtered and rejected. read = written (kept) + dropped by decider or pass + failed.

    Raises ParamsError: splits, templates. InputError: a benchmark file; inputs that are not of the same run.
    """
    check(settings)
    counts, sources = Counts(), {}
    inputs = parsed_dir, scored_dir, verdicts_dir
    with ExitStack() as stack:
        filtered = stack.enter_context(records.output_folder(filtered_dir, *inputs, also=WRITTEN))
        rejected = stack.enter_context(records.output_folder(rejected_dir, *inputs, filtered_dir))
        (filtered / PIECES).mkdir()
        jobs = [Job(number, shard, scored_dir / shard.name, verdicts_dir / shard.name, filtered, rejected, settings)
                for number, shard in enumerate(records.shards(parsed_dir))]
        workers = engines.workers_for(job.shard.rows for job in jobs)
        results = engines.each(export_shard, jobs, engine, workers)
        for job, done in zip(jobs, cli.progress(results, "export", len(jobs)), strict=True):
            counts.add(job.shard.source, done.counts)
            sources[job.shard.source] = done
            join_pieces(filtered, job.number)
        shutil.rmtree(filtered / PIECES)
        facts = {name: card.Source(done.counts.written, done.splits, done.licences) for name, done in sources.items()}
        (filtered / "README.md").write_text(card.text(facts, counts, settings, run), encoding="utf-8")
    warn_of_nothing(settings, counts, list(sources.values()))
    return counts


def warn_of_nothing(settings: Export, counts: Counts, sources: list[Done]) -> None:
    """What did nothing, and may have been meant to: an export without records, licences or templates that fit none."""
    there = set().union(*(done.denied.union(done.licences) for done in sources))
    strange = [pattern for pattern in settings.licences.deny
               if not any(licence_names.fits(name, pattern) for name in there)]
    if there and strange:
        cli.warn(f"export.licences.deny: no kept record's licence is {', '.join(strange)} (there are: "
                 f"{', '.join(sorted(there)[:NAMED])}{', …' * (len(there) > NAMED)})")
    if not counts.written:
        cli.warn("no record is exported: the filtered folder holds its README.md alone, the rejected one the reasons")
        return
    for name in sorted(settings.templates):
        if counts.notes[templates.LACKING.format(name)] == counts.written:
            cli.warn(f"export.templates.{name}: no kept record has the fields that it names: there is no file of it")


def export_shard(job: Job) -> Done:
    """Export one source; its lines for the .jsonl files go to the folder of pieces."""
    done, split = Done(), splitter(job.settings.splits)
    rows = joined(job.shard.path, job.scored, job.verdicts)
    with records.Sink(job.rejected / job.shard.name, REJECTED, BATCH) as others, Outputs(job) as outputs:
        for row in released(kept(rows, done.counts, others), job.settings, done, others):
            name = split(row)
            outputs.add(row, name)
            done.counts.written += 1
            done.splits[name] += 1
            done.licences.update(licence_names.stated(json.loads(row["meta"])))
    done.counts.notes.update(outputs.left_out)
    return done


def joined(parsed: Path, scored: Path, verdicts: Path) -> Iterator[Row]:
    """One source's records with their attributes, one flat row each."""
    for record, score, verdict in records.side_by_side(
            (parsed, records.PARSED.names), (scored, records.SCORED.names), (verdicts, records.VERDICTS.names)):
        yield record | score | verdict


def kept(rows: Iterable[Row], counts: Counts, others: records.Sink) -> Iterator[Row]:
    """The kept rows; the others go to their sink on the way."""
    for row in rows:
        counts.read += 1
        if row["verdict"] == "kept":
            yield row
            continue
        if row["verdict"] == "failed":
            counts.failed += 1
        else:
            counts.dropped[row["by"]] += 1
        others.add(row)


def released(rows: Iterator[Row], settings: Export, done: Done, others: records.Sink) -> Iterator[Row]:
    """The rows that may go out, masked as the settings say; those that may not go to the others, with the reason."""
    benchmarks, deny = benchmark_files(tuple(settings.decontaminate)), settings.licences.deny
    while batch := list(islice(rows, BATCH)):
        texts = [records.full_text(row["title"], row["text"]) for row in batch]
        for row, words, benchmark in zip(batch, texts, benchmarks.found(texts), strict=True):
            if deny and (licence := licence_names.denied(json.loads(row["meta"]), deny)):
                done.counts.dropped["licence"] += 1
                done.denied.update(licence_names.stated(json.loads(row["meta"])))
                others.add(row | {"verdict": "rejected", "by": "export", "reason": f"licence {licence} is denied"})
            elif benchmark:
                done.counts.dropped["benchmark"] += 1
                reason = f"{decontaminate.LENGTH} words in a row as in {benchmark}"
                others.add(row | {"verdict": "rejected", "by": "export", "reason": reason})
            elif len(words) < settings.min_chars:
                done.counts.dropped["short"] += 1
                reason = f"{len(words)} characters, fewer than {settings.min_chars}"
                others.add(row | {"verdict": "rejected", "by": "export", "reason": reason})
            else:
                yield safety.masked(row, settings.mask, done.counts.notes)


@lru_cache(maxsize=1)
def benchmark_files(paths: tuple[str, ...]) -> decontaminate.Benchmarks:
    """Read once a worker process."""
    return decontaminate.load(list(paths))


def splitter(splits: Splits) -> Callable[[Row], str]:
    """A function that names a row's split."""
    shares = {name: share for name, share in asdict(splits).items() if share}

    def split(row: Row) -> str:
        key = identifiers.public(row["id"], json.loads(row["meta"])) or identifiers.shared(row["id"])
        at = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big") / 2**64
        for name, share in shares.items():
            at -= share
            if at < 0:
                return name
        return name  # at the very end, by rounding
    return split


def json_line(row: Row, split: str) -> str:
    """A kept record as a JSON line (no line break): `meta` as an object, keys in FILTERED's order, then the split."""
    fields = {name: row[name] for name in FILTERED.names}
    return json.dumps(fields | {"meta": json.loads(row["meta"]), "split": split}, ensure_ascii=False)


class Outputs:
    """One source's files in filtered/: Parquet files are opened with their first row, lines go to pieces."""

    def __init__(self, job: Job) -> None:
        self.job, self.formats = job, job.settings.formats
        self.templates = templates.compiled(job.settings.templates)
        self.left_out: Counter[str] = Counter()

    def __enter__(self) -> "Outputs":
        self.stack = ExitStack()
        self.sinks: dict[str, records.Sink] = {}
        self.pieces: dict[str, IO[str]] = {}
        return self

    def __exit__(self, *exception: Any) -> None:
        self.stack.__exit__(*exception)

    def add(self, row: Row, split: str) -> None:
        if "parquet" in self.formats:
            if split not in self.sinks:
                sink = records.Sink(self.job.filtered / split / self.job.shard.name, FILTERED, BATCH)
                self.sinks[split] = self.stack.enter_context(sink)
            self.sinks[split].add(row)
        if "jsonl" in self.formats:
            self._line("filtered.jsonl", json_line(row, split))
        for name, line_of in self.templates.items():
            line = line_of(row)
            if line is None:
                self.left_out[templates.LACKING.format(name)] += 1
            else:
                self._line(f"{name}/{split}.jsonl", line)

    def _line(self, name: str, line: str) -> None:
        if name not in self.pieces:
            piece = self.job.filtered / PIECES / str(self.job.number) / name
            piece.parent.mkdir(parents=True, exist_ok=True)
            self.pieces[name] = self.stack.enter_context(piece.open("w", encoding="utf-8", newline="\n"))
        self.pieces[name].write(line + "\n")


def join_pieces(filtered: Path, number: int) -> None:
    """Append one source's lines to the files that hold all sources' lines."""
    folder = filtered / PIECES / str(number)
    for piece in sorted(path for path in folder.rglob("*") if path.is_file()):
        target = filtered / piece.relative_to(folder)
        target.parent.mkdir(exist_ok=True)
        with piece.open("rb") as source, target.open("ab") as lines:
            shutil.copyfileobj(source, lines)
    shutil.rmtree(folder, ignore_errors=True)
