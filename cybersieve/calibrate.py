"""Thresholds: which confidences the rules decide alone, and what that is proven to cost.

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

Not covered: what the LLM decides, and other corpora than the one the labels were drawn from. Where a file or folder
has fewer or more labels than chance gives to one of its size, the corpus is such another one, and nothing is certified;
what grew by less than the labels can tell goes unseen. Nor covered: labelling until a band passes; decide first how
many labels to draw.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import takewhile
from math import floor, log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cybersieve import bounds, certificate, cli, labels, params, records
from cybersieve.errors import InputError
from cybersieve.params import Calibrate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Figures = dict[str, Any]
STEPS = 200  # candidates a band: every half per cent of the records
FINE, RATIO = 0.02, 1.1  # below this share of the records in this ratio: at rare positives a half per cent is much
ROOM = 4 / 3  # at 1 perfect rules fail by chance: what is tested first would be all that is positive
CURVE = (0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.99)  # targets for the plot of target against calls saved
COVERED = 0.9  # share of the records in files with labels, from which on estimates by file are worth something
STRANGERS = 0.1  # share of labels of no record from which on a warning says so


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
    return bisect_left(range(most), True, lo=errors + 1, key=passes)


def candidates(confidences: Floats, labelled: int, target: float, alpha: float) -> tuple[Floats, Floats]:
    """The thresholds to test, in order: for accept falling, for reject rising. No label is looked at.

    Accept starts where so many of the labels are expected above it that one error would still pass: narrower bands
    could hardly pass whatever they hold.
    """
    ordered = np.sort(confidences)
    if not len(ordered):
        return ordered, ordered
    first = min(1.0, (labels_for(target, alpha) or 1) / max(labelled, 1))
    even = np.arange(1, STEPS + 1) / STEPS
    finer = FINE / RATIO ** np.arange(max(log(FINE * len(ordered), RATIO), 0), 0, -1)
    shares = np.append(finer, even[even >= FINE])
    at = np.ceil(shares * len(ordered)).astype(int) - 1
    falling = ordered[::-1][at[shares >= first]]
    return _distinct(falling), _distinct(ordered[at])


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
        return float(weights[part & of].sum() / weights[of].sum())

    def enough(of: NDArray[np.bool_], target: float) -> bool:
        least, squares = labels_for(target, settings.delta / 2, errors=0), float((weights[of] ** 2).sum())
        return least is not None and squares > 0 and round(float(weights[of].sum()) ** 2 / squares, 6) >= least

    accept = [t for t in rising if enough(confidences >= t, settings.target_precision)
              and share(truth == 1, confidences >= t) >= settings.target_precision]
    reject = [t for t in rising if enough(truth == 1, settings.target_recall)
              and share(confidences <= t, truth == 1) <= 1 - settings.target_recall]
    return Bands(float(min(accept)) if accept else None, float(max(reject)) if reject else None)


def calibrate_folder(scored_dir: Path, labels_dir: Path, settings: Calibrate) -> Figures:
    """The content of thresholds.json for a scored folder.

    Without a label on any record of the corpus: accept and reject of the settings, and no certificate.
    Raises ParamsError: calibrate.reject is not below calibrate.accept. Raises InputError: a label is of two records.
    """
    by_hand = Bands(settings.accept, settings.reject)
    params.check_calibrate(settings)
    if settings.mode == "fixed":
        _warn_of_labels(labels_dir)
        return {"mode": "fixed"} | _shares(by_hand, _read(scored_dir, set()).confidences)
    uniform, by_file = labels.uniform_half(labels_dir, "thresholds"), labels.by_file(labels_dir)
    scored = _read(scored_dir, {*uniform, *by_file})
    drawn = [key for key in scored.found if key in uniform]
    skewed = labels.skewed(scored.sizes, [scored.sources[key] for key in drawn])
    certain = not skewed and any(uniform[key] is not None for key in drawn)
    estimated = not certain and scored.covered([key for key in scored.found if key in by_file]) >= COVERED
    known = by_file if estimated else uniform
    strangers = sorted(known.keys() - scored.there)
    if scored.found and len(strangers) >= max(STRANGERS * len(known), 1):
        cli.warn(certificate.ELSEWHERE.format(len(strangers), len(known), ",".join(strangers[0])))
    found = sorted(known.keys() & scored.found.keys())
    decided = {key: value for key in found if (value := known[key]) is not None}
    said, truth = np.array([scored.found[key] for key in decided]), np.array(list(decided.values()), dtype=np.int64)
    figures = {"target_precision": settings.target_precision, "target_recall": settings.target_recall,
               "delta": settings.delta, "labels": len(decided), "labels_positive": int(truth.sum()),
               "labels_undecided": len(found) - len(decided),
               "labels_without_confidence": len(known.keys() - scored.found.keys())}
    if certain:
        return _certified(scored.confidences, said, truth, figures, settings)
    unequal = [(unit, scored.share([unit]), n) for unit, n in skewed.items()]
    reason = certificate.skewed(len(drawn), unequal) if skewed else None
    if decided and estimated:
        there = Counter(scored.sources[key] for key in found)  # undecided ones, too: each stands for as many records
        own = [scored.sources[key] for key in decided]
        weights = np.array([scored.sizes[source] / there[source] for source in own])
        return _estimated(scored.confidences, said, truth, weights, figures, reason, settings)
    needed = labels_needed(truth[:0], settings, expected(scored.confidences))  # other corpora's labels say nothing
    told = [certificate.by_hand(reason, bool(scored.found)), certificate.drawing(needed, 0, len(scored.confidences))]
    if unread := labels.unread(labels_dir):
        told.insert(1, certificate.UNREAD.format(", ".join(unread)))
    cli.warn(" ".join(told))
    return {"mode": "uncertified"} | _shares(by_hand, scored.confidences) | figures | {
        "labels_needed": needed, "certificate": told}


def _warn_of_labels(labels_dir: Path) -> None:
    """Labels that set no thresholds may be broken, but the report will want them: that is told before the LLM works."""
    try:
        labels.by_file(labels_dir)
    except InputError as error:
        cli.warn(f"{error} (no label sets thresholds where calibrate.mode is fixed, but the report wants them)")


def _certified(confidences: Floats, said: Floats, truth: Ints, figures: Figures, settings: Calibrate) -> Figures:
    falling, rising = candidates(confidences, len(truth), settings.target_precision, settings.delta / 2)
    passed = proven(said, truth, falling, rising, settings)
    bands = widened(passed, confidences, settings.ask_share, falling, rising)
    result: Figures = {"mode": "certified"} | _shares(bands, confidences) | figures
    result |= evidence(said, truth, result, settings)
    result["labels_needed"] = labels_needed(truth, settings, expected(confidences))
    told = certificate.words(result, passed, settings)
    if None in passed and result["asked"]:
        cli.warn(" ".join(told))
    return result | {"certificate": told} | curves(confidences, said, truth, settings)


def _estimated(confidences: Floats, said: Floats, truth: Ints, weights: Floats, figures: Figures, reason: str | None,
               settings: Calibrate) -> Figures:
    _, rising = candidates(confidences, len(truth), settings.target_precision, settings.delta / 2)
    met = estimate(said, truth, weights, rising, settings)
    bands = widened(met, confidences, settings.ask_share, rising[::-1], rising)
    result: Figures = {"mode": "estimated"} | _shares(bands, confidences) | figures
    result["labels_needed"] = labels_needed(truth, settings, expected(confidences))
    told = certificate.estimates(result, met, reason)
    if len(told) > 1:
        cli.warn(" ".join(told))
    return result | {"certificate": told}


class _Scored(NamedTuple):
    """What calibrate wants of a scored folder."""

    confidences: Floats  # of all records
    there: set[labels.Key]  # the wanted records that there are, with a confidence or without
    found: dict[labels.Key, float]  # their confidences
    sources: dict[labels.Key, str]  # the files that these are in
    sizes: dict[str, int]  # records of each file

    def share(self, units: Iterable[str]) -> float:
        """Share of the records that are in files, or folders (`a/`)."""
        wanted = set(units)
        inside = sum(size for source, size in self.sizes.items() if not wanted.isdisjoint(labels.units(source)))
        return inside / max(len(self.confidences), 1)

    def covered(self, drawn: Iterable[labels.Key]) -> float:
        """Share of the records that are in files with one of the labelled records."""
        return self.share({self.sources[key] for key in drawn})


def _read(scored_dir: Path, wanted: set[labels.Key]) -> _Scored:
    """Raises InputError where a label may be of either of two records."""
    parts: list[Floats] = []
    there: set[labels.Key] = set()
    found: dict[labels.Key, float] = {}
    sources: dict[labels.Key, str] = {}
    sizes: dict[str, int] = {}
    for shard in records.shards(scored_dir):
        values = []
        for row in records.read(shard.path, ["id", "source", "confidence"]):
            if (key := labels.key(row["source"], row["id"])) in wanted:
                there.add(key)
            if row["confidence"] is not None:
                values.append(row["confidence"])
                if key in wanted:
                    if key in found:
                        raise labels.ambiguous(sources[key], row["source"], key[1])
                    found[key], sources[key] = row["confidence"], row["source"]
        parts.append(np.array(values, dtype=float))
        sizes[shard.source] = len(values)
    return _Scored(np.concatenate(parts), there, found, sources, sizes)


def _shares(bands: Bands, confidences: Floats) -> Figures:
    """What the thresholds do to all records."""
    kept = 0 if bands.accept is None else int((confidences >= bands.accept).sum())
    rejected = 0 if bands.reject is None else int((confidences <= bands.reject).sum())
    total = len(confidences)
    asked = total - kept - rejected
    return {"accept": bands.accept, "reject": bands.reject, "records": total, "kept_by_rule": kept,
            "rejected_by_rule": rejected, "asked": asked, "asked_share": round(asked / max(total, 1), 4),
            "calls_saved": round(1 - asked / max(total, 1), 4) if total else 0.0}


def evidence(said: Floats, truth: Ints, found: Figures, settings: Calibrate) -> Figures:
    """What the labels show of the bands found. A bound is Clopper-Pearson's at delta/2 for that threshold by itself.

    It is None for a band without a record to show anything of.
    """
    alpha = settings.delta / 2
    accepted = said >= (np.inf if found["accept"] is None else found["accept"])
    rejected = said <= (-np.inf if found["reject"] is None else found["reject"])
    kept, right, positives = int(accepted.sum()), int(truth[accepted].sum()), int(truth.sum())
    spared = positives - int(truth[rejected].sum())
    return {"accepted_labels": kept, "accepted_wrong": kept - right,
            "precision_at_least": _down(bounds.lower(right, kept, alpha)) if kept else None,
            "positives_lost": positives - spared,
            "recall_at_least": _down(bounds.lower(spared, positives, alpha)) if found["rejected_by_rule"] else None}


def _down(bound: float) -> float:
    """4 decimals of a lower bound, never more than it is."""
    return floor(bound * 10_000) / 10_000


def expected(confidences: Floats) -> float:
    """The share of records that belong, as far as the rules can tell before there are labels: their mean confidence."""
    return max(float(confidences.mean()), 1 / len(confidences)) if len(confidences) else 0.5


def labels_needed(truth: Ints, settings: Calibrate, share: float = 0.5) -> int | None:
    """About how many decided uniform labels certified bands need, where the rules make hardly an error.

    One error is to be allowed among the labels accepted, and one among the positive ones, and the first band tested to
    be narrower than the positives by ROOM; the share of positives is taken from the labels, or `share` if they are few.
    """
    wanted = [labels_for(rate, settings.delta / 2) for rate in (settings.target_precision, settings.target_recall)]
    share = (float(truth.sum()) + 1) / (len(truth) + 2) if len(truth) >= 20 else share
    return None if None in wanted else int(np.ceil(ROOM * max(n for n in wanted if n is not None) / share))


def curves(confidences: Floats, said: Floats, truth: Ints, settings: Calibrate) -> dict[str, list[Figures]]:
    """Share of LLM calls saved if both targets were one of CURVE: with the same labels and ask_share, and with none."""
    result: dict[str, list[Figures]] = {"curve": [], "curve_of_rules": []}
    for target in CURVE:
        wanted = replace(settings, target_precision=target, target_recall=target)
        falling, rising = candidates(confidences, len(truth), target, settings.delta / 2)
        passed = proven(said, truth, falling, rising, wanted)
        for points, share in zip(result.values(), (settings.ask_share, 0), strict=True):
            bands = widened(passed, confidences, share, falling, rising)
            points.append({"target": target, "calls_saved": _shares(bands, confidences)["calls_saved"]})
    return result
