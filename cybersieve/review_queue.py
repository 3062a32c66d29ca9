"""Which records to label next: a uniform sample, one spread over the sources, the most uncertain, or a list.

The uniform queue is in the order of the draw that sample-labels makes, so that any beginning of it is a uniform
sample: stop when you like.
"""

import csv
import heapq
from collections.abc import Iterable, Iterator
from itertools import chain, repeat, zip_longest
from pathlib import Path

from cybersieve import labels, records, sampling
from cybersieve.errors import InputError
from cybersieve.labels import Key
from cybersieve.records import Row
from cybersieve.report import probability
from cybersieve.tally import UNDECIDED

KINDS = {"uniform": labels.UNIFORM, "stratified": labels.STRATIFIED, "uncertain": labels.STRATIFIED}
WANTED = f"--queue is one of {', '.join(KINDS)}, or a CSV file with file and id"


def key(row: Row) -> Key:
    return labels.key(row["source"], row["id"])


def lot(row: Row) -> int:
    return sampling.place(key(row), 0)


def rows(scored_dir: Path, verdicts_dir: Path) -> Iterator[Row]:
    """Every scored record, with its verdict where the last run knew it: labelling need not wait for one."""
    for shard in records.shards(scored_dir):
        path = verdicts_dir / shard.name
        verdicts = chain(records.read(path) if path.exists() else (), repeat(UNDECIDED))
        for number, (score, verdict) in enumerate(zip(records.read(shard.path), verdicts, strict=False)):
            yield (verdict if verdict.get("id") == score["id"] else UNDECIDED) | score | {"row": number}


def build(kind: str, rows: Iterable[Row], done: set[Key], n: int) -> list[Row]:
    """At most `n` records (id, source, row, score and verdict) that are not in `done`.

    `kind` is one of KINDS, or the path of a CSV with the columns file and id, whose order is kept.
    """
    live = (row for row in rows if row["confidence"] is not None and key(row) not in done)
    if kind == "uniform":
        return heapq.nsmallest(n, live, key=lot)
    if kind == "uncertain":
        return heapq.nsmallest(n, live, key=lambda row: (_certainty(row), lot(row)))
    if kind == "stratified":
        return _in_turns(live, n)
    wanted = listed(Path(kind))
    found: dict[Key, Row] = {}
    for row in rows:  # a record that was set aside stands back for one of its key that was not (see tally)
        if (of := key(row)) in wanted and of not in done and (of not in found or row["confidence"] is not None):
            found[of] = row
    return sorted(found.values(), key=lambda row: wanted[key(row)])[:n]


def _certainty(row: Row) -> float:
    """Distance from a coin flip; a record that the LLM failed on is as uncertain as can be."""
    return 0.0 if row["verdict"] == "failed" else abs(probability(row) - 0.5)


def _in_turns(rows: Iterable[Row], n: int) -> list[Row]:
    """The same number from each source, in turns, until `n` are there."""
    by_source: dict[str, list[tuple[int, int, Row]]] = {}
    for number, row in enumerate(rows):
        heap = by_source.setdefault(row["source"], [])
        entry = (-lot(row), number, row)
        (heapq.heappush if len(heap) < n else heapq.heappushpop)(heap, entry)
    columns = [[row for *_, row in sorted(heap, key=lambda entry: -entry[0])] for _, heap in sorted(by_source.items())]
    return [row for turn in zip_longest(*columns) for row in turn if row is not None][:n]


def listed(path: Path) -> dict[Key, int]:
    """The records that a CSV names, with their places. Raises InputError where it has no columns file and id."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            whole, mark = labels.divided(lines, {"file", "id"})
            rows = csv.DictReader(whole, delimiter=mark)
            if not {"file", "id"} <= set(rows.fieldnames or ()):
                raise InputError(path, f"its columns are {rows.fieldnames}", "line 1",
                                 labels.with_commas(rows.fieldnames, "file and id are wanted"))
            return {(labels.unguarded(row["file"] or ""), labels.unguarded(row["id"] or "")): number
                    for number, row in enumerate(row for row in rows if row["file"] or row["id"])}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, str(error), remedy=WANTED) from None
