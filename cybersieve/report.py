"""Say what the run did and how good it is: metrics.json (deterministic), performance.json, plots/*.csv.

The headline is measured on the evaluation half of the uniform labels, which nothing was fitted on and no
threshold was set by. Records that upstream withdrew or that repeat another one were not decided by topic: they
are left out of the quality figures and counted, as are records labelled `u`.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cybersieve import labels, quality, records
from cybersieve.errors import InputError
from cybersieve.records import Row

Figures = dict[str, Any]
USELESS_AUC = 0.7  # below this the verifier hardly knows more than a coin, and asking it is not worth the time


@dataclass
class Labelled:
    """The labelled records of one use, with what was decided about them."""

    rows: list[tuple[int, Row]] = field(default_factory=list)  # decided by topic: (label, row)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, label: int | None, row: Row) -> None:
        if label is None:
            self.left_out["undecided label"] += 1
        elif row["by"] in ("parse", "dedup"):
            self.left_out[f"set aside by {row['by']}"] += 1
        else:
            self.rows.append((label, row))

    def figures(self) -> Figures:
        truth = [label for label, _ in self.rows]
        result = quality.decisions(truth, [row["verdict"] == "kept" for _, row in self.rows])
        return result | {"left out": dict(sorted(self.left_out.items()))}

    def asked(self) -> list[tuple[int, Row]]:
        return [(label, row) for label, row in self.rows if row["margin"] is not None]


def probability(row: Row) -> float:
    """The probability on which the verdict rests: the posterior where the LLM was asked, else the confidence."""
    return float(row["p_yes"] if row["p_yes"] is not None else row["confidence"])


def rows(scored_dir: Path, verdicts_dir: Path) -> Iterator[Row]:
    """Every record's score and verdict, without its text."""
    for shard in records.shards(verdicts_dir):
        yield from (score | verdict for score, verdict in records.side_by_side(
            (scored_dir / shard.name, ["id", "confidence", "score"]), (shard.path, records.VERDICTS.names)))


@dataclass
class Tally:
    """What one pass over all verdicts gathers."""

    verdicts: Counter[str] = field(default_factory=Counter)
    deciders: Counter[tuple[str, str]] = field(default_factory=Counter)
    uses: dict[str, Labelled] = field(default_factory=dict)
    missing: int = 0  # labelled records that the corpus does not hold


def tally(all_rows: Iterable[Row], labels_dir: Path) -> Tally:
    """Count verdicts and pick out the labelled records, by use."""
    wanted: dict[str, dict[labels.Key, Any]] = {
        "evaluation": dict(labels.uniform_half(labels_dir, "report")),
        "thresholds": dict(labels.uniform_half(labels_dir, "thresholds")),
        "stratified": dict(labels.for_fitting(labels_dir)),
    }
    result = Tally(uses={use: Labelled() for use in wanted})
    for row in all_rows:
        result.verdicts[row["verdict"]] += 1
        result.deciders[row["by"], row["verdict"]] += 1
        of = labels.key(row["source"], row["id"])
        for use, found in wanted.items():
            if of in found:
                result.uses[use].add(found.pop(of), row)
    result.missing = sum(map(len, wanted.values()))
    return result


def metrics(found: Tally, counts: dict[str, Row], thresholds: Row) -> Figures:
    """metrics.json: the handful of figures that people compare first, the rest in groups."""
    evaluation = found.uses["evaluation"].figures()
    total = found.verdicts.total()
    by_topic = total - sum(n for (by, _), n in found.deciders.items() if by in ("parse", "dedup"))
    asked = sum(n for (by, _), n in found.deciders.items() if by == "llm")
    by: dict[str, dict[str, int]] = {}
    for (decider, verdict), n in sorted(found.deciders.items()):
        by.setdefault(decider, {})[verdict] = n
    return {
        "precision": evaluation["precision"]["value"],
        "recall": evaluation["recall"]["value"],
        "f1": evaluation["f1"]["value"],
        "asked_share": round(asked / max(by_topic, 1), 4),
        "records": total,
        "kept": found.verdicts["kept"],
        "rejected": found.verdicts["rejected"],
        "failed": found.verdicts["failed"],
        "decided by": by,
        "quality": {use: labelled.figures() for use, labelled in found.uses.items()},
        "labels not in the corpus": found.missing,
        "rules": alone([row for use in ("evaluation", "thresholds") for row in found.uses[use].rows], "confidence"),
        "verifier": alone([row for use in ("evaluation", "thresholds") for row in found.uses[use].asked()], "p_yes"),
        "thresholds": thresholds,
        "balance": {stage: {name: value for name, value in tree.items() if name != "sources"}
                    for stage, tree in counts.items()},
    }


def alone(rows: list[tuple[int, Row]], name: str) -> Figures:
    """One decider's own figures on uniform labels, had it decided at 0.5: `name` is its probability."""
    known = [(label, row) for label, row in rows if row[name] is not None]
    truth, said = [label for label, _ in known], [float(row[name]) for _, row in known]
    decided = quality.decisions(truth, [p >= 0.5 for p in said])
    return {"n": len(known), "auc": quality.auc(truth, said),
            "calibration_error": quality.calibration_error(truth, said),
            "precision": decided["precision"], "recall": decided["recall"]}


def check_balance(counts: dict[str, Row], total: int) -> None:
    """No record may be lost between the stages. Raises InputError naming the stage that does not add up."""
    for stage, tree in counts.items():
        if tree["read"] != tree["written"] + sum(tree["dropped"].values()) + tree["failed"]:
            raise InputError(stage, f"its counts do not add up: {tree}", remedy="rerun the pipeline from this stage")
    for stage in ("score", "verify", "export"):
        if stage in counts and counts[stage]["read"] != total:
            raise InputError(stage, f"read {counts[stage]['read']} records of {total}", remedy="rerun the stage")
    if "parse" in counts and counts["parse"]["read"] - counts["parse"]["failed"] != total:
        raise InputError("parse", f"{total} records were decided, its counts say {counts['parse']}")


def write_csv(path: Path, figures: list[Figures], names: list[str]) -> None:
    """A plot's data; the header is written even where there are no labels, so that DVC finds its columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(figures)


def plots(found: Tally, folder: Path) -> None:
    """Precision-recall and reliability on the evaluation half."""
    evaluation = found.uses["evaluation"].rows
    truth, said = [label for label, _ in evaluation], [probability(row) for _, row in evaluation]
    write_csv(folder / "precision_recall.csv", quality.precision_recall_curve(truth, said),
              ["recall", "precision", "threshold"])
    write_csv(folder / "reliability.csv", quality.reliability(truth, said), ["said", "true", "n"])


def report_folder(scored_dir: Path, verdicts_dir: Path, counts_dir: Path, labels_dir: Path, thresholds: Path,
                  output_dir: Path, plots_dir: Path) -> Figures:
    """Write metrics.json into `output_dir` and the plots' data; returns the metrics."""
    counts = {path.stem: records.load_json(path) for path in sorted(counts_dir.glob("*.json"))}
    found = tally(rows(scored_dir, verdicts_dir), labels_dir)
    check_balance(counts, found.verdicts.total())
    figures = metrics(found, counts, records.load_json(thresholds))
    with records.output_folder(plots_dir) as folder:
        plots(found, folder)
    records.save_json(output_dir / "metrics.json", figures)
    return figures


def performance(folder: Path, output: Path) -> None:
    """Gather the stages' own measurements (seconds, MB, records a second) into one file."""
    records.save_json(output, {path.stem: records.load_json(path) for path in sorted(folder.glob("*.json"))})
