"""Thresholds: which confidences the rules decide alone, and what that is proven to cost (bands.py says how).

Not covered: what the LLM decides, and other corpora than the one the labels were drawn from. Where a file or folder
has fewer or more labels than chance gives to one of its size, or the labels other confidences than the records, the
corpus is such another one, and nothing is certified; what grew by less than the labels can tell goes unseen. Nor
covered: labelling until a band passes; decide first how many labels to draw.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import floor, log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cybersieve import bounds, certificate, cli, labels, params, records
from cybersieve.bands import Bands, Floats, Ints, candidates, estimate, labels_for, proven, widened
from cybersieve.errors import InputError
from cybersieve.params import Calibrate

Figures = dict[str, Any]
ROOM = 4 / 3  # at 1 perfect rules fail by chance: what is tested first would be all that is positive
CURVE = (0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.99)  # targets for the plot of target against calls saved
COVERED = 0.9  # share of the records in files with labels, from which on estimates by file are worth something


def calibrate_folder(scored_dir: Path, labels_dir: Path, settings: Calibrate) -> Figures:
    """The content of thresholds.json for a scored folder.

    Without a label on any record of the corpus: accept and reject of the settings, and no certificate.
    Raises ParamsError: calibrate.reject is not below calibrate.accept. Raises InputError: a label is of two records.
    """
    by_hand = Bands(settings.accept, settings.reject)
    params.check_calibrate(settings)
    if settings.mode == "fixed":
        return {"mode": "fixed"} | _shares(by_hand, _read_at_least(scored_dir, labels_dir).confidences)
    uniform, by_file = labels.uniform_half(labels_dir, "thresholds"), labels.by_file(labels_dir)
    scored = _read(scored_dir, labels.every(labels_dir))
    drawn = [key for key in scored.found if key in uniform]
    skewed = labels.skewed(scored.sizes, [scored.sources[key] for key in drawn])
    uneven = None if skewed else unevenly(scored.confidences, np.array([scored.found[key] for key in drawn]))
    certain = not skewed and uneven is None and any(uniform[key] is not None for key in drawn)
    estimated = not certain and scored.covered([key for key in scored.found if key in by_file]) >= COVERED
    known = by_file if estimated else uniform
    if scored.confidences.size and (strange := labels.elsewhere(known.keys(), scored.there, "thresholds")):
        cli.warn(strange)
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
    reason = certificate.skewed(len(drawn), unequal, uneven)
    figures |= {"labels_refused": True} if reason else {}
    if decided and estimated:
        there = Counter(scored.sources[key] for key in found)  # undecided ones, too: each stands for as many records
        own = [scored.sources[key] for key in decided]
        weights = np.array([scored.sizes[source] / there[source] for source in own])
        return _estimated(scored.confidences, said, truth, weights, figures, reason, settings)
    needed = labels_needed(truth[:0], settings, expected(scored.confidences))  # other corpora's labels say nothing
    total, told = len(scored.confidences), [certificate.NOTHING_LEFT]
    if total:
        labelled = not scored.found.keys().isdisjoint(uniform.keys() | by_file.keys())
        told = [certificate.by_hand(reason, labelled), *certificate.one_kind(figures),
                certificate.drawing(needed, 0, total)]
        if unread := labels.unread(labels_dir):
            told.insert(1, certificate.UNREAD.format(", ".join(unread)))
    cli.warn(" ".join(told))
    return {"mode": "uncertified"} | _shares(by_hand, scored.confidences) | figures | {
        "labels_needed": needed, "certificate": told}


def _read_at_least(scored_dir: Path, labels_dir: Path) -> "_Scored":
    """Labels that set no thresholds may be broken, but the report will want them: that is told before the LLM works."""
    try:
        return _read(scored_dir, labels.every(labels_dir))
    except InputError as error:
        cli.warn(f"{error} (no label sets thresholds where calibrate.mode is fixed, but the report wants them)")
        return _read(scored_dir, set())


def _certified(confidences: Floats, said: Floats, truth: Ints, figures: Figures, settings: Calibrate) -> Figures:
    falling, rising = candidates(confidences, len(truth), settings.target_precision, settings.delta / 2)
    passed = proven(said, truth, falling, rising, settings)
    bands = widened(passed, confidences, settings.ask_share, falling, rising)
    result: Figures = {"mode": "certified"} | _shares(bands, confidences) | figures
    result |= evidence(said, truth, result, settings)
    result["labels_needed"] = labels_needed(truth, settings, expected(confidences))
    first = said >= falling[0]
    told = certificate.sentences(result, passed, (int(first.sum()), int((1 - truth[first]).sum())), settings)
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


def unevenly(confidences: Floats, drawn: Floats) -> tuple[float, float, float] | None:
    """Where the confidences of labels are not those of a uniform sample: the one up to which the share of the records
    and that of the labels differ most, and the two shares. None where chance may do that.

    A gap of g has a probability of 2 exp(-2 n g^2) at most, however the confidences are distributed (Massart 1990).
    """
    if not len(drawn):
        return None
    there = np.unique(confidences)
    all_, labelled = (np.searchsorted(np.sort(part), there, side="right") / len(part) for part in (confidences, drawn))
    at = int(np.abs(all_ - labelled).argmax())
    odd = 2 * len(drawn) * (all_[at] - labelled[at]) ** 2 > log(2 / labels.UNLIKELY)
    return (float(there[at]), float(all_[at]), float(labelled[at])) if odd else None


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
