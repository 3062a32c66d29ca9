"""Labelled records: CSV with `file,id,label`, and the three disjoint uses they are put to.

`file` is the source's base name, `id` the record's, `label` 1 (belongs in the corpus), 0 (does not) or u
(cannot be told), as spreadsheets may write them (` 1.0`, `U`; `;` between columns). Columns go by their names; of the
others `labeller,time` are read: a record that two labellers judge differently counts as u. A file or id that a
spreadsheet would run or change has an apostrophe before it (`guarded`).
`sample_stratified.csv` fits (rule weights, adapter); `sample_uniform.csv` is halved once and for all by a hash of
(file, id), one half sets thresholds, the other is only ever reported on.
"""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain
from math import log
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cybersieve.errors import InputError

Key = tuple[str, str]  # (source's base name, record id)
STRATIFIED, UNIFORM = "sample_stratified.csv", "sample_uniform.csv"
UNLIKELY = 1e-3  # odds at which chance may spread uniform labels unevenly, all files and folders together
COLUMNS = {"file", "id", "label"}
MEANT = {"1": "1", "1.0": "1", "0": "0", "0.0": "0", "u": "u"}  # what a cell may say, blanks and case aside
STRANGERS = 0.1  # share of labels of no record from which on a warning says so
ELSEWHERE = ("{} of the {} labels for {} are of no record of this corpus, among them {!r}: were files renamed "
             "or left out, or does the label file name a folder, or have a space too many? Labels of another corpus, "
             "as the sample corpus' are, are to be taken out of the label files.")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet run a cell
NUMBER = re.compile(r"(?!(?:0|[1-9]\d{0,14})$)\d[\d.,:/ e+-]*", re.I)  # or write it anew: 0704.0010, 1e5, 2031-01-01


def key(source: str, record_id: str) -> Key:
    return source.rpartition("/")[2], record_id


def ambiguous(source: str, other: str, record_id: str) -> InputError:
    reason = f"both have a record {record_id}: labels tell files by their names alone"
    return InputError(f"{source} and {other}", reason, remedy="rename one of the files")


def half(of: Key) -> Literal["thresholds", "report"]:
    """Which half of the uniform labels a record belongs to; a property of the record, not of the label file."""
    return "thresholds" if hashlib.sha256("\t".join(of).encode()).digest()[0] % 2 else "report"


def guarded(cell: str) -> str:
    """A cell with an apostrophe before it where a spreadsheet would not keep it; `unguarded` gives any cell back."""
    return "'" + cell if _is_changed(cell.lstrip("'")) else cell


def unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _is_changed(cell.lstrip("'")) else cell


def _is_changed(cell: str) -> bool:
    """Whether a spreadsheet runs it, or takes it for a number or a date that it writes in its own way."""
    return cell.startswith(FORMULA) or NUMBER.fullmatch(cell) is not None or cell.casefold() in ("true", "false")


class Answer(NamedTuple):
    """One row of a label file."""

    file: str
    id: str
    label: str  # 1, 0 or u
    labeller: str  # empty where the file doesn't say
    time: str  # ISO 8601, UTC; empty where the file doesn't say

    @property
    def key(self) -> Key:
        return self.file, self.id


def answers(path: Path) -> list[Answer]:
    """A label file's rows in order. Raises InputError with the line where one is malformed."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            whole, mark = divided(lines)
            rows = csv.reader(whole, delimiter=mark)
            header = next(rows, [])
            if COLUMNS - set(header):
                raise InputError(path, f"its first line is {header}", "line 1",
                                 with_commas(header, "file,id,label is wanted"))
            result: list[Answer] = []
            seen: dict[tuple[Key, str], tuple[str, int]] = {}
            for row in _sound(rows, path):
                cells = dict(zip(header, row, strict=False))
                said = MEANT.get(cells.get("label", "").strip().casefold())
                if not {"file", "id"} <= cells.keys() or said is None:
                    known = [cells.get(name) for name in ("file", "id", "label")]  # not the text, which may be long
                    raise InputError(path, f"not a label: {known}", f"line {rows.line_num}",
                                     "file, id and 1, 0 or u are wanted: take out rows without a label")
                answer = Answer(unguarded(cells["file"]), unguarded(cells["id"]), said,
                                cells.get("labeller", ""), cells.get("time", ""))
                label, line = seen.setdefault((answer.key, answer.labeller), (answer.label, rows.line_num))
                if label != answer.label:
                    raise InputError(path, f"{answer.id} of {answer.file} is labelled {label} in line {line} and "
                                     f"{answer.label} in line {rows.line_num}", remedy="delete one of the two")
                result.append(answer)
    except FileNotFoundError:
        raise InputError(path, "no such file", remedy="a CSV with file,id,label is wanted") from None
    except UnicodeDecodeError:
        raise InputError(path, "not in UTF-8", remedy="save it as CSV UTF-8") from None
    except (OSError, csv.Error) as error:
        raise InputError(path, str(error)) from None
    return result


def divided(lines: Iterable[str], wanted: Set[str] = COLUMNS) -> tuple[Iterator[str], str]:
    """The lines, all of them, and what divides their columns: `;`, as in German Excel, where the first line then names
    the `wanted` ones, else a comma."""
    rest = iter(lines)
    first = next(rest, "")
    named = set(next(csv.reader([first], delimiter=";"), []))
    return chain([first], rest), ";" if wanted <= named else ","


def with_commas(header: Sequence[str] | None, wanted: str) -> str:
    """What is `wanted` of a first line, for one of a single cell: how to have more."""
    cells = list(header or ())
    one = len(cells) == 1 and any(mark in cells[0] for mark in (";", "\t", "|"))
    return f"{wanted}: save it with commas" if one else wanted


def _sound(rows: Any, path: Path) -> Iterator[list[str]]:
    """Rows of a CSV reader in which something stands. Raises InputError with the line."""
    try:
        yield from filter(any, rows)
    except csv.Error as error:
        raise InputError(path, f"not CSV: {error}", f"line {rows.line_num}", "mend the quotes there") from None


def load(path: Path) -> dict[Key, int | None]:
    """A label file's records; None is `u`, or labellers who differ. Raises InputError where it is malformed."""
    result: dict[Key, int | None] = {}
    for answer in answers(path):
        value = None if answer.label == "u" else int(answer.label)
        if result.setdefault(answer.key, value) != value:
            result[answer.key] = None
    return result


