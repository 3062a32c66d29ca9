"""The index that duplicates are found by: shingles and figures in a scratch file, the rest in memory.

Memory is 121 bytes a record: 108 an entry, 5 rank and origin, 8 what the search finds (twins.py).
`build` writes one source's part, several into the same files; `Index` is all parts together.
"""

import os
from array import array
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from cybersieve import identifiers, minhash
from cybersieve.licence_names import denied
from cybersieve.minhash import Array, Sketch
from cybersieve.params import Dedup
from cybersieve.records import Row, full_text

ENTRY = np.dtype([
    ("exact", "u8"),  # fingerprint of the words, 0 for records that are no candidates
    ("offset", "u8"),  # where shingles, figures and title begin in the scratch file, in hashes
    ("size", "u4"),  # number of shingles; 0: compared by `exact` only
    ("figures", "u2"),  # number of figures
    ("title", "u2"),  # number of words in the title
    ("own", "u4"),  # hash of the record's public identifier, 0 without
    ("keys", "u4", (minhash.BANDS,)),
])

BATCH = 2048  # records in memory
BEHIND = np.uint32(2**31)  # added to a rank, puts the record behind all others


@dataclass(frozen=True)
class Part:
    """One source in the index; its files in the scratch folder are NAME.entries, NAME.hashes, NAME.rank."""

    name: str
    source: str
    earlier: bool  # of the earlier release: may be a canonical record, is no duplicate
    first: int  # how many records of other sources stand before it in these files
    rows: int
    richness: float  # characters of title, text and meta a live record


class Files(ExitStack):
    """Files of the scratch folder that are being written, for one source or several."""

    def __init__(self, scratch: Path, name: str) -> None:
        super().__init__()
        self.name, self.rows, self.offset = name, 0, 0  # records, and hashes, that were written
        self.entries, self.hashes, self.rank = (
            self.enter_context((scratch / f"{name}.{ending}").open("wb")) for ending in ("entries", "hashes", "rank"))


def build(files: Files, source: str, earlier: bool, rows: Iterable[Row], settings: Dedup,
          deny: Sequence[str] = ()) -> Part:
    """Write one source's part. A row has id, title, text, meta (JSON) and dropped; `deny` is export.licences.deny."""
    ids: list[pa.Array] = []
    characters: list[Array] = []
    behind: list[Array] = []  # those that export will leave out for their licence: they stand for no other
    told, live, first = 0, 0, files.rows
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        added, blob = _entries(batch, settings)
        added["offset"] += files.offset
        files.offset += len(blob) // 4
        files.rows += len(batch)
        files.entries.write(added.tobytes())
        files.hashes.write(blob)
        ids.append(pa.array([row["id"] for row in batch], pa.string()))
        characters.append(np.array([len(row["title"]) + len(row["text"]) for row in batch], np.uint32))
        behind.append(np.array([bool(deny and denied(orjson.loads(row["meta"]), deny)) for row in batch], bool))
        candidates = [row for row in batch if row["dropped"] is None]
        told += sum(len(row["title"]) + len(row["text"]) + len(row["meta"]) for row in candidates)
        live += len(candidates)
    table = pa.table({"characters": pa.array(np.concatenate([*characters, np.zeros(0, np.uint32)])),
                      "id": pa.chunked_array(ids, pa.string())})
    order = pc.sort_indices(table, sort_keys=[("characters", "descending"), ("id", "ascending")]).to_numpy()
    rank = np.empty(order.size, np.uint32)
    rank[order] = np.arange(order.size, dtype=np.uint32)
    rank[np.concatenate([*behind, np.zeros(0, bool)])] += BEHIND
    files.rank.write(rank.tobytes())  # tofile says nothing where the disk is full
    return Part(files.name, source, earlier, first, order.size, told / max(live, 1))


