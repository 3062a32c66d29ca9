"""Say what the run did and how good it is: metrics.json (deterministic), performance.json, plots/*.csv.

The headline is measured on the evaluation half of the uniform labels, which nothing was fitted on and no
threshold was set by. `dvc metrics diff` shows scalars only, sorted by name. So the headline stands at the top level,
every group's name sorts after it, and tables (intervals, sources, balance) are lists: there to read, not to compare.
"""

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cybersieve import quality, records
from cybersieve.errors import InputError
from cybersieve.records import Row
from cybersieve.tally import SET_ASIDE, Labelled, Tally, count, left_out, rows, tally

Figures = dict[str, Any]
USELESS_AUC = 0.7  # below this the verifier hardly knows more than a coin, and asking it is not worth the time
NAMED = {("dedup", "rejected"): "duplicate", ("parse", "rejected"): "withdrawn or empty"}  # verdicts in pictures
FEW = 3  # files that a sentence names
LIMITS = ("mode", "accept", "reject", "target_precision", "target_recall", "delta", "labels", "labels_refused",
          "precision_at_least", "recall_at_least", "certificate")  # of thresholds.json; the certificate is a list
PLOTS = r"(?:precision_recall|reliability|confidence|flow|sources|calls_saved)\.csv"
BIN = 0.05  # width of the confidence histogram's bins


def probability(row: Row) -> float:
    """The probability on which the verdict rests: the posterior where the LLM was asked, else the confidence."""
    return float(row["p_yes"] if row["p_yes"] is not None else row["confidence"])


def metrics(found: Tally, counts: dict[str, Row], thresholds: Row) -> Figures:
    """metrics.json: the handful of figures that people compare first, the rest in groups."""
    evaluation = found.uses["evaluation"]
    headline = evaluation.figures()
    by_topic, asked = found.by_topic(), found.total("llm")
    return {
        "asked_share": round(asked / max(by_topic, 1), 4),
        "calls_saved": by_topic - asked,
        "f1": headline["f1"]["value"],
        "failed": found.total(verdict="failed"),
        "kept": found.total(verdict="kept"),
        "precision": headline["precision"]["value"],
        "recall": headline["recall"]["value"],
        "records": found.total(),
        "rejected": found.total(verdict="rejected"),
        "rules": {"alone": alone(found.uniform(), "confidence", "confidence"),
                  "audit": audit(evaluation), "decided": evaluation.figures("rule")},
        "share": shares(found),
        "sources": sources(found),
        "stages": [{"stage": stage} | {name: value for name, value in tree.items() if name != "sources"}
                   for stage, tree in counts.items()],
        "tested": {use: labelled.figures() for use, labelled in found.uses.items()}
        | {"not in the corpus": found.missing},
        "thresholds": {name: thresholds[name] for name in LIMITS if name in thresholds},
        "verdicts": [{"by": by, "verdict": verdict, "records": n}
                     for (by, verdict), n in sorted(found.deciders.items())],
        "verifier": {"alone": alone(found.uniform(), "margin", "p_yes"), "decided": evaluation.figures("llm")},
    }


def alone(labelled: list[tuple[int, Row]], ranks: str, says: str) -> Figures:
    """One decider's own figures on uniform labels: how well `ranks` orders them, how honest the probability `says` is.

    Only records on which it gave an answer; n says how many.
    """
    known = [(label, row) for label, row in labelled if row[ranks] is not None]
    truth = [label for label, _ in known]
    return {"n": len(known), "auc": quality.auc(truth, [float(row[ranks]) for _, row in known]),
            "calibration_error": quality.calibration_error(truth, [float(row[says]) for _, row in known])}


def audit(evaluation: Labelled) -> Figures:
    """What the shortcut past the LLM costs: how often rules alone were right, and which share of the good they lost."""
    good = [row for label, row in evaluation.rows if label]
    lost = sum((row["by"], row["verdict"]) == ("rule", "rejected") for row in good)
    return {"kept_right": evaluation.right_by_rule("kept"), "rejected_right": evaluation.right_by_rule("rejected"),
            "lost": quality.rate(lost, len(good))}


