"""The model card of an adapter, written from what the training run recorded: nothing in it is typed in."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cybersieve import calibration, quality

WAYS = {"source": "adapter trained without that source", "part": "adapter trained without that part of the texts",
        "held back": "this adapter, texts held back from it", "checked": "this adapter, records never learned"}


def figures(rows: Sequence[dict[str, Any]], scaling: dict[str, float]) -> list[dict[str, Any]]:
    """AUC, precision, recall, F1 at p_yes 0.5 and calibration error, by how and on which source it was measured."""
    result = []
    for kind in WAYS:
        for source in sorted({one["source"] for one in rows if one["by"] == kind}):
            part = [one for one in rows if one["by"] == kind and one["source"] == source]
            truth, margins = [one["label"] for one in part], [one["margin"] for one in part]
            said = calibration.probability(margins, scaling)
            found = quality.decisions(truth, (said >= 0.5).tolist())
            result.append({"by": kind, "source": source, "n": len(part), "positives": int(np.sum(truth)),
                           "auc": quality.auc(truth, margins), "precision": found["precision"]["value"],
                           "recall": found["recall"]["value"], "f1": found["f1"]["value"],
                           "calibration_error": quality.calibration_error(truth, said.tolist())})
    return result


def steps(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of all steps that led to an adapter, the first one first; none where nothing is recorded."""
    runs = [facts] if facts else []
    while runs and "before" in runs[0]:
        runs.insert(0, runs[0]["before"])
    return runs


def text(facts: dict[str, Any], scaling: dict[str, Any], figures: list[dict[str, Any]]) -> str:
    """README.md of the adapter's folder, Markdown."""
    runs = steps(facts)
    lines = [
        "---", "library_name: mlx", "license: apache-2.0", "tags: [lora, text-classification, cybersecurity]", "---",
        f"# Adapter of {facts['model']}: is this text about cybersecurity?", "",
        "LoRA weights for mlx-lm, written by `python -m cybersieve adapt`. The base model answers ` Yes` or ` No`",
        "after the layout in verifier.json; calibration.json turns the margin, logit(Yes) - logit(No), into a",
        "probability.", "",
        *(line for number, run in enumerate(runs) for line in _step(run, number)),
        "## Data", "",
        *(line for number, run in enumerate(runs, 1) if "consistent" not in run for line in _tables(run, number)),
        "Copies made of a text (shortened, injected) are counted. Records with a uniform label, and texts that read",
        "the same as one, are not among them. No text is contained in the weights' files; sources keep their licences.",
        "",
        "## Figures", "", "At p_yes 0.5; n texts, of which some are positive.", "",
        "| measured on | how | n | positive | AUC | P | R | F1 | calibration error |",
        "|---|---|---|---|---|---|---|---|---|",
        *(f"| {f['source']} | {WAYS[f['by']]} | {f['n']} | {f['positives']} | {_(f['auc'])} | {_(f['precision'])} | "
          f"{_(f['recall'])} | {_(f['f1'])} | {_(f['calibration_error'])} |" for f in figures), "",
        f"Probability: 1 / (1 + exp(-({scaling['platt']['a']} · margin + {scaling['platt']['b']}))), fitted on "
        f"{scaling['fitted_on']['n']} texts ({WAYS[scaling['fitted_on']['by']]}), for a share of yes of "
        f"{scaling['fitted_on']['prior']}.", "",
        "## Licence", "", "Apache-2.0, as the base model.", ""]
    return "\n".join(lines)


def _step(run: dict[str, Any], before: int) -> list[str]:
    """What was learned in one step, after `before` others."""
    if "consistent" in run:
        return [f"{before + 1}. {run['consistent']} of the texts, their beginnings, and these with injections (of "
                "kinds marked `train`), all with the adapter's own answer to the text alone. The weights are the mean "
                f"of those before and after. {_run(run)}", ""]
    if "mean_from_step" in run:
        share = "" if run.get("share", 0.5) == 0.5 else f", the later one's share being {run['share']}"
        if run.get("by_products"):
            return [f"{before + 1}. The mean of what the steps to {run['mean_from_step']} and those to {before} changed"
                    f"{share}, cut back to rank {run['settings']['rank']}.", ""]
        return [f"{before + 1}. The mean of the weights after steps {run['mean_from_step']} and {before}{share}.", ""]
    if "mean_with" in run:
        return [f"{before + 1}. The mean of what the steps before changed and of another adapter's changes, the "
                f"other's share being {run['share']}, cut back to rank {run['settings']['rank']}. Its steps:", "",
                *(f"    {line}".rstrip() for n, one in enumerate(steps(run["mean_with"])) for line in _step(one, n))]
    return [f"{before + 1}. Labelled texts. {_run(run)}", ""]


def _tables(run: dict[str, Any], step: int) -> list[str]:
    """What a step was learned from; nothing for the mean of two steps, the other adapter's tables for one with it."""
    if "mean_from_step" in run:
        return []
    if "mean_with" in run:
        return [line for n, one in enumerate(steps(run["mean_with"]), 1)
                if not one.keys() & {"consistent", "mean_from_step", "mean_with"}
                for line in _table(one, f"the other adapter's step {n}")]
    return _table(run, f"step {step}")


def _table(run: dict[str, Any], step: str) -> list[str]:
    return [f"| source ({step}) | yes | no |", "|---|---|---|",
            *(f"| {name} | {row.get('yes', 0)} | {row.get('no', 0)} |" for name, row in run["table"].items()), ""]


def _run(facts: dict[str, Any]) -> str:
    s = facts["settings"]
    return (f"Rank {s['rank']}, scale {s['scale']}, layers {s['layers'] or 'all'}, {', '.join(s['keys'])}; "
            f"AdamW {s['learning_rate']}, {s['epochs']} epochs, batches of {s['batch_size']}, label smoothing "
            f"{s['smoothing']}, seeds {', '.join(map(str, facts['seeds']))}.")


def _(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
