"""One pass over all decisions: what was decided by whom, for each source, and what labels say to it.

Records that upstream withdrew or that repeat another one were not decided by topic: they are left out of the quality
figures and counted, as are records labelled `u`. Those of a broken file that parse left out have no verdict; what had
been read of it counts as failed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cybersieve import folders, labels, quality, records
from cybersieve.records import Row

Figures = dict[str, Any]
SET_ASIDE = ("parse", "dedup")  # deciders that look at no topic
UNDECIDED: Row = {"verdict": "not decided", "by": "any run yet", "reason": "dvc repro decides", "p_yes": None,
                  "margin": None}  # stands for the verdict of a record of which the last run knew nothing
UNIFORM = ("evaluation", "thresholds")  # the two halves of the uniform labels


@dataclass
class Labelled:
    """Labelled records with what was decided about them."""

    rows: list[tuple[int, Row]] = field(default_factory=list)  # decided by topic: (label, row)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, label: int | None, row: Row) -> None:
        if label is None:
            self.left_out["undecided label"] += 1
        elif row["by"] in SET_ASIDE:
            self.left_out[f"set aside by {row['by']}"] += 1
        else:
            self.rows.append((label, row))

    def figures(self, by: str | None = None) -> Figures:
        """Precision, recall and F1 of all decisions, or of one decider's."""
        part = [(label, row["verdict"] == "kept") for label, row in self.rows if by in (None, row["by"])]
        result = quality.decisions([label for label, _ in part], [kept for _, kept in part])
        return result if by else result | {"left out": dict(sorted(self.left_out.items()))}

    def right_by_rule(self, verdict: str) -> Figures:
        """How often the rules' verdict (kept or rejected) is what the label says."""
        part = [label for label, row in self.rows if (row["by"], row["verdict"]) == ("rule", verdict)]
        return quality.rate(sum(label == (verdict == "kept") for label in part), len(part))


@dataclass
class Tally:
    """What the pass gathers."""

    deciders: Counter[tuple[str, str]] = field(default_factory=Counter)  # (by, verdict)
    sources: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)  # the same for each source or folder
    rows: dict[str, str] = field(default_factory=dict)  # what a source is counted with (see folders.rows)
    uses: dict[str, Labelled] = field(default_factory=dict)
    missing: int = 0  # labelled records that the corpus does not hold

    def total(self, by: str | None = None, verdict: str | None = None) -> int:
        return count(self.deciders, by, verdict)

    def decided(self) -> int:
        """Records that have a verdict: all but those of files that were left out."""
        return self.total() - self.total("parse", "failed")

    def by_topic(self) -> int:
        """Records that rules or LLM decided, or failed to."""
        return self.total() - sum(self.total(by) for by in SET_ASIDE)

    def uniform(self) -> list[tuple[int, Row]]:
        """All uniformly labelled records: nothing was fitted on them."""
        return [pair for use in UNIFORM for pair in self.uses[use].rows]


def count(deciders: Counter[tuple[str, str]], by: str | None = None, verdict: str | None = None) -> int:
    """How many records a decider (None: any) gave a verdict (None: any)."""
    return sum(n for (who, what), n in deciders.items() if by in (None, who) and verdict in (None, what))


def left_out(parsed: Row) -> list[Row]:
    """The broken files (or members of archives) that parse left out, from its counts: source, records read of it, and
    reason."""
    found = {source: (tree["failed"], [note.removeprefix(records.LEFT_OUT) for note in tree.get("notes", ())
                                       if note.startswith(records.LEFT_OUT)])
             for source, tree in parsed.get("sources", {}).items()}
    return [{"source": source, "records": failed, "reason": "; ".join(reasons)}
            for source, (failed, reasons) in found.items() if reasons]


def rows(scored_dir: Path, verdicts_dir: Path) -> Iterator[Row]:
    """Every record's score and verdict, without its text. `source` is the dump's path, `row` the place in its file."""
    for shard in records.shards(verdicts_dir):
        joined = records.side_by_side((scored_dir / shard.name, ["id", "rules", "score", "confidence"]),
                                      (shard.path, records.VERDICTS.names))
        for number, (score, verdict) in enumerate(joined):
            yield score | verdict | {"row": number}


def tally(all_rows: Iterable[Row], labels_dir: Path, lost: Iterable[Row] = ()) -> Tally:
    """Count verdicts and pick out the labelled records, by use. `lost`: the files that were left out.

    Of two records with the key of a label (files of one name, an earlier release of the other, say) it is of the one
    that was decided by topic. Raises InputError where both were.
    """
    wanted: dict[str, dict[labels.Key, Any]] = {
        "evaluation": labels.uniform_half(labels_dir, "report"),
        "thresholds": labels.uniform_half(labels_dir, "thresholds"),
        "stratified": labels.for_fitting(labels_dir),
    }
    known = {of: (use, label) for use, part in wanted.items() for of, label in part.items()}
    result, each = Tally(uses={use: Labelled() for use in wanted}), Counter[tuple[str, tuple[str, str]]]()
    labelled: dict[labels.Key, Row] = {}
    for row in all_rows:
        decision = row["by"], row["verdict"]
        result.deciders[decision] += 1
        each[row["source"], decision] += 1
        if (of := labels.key(row["source"], row["id"])) in known:
            other = labelled.setdefault(of, row)
            if other is not row and row["by"] not in SET_ASIDE:
                if other["by"] not in SET_ASIDE:
                    raise labels.ambiguous(other["source"], row["source"], row["id"])
                labelled[of] = row
    for of, row in labelled.items():
        use, label = known[of]
        result.uses[use].add(label, row)
    result.missing = len(known) - len(labelled)
    for file in lost:  # one of which nothing was read has a row all the same
        each[file["source"], ("parse", "failed")] = file["records"]
        if file["records"]:
            result.deciders["parse", "failed"] += file["records"]
    result.rows = folders.rows(source for source, _ in each)
    for (source, decision), number in each.items():
        result.sources.setdefault(result.rows[source], Counter())[decision] += number
    return result