def shares(found: Tally) -> Figures:
    """Who decided which share of all records; `failed`: the LLM had no answer, or their file was left out."""
    total, failed = max(found.total(), 1), found.total(verdict="failed")
    answered = {by: found.total(by) - found.total(by, "failed") for by in ("rule", "llm", *SET_ASIDE)}
    return {by: round(n / total, 4) for by, n in (answered | {"failed": failed}).items()}


def sources(found: Tally) -> list[Figures]:
    """One row a source (or folder of many): what was decided by whom, and quality on its uniform labels."""
    result, labelled = [], defaultdict[str, list[tuple[int, Row]]](list)
    for label, row in found.uniform():
        labelled[found.rows[row["source"]]].append((label, row))
    for name, deciders in sorted(found.sources.items()):
        part = Labelled(labelled[name]).figures()
        result.append({
            "source": name, "records": deciders.total(), "kept": count(deciders, verdict="kept"),
            "rejected": sum(count(deciders, by, "rejected") for by in ("rule", "llm")),
            "duplicates": count(deciders, "dedup"), "set_aside": count(deciders, "parse", "rejected"),
            "asked": count(deciders, "llm"), "failed": count(deciders, verdict="failed"),
            "labels": part["n"], "precision": part["precision"], "recall": part["recall"],
        })
    return result


def check_balance(counts: dict[str, Row], total: int) -> None:
    """No record may be lost between the stages. Raises InputError naming the stage that does not add up."""
    for stage, tree in counts.items():
        if tree["read"] != tree["written"] + sum(tree["dropped"].values()) + tree["failed"]:
            raise InputError(stage, f"its counts do not add up: {tree}", remedy="rerun the pipeline from this stage")
    for stage in ("dedup", "score", "verify", "export"):
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


def plots(found: Tally, thresholds: Row, folder: Path) -> None:
    """The data of all plots; the templates are in .dvc/plots."""
    evaluation = found.uses["evaluation"]
    truth, said = [label for label, _ in evaluation.rows], [probability(row) for _, row in evaluation.rows]
    write_csv(folder / "precision_recall.csv", curve_and_operating_point(evaluation),
              ["recall", "precision", "threshold", "kind"])
    write_csv(folder / "reliability.csv", quality.reliability(truth, said), ["said", "true", "n"])
    write_csv(folder / "confidence.csv", histogram(found.uniform()), ["confidence", "label", "records"])
    write_csv(folder / "flow.csv", flow(found), ["step", "outcome", "records"])
    write_csv(folder / "sources.csv", outcomes(found), ["source", "outcome", "records"])
    write_csv(folder / "calls_saved.csv", calls_saved(thresholds), ["target", "calls_saved", "kind"])


def curve_and_operating_point(evaluation: Labelled) -> list[Figures]:
    """Precision and recall at every cut through the probability, and where the run's own decisions lie."""
    curve = quality.precision_recall_curve([label for label, _ in evaluation.rows],
                                           [probability(row) for _, row in evaluation.rows])
    run = evaluation.figures()
    recall, precision = run["recall"]["value"], run["precision"]["value"]
    measured = None not in (recall, precision)
    point = [{"recall": recall, "precision": precision, "threshold": None, "kind": "run"}] if measured else []
    return [part | {"kind": "curve"} for part in curve] + point


def histogram(labelled: list[tuple[int, Row]]) -> list[Figures]:
    """How many labelled records of each kind have a confidence in each bin (named by its lower edge)."""
    bins = [(min(int(row["confidence"] / BIN), round(1 / BIN) - 1), label) for label, row in labelled]
    return [{"confidence": round(number * BIN, 2), "label": "yes" if label else "no",
             "records": bins.count((number, label))} for number, label in sorted(set(bins))]


def flow(found: Tally) -> list[Figures]:
    """What each step did with the records that reached it; the part that went on is the next step's whole."""
    left = found.total()
    result = []
    for by, step in (("parse", "upstream status"), ("dedup", "duplicates"), ("rule", "rules"), ("llm", "LLM")):
        for (who, verdict), n in sorted(found.deciders.items()):
            if who == by:
                result.append({"step": step, "outcome": NAMED.get((by, verdict), verdict), "records": n})
                left -= n
        if left:
            result.append({"step": step, "outcome": "went on", "records": left})
    return result


