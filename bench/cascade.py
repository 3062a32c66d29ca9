"""LLM calls that certified thresholds save, against the target that they guarantee; no LLM is needed for it.

On the sample corpus the labels of the thresholds' half set the thresholds and those of the report's half say what came
of the promise; of the gold sets (where they are at hand) half of the labels, drawn by a hash, do the one and the others
the other. Beside them the averages that BARGAIN and SUPG publish for their own data sets and their own promises.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench import common
from bench.common import GOLD, ROOT, Figures
from cybersieve import bands, labels, params, records, rules

TARGETS = (0.75, 0.80, 0.85, 0.90, 0.95, 0.96, 0.97)
PUBLISHED = {"BARGAIN": {0.75: 0.78, 0.80: 0.76, 0.85: 0.71, 0.90: 0.65, 0.95: 0.55},
             "SUPG": {0.75: 0.53, 0.80: 0.48, 0.85: 0.39, 0.90: 0.35, 0.95: 0.32}}
Scored = tuple[float, int]  # confidence and label


def measured(run: Path) -> Figures:
    """Every corpus at hand by name, the published averages last."""
    everything = [row["confidence"] for shard in records.shards(run / "scored")
                  for row in records.read(shard.path, ["confidence"]) if row["confidence"] is not None]
    halves = [[(row["confidence"], row["label"]) for row in common.labelled(
        run, labels.uniform_half(ROOT / "labels", use), decided_only=False).rows if row["confidence"] is not None]
        for use in ("thresholds", "report")]
    found = {"sample corpus": points(everything, *halves)}
    for name in ("arxiv", "debian"):
        path = GOLD / f"{name}.jsonl"
        if path.exists():
            one, other = gold(path)
            found[f"gold, {name}"] = points([said for said, _ in one + other], one, other)
    return {"ours": found, "published": {name: {str(target): value for target, value in values.items()}
                                         for name, values in PUBLISHED.items()}}


def gold(path: Path) -> tuple[list[Scored], list[Scored]]:
    """Confidence of the texts by themselves (no source is known), halved by a hash of the text."""
    book = rules.load(ROOT / "rules.yaml")
    halves: tuple[list[Scored], list[Scored]] = ([], [])
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["label"] is not None:
            which = hashlib.sha256(row["text"].encode()).digest()[0] % 2
            halves[which].append((book.judge("", row["text"]).confidence, row["label"]))
    return halves


def points(everything: Sequence[float], one: Sequence[Scored], other: Sequence[Scored]) -> Figures:
    """For every target as precision and as recall: calls saved, and both rates among the other labels."""
    settings = params.load(ROOT / "params.yaml").calibrate
    confidences = np.array(everything)
    said, truth = np.array([value for value, _ in one]), np.array([label for _, label in one])
    held, right = np.array([value for value, _ in other]), np.array([label for _, label in other])
    result = []
    for target in TARGETS:
        wanted = replace(settings, target_precision=target, target_recall=target)
        falling, rising = bands.candidates(confidences, len(truth), target, settings.delta / 2)
        found = bands.certify(said, truth, falling, rising, wanted)
        kept = np.zeros(len(held), bool) if found.accept is None else held >= found.accept
        lost = np.zeros(len(held), bool) if found.reject is None else held <= found.reject
        asked = sum((found.accept is None or value < found.accept) and (found.reject is None or value > found.reject)
                    for value in everything)
        result.append({"target": target, "calls_saved": round(1 - asked / len(everything), 4),
                       "kept_right": [int(right[kept].sum()), int(kept.sum())],
                       "lost": [int(right[lost].sum()), int(right.sum())]})
    return {"records": len(everything), "labels": len(one), "checked_on": len(other), "points": result}
