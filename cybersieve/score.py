"""Score every parsed record by rules: which rules hit, the log-odds they add up to, and the confidence.

Files are scored side by side, each in constant memory and by column: the only work per record in Python is one
set match and one dictionary look-up, because many records hit the same combination of rules.
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


def score_folder(parsed_dir: Path, output_dir: Path, settings: params.Score, engine: str = "local",
                 unique_dir: Path | None = None) -> Counts:
    """Write SCORED rows for all of `parsed_dir`; returns the counts.

    Records that parse set aside (or that dedup found to be duplicates, where `unique_dir` is given) keep their row,
    with no rules and a null score. Raises ParamsError for a bad rulebook before anything is written.
    """
    shards = records.shards(parsed_dir)
    book = (settings.rules, settings.extra_rules, json.dumps(settings.trust, sort_keys=True))
    _rulebook(*book)
    counts = Counts()
    with records.output_folder(output_dir, parsed_dir, *([unique_dir] if unique_dir else [])) as folder:
        jobs = [(shard, folder / shard.name, book, unique_dir / shard.name if unique_dir else None) for shard in shards]
        for shard, part in zip(shards, engines.each(_score_shard, jobs, engine), strict=True):
            counts.add(shard.source, part)
    return counts


@lru_cache(maxsize=4)
def _rulebook(path: str, extra: str | None, trust: str) -> rules.Rulebook:
    """Compiled once a worker process: a compiled set can't be sent to one."""
    return rules.load(path, extra, json.loads(trust))


def _score_shard(job: tuple[Shard, Path, tuple[str, str | None, str], Path | None]) -> Counts:
    shard, target, book, unique = job
    rulebook, counts = _rulebook(*book), Counts()
    memo: dict[tuple[int, ...], float] = {}
    ids = pa.array(rulebook.ids, pa.string())
    source_log_odds = rulebook.source_log_odds(shard.source)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch, duplicate in _walk(shard.path, unique):
            titles, texts = batch["title"].to_pylist(), batch["text"].to_pylist()
            dropped = batch["dropped"].to_pylist()
            hits, offsets = array("i"), array("i", [0])
            scores: list[float | None] = []
            for title, text, reason, twin in zip(titles, texts, dropped, duplicate, strict=True):
                if reason is not None or twin is not None:
                    scores.append(None)
                    counts.dropped[reason or "duplicate"] += 1
                else:
                    found = rulebook.hits(title, text)
                    own = memo.get(found)
                    if own is None:
                        own = memo[found] = rulebook.text_log_odds(found)
                    hits.extend(found)
                    scores.append(round(own + source_log_odds, 4))
                offsets.append(len(hits))
            lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), ids.take(pa.array(hits, pa.int32())))
            sure = [None if score is None else rules.confidence(score) for score in scores]
            counts.read += len(scores)
            yield pa.RecordBatch.from_arrays(
                [batch["id"], batch["source"], lists, pa.array(scores, pa.float64()), pa.array(sure, pa.float64())],
                schema=records.SCORED)

    with records.Sink(target, records.SCORED) as sink:
        for part in batches():
            sink.add_batch(part)
    counts.written = counts.read - counts.dropped.total()
    return counts


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
