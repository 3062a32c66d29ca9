"""Thresholds: the certificate holds over many draws of labels, and says so when labels are too few."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cybersieve import bands, bounds, calibrate, certificate, labels, records
from cybersieve.errors import InputError, ParamsError
from cybersieve.params import Calibrate

SETTINGS = Calibrate(mode="certified", target_precision=0.9, target_recall=0.9, delta=0.1, accept=0.9, reject=0.1,
                     ask_share=0.0)


def population(shape: str, n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Confidences and truth of a corpus: calibrated, overconfident, full of ties, of rare positives, plainly wrong."""
    draw = np.random.default_rng(7)
    confidences = draw.beta(0.6, 0.4, n)
    if shape == "rare":
        confidences = np.where(np.arange(n) < n / 80, draw.beta(9, 1, n), draw.beta(0.02, 5, n))
    if shape == "ties":
        confidences = np.round(confidences * 4) / 4
    chance = {"overconfident": 0.5 + (confidences - 0.5) * 0.75, "useless": np.full(n, 0.6)}.get(shape, confidences)
    return confidences, (draw.random(n) < chance).astype(np.int64)


@pytest.mark.parametrize("shape, labelled", [("calibrated", 200), ("overconfident", 200), ("ties", 200),
                                             ("rare", 10_000), ("useless", 200)])
def test_targets_are_missed_in_at_most_delta_of_1000_draws(shape: str, labelled: int) -> None:
    confidences, truth = population(shape, max(20_000, 5 * labelled))
    draw, missed = np.random.default_rng(11), {"precision": 0, "recall": 0, "either": 0}
    falling, rising = bands.candidates(confidences, labelled, SETTINGS.target_precision, SETTINGS.delta / 2)
    taken = 0
    for _ in range(1000):
        sample = draw.choice(len(truth), labelled, replace=False)
        accept, reject = bands.certify(confidences[sample], truth[sample], falling, rising, SETTINGS)
        kept = confidences >= (2 if accept is None else accept)
        lost = (confidences <= (-1 if reject is None else reject)) & (truth == 1)
        poor = bool(kept.any()) and truth[kept].mean() < SETTINGS.target_precision
        lossy = lost.sum() / truth.sum() > 1 - SETTINGS.target_recall
        taken += accept is not None or reject is not None
        missed["precision"], missed["recall"] = missed["precision"] + poor, missed["recall"] + lossy
        missed["either"] += poor or lossy
    for name, rate in (("precision", 0.05), ("recall", 0.05), ("either", 0.1)):
        assert bounds.tail_at_least(missed[name], 1000, rate) > 0.001, f"{shape}: {name} missed {missed[name]} times"
    assert taken > 500 or shape == "useless"  # or the promise would be kept by promising nothing


@pytest.mark.parametrize("labelled", [600, 1200])
def test_a_few_errors_among_the_surest_do_not_empty_the_band(labelled: int) -> None:
    settings = replace(SETTINGS, target_precision=0.95, target_recall=0.95, delta=0.05)
    draw = np.random.default_rng(5)
    confidences = draw.beta(0.1, 0.08, 20_000)
    chance = np.minimum(confidences, 0.985)
    falling, rising = bands.candidates(confidences, labelled, settings.target_precision, settings.delta / 2)
    found = 0
    for _ in range(100):
        sample = draw.choice(len(chance), labelled, replace=False)
        truth = (draw.random(labelled) < chance[sample]).astype(np.int64)
        found += bands.certify(confidences[sample], truth, falling, rising, settings).accept is not None
    assert found >= 70  # 37 and 50 where the first band was that in which one error passes


def test_a_sequence_stops_at_its_first_failure() -> None:
    confidences = np.linspace(0, 1, 400)
    truth = (confidences > 0.3).astype(np.int64)
    truth[(confidences > 0.55) & (confidences < 0.6)] = 0  # a stretch of errors; wider bands would pass again
    falling, rising = bands.candidates(confidences, 400, 0.9, 0.05)
    accept, reject = bands.certify(confidences, truth, falling, rising, SETTINGS)
    assert accept is not None and 0.5 < accept < 0.6
    assert reject is not None and 0.3 < reject < accept


def test_labels_for_is_the_fewest_that_pass() -> None:
    for rate, alpha, errors in ((0.9, 0.05, 0), (0.95, 0.025, 1), (0.5, 0.25, 0), (0.999, 5e-7, 3)):
        n = bands.labels_for(rate, alpha, errors)
        assert n is not None and bounds.tail_at_least(n - errors, n, rate) <= alpha
        assert n == errors + 1 or bounds.tail_at_least(n - 1 - errors, n - 1, rate) > alpha
    assert (bands.labels_for(0.9, 0.05, 0), bands.labels_for(1.0, 0.05)) == (29, None)


@pytest.mark.parametrize("shape", ["calibrated", "overconfident", "ties", "useless"])
@pytest.mark.parametrize("labelled", [0, 1, 30, 200, 3000])
def test_bands_are_those_that_counting_label_by_label_gives(shape: str, labelled: int) -> None:
    confidences, truth = population(shape)
    said, right = confidences[:labelled], truth[:labelled]
    falling, rising = bands.candidates(confidences, labelled, 0.9, 0.05)
    kept = [bounds.tail_at_least(int(right[said >= t].sum()), int((said >= t).sum()), 0.9) <= 0.05 for t in falling]
    spared = [bounds.tail_at_least(int(right[said > t].sum()), int(right.sum()), 0.9) <= 0.05 for t in rising]
    wanted = [thresholds[tests.index(False) - 1] if tests[0] else None
              for tests, thresholds in (([*kept, False], falling), ([*spared, False], rising))]
    assert bands.proven(said, right, falling, rising, SETTINGS) == tuple(wanted)


@pytest.mark.parametrize("labelled, passed", [(29, (0.9, 0.1)), (28, (None, None))])
def test_a_label_at_a_threshold_is_kept_or_rejected_by_it(labelled: int,
                                                          passed: tuple[float | None, float | None]) -> None:
    """29 right ones of 29 prove 0.9 at 0.05, 28 do not; all of them lost prove nothing."""
    said, truth = np.full(labelled, 0.9), np.ones(labelled, dtype=np.int64)
    assert bands.proven(said, truth, np.array([0.9]), np.array([0.1, 0.9]), SETTINGS) == passed


