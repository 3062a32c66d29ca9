"""Label records in the browser, one at a time, by keyboard. Answers are in the label file the moment they are given.

    python -m cybersieve review                        # a uniform sample: certificates rest on it
    python -m cybersieve review --queue uncertain      # where the run was least sure: for fitting
    python -m cybersieve review --queue labels/sample_uniform.csv --labeller bob      # a second opinion

Opens a page on 127.0.0.1 that only the token in its address unlocks. Needs requirements_server.txt.
Writes nothing but the label file; `dvc repro` then uses the labels.
"""

import argparse
import getpass
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from cybersieve import cli, highlight, labels, markup, params, review_queue, rule_set, rules, samples, sampling
from cybersieve.errors import CybersieveError, InputError
from cybersieve.label_file import LabelFile
from cybersieve.labels import Key
from cybersieve.page_records import evidence
from cybersieve.records import Row
from cybersieve.rules import Rulebook
from cybersieve.why import stages_of

SHOWN = 6000  # characters of a text
PAUSE = 120.0  # seconds after which an answer's time says nothing about the pace


@dataclass
class Session:
    """A queue on its way into a label file. Holds no answer that is not in the file."""

    queue: list[Row]
    file: LabelFile
    parsed_dir: Path
    book: Rulebook
    skipped: list[Key] = field(default_factory=list)
    paces: list[float] = field(default_factory=list)  # seconds an answer took
    since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.rows = {review_queue.key(row): row for row in self.queue}

    def state(self, blind: bool, note: str = "") -> dict[str, Any]:
        """What the page shows: the record to judge (None at the end), progress, and a note on the last action."""
        done = self.file.mine()
        left = [key for key in self.rows if key not in done]
        left.sort(key=lambda key: (key in self.skipped, self.skipped.index(key) if key in self.skipped else 0))
        pace = median(self.paces[-20:]) if self.paces else None
        return {"record": self.record(left[0], blind) if left else None, "done": len(self.rows) - len(left),
                "total": len(self.rows), "note": note,
                "seconds_left": None if pace is None else round(pace * len(left))}

    def record(self, key: Key, blind: bool) -> dict[str, Any]:
        """One record; blind leaves out where it comes from and all that the run thinks of it."""
        row = self.rows[key]
        parsed = samples.pick(self.parsed_dir / f"{row['source']}.parquet", {row["row"]})[row["row"]]
        hits = [rule for rule in self.book.rules if rule.id in set(row["rules"] or ())]
        text, more = markup.cut(parsed["text"], SHOWN)
        shown: dict[str, Any] = {
            "key": list(key), "title": pieces(hits, markup.cut(parsed["title"], 300)[0], "title", blind),
            "text": pieces(hits, text, "text", blind), "more": more}
        if not blind:
            shown["run"] = [f"{row['source']} · {row['id']}", f"{row['verdict']} by {row['by']}: {row['reason']}"]
            if row["score"] is not None:
                shown["run"].append(evidence(row, self.book))
        return shown

    def answer(self, key: Key, label: str) -> str:
        """Write a label down; returns a note. Raises KeyError for a record that is not in the queue, ValueError."""
        if label not in ("1", "0", "u"):
            raise ValueError(f"not a label: {label}")
        self.rows[key]  # only what was asked can be answered
        if not self.file.add(key, label):
            return "That record was answered already, perhaps in another tab. Undo takes the last answer back."
        now = time.monotonic()
        if now - self.since < PAUSE:
            self.paces.append(now - self.since)
        self.since = now
        return ""

    def skip(self, key: Key) -> str:
        """Put a record at the end of the queue."""
        self.rows[key]
        if key in self.skipped:
            self.skipped.remove(key)
        self.skipped.append(key)
        return "Skipped: it comes again at the end."

    def undo(self) -> str:
        """Take the labeller's last answer in this queue back; its record comes next."""
        key = self.file.undo(self.rows)
        if key is None:
            return "There is no answer to take back."
        self.skipped = [other for other in self.skipped if other != key]
        self.rows = {key: self.rows.pop(key)} | self.rows
        return "Taken back."


def pieces(hits: list[rule_set.Rule], text: str, field: str, blind: bool) -> list[list[str]]:
    """[text, class, title] of each piece; blind, a hit is marked but not as for or against."""
    result = []
    for piece in highlight.pieces([rule for rule in hits if rule.field in ("both", field)], text):
        side = "" if piece.rule is None else "hit" if blind else "for" if piece.rule.weight >= 0 else "against"
        title = f"{piece.rule.id} {piece.rule.weight:+.2f}" if piece.rule and not blind else ""
        result.append([piece.text, side or ("control" if piece.kind == "control" else ""), title])
    return result


def open_session(args: argparse.Namespace) -> Session:
    """The queue that was asked for. Raises InputError where the stages have not run or nothing is left."""
    settings = params.load(args.params).score
    if args.queue not in review_queue.KINDS and not Path(args.queue).exists():
        raise InputError(args.queue, "no such queue or file", remedy=review_queue.WANTED)
    name = review_queue.KINDS.get(args.queue)
    if name is None and args.labels is None:
        given = Path(args.queue).name
        name = given if given in (labels.UNIFORM, labels.STRATIFIED) else None
        if name is None:
            raise InputError(args.queue, "say where its labels go", remedy=f"--labels labels/{labels.UNIFORM} if it is "
                             f"a uniform sample, else --labels labels/{labels.STRATIFIED}")
    file = LabelFile(args.labels or Path("labels") / str(name), args.labeller)
    done = set(file.mine())
    if args.queue in review_queue.KINDS:
        done |= {answer.key for answer in file.all()}
    data = stages_of(args.data)
    sampling.check_names(data / "scored")
    rows = review_queue.rows(data / "scored", data / "verdicts")
    queue = review_queue.build(args.queue, rows, done, args.n)
    if not queue:
        raise InputError(args.queue, "holds no record that is still to be labelled")
    return Session(queue, file, data / "parsed",
                   rules.load(settings.rules, settings.extra_rules, settings.trust))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user, of a number alone
        return f"user {os.getuid()}"


def main(arguments: list[str]) -> None:
    parser = cli.command("review", __doc__)
    parser.add_argument("--queue", default="uniform", metavar="NAME",
                        help=f"{', '.join(review_queue.KINDS)}, or a CSV with file and id (default: uniform)")
    parser.add_argument("-n", type=int, default=100, help="how many records at most (default: 100)")
    parser.add_argument("--labels", type=Path, metavar="FILE.csv", help="where answers go (default: by the queue)")
    parser.add_argument("--labeller", default=_user(), metavar="NAME", help="who labels (default: you)")
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR",
                        help="holds parsed, scored and verdicts, or `filter` wrote it (default: data)")
    parser.add_argument("--open", action="store_true", help="show scores and sources from the start (default: blind)")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1 (default: a free one)")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="FILE", help="settings")
    args = parser.parse_args(arguments)
    if args.n < 1:
        parser.error(f"-n: {args.n} is below 1")
    if not 0 <= args.port < 65536:
        parser.error(f"--port: {args.port} is no port")
    try:
        from cybersieve import review_server
    except ImportError as error:
        raise CybersieveError(f"review needs {error.name}: pip install -r requirements_server.txt") from None
    review_server.serve(open_session(args), args.port, blind=not args.open)
