"""Bands of confidence that rules may decide alone: which thresholds are tested, in what order, and which pass.

A record is kept by rule if its confidence >= accept, rejected by rule if <= reject, and else the LLM is asked.

Certified (Learn then Test, Angelopoulos et al. 2021, with fixed-sequence testing): candidate thresholds are fixed by
the confidences of all records alone, before a label is looked at. The labels then test them in that order, from
narrow bands to wide ones, and the last one before the first failure is taken. A test is an exact binomial tail at
delta/2, one for each promise:
(a) of the records kept by rule that can be decided, at least target_precision are right;
(b) of all records that belong in the corpus, at most 1 - target_recall are rejected by rule.
Each holds with probability >= 1 - delta/2 over the draw of the labels, both with >= 1 - delta, whatever the corpus
and the rules. Undecided labels (u) take no part.
Bands may be narrowed again (`ask_share`), which keeps both promises: where rules are unsure the LLM knows better.
"""

from bisect import bisect_left
from collections.abc import Iterable
from functools import cache
from itertools import takewhile
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cybersieve import bounds
from cybersieve.params import Calibrate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STEPS = 200  # candidates a band: every half per cent of the records
DOUBT, LEAST_WRONG, LIKELY = 2, 0.2, 0.95  # see _likely: the second of what the target allows
FINE, RATIO = 0.02, 1.1  # below this share of the records in this ratio: at rare positives a half per cent is much


class Bands(NamedTuple):
    """The thresholds that passed; None where no band did."""

    accept: float | None
    reject: float | None


def labels_for(rate: float, alpha: float, errors: int = 1) -> int | None:
    """The fewest labels at which that many errors still pass; None where the rate is 1, which nothing can prove."""
    def passes(n: int) -> bool:
        return bounds.tail_at_least(n - errors, n, rate) <= alpha

    if rate >= 1:
        return None
    most = errors + 1
    while not passes(most):
        most *= 2
    return bisect_left(range(most), True, key=passes)


def candidates(confidences: Floats, labelled: int, target: float, alpha: float) -> tuple[Floats, Floats]:
    """The thresholds to test, in order: for accept falling, for reject rising. No label is looked at.

    Accept starts at the narrowest band that is likely to pass: a narrower one would be failed by an error or two that
    this one bears. Where none is likely to, it starts where so many labels are expected that one error passes.
    """
    ordered = np.sort(confidences)
    first = min(1.0, (labels_for(target, alpha) or 1) / max(labelled, 1))
    even = np.arange(1, STEPS + 1) / STEPS
    finer = FINE / RATIO ** np.arange(log(FINE * len(ordered), RATIO), 0, -1)
    shares = np.append(finer, even[even >= FINE])
    at = np.ceil(shares * len(ordered)).astype(int) - 1
    surest = ordered[::-1]
    wrong = (1 - surest).cumsum()[at] / (at + 1)  # by the confidences, of the records in each band
    tested = np.flatnonzero(shares >= first)
    start = next((i for i in tested if _likely(int(labelled * shares[i]), wrong[i], target, alpha)), tested[0])
    return _distinct(surest[at[start:]]), _distinct(ordered[at])


def _likely(labelled: int, wrong: float, target: float, alpha: float) -> bool:
    """Is a band with so many labels likely to pass, though the rules err in twice the share that they expect?"""
    wrong = max(DOUBT * wrong, LEAST_WRONG * (1 - target))
    if wrong >= 1 - target:
        return False
    borne = bisect_left(range(int(labelled * (1 - target)) + 1), True,
                        key=lambda errors: bounds.tail_at_least(labelled - errors, labelled, target) > alpha) - 1
    return bounds.tail_at_least(labelled - borne, labelled, 1 - wrong) >= LIKELY


def _distinct(thresholds: Floats) -> Floats:
    result: Floats = thresholds[np.append(True, np.diff(thresholds) != 0)]
    return result


def certify(confidences: Floats, truth: Ints, falling: Floats, rising: Floats, settings: Calibrate) -> Bands:
    """The widest bands that pass and do not overlap. `confidences` and `truth` (0 or 1) are of the labelled records."""
    return apart(*proven(confidences, truth, falling, rising, settings), rising)