def test_curves_from_many_labels_take_no_time() -> None:
    confidences, truth = population("calibrated", 100_000)
    start = time.process_time()
    calibrate.curves(confidences, confidences[:20_000], truth[:20_000], SETTINGS)
    assert time.process_time() - start < 5  # it was a minute


def test_candidates_look_at_no_label_and_keep_order() -> None:
    falling, rising = bands.candidates(np.array([0.1, 0.5, 0.5, 0.9]), 1000, 0.9, 0.05)
    assert falling.tolist() == [0.9, 0.5, 0.1] and rising.tolist() == [0.1, 0.5, 0.9]
    few, _ = bands.candidates(np.linspace(0, 1, 1001), 100, 0.9, 0.05)
    assert few[0] == pytest.approx(1 - 0.46, abs=0.01)  # 46 labels are the fewest with one error allowed


@pytest.mark.parametrize("n", [50, 1000, 3003])
def test_bands_grow_by_a_half_per_cent_of_the_records_and_at_first_by_a_tenth_of_themselves(n: int) -> None:
    falling, rising = bands.candidates(np.arange(n, dtype=float), 0, 0.9, 0.05)
    sizes = rising + 1
    assert sizes[0] <= 2 and sizes[-1] == n and falling.tolist() == [0]
    for small, large in pairwise(sizes):
        assert large <= np.ceil(small * 1.1 + 1 if large < 0.02 * n else small + 0.005 * n)


@pytest.mark.parametrize("labelled", [400, 600])
def test_accept_starts_at_the_narrowest_band_that_is_likely_to_pass(labelled: int) -> None:
    """Likely: in 95 of 100 draws the labels there bear the errors, were these twice as many as the confidences say, and
    at least a fifth of what the target allows. For 400 labels no band is, and one must bear an error."""
    confidences = np.random.default_rng(5).beta(0.1, 0.08, 20_000)
    falling, _ = bands.candidates(confidences, labelled, 0.95, 0.025)
    narrowest_first = -bands.candidates(-confidences, labelled, 0.95, 0.025)[1]

    def bears(threshold: float) -> tuple[bool, bool]:
        band = confidences[confidences >= threshold]
        drawn, wrong = int(labelled * len(band) / len(confidences)), max(2 * (1 - band).mean(), 0.01)
        allowed = range(int(drawn * 0.05))
        borne = [errors for errors in allowed if bounds.tail_at_least(drawn - errors, drawn, 0.95) <= 0.025]
        passes = bounds.tail_at_least(drawn - borne[-1], drawn, 1 - wrong) if borne and wrong < 0.05 else 0
        return len(borne) > 1, passes >= 0.95

    one, likely = zip(*map(bears, narrowest_first), strict=True)
    start = likely.index(True) if labelled == 600 else one.index(True)
    assert start > 0 and any(likely) == (labelled == 600) and falling.tolist() == narrowest_first[start:].tolist()


@pytest.mark.parametrize("shape", ["calibrated", "ties"])
def test_ask_share_narrows_bands_no_further_than_asked_for_and_keeps_to_what_was_tested(shape: str) -> None:
    confidences, truth = population(shape)
    confidences = confidences.round(6)
    falling, rising = bands.candidates(confidences, 400, 0.9, 0.05)
    passed = bands.proven(confidences[:400], truth[:400], falling, rising, SETTINGS)
    narrow = bands.certify(confidences[:400], truth[:400], falling, rising, SETTINGS)
    assert bands.widened(passed, confidences, 0.0, falling, rising) == narrow
    was = calibrate._shares(narrow, confidences)["asked_share"]
    accept, reject = wide = bands.widened(passed, confidences, was + 0.1, falling, rising)
    now = calibrate._shares(wide, confidences)["asked_share"]
    assert accept in falling and accept >= passed.accept and reject <= passed.reject  # type: ignore[operator]
    assert was <= now <= was + 0.11 or shape == "ties"
    assert now > was + 0.08 or shape == "ties"
    everything = bands.widened(passed, confidences, 1.0, falling, rising)
    assert everything.accept == falling[0], "a band narrower than the first candidate was never tested"


@pytest.mark.parametrize("accept, reject", [(0.1, 0.9), (0.1, None), (0.05, 0.02), (0.5, 0.4), (0.45, 0.45)])
def test_bands_that_passed_by_more_never_ask_about_more_than_ask_share(accept: float, reject: float | None) -> None:
    confidences = np.random.default_rng(1).beta(0.8, 0.6, 20_000).round(6)
    falling, rising = bands.candidates(confidences, 400, 0.5, 0.05)
    accept = float(falling[falling >= accept][-1])
    found = bands.widened(bands.Bands(accept, reject), confidences, 0.3, falling, rising)
    assert calibrate._shares(found, confidences)["asked_share"] == pytest.approx(0.3, abs=0.01)


def test_a_record_kept_at_a_low_confidence_is_the_least_sure() -> None:
    confidences = np.linspace(0, 1, 1001).round(6)
    falling, rising = confidences[::-1], confidences
    assert bands.widened(bands.Bands(0.0, None), confidences, 0.2, falling, rising) == (0.2, None)
    assert bands.widened(bands.Bands(None, 1.0), confidences, 0.2, falling, rising) == (None, 0.8)
    assert bands.widened(bands.Bands(None, None), confidences, 0.2, falling, rising) == (None, None)
    assert bands.widened(bands.Bands(0.0, 1.0), confidences, 0.2, falling, rising) == (0.6, 0.4)
    confidences, falling, rising = (found / 1000 for found in (confidences, falling, rising))  # 6 decimals
    assert bands.widened(bands.Bands(0.0, None), confidences, 0.201, falling, rising) == (0.000201, None)
    assert bands.widened(bands.Bands(None, 1.0), confidences, 0.201, falling, rising) == (None, 0.000799)


def test_bands_never_overlap() -> None:
    assert bands.apart(0.4, 0.6, np.array([0.1, 0.3, 0.5])) == (0.4, 0.3)
    assert bands.apart(0.4, 0.4, np.array([0.4, 0.5])) == (0.4, None)


