"""Keep benchmarks out of the training set: which records share a run of 13 words with a benchmark file.

Words as in dedup (case, white space and punctuation folded). A benchmark file is Parquet, JSON, JSON lines, CSV or
plain text; every string in it counts, whatever its field. Strings of fewer than 13 words cannot be found.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from cybersieve import minhash, records
from cybersieve.errors import InputError
from cybersieve.minhash import Array

LENGTH = 13  # words: the length that GPT-3's authors used, and most after them
BATCH = 1000


@dataclass(frozen=True)
class Benchmarks:
    """All runs of words of the benchmark files: 16 bytes a run."""

    names: list[str]
    hashes: Array  # uint64, sorted
    of: Array  # which file, beside `hashes`

    def found(self, texts: list[str]) -> list[str | None]:
        """For each text the name of a benchmark file that it shares a run with, or None."""
        result: list[str | None] = [None] * len(texts)
        if self.hashes.size:
            hashes, of = minhash.grams([minhash.folded(text) for text in texts], LENGTH)
            at = np.minimum(np.searchsorted(self.hashes, hashes), self.hashes.size - 1)
            for hit in np.flatnonzero(self.hashes[at] == hashes):
                result[of[hit]] = self.names[self.of[at[hit]]]
        return result


def load(paths: list[str]) -> Benchmarks:
    """Read the benchmark files. Raises InputError: a file that is missing, can't be read, or has no string to find."""
    hashes, of = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint32)]
    for number, path in enumerate(paths):
        found = [np.zeros(0, np.uint64)]
        texts = strings(Path(path))
        while batch := list(islice(texts, BATCH)):
            found.append(minhash.grams([minhash.folded(text) for text in batch], LENGTH)[0])
        runs = np.unique(np.concatenate(found))
        if not runs.size:
            raise InputError(path, f"holds no text of {LENGTH} words", remedy="leave it out of export.decontaminate")
        hashes.append(runs)
        of.append(np.full(runs.size, number, np.uint32))
    joined, files = np.concatenate(hashes), np.concatenate(of)
    order = np.argsort(joined, kind="stable")
    return Benchmarks([Path(path).name for path in paths], joined[order], files[order])


def strings(path: Path) -> Iterator[str]:
    """Every string in a benchmark file."""
    ending = path.suffix.lower()
    csv.field_size_limit(2**31 - 1)  # a cell may hold a long text
    try:
        if ending == ".parquet":
            for row in records.read(path):
                yield from _within(row)
            return
        with path.open(encoding="utf-8-sig", newline="") as lines:
            if ending == ".json":
                yield from _within(json.load(lines))
            elif ending in (".jsonl", ".ndjson"):
                for line in lines:
                    yield from _within(json.loads(line)) if line.strip() else ()
            elif ending in (".csv", ".tsv"):
                for cells in csv.reader(lines, delimiter="\t" if ending == ".tsv" else ","):
                    yield from cells
            else:
                yield lines.read()
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(path, f"can't be read as a benchmark: {error}", remedy="see export.decontaminate") from None


def _within(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from _within(item)
