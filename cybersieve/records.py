"""What a record is, and the Parquet files that carry records and decisions from stage to stage.

One file per source file (`misp-galaxy/malpedia.json` -> `misp-galaxy/malpedia.json.parquet`), rows in source
order. Every stage after parse writes the same rows in the same order: row i is the same record everywhere, so
stages are joined by walking files side by side, in constant memory. Files are byte-identical on a rerun.
"""

import fcntl
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, AnyStr, BinaryIO, Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from cybersieve.errors import InputError

Row = dict[str, Any]
NO_TEXT = "no text"  # why a record is set aside that says nothing
LEFT_OUT = "left out: "  # how parse's notes on what is broken begin
LITTER = ".DS_Store", "._"  # how files are called that a Mac leaves in folders; .dvcignore has them, too
DEVICES = Path("/dev"), Path("/dev/fd")  # what is in there is no file to be replaced, wherever it leads


@dataclass(slots=True)
class Record:
    """One entry of a dump."""

    id: str  # upstream's own where it has one, else a content hash; unique within its source
    source: str  # path of the dump, relative to the input folder, with forward slashes
    locator: str  # where in the dump: array index, byte offset or XML path
    title: str
    text: str  # plain text: no HTML, no citation marks, NFC, white space folded but before code's lines
    meta: dict[str, Any] = field(default_factory=dict)  # dates, urls, references, status, licence
    dropped: str | None = None  # why parse set it aside (an upstream status such as REJECT), null for live records

    def row(self) -> Row:
        """The record as a row of PARSED; `meta` becomes JSON with sorted keys."""
        try:
            meta = orjson.dumps(self.meta, default=str, option=orjson.OPT_SORT_KEYS).decode()
        except TypeError:  # a whole number of more than 64 bits
            meta = json.dumps(self.meta, ensure_ascii=False, sort_keys=True, default=str, separators=(",", ":"))
        return {"id": self.id, "source": self.source, "locator": self.locator, "title": self.title,
                "text": self.text, "meta": meta, "dropped": self.dropped}


def full_text(title: AnyStr, text: AnyStr) -> AnyStr:
    """What rules and verifier read: the title, a line break, the text; the title once where the text repeats it.

    Of strings, or of both in UTF-8.
    """
    if not title or text.startswith(title):
        return text
    return title + ("\n" if isinstance(title, str) else b"\n") + text if text else title


PARSED = pa.schema([("id", pa.string()), ("source", pa.string()), ("locator", pa.string()), ("title", pa.string()),
                    ("text", pa.string()), ("meta", pa.string()), ("dropped", pa.string())])
UNIQUE = pa.schema([("id", pa.string()), ("source", pa.string()),
                    ("duplicate_of", pa.string()),  # "source#id" of the record that stands for this one, or null
                    ("similarity", pa.float64())])
SCORED = pa.schema([("id", pa.string()), ("source", pa.string()), ("rules", pa.list_(pa.string())),
                    ("score", pa.float64()), ("confidence", pa.float64())])
VERDICTS = pa.schema([("id", pa.string()), ("source", pa.string()), ("verdict", pa.string()), ("by", pa.string()),
                      ("reason", pa.string()), ("p_yes", pa.float64()), ("margin", pa.float64())])


def strings(values: Sequence[str | None]) -> pa.Array:
    """A column of text.

    Laid out by hand, as `numbers` are, because pyarrow's own way from Python lists imports pandas where that is
    installed: 50 MB and a quarter of a second.
    """
    there = None if None not in values else _bits(np.array([value is not None for value in values], bool))
    words = [value or "" for value in values]
    if all(map(str.isascii, words)):
        sizes, data = list(map(len, words)), "".join(words).encode()
    else:
        encoded = [word.encode() for word in words]
        sizes, data = list(map(len, encoded)), b"".join(encoded)
    ends = pa.py_buffer(np.cumsum([0, *sizes], dtype=np.int32))
    return pa.Array.from_buffers(pa.string(), len(words), [there, ends, pa.py_buffer(data)])


def numbers(values: "np.ndarray[Any, Any]", there: "np.ndarray[Any, Any] | None" = None) -> pa.Array:
    """A column of the array's numbers, null where they are not `there`."""
    buffers = [None if there is None else _bits(there), pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def _bits(there: "np.ndarray[Any, Any]") -> pa.Buffer:
    return pa.py_buffer(np.packbits(there, bitorder="little"))


BLOCK = 4096  # bytes on disk: what is smaller takes no less if it is packed, but longer to write and to read
DISTINCT = {"id", "locator", "title", "text", "meta"}  # hardly a value comes twice: with a dictionary they are larger


@dataclass(frozen=True)
class Shard:
    """One Parquet file of a stage's folder."""

    path: Path
    name: str  # relative path with the .parquet ending, the same in every stage's folder
    rows: int

    @property
    def source(self) -> str:
        return self.name.removesuffix(".parquet")


def shards(folder: Path) -> list[Shard]:
    """The folder's Parquet files, sorted by name. Raises InputError where there is none or one is damaged."""
    found = sorted((path for path in folder.rglob("[!.]*.parquet") if not path.is_dir()),
                   key=lambda path: path.relative_to(folder).as_posix())
    if not found:
        raise InputError(folder, "holds no Parquet files", remedy="run the stage before this one")
    result = []
    for path in found:
        try:
            rows = pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowException) as error:
            raise InputError(path, f"not a Parquet file: {error}", remedy="rerun the stage that wrote it") from None
        result.append(Shard(path, path.relative_to(folder).as_posix(), rows))
    return result


