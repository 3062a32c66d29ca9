"""Labelled records: CSV `file,id,label`, and the three disjoint uses they are put to.

`file` is the source's base name, `id` the record's, `label` 1 (belongs in the corpus), 0 (does not) or u
(cannot be told). `sample_stratified.csv` fits (rule weights, adapter); `sample_uniform.csv` is halved once and
for all by a hash of (file, id): one half sets thresholds, the other is only ever reported on.
"""

import csv
import hashlib
from pathlib import Path, PurePosixPath
from typing import Literal

from cybersieve.errors import InputError

Key = tuple[str, str]  # (source's base name, record id)
STRATIFIED, UNIFORM = "sample_stratified.csv", "sample_uniform.csv"


def key(source: str, record_id: str) -> Key:
    return PurePosixPath(source).name, record_id


def half(of: Key) -> Literal["thresholds", "report"]:
    """Which half of the uniform labels a record belongs to; a property of the record, not of the label file."""
    return "thresholds" if hashlib.sha256("\t".join(of).encode()).digest()[0] % 2 else "report"


def load(path: Path) -> dict[Key, int | None]:
    """Read a label file; `u` becomes None. Raises InputError with the line where it is malformed."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines)
            header = next(rows, [])
            if header[:3] != ["file", "id", "label"]:
                raise InputError(path, f"its first line is {header}", "line 1", "file,id,label is wanted")
            result: dict[Key, int | None] = {}
            for row in rows:
                if len(row) < 3 or row[2] not in {"1", "0", "u"}:
                    raise InputError(path, f"not a label: {row}", f"line {rows.line_num}", "file,id and 1, 0 or u")
                value = None if row[2] == "u" else int(row[2])
                if result.setdefault((row[0], row[1]), value) != value:
                    raise InputError(path, "the record is labelled twice, and differently", f"line {rows.line_num}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, str(error)) from None
    return result


def load_optional(folder: Path, name: str) -> dict[Key, int | None]:
    """A label file of a folder, empty where there is none: a user's own corpus may have no labels yet."""
    return load(folder / name) if (folder / name).exists() else {}


def for_fitting(folder: Path) -> dict[Key, int]:
    """The labels that weights and adapters may learn from: stratified, decided, and without a uniform label."""
    uniform = load_optional(folder, UNIFORM)
    stratified = load_optional(folder, STRATIFIED)
    return {of: value for of, value in stratified.items() if value is not None and of not in uniform}


def uniform_half(folder: Path, use: Literal["thresholds", "report"]) -> dict[Key, int | None]:
    """One half of the uniform labels, undecided ones (None) included."""
    return {of: value for of, value in load_optional(folder, UNIFORM).items() if half(of) == use}
