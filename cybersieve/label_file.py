"""Add to a label file while people label: at once, whole, never twice, whoever else has the file open.

Only the label file itself is written. A lock on its folder keeps other writers out; a row is on the disk before the
answer counts as given.
"""

import csv
import fcntl
import io
import os
from collections.abc import Container, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cybersieve import labels
from cybersieve.labels import Answer, Key

HEADER = "file,id,label,labeller,time\n"


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
            self._prepare()
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self._append(_line([*key, label, self.labeller, now]))
        return True

    def undo(self, among: Container[Key]) -> Key | None:
        """Take back this labeller's last answer `among` some records; returns whose it was, None if there is none."""
        with self._alone():
            everyone = self.all()
            last = max((i for i, answer in enumerate(everyone)
                        if answer.labeller == self.labeller and answer.key in among), default=None)
            if last is None:
                return None
            rows = [_line(answer) for i, answer in enumerate(everyone) if i != last]
            self._replace(HEADER + "".join(rows))
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

    def _prepare(self) -> None:
        """A file with columns for labeller and time that ends in a line break."""
        content = self.path.read_text(encoding="utf-8-sig") if self.path.exists() else ""
        first, _, rest = content.partition("\n")
        wanted = content
        if not {"labeller", "time"} <= set(first.strip().split(",")):
            wanted = HEADER + rest
        if wanted and not wanted.endswith("\n"):
            wanted += "\n"
        if wanted != content:
            self._replace(wanted or HEADER)

    def _append(self, line: str) -> None:
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, line.encode())
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


def _line(cells: list[str] | Answer) -> str:
    """One CSV row; trailing empty cells are left out, as in files without labeller and time."""
    shown = list(cells)
    while len(shown) > 3 and not shown[-1]:
        shown.pop()
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(shown)
    return buffer.getvalue()
