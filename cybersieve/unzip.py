"""Zip archives as a stream: members in the order they lie, in constant memory, also from a stream without end.

The standard library reads the table at a zip's end first: that takes a seekable file and, for an archive of
300,000 members, some 200 MB. Here each member's own header is followed instead. Covered: stored and deflated
members, 64-bit sizes, sizes that stand behind the data. Not covered, and an error: encryption, other methods,
stored members of unknown size, archives that begin with something else (self-extracting ones).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Protocol

LOCAL, DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
ENDS = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06")  # the table, or the end record of an archive without members
UNKNOWN = 0xFFFFFFFF


class Stream(Protocol):
    def begin(self, size: int) -> bytes: ...
    def read(self, size: int) -> bytes: ...
    def read1(self) -> bytes: ...
    def unread(self, chunk: bytes) -> None: ...


def members(stream: Stream, chunk: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Name and contents of each member; contents that are not read to the end are passed over.

    Raises ValueError, EOFError or zlib.error where the archive is damaged or of a kind not covered.
    """
    while stream.begin(4) == LOCAL:
        flags, method, crc, packed, name = _header(stream)
        if flags & 0x41:
            raise ValueError(f"the member {name!r} is encrypted")
        if method not in (0, 8):
            raise ValueError(f"the member {name!r} is packed by method {method}; stored and deflated ones are read")
        later = bool(flags & 8)  # checksum and sizes stand behind the data
        if later and method == 0 and not name.endswith("/"):
            raise ValueError(f"the member {name!r} is stored without its size")
        contents = _contents(stream, method, packed, chunk, later, crc)
        yield name, contents
        for _ in contents:
            pass
    if stream.begin(4) not in ENDS:
        raise EOFError("no further member and no end: the archive is cut off" if len(stream.begin(4)) < 4
                       else "garbage between members")
    for _ in iter(stream.read1, b""):  # the table repeats what the members' headers said
        pass


def _header(stream: Stream) -> tuple[int, int, int, int, str]:
    fixed = _exactly(stream, 30)
    _, _, flags, method, _, crc, packed, plain, name_size, extra_size = struct.unpack("<4sHHHIIIIHH", fixed)
    name, extra = _exactly(stream, name_size), _exactly(stream, extra_size)
    wide = _field(extra, 1)
    if packed == UNKNOWN and wide:
        at = 8 if plain == UNKNOWN else 0
        packed = struct.unpack_from("<Q", wide, at)[0] if len(wide) >= at + 8 else packed
    return flags, method, crc, packed, name.decode("utf-8" if flags & 0x800 else "cp437", "replace")


def _field(extra: bytes, wanted: int) -> bytes:
    """One field of a header's extra data."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == wanted:
            return extra[at + 4:at + 4 + size]
        at += 4 + size
    return b""


def _exactly(stream: Stream, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the archive is cut off")
    return data


def _contents(stream: Stream, method: int, packed: int, chunk: int, later: bool, crc: int) -> Iterator[bytes]:
    seen = 0
    for part in _stored(stream, packed, chunk) if method == 0 else _inflated(stream, chunk):
        seen = zlib.crc32(part, seen)
        yield part
    if later:
        if stream.begin(4) == DESCRIPTOR:
            stream.read(4)
        crc = struct.unpack("<I", _exactly(stream, 4))[0]
        after = stream.begin(12)[8:12]  # two sizes of 4 bytes or of 8: a header follows the right ones
        _exactly(stream, 8 if after == LOCAL or after in ENDS else 16)
    if seen != crc:
        raise ValueError("a member's checksum is wrong")


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
