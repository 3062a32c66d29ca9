"""Large files of JSON Lines in pieces that can be parsed side by side: byte ranges that end at line ends.

Only files that lie there unpacked and in UTF-8, whose first lines are one record each. The cuts depend on the
file alone, not on the number of cores. A file that is not what its beginning promised makes a piece fail, and is
then parsed as a whole.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson

from cybersieve import containers, encoding, json_stream, peek, readers, sources
from cybersieve.params import Parse
from cybersieve.readers import Found
from cybersieve.sources import Source

SIZE = 64_000_000  # bytes of a piece


@dataclass(frozen=True)
class Piece:
    """A byte range of a file."""

    name: str
    number: int = 0
    start: int = 0
    end: int = 0  # 0: this is the whole file
    last: bool = True
    state: tuple[int, int] | None = None  # the file's, when the pieces were cut

    def outdated(self, path: Path) -> bool:
        """Whether the file was written to since then."""
        return self.state is not None and self.state != state(path)

    @property
    def suffix(self) -> str:
        """What the piece's own Parquet file is told apart by."""
        return f".{self.number}" if self.end else ""


def of(path: Path, name: str, settings: Parse) -> list[Piece]:
    """The pieces of a file: one, but for a large file of JSON Lines."""
    seen = state(path)
    size = seen[0]
    if size < 2 * SIZE or _source(path, name, settings) is None:
        return [Piece(name, state=seen)]
    cuts = [0]
    with path.open("rb") as file:
        for near in range(SIZE, size - SIZE // 2, SIZE):
            if near > cuts[-1]:
                file.seek(near)
                file.readline(int(settings.limits.max_record_mb * 1e6))
                cuts.append(file.tell())
    ends = [*cuts[1:], size]
    return [Piece(name, at, *cut, cut[1] == size, seen) for at, cut in enumerate(zip(cuts, ends, strict=True))]


def state(path: Path) -> tuple[int, int]:
    """What tells whether a file was written to: its size, and when."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _source(path: Path, name: str, settings: Parse) -> Source | None:
    """The source of a plain file whose first lines are one JSON object each, and records; None for any other file."""
    with path.open("rb") as file:
        begin = file.read(peek.FIRST)
    lines = [line for line in begin.split(b"\n")[:-1] if line.strip()]
    if containers.packing(begin) or encoding.of(begin) != ("utf-8", 0) or len(lines) < 2:
        return None
    try:
        if not all(type(orjson.loads(line)) is dict for line in lines):
            return None
    except orjson.JSONDecodeError:
        return None
    candidates = [*sources.users(settings.sources), *sources.known()]
    source = readers.recognised("json", begin, False, name, candidates)
    return source if source and source.records in ([], [""]) else None


def found(path: Path, piece: Piece, settings: Parse, notes: Counter[str]) -> Iterator[Found]:
    """Source, locator and tree of every record in a piece; the source is told by the file's beginning."""
    source, limits = _source(path, piece.name, settings), settings.limits
    assert source is not None  # or there would be no pieces
    with path.open("rb", buffering=0) as file:
        file.seek(piece.start)
        chunks = encoding.utf8(until(file, piece.end - piece.start), notes)
        for locator, tree in json_stream.records(chunks, piece.name, [()], notes, limits.max_depth,
                                                 int(limits.max_record_mb * 1e6), offset=piece.start):
            yield source, locator, tree


def until(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The next `size` bytes of the file."""
    while size and (chunk := file.read(min(size, containers.CHUNK))):
        size -= len(chunk)
        yield chunk
