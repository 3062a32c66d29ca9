"""The head of a CSV file: its delimiter and quotes, and which row names the columns, or that none does."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from cybersieve.containers import put_back
from cybersieve.errors import InputError
from cybersieve.field_names import NAMED, plain

Dialect = dict[str, Any]  # csv.reader's settings
MAX_CELLS = 20_000  # of one row, the header too
DELIMITERS = ",;\t|"
NO_DELIMITER = "\x1f"
LOOK = 64_000  # bytes by which header and quotes are told; no more than peek shows, so that both tell the same
HEADER_WITHIN = 20  # rows
_NAME = re.compile(r"\s*[A-Za-z_][\w .()/-]*")  # of a column
_SPACED = re.compile(r'"[^"]*"(?:[,;|] +"[^"]*")+\s*')  # "7", "a, b": without the spaces, quotes would be text
_SEPARATOR = re.compile(r"\"?sep=([,;\t|])\"?\s*", re.I)  # as a first line, for spreadsheets
CARDS = "#separator:"  # the same, of cards to learn by, as Anki exports them: without a header but `#columns:`
_NAMED_MARKS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_NO_NAME = re.compile(r"\s*(https?://\S+|[A-Z]+-\d{4}-\d+|\d{4}-\d\d-\d\d.*|[0-9a-f]{32,})\s*")  # page, CVE, date, hash
_LABEL = re.compile(r"[#№%]|(?=\S)(?=.*[^\W\d_]).{1,100}", re.S)  # of a column, below a title: no number, no long text
_NUMBER = re.compile(r"\s*-?\d+(?:\.\d+)?\s*")
_DIGITS = re.compile(r"\d+")
_SAYABLE = str.maketrans('"{}', "'()")  # what no path can hold
LONG = 40  # characters: a sentence, not a name
_ESCAPE = re.compile(r"\\(.?)", re.S)
# What databases that escape their marks would write otherwise: a cell in quotes, a path (C:\new, \\host\new).
_NOT_COPIED = re.compile(r'(?:^|\t)"[^\t\n]*"(?=[\t\r\n]|\Z)|(?<![A-Za-z])[A-Za-z]:\\(?!\\)'
                         r"|(?:^|(?<=[\s'(=]))\\\\\w[\w.$-]*+\\(?!\\)", re.M)
_OWN_MARKS = re.compile(r"""(?:^|\t)[\[{]\s?"|(?<!\\)\\[nrt0]["']""", re.M)  # JSON, and strings of code
_TEXT = re.compile(r'\\(?![\\"\r\n])')  # a backslash that escapes nothing, though others do


class _Row(NamedTuple):
    cells: list[str]
    start: int  # its lines
    stop: int


class Head(NamedTuple):
    columns: list[str]
    dialect: Dialect
    commented: bool  # were there lines of # before it?
    before: int  # lines before the first row
    copied: bool  # are line ends and tabs within cells written as \\n and \\t?


def delimiter(line: str) -> str:
    """The delimiter of a header line: the one that comes most often outside quotes."""
    bare = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=lambda mark: (bare.count(mark), -DELIMITERS.index(mark)))


def read_head(lines: Iterator[str], name: str, notes: Counter[str]) -> tuple[Head, Iterator[str]]:
    """The head, told by the first lines, and the lines of the rows."""
    mark, comment, before, room = "", "", 0, LOOK
    names: str | None = None  # of cards' columns
    begin: list[str] = []
    for line in lines:
        room -= len(line.encode())
        if not before and (said := _SEPARATOR.fullmatch(line)):
            mark = said[1]
        elif not before and line.lower().startswith(CARDS):
            mark, names = _NAMED_MARKS.get(line[len(CARDS):].strip().lower(), line[len(CARDS):][:1]), ""
        elif names is not None and line.startswith("#columns:"):
            names = line.partition(":")[2].strip("\r\n")
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
    dialect, start, stop = _layout(begin, mark, notes)
    if copied := dialect["delimiter"] == "\t" and _copied("".join(begin)[:LOOK].rstrip("\\")):
        dialect = dialect | {"quoting": csv.QUOTE_NONE}
    columns = [_folded(cell) for cell in _split(begin[start:stop], dialect, name)]
    told = _split([comment], dialect, name)
    if names is not None:
        columns, stop = _split([names], dialect, name) or [f"column {n + 1}" for n in range(len(columns))], start
    elif not start and len(told) == len(columns) > 1 and not all(_NAME.fullmatch(cell) for cell in columns):
        columns, stop = told, 0
    elif any(map(_NO_NAME.fullmatch, columns)) or _is_data(columns, _first_rows(begin[stop:], dialect)[0]):
        columns, stop = [f"column {n + 1}" for n in range(len(columns))], start
    if len(columns) > MAX_CELLS:
        raise too_many(name, f"line {before + stop}")
    if not any(columns):
        raise InputError(name, "no header with the columns' names", "line 1", "add one, or leave the file out")
    columns = unique([column.strip().translate(_SAYABLE).replace(" ~ ", " - ") for column in columns])
    return Head(columns, dialect, bool(comment), before + stop, copied), put_back(begin[stop:], lines)


def _layout(begin: list[str], mark: str, notes: Counter[str]) -> tuple[Dialect, int, int]:
    """How a table is written, and where the lines of its header start and stop, by the first lines.

    The delimiter is the first line's (of one column none), unless that makes no table of them and another does.
    """
    line = begin[0] if begin else ""
    first = mark or (delimiter(line) if any(each in line for each in DELIMITERS) else NO_DELIMITER)
    dialect: Dialect = {"delimiter": first, "skipinitialspace": any(map(_SPACED.fullmatch, begin[:2]))}
    start, stop, width = 0, 1, 0
    if len(begin) == 1:
        return dialect, start, stop
    for each in [first] if mark else dict.fromkeys(first + DELIMITERS):
        written, found = _written(begin, dialect | {"delimiter": each})
        at = _header(found)
        even = len(found[at].cells) if at or 2 * _alike(found) > len(found) else 0
        if even > (width if at else 1):
            if at:
                notes["rows before the header left out"] += at
            return written, found[at].start, found[at].stop
        if each == first and found:
            dialect, start, stop, width = written, found[0].start, found[0].stop, len(found[0].cells)
    return dialect, start, stop


def _copied(begin: str) -> bool:
    """Is this how PostgreSQL's COPY and `mysql -B` write a table: without quotes, a backslash before each mark of their
    own (no other would be left of C:\\new), and `\\N` where there is no value or a backslash for a backslash?"""
    marks = set(_ESCAPE.findall(begin))
    if not marks & set("nrt\\") or not marks <= set("nrt0N\\") or _NOT_COPIED.search(begin):
        return False
    return r"\N" in re.split(r"[\t\r\n]", begin) or ("\\" in marks and len(marks) > 1 and not _OWN_MARKS.search(begin))


def _written(begin: list[str], dialect: Dialect) -> tuple[Dialect, list[_Row]]:
    """How quotes are written, and the first rows: as CSV has them, or where that tears rows and another way makes
    them all as wide as the first, as `\\"` within quotes, or among tabs as they are."""
    rows, torn = _first_rows(begin, dialect)
    others: list[Dialect] = []
    if torn and any('\\"' in line for line in begin):
        others.append({"escapechar": "\\"})
    if torn and dialect["delimiter"] == "\t":
        others.append({"quoting": csv.QUOTE_NONE})
    for other in others:
        found, torn = _first_rows(begin, dialect | other)
        if not torn and _alike(found) == len(found) > 1 and len(found[0].cells) > 1:
            return dialect | other, found
    return dialect, rows


def _first_rows(begin: list[str], dialect: Dialect) -> tuple[list[_Row], bool]:
    """The rows of the first lines, and whether quotes tear one; the last may go on after these lines."""
    found: list[_Row] = []
    stop = 0
    reader = csv.reader(escaped(iter(begin), dialect), strict=True, **dialect)
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


def unique(columns: list[str]) -> list[str]:
    """Column names, empty ones numbered and repeated ones told apart."""
    seen: dict[str, int] = {}  # names given, and how often they were asked for
    for number, column in enumerate(columns, 1):
        name = column = column or f"column {number}"
        while name in seen:
            seen[column] += 1
            name = f"{column} {seen[column]}"
        seen[name] = 1
    return list(seen)


def _split(lines: list[str], dialect: Dialect, name: str) -> list[str]:
    try:
        return next(csv.reader(escaped(iter(lines), dialect), **dialect | {"skipinitialspace": True}), [])
    except csv.Error as error:
        raise InputError(name, f"not CSV: {reason(error)}", "line 1", "mend the header") from None


def escaped(lines: Iterator[str], dialect: Dialect) -> Iterator[str]:
    return (_TEXT.sub(r"\\\\", line) for line in lines) if "escapechar" in dialect else lines


def too_many(name: str, place: str) -> InputError:
    return InputError(name, f"more than {MAX_CELLS} cells in one row", place, "mend the quotes there, or leave it out")


def reason(error: csv.Error) -> str:
    """What csv says, without its advice on how to open files in Python."""
    return "a line end within a cell without quotes" if "new-line character" in str(error) else str(error)
