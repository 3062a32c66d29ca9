"""Records drawn by lot: the same on every run, whatever the order, and their texts are the right ones."""

import random

from cybersieve import labels, records, samples
from tests import decided


def row(n, **more):
    return {"source": "a/b.json", "id": str(n), "row": n, "verdict": "kept", "by": "rule"} | more


def drawn(rows, n=5):
    draw = samples.Draw(n)
    for one in rows:
        draw.add(one)
    return draw.rows()


def test_the_draw_is_a_property_of_the_records():
    rows = [row(n) for n in range(300)]
    first = drawn(rows)["kept"]
    random.Random(1).shuffle(rows)
    assert drawn(rows)["kept"] == first and len(first) == 5
    assert [one["id"] for one in first] == [
        one["id"] for one in sorted(rows, key=samples.lot)[:5]]


def test_the_draw_is_uniform_enough():
    """Of 2,000 records the 400 drawn come from the first half as often as from the second."""
    firsts = sum(one["row"] < 1000 for one in drawn([row(n) for n in range(2000)], 400)["kept"])
    assert 160 < firsts < 240  # four standard deviations


def test_kinds():
    assert samples.kinds(row(1)) == ["kept"]
    assert samples.kinds(row(1, by="llm", verdict="rejected")) == ["rejected", "uncertain"]
    assert samples.kinds(row(1, by="llm", verdict="failed")) == ["uncertain"]
    assert samples.kinds(row(1, by="dedup", verdict="rejected")) == ["duplicate"]
    assert samples.kinds(row(1, by="parse", verdict="rejected")) == []


def test_texts_come_from_the_right_rows_of_any_row_group(tmp_path):
    decided.write(tmp_path, [{"id": str(n), "title": f"T{n}", "verdict": "kept", "by": "rule"} for n in range(50)])
    path = tmp_path / "parsed" / "a" / "b.json.parquet"
    records.write(path, list(records.read(path)), records.PARSED, batch=8)
    found = samples.with_texts([row(n) for n in (0, 7, 8, 49)], tmp_path / "parsed")
    assert {key: record["title"] for key, record in found.items()} == {("a/b.json", n): f"T{n}" for n in (0, 7, 8, 49)}


def test_the_draw_does_not_follow_the_halves_of_the_labels():
    """200 drawn of 4,000: about 100 in each half (100 ± 4 standard deviations of 7)."""
    rows = drawn([row(n, source="b.json") for n in range(4000)], 200)["kept"]
    assert 72 < sum(labels.half(("b.json", one["id"])) == "report" for one in rows) < 128
