"""CSV with a header, as a stream of trees like JSON's: one a row, cells by column name."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from cybersieve.errors import InputError

MAX_CELLS = 20_000  # of one row, the header too
MOST_MARKS = 400_000  # delimiters in one line, in texts or between cells, of which there may be one every two bytes
DELIMITERS = ",;\t|"
_NAME = re.compile(r"\s*[A-Za-z_][\w .()/-]*")  # of a column
_SPACED = re.compile(r'"[^"]*"(?:[,;|] +"[^"]*")+\s*')  # "7", "a, b": without the spaces, quotes would be text
_SEPARATOR = re.compile(r"\"?sep=([,;\t|])\"?\s*", re.I)  # as a first line, for spreadsheets
_NO_NAME = re.compile(r"\s*(https?://\S+|[A-Z]+-\d{4}-\d+|\d{4}-\d\d-\d\d.*|[0-9a-f]{32,})\s*")  # page, CVE, date, hash


def delimiter(line: str) -> str:
    """The delimiter of a header line: the one that comes most often outside quotes."""
    bare = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=lambda mark: (bare.count(mark), -DELIMITERS.index(mark)))


def rows(chunks: Iterable[bytes], name: str, notes: Counter[str],
         max_bytes: int = 16_000_000) -> Iterator[tuple[str, dict[str, str]]]:
    """Locator (`line 17`, where the row ends) and cells of every row.

    `chunks` hold valid UTF-8. The first line names the columns; lines of `#` before it are passed over, and the
    last of them is the header where the first line itself looks like data. In such files lines of `#` further on,
    with fewer cells, are passed over too. Where there is no header, and for cells beyond it, columns are called
    `column N`. Raises InputError with the line: an empty header, an open quote, a row of more than `max_bytes` or
    MAX_CELLS cells.
    """
    csv.field_size_limit(max_bytes)
    lines = _lines(chunks, name, notes, max_bytes)
    comment, first, mark, before = "", "", "", 0
    for line in lines:
        before += 1
        if before == 1 and (said := _SEPARATOR.fullmatch(line)):
            mark = said[1]
            continue
        if line.strip() and not line.startswith("#"):
            first = line
            break
        comment = line.lstrip("#").strip() or comment
    mark = mark or delimiter(first)
    columns, told = _split(first, mark, name), _split(comment, mark, name)
    if len(told) == len(columns) > 1 and not all(_NAME.fullmatch(cell) for cell in columns):
        columns, lines, before = told, _put_back([first], lines), before - 1
    elif any(map(_NO_NAME.fullmatch, columns)):
        columns = [f"column {n + 1}" for n in range(len(columns))]
        lines, before = _put_back([first], lines), before - 1
    if len(columns) > MAX_CELLS:
        raise _too_many(name, f"line {before}")
    if not any(columns):
        raise InputError(name, "no header with the columns' names", "line 1", "add one, or leave the file out")
    columns = _unique([column.strip() for column in columns])
    second = next(lines, "")
    spaced = any(map(_SPACED.fullmatch, (first, second)))
    lines = _put_back([second], lines)
    del first, second  # which may be long
    reader = csv.reader(lines, delimiter=mark, strict=True, skipinitialspace=spaced)
    try:
        for cells in reader:
            if len(cells) > MAX_CELLS:
                raise _too_many(name, f"line {before + reader.line_num}")
            if any(cells) and not (comment and cells[0].startswith("#") and len(cells) < len(columns)):
                if len(cells) > len(columns):
                    notes["rows longer than the header"] += 1
                    columns += [f"column {n + 1}" for n in range(len(columns), len(cells))]
                yield f"line {before + reader.line_num}", {k: v for k, v in zip(columns, cells, strict=False) if v}
    except csv.Error as error:
        large = "field limit" in str(error)
        raise InputError(name, f"a cell of more than {max_bytes / 1e6:g} MB" if large else f"not CSV: {error}",
                         f"line {before + reader.line_num}",
                         ("raise parse.limits.max_record_mb if it is meant to be so long, or " if large else "")
                         + "mend the quotes there") from None


def _too_many(name: str, place: str) -> InputError:
    return InputError(name, f"more than {MAX_CELLS} cells in one row", place, "mend the quotes there, or leave it out")


def _put_back(held: list[str], lines: Iterator[str]) -> Iterator[str]:
    """The line that is held, let go of when it is taken (itertools.chain would keep it), and those after it."""
    yield held.pop()
    yield from lines


def _split(line: str, mark: str, name: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=mark, skipinitialspace=True), [])
    except csv.Error as error:
        raise InputError(name, f"not CSV: {error}", "line 1", "mend the header") from None


def _unique(columns: list[str]) -> list[str]:
    """Column names, empty ones numbered and repeated ones told apart."""
    seen: Counter[str] = Counter()
    result = []
    for number, column in enumerate(columns):
        column = column or f"column {number + 1}"
        seen[column] += 1
        result.append(column if seen[column] == 1 else f"{column} {seen[column]}")
    return result


def _lines(chunks: Iterable[bytes], name: str, notes: Counter[str], max_bytes: int) -> Iterator[str]:
    """Text lines with their ends. NUL characters go, and are counted."""
    held, number = b"", 0
    for chunk in chunks:
        if b"\0" in chunk:
            notes["NUL characters removed"] += chunk.count(b"\0")
            chunk = chunk.replace(b"\0", b"")
        *whole, held = (held + chunk).split(b"\n")
        whole.reverse()
        while whole:  # each is let go of before the next
            number += 1
            _check(whole[-1], name, number)
            yield (whole.pop() + b"\n").decode()
        if len(held) > max_bytes:
            raise InputError(name, f"a line of more than {max_bytes / 1e6:g} MB", f"line {number + 1}",
                             "raise parse.limits.max_record_mb if it is meant to be so long")
    if held:
        _check(held, name, number + 1)
        yield held.decode()


def _check(line: bytes, name: str, number: int) -> None:
    if len(line) > MOST_MARKS and any(line.count(mark) > MOST_MARKS for mark in DELIMITERS.encode()):
        raise _too_many(name, f"line {number}")