def folder(tmp_path: Path, n: int, uniform: bool = True, labelled: int | None = None) -> tuple[Path, Path]:
    """A scored folder of one file, rules right above 0.5, and labels of its records, or of so many spread over them."""
    row = {"source": "a/feed.json", "rules": [], "score": 0.0}
    rows = [row | {"id": str(i), "confidence": i / n} for i in range(n)]
    rows += [row | {"id": "twin", "confidence": None, "score": None}]
    records.write(tmp_path / "scored" / "a" / "feed.json.parquet", rows, records.SCORED)
    (tmp_path / "labels").mkdir()
    name = labels.UNIFORM if uniform else labels.STRATIFIED
    drawn = range(n) if labelled is None else [i * n // labelled for i in range(labelled)]
    lines = [f"feed.json,{i},{int(i / n > 0.5)}\n" for i in drawn]
    (tmp_path / "labels" / name).write_text("file,id,label\n" + "".join(lines) + "feed.json,twin,1\nother.json,1,0\n")
    return tmp_path / "scored", tmp_path / "labels"


def test_folder_certified(tmp_path: Path) -> None:
    found = calibrate.calibrate_folder(*folder(tmp_path, 400), SETTINGS)
    assert found["mode"] == "certified" and found["records"] == 400 == found["kept_by_rule"] + found[
        "rejected_by_rule"] + found["asked"]
    assert found["accept"] > found["reject"] and found["calls_saved"] > 0.8
    without = [key for key in (("feed.json", "twin"), ("other.json", "1")) if labels.half(key) == "thresholds"]
    assert found["labels_without_confidence"] == len(without) > 0
    assert found["precision_at_least"] >= 0.9 and found["recall_at_least"] >= 0.9
    assert len(found["certificate"]) == 3 and "at least 90% of those that can be decided are right" in found[
        "certificate"][0]
    assert [point["target"] for point in found["curve"]] == list(calibrate.CURVE)


def test_what_labels_show_of_bands_is_counted_by_hand() -> None:
    """20 labels kept, of these 1 wrong; 2 of 22 positives lost: beta quantiles at 0.05 are 0.78389 and 0.74053."""
    said = np.repeat([0.8, 0.9, 0.5, 0.2, 0.1], [1, 19, 1, 2, 8])
    truth = np.array([0, *[1] * 19, 1, 1, 0, 1, *[0] * 7])
    found = {"accept": 0.8, "reject": 0.2, "rejected_by_rule": 300}
    assert calibrate.evidence(said, truth, found, SETTINGS) == {
        "accepted_labels": 20, "accepted_wrong": 1, "precision_at_least": 0.7838, "positives_lost": 2,
        "recall_at_least": 0.7405}
    assert calibrate.evidence(said, truth, {"accept": None, "reject": None, "rejected_by_rule": 0}, SETTINGS) == {
        "accepted_labels": 0, "accepted_wrong": 0, "precision_at_least": None, "positives_lost": 0,
        "recall_at_least": None}


def test_nothing_is_said_of_recall_where_nothing_is_rejected(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 400, labelled=0)
    mine = next(n for n in range(400) if labels.half(("feed.json", str(n))) == "thresholds")
    (folder_of_labels / labels.UNIFORM).write_text(f"file,id,label\nfeed.json,{mine},1\n")
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert (found["mode"], found["labels_positive"], found["rejected_by_rule"]) == ("certified", 1, 0)
    assert found["precision_at_least"] is found["recall_at_least"] is None


def test_no_promise_is_rounded_up(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 20_000)
    settings = replace(SETTINGS, target_precision=0.9876, target_recall=0.98777, delta=1e-6)
    found = calibrate.calibrate_folder(scored, folder_of_labels, settings)
    kept, rejected = found["certificate"][:2]
    assert "at least 98.76% of" in kept and "with probability 99.99995% over" in kept
    assert "loses at most 1.223% of" in rejected
    for bound, right, of in (("precision_at_least", found["accepted_labels"] - found["accepted_wrong"],
                              found["accepted_labels"]),
                             ("recall_at_least", found["labels_positive"] - found["positives_lost"],
                              found["labels_positive"])):
        assert 0 <= bounds.lower(right, of, 5e-7) - found[bound] < 1e-4


@pytest.mark.parametrize("share, said", [(0.95, "95%"), (0.9876, "98.76%"), (1 - 0.9876, "1.24%"), (0.99999, "99.999%"),
                                         (1 - 0.99999, "0.001%"), (1 - 5e-7, "99.99995%"), (1.0, "100%"), (0.0, "0%")])
def test_a_promise_is_printed_as_it_is(share: float, said: str) -> None:
    assert certificate.percent(share) == said


FOUND = {"accept": None, "reject": None, "records": 1000, "kept_by_rule": 0, "rejected_by_rule": 0, "asked": 1000,
         "calls_saved": 0.0, "labels": 200, "labels_positive": 46, "labels_undecided": 0, "labels_needed": 300}


@pytest.mark.parametrize("changed, passed, surest, said", [
    ({}, (None, None), (46, 1), ["labels prove no band of precision 90%.", "46 positive labels prove no band that"]),
    ({}, (None, None), (46, 2), ["Of the 46 that the rules are surest of, 2 are wrong.", "if the rules erred less"]),
    ({}, (None, None), (47, 2), ["decided labels prove no band of precision 90%.", "200 are there"]),
    ({"accept": 0.8, "kept_by_rule": 400, "accepted_labels": 80, "accepted_wrong": 3, "asked": 600}, (0.8, None),
     (46, 2), ["Of the 400 records kept by rule (confidence 0.8 or more)", "of 80 labelled ones 3 are wrong"]),
    ({"accept": 0.1, "kept_by_rule": 1000, "accepted_labels": 200, "accepted_wrong": 3, "asked": 0}, (0.1, None),
     (46, 0), ["No record is rejected by rule: all are kept.", "asked about 0 of 1,000 records"]),
    ({"reject": 0.2, "rejected_by_rule": 300, "positives_lost": 1, "asked": 700}, (None, 0.2), (46, 1),
     ["Rejecting 300 records by rule (confidence 0.2 or less)", "of 46 labelled ones 1 are lost", "200 are there"]),
    ({}, (None, 0.2), (46, 1), ["No record is rejected by rule: all are kept or asked about."]),
    ({"labels_undecided": 7}, (None, None), (46, 1), ["7 labelled records that can't be decided take no part"])])
def test_a_certificate_says_what_was_found_and_no_more(
        changed: dict[str, float], passed: tuple[float | None, float | None], surest: tuple[int, int],
        said: list[str]) -> None:
    found = FOUND | changed
    told = " ".join(certificate.sentences(found, passed, surest, SETTINGS))
    assert all(part in told for part in said), told
    assert ("surest of" in told) == ("surest of" in said[0]) == ("erred less" in told)
    assert ("take no part" in told) == bool(found["labels_undecided"])
    assert ("calibrate.mode: fixed" in told) == bool(found["asked"])


@pytest.mark.parametrize("changed, met, said", [
    ({"labels": 300}, (0.8, 0.2), None), ({"labels": 299}, (0.8, 0.2), "on 299 decided labels, fewer than the 300"),
    ({"labels_needed": None}, (0.8, 0.2), certificate.NO_NUMBER),
    ({"labels": 300}, (None, 0.2), "No record is kept by rule"), ({"labels": 300}, (None, 0.2), certificate.INSTEAD),
    ({"labels": 300}, (0.8, None), "No record is rejected by rule"), ({"labels": 300, "asked": 0}, (0.8, None), None)])
def test_estimates_say_what_they_rest_on_and_which_band_is_empty(
        changed: dict[str, int | None], met: tuple[float | None, float | None], said: str | None) -> None:
    first, *rest = certificate.estimates(FOUND | changed, met, None)
    assert first.startswith(certificate.NONE_UNIFORM) and ((said in " ".join(rest)) if said else not rest)


@pytest.mark.parametrize("needed, labelled, total, erred, said", [
    (100, 0, 200, False, "About 100 decided uniform labels are needed for this use (cybersieve sample-labels -n 200:"),
    (100, 99, 200, False, "are needed for this use, 99 are there (cybersieve sample-labels -n 2:"),
    (100, 99, 200, True, "erred less"), (100, 99, 200, True, "a second labeller where it is labels that are wrong"),
    (100, 99, 199, True, "more than half of all 199 records"), (100, 100, 150, False, "erred less"),
    (None, 100, 150, True, certificate.NO_NUMBER)])
def test_labels_are_advised_that_would_help_and_that_the_corpus_has(
        needed: int | None, labelled: int, total: int, erred: bool, said: str) -> None:
    assert said in certificate.drawing(needed, labelled, total, erred)


def test_too_few_labels_give_empty_bands_and_say_how_many_are_needed(tmp_path: Path,
                                                                     capsys: pytest.CaptureFixture[str]) -> None:
    found = calibrate.calibrate_folder(*folder(tmp_path, 400, labelled=20), SETTINGS)
    assert (found["accept"], found["reject"], found["asked_share"]) == (None, None, 1.0)
    assert found["labels_needed"] == 123 and "About 123 decided uniform labels" in found["certificate"][-1]
    warned = capsys.readouterr().err
    assert warned == f"warning: {' '.join(found['certificate'])}\n"
    assert all(part in warned for part in ("about 400 of 400 records", "About 123", "calibrate.mode: fixed"))


def test_a_corpus_that_is_kept_whole_wants_no_more_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scored, folder_of_labels = folder(tmp_path, 1000)
    path = folder_of_labels / labels.UNIFORM
    all_right = re.sub(r",0$", ",1", path.read_text(), flags=re.MULTILINE)
    path.write_text(all_right.replace("feed.json,7,1", "feed.json,7,0"))
    found = calibrate.calibrate_folder(scored, folder_of_labels, replace(SETTINGS, ask_share=0.0))
    assert (found["kept_by_rule"], found["reject"]) == (1000, None)
    assert found["certificate"][1] == "No record is rejected by rule: all are kept."
    assert len(found["certificate"]) == 3 and not capsys.readouterr().err


def test_a_corpus_without_a_doubtful_record_is_kept_or_asked_about(tmp_path: Path,
                                                                   capsys: pytest.CaptureFixture[str]) -> None:
    scored, folder_of_labels = folder(tmp_path, 1000)
    path = scored / "a/feed.json.parquet"
    rows = [row | {"confidence": 0.5 + int(row["id"]) / 2000} for row in records.read(path) if row["score"] is not None]
    records.write(path, rows, records.SCORED)
    path = folder_of_labels / labels.UNIFORM
    path.write_text(re.sub(r",0$", ",1", path.read_text(), flags=re.MULTILINE))
    found = calibrate.calibrate_folder(scored, folder_of_labels, replace(SETTINGS, ask_share=0.1))
    assert found["asked_share"] == pytest.approx(0.1, abs=0.01) and found["rejected_by_rule"] == 0
    assert found["certificate"][1] == "No record is rejected by rule: all are kept or asked about."
    assert len(found["certificate"]) == 3 and not capsys.readouterr().err


def test_no_more_labels_are_advised_than_the_corpus_has(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 400)
    path = folder_of_labels / labels.UNIFORM
    path.write_text(re.sub(r",1$", ",0", path.read_text(), flags=re.MULTILINE))
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert found["labels_needed"] > 400 and "more than half of all 400 records" in found["certificate"][-1]


def test_where_all_is_set_aside_no_labels_are_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": str(n), "source": "a.json", "rules": [], "score": None, "confidence": None} for n in range(3)]
    records.write(tmp_path / "scored/a.json.parquet", rows, records.SCORED)
    found = calibrate.calibrate_folder(tmp_path / "scored", tmp_path / "none", SETTINGS)
    assert (found["mode"], found["certificate"]) == ("uncertified", [certificate.NOTHING_LEFT])
    assert (found["records"], found["asked"], found["asked_share"], found["calls_saved"]) == (0, 0, 0, 0)
    assert capsys.readouterr().err == f"warning: {certificate.NOTHING_LEFT}\n"


def test_curves_show_what_a_run_would_save_and_what_the_rules_could(tmp_path: Path) -> None:
    settings = replace(SETTINGS, ask_share=0.2)
    scored, folder_of_labels = folder(tmp_path, 1000)
    found = calibrate.calibrate_folder(scored, folder_of_labels, settings)
    run, rules = ({point["target"]: point["calls_saved"] for point in found[name]}
                  for name in ("curve", "curve_of_rules"))
    assert run.keys() == rules.keys() == set(calibrate.CURVE)
    assert run[0.9] == found["calls_saved"] == pytest.approx(0.8, abs=0.01) and rules[0.9] > 0.98
    without = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert without["curve"] == without["curve_of_rules"] == found["curve_of_rules"]


def test_a_point_of_a_curve_is_what_a_run_with_that_target_saves() -> None:
    confidences, truth = population("calibrated")
    said, right = confidences[:1000], truth[:1000]
    counts = {"labels": 1000, "labels_positive": int(right.sum()), "labels_undecided": 0}
    found = calibrate.curves(confidences, said, right, replace(SETTINGS, ask_share=0.7))
    for name, share in (("curve", 0.7), ("curve_of_rules", 0.0)):
        saved = {point["target"]: point["calls_saved"] for point in found[name]}
        for target in (0.8, 0.9):
            settings = replace(SETTINGS, target_precision=target, target_recall=target, ask_share=share)
            run = calibrate._certified(confidences, said, right, counts, settings)
            assert saved[target] == run["calls_saved"]
        assert saved[0.9] < saved[0.8] or share


@pytest.mark.parametrize("wrong", [" feed.json", "a/feed.json", "fed.json"])
def test_many_labels_of_no_record_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    scored, folder_of_labels = folder(tmp_path, 1000)
    path = folder_of_labels / labels.UNIFORM
    rows = path.read_text().splitlines()
    path.write_text("\n".join(rows + [row.replace("feed.json,", f"{wrong},x") for row in rows[1:101]]))
    calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert "of no record" not in capsys.readouterr().err
    path.write_text("\n".join(rows + [row.replace("feed.json,", f"{wrong},x") for row in rows[1:201]]))
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    warned = capsys.readouterr().err
    assert found["mode"] == "certified" and warned.count("\n") == 1
    assert "labels for thresholds are of no record of this corpus" in warned and f"'{wrong},x" in warned
    path.write_text("\n".join([rows[0]] + [row.replace("feed.json,", f"{wrong},x") for row in rows[1:101]]))
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    one, *rest = capsys.readouterr().err.splitlines()
    assert "are of no record" in one and f"'{wrong},x" in one
    assert found["mode"] == "uncertified" and "Nothing is certified" in rest[0]


def test_an_empty_band_that_labels_would_not_fill_says_so(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 1000)
    path = folder_of_labels / labels.UNIFORM
    path.write_text(re.sub(r"(?<=[02468],)[01]$", "0", path.read_text(), flags=re.MULTILINE))
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert found["accept"] is None and found["labels"] > found["labels_needed"]
    assert "if the rules erred less" in found["certificate"][-1]
    found = calibrate.calibrate_folder(scored, folder_of_labels, replace(SETTINGS, target_precision=1.0))
    assert found["labels_needed"] is None and "No number of labels" in found["certificate"][-1]


def test_the_surest_labels_are_those_at_the_first_threshold_too() -> None:
    confidences, said = np.repeat([0.9, 0.1], 500), np.repeat([0.9, 0.1], 50)
    truth = np.repeat([1, 0, 1, 0], [45, 5, 10, 40])
    counts = {"labels": 100, "labels_positive": 55, "labels_undecided": 0}
    found = calibrate._certified(confidences, said, truth, counts, SETTINGS)
    assert "Of the 50 that the rules are surest of, 5 are wrong." in found["certificate"][0]


def test_no_more_labels_are_advised_where_the_rules_err_among_the_surest(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 1000, labelled=0)
    drawn = [n for n in range(1000) if labels.half(("feed.json", str(n))) == "thresholds"][::5]
    rows = [f"feed.json,{n},{int(n > 500 and n not in drawn[-3:])}" for n in drawn]
    (folder_of_labels / labels.UNIFORM).write_text("\n".join(["file,id,label", *rows]))
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert found["accept"] is None and found["labels"] < found["labels_needed"]
    assert found["certificate"][0].endswith("Of the 46 that the rules are surest of, 3 are wrong.")
    assert "if the rules erred less" in found["certificate"][-1]


def test_the_number_of_labels_needed_is_worked_out_by_hand() -> None:
    """At 0.95 and 0.05 one error passes among 93, and a third more are wanted of what belongs: by 20 labels a share of
    (9 + 1) / (20 + 2), by fewer what is expected. The higher target counts."""
    twenty, fewer = (np.repeat([1, 0], [9, zeros]) for zeros in (11, 10))
    for settings in (replace(SETTINGS, target_recall=0.95), replace(SETTINGS, target_precision=0.95)):
        assert calibrate.labels_needed(twenty, settings, 0.25) == 273
        assert calibrate.labels_needed(fewer, settings, 0.25) == 496
    assert calibrate.labels_needed(twenty, replace(SETTINGS, target_recall=1.0)) is None


@pytest.mark.parametrize("prevalence", [0.003, 0.008, 0.1, 0.45, 0.9])
def test_as_many_labels_as_are_said_to_be_needed_do_for_rules_that_do_not_err(prevalence: float) -> None:
    truth = (np.arange(100_000) < 100_000 * prevalence).astype(np.int64)
    confidences = np.where(truth == 1, 0.5, 0.0) + np.random.default_rng(3).random(100_000) / 2
    needed = calibrate.labels_needed(truth, SETTINGS)
    assert needed is not None
    falling, rising = bands.candidates(confidences, needed, SETTINGS.target_precision, SETTINGS.delta / 2)
    draw, proven = np.random.default_rng(5), 0
    for _ in range(40):
        sample = draw.choice(100_000, needed, replace=False)
        proven += None not in bands.certify(confidences[sample], truth[sample], falling, rising, SETTINGS)
    assert proven >= 36


@pytest.mark.parametrize(("low", "high", "needed"), [(0, 1.0, 294), (0, 0.5, 587), (0.9, 1.0, 155), (0, 0, None)])
def test_without_labels_the_scores_tell_how_many_are_needed(tmp_path: Path, low: float, high: float,
                                                            needed: int | None) -> None:
    """294 and 587, twice: README's numbers of labels where half of the records belong, and where a quarter does."""
    rows = [{"id": str(n), "source": "feed.json", "rules": [], "score": 0.0, "confidence": float(confidence)}
            for n, confidence in enumerate(np.linspace(low, high, 4001))]
    records.write(tmp_path / "scored/feed.json.parquet", rows, records.SCORED)
    usual = replace(SETTINGS, target_precision=0.95, target_recall=0.95, delta=0.05)
    found = calibrate.calibrate_folder(tmp_path / "scored", tmp_path / "none", usual)
    assert found["labels_needed"] == needed or (needed is None and "lower targets" in found["certificate"][-1])


def grown(tmp_path: Path, **files: int) -> tuple[Path, Path]:
    """A folder of scored records with labels, and files that came later."""
    scored, folder_of_labels = folder(tmp_path, 2000)
    for name, count in files.items():
        rows = [{"id": str(n), "source": f"own/{name}", "rules": [], "score": 0.0, "confidence": 0.99}
                for n in range(count)]
        records.write(scored / f"own/{name}.parquet", rows, records.SCORED)
    return scored, folder_of_labels


def test_a_corpus_that_has_grown_since_it_was_labelled_is_not_certified(tmp_path: Path,
                                                                       capsys: pytest.CaptureFixture[str]) -> None:
    found = calibrate.calibrate_folder(*grown(tmp_path, forum=1000), SETTINGS)
    assert (found["mode"], found["accept"], found["reject"]) == ("uncertified", SETTINGS.accept, SETTINGS.reject)
    assert "own/, with 33% of the records, has none" in found["certificate"][0]
    assert "own/, with 33% of the records, has none" in capsys.readouterr().err
    assert (found["labels"], found["labels_positive"], found["labels_undecided"]) == (1020, 512, 0)
    said = (999.5 + 990) / 3000  # by the confidences
    assert found["labels_needed"] == calibrate.labels_needed(np.ones(0, dtype=np.int64), SETTINGS, said) == 93, \
        "labels of another corpus say nothing of the share of positives"


def test_estimates_say_that_uniform_labels_are_not_of_this_corpus(tmp_path: Path) -> None:
    scored, folder_of_labels = grown(tmp_path, forum=1000)
    path = folder_of_labels / labels.UNIFORM
    path.write_text(path.read_text().replace("feed.json,19", "elsewhere,19"))
    rows = [f"feed.json,{n},1\n" for n in range(1900, 2000)] + [f"forum,{n},0\n" for n in range(100)]
    (folder_of_labels / labels.STRATIFIED).write_text("file,id,label\n" + "".join(rows))
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert found["mode"] == "estimated" and "own/, with 33% of the records, has none" in found["certificate"][0]


@pytest.mark.parametrize("uniform", [True, False])
def test_undecided_labels_are_counted_where_there_are_no_others(tmp_path: Path, uniform: bool) -> None:
    scored, folder_of_labels = folder(tmp_path, 400, uniform)
    path = next(folder_of_labels.iterdir())
    path.write_text(re.sub(r"[01]$", "u", path.read_text(), flags=re.MULTILINE))
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    mine = sum(labels.half(("feed.json", str(n))) == "thresholds" or not uniform for n in range(400))
    assert (found["mode"], found["labels"], found["labels_undecided"]) == ("uncertified", 0, mine)


def test_a_folder_of_small_files_is_missed_as_one_large_file_would_be(tmp_path: Path) -> None:
    later = {f"f{n}": 5 for n in range(200)}
    assert calibrate.calibrate_folder(*grown(tmp_path, **later), SETTINGS)["mode"] == "uncertified"


@pytest.mark.parametrize("labelled", [1, 2, 5, 100])
def test_a_few_labels_of_what_has_grown_do_not_hide_it(tmp_path: Path, labelled: int) -> None:
    scored, folder_of_labels = grown(tmp_path, forum=1000)
    mine = [n for n in range(1000) if labels.half(("forum", str(n))) == "thresholds"]
    with (folder_of_labels / labels.UNIFORM).open("a") as file:
        file.writelines(f"forum,{n},0\n" for n in mine[:labelled])
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert (found["mode"], found["accept"], found["reject"]) == ("uncertified", SETTINGS.accept, SETTINGS.reject)
    assert f"own/, with 33% of the records, has {labelled}." in found["certificate"][0]


def test_files_too_small_to_miss_labels_show_in_those_that_have_too_many(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 2000)
    for name in map(str, range(500)):
        row = {"id": name, "source": name, "rules": [], "score": 0.0, "confidence": 0.99}
        records.write(scored / f"{name}.parquet", [row], records.SCORED)
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert found["mode"] == "uncertified" and "a/, with 80% of the records, has 1020." in found["certificate"][0]


def test_of_many_files_that_labels_missed_three_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 2000)
    for name in "bcdefghi":
        rows = [{"id": str(n), "source": name, "rules": [], "score": 0.0, "confidence": 0.99} for n in range(500)]
        records.write(scored / f"{name}.parquet", rows, records.SCORED)
    said = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)["certificate"][0]
    assert "b, with 8% of the records, has none; c, with 8% of the records, has none; d, " in said
    assert "; and 5 more are as unlikely." in said and "e, with" not in said
    assert "more" not in certificate.skewed(10, [("b", 0.08, 0)] * 3)