def read(path: Path, columns: list[str] | None = None) -> Iterator[Row]:
    """The file's rows as dicts, few at a time in memory. Raises InputError where it is damaged."""
    for part in batches(path, 512, columns):
        yield from part.to_pylist()


def batches(path: Path, size: int, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The file's rows as columns, `size` at a time. Raises InputError where it is damaged."""
    with opened(path) as file:
        yield from file.iter_batches(batch_size=size, columns=columns, use_threads=False)


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """The open file. Raises InputError where it is found to be damaged while the block lasts."""
    try:
        with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None):  # the disk's own: no such file, no permission
            raise
        raise InputError(path, f"not a sound Parquet file: {error}", remedy="rerun the stage that wrote it") from None


def side_by_side(*paths_and_columns: tuple[Path, list[str]]) -> Iterator[tuple[Row, ...]]:
    """Walk files whose row i is the same record. Raises InputError where they are not of the same run."""
    try:
        for rows in zip(*(read(path, columns) for path, columns in paths_and_columns), strict=True):
            if len({row["id"] for row in rows}) != 1:
                raise ValueError("ids differ")
            yield rows
    except ValueError:
        names = ", ".join(str(path) for path, _ in paths_and_columns)
        raise InputError(names, "do not hold the same records", remedy="rerun the later stage") from None


class Sink:
    """A Parquet file that rows are added to; it appears under its name only when the `with` block ends well.

    Keys of a row that are not in the schema are left out.
    """

    def __init__(self, path: Path, schema: pa.Schema, batch: int = 2048) -> None:
        self.path, self.schema, self.batch, self.count = path, schema, batch, 0
        self.buffer: list[Row] = []
        self.writer: pq.ParquetWriter | None = None  # opened with the first rows
        self.partial = path.with_name(path.name + ".partial")

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def add(self, row: Row) -> None:
        self.buffer.append(row)
        self.count += 1
        if len(self.buffer) >= self.batch:
            self._flush()

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Add rows that are columns already."""
        self._flush()
        self._write(batch)
        self.count += batch.num_rows
        if self.count > batch.num_rows:  # in a large file: the gaps between what stays would grow with it
            pa.default_memory_pool().release_unused()

    def _flush(self) -> None:
        if self.buffer:
            self._write(pa.RecordBatch.from_pylist(self.buffer, self.schema))
            self.buffer = []

    def _write(self, batch: pa.RecordBatch) -> None:
        self.writer = self.writer or self._opened(batch.nbytes)
        self.writer.write_batch(batch)

    def _opened(self, size: int) -> pq.ParquetWriter:
        """The file for rows of so many bytes, or for more that begin so."""
        small = size < BLOCK
        repeated = [f"{column.name}.list.element" if pa.types.is_list(column.type) else column.name
                    for column in self.schema if column.name not in DISTINCT]
        return pq.ParquetWriter(self.partial, self.schema, compression="none" if small else "zstd",
                                write_statistics=False, use_dictionary=False if small else repeated)

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if kind is None:
            self._flush()
            self.writer = self.writer or self._opened(0)
        if self.writer:
            self.writer.close()
        if kind is None:
            os.replace(self.partial, self.path)
        else:
            self.partial.unlink(missing_ok=True)


def write(path: Path, rows: Iterable[Row], schema: pa.Schema, batch: int = 2048) -> int:
    """Write rows to a Parquet file, whole or not at all; returns their number."""
    with Sink(path, schema, batch) as sink:
        for row in rows:
            sink.add(row)
    return sink.count


def check_output(folder: Path, *inputs: Path, also: str = "") -> None:
    """Refuses (InputError) to replace a folder that holds anything but Parquet files of stages (`also`: a pattern of
    what else the stage writes there), or that is, holds or lies in an input (or another output)."""
    named, folder = Path(folder), Path(folder).resolve()
    for other in inputs:
        place = Path(other).resolve()
        if _within(folder, place) or _within(place, folder):
            raise InputError(named, f"overlaps {other}", remedy="name another output folder")
    if folder.exists():
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        strange = next((path for path in files if not _ours(path, path.relative_to(folder).as_posix(), also)), None)
        if strange or not folder.is_dir():
            raise InputError(named / strange.relative_to(folder) if strange else named,
                             "is not a stage's output, and would be deleted",
                             remedy="name another output folder")


def _within(path: Path, folder: Path) -> bool:
    """Is it the folder, or in it? To a Mac's disk Dumps and dumps are one, which their paths do not tell."""
    above = path, *path.parents
    return folder in above or (os.path.exists(folder) and any(
        os.path.exists(one) and os.path.samefile(one, folder) for one in above))


