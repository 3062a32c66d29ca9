"""What a file is packed in: recognised by content, unpacked as a stream, within limits.

gzip, bzip2, xz and zstd streams (also several in a row), zip and tar archives, and any of them inside another.
Nothing is ever written to disk: members are read as they pass, and a member's name is only a label. Members
that are no regular files (links, devices) are left out and counted; names that would leave the archive's folder
are errors. All unpacked bytes of a file count together against its limits.
"""

import bz2
import io
import lzma
import re
import sys
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, TypeVar

import pyarrow as pa

from cybersieve import unzip
from cybersieve.errors import InputError
from cybersieve.params import Limits

T = TypeVar("T")
CHUNK = 1 << 18  # bytes read and unpacked at a time
MAX_NESTED = 5  # packings inside each other
MAX_TAR_HEADER = 1 << 20  # bytes of one extended header, which tarfile reads in one piece
RATIO_FROM = 10_000_000  # unpacked bytes from which on the ratio is judged
MAGIC = {"gz": rb"\x1f\x8b\x08", "bz2": rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", "xz": rb"\xfd7zXZ\x00",
         "zst": rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18",  # the second: a frame to be skipped
         "zip": rb"PK(?:\x03\x04|\x05\x06)", "tar": rb"(?s:.{257})ustar"}
FOREIGN = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR", b"\x1f\x9d": "compress", b"\x04\x22\x4d\x18": "LZ4",
           b"PAR1": "Parquet", b"SQLite format 3\0": "SQLite", b"%PDF-": "PDF"}  # what is told by name, and not read
