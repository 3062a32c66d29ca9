"""Large files in pieces that are parsed side by side: JSON documents, an array of JSON, XML's records, a zip's members.

Only zips and unpacked files in UTF-8 are cut. The cuts depend on the file alone; where there is but one core the file
is read whole instead, and the result has the same bytes. A cut is a good guess. Each piece is read as a document of
its own, completed by what stands before the array (or the first element) and by the brackets (or tags) that close it,
or by an archive's end. A piece that is sound then ends where the next one begins: if all are, all cuts were right. If
one is not, the file is parsed as a whole.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO

from cybersieve import (
    containers,
    embedded,
    encoding,
    json_bulk,
    json_cuts,
    json_stream,
    kinds,
    late_records,
    peek,
    readers,
    recognise,
    sources,
    streams,
    unfinished,
    unzip,
    xml_cuts,
    xml_stream,
)
from cybersieve.errors import InputError
from cybersieve.params import Parse
from cybersieve.readers import Found
from cybersieve.sources import Source

SIZE = 64_000_000  # bytes of a piece, of a zip unpacked
MEMBER = 25_000  # bytes that a zip's member counts for beside its own: what it costs to look at one
PASSED = "passed"  # begins a piece's notes to those who join it: how far it moves what follows (see Piece.moved)


@dataclass(frozen=True)
class Piece:
    """A byte range of a file, or some small files (small_files.py)."""

    name: str
    number: int = 0
    start: int = 0
    end: int = 0  # 0: this is the whole file
    last: bool = True
    state: tuple[int, int] | None = None  # what was read from, when the pieces were cut
    head: int = 0  # bytes at the file's beginning that open the array (the element) whose items these are
    closing: bytes = b""  # of XML: what closes the elements that are open there
    place: str = ""  # of that array, as items' locators have it
    share: int = 0  # how many pieces share the limits of the zip that these are members of
    files: tuple[str, ...] = ()  # small ones, by their paths in the input folder

    def place_in(self, folder: Path) -> Path:
        """The file that it is a piece of; of small files the input folder."""
        return folder if self.files else folder / self.name

    def noted(self, folder: Path) -> "Piece":
        """The piece with the state of its small files."""
        return replace(self, state=self._state(folder))

    def outdated(self, place: Path) -> bool:
        """Whether what it is read from was written to since then."""
        return self.state is not None and self.state != self._state(place)

    def _state(self, place: Path) -> tuple[int, int]:
        states = [state(place / name) for name in self.files] or [state(place)]
        sizes, times = zip(*states, strict=True)
        return sum(sizes), sum(times)

    @property
    def alone(self) -> bool:
        """Is it all of a file?"""
        return not (self.end or self.files)

    @property
    def suffix(self) -> str:
        """The ending of the piece's own Parquet file."""
        return "" if self.alone else f".{self.number}"

    @property
    def part(self) -> containers.Part | None:
        """The piece of a zip, as its reader wants it; None for any other."""
        return containers.Part(self.start, self.end, self.last, self.share) if self.share else None

    def moved(self, locator: str, by: Mapping[str, int]) -> str:
        """The locator in the whole file of an item before which so many items stand in other pieces.

        Documents in a row are found by their byte: they are moved by what invalid bytes grew by when replaced.
        """
        if self.closing:
            path, _, number = locator[:-1].rpartition("[")
            return f"{path}[{int(number) + by.get(_passed(path), 0)}]" if locator.startswith("/") else locator
        opening = f"{self.place}[" if self.head else "byte "
        if not locator.startswith(opening):
            return locator
        number, closing, rest = locator[len(opening):].partition("]")
        return f"{opening}{int(number) + by.get(PASSED, 0)}{closing}{rest}"


def _passed(path: str) -> str:
    """The note on how many records of XML with a name have passed."""
    return f"{PASSED} {path.rpartition('/')[2]}"


def of(path: Path, name: str, settings: Parse) -> list[Piece]:
    """The pieces of a file: one, but for a large file that can be cut."""
    uncut = whole(path, name)
    with path.open("rb") as file:
        begin = file.read(peek.FIRST)
        if containers.packing(begin) == "zip":
            cuts = _members(file)
            return _cut(uncut, cuts, share=len(cuts) + 1)
        large = 2 * SIZE <= _size(uncut) <= settings.limits.max_file_mb * 1e6  # beyond, the whole says so
        kind, source = _plain_source(begin, name, settings) if large else ("", None)
        if source is None or (unfinished.doubted(kind, source) and unfinished.end(
                kind, source, *_looked_at(file, begin, settings))):
            return [uncut]
        if kind == "xml":
            first = xml_cuts.head(begin, source.records)
            if first is None:
                return [uncut]
            cuts = _cuts(uncut, settings, partial(xml_cuts.records, first, file))
            return _cut(uncut, cuts, head=first.size, closing=first.closing)
        if source.records in ([], [""]):
            if json_bulk.begins(begin):  # a cut may lie between a document and the line that gives its id
                return [uncut]
            return _cut(uncut, _cuts(uncut, settings, partial(json_cuts.documents, begin, file)))
        array = json_cuts.head(begin, source.places)
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


