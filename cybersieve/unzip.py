"""Zip archives as a stream: members in the order they lie, in constant memory, also from a stream without end.

The standard library reads the table at a zip's end first: that takes a seekable file and, for an archive of
300,000 members, some 200 MB. Here each member's own header is followed instead. Covered: members that are stored,
deflated or packed by bzip2, LZMA or xz, 64-bit sizes, sizes that stand behind the data. Not covered, and an error:
encryption, other methods, stored members of unknown size, archives that begin with something else (self-extracting
ones). The table is only read to find where an archive may be cut.
"""

import bz2
import lzma
import struct
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple, Protocol

LOCAL, DESCRIPTOR, ENTRY = b"PK\x03\x04", b"PK\x07\x08", b"PK\x01\x02"
END, END_64, PLACE_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
ENDS = (ENTRY, END, END_64)  # the table, or the end record of an archive without members
UNKNOWN = 0xFFFFFFFF
WIDE = 1  # the kind of that field in which 64-bit values stand
XZ_MEMORY = 100_000_000  # bytes a dictionary may take; xz -9 needs 65 MB
METHODS = {0: "stored", 8: "deflate", 12: "bzip2", 14: "LZMA", 95: "xz"}
OTHERS = {1: "shrink", 6: "implode", 9: "deflate64", 93: "zstd", 97: "WavPack", 98: "PPMd"}


class NotRead(Exception):
    """A member that is sound, but of a kind that is not read."""


class Stream(Protocol):
    def begin(self, size: int) -> bytes: ...
    def read(self, size: int) -> bytes: ...
    def read1(self) -> bytes: ...
    def unread(self, chunk: bytes) -> None: ...


class _Header(NamedTuple):
    flags: int
    method: int
    crc: int
    packed: int
    plain: int
    name: str

    @property
    def later(self) -> bool:
        """Do checksum and sizes stand behind the data?"""
        return bool(self.flags & 8)


def members(stream: Stream, chunk: int, part: bool = False) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Name and contents of each member; contents that are not read to the end are passed over.

    `part`: the stream is some members and END; nothing may follow. Raises NotRead, or ValueError, EOFError, zlib.error
    or lzma.LZMAError where the archive is damaged.
    """
    while stream.begin(4) == LOCAL:
        header = _header(stream)
        name = header.name[:200]  # of a damaged header it may be 65,535 bytes
        if header.flags & 0x41:
            raise NotRead(f"the member {name!r} is encrypted")
        if header.method not in METHODS:
            other = f"method {header.method}" + (f" ({OTHERS[header.method]})" if header.method in OTHERS else "")
            raise NotRead(f"the member {name!r} is packed by {other}; read are {', '.join(METHODS.values())}")
        if header.later and header.method == 0 and not (header.name.endswith("/") or _empty(stream)):
            raise NotRead(f"the member {name!r} is stored without its size")
        contents = _contents(stream, header, chunk)
        yield header.name, contents
        for _ in contents:
            pass
    if part and stream.begin(5) != END:
        raise ValueError("these members do not end where others begin")
    if stream.begin(4) not in ENDS:
        raise EOFError("no further member and no end: the archive is cut off" if len(stream.begin(4)) < 4
                       else "garbage between members")
    if not part:
        _end_of(stream)


def _empty(stream: Stream) -> bool:
    """Does a member end here that holds nothing? A Mac's Finder stores those without their size."""
    after = stream.begin(20)
    return after[:16] == DESCRIPTOR + bytes(12) and after[16:] in (LOCAL, *ENDS)


def _end_of(stream: Stream) -> None:
    """Pass over the table, which repeats what the members' headers said, and the end; only zero bytes may follow."""
    held = b""
    while END not in held:
        if not (more := stream.read1()):
            raise EOFError("a table without an end: the archive is cut off")
        held = held[-3:] + more
    stream.unread(held[held.index(END):])
    _exactly(stream, int.from_bytes(_exactly(stream, 22)[20:], "little"))  # a comment
    for rest in iter(stream.read1, b""):
        if rest.strip(b"\0"):
            raise ValueError("something stands behind the archive's end")


def _header(stream: Stream) -> _Header:
    fixed = _exactly(stream, 30)
    _, _, flags, method, _, crc, packed, plain, name_size, extra_size = struct.unpack("<4sHHHIIIIHH", fixed)
    name, extra = _exactly(stream, name_size), _exactly(stream, extra_size)
    plain, packed = _wide(extra, plain, packed)
    return _Header(flags, method, crc, packed, plain, name.decode("utf-8" if flags & 0x800 else "cp437", "replace"))


