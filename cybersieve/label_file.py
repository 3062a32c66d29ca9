"""Add to a label file while people label: at once, whole, never twice, whoever else has the file open.

Only the label file itself is written, its columns in the order that they have there; what else it holds stays. A lock
on its folder keeps other writers out; a row is on the disk before the answer counts as given.
"""

import csv
import errno
import fcntl
import io
import os
from collections.abc import Container, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cybersieve import labels
from cybersieve.labels import Answer, Key

COLUMNS = Answer._fields


class LabelFile:
    """One labeller's pen on one label file."""

    def __init__(self, path: Path, labeller: str) -> None:
        self.path, self.labeller = path, labeller

    def mine(self) -> dict[Key, Answer]:
        """What this labeller has said so far, in order. Raises InputError where the file is damaged."""
        return {answer.key: answer for answer in self.all() if answer.labeller == self.labeller}

    def all(self) -> list[Answer]:
        return labels.answers(self.path) if self.path.exists() else []

    def add(self, key: Key, label: str) -> bool:
        """Write down an answer; False where this labeller has answered already (perhaps in another tab)."""
        with self._alone():
            if key in self.mine():
                return False
            header, mark = self._prepare()
            now = datetime.now(UTC).isoformat(timespec="seconds")
            cells = dict(zip(COLUMNS, [*map(labels.guarded, key), label, self.labeller, now], strict=True))
            self._append(_line([cells.get(name, "") for name in header], mark))
        return True

    def undo(self, among: Container[Key]) -> Key | None:
        """Take back this labeller's last answer `among` some records; returns whose it was, None if there is none."""
        with self._alone():
            everyone = self.all()
            last = max((i for i, answer in enumerate(everyone)
                        if answer.labeller == self.labeller and answer.key in among), default=None)
            if last is None:
                return None
            self._remove(last)
            return everyone[last].key

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)  # gives the lock back

    def _content(self) -> list[str]:
        """The file's lines, each with its break, as csv counts them."""
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8", newline="") as lines:
            return list(lines)

    def _prepare(self) -> tuple[list[str], str]:
        """See that the file has all COLUMNS and ends in a line break; returns the names of its columns, in order, and
        what divides them."""
        before = self._content()
        lines = [*before]
        rows, mark = _read(lines)
        header: list[str] = next(rows, [])
        if missing := [name for name in COLUMNS if name not in header]:
            header += missing
            lines[:rows.line_num] = [_line(header, mark)]
        if not lines[-1].endswith(("\n", "\r")):
            lines[-1] += "\n"
        if lines != before:
            self._replace("".join(lines))
        return header, mark

    def _remove(self, number: int) -> None:
        """Take out the answer of that number, counted from 0."""
        lines = self._content()
        rows, _ = _read(lines)
        next(rows)
        begin = rows.line_num
        for row in rows:
            if any(row) and not number:
                break
            number, begin = number - any(row), rows.line_num  # a blank line is no answer
        del lines[begin:rows.line_num]
        self._replace("".join(lines))

    def _append(self, line: str) -> None:
        """The whole line, or none of it: a disk that fills up takes a part."""
        file, row = os.open(self.path, os.O_WRONLY | os.O_APPEND), line.encode()
        try:
            size = os.fstat(file).st_size
            if os.write(file, row) < len(row):
                os.ftruncate(file, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(file)
        finally:
            os.close(file)

    def _replace(self, content: str) -> None:
        """The whole file, or as it was."""
        partial = self.path.with_name(f".{self.path.name}.partial")
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self.path)


def _read(lines: list[str]) -> tuple[Any, str]:
    """A CSV reader of a file's lines, and what divides their columns."""
    whole, mark = labels.divided(line.removeprefix("\ufeff") for line in lines)
    return csv.reader(whole, delimiter=mark), mark


def _line(cells: list[str], mark: str) -> str:
    """One CSV row."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n", delimiter=mark).writerow(cells)
    return buffer.getvalue()