def _entries(rows: Sequence[Row], settings: Dedup) -> tuple[Array, bytes]:
    """One batch's entries, with offsets from 0, and its part of the scratch file."""
    texts = [full_text(row["title"], row["text"]) if row["dropped"] is None else "" for row in rows]
    folded = [minhash.folded(text) for text in texts]
    long = [words if words.count(" ") + 1 >= settings.min_words else "" for words in folded]
    hashes, begins = minhash.shingles(long, settings.shingle)
    figures = [_hashed(minhash.figures(text)) if words else [] for text, words in zip(texts, long, strict=True)]
    titles = [_hashed(minhash.folded(row["title"]).split()) if words else []
              for row, words in zip(rows, long, strict=True)]

    entries = np.zeros(len(rows), ENTRY)
    entries["exact"] = [minhash.fingerprint(words) for words in folded]
    entries["size"] = np.diff(begins)
    entries["figures"] = [len(found) for found in figures]
    entries["title"] = [len(found) for found in titles]
    lengths = entries["size"].astype(np.int64) + entries["figures"] + entries["title"]
    entries["offset"] = np.cumsum(lengths) - lengths
    entries["own"] = [_own(row) for row in rows]
    entries["keys"] = minhash.band_keys(hashes, begins, minhash.rows_for(settings.threshold))
    blob = b"".join(chain.from_iterable(
        (hashes[begin:end].tobytes(), np.array(found + title, np.uint32).tobytes())
        for begin, end, found, title in zip(begins[:-1], begins[1:], figures, titles, strict=True)))
    return entries, blob


def _hashed(words: Iterable[str]) -> list[int]:
    """A set of words as sorted 32-bit hashes, at most as many as an entry can count."""
    return sorted({crc32(word.encode()) for word in words})[:65535]


def _own(row: Row) -> int:
    """A 32-bit hash of the record's public identifier, 0 where it has none."""
    own = identifiers.public(row["id"], orjson.loads(row["meta"]))
    return (crc32(own.encode()) or 1) if own else 0


class Index:
    """All parts, in the order of their names' list: record i is row i - starts[p] of part p."""

    def __init__(self, parts: Sequence[Part], scratch: Path) -> None:
        self.parts, self.scratch = parts, scratch
        self.starts = np.cumsum([0, *(part.rows for part in parts)])
        total = int(self.starts[-1])
        self.entries = np.zeros(total, ENTRY)
        self.rank = np.zeros(total, np.uint32)  # 0 for the record that is preferred to all others
        self.earlier = np.zeros(total, bool)
        before = 0
        for number in sorted(range(len(parts)), key=lambda n: _preference(parts[n])):
            part, rows = parts[number], slice(self.starts[number], self.starts[number + 1])
            with (scratch / f"{part.name}.entries").open("rb") as file:
                file.seek(part.first * ENTRY.itemsize)
                file.readinto(self.entries[rows].view(np.uint8).data)
            rank = np.fromfile(scratch / f"{part.name}.rank", np.uint32, part.rows, offset=4 * part.first)
            self.rank[rows] = rank + np.uint32(before)
            self.earlier[rows] = part.earlier
            before += part.rows

    def __len__(self) -> int:
        return len(self.entries)

    def sketch(self, record: int) -> Sketch:
        """A record's shingles and figures, read from the scratch file."""
        entry, part = self.entries[record], self.parts[int(np.searchsorted(self.starts, record, "right")) - 1]
        size, figures, title = int(entry["size"]), int(entry["figures"]), int(entry["title"])
        file = os.open(f"{self.scratch}/{part.name}.hashes", os.O_RDONLY)  # no file object: this runs a million times
        try:
            found = os.pread(file, 4 * (size + figures + title), 4 * int(entry["offset"]))
        finally:
            os.close(file)
        hashes = array("I", found)
        first, last = size, size + figures
        return Sketch(frozenset(hashes[:first]), frozenset(hashes[first:last]), frozenset(hashes[last:]))


def _preference(part: Part) -> tuple[Any, ...]:
    """Sources in the order in which they provide canonical records."""
    return not part.earlier, -part.richness, part.source
