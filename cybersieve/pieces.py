"""Large files in pieces that can be parsed side by side: JSON documents in a row, one array of JSON, members of a zip.

Only files that lie there in UTF-8 and unpacked, but for zips. The cuts depend on the file alone; where there is but
one core the file is read whole instead, and the result has the same bytes. A cut is a good guess; each piece is read
as a document of its own, made whole by what stood before the array
and the brackets that close it, or by an archive's end. If it is whole then, it ended where the next one begins, and so
all cuts are right, one after the other. A file where a piece fails is parsed as a whole.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

from cybersieve import containers, embedded, encoding, json_cuts, json_stream, peek, readers, sources, unzip
from cybersieve.errors import InputError
from cybersieve.params import Parse
from cybersieve.readers import Found
from cybersieve.sources import Source

SIZE = 64_000_000  # bytes of a piece, of a zip unpacked
MEMBER = 25_000  # bytes that a zip's member counts for beside its own: what it costs to look at one
PASSED = "passed"  # a piece's note to those who join it: how far it moves what follows (see Piece.moved)


@dataclass(frozen=True)
class Piece:
    """A byte range of a file."""

    name: str
    number: int = 0
    start: int = 0
    end: int = 0  # 0: this is the whole file
    last: bool = True
    state: tuple[int, int] | None = None  # the file's, when the pieces were cut
    head: int = 0  # bytes at the file's beginning that open the array whose items these are
    place: str = ""  # of that array, as items' locators have it
    share: int = 0  # how many pieces share the limits of the zip that these are members of

    def outdated(self, path: Path) -> bool:
        """Whether the file was written to since then."""
        return self.state is not None and self.state != state(path)

    @property
    def suffix(self) -> str:
        """What the piece's own Parquet file is told apart by."""
        return f".{self.number}" if self.end else ""

    @property
    def part(self) -> containers.Part | None:
        """The piece of a zip, as its reader wants it; None for any other."""
        return containers.Part(self.start, self.end, self.last, self.share) if self.share else None

    def moved(self, locator: str, by: int) -> str:
        """The locator of an item that so many items in other pieces stand before.

        Documents in a row are found by their byte: they are moved by what invalid bytes grew by when replaced.
        """
        opening = f"{self.place}[" if self.head else "byte "
        if not locator.startswith(opening):
            return locator
        number, closing, rest = locator[len(opening):].partition("]")
        return f"{opening}{int(number) + by}{closing}{rest}"


def of(path: Path, name: str, settings: Parse) -> list[Piece]:
    """The pieces of a file: one, but for a large file that can be cut."""
    uncut = whole(path, name)
    with path.open("rb") as file:
        begin = file.read(peek.FIRST)
        if containers.packing(begin) == "zip":
            cuts = _members(file)
            return _cut(uncut, cuts, share=len(cuts) + 1)
        large = 2 * SIZE <= _size(uncut) <= settings.limits.max_file_mb * 1e6  # beyond, the whole says so
        source = _source(begin, name, settings) if large else None
        if source is None:
            return [uncut]
        if source.records in ([], [""]):
            return _cut(uncut, _cuts(uncut, settings, partial(json_cuts.documents, begin, file)))
        array = json_cuts.head(begin, readers.wanted(source))
        if array is None:
            return [uncut]
        cuts = _cuts(uncut, settings, partial(json_cuts.items, array, file))
        return _cut(uncut, cuts, head=array.size, place=array.place)


def whole(path: Path, name: str) -> Piece:
    """The file as one piece."""
    return Piece(name, state=state(path))