def outcomes(found: Tally) -> list[Figures]:
    """Records by source and verdict. DVC pastes them into a script of its page as they are: no name may end that."""
    result: Counter[tuple[str, str]] = Counter()
    for source, deciders in found.sources.items():
        name = source.replace("<", "‹")
        for (by, verdict), n in deciders.items():
            result[name, NAMED.get((by, verdict), verdict)] += n
    return [{"source": name, "outcome": outcome, "records": n} for (name, outcome), n in sorted(result.items()) if n]


def printable(name: str) -> str:
    """A name from the data in a line: what can't be seen, or steers a terminal, is spelled out."""
    return "".join(sign if sign.isprintable() else f"U+{ord(sign):04X}" for sign in name)


def nothing_to_rate(metrics: Figures, verdict: str = "kept", by: str = "") -> str:
    """Why a rate of what was decided so has no value: nothing was, or nothing of it is labelled."""
    there = any(row["records"] and row["verdict"] == verdict and by in (row["by"], "") for row in metrics["verdicts"])
    return "no labels" if there else f"none {verdict}{by and f' by {by}'}"


def not_exported(metrics: Figures) -> str:
    """How many kept records the safety passes of export left out, and by which: `72 (licence 70, short 2)`, or ``."""
    dropped: dict[str, int] = next((row["dropped"] for row in metrics["stages"] if row["stage"] == "export"), {})
    passes = {name: n for name, n in dropped.items() if name not in ("rule", "llm", *SET_ASIDE)}
    total = f"{sum(passes.values()):,}"
    return f"{total} ({', '.join(f'{name} {n:,}' for name, n in sorted(passes.items()))})" if passes else ""


def left_out_in_words(files: Sequence[Row]) -> str:
    """The files that parse left out, in a line."""
    total = sum(file["records"] for file in files)
    named = [f"{file['source']}: {file['reason']}" for file in files[:FEW]]
    more = [f"{len(files) - FEW:,} more"] if len(files) > FEW else []
    return printable(f"{len(files):,} file{'s' * (len(files) > 1)}, {total:,} record{'s' * (total != 1)} "
                     f"({'; '.join(named + more)})")


def calls_saved(thresholds: Row) -> list[Figures]:
    """Share of LLM calls saved against the target for both promises, and where the run is (if its targets are one)."""
    points = [point | {"kind": "curve"} for point in thresholds.get("curve") or []]
    target = thresholds.get("target_precision")
    if target is not None and target == thresholds.get("target_recall"):
        points.append({"target": target, "calls_saved": thresholds["calls_saved"], "kind": "run"})
    return points


def report_folder(scored_dir: Path, verdicts_dir: Path, counts_dir: Path, labels_dir: Path, thresholds: Path,
                  output_dir: Path, plots_dir: Path) -> Figures:
    """Write metrics.json into `output_dir` and the plots' data; returns the metrics.

    Raises InputError where counts don't balance or a stage's output is missing.
    """
    counts = {path.stem: records.load_json(path, *records.COUNTED) for path in sorted(counts_dir.glob("[!.]*.json"))}
    lost = left_out(counts.get("parse", {}))
    found = tally(rows(scored_dir, verdicts_dir), labels_dir, lost)
    check_balance(counts, found.decided())
    limits = records.load_json(thresholds, "mode", "accept", "reject")
    figures = metrics(found, counts, limits) | ({"left_out": lost} if lost else {})
    with records.output_folder(plots_dir, also=PLOTS) as folder:
        plots(found, limits, folder)
    records.save_json(output_dir / "metrics.json", figures)
    return figures


def fingerprint(run_dir: Path) -> str:
    """Which metrics.json a page belongs to."""
    return hashlib.sha256((run_dir / "metrics.json").read_bytes()).hexdigest()


def performance(folder: Path, output: Path) -> None:
    """Gather the stages' own measurements (seconds, MB, records a second) into one file."""
    records.save_json(output, {path.stem: records.load_json(path, "seconds", "peak_memory_mb")
                               for path in sorted(folder.glob("[!.]*.json"))})