@contextmanager
def output_folder(folder: Path, *inputs: Path, also: str = "") -> Iterator[Path]:
    """A new empty folder that takes `folder`'s place only when the block ends well.

    A run that is killed leaves `folder` as it was, or absent: nothing half-written. Raises InputError as
    `check_output`, or where another run is about to replace the folder.
    """
    check_output(folder, *inputs, also=also)
    named, folder = Path(folder), Path(folder).resolve()
    partial, former = folder.with_name(f".{folder.name}.partial"), folder.with_name(f".{folder.name}.former.partial")
    partial.mkdir(parents=True, exist_ok=True)
    with _alone(partial, named):
        for left in (*partial.iterdir(), former):
            shutil.rmtree(left, ignore_errors=True)
            left.unlink(missing_ok=True)
        try:
            yield partial
            if folder.exists():
                os.replace(folder, former)  # out of the way at once: a killed deletion would leave half of it in place
            os.replace(partial, folder)
        except BaseException:  # only then: in its place there may be the next run's
            shutil.rmtree(partial, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(former, ignore_errors=True)


def _ours(path: Path, name: str, also: str) -> bool:
    """Is this a file that a stage wrote, or one that is nobody's?"""
    if path.name.startswith(LITTER):
        return True
    return is_stages(path) if path.suffix == ".parquet" else re.fullmatch(also, name) is not None


def is_stages(file: Path | BinaryIO) -> bool:
    """Is this Parquet file a stage's? A damaged one, an output's half, is nobody's. Raises OSError for one not read."""
    try:
        return {"id", "source"} <= set(pq.read_schema(file).names)
    except (OSError, pa.ArrowException) as error:
        if isinstance(error, OSError) and (error.errno or type(error) is not OSError):  # the disk's, the store's
            raise
        return True


@contextmanager
def _alone(partial: Path, named: Path) -> Iterator[None]:
    """Keeps a folder or file from every other run while the block lasts: also from one that outlives its DVC.

    The system forgets the lock when the process ends, however it ends. Raises InputError where another has it.
    """
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                ours = os.path.samestat(os.fstat(descriptor), os.stat(partial))  # not yet in the folder's place
            except (BlockingIOError, FileNotFoundError):
                ours = False
            if not ours:
                raise InputError(named, "another run is writing it", remedy="wait until it ends, or stop it")
        yield
    finally:
        os.close(descriptor)


COUNTED = ("read", "written", "dropped", "failed")  # what a stage's counts name


@dataclass
class Counts:
    """What a stage did: read = written + sum of dropped by reason + failed, for the whole and for each source."""

    read: int = 0
    written: int = 0
    failed: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)  # what was repaired or noticed; no part of the balance
    sources: dict[str, "Counts"] = field(default_factory=dict)

    def add(self, source: str, part: "Counts") -> None:
        """Add one source's counts."""
        self.sources[source] = part
        self.read += part.read
        self.written += part.written
        self.failed += part.failed
        self.dropped.update(part.dropped)
        self.notes.update(part.notes)

    def balanced(self) -> bool:
        mine = self.read == self.written + self.dropped.total() + self.failed
        return mine and all(part.balanced() for part in self.sources.values())

    def tree(self) -> Row:
        result: Row = {"read": self.read, "written": self.written, "dropped": dict(sorted(self.dropped.items())),
                       "failed": self.failed}
        if self.notes:
            result["notes"] = dict(sorted(self.notes.items()))
        if self.sources:
            result["sources"] = {name: self.sources[name].tree() for name in sorted(self.sources)}
        return result

    def save(self, path: Path | None) -> None:
        """Write the counts as JSON. Raises RuntimeError if they don't add up."""
        if not self.balanced():
            raise RuntimeError(f"counts do not balance: {self.tree()}")
        if path is not None:
            save_json(path, self.tree())


def save_json(path: Path, tree: object) -> None:
    """Write JSON atomically, human-readable, ending in a line break."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(tree, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write what takes `path`'s place when the block ends well; a pipe or a device is written to itself.

    Raises InputError where another run is about to replace it.
    """
    if path.parent in DEVICES or (path.exists() and not path.is_file()):  # /dev/stdout leads nowhere where it is closed
        yield path
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.touch()
    with _alone(partial, path):
        try:
            yield partial
            os.replace(partial, path)
        except BaseException:  # only then: in its place there may be the next run's
            partial.unlink(missing_ok=True)
            raise


def load_json(path: Path, *keys: str) -> Any:
    """Read a stage's JSON. Raises InputError where it is missing or damaged, or no object with all of `keys`."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(path, str(error), remedy="run the stage that writes it") from None
    except ValueError as error:
        raise InputError(path, f"not JSON: {error}", remedy="run the stage that writes it") from None
    missing = [key for key in keys if not isinstance(tree, dict) or key not in tree]
    if missing:
        raise InputError(path, f"names no {', '.join(missing)}", remedy="run the stage that writes it")
    return tree