def test_what_labels_may_miss_by_chance_does_not_matter(tmp_path: Path) -> None:
    found = calibrate.calibrate_folder(*grown(tmp_path, small=2), SETTINGS)
    assert found["mode"] == "certified" and "labels_refused" not in found
    many = tmp_path / "many"  # small files: each may be missed, though most are
    scored, folder_of_labels = folder(many, 400, labelled=40)
    path = scored / "a/feed.json.parquet"
    rows = list(records.read(path))
    path.unlink()
    for row in rows:
        source = f"{row['id']}/feed.json"
        records.write(scored / f"{source}.parquet", [row | {"source": source}], records.SCORED)
    assert calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)["mode"] == "certified"


@pytest.mark.parametrize("chosen, told", [
    (lambda n: n > 1000, r"5\d% of the records and [01]% of the labels"),  # those that belong, the others left out
    (lambda n: 900 < n < 1100, r"4\d% of the records and [01]% of the labels"),  # `review --queue uncertain`
    (lambda n: n < 800, r"39% of the records and 100% of the labels"),  # of the file before it grew
])
def test_labels_that_chance_does_not_choose_by_confidence_certify_nothing(
        tmp_path: Path, chosen: Callable[[int], bool], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    scored, folder_of_labels = folder(tmp_path, 2000)
    path = folder_of_labels / labels.UNIFORM
    rows = [f"feed.json,{n},{int(n > 1000)}" for n in filter(chosen, range(2000))]
    path.write_text("\n".join(["file,id,label", *rows[::max(len(rows) // 190, 1)]]))
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert found["mode"] == "uncertified" and found["accept"] == SETTINGS.accept
    assert re.search(told, found["certificate"][0]) and found["certificate"][0] in capsys.readouterr().err
    assert found["labels_refused"] is True


def test_a_uniform_sample_is_seldom_taken_for_another(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    for confidences in (draw.beta(0.2, 0.2, 3000), draw.choice([0.1, 0.3, 0.9], 3000)):
        for size in (5, 60, 600):
            taken = sum(calibrate.unevenly(confidences, draw.choice(confidences, size, replace=False)) is not None
                        for _ in range(500))
            assert bounds.tail_at_least(taken, 500, labels.UNLIKELY) > 1e-4, (size, taken)


def test_labels_by_file_estimate_nothing_of_files_without_any(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 400, uniform=False)
    assert calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)["mode"] == "estimated"
    for later, mode in ((44, "estimated"), (45, "uncertified")):  # nine tenths of the records, and less
        rows = [{"id": str(n), "source": "own/forum", "rules": [], "score": 0.0, "confidence": 0.99}
                for n in range(later)]
        records.write(scored / "own/forum.parquet", rows, records.SCORED)
        found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
        assert found["mode"] == mode
    assert (found["mode"], found["accept"]) == ("uncertified", SETTINGS.accept)
    assert "nor of files with nine tenths" in found["certificate"][0] and found["labels_without_confidence"] == 0


def test_a_corpus_of_which_nothing_is_scored_is_not_certified(tmp_path: Path) -> None:
    row = {"id": "1", "source": "feed.json", "rules": [], "score": None, "confidence": None}
    records.write(tmp_path / "scored/feed.json.parquet", [row], records.SCORED)
    found = calibrate.calibrate_folder(tmp_path / "scored", tmp_path / "none", SETTINGS)
    assert (found["mode"], found["records"]) == ("uncertified", 0)


def test_a_label_that_may_be_of_either_of_two_records_is_named(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scored, folder_of_labels = folder(tmp_path, 400)
    first = next(scored.rglob("*.parquet"))
    rows = [row | {"source": f"again/{row['source']}"} for row in records.read(first)]
    records.write(scored / "again" / first.relative_to(scored), rows, records.SCORED)
    with pytest.raises(InputError, match="both have a record"):
        calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert calibrate.calibrate_folder(scored, folder_of_labels, replace(SETTINGS, mode="fixed"))["records"] == 800
    assert "both have a record" in (told := capsys.readouterr().err) and "the report wants them" in told
    path = folder_of_labels / labels.UNIFORM  # the report's half alone
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([head, *(line for line in lines if labels.half(tuple(line.split(",")[:2])) == "report")]))
    with pytest.raises(InputError, match="both have a record"):
        calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)


@pytest.mark.parametrize("where", ["none", "labels"])
def test_without_a_label_in_the_corpus_the_settings_decide_and_nothing_is_certified(
        tmp_path: Path, where: str, capsys: pytest.CaptureFixture[str]) -> None:
    scored, _ = folder(tmp_path, 400, labelled=0)
    found = calibrate.calibrate_folder(scored, tmp_path / where, SETTINGS)
    assert (found["mode"], found["accept"], found["reject"]) == ("uncertified", SETTINGS.accept, SETTINGS.reject)
    assert found["labels"] == 0 and "precision_at_least" not in found and len(found["certificate"]) == 2
    assert "Nothing is certified" in found["certificate"][0] and "About 123" in found["certificate"][-1]
    assert capsys.readouterr().err == f"warning: {' '.join(found['certificate'])}\n"
    calibrate.calibrate_folder(scored, tmp_path / where, replace(SETTINGS, mode="fixed"))
    assert not capsys.readouterr().err


def test_label_files_of_other_names_are_told_where_nothing_is_certified(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scored, folder_of_labels = folder(tmp_path, 400)
    (folder_of_labels / "more.csv").touch()
    calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert not capsys.readouterr().err
    (folder_of_labels / labels.UNIFORM).rename(folder_of_labels / "my_labels.csv")
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert "Not read are more.csv, my_labels.csv: only sample_uniform.csv and " in capsys.readouterr().err
    assert found["mode"] == "uncertified" and "About 123" in found["certificate"][-1]


def test_a_label_of_the_reports_half_alone_is_not_said_to_be_of_another_corpus(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 400, labelled=0)
    mine = next(str(n) for n in range(400) if labels.half(("feed.json", str(n))) == "report")
    (folder_of_labels / labels.UNIFORM).write_text(f"file,id,label\nfeed.json,{mine},1\n")
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert "no label that may set thresholds is of a record" in found["certificate"][0]


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("kind, left_out", [("1", "do not belong"), ("0", "belong")])
def test_labels_of_one_kind_are_told(tmp_path: Path, uniform: bool, kind: str, left_out: str) -> None:
    scored, folder_of_labels = folder(tmp_path, 400, uniform)
    path = next(folder_of_labels.iterdir())
    rows = [line for line in path.read_text().splitlines() if line.endswith(f",{kind}")][:20]
    path.write_text("\n".join(["file,id,label", *rows]))
    told = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)["certificate"]
    assert f"Every decided label that may set thresholds is {kind}: were records left out that {left_out}?" in told
    path.write_text("\n".join(["file,id,label", *rows, *(f"feed.json,{n},{1 - int(kind)}" for n in range(300, 306))]))
    assert "were records left out" not in " ".join(
        calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)["certificate"])


def test_stratified_labels_alone_certify_nothing(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 400, uniform=False)
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert found["mode"] == "estimated" and "Nothing is certified" in found["certificate"][0]
    assert 0.4 < found["reject"] < found["accept"] <= 0.51 and "precision_at_least" not in found
    wider = calibrate.calibrate_folder(scored, folder_of_labels, replace(SETTINGS, ask_share=0.2))
    assert wider["asked_share"] == pytest.approx(0.2, abs=0.01) and wider["accept"] == pytest.approx(0.6, abs=0.01)


def test_estimates_from_few_labels_are_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = calibrate.calibrate_folder(*folder(tmp_path / "many", 400, uniform=False), SETTINGS)
    assert len(found["certificate"]) == 1 and not capsys.readouterr().err
    found = calibrate.calibrate_folder(*folder(tmp_path / "few", 400, uniform=False, labelled=3), SETTINGS)
    assert found["mode"] == "estimated" and "rest on 3 decided labels, fewer than the 123" in found["certificate"][1]
    assert "rest on 3 decided labels" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["0", "000", "1", "0" * 28, "1" * 28, "0" * 300])
def test_estimates_from_too_few_labels_leave_a_band_empty_and_say_how_many_are_wanted(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str) -> None:
    scored, folder_of_labels = folder(tmp_path, 1000, uniform=False, labelled=0)
    rows = "".join(f"feed.json,{999 - i},{label}\n" for i, label in enumerate(given))
    (folder_of_labels / labels.STRATIFIED).write_text(f"file,id,label\n{rows}")
    found = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    assert found["mode"] == "estimated" and found["labels_needed"] >= 62
    assert (found["accept"], found["reject"], found["asked_share"]) == (None, None, 1.0)
    said = " ".join(found["certificate"])
    assert said in capsys.readouterr().err and "No record is kept or rejected by rule" in said
    assert f"fewer than the {found['labels_needed']} or so" in said or len(given) > found["labels_needed"]


def test_an_estimate_rests_on_as_many_labels_as_would_prove_its_target() -> None:
    """29 do for 0.9 at 0.05; 28 of weight 1 and 4 of weight 2 count as (28 + 8)² / (28 + 16) = 29.5."""
    def estimate(weights: list[float], wrong: int = 0, **settings: float) -> bands.Bands:
        n = len(weights)  # on either side
        said, truth = np.repeat([0.1, 0.9], n), np.append(np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64))
        truth[n:n + wrong], truth[:wrong] = 0, 1
        return bands.estimate(said, truth, np.tile(weights, 2), np.array([0.1, 0.9]), replace(SETTINGS, **settings))

    assert estimate([1.0] * 29) == estimate([0.1] * 29) == estimate([1.0] * 28 + [2.0] * 4) == (0.9, 0.1)
    assert estimate([1.0] * 28) == estimate([0.1] * 28) == estimate([1.0] * 25 + [2.0] * 5) == (None, None)
    assert estimate([1.0] * 30, wrong=3) == (0.9, 0.1) and estimate([1.0] * 30, wrong=4) == (None, None)
    for drawn in range(30, 60):  # of a file of 1000 records: the sums are no whole numbers
        assert estimate([1000 / drawn] * 30, wrong=3) == (0.9, 0.1)
    assert estimate([1.0] * 99 + [1000.0]) == (None, None)
    all_right = np.linspace(0, 1, 100), np.ones(100, dtype=np.int64)
    assert bands.estimate(*all_right, np.ones(100), all_right[0], SETTINGS).accept == 0.0
    uneven = np.append(np.ones(99), 1000.0)
    assert bands.estimate(*all_right, uneven, all_right[0], SETTINGS) == (None, None)
    assert estimate([1.0] * 29, target_precision=1.0) == (None, 0.1)
    said, truth = np.repeat([0.1, 0.9], [1, 29]), np.repeat([0, 1], [1, 29])
    assert bands.estimate(said, truth, np.ones(30), np.array([0.1, 0.9]), SETTINGS) == (0.1, 0.1), "29 are positive"


@pytest.mark.parametrize("undecided, accept", [(0, 0.9), (10, None)])
def test_a_label_of_an_estimate_stands_for_its_share_of_its_file(tmp_path: Path, undecided: int,
                                                                 accept: float | None) -> None:
    """40 right labels stand for 1000 records, 90 wrong ones for 100: 1000 / 1100 are right. With 10 that are undecided
    the 40 stand for 800."""
    drawn = {"large": (1000, "1" * 40 + "u" * undecided), "small": (100, "0" * 90)}
    for name, (size, _) in drawn.items():
        rows = [{"id": str(n), "source": name, "rules": [], "score": 0.0, "confidence": 0.9} for n in range(size)]
        records.write(tmp_path / f"scored/{name}.parquet", rows, records.SCORED)
    rows = [f"{name},{n},{label}\n" for name, (_, answers) in drawn.items() for n, label in enumerate(answers)]
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / labels.STRATIFIED).write_text("file,id,label\n" + "".join(rows))
    found = calibrate.calibrate_folder(tmp_path / "scored", tmp_path / "labels", SETTINGS)
    assert (found["mode"], found["accept"], found["labels_undecided"]) == ("estimated", accept, undecided)


def test_uniform_labels_of_another_corpus_do_not_hide_those_drawn_by_file(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 400, uniform=False)
    alone = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    strangers = "".join(f"strange.json,{i},1\n" for i in range(40))
    (folder_of_labels / labels.UNIFORM).write_text(f"file,id,label\n{strangers}")
    assert calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS) == alone


