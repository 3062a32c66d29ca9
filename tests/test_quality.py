"""Figures of quality, against brute force and against figures that anyone can look up."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import bounds, quality

pairs = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=40)


@given(pairs)
def test_auc_is_how_often_a_positive_outranks_a_negative(rows):
    labels, scores = [label for label, _ in rows], [score for _, score in rows]
    duels = [(a > b) + (a == b) / 2 for x, a in rows if x for y, b in rows if not y]
    found = quality.auc(labels, scores)
    assert found is None if not duels else found == pytest.approx(sum(duels) / len(duels), abs=1e-4)


@given(pairs)
def test_the_precision_recall_curve_is_what_each_threshold_gives(rows):
    labels, scores = [label for label, _ in rows], [score for _, score in rows]
    for point in quality.precision_recall_curve(labels, scores):
        tp, fp, fn, _ = quality.confusion(labels, [score >= point["threshold"] for score in scores])
        assert point["precision"] == pytest.approx(tp / (tp + fp), abs=1e-4)
        assert point["recall"] == pytest.approx(tp / (tp + fn), abs=1e-4)


@given(pairs)
def test_the_curve_has_a_point_for_every_score_that_differs(rows):
    labels, scores = [label for label, _ in rows], [score for _, score in rows]
    wanted = sorted(set(scores), reverse=True) if any(labels) else []
    assert [point["threshold"] for point in quality.precision_recall_curve(labels, scores)] == wanted


def test_decisions_are_counted_by_hand():
    """3 kept rightly, 1 wrongly, 2 lost, 4 rejected rightly."""
    labels, kept = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0], [True] * 4 + [False] * 6
    assert quality.confusion(labels, kept) == (3, 1, 2, 4)
    found = quality.decisions(labels, kept)
    assert (found["n"], found["precision"]["counts"], found["recall"]["counts"]) == (10, [3, 4], [3, 5])
    assert (found["precision"]["value"], found["recall"]["value"], found["f1"]["value"]) == (0.75, 0.6, 0.6667)
    assert quality.decisions([0], [False])["recall"] == {"value": None, "interval": None, "counts": [0, 0]}


def test_the_reliability_curve_is_of_tenths_of_the_records_and_equal_probabilities_stay_together():
    """20 probabilities, two a bin; the errors of the bins add up to 5.1."""
    said = [n / 20 for n in range(1, 21)]
    labels = [n in (2, 5, 6, 19, 20) for n in range(1, 21)]
    curve = [{"said": round((4 * number + 3) / 40, 4), "true": true, "n": 2}
             for number, true in enumerate([0.5, 0, 1, 0, 0, 0, 0, 0, 0, 1])]
    assert quality.reliability(labels, said) == quality.reliability(labels[::-1], said[::-1]) == curve
    assert quality.calibration_error(labels, said) == 0.51
    assert [point["n"] for point in quality.reliability([0] * 20, [0.2] * 15 + [0.9] * 5)] == [15, 5]
    assert quality.calibration_error([0] * 15 + [1] * 5, [0.2] * 15 + [0.9] * 5) == 0.175


@pytest.mark.parametrize("hits, of, low, high", [
    (0, 10, 0.0, 0.3085), (5, 10, 0.1871, 0.8129), (10, 10, 0.6915, 1.0), (95, 100, 0.8872, 0.9836),
])
def test_intervals_are_clopper_and_pearsons(hits, of, low, high):
    found = quality.rate(hits, of)
    assert found["interval"] == pytest.approx([low, high], abs=1e-4)
    assert found["counts"] == [hits, of] and found["value"] == hits / of


@given(st.integers(0, 30), st.integers(1, 30), st.floats(0.01, 0.99))
def test_the_binomial_tail_is_the_sum_of_its_terms(successes, trials, rate):
    exact = math.fsum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(successes, trials + 1))
    assert bounds.tail_at_least(successes, trials, rate) == pytest.approx(min(1.0, exact), abs=1e-9)
    assert (bounds.tail_at_least(-1, trials, rate), bounds.tail_at_least(0, trials, 0)) == (1, 1), "nothing is no less"
    assert (bounds.tail_at_least(1, trials, 0), bounds.tail_at_least(trials, trials, 1)) == (0, 1)


@given(st.integers(1, 300), st.floats(0.001, 0.5), st.data())
def test_a_bound_is_where_the_tail_reaches_alpha(trials, alpha, data):
    successes = data.draw(st.integers(0, trials))
    low, high = bounds.lower(successes, trials, alpha), bounds.upper(successes, trials, alpha)
    assert 0 <= low <= successes / trials <= high <= 1
    if successes:
        assert bounds.tail_at_least(successes, trials, low) == pytest.approx(alpha, rel=1e-3)


def test_calibration_error_of_an_honest_and_of_a_boastful_forecast():
    labels = [1] * 30 + [0] * 70
    assert quality.calibration_error(labels, [0.3] * 100) == pytest.approx(0)
    assert quality.calibration_error(labels, [1.0] * 100) == pytest.approx(0.7)
    assert quality.calibration_error([], []) is None


def test_f1_with_its_interval():
    found = quality.f1_interval(90, 10, 10)
    assert found["value"] == 0.9
    low, high = found["interval"]
    assert (low, high) == (0.8461, 0.9391), "beta quantiles of 90 and 21, 91 and 20, as F1"
    assert quality.f1_interval(9, 0, 0)["interval"] == pytest.approx([0.798, 1], abs=1e-3), "nine records prove little"
    assert quality.f1_interval(0, 3, 1)["interval"][0] == 0 < quality.f1_interval(0, 3, 1)["interval"][1]
    assert quality.f1_interval(0, 0, 0)["value"] is None


def test_f1s_interval_holds_as_often_as_it_says():
    """Of 2,000 samples from a population of known F1."""
    cells = np.array([0.5, 0.05, 0.08, 0.37])
    true = 2 * cells[0] / (2 * cells[0] + cells[1] + cells[2])
    drawn = np.random.default_rng(5).multinomial(60, cells, size=2000)
    intervals = [quality.f1_interval(*map(int, counts[:3]))["interval"] for counts in drawn]
    assert sum(low <= true <= high for low, high in intervals) >= 0.95 * len(drawn)
