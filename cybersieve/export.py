"""Write what a user came for: the kept records with their provenance, and for every other record why not.

    filtered/SOURCE.parquet   one file a source: id, source, locator, title, text, meta, rules, confidence, p_yes, by
    filtered/filtered.jsonl   the same records, one JSON object a line, `meta` and `rules` unfolded
    rejected/SOURCE.parquet   id, source, verdict (rejected or failed), by, reason, confidence, p_yes
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pyarrow as pa

from cybersieve import cli, records
from cybersieve.params import Export
from cybersieve.records import Counts, Row

FILTERED = pa.schema([*(records.PARSED.field(name) for name in ("id", "source", "locator", "title", "text", "meta")),
                      *(records.SCORED.field(name) for name in ("rules", "confidence")),
                      *(records.VERDICTS.field(name) for name in ("p_yes", "by"))])
REJECTED = pa.schema([*(records.VERDICTS.field(name) for name in ("id", "source", "verdict", "by", "reason")),
                      records.SCORED.field("confidence"), records.VERDICTS.field("p_yes")])


def joined(parsed: Path, scored: Path, verdicts: Path) -> Iterator[Row]:
    """One source's records with their attributes, one flat row each."""
    for record, score, verdict in records.side_by_side(
            (parsed, records.PARSED.names), (scored, records.SCORED.names), (verdicts, records.VERDICTS.names)):
        yield record | score | verdict


def json_line(row: Row) -> str:
    """A kept record as a JSON line (no line break): `meta` as an object, keys in FILTERED's order."""
    kept = {name: row[name] for name in FILTERED.names}
    return json.dumps(kept | {"meta": json.loads(row["meta"])}, ensure_ascii=False)


def export_folder(parsed_dir: Path, scored_dir: Path, verdicts_dir: Path, filtered_dir: Path, rejected_dir: Path,
                  settings: Export) -> Counts:
    """Split every source into filtered and rejected. read = written (kept) + dropped by decider + failed."""
    counts = Counts()
    inputs = parsed_dir, scored_dir, verdicts_dir
    with ExitStack() as stack:
        filtered = stack.enter_context(records.output_folder(filtered_dir, *inputs))
        rejected = stack.enter_context(records.output_folder(rejected_dir, *inputs))
        lines = stack.enter_context((filtered / "filtered.jsonl").open("w", encoding="utf-8", newline="\n")) \
            if "jsonl" in settings.formats else None
        for shard in cli.progress(records.shards(parsed_dir), "export"):
            part = Counts()
            rows = joined(shard.path, scored_dir / shard.name, verdicts_dir / shard.name)
            with records.Sink(rejected / shard.name, REJECTED) as others:
                kept = _kept(rows, part, others, lines)
                if "parquet" in settings.formats:
                    records.write(filtered / shard.name, kept, FILTERED)
                else:
                    for _ in kept:
                        pass
            counts.add(shard.source, part)
    return counts


def _kept(rows: Iterator[Row], part: Counts, others: records.Sink, lines: IO[str] | None) -> Iterator[Row]:
    """The kept rows; the others go to their sink on the way, and everything is counted."""
    for row in rows:
        part.read += 1
        if row["verdict"] == "kept":
            part.written += 1
            if lines is not None:
                lines.write(json_line(row) + "\n")
            yield row
        else:
            if row["verdict"] == "failed":
                part.failed += 1
            else:
                part.dropped[row["by"]] += 1
            others.add(row)
