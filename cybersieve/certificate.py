"""What calibrate has proven, or why nothing, in sentences for people."""

from collections.abc import Sequence
from typing import Any

from cybersieve import labels
from cybersieve.params import Calibrate

NONE_UNIFORM = "Nothing is certified: no decided uniform label for thresholds is of this corpus."
ESTIMATED = (f"The thresholds rest on estimates from {labels.STRATIFIED}, weighted by the files' sizes as if each "
             "file's labels were drawn by chance (those of the uncertain queue were not); draw uniform ones with "
             "cybersieve sample-labels.")
FEW = "The estimates rest on {} decided labels, fewer than the {} or so that would do for a certificate."
EMPTY = "No record is {} by rule: the labels there are too few, or too unequal in weight, or the rules err too much."
NO_LABELS = ("Nothing is certified: no label that may set thresholds is of a record of this corpus. The "
             "thresholds are calibrate.accept and calibrate.reject, as far as the rules' confidence can be trusted on "
             "texts that they were not fitted on.")
UNCOVERED = ("Nothing is certified, and nothing estimated: the labels of this corpus are no decided ones of a uniform "
             "sample, nor of files with nine tenths of its records. The thresholds are calibrate.accept and "
             "calibrate.reject; draw uniform ones with cybersieve sample-labels.")
SKEWED = ("Nothing is certified: the labels were not drawn from this corpus as it is. Chance would not spread {} "
          "uniform labels like this: {}.")
NOTHING_LEFT = "No record is left to decide: parse and dedup set all of them aside. Nothing is certified."
BY_HAND = "The thresholds are calibrate.accept and calibrate.reject; draw on, or anew, with cybersieve sample-labels."
NAMED = 3  # files and folders that a sentence names
UNREAD = f"Not read are {{}}: only {labels.UNIFORM} and {labels.STRATIFIED} are."
ONE_KIND = "Every decided label that may set thresholds is {}: were records left out that {}?"
NO_NUMBER = "No number of labels proves a target of 1."
INSTEAD = "With calibrate.mode: fixed, calibrate.accept and calibrate.reject decide instead, unproven."


def percent(share: float) -> str:
    """A share that is promised, not rounded to more (.9876 is no 98.8 %)."""
    return f"{100 * share:.10g}%"


def sentences(found: dict[str, Any], passed: tuple[float | None, float | None], surest: tuple[int, int],
              settings: Calibrate) -> list[str]:
    """The certificate in sentences.

    `passed`: accept and reject before they were narrowed and set apart. `surest`: how many labels the first band tested
    for accept has, and how many of these are wrong.
    """
    precision, loss = percent(settings.target_precision), percent(1 - settings.target_recall)
    chance = f"with probability {percent(1 - settings.delta / 2)} over the draw of the labels"
    erred = found["accept"] is None and surest[0] <= found["labels_positive"] and surest[1] > 1
    if found["accept"] is None:
        kept = f"No record is kept by rule: {found['labels']} decided labels prove no band of precision {precision}."
        if erred:
            kept += f" Of the {surest[0]} that the rules are surest of, {surest[1]} are wrong."
    else:
        kept = (f"Of the {found['kept_by_rule']:,} records kept by rule (confidence {found['accept']} or more) at "
                f"least {precision} of those that can be decided are right, {chance}: of {found['accepted_labels']} "
                f"labelled ones {found['accepted_wrong']} are wrong.")
    if not found["rejected_by_rule"] and (passed[1] is not None or not found["asked"]):
        rejected = f"No record is rejected by rule: all are kept{' or asked about' if found['asked'] else ''}."
    elif found["reject"] is None:
        rejected = (f"No record is rejected by rule: {found['labels_positive']} positive labels prove no band that "
                    f"loses at most {loss} of the positives.")
    else:
        rejected = (f"Rejecting {found['rejected_by_rule']:,} records by rule (confidence {found['reject']} or less) "
                    f"loses at most {loss} of the records that belong, {chance}: of {found['labels_positive']} "
                    f"labelled ones {found['positives_lost']} are lost.")
    lines = [kept, rejected, f"The LLM is asked about {found['asked']:,} of {found['records']:,} records: "
                             f"{found['calls_saved']:.1%} of its calls are saved."]
    if found["labels_undecided"]:
        lines.append(f"{found['labels_undecided']} labelled records that can't be decided take no part in this.")
    if None in passed and found["asked"]:
        lines += [*one_kind(found), INSTEAD, drawing(found["labels_needed"], found["labels"], found["records"], erred)]
    return lines


def estimates(found: dict[str, Any], met: tuple[float | None, float | None], reason: str | None) -> list[str]:
    """What is to be said of estimates. `met`: accept and reject before they were narrowed and set apart."""
    needed, lines = found["labels_needed"], [f"{reason or NONE_UNIFORM} {ESTIMATED}"]
    if needed is None:
        lines.append(NO_NUMBER)
    elif found["labels"] < needed:
        lines.append(FEW.format(found["labels"], needed))
    lines += one_kind(found)
    if None in met and found["asked"]:
        empty = [name for name, band in zip(("kept", "rejected"), met, strict=True) if band is None]
        lines += [EMPTY.format(" or ".join(empty)), INSTEAD]
    return lines


def one_kind(found: dict[str, Any]) -> list[str]:
    """What is to be said of labels that are all alike."""
    if not found["labels"] or found["labels_positive"] not in (0, found["labels"]):
        return []
    return [ONE_KIND.format(*(1, "do not belong") if found["labels_positive"] else (0, "belong"))]


def by_hand(reason: str | None, labelled: bool) -> str:
    """Why the settings decide: the uniform labels' `reason`, or else for want of labels, or of any."""
    return f"{reason} {BY_HAND}" if reason else UNCOVERED if labelled else NO_LABELS


def skewed(labelled: int, units: Sequence[tuple[str, float, int]],
           uneven: tuple[float, float, float] | None = None) -> str | None:
    """Why labels are no uniform sample; None where they may be one.

    `units`: file or folder, its share of the records, its labels. `uneven`: a confidence, the share of the records that
    have it or less, and that of the labels.
    """
    named = [f"{unit}, with {share:.0%} of the records, has {n or 'none'}" for unit, share, n in units[:NAMED]]
    named += [f"and {len(units) - NAMED} more are as unlikely"] if len(units) > NAMED else []
    if uneven:
        named.append("a confidence of {:g} or less have {:.0%} of the records and {:.0%} of the labels".format(*uneven))
    return SKEWED.format(labelled, "; ".join(named)) if named else None


def drawing(needed: int | None, labelled: int, total: int, erred: bool = False) -> str:
    """What an empty band wants: as many labels as are needed, if they are what is wanting and the corpus has them.

    A few more are not enough where the rules `erred` in a band that would have passed.
    """
    if needed is None:
        return NO_NUMBER
    if labelled < needed and 2 * needed > total:
        return (f"About {needed} decided uniform labels would be needed for this use, more than half of all {total} "
                "records: lower targets want fewer.")
    if labelled >= needed or erred:
        return (f"About {needed} labels would do if the rules erred less: twice as many may bear the errors, rules "
                "of your own may help, a second labeller where it is labels that are wrong, or lower targets.")
    more = f", {labelled} are there" if labelled else ""
    return (f"About {needed} decided uniform labels are needed for this use{more} (cybersieve sample-labels "
            f"-n {2 * (needed - labelled)}: half of them set thresholds, the others are for the report).")