def proven(confidences: Floats, truth: Ints, falling: Floats, rising: Floats, settings: Calibrate) -> Bands:
    """The widest bands that pass in sequence, each by itself: they may overlap."""
    order = np.argsort(confidences)
    ordered, right_below = confidences[order], np.append(0, np.cumsum(truth[order]))
    labelled, positives = len(truth), int(truth.sum())

    @cache
    def passes(right: int, of: int, rate: float) -> bool:
        return bounds.tail_at_least(right, of, rate) <= settings.delta / 2

    below = np.searchsorted(ordered, falling, side="left")
    kept = zip((positives - right_below[below]).tolist(), (labelled - below).tolist(), strict=True)
    accept = _passed((passes(right, of, settings.target_precision) for right, of in kept), falling)
    spared = positives - right_below[np.searchsorted(ordered, rising, side="right")]
    reject = _passed((passes(right, positives, settings.target_recall) for right in spared.tolist()), rising)
    return Bands(accept, reject)


def _passed(tests: Iterable[bool], thresholds: Floats) -> float | None:
    """The last threshold before the first failure."""
    count = sum(1 for _ in takewhile(bool, tests))
    return float(thresholds[count - 1]) if count else None


def apart(accept: float | None, reject: float | None, rising: Floats) -> Bands:
    """Where the bands would overlap reject gives way: fewer rejections lose no more positives."""
    if accept is not None and reject is not None and reject >= accept:
        below = rising[rising < accept]
        reject = float(below[-1]) if len(below) else None
    return Bands(accept, reject)


def widened(bands: Bands, confidences: Floats, share: float, falling: Floats, rising: Floats) -> Bands:
    """Bands (they may overlap) narrowed, the least sure records first, until about `share` of all are asked about.

    A record is as sure as the side that decides it: its confidence where it is kept, the rest to 1 where rejected.
    Both promises still hold: accept is one of the candidates, `falling`, and those before the last that passed have
    passed, too; fewer rejections lose no more positives. Above the first candidate nothing was tested, so accept
    stays there even if that asks about fewer. Bands that ask about more stay as they are.
    """
    accept, reject = bands
    if asked := int(share * len(confidences)):
        kept = confidences >= (np.inf if accept is None else accept)
        rejected = confidences <= (-np.inf if reject is None else reject)
        sureness = np.maximum(np.where(kept, confidences, -1), np.where(rejected, 1 - confidences, -1))  # -1: asked
        last = min(asked, len(sureness) - 1)
        sure = round(float(np.partition(sureness, last)[last]), 6)  # confidences have 6 decimals
        if accept is not None and sure > accept:
            accept = float(falling[falling >= sure][-1]) if falling[0] >= sure else float(falling[0])
        reject = None if reject is None else min(reject, round(1 - sure, 6))
    return apart(accept, reject, rising)


def estimate(confidences: Floats, truth: Ints, weights: Floats, rising: Floats, settings: Calibrate) -> Bands:
    """The widest bands whose weighted estimates meet the targets: no proof, for labels that are no uniform sample.

    They may overlap. A band rests on as many labels as would prove its target were they uniform and none an error: on
    those kept, or the positive ones. Labels of unequal weight count as so many equal ones (Kish 1965).
    """
    def share(part: NDArray[np.bool_], of: NDArray[np.bool_]) -> float:
        return round(float(weights[part & of].sum() / weights[of].sum()), 9)  # what is just met is met

    def enough(of: NDArray[np.bool_], target: float) -> bool:
        least, squares = labels_for(target, settings.delta / 2, errors=0), float((weights[of] ** 2).sum())
        return least is not None and squares > 0 and round(float(weights[of].sum()) ** 2 / squares, 6) >= least

    accept = [t for t in rising if enough(confidences >= t, settings.target_precision)
              and share(truth == 1, confidences >= t) >= settings.target_precision]
    reject = [t for t in rising if enough(truth == 1, settings.target_recall)
              and share(confidences > t, truth == 1) >= settings.target_recall]
    return Bands(float(min(accept)) if accept else None, float(max(reject)) if reject else None)