def test_only_the_thresholds_half_is_looked_at(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 400, labelled=399)
    path = folder_of_labels / labels.UNIFORM
    before = calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)
    turned = [line if line.startswith("file,") or labels.half((line.split(",")[0], line.split(",")[1])) == "thresholds"
              else line[:-1] + str(1 - int(line[-1])) for line in path.read_text().splitlines()]
    path.write_text("\n".join(turned) + "\n")
    (folder_of_labels / labels.STRATIFIED).write_text("file,id,label\nfeed.json,5,1\nfeed.json,399,0\n")
    assert calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS) == before


def test_fixed_thresholds_only_warn_of_labels_that_the_report_can_not_read(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scored, folder_of_labels = folder(tmp_path, 400)
    sound = calibrate.calibrate_folder(scored, folder_of_labels, replace(SETTINGS, mode="fixed"))
    assert not capsys.readouterr().err
    (folder_of_labels / labels.UNIFORM).write_text("a;b\n")
    assert calibrate.calibrate_folder(scored, folder_of_labels, replace(SETTINGS, mode="fixed")) == sound
    warned = capsys.readouterr().err
    assert warned.startswith("warning: ") and "file,id,label is wanted" in warned and warned.count("\n") == 1
    with pytest.raises(InputError, match="file,id,label is wanted"):
        calibrate.calibrate_folder(scored, folder_of_labels, SETTINGS)


def test_fixed_thresholds(tmp_path: Path) -> None:
    scored, folder_of_labels = folder(tmp_path, 400)
    found = calibrate.calibrate_folder(scored, folder_of_labels, replace(SETTINGS, mode="fixed"))
    assert list(found.values()) == ["fixed", 0.9, 0.1, 400, 40, 41, 319, 0.7975, 0.2025]
    with pytest.raises(ParamsError, match=r"calibrate\.reject: 0\.95"):
        calibrate.calibrate_folder(scored, folder_of_labels, replace(SETTINGS, mode="fixed", reject=0.95))
