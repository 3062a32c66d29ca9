"""Score every parsed record by rules: which rules hit, the log-odds they add up to, and the confidence.

Files are scored side by side, each in constant memory and by column: what is left to do in Python per record is one
set match and one dictionary look-up.
"""

import json
from array import array
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cybersieve import engine as engines
from cybersieve import params, records, rules
from cybersieve.errors import InputError
from cybersieve.records import Counts, Shard

NOT_SCORED = float("inf")  # stands for the log-odds of a record that is set aside
ROWS_A_WORKER = 200_000  # some seconds of work; for less a worker process costs more than it brings


def score_folder(parsed_dir: Path, output_dir: Path, settings: params.Score, engine: str = "local",
                 unique_dir: Path | None = None) -> Counts:
    """Write SCORED rows for all of `parsed_dir`; returns the counts.

    Records that parse set aside (or that dedup found to be duplicates, where `unique_dir` is given) keep their row,
    with no rules and a null score. Raises ParamsError for a bad rulebook before anything is written.
    """
    shards = records.shards(parsed_dir)
    book = (settings.rules, settings.extra_rules, json.dumps(settings.trust, sort_keys=True))
    _rulebook.cache_clear()  # the file may have changed since
    _rulebook(*book)
    counts = Counts()
    with records.output_folder(output_dir, parsed_dir, *([unique_dir] if unique_dir else [])) as folder:
        jobs = [(shard, folder / shard.name, book, unique_dir / shard.name if unique_dir else None) for shard in shards]
        workers = min(engines.cores(), 1 + sum(shard.rows for shard in shards) // ROWS_A_WORKER)
        for shard, part in zip(shards, engines.each(_score_shard, jobs, engine, workers), strict=True):
            counts.add(shard.source, part)
    return counts


@lru_cache(maxsize=4)
def _rulebook(path: str, extra: str | None, trust: str) -> rules.Rulebook:
    """Compiled once a worker process: a compiled set can't be sent to one."""
    return rules.load(path, extra, json.loads(trust))


def _score_shard(job: tuple[Shard, Path, tuple[str, str | None, str], Path | None]) -> Counts:
    shard, target, book, unique = job
    rulebook, counts = _rulebook(*book), Counts()
    ids = pa.array(rulebook.ids, pa.string())
    sure = _Sure(rulebook.source_log_odds(shard.source))
    with records.Sink(target, records.SCORED) as sink:
        for batch, twins in _walk(shard.path, unique):
            hits, offsets, odds = array("i"), array("i", [0]), []
            columns = [batch[name].to_pylist() for name in ("title", "text", "dropped")]
            for title, text, reason, twin in zip(*columns, twins, strict=True):
                if reason is None and twin is None:
                    found, own = rulebook.evidence(title, text)
                    hits.extend(found)
                    odds.append(own)
                else:
                    odds.append(NOT_SCORED)
                    counts.dropped[reason or "duplicate"] += 1
                offsets.append(len(hits))
            lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), ids.take(pa.array(hits, pa.int32())))
            scores, confidences = ([sure[own][which] for own in odds] for which in (0, 1))
            sink.add_batch(pa.RecordBatch.from_arrays(
                [batch["id"], batch["source"], lists, pa.array(scores, pa.float64()),
                 pa.array(confidences, pa.float64())], schema=records.SCORED))
    counts.read = sink.count
    counts.written = counts.read - counts.dropped.total()
    return counts


class _Sure(dict[float, tuple[float | None, float | None]]):
    """Score and confidence by a text's own log-odds, for one source: worked out once for each value."""

    def __init__(self, source_log_odds: float) -> None:
        super().__init__({NOT_SCORED: (None, None)})
        self.source_log_odds = source_log_odds

    def __missing__(self, own: float) -> tuple[float | None, float | None]:
        score = round(own + self.source_log_odds, 4)
        result = self[own] = score, rules.confidence(score)
        return result


def _walk(parsed: Path, unique: Path | None) -> Iterator[tuple[pa.RecordBatch, list[str | None]]]:
    """The parsed file's batches, each with the `duplicate_of` of its rows (nulls where dedup was not run)."""
    columns = ["id", "source", "title", "text", "dropped"]
    twins = records.read(unique, ["id", "duplicate_of"]) if unique else None
    with pq.ParquetFile(parsed, memory_map=False, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=2048, columns=columns, use_threads=False):
            if twins is None:
                yield batch, [None] * batch.num_rows
            else:
                rows = [row for _, row in zip(range(batch.num_rows), twins, strict=False)]
                if [row["id"] for row in rows] != batch["id"].to_pylist():
                    raise InputError(unique, f"does not hold the records of {parsed}", remedy="rerun dedup")
                yield batch, [row["duplicate_of"] for row in rows]
