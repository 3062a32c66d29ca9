"""How good decisions are on labelled records: rates with exact intervals, F1, AUC and calibration error."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cybersieve import bounds

Figures = dict[str, Any]
BINS = 10


def rate(hits: int, of: int) -> Figures:
    """A rate with its two-sided 95 % Clopper-Pearson interval and its counts [hits, of]; null where nothing was tried.

    Interval and counts are lists because `dvc metrics diff` shows scalars only: one line a rate.
    """
    if of == 0:
        return {"value": None, "interval": None, "counts": [0, 0]}
    return {"value": round(hits / of, 4), "interval": [round(x, 4) for x in bounds.interval(hits, of)],
            "counts": [hits, of]}


def confusion(labels: Sequence[int], kept: Sequence[bool]) -> tuple[int, int, int, int]:
    """True positives, false positives, false negatives, true negatives."""
    truth, said = np.asarray(labels, dtype=bool), np.asarray(kept, dtype=bool)
    return (int((truth & said).sum()), int((~truth & said).sum()), int((truth & ~said).sum()),
            int((~truth & ~said).sum()))


def decisions(labels: Sequence[int], kept: Sequence[bool]) -> Figures:
    """Precision, recall and F1 of the kept set, each with a 95 % interval; the counts tell the errors."""
    tp, fp, fn, tn = confusion(labels, kept)
    return {"n": tp + fp + fn + tn, "precision": rate(tp, tp + fp), "recall": rate(tp, tp + fn),
            "f1": f1_interval(tp, fp, fn)}


def f1_interval(tp: int, fp: int, fn: int) -> Figures:
    """F1 with a 95 % interval: it is 2 r / (1 + r) of r, the share of true positives among all that are one or kept.

    So it has that rate's Clopper-Pearson interval; a bootstrap would be sure of an F1 of 1 after nine records.
    """
    of = tp + fp + fn
    if of == 0:
        return {"value": None, "interval": None}
    return {"value": round(2 * tp / (tp + of), 4),
            "interval": [round(2 * x / (1 + x), 4) for x in bounds.interval(tp, of)]}


def auc(labels: Sequence[int], scores: Sequence[float]) -> float | None:
    """Area under the ROC curve: how often a positive outranks a negative, ties counting half (Mann-Whitney)."""
    truth, values = np.asarray(labels, dtype=bool), np.asarray(scores, dtype=float)
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if positives == 0 or negatives == 0:
        return None
    _, where, sizes = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[where]
    wins = float(ranks[truth].sum()) - positives * (positives + 1) / 2
    return round(wins / (positives * negatives), 4)


def reliability(labels: Sequence[int], probabilities: Sequence[float]) -> list[Figures]:
    """Mean probability against share of positives, in at most BINS bins of about equal numbers of records.

    Equal probabilities share a bin, so that the order of the records does not matter.
    """
    said, truth = np.asarray(probabilities, dtype=float), np.asarray(labels, dtype=float)
    below = np.searchsorted(np.sort(said), said)  # how many records have a smaller probability
    bin_of = below * BINS // len(said)
    return [{"said": round(float(said[part].mean()), 4), "true": round(float(truth[part].mean()), 4),
             "n": int(part.sum())} for part in (bin_of == number for number in np.unique(bin_of))]


def calibration_error(labels: Sequence[int], probabilities: Sequence[float]) -> float | None:
    """Expected calibration error over equal-mass bins (Naeini et al. 2015)."""
    curve = reliability(labels, probabilities)
    if not curve:
        return None
    error: float = sum(part["n"] * abs(part["said"] - part["true"]) for part in curve) / len(labels)
    return round(error, 4)


def precision_recall_curve(labels: Sequence[int], scores: Sequence[float]) -> list[Figures]:
    """Precision and recall of keeping everything at or above each score, from the highest score down."""
    truth, values = np.asarray(labels, dtype=int), np.asarray(scores, dtype=float)
    if not truth.sum():
        return []
    order = np.argsort(-values, kind="stable")
    hits = np.cumsum(truth[order])
    last_of_ties = np.flatnonzero(np.append(np.diff(values[order]) != 0, True))
    return [{"precision": round(float(hits[i] / (i + 1)), 4), "recall": round(float(hits[i] / hits[-1]), 4),
             "threshold": round(float(values[order][i]), 4)} for i in last_of_ties]
