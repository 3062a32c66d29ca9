"""Pictures: well-formed, in their frame, and in proportion to the figures."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cybersieve import charts

counts = st.integers(0, 10**6)
deciders = st.fixed_dictionaries({
    ("rule", "kept"): counts, ("rule", "rejected"): counts, ("llm", "kept"): counts, ("llm", "rejected"): counts,
    ("llm", "failed"): counts, ("dedup", "rejected"): counts, ("parse", "rejected"): counts,
    ("parse", "failed"): counts})


def parsed(picture):
    return etree.fromstring(picture.encode())


def boxes(tree):
    """Heights of the boxes by the number written beside them, per column."""
    found = {}
    for box in tree.iterfind("rect"):
        found.setdefault(float(box.get("x")), []).append(float(box.get("height")))
    return found


@given(deciders)
def test_the_flow_loses_no_record_and_stays_in_its_frame(amounts):
    tree = parsed(charts.flow(amounts))
    total = sum(amounts.values())
    written = [int(text.text.replace(",", "")) for text in tree.iterfind("text") if text.get("class") == "figure"]
    assert sum(written) == 3 * total  # each column holds all records
    for box in tree.iterfind("rect"):
        assert float(box.get("y")) >= -0.01 and float(box.get("y")) + float(box.get("height")) <= 300.01
    units = 120 if amounts["parse", "failed"] else 150  # stand for all records; what is rare has at least 1.5
    for column in boxes(tree).values():
        assert units - 0.1 <= sum(column) <= units + 1.5 * len(column) + 0.1
    for path in tree.iterfind("path"):
        assert all(-0.01 <= float(y) <= 300.01 for y in re.findall(r"[\d.]+ ([\d.]+)", path.get("d")))


def test_a_frame_maps_its_corners():
    frame = charts.Frame((0, 2), (-1, 1), left=10, top=20, width=100, height=50)
    assert frame.at(0, 1) == (10, 20) and frame.at(2, -1) == (110, 70) and frame.at(1, 0) == (60, 45)


@pytest.mark.parametrize("curve", [
    [{"recall": 0.5, "precision": 1.0, "threshold": 0.9, "kind": "curve"}],
    [{"recall": 1.0, "precision": 0.0, "threshold": None, "kind": "run"}],
    [{"recall": 0.2, "precision": 0.97, "threshold": 0.9, "kind": "curve"},
     {"recall": 0.9, "precision": 0.96, "threshold": None, "kind": "run"}]])
def test_precision_and_recall_keep_every_point_in_view(curve):
    tree = parsed(charts.precision_recall(curve))
    [line] = [part for part in tree.iterfind("polyline")]
    points = [tuple(map(float, pair.split(","))) for pair in (line.get("points") or "").split()]
    points += [(float(dot.get("cx")), float(dot.get("cy"))) for dot in tree.iterfind("circle")]
    assert len(points) == len(curve)
    assert all(46 <= x <= 284 and 10 <= y <= 190 for x, y in points)


def test_bars_of_the_histogram_are_as_high_as_their_counts():
    bins = [{"confidence": 0.0, "label": "no", "records": 40}, {"confidence": 0.95, "label": "yes", "records": 20}]
    tree = parsed(charts.histogram(bins, 0.05, [0.9, None]))
    assert [float(bar.get("height")) for bar in tree.iterfind("rect")] == [90.0, 45.0]
    assert len(list(tree.iterfind("polyline"))) == 1  # the one threshold there is


def test_the_larger_a_bin_the_larger_its_dot():
    tree = parsed(charts.reliability([{"said": 0.1, "true": 0.0, "n": 5}, {"said": 0.9, "true": 1.0, "n": 50}]))
    small, large = (float(dot.get("r")) for dot in tree.iterfind("circle"))
    assert small < large