def load_optional(folder: Path, name: str) -> dict[Key, int | None]:
    """A label file of a folder, empty where there is none: a user's own corpus may have no labels yet.

    Raises InputError where the folder is a file, which would pass for a folder without labels.
    """
    if folder.is_file():
        raise InputError(folder, "is a file", remedy=f"the folder that holds {name} is wanted")
    return load(folder / name) if (folder / name).exists() else {}


def unread(folder: Path) -> list[str]:
    """CSV files in a folder that have no label file's name, and so set no threshold and are not reported on."""
    return sorted(path.name for path in folder.glob("[!.]*.csv") if path.name not in (UNIFORM, STRATIFIED))


def every(folder: Path) -> set[Key]:
    """All records with a label, whatever its use."""
    return {*load_optional(folder, UNIFORM), *load_optional(folder, STRATIFIED)}


def by_file(folder: Path) -> dict[Key, int | None]:
    """The stratified labels, undecided ones (None) included, of records without a uniform label."""
    uniform = load_optional(folder, UNIFORM)
    return {of: value for of, value in load_optional(folder, STRATIFIED).items() if of not in uniform}


def for_fitting(folder: Path) -> dict[Key, int]:
    """The labels that weights and adapters may learn from: stratified, decided, and without a uniform label."""
    return {of: value for of, value in by_file(folder).items() if value is not None}


def uniform_half(folder: Path, use: Literal["thresholds", "report"]) -> dict[Key, int | None]:
    """One half of the uniform labels, undecided ones (None) included."""
    return {of: value for of, value in load_optional(folder, UNIFORM).items() if half(of) == use}


def elsewhere(known: Set[Key], there: Set[Key], use: str) -> str | None:
    """What to warn of where too many of the labels known for a use are of no record that is there."""
    strangers = sorted(known - there)
    if len(strangers) < max(STRANGERS * len(known), 1):
        return None
    return ELSEWHERE.format(len(strangers), len(known), use, ",".join(strangers[0]))


def units(source: str) -> list[str]:
    """A file (or folder) and the folders that it is in, with a slash at their ends."""
    parts = source.rstrip("/").split("/")
    return [source, *("/".join(parts[:depth]) + "/" for depth in range(len(parts) - 1, 0, -1))]


def skewed(sizes: Mapping[str, int], drawn: Sequence[str]) -> dict[str, int]:
    """Files and folders with fewer labels than a uniform sample has there (or if there are none, with more): how many.

    `sizes`: records of each file; `drawn`: the file of each label. The least likely first, and of those within each
    other only that one. The odds are bounded for each of them and each side (Bonferroni).
    """
    size, found, total = Counter[str](), Counter[str](), sum(sizes.values())
    for source, n in sizes.items():
        size.update(dict.fromkeys(units(source), n))
    for source in drawn:
        found.update(units(source))
    odd = {unit: surprise for unit, n in size.items()
           if (surprise := _surprise(found[unit], len(drawn), n / max(total, 1))) > log(2 * len(size) / UNLIKELY)}
    few = {unit for unit in odd if found[unit] * total < size[unit] * len(drawn)}
    result: dict[str, int] = {}
    above: set[str] = set()
    for unit in sorted(few or odd, key=lambda unit: (-odd[unit], unit)):
        if unit not in above and result.keys().isdisjoint(units(unit)):
            result[unit] = found[unit]
            above.update(units(unit))
    return result


def _surprise(k: int, n: int, share: float) -> float:
    """-log of the chance that of n so few, or so many, as k are in a share, by Chernoff's bound of binomial tails.

    For k = 0 the bound is the chance itself, (1 - share) ** n.
    """
    parts = (k, n * share), (n - k, n * (1 - share))
    return sum(found * log(found / expected) for found, expected in parts if found)