_MAILBOX = re.compile(rb"From [^\n]{1,200} \d\d?:\d\d(?::\d\d)? [^\n]{4,30}\n[A-Za-z-]+: ")  # and a first header
SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")  # zips of XML whose cells point to texts elsewhere; the old one is no XML
_TAR_NAME = re.compile(r"\.(?:tar(?:\.(?:gz|bz2|xz|zst))?|tgz|tbz2|txz)$", re.I)
ENDINGS = {".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".tgz", ".tbz2", ".txz"}


class Unreadable(InputError):
    """A packing that is damaged, unsafe or too large: what lies behind that place can't be read either."""


@dataclass
class Member:
    """One document of a file: the file itself, or a part of an archive."""

    name: str  # path in the archive; "" for the file itself
    chunks: Iterator[bytes]


@dataclass(frozen=True)
class Part:
    """Some members of a zip that lie together in the file: a document of its own, once an end is put to them."""

    start: int
    end: int
    last: bool
    share: int  # how many parts share the limits of the whole: what each spends counts so many times


@dataclass
class _Budget:
    """What all unpacking of one file may cost."""

    name: str
    packed: int
    limits: Limits
    notes: Counter[str]
    part: Part | None = None
    spent: int = 0

    def spend(self, size: int) -> None:
        self.spent += size * (self.part.share if self.part else 1)
        if self.spent > self.limits.max_file_mb * 1e6:
            raise self.too_large()
        if self.spent > RATIO_FROM and self.spent > self.limits.max_ratio * self.packed:
            raise Unreadable(self.name, f"unpacks to more than {self.limits.max_ratio:g} times its size",
                             remedy="raise parse.limits.max_ratio if it is meant to be packed so well")

    def too_large(self) -> Unreadable:
        return Unreadable(self.name, f"more than {self.limits.max_file_mb:g} MB unpacked",
                          remedy="raise parse.limits.max_file_mb if it is meant to be so large")


def members(path: Path, name: str, limits: Limits, notes: Counter[str], part: Part | None = None,
            on_read: Callable[[bytes], object] | None = None) -> Iterator[Member]:
    """The documents in a file, or in a part of a zip, to be read one after the other; `on_read` gets all bytes read.

    Raises Unreadable where the packing is damaged, unsafe or larger than `limits` allow. Reading a member raises
    InputError where that is packed once more, and damaged.
    """
    size = path.stat().st_size
    budget = _Budget(name, size, limits, notes, part)
    if size > limits.max_file_mb * 1e6:
        raise budget.too_large()
    with path.open("rb", buffering=0) as file:
        yield from _opened(Pushback(_raw(file, part, on_read)), "", budget, 0)


def _raw(file: IO[bytes], part: Part | None, on_read: Callable[[bytes], object] | None) -> Iterator[bytes]:
    left = sys.maxsize
    if part:
        file.seek(part.start)
        left = part.end - part.start
    while left and (chunk := file.read(min(left, CHUNK))):
        left -= len(chunk)
        if on_read:
            on_read(chunk)
        yield chunk
    if part and not part.last:
        yield unzip.END


def put_back(held: list[T], rest: Iterator[T]) -> Iterator[T]:
    """What is held, each let go of when it is taken (itertools.chain would keep it), and the rest."""
    held.reverse()
    while held:
        yield held.pop()
    yield from rest


class Pushback:
    """A stream of chunks whose beginning can be looked at, and that can be read like a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks, self.held, self.offset = chunks, b"", 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read1(), b"")

    def begin(self, size: int) -> bytes:
        """The next `size` bytes, or what there is, without taking them."""
        while len(self.held) < size and (chunk := next(self.chunks, b"")):
            self.held += chunk
        return self.held[:size]

    def read1(self) -> bytes:
        """The next bytes, as many as are at hand."""
        chunk, self.held = self.held or next(self.chunks, b""), b""
        self.offset += len(chunk)
        return chunk

    def unread(self, chunk: bytes) -> None:
        self.held, self.offset = chunk + self.held, self.offset - len(chunk)

    def read(self, size: int) -> bytes:
        parts = []
        while size and (chunk := self.read1()):
            parts.append(chunk[:size])
            self.unread(chunk[size:])
            size -= len(parts[-1])
        return b"".join(parts)


def packing(begin: bytes) -> str:
    """The kind of packing that a file's first 265 bytes show; empty for none."""
    return next((kind for kind, magic in MAGIC.items() if re.match(magic, begin)), "")


def foreign(begin: bytes) -> str:
    """The name of a format that is not read, by a file's first bytes; empty for any other."""
    return next((name for magic, name in FOREIGN.items() if begin.startswith(magic)),
                "mbox" if _MAILBOX.match(begin) else "")


def spreadsheet(path: str) -> bool:
    """Is this, by its name, a workbook, or a part of one?"""
    return any(part.lower().endswith(SHEETS) for part in path.split("!"))


def _empty_tar(begin: bytes, name: str) -> str:
    """`tar` for zero bytes alone, an empty tar, where the name says that it is one; else "": they may be anything."""
    return "tar" if begin and not begin.strip(b"\0") and _TAR_NAME.search(name) else ""


def _opened(stream: Pushback, name: str, budget: _Budget, level: int) -> Iterator[Member]:
    """The documents in a stream; where it proves damaged within an archive, one more that tells of it."""
    try:
        yield from _unwrapped(stream, name, budget, level)
    except Unreadable:
        raise
    except InputError as error:  # the archive around it goes on
        yield Member(name, _failing(error))


def _unwrapped(stream: Pushback, name: str, budget: _Budget, level: int) -> Iterator[Member]:
    kind = packing(stream.begin(265)) or _empty_tar(stream.begin(265), name or budget.name)
    if not kind:
        yield Member(name, iter(stream))
    elif level == MAX_NESTED:
        raise Unreadable(budget.name, f"packed more than {MAX_NESTED} times over", name, "unpack it first")
    elif kind in ("zip", "tar"):
        for inner, chunks in (_zip if kind == "zip" else _tar)(stream, name, budget):
            yield from _opened(Pushback(chunks), inner, budget, level + 1)
    else:
        yield from _opened(Pushback(_unpacked(stream, kind, name, budget)), name, budget, level + 1)


def _failing(error: InputError) -> Iterator[bytes]:
    raise error
    yield b""


def _unpacked(stream: Pushback, kind: str, name: str, budget: _Budget) -> Iterator[bytes]:
    """A compressed stream's bytes, at most CHUNK at a time. Damage within an archive is of that one member alone."""
    chunks = _zstd(stream) if kind == "zst" else _streams(stream, DECODERS[kind])
    try:
        for chunk in chunks:
            budget.spend(len(chunk))
            yield chunk
    except (EOFError, OSError, zlib.error, lzma.LZMAError, MemoryError) as error:
        place = f"{name}, packed byte {stream.offset}" if name else f"packed byte {stream.offset}"
        damaged = InputError if name else Unreadable
        if "emory" in str(error):  # zstd's and xz's words: not damaged, but packed with a large window, as forum dumps
            raise damaged(budget.name, f"{kind} data that takes more than 100 MB of memory to unpack", place,
                          f"unpack it first: {'zstd -d --long=31' if kind == 'zst' else 'xz -d'}") from None
        raise damaged(budget.name, f"damaged {kind} data: {error}", place, "fetch it again") from None


DECODERS: dict[str, Callable[[], Any]] = {
    "gz": lambda: _Zlib(31), "bz2": bz2.BZ2Decompressor, "xz": lambda: lzma.LZMADecompressor(memlimit=unzip.XZ_MEMORY)}


class _Zlib:
    """zlib's decoder with the interface of bz2's and lzma's."""

    def __init__(self, wbits: int) -> None:
        self.decoder, self.needs_input = zlib.decompressobj(wbits), True

    def decompress(self, data: bytes, size: int) -> bytes:
        out = self.decoder.decompress(self.decoder.unconsumed_tail + data, size)
        self.needs_input = not self.decoder.unconsumed_tail
        return out

    @property
    def eof(self) -> bool:
        return self.decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self.decoder.unused_data


def _streams(stream: Pushback, make: Callable[[], Any]) -> Iterator[bytes]:
    """One or several compressed streams in a row; zero bytes behind each are padding, anything else is an error."""
    while stream.begin(1):
        decoder = make()
        while not decoder.eof:
            data = stream.read1() if decoder.needs_input else b""
            if decoder.needs_input and not data:
                raise EOFError("the data ends early: the file is cut off")
            if out := decoder.decompress(data, CHUNK):
                yield out
        stream.unread(decoder.unused_data)
        while (padding := stream.begin(CHUNK)).startswith(b"\0"):
            stream.read(len(padding) - len(padding.lstrip(b"\0")))


def _zstd(stream: Pushback) -> Iterator[bytes]:
    class File(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return stream.read(size)

    unpacked = pa.CompressedInputStream(File(), "zstd")
    yield from iter(lambda: unpacked.read(CHUNK), b"")


def _member_name(archive: str, name: str, budget: _Budget) -> str:
    """A member's name as part of a locator. Raises Unreadable for a name that would leave the archive's folder."""
    clean = name.replace("\\", "/")
    if clean.startswith("/") or clean[1:2] == ":" or ".." in PurePosixPath(clean).parts or "\0" in clean:
        raise Unreadable(budget.name, f"a member named {name[:200]!r} would leave the archive's folder", archive,
                         "don't trust this archive")
    return f"{archive}!{clean}" if archive else clean


@contextmanager
def _damage(kind: str, name: str, stream: Pushback, budget: _Budget, within: bool = False) -> Iterator[None]:
    """Turns what an archive's reader raises into an Unreadable with the place, `within` another into an InputError."""
    damaged = InputError if within else Unreadable
    try:
        yield
    except unzip.NotRead as error:
        raise damaged(budget.name, str(error), name, "unpack it first") from None
    except (tarfile.TarError, EOFError, ValueError, OSError, zlib.error, lzma.LZMAError) as error:
        place = f"{name}, " if name else ""
        raise damaged(budget.name, f"damaged {kind} data: {error}", f"{place}packed byte {stream.offset}",
                      "fetch it again") from None


def _contents(kind: str, chunks: Iterator[bytes], name: str, stream: Pushback, budget: _Budget,
              sparse: bool = False) -> Iterator[bytes]:
    """A member's bytes, counted; not those of a `sparse` file, whose holes nobody packed."""
    with _damage(kind, name, stream, budget):
        for chunk in chunks:
            budget.spend(0 if sparse else len(chunk))
            yield chunk


def _zip(stream: Pushback, name: str, budget: _Budget) -> Iterator[tuple[str, Iterator[bytes]]]:
    with _damage("zip", name, stream, budget, within=bool(name)):
        part = budget.part is not None and not budget.part.last and not name
        for member, chunks in unzip.members(stream, CHUNK, part):
            inner = _member_name(name, member, budget)
            if not member.endswith("/"):
                yield inner, _contents("zip", chunks, inner, stream, budget)


class _TarInfo(tarfile.TarInfo):
    """Bounds extended headers, which tarfile reads in one piece; reports damaged ones, which it takes for the end."""
    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> "_TarInfo":
        try:
            return super().fromtarfile(archive)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError(f"where a member or the end should be: {error}") from None

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        special = not self.isreg() and not self.isdir()
        if special and self.size > MAX_TAR_HEADER:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]


def _tar(stream: Pushback, name: str, budget: _Budget) -> Iterator[tuple[str, Iterator[bytes]]]:
    with _damage("tar", name, stream, budget, within=bool(name)), \
            tarfile.open(fileobj=stream, mode="r|", tarinfo=_TarInfo,  # type: ignore[call-overload]
                         ignore_zeros=True) as archive:  # archives in a row are read like one
        while (member := archive.next()) is not None:
            archive.members = []  # tarfile remembers all of them otherwise
            inner = _member_name(name, member.name, budget)
            if member.isreg():
                file: Any = archive.extractfile(member)
                chunks = iter(partial(file.read, CHUNK), b"")
                yield inner, _contents("tar", chunks, inner, stream, budget, sparse=member.issparse())
            elif not member.isdir():
                budget.notes["archive members skipped: links and devices"] += 1