def _wide(extra: bytes, *values: int) -> list[int]:
    """The values; those that 32 bits don't hold stand in the extra data's field of 64-bit ones, in the same order."""
    field = _field(extra)
    wide = [value for value, in struct.iter_unpack("<Q", field[:len(field) // 8 * 8])]
    return [wide.pop(0) if value == UNKNOWN and wide else value for value in values]


def _field(extra: bytes) -> bytes:
    """The field of 64-bit values in a header's extra data."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == WIDE:
            return extra[at + 4:at + 4 + size]
        at += 4 + size
    return b""


def _exactly(stream: Stream, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the archive is cut off")
    return data


def _contents(stream: Stream, header: _Header, chunk: int) -> Iterator[bytes]:
    seen, crc = 0, header.crc
    for part in _unpacked(stream, header, chunk):
        seen = zlib.crc32(part, seen)
        yield part
    if header.later:
        if stream.begin(4) == DESCRIPTOR:
            stream.read(4)
        crc = struct.unpack("<I", _exactly(stream, 4))[0]
        after = stream.begin(12)[8:12]  # two sizes of 4 bytes or of 8: a header follows the right ones
        _exactly(stream, 8 if after == LOCAL or after in ENDS else 16)
    if seen != crc:
        raise ValueError("a member's checksum is wrong")


def _unpacked(stream: Stream, header: _Header, chunk: int) -> Iterator[bytes]:
    if header.method == 8:
        return _inflated(stream, chunk)
    stored = _stored(stream, header.packed, chunk)
    return stored if header.method == 0 else _decoded(stream, header, stored, chunk)


def _stored(stream: Stream, size: int, chunk: int) -> Iterator[bytes]:
    while size:
        part = stream.read(min(size, chunk))
        if not part:
            raise EOFError("the archive is cut off")
        size -= len(part)
        yield part


def _inflated(stream: Stream, chunk: int) -> Iterator[bytes]:
    decoder = zlib.decompressobj(-15)
    while not decoder.eof:
        data = decoder.unconsumed_tail or stream.read1()
        if not data:
            raise EOFError("the archive is cut off")
        if part := decoder.decompress(data, chunk):
            yield part
    stream.unread(decoder.unused_data)


def _decoded(stream: Stream, header: _Header, stored: Iterator[bytes], chunk: int) -> Iterator[bytes]:
    """What is packed by bzip2, LZMA or xz: to the decoder's own end, or as much as the header says."""
    data = iter(stream.read1, b"") if header.later else stored
    first = next(data, b"")
    if header.method == 14:
        while len(first) < 9 and (more := next(data, b"")):
            first += more
        decoder, first = _lzma(first[:9]), first[9:]
    else:
        decoder = bz2.BZ2Decompressor() if header.method == 12 else lzma.LZMADecompressor(memlimit=XZ_MEMORY)
    ended = header.later or header.method != 14 or bool(header.flags & 2)  # LZMA may have no mark at its end
    made = 0
    while not decoder.eof and (ended or made < header.plain):
        more = first or (next(data, b"") if decoder.needs_input else b"")
        if decoder.needs_input and not more:
            raise EOFError("the archive is cut off")
        if part := decoder.decompress(more, chunk if ended else min(chunk, header.plain - made)):
            made += len(part)
            yield part
        first = b""
    if header.later:
        stream.unread(decoder.unused_data)
    for _ in stored if not header.later else ():
        pass


def _lzma(begin: bytes) -> Any:
    """The decoder of LZMA data in a zip, which begins with two bytes of version, the size of what follows, and that."""
    if len(begin) < 9 or begin[2:4] != b"\5\0":
        raise ValueError("LZMA data without a header")
    bits, dictionary = begin[4], int.from_bytes(begin[5:9], "little")
    if bits >= 225 or dictionary > XZ_MEMORY:
        raise ValueError(f"LZMA data with a dictionary of {dictionary} bytes")
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[
        {"id": lzma.FILTER_LZMA1, "dict_size": max(dictionary, 4096), "lc": bits % 9, "lp": bits // 9 % 5,
         "pb": bits // 45}])


def table(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Where each member begins, and how large it says it is unpacked. Raises ValueError where there is no table."""
    begin = max(file.seek(0, 2) - 66_000, 0)
    file.seek(begin)
    tail = file.read()
    end = tail.rfind(END)
    count, offset = _end(file, tail, end) if end >= 0 and len(tail) >= end + 22 else (0, 0)
    file.seek(offset)
    for _ in range(count):
        fixed = file.read(46)
        if len(fixed) < 46 or fixed[:4] != ENTRY:
            raise ValueError("a table that is cut off")
        packed, plain, name_size, extra_size, comment_size = struct.unpack_from("<IIHHH", fixed, 20)
        file.seek(name_size, 1)
        extra = file.read(extra_size)
        file.seek(comment_size, 1)
        plain, _, at = _wide(extra, plain, packed, struct.unpack_from("<I", fixed, 42)[0])
        yield at, plain


def _end(file: IO[bytes], tail: bytes, end: int) -> tuple[int, int]:
    """Number of members and offset of the table, from the record at the archive's end."""
    count, _, offset = struct.unpack_from("<HII", tail, end + 10)
    if (count == 0xFFFF or offset == UNKNOWN) and end >= 20 and tail[end - 20:end - 16] == PLACE_64:
        file.seek(struct.unpack_from("<Q", tail, end - 12)[0])
        record = file.read(56)
        if len(record) < 56 or record[:4] != END_64:
            raise ValueError("no record of 64-bit sizes")
        count, _, offset = struct.unpack_from("<QQQ", record, 32)
    return count, offset


def begins(file: IO[bytes], offset: int) -> bool:
    """Does a member begin there?"""
    file.seek(offset)
    return file.read(4) == LOCAL
