"""Parsed rows as Arrow columns, in batches of bounded size, and the pieces of a file put together by columns."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cybersieve import records
from cybersieve.ids import Ids
from cybersieve.pieces import Piece
from cybersieve.records import Row

BATCH_ROWS, BATCH_CHARS = 2048, 8_000_000  # of what is held before it is written
COUNTED = ("id", "locator", "title", "text", "meta")  # whose characters count


def batches(found: Iterable[Row]) -> Iterator[pa.RecordBatch]:
    """Rows as columns, so many at a time that few large ones don't fill the memory."""
    held: list[Row] = []
    chars = 0
    for row in found:
        held.append(row)
        chars += sum([len(row[name]) for name in COUNTED])
        if len(held) == BATCH_ROWS or chars > BATCH_CHARS:
            yield columns(held)
            held, chars = [], 0
    if held:
        yield columns(held)


def columns(held: list[Row]) -> pa.RecordBatch:
    """Rows as columns, all of them text."""
    arrays = [records.strings([row[name] for row in held]) for name in records.PARSED.names]
    return pa.RecordBatch.from_arrays(arrays, schema=records.PARSED)


def joined(pieces: Iterable[tuple[Piece, int, Path]], notes: Counter[str]) -> Iterator[pa.RecordBatch]:
    """The rows of a file's pieces, in the batches that `batches` would make of them, with the locators of the whole.

    Each piece has with it how far it moves the locators of those after it, and its Parquet file. Repeated ids are
    told apart and counted. Texts stay in columns: only ids and locators become Python's.
    """
    import pyarrow.compute as pc  # 10 MB, for large files only

    held: list[pa.RecordBatch] = []
    room, chars = BATCH_ROWS, 0
    for batch in _renamed(pieces, notes):
        sizes = sum(pc.utf8_length(batch.column(name)).to_numpy() for name in COUNTED)
        done = 0
        while done < batch.num_rows:
            sums = np.cumsum(sizes[done:done + room]) + chars
            taken = min(int(np.searchsorted(sums, BATCH_CHARS, "right")) + 1, len(sums))
            held.append(batch.slice(done, taken))
            done, room, chars = done + taken, room - taken, int(sums[taken - 1])
            if not room or chars > BATCH_CHARS:
                yield pa.concat_batches(held)
                held, room, chars = [], BATCH_ROWS, 0
    if held:
        yield pa.concat_batches(held)


def _renamed(pieces: Iterable[tuple[Piece, int, Path]], notes: Counter[str]) -> Iterator[pa.RecordBatch]:
    """The pieces' rows with ids that are unique in the file, and with their places in it."""
    ids, before = Ids(), 0
    for piece, passed, path in pieces:
        with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                tree = {name: batch.column(name) for name in batch.schema.names}
                if before:
                    places = [piece.moved(place, before) for place in tree["locator"].to_pylist()]
                    tree["locator"] = records.strings(places)
                names = tree["id"].to_pylist()
                again = [at for at, name in enumerate(names) if not ids.add(name)]
                for at in again:
                    names[at] = ids.another({name: column[at].as_py() for name, column in tree.items()})
                if again:
                    notes["id collisions"] += len(again)
                    tree["id"] = records.strings(names)
                yield pa.RecordBatch.from_arrays(list(tree.values()), schema=records.PARSED)
        before += passed
