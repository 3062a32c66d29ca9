"""Fit the weights of rules and sources on labelled text: L2-regularised logistic regression with monotone classes.

Evidence for never gets a negative weight, evidence against never a positive one, so every number in rules.yaml can
be read on its own. Weights are shrunk towards what their author expected (a rule's `prior`, else its category's), not
towards zero: a word that the labelled texts happen not to hold keeps its meaning on texts that do. The sum is then
calibrated on texts that did not set it (Platt 1999, on out-of-fold log-odds) by scaling the numbers themselves, so
that confidence stays the logistic of their sum. What a source adds is fitted last, on out-of-fold log-odds of text.

Needs scikit-learn (requirements_fit.txt); a run of the pipeline does not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack
from sklearn.model_selection import StratifiedKFold

from cybersieve import quality
from cybersieve.rules import Rulebook

Floats = NDArray[np.float64]
Bounds = Sequence[tuple[float | None, float | None]]
L2_RULES = 8.0  # what agreed best with texts of sources left out, of 1 to 32 (docs/rules.md)
FOLDS = 5
L2_SILENT = 0.03  # a text, so that it does not depend on how many there are: the same, of 0.03 to 0.12
L2_SOURCES = 0.25  # what predicted left-out labels best, of 0.1 to 2 (docs/rules.md)


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text."""

    title: str
    text: str
    label: int  # 1 belongs in the corpus, 0 does not
    group: str  # what is left out together to see how weights do elsewhere: a file of texts, or "labels"
    source: str = ""  # base name of the source whose weight it may teach; empty: none


@dataclass(frozen=True, slots=True)
class Fitted:
    weights: Floats  # one a rule, in the rulebook's order
    bias: float
    silent: float  # what is added where no rule of a category for hits
    sources: dict[str, float]
    figures: dict[str, Any]  # quality on texts not fitted on: cross-validated, and by group left out


def hit_matrix(book: Rulebook, texts: Sequence[tuple[str, str]]) -> csr_matrix:
    """One row a (title, text), one column a rule: 1 where it hits."""
    hits = [book.hits(title, text) for title, text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(found) for found in hits], dtype=np.int64)])
    columns = np.fromiter((i for found in hits for i in found), dtype=np.int64, count=int(offsets[-1]))
    return csr_matrix((np.ones(len(columns)), columns, offsets), shape=(len(hits), len(book.rules)))


def logistic(x: csr_matrix, truth: Floats, l2: float | Floats, bounds: Bounds, prior: Floats,
             known: Floats | None = None, bias: bool = True) -> tuple[Floats, float]:
    """Weights and bias of a logistic regression with bounds on the weights.

    Minimises log-loss + l2/2 x |weights - prior|^2 (l2: one for all, or one a weight); `known` are log-odds given
    beforehand, one a row; the bias is not penalised (and stays 0 where `bias` is false).
    """
    start = np.zeros(len(truth)) if known is None else known

    def loss(theta: Floats) -> tuple[float, Floats]:
        z = start + x @ theta[:-1] + theta[-1]
        away, miss = theta[:-1] - prior, 1 / (1 + np.exp(-np.clip(z, -500, 500))) - truth
        value = float((np.logaddexp(0, z) - truth * z).sum() + (l2 * away) @ away / 2)
        return value, np.append(x.T @ miss + l2 * away, miss.sum())

    found = minimize(loss, np.append(prior, 0.0), jac=True, method="L-BFGS-B", options={"maxiter": 2000},
                     bounds=[*bounds, (None, None) if bias else (0, 0)])
    return found.x[:-1], float(found.x[-1])


def platt(log_odds: Floats, truth: Floats) -> tuple[float, float]:
    """Slope and offset that turn log-odds into calibrated ones; the slope is kept positive."""
    slope, offset = logistic(csr_matrix(log_odds[:, None]), truth, 1e-3, [(0.05, None)], np.ones(1))
    return float(slope[0]), offset


