"""CSV with a header, as a stream of trees like JSON's: one a row, cells by column name."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from cybersieve.errors import InputError
from cybersieve.table_head import DELIMITERS, MAX_CELLS, escaped, read_head, reason, too_many, unique

MOST_MARKS = 400_000  # delimiters in one line, in texts or between cells, of which there may be one every two bytes
LONGER = "rows longer than the header"  # a note
NO_VALUE = frozenset(["", "NULL", "null", r"\N", "NaN", "nan", "<NA>", "#N/A"])  # as a cell, of databases and the like
# How databases write what would end a cell or a line.
COPIED = {r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\0": "", "\\\\": "\\"}
_COPIED = re.compile(r"\\[nrt0\\]")


def rows(chunks: Iterable[bytes], name: str, notes: Counter[str],
         max_bytes: int = 16_000_000) -> Iterator[tuple[str, dict[str, str]]]:
    """Locator (`line 17`, where the row ends) and cells of every row, but for those without a value (NO_VALUE).

    `chunks` hold valid UTF-8. The first row names the columns, or one below a title (table_head.py). Lines of `#`
    before it are passed over; the last of them is the header where the first row itself looks like data. In such a
    file lines of `#` further on, with fewer cells, are passed over too. Where there is no header, and for cells beyond
    it, columns are called `column N`. Raises InputError with the line: an empty header, an open quote, a row of more
    than `max_bytes` or MAX_CELLS cells.
    """
    csv.field_size_limit(max_bytes)
    lines = _lines(chunks, name, notes, max_bytes)
    (columns, dialect, commented, before, copied), lines = read_head(lines, name, notes)
    reader = csv.reader(escaped(lines, dialect), strict=True, **dialect)
    try:
        for cells in reader:
            if len(cells) > MAX_CELLS:
                raise too_many(name, f"line {before + reader.line_num}")
            if copied:
                cells = [_COPIED.sub(lambda mark: COPIED[mark[0]], cell) if "\\" in cell else cell for cell in cells]
            if any(cells) and not (commented and cells[0].startswith("#") and len(cells) < len(columns)):
                if len(cells) > len(columns):
                    notes[LONGER] += 1
                    columns = unique([*columns, *[""] * (len(cells) - len(columns))])
                yield f"line {before + reader.line_num}", {
                    column: cell for column, cell in zip(columns, cells, strict=False) if cell.strip() not in NO_VALUE}
            del cells  # before the next are read
    except csv.Error as error:
        large = "field limit" in str(error)
        told = f"a cell of more than {max_bytes / 1e6:g} MB" if large else f"not CSV: {reason(error)}"
        raise InputError(name, told, f"line {before + reader.line_num}",
                         ("raise parse.limits.max_record_mb if it is meant to be so long, or " if large else "")
                         + "mend the quotes there") from None


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
        raise too_many(name, f"line {number}")