def _cut(whole: Piece, cuts: list[json_cuts.Cut], head: int = 0, place: str = "", share: int = 0,
         closing: bytes = b"") -> list[Piece]:
    if not cuts:
        return [whole]
    starts, ends = [0, *(start for _, start in cuts)], [*(end for end, _ in cuts), _size(whole)]
    return [replace(whole, number=at, start=start, end=end, last=at == len(cuts), head=head, place=place, share=share,
                    closing=closing)
            for at, (start, end) in enumerate(zip(starts, ends, strict=True))]


def _cuts(whole: Piece, settings: Parse, find: Callable[[int, int], json_cuts.Cut | None]) -> list[json_cuts.Cut]:
    """Cuts of JSON or XML, about SIZE bytes from each other."""
    cuts: list[json_cuts.Cut] = []
    size, most = _size(whole), settings.limits.max_record_bytes
    for near in range(SIZE, size - SIZE // 2, SIZE):
        if (not cuts or near > cuts[-1][1]) and (cut := find(near, most)):
            cuts.append(cut)
    return cuts


def _looked_at(file: IO[bytes], begin: bytes, settings: Parse) -> tuple[bytes, bytes]:
    """The beginning, and as much as is looked at to see where its first record ends."""
    file.seek(0)
    more = file.read(max(peek.MOST, settings.limits.max_record_bytes))
    return readers.sequence(begin, iter(()))[0], more


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


def _plain_source(begin: bytes, name: str, settings: Parse) -> tuple[str, Source | None]:
    """Kind and source of a plain file of JSON or XML, where its beginning alone tells them as it would `readers.read`.

    No source for any other file: it is not cut.
    """
    codec, mark = encoding.of(begin)
    guarded = begin[mark:].startswith(readers.GUARD)
    begin, _ = readers.sequence(begin[mark:], iter(()))
    own = sources.users(settings.sources)
    if guarded or containers.packing(begin) or codec != "utf-8" or not encoding.clean(begin):
        return "", None
    kind = kinds.of(begin, name, own) if begin.strip() else ""
    if kind == "xml":
        (first, _, _), several = readers.first_xml(iter([begin]), peek.FIRST, Counter())
        other = several or first != begin
    else:
        other = bool(kind != "json" or mark or embedded.found(begin) or embedded.listed(begin))
    source = None if other else recognise.source_of(kind, begin, False, name, own)
    if source and (recognise.guessed(source, kind, begin) or (
            kind == "json" and (source.columns or streams.pairs(source)))):
        return kind, None
    return kind, source


def trees(path: Path, piece: Piece, settings: Parse, notes: Counter[str]) -> Iterator[Found]:
    """Source, locator and tree of every record in a piece of JSON or XML; the file's beginning tells what source."""
    bounds = streams.Bounds.of(settings.limits)
    with path.open("rb", buffering=0) as file:
        begin = file.read(peek.FIRST)
        kind, source = _plain_source(begin, piece.name, settings)
        if source is None or (kind == "xml") != bool(piece.closing):
            raise InputError(piece.name, "changed")
        at = max(piece.start, piece.head)
        file.seek(at)
        chunks = encoding.utf8(until(file, piece.end - at), notes)
        if piece.closing:
            chunks = encoding.fit_for_xml(chunks, notes)
            beside = late_records.elements(source, begin)
            begin = begin[encoding.of(begin)[1]:piece.head]
            located = _elements(begin, chunks, piece, source, notes, bounds, beside)
        else:
            others = late_records.arrays(source, begin)
            places = [others.path, *others.maps] if others else source.places
            watch = others and partial(others.watch, notes)
            reader = json_stream.Reader(piece.name, places, notes, *bounds, streams.skipped(source), piece.start, watch)
            located = _read(reader, begin[:piece.head], readers.sequence(begin, chunks)[1], piece, notes)
            located = others.records(located) if others else located
        for locator, tree in located:
            if locator.startswith("document "):
                raise InputError(piece.name, "a place that is told by what stands before")
            yield source.of(tree), locator, tree


def _elements(head: bytes, chunks: Iterator[bytes], piece: Piece, source: Source, notes: Counter[str],
              bounds: streams.Bounds, beside: xml_stream.Beside | None) -> Iterator[streams.Located]:
    """A piece's records of XML. Raises InputError where the piece does not end as the next one wants it.

    No piece but the last may hold the end of what the records stand in: behind it another element could open that is
    named alike, and knows other prefixes.
    """
    if piece.last:
        yield from streams.records("xml", chain([head], chunks), piece.name, source, notes, bounds, beside)
        return
    inside = _without(chunks, piece.closing[:piece.closing.index(b">")], piece.name)
    document = chain([head], inside, [piece.closing])
    for locator, tree in xml_stream.records(document, piece.name, source.records, notes, *bounds, read=source.wanted,
                                            beside=beside, seen=source.seen):
        notes[_passed(locator.rpartition("[")[0])] += 1
        yield locator, tree


def _without(chunks: Iterator[bytes], closing: bytes, name: str) -> Iterator[bytes]:
    """The chunks. Raises InputError where a tag stands in them."""
    before = b""
    for chunk in chunks:
        if closing in chunk or closing in before + chunk[:len(closing)]:
            raise InputError(name, "records in several elements")
        before = chunk[-len(closing):]
        yield chunk


def _read(reader: json_stream.Reader, head: bytes, chunks: Iterator[bytes], piece: Piece,
          notes: Counter[str]) -> Iterator[streams.Located]:
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