def fit(book: Rulebook, examples: Sequence[Example]) -> Fitted:
    """Weights, bias and source weights, and how good they are on texts that they were not fitted on.

    Raises ValueError: fewer than FOLDS examples of a label.
    """
    x = hit_matrix(book, [(example.title, example.text) for example in examples])
    truth = np.array([example.label for example in examples], dtype=float)
    groups = [example.group for example in examples]
    expected = [book.categories[rule.category] for rule in book.rules]
    bounds = [(0 if value > 0 else None, 0 if value < 0 else None) for value in expected]
    prior = np.array([rule.prior for rule in book.rules])
    silent = x @ (np.array(expected) > 0).astype(float) == 0
    x = hstack([x, csr_matrix(silent[:, None].astype(float))], format="csr")  # `silent` as one more rule, the last
    bounds, prior = [*bounds, (None, 0)], np.append(prior, 0.0)

    def learned(rows: NDArray[np.int64]) -> tuple[Floats, float]:
        l2 = np.append(np.full(len(book.rules), L2_RULES), L2_SILENT * len(rows))
        return logistic(x[rows], truth[rows], l2, bounds, prior)

    def log_odds(train: NDArray[np.int64], test: NDArray[np.int64]) -> Floats:
        weights, bias = learned(train)
        return np.asarray(x[test] @ weights + bias)

    def out_of_fold(rows: NDArray[np.int64]) -> Floats:
        found = np.zeros(len(rows))
        for train, test in _folds(truth[rows]):
            found[test] = log_odds(rows[train], rows[test])
        return found

    def elsewhere(others: NDArray[np.bool_]) -> Floats:  # what a fit on the others alone says of the rest
        rows = np.flatnonzero(others)
        a, b = platt(out_of_fold(rows), truth[rows])
        return a * log_odds(rows, np.flatnonzero(~others)) + b

    raw = out_of_fold(np.arange(len(truth)))
    slope, offset = platt(raw, truth)
    weights, bias = learned(np.arange(len(truth)))

    held_out = np.zeros(len(truth))  # each fold calibrated by the others
    for train, test in _folds(truth):
        a, b = platt(raw[train], truth[train])
        held_out[test] = a * raw[test] + b
    sources = [example.source for example in examples]
    left = {name: np.array([group != name for group in groups]) for name in sorted(set(groups))}  # the others
    figures = {
        "texts": len(truth), "positive": int(truth.sum()), "rules": len(book.rules), "l2": L2_RULES, "folds": FOLDS,
        "cross_validated": _quality(truth, held_out),
        "cross_validated_by_group": {name: _quality(truth[~others], held_out[~others])
                                     for name, others in left.items()},
        "group_left_out": {name: _quality(truth[~others], elsewhere(others)) for name, others in left.items()
                           if min(truth[others].sum(), (1 - truth[others]).sum()) >= FOLDS},
        "with_source_cross_validated": _with_sources(truth, held_out, sources),
    }
    return Fitted(slope * weights[:-1], slope * bias + offset, float(slope * weights[-1]),
                  source_weights(truth, held_out, sources), figures)


def source_weights(truth: Floats, log_odds: Floats, sources: Sequence[str]) -> dict[str, float]:
    """What the source adds to the text's own log-odds: one weight a source, shrunk towards zero by few labels."""
    names = sorted(set(sources) - {""})
    rows = np.flatnonzero([source != "" for source in sources])
    if not names:
        return {}
    columns = [names.index(sources[int(row)]) for row in rows]
    x = csr_matrix((np.ones(len(rows)), (np.arange(len(rows)), columns)), shape=(len(rows), len(names)))
    weights, _ = logistic(x, truth[rows], L2_SOURCES, [(None, None)] * len(names), np.zeros(len(names)),
                          known=log_odds[rows], bias=False)
    return {name: float(weight) for name, weight in zip(names, weights, strict=True)}


def _with_sources(truth: Floats, log_odds: Floats, sources: Sequence[str]) -> dict[str, Any] | None:
    """Quality of text and source together on the labelled records, sources fitted on the other folds."""
    rows = np.flatnonzero([source != "" for source in sources])
    if min(truth[rows].sum(), (1 - truth[rows]).sum()) < FOLDS:
        return None
    known, said = [sources[int(row)] for row in rows], np.zeros(len(rows))
    for train, test in _folds(truth[rows]):
        learned = source_weights(truth[rows[train]], log_odds[rows[train]], [known[int(i)] for i in train])
        said[test] = log_odds[rows[test]] + np.array([learned.get(known[int(i)], 0.0) for i in test])
    return _quality(truth[rows], said)


def _folds(truth: Floats) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Train and test rows, stratified by label; the order is fixed."""
    if min(truth.sum(), (1 - truth).sum()) < FOLDS:
        raise ValueError(f"{FOLDS} folds need at least {FOLDS} examples of each label")
    yield from StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(np.zeros(len(truth)), truth)


def _quality(truth: Floats, log_odds: Floats) -> dict[str, Any]:
    labels = truth.astype(int).tolist()
    said = 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))
    decided = quality.decisions(labels, (said >= 0.5).tolist())
    return {"n": len(labels), "auc": quality.auc(labels, said.tolist()),
            **{name: decided[name]["value"] for name in ("precision", "recall", "f1")},
            "calibration_error": quality.calibration_error(labels, said.tolist()),
            "reliability": quality.reliability(labels, said.tolist())}
