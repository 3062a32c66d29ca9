"""Score every parsed record by rules: which rules hit, the log-odds they add up to, and the confidence.

Files are scored side by side, each in constant memory and by column: what is left to do in Python per record is one
set match on the bytes that Arrow holds, and one dictionary look-up.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, compress, islice
from math import inf
from pathlib import Path

import numpy as np
import pyarrow as pa

from cybersieve import cli, machine, params, records, rules
from cybersieve import engine as engines
from cybersieve.errors import InputError
from cybersieve.records import Counts, Shard
from cybersieve.rules import Evidence

NOT_SCORED: Evidence = ((), inf)  # stands for the evidence of a record that is set aside
GROUP = 8  # batches written together: without texts they are small, and the files become a fifth smaller
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
        workers = min(machine.cores(), 1 + engines.effort(shard.rows for shard in shards) // ROWS_A_WORKER)
        for shard, part in zip(shards, engines.each(_score_shard, jobs, engine, workers), strict=True):
            counts.add(shard.source, part)
    for setting, named in (("score.trust", settings.trust),
                           (f"{settings.extra_rules}: sources", rules.own_sources(settings.extra_rules))):
        if strange := rules.strangers(named, counts.sources):
            cli.warn(f"{setting}: no file of the corpus is called {', '.join(strange)}")
    return counts


@lru_cache(maxsize=4)
def _rulebook(path: str, extra: str | None, trust: str) -> rules.Rulebook:
    """Compiled once a worker process: a compiled set can't be sent to one."""
    return rules.load(path, extra, json.loads(trust))


def _score_shard(job: tuple[Shard, Path, tuple[str, str | None, str], Path | None]) -> Counts:
    shard, target, book, unique = job
    counts = Counts()
    batches = _batches(shard, unique, _rulebook(*book), counts)
    with records.Sink(target, records.SCORED) as sink:
        while group := list(islice(batches, GROUP)):
            sink.add_batch(pa.concat_batches(group))
    counts.read = sink.count
    counts.written = counts.read - counts.dropped.total()
    return counts


def _batches(shard: Shard, unique: Path | None, book: rules.Rulebook, counts: Counts) -> Iterator[pa.RecordBatch]:
    """Rows of SCORED for each batch of parsed rows; counts those set aside."""
    ids, sure = records.strings(book.ids), _Sure(book.source_log_odds(shard.source))
    for batch, twins in _walk(shard.path, unique):
        reasons = [reason or (twin and "duplicate")
                   for reason, twin in zip(batch["dropped"].to_pylist(), twins, strict=True)]
        counts.dropped.update(filter(None, reasons))
        texts = zip(*(batch[name].view(pa.binary()).to_pylist() for name in ("title", "text")), strict=True)
        found = iter(book.evidence(compress(texts, [not reason for reason in reasons])))
        yield _scored(batch, [NOT_SCORED if reason else next(found) for reason in reasons], ids, sure)


def _scored(batch: pa.RecordBatch, judged: list[Evidence], ids: pa.Array, sure: "_Sure") -> pa.RecordBatch:
    """The rows of SCORED for what was found in the rows of a batch."""
    found = [hits for hits, _ in judged]
    ends = records.numbers(np.cumsum([0, *map(len, found)], dtype=np.int32))
    lists = pa.ListArray.from_arrays(ends, ids.take(records.numbers(np.fromiter(chain.from_iterable(found), np.int32))))
    figures = np.fromiter(chain.from_iterable([sure[own] for _, own in judged]), np.float64).reshape(-1, 2).T.copy()
    columns = [records.numbers(row, np.isfinite(row)) for row in figures]
    return pa.RecordBatch.from_arrays([batch["id"], batch["source"], lists, *columns], schema=records.SCORED)


class _Sure(dict[float, tuple[float, float]]):
    """Score and confidence by a text's own log-odds, for one source: worked out once for each value."""

    def __init__(self, source_log_odds: float) -> None:
        super().__init__({NOT_SCORED[1]: (inf, inf)})
        self.source_log_odds = source_log_odds

    def __missing__(self, own: float) -> tuple[float, float]:
        score = round(own + self.source_log_odds, 4)
        result = self[own] = score, rules.confidence(score)
        return result


def _walk(parsed: Path, unique: Path | None) -> Iterator[tuple[pa.RecordBatch, list[str | None]]]:
    """The parsed file's batches, each with the `duplicate_of` of its rows (nulls where dedup was not run)."""
    columns = ["id", "source", "title", "text", "dropped"]
    twins = records.read(unique, ["id", "duplicate_of"]) if unique else None
    for batch in records.batches(parsed, 2048, columns):
        if twins is None:
            yield batch, [None] * batch.num_rows
        else:
            rows = list(islice(twins, batch.num_rows))
            if [row["id"] for row in rows] != batch["id"].to_pylist():
                raise InputError(unique, f"does not hold the records of {parsed}", remedy="rerun dedup")
            yield batch, [row["duplicate_of"] for row in rows]
    if twins and next(twins, None) is not None:
        raise InputError(unique, f"does not hold the records of {parsed}", remedy="rerun dedup")