def state(path: Path) -> tuple[int, int]:
    """What tells whether a file was written to: its size, and when."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _size(piece: Piece) -> int:
    assert piece.state is not None  # it was just asked for
    return piece.state[0]


def _cut(whole: Piece, cuts: list[json_cuts.Cut], head: int = 0, place: str = "", share: int = 0) -> list[Piece]:
    if not cuts:
        return [whole]
    starts, ends = [0, *(start for _, start in cuts)], [*(end for end, _ in cuts), _size(whole)]
    return [replace(whole, number=at, start=start, end=end, last=at == len(cuts), head=head, place=place, share=share)
            for at, (start, end) in enumerate(zip(starts, ends, strict=True))]


def _cuts(whole: Piece, settings: Parse, find: Callable[[int, int], json_cuts.Cut | None]) -> list[json_cuts.Cut]:
    """Cuts of JSON, about SIZE bytes from each other."""
    cuts: list[json_cuts.Cut] = []
    size, most = _size(whole), int(settings.limits.max_record_mb * 1e6)
    for near in range(SIZE, size - SIZE // 2, SIZE):
        if (not cuts or near > cuts[-1][1]) and (cut := find(near, most)):
            cuts.append(cut)
    return cuts


def _members(file: IO[bytes]) -> list[json_cuts.Cut]:
    """Cuts between members of a zip, about SIZE bytes unpacked from each other."""
    cuts, weight, last = [], 0, -1
    try:
        for offset, size in unzip.table(file):
            if offset <= last:
                return []  # members that lie in another order than the table has them
            if weight >= SIZE:
                cuts.append((offset, offset))
                weight = 0
            weight, last = weight + size + MEMBER, offset
        if weight < SIZE // 2:  # too little for a piece of its own
            cuts = cuts[:-1]
        return cuts if all(unzip.begins(file, start) for _, start in cuts) else []
    except (ValueError, OverflowError, OSError):  # the last: a place that no file reaches
        return []  # for the reader of the whole to tell what is wrong with it


def _source(begin: bytes, name: str, settings: Parse) -> Source | None:
    """The source of a plain file of JSON that has records; None for any other file."""
    begin, _ = readers.sequence(begin, iter(()))
    candidates = [*sources.users(settings.sources), *sources.known()]
    if containers.packing(begin) or encoding.of(begin) != ("utf-8", 0) or not encoding.clean(begin):
        return None
    if not begin.strip() or readers.kind_of(begin, name, candidates) != "json" or embedded.found(begin):
        return None
    source = readers.recognised("json", begin, False, name, candidates)
    return None if source and readers.guessed(source, "json", begin) else source


def found(path: Path, piece: Piece, settings: Parse, notes: Counter[str]) -> Iterator[Found]:
    """Source, locator and tree of every record in a piece of JSON; the source is told by the file's beginning."""
    limits = settings.limits
    with path.open("rb", buffering=0) as file:
        begin = file.read(peek.FIRST)
        source = _source(begin, piece.name, settings)
        if source is None:
            raise InputError(piece.name, "changed")
        reader = json_stream.Reader(piece.name, readers.wanted(source), notes, limits.max_depth,
                                    int(limits.max_record_mb * 1e6), readers.skipped(source), piece.start)
        at = max(piece.start, piece.head)
        file.seek(at)
        _, chunks = readers.sequence(begin, encoding.utf8(until(file, piece.end - at), notes))
        for locator, tree in _read(reader, begin[:piece.head], chunks, piece, notes):
            if locator.startswith("near byte "):
                raise InputError(piece.name, "a place that depends on how the file is read")
            yield source, locator, tree


def _read(reader: json_stream.Reader, head: bytes, chunks: Iterator[bytes], piece: Piece,
          notes: Counter[str]) -> Iterator[readers.Located]:
    """What the reader finds. Raises InputError where the piece does not end as the next one wants it."""
    level = 0  # of the array's items
    if head:
        if any(True for _ in reader.feed(head)):
            raise InputError(piece.name, "records before the array")
        if piece.number:
            notes.clear()  # what was repaired there is the first piece's
        level = reader.nesting.level
    reader.floor = 0 if piece.last else level
    for chunk in chunks:
        yield from reader.feed(chunk)
    if head and not piece.last:
        if reader.nesting.level != level or reader.nesting.quoted:
            raise InputError(piece.name, "cut within an item")
        notes[PASSED] = reader.skeleton.counts[level - 1]
        reader.floor = 0
        yield from reader.feed(json_cuts.closing(head))
    elif not head:
        notes[PASSED] = reader.offset - piece.end
    yield from reader.end()


def until(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The next `size` bytes of the file."""
    while size and (chunk := file.read(min(size, containers.CHUNK))):
        size -= len(chunk)
        yield chunk
