"""Records to look at: a few of each kind, drawn at random but the same on every run, with their texts."""

import heapq
from collections.abc import Iterable
from pathlib import Path

from cybersieve import labels, records, sampling
from cybersieve.records import Row

SEED = 1
KINDS = ("kept", "rejected", "uncertain", "duplicate")


def kinds(row: Row) -> list[str]:
    """What a decided record is an example of; one that the LLM was asked about is uncertain, and kept or rejected."""
    if row["by"] == "dedup":
        return ["duplicate"]
    decided = [row["verdict"]] if row["by"] != "parse" and row["verdict"] != "failed" else []
    return decided + (["uncertain"] if row["by"] == "llm" else [])


def lot(row: Row) -> int:
    """A record's place in this draw. Another seed than for labelling: who reads the report has not seen those."""
    return sampling.place(labels.key(row["source"], row["id"]), SEED)


class Draw:
    """The `n` records with the smallest lots of each kind, in constant memory."""

    def __init__(self, n: int) -> None:
        self.n, self._seen = n, 0
        self._heaps: dict[str, list[tuple[int, int, Row]]] = {kind: [] for kind in KINDS}

    def add(self, row: Row) -> None:
        self._seen += 1
        for kind in kinds(row):
            heap = self._heaps[kind]
            entry = (-lot(row), self._seen, row)  # no two rows have the same place, so rows are never compared
            if len(heap) < self.n:
                heapq.heappush(heap, entry)
            elif entry > heap[0]:
                heapq.heapreplace(heap, entry)

    def rows(self) -> dict[str, list[Row]]:
        return {kind: [row for *_, row in sorted(heap, key=lambda entry: -entry[0])]
                for kind, heap in self._heaps.items()}


def with_texts(rows: Iterable[Row], parsed_dir: Path) -> dict[tuple[str, int], Row]:
    """The parsed record of each row, by (source, row). Only the row groups that hold one are read."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        wanted.setdefault(row["source"], set()).add(row["row"])
    return {(source, number): record for source, numbers in sorted(wanted.items())
            for number, record in pick(parsed_dir / f"{source}.parquet", numbers).items()}


def pick(path: Path, numbers: set[int]) -> dict[int, Row]:
    """Some rows of a Parquet file, by their place in it."""
    found: dict[int, Row] = {}
    with records.opened(path) as file:
        start = 0
        for group in range(file.metadata.num_row_groups):
            stop = start + file.metadata.row_group(group).num_rows
            here = sorted(number for number in numbers if start <= number < stop)
            if here:
                part = file.read_row_group(group, use_threads=False).take([number - start for number in here])
                found |= zip(here, part.to_pylist(), strict=True)
            start = stop
    return found
