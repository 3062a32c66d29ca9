"""Parsed rows as Arrow columns, in batches of bounded size, and the pieces of a file put together by columns."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from cybersieve import records
from cybersieve.ids import Ids
from cybersieve.pieces import Piece
from cybersieve.records import Row

BATCH_ROWS, BATCH_CHARS = 2048, 8_000_000  # of what is held before it is written
COUNTED = ("id", "locator", "title", "text", "meta")  # whose characters count


def batches(found: Iterable[Row], apart: Callable[[list[Row]], list[Row]] = list) -> Iterator[pa.RecordBatch]:
    """Rows as columns, in batches that even large rows keep small; `apart` makes repeated ids differ."""
    held: list[Row] = []
    chars = 0
    for row in found:
        held.append(row)
        chars += len(row["id"]) + len(row["locator"]) + len(row["title"]) + len(row["text"]) + len(row["meta"])
        if len(held) == BATCH_ROWS or chars > BATCH_CHARS:
            batch, held, chars = columns(apart(held)), [], 0  # rows are let go before their columns are written
            yield batch
            del batch
    if held:
        yield columns(apart(held))


def unique(held: list[Row], ids: Ids, notes: Counter[str]) -> list[Row]:
    """The rows, repeated ids told apart and counted."""
    again = ids.apart([row["id"] for row in held], held.__getitem__)
    for at, name in again.items():
        held[at]["id"] = name
    if again:
        notes["id collisions"] += len(again)
    return held


def columns(held: list[Row]) -> pa.RecordBatch:
    """Rows as columns, all of them text."""
    arrays = [records.strings([row[name] for row in held]) for name in records.PARSED.names]
    return pa.RecordBatch.from_arrays(arrays, schema=records.PARSED)


def joined(pieces: Iterable[tuple[Piece, Counter[str], Path]], notes: Counter[str]) -> Iterator[pa.RecordBatch]:
    """The rows of a file's pieces, in the batches that `batches` would make of them, with the locators of the whole.

    Each piece has with it how far it moves the locators of those after it, and its Parquet file. Repeated ids are
    told apart and counted. Texts stay in columns: only ids and locators become Python's.
    """
    import pyarrow.compute as pc  # 10 MB, for large files only

    held: list[pa.RecordBatch] = []
    ids, room, chars = Ids(), BATCH_ROWS, 0
    for batch in _moved(pieces):
        sizes = sum(pc.utf8_length(batch.column(name)).to_numpy() for name in COUNTED)
        done = 0
        while done < batch.num_rows:
            sums = np.cumsum(sizes[done:done + room]) + chars
            taken = min(int(np.searchsorted(sums, BATCH_CHARS, "right")) + 1, len(sums))
            held.append(batch.slice(done, taken))
            done, room, chars = done + taken, room - taken, int(sums[taken - 1])
            if not room or chars > BATCH_CHARS:
                yield _renamed(pa.concat_batches(held), ids, notes)
                held, room, chars = [], BATCH_ROWS, 0
    if held:
        yield _renamed(pa.concat_batches(held), ids, notes)


def _moved(pieces: Iterable[tuple[Piece, Counter[str], Path]]) -> Iterator[pa.RecordBatch]:
    """The pieces' rows with their places in the file."""
    before = Counter[str]()
    for piece, passed, path in pieces:
        for batch in records.batches(path, BATCH_ROWS):
            if before:
                places = [piece.moved(place, before) for place in batch.column("locator").to_pylist()]
                batch = _with(batch, "locator", places)
            yield batch
        before.update(passed)


def _renamed(batch: pa.RecordBatch, ids: Ids, notes: Counter[str]) -> pa.RecordBatch:
    """The rows with ids that are unique in the file."""
    names = batch.column("id").to_pylist()
    again = ids.apart(names, lambda at: {name: batch.column(name)[at].as_py() for name in COUNTED})
    if not again:
        return batch
    notes["id collisions"] += len(again)
    return _with(batch, "id", [again.get(at, name) for at, name in enumerate(names)])


def _with(batch: pa.RecordBatch, column: str, values: list[str]) -> pa.RecordBatch:
    """The batch with other values in one of its columns."""
    arrays = [records.strings(values) if name == column else batch.column(name) for name in records.PARSED.names]
    return pa.RecordBatch.from_arrays(arrays, schema=records.PARSED)
