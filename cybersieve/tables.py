"""CSV with a header, as a stream of trees like JSON's: one a row, cells by column name."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cybersieve.containers import put_back
from cybersieve.errors import InputError
from cybersieve.field_names import NAMED, plain

MAX_CELLS = 20_000  # of one row, the header too
MOST_MARKS = 400_000  # delimiters in one line, in texts or between cells, of which there may be one every two bytes
DELIMITERS = ",;\t|"
NO_DELIMITER = "\x1f"
LOOK = 64_000  # bytes by which header and quotes are told; no more than peek shows, so that both tell the same
HEADER_WITHIN = 20  # rows
_NAME = re.compile(r"\s*[A-Za-z_][\w .()/-]*")  # of a column
_SPACED = re.compile(r'"[^"]*"(?:[,;|] +"[^"]*")+\s*')  # "7", "a, b": without the spaces, quotes would be text
_SEPARATOR = re.compile(r"\"?sep=([,;\t|])\"?\s*", re.I)  # as a first line, for spreadsheets
_NO_NAME = re.compile(r"\s*(https?://\S+|[A-Z]+-\d{4}-\d+|\d{4}-\d\d-\d\d.*|[0-9a-f]{32,})\s*")  # page, CVE, date, hash
_LABEL = re.compile(r"[#№%]|(?=\S)(?=.*[^\W\d_]).{1,100}", re.S)  # of a column, below a title: no number, no long text
_NUMBER = re.compile(r"\s*-?\d+(?:\.\d+)?\s*")
_DIGITS = re.compile(r"\d+")
_SAYABLE = str.maketrans('"{}', "'()")  # what no path can hold
LONG = 40  # characters: a sentence, not a name
LONGER = "rows longer than the header"  # a note
NO_VALUE = frozenset(["", "NULL", "null", r"\N", "NaN", "nan", "<NA>", "#N/A"])  # as a cell, of databases and the like
_ESCAPE = re.compile(r"\\(.?)", re.S)
# How databases write what would end a cell or a line.
COPIED = {r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\0": "", "\\\\": "\\"}
_COPIED = re.compile(r"\\[nrt0\\]")
# What they would write otherwise: a cell in quotes, a path (C:\new, \\host\new).
_NOT_COPIED = re.compile(r'(?:^|\t)"[^\t\n]*"(?=[\t\r\n]|\Z)|(?<![A-Za-z])[A-Za-z]:\\(?!\\)'
                         r"|(?:^|(?<=[\s'(=]))\\\\\w[\w.$-]*+\\(?!\\)", re.M)
_OWN_MARKS = re.compile(r"""(?:^|\t)[\[{]\s?"|(?<!\\)\\[nrt0]["']""", re.M)  # JSON, and strings of code
_TEXT = re.compile(r'\\(?![\\"\r\n])')  # a backslash that escapes nothing, though others do


class _Row(NamedTuple):
    cells: list[str]
    start: int  # its lines
    stop: int


class _Head(NamedTuple):
    columns: list[str]
    how: dict[str, Any]  # csv.reader's settings
    commented: bool  # were there lines of # before it?
    before: int  # lines before the first row
    copied: bool  # are line ends and tabs within cells written as \\n and \\t?


def delimiter(line: str) -> str:
    """The delimiter of a header line: the one that comes most often outside quotes."""
    bare = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=lambda mark: (bare.count(mark), -DELIMITERS.index(mark)))


def rows(chunks: Iterable[bytes], name: str, notes: Counter[str],
         max_bytes: int = 16_000_000) -> Iterator[tuple[str, dict[str, str]]]:
    """Locator (`line 17`, where the row ends) and cells of every row, but for those without a value (NO_VALUE).

    `chunks` hold valid UTF-8. The first row names the columns, or one below a title (`_header`); lines of `#` before it
    are passed over, and the last of them is the header where the first row itself looks like data. In such files lines
    of `#` further on, with fewer cells, are passed over too. Where there is no header, and for cells beyond it, columns
    are called `column N`. Raises InputError with the line: an empty header, an open quote, a row of more than
    `max_bytes` or MAX_CELLS cells.
    """
    csv.field_size_limit(max_bytes)
    (columns, how, commented, before, copied), lines = _head(_lines(chunks, name, notes, max_bytes), name, notes)
    reader = csv.reader(_escaped(lines, how), strict=True, **how)
    try:
        for cells in reader:
            if len(cells) > MAX_CELLS:
                raise _too_many(name, f"line {before + reader.line_num}")
            if copied:
                cells = [_COPIED.sub(lambda mark: COPIED[mark[0]], cell) if "\\" in cell else cell for cell in cells]
            if any(cells) and not (commented and cells[0].startswith("#") and len(cells) < len(columns)):
                if len(cells) > len(columns):
                    notes[LONGER] += 1
                    columns = _unique([*columns, *[""] * (len(cells) - len(columns))])
                yield f"line {before + reader.line_num}", {
                    column: cell for column, cell in zip(columns, cells, strict=False) if cell.strip() not in NO_VALUE}
    except csv.Error as error:
        large = "field limit" in str(error)
        raise InputError(name, f"a cell of more than {max_bytes / 1e6:g} MB" if large else f"not CSV: {_told(error)}",
                         f"line {before + reader.line_num}",
                         ("raise parse.limits.max_record_mb if it is meant to be so long, or " if large else "")
                         + "mend the quotes there") from None


def _head(lines: Iterator[str], name: str, notes: Counter[str]) -> tuple[_Head, Iterator[str]]:
    """What the first lines tell, and the lines of the rows."""
    mark, comment, before, room = "", "", 0, LOOK
    begin: list[str] = []
    for line in lines:
        room -= len(line.encode())
        if not before and (said := _SEPARATOR.fullmatch(line)):
            mark = said[1]
        elif line.strip() and not line.startswith("#"):
            begin.append(line)
            break
        else:
            comment = line.lstrip("#").strip() or comment
        before += 1
    for line in lines:
        room -= len(line.encode())
        if room <= 0:
            lines = put_back([line], lines)
            break
        begin.append(line)
    how, start, stop = _layout(begin, mark, notes)
    if copied := how["delimiter"] == "\t" and _copied("".join(begin)[:LOOK].rstrip("\\")):
        how = how | {"quoting": csv.QUOTE_NONE}
    columns = [_folded(cell) for cell in _split(begin[start:stop], how, name)]
    told = _split([comment], how, name)
    if not start and len(told) == len(columns) > 1 and not all(_NAME.fullmatch(cell) for cell in columns):
        columns, stop = told, 0
    elif any(map(_NO_NAME.fullmatch, columns)) or _is_data(columns, _read(begin[stop:], how)[0]):
        columns, stop = [f"column {n + 1}" for n in range(len(columns))], start
    if len(columns) > MAX_CELLS:
        raise _too_many(name, f"line {before + stop}")
    if not any(columns):
        raise InputError(name, "no header with the columns' names", "line 1", "add one, or leave the file out")
    columns = _unique([column.strip().translate(_SAYABLE).replace(" ~ ", " - ") for column in columns])
    return _Head(columns, how, bool(comment), before + stop, copied), put_back(begin[stop:], lines)


def _layout(begin: list[str], mark: str, notes: Counter[str]) -> tuple[dict[str, Any], int, int]:
    """How a table is written, and where the lines of its header start and stop, by the first lines.

    The delimiter is the first line's (of one column none), unless that makes no table of them and another does.
    """
    line = begin[0] if begin else ""
    first = mark or (delimiter(line) if any(each in line for each in DELIMITERS) else NO_DELIMITER)
    how, start, stop, width = {"delimiter": first, "skipinitialspace": any(map(_SPACED.fullmatch, begin[:2]))}, 0, 1, 0
    if len(begin) == 1:
        return how, start, stop
    for each in [first] if mark else dict.fromkeys(first + DELIMITERS):
        written, found = _written(begin, how | {"delimiter": each})
        at = _header(found)
        even = len(found[at].cells) if at or 2 * _alike(found) > len(found) else 0
        if even > (width if at else 1):
            if at:
                notes["rows before the header left out"] += at
            return written, found[at].start, found[at].stop
        if each == first and found:
            how, start, stop, width = written, found[0].start, found[0].stop, len(found[0].cells)
    return how, start, stop


def _copied(begin: str) -> bool:
    """Is this how PostgreSQL's COPY and `mysql -B` write a table: without quotes, a backslash before each mark of their
    own (no other would be left of C:\\new), and `\\N` where there is no value or a backslash for a backslash?"""
    marks = set(_ESCAPE.findall(begin))
    if not marks & set("nrt\\") or not marks <= set("nrt0N\\") or _NOT_COPIED.search(begin):
        return False
    return r"\N" in re.split(r"[\t\r\n]", begin) or ("\\" in marks and len(marks) > 1 and not _OWN_MARKS.search(begin))


def _written(begin: list[str], how: dict[str, Any]) -> tuple[dict[str, Any], list[_Row]]:
    """How quotes are written, and the first rows: as CSV has them, or where that tears rows and another way makes
    them all as wide as the first, as `\\"` within quotes, or among tabs as they are."""
    rows, torn = _read(begin, how)
    others: list[dict[str, Any]] = []
    if torn and any('\\"' in line for line in begin):
        others.append({"escapechar": "\\"})
    if torn and how["delimiter"] == "\t":
        others.append({"quoting": csv.QUOTE_NONE})
    for other in others:
        found, torn = _read(begin, how | other)
        if not torn and _alike(found) == len(found) > 1 and len(found[0].cells) > 1:
            return how | other, found
    return how, rows


def _read(begin: list[str], how: dict[str, Any]) -> tuple[list[_Row], bool]:
    """The rows of the first lines, and whether quotes tear one; the last may go on after these lines."""
    found: list[_Row] = []
    stop = 0
    reader = csv.reader(_escaped(iter(begin), how), strict=True, **how)
    try:
        for cells in reader:
            if cells:
                found.append(_Row(cells, stop, reader.line_num))
            stop = reader.line_num
    except csv.Error as error:
        return found, "unexpected end" not in str(error) or len(begin) - stop > 1
    return found, False


def _alike(found: list[_Row]) -> int:
    """How many rows are as wide as the first."""
    return sum(len(row.cells) == len(found[0].cells) for row in found)


def _header(found: list[_Row]) -> int:
    """Which row is the header: the first, or below a title and the like the first that is as wide as most after it.

    It has three names or more, and more than the rows before it. The first row stays the header where it may be one
    with too few names: more than half as many, or all but that of an index.
    """
    filled = [[cell for cell in row.cells if cell.strip()] for row in found[:HEADER_WITHIN]]
    if not filled or (not found[0].cells[0] and len(filled[0]) == len(found[0].cells) - 1 > 1):
        return 0
    for at in range(1, len(filled)):
        width, below = len(found[at].cells), found[at + 1:]
        few = (2 * len(filled[0]) <= len(filled[at]) and not (len(filled[0]) > 1 and NAMED.issuperset(
            map(plain, filled[0])))) or not all(map(_label, filled[0]))
        if few and len(filled[at]) > max(2, *map(len, filled[:at])) and all(map(_label, filled[at])) and (
                2 * sum(len(row.cells) == width for row in below) > len(below)):
            return at
    return 0


def _label(cell: str) -> bool:
    return bool(_LABEL.fullmatch(cell)) and not _NO_NAME.fullmatch(cell)


def _is_data(columns: list[str], rows: list[_Row]) -> bool:
    """Is the first row one like those below? None of its cells is a known name or a question above answers, and two of
    them are like what is below: a number above numbers in the first column (not all are: years), a word that comes
    again among others, what differs from most in its digits only, a text as long as those below. Texts alone are not
    enough: they may be questions."""
    if not NAMED.isdisjoint(map(plain, columns)) or all(map(_NUMBER.fullmatch, columns)):
        return False
    signs: list[bool] = []  # of each column that is like its header; is it by more than its length?
    for at, cell in enumerate(columns):
        below = [row.cells[at] for row in rows if len(row.cells) > at and row.cells[at] and row.cells != columns]
        if cell.endswith("?") and 2 * sum(text.endswith("?") for text in below) <= len(below):
            return False
        if not cell or len(below) < 2:
            continue
        again = len(set(below)) > 1 and below.count(cell) > 1 and 10 * below.count(cell) >= len(below)
        usual = sorted(map(len, below))[len(below) // 2]
        counted = not _NUMBER.fullmatch(cell) and _DIGITS.search(cell) and 2 * sum(
            _DIGITS.sub("0", text) == _DIGITS.sub("0", cell) for text in below) > len(below)
        if again or counted or (at == 0 and all(map(_NUMBER.fullmatch, [cell, *below]))):
            signs.append(True)
        elif len(cell) >= LONG and cell.count(" ") > 2 and LONG <= usual <= 2 * len(cell):
            signs.append(False)
    return len(signs) > 1 and any(signs)


def _folded(cell: str) -> str:
    """A column's name on one line."""
    return cell if cell.isprintable() else " ".join(filter(None, map(str.strip, cell.splitlines())))


def _escaped(lines: Iterator[str], how: dict[str, Any]) -> Iterator[str]:
    return (_TEXT.sub(r"\\\\", line) for line in lines) if "escapechar" in how else lines


def _too_many(name: str, place: str) -> InputError:
    return InputError(name, f"more than {MAX_CELLS} cells in one row", place, "mend the quotes there, or leave it out")


def _split(lines: list[str], how: dict[str, Any], name: str) -> list[str]:
    try:
        return next(csv.reader(_escaped(iter(lines), how), **how | {"skipinitialspace": True}), [])
    except csv.Error as error:
        raise InputError(name, f"not CSV: {_told(error)}", "line 1", "mend the header") from None


def _told(error: csv.Error) -> str:
    """What csv says, but for its advice on how Python opens a file."""
    return "a line end within a cell without quotes" if "new-line character" in str(error) else str(error)


def _unique(columns: list[str]) -> list[str]:
    """Column names, empty ones numbered and repeated ones told apart."""
    seen: dict[str, int] = {}  # names given, and how often they were asked for
    for number, column in enumerate(columns, 1):
        name = column = column or f"column {number}"
        while name in seen:
            seen[column] += 1
            name = f"{column} {seen[column]}"
        seen[name] = 1
    return list(seen)


def _lines(chunks: Iterable[bytes], name: str, notes: Counter[str], max_bytes: int) -> Iterator[str]:
    """Text lines with their ends. NUL characters go, and are counted."""
    parts, size, number = list[bytes](), 0, 0  # of the line that has not ended
    for chunk in chunks:
        if b"\0" in chunk:
            notes["NUL characters removed"] += chunk.count(b"\0")
            chunk = chunk.replace(b"\0", b"")
        first, *others = chunk.split(b"\n")
        parts.append(first)
        size += len(first)
        if others:
            whole = [line + b"\n" for line in reversed(others[:-1])]
            whole.append(b"".join([*parts, b"\n"]))
            parts, size = [others[-1]], len(others[-1])
            while whole:  # each is let go of before the next
                number += 1
                _check(whole[-1], name, number)
                yield whole.pop().decode()
        if size > max_bytes:
            raise InputError(name, f"a line of more than {max_bytes / 1e6:g} MB", f"line {number + 1}",
                             "raise parse.limits.max_record_mb if it is meant to be so long")
    if held := b"".join(parts):
        _check(held, name, number + 1)
        yield held.decode()


def _check(line: bytes, name: str, number: int) -> None:
    if len(line) > MOST_MARKS and any(line.count(mark) > MOST_MARKS for mark in DELIMITERS.encode()):
        raise _too_many(name, f"line {number}")
