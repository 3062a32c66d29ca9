"""What a file is packed in: recognised by content, unpacked as a stream, within limits."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from cybersieve.errors import InputError
from cybersieve.params import Limits

CHUNK = 1 << 20
MAGIC = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zst"}


@dataclass
class Member:
    """One document of a file: the file itself, or a part of an archive."""

    name: str  # "" for the file itself
    chunks: Iterator[bytes]


def packing(begin: bytes) -> str:
    return next((kind for magic, kind in MAGIC.items() if begin.startswith(magic)), "")


def members(path: Path, name: str, limits: Limits) -> Iterator[Member]:
    """The documents in a file. Raises InputError where the packing is damaged or larger than `limits` allow."""
    with path.open("rb") as file:
        kind = packing(file.read(8))
        file.seek(0)
        yield Member("", _limited(_unpacked(file, kind, name), path.stat().st_size, name, limits))


def _unpacked(file: IO[bytes], kind: str, name: str) -> Iterator[bytes]:
    stream: Any = {"": lambda f: f, "gz": gzip.open, "bz2": bz2.open, "xz": lzma.open,
                   "zst": lambda f: pa.CompressedInputStream(f, "zstd")}[kind](file)
    try:
        while chunk := stream.read(CHUNK):
            yield chunk
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise InputError(name, f"damaged {kind} data: {error}", f"packed byte {file.tell()}", "fetch it again") from None


def _limited(chunks: Iterator[bytes], packed: int, name: str, limits: Limits) -> Iterator[bytes]:
    """The chunks, up to the absolute size and the ratio that `limits` allow."""
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limits.max_file_mb * 1e6:
            raise InputError(name, f"unpacks to more than {limits.max_file_mb:g} MB", "", "raise parse.limits.max_file_mb")
        if total > 10e6 and total > limits.max_ratio * packed:
            raise InputError(name, f"unpacks to more than {limits.max_ratio:g} times its size", "", "raise parse.limits.max_ratio")
        yield chunk
