"""From margins to probabilities: Platt scaling, and the posterior of margin and rules' log-odds together."""

from collections.abc import Sequence
from math import log
from typing import TypeGuard

import numpy as np

RIDGE = 1e-3  # keeps weights finite where the classes can be told apart without an error
ROUNDS = 100  # of Newton's method at most
MOST = 1e300  # what counts as a finite number is less
ENOUGH = 20  # texts of a source and an answer, from which on they count like any other
FITTED = {"platt": ("a", "b"), "posterior": ("margin", "log_odds", "bias")}  # of calibration.json, each may be null


def fault(tree: object) -> str:
    """What keeps the content of a calibration.json from being used; empty where nothing does."""
    if not isinstance(tree, dict):
        return "is no object"
    for name, numbers in FITTED.items():
        found = tree.get(name)
        known = isinstance(found, dict) and all(is_finite(found.get(number)) for number in numbers)
        if found is not None and not known:
            return f"{name} wants the numbers {', '.join(numbers)}, and is {found}"
    return ""


def is_number(value: object) -> TypeGuard[float]:
    """Is it a number of JSON's? It may be larger than any float."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_finite(value: object) -> TypeGuard[float]:
    return is_number(value) and abs(value) < MOST


def logistic(features: np.ndarray, labels: Sequence[int], weights: Sequence[float] | None = None) -> list[float]:
    """Coefficients of a logistic regression, the bias last; `features` is (rows, n). Newton's method, ridge 1e-3.

    Labels are drawn in to (n₊+1)/(n₊+2) and 1/(n₋+2), which keeps small samples from overconfidence (Platt 1999).
    """
    truth = np.asarray(labels, dtype=np.float64)
    positives, negatives = truth.sum(), (1 - truth).sum()
    target = np.where(truth > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    each = np.ones_like(truth) if weights is None else np.asarray(weights, dtype=np.float64)
    x = np.column_stack([np.asarray(features, dtype=np.float64).reshape(len(truth), -1), np.ones(len(truth))])
    penalty = np.full(x.shape[1], RIDGE)
    penalty[-1] = 0.0
    w = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -500, 500)))
        gradient = x.T @ (each * (p - target)) + penalty * w
        hessian = (x * (each * p * (1 - p))[:, None]).T @ x + np.diag(penalty + 1e-9)
        step = np.linalg.solve(hessian, gradient)
        w = w - step * min(1.0, 10.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return [float(value) for value in w]


def platt(margins: Sequence[float], labels: Sequence[int], groups: Sequence[str] | None = None,
          prior: float = 0.5) -> dict[str, float]:
    """{a, b} of p_yes = 1 / (1 + exp(-(a · margin + b))). With `groups` (sources), each counts the same,
    and so do both answers within each: one threshold then serves sources large and small, rich and poor.
    What a source has fewer than ENOUGH texts of counts for less, or three texts would shift all.

    So p_yes holds where every other text is a yes; where a share `prior` is, the log-odds shift by logit(prior)
    (Saerens, Latinne, Decaestecker 2002). Without `groups` the labels' own share holds, and `prior` must be left."""
    if groups is None and prior != 0.5:
        raise ValueError("a prior needs groups")
    weights = None
    if groups is not None:
        cells = list(zip(groups, labels, strict=True))
        sizes = {cell: cells.count(cell) for cell in set(cells)}
        share = {cell: min(1.0, size / ENOUGH) for cell, size in sizes.items()}
        weights = [len(cells) / sum(share.values()) * share[cell] / sizes[cell] for cell in cells]
    a, b = logistic(np.asarray(margins, dtype=np.float64), labels, weights)
    return {"a": round(a, 5), "b": round(b + log(prior / (1 - prior)), 5)}


def posterior(margins: Sequence[float], log_odds: Sequence[float], labels: Sequence[int]) -> dict[str, float]:
    """{margin, log_odds, bias}: what each adds to the log-odds that a record belongs, given both."""
    margin, rules, bias = logistic(np.column_stack([margins, log_odds]), labels)
    return {"margin": round(margin, 5), "log_odds": round(rules, 5), "bias": round(bias, 5)}


def probability(margins: Sequence[float], scaling: dict[str, float]) -> np.ndarray:
    z = scaling["a"] * np.asarray(margins, dtype=np.float64) + scaling["b"]
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))
