"""Kappa against its definition, and what is printed of two labellers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import agreement
from cybersieve.errors import InputError

pairs = st.lists(st.tuples(st.sampled_from("10u"), st.sampled_from("10u")), min_size=1, max_size=40)


@given(pairs)
def test_kappa_is_agreement_beyond_chance(rows):
    first, second = [a for a, _ in rows], [b for _, b in rows]
    n = len(rows)
    by_chance = sum(first.count(x) * second.count(x) for x in "10u") / n**2
    found = agreement.kappa(first, second)
    if by_chance == 1:
        assert found is None
    else:
        observed = sum(a == b for a, b in rows) / n
        assert found == pytest.approx((observed - by_chance) / (1 - by_chance))


def test_kappa_of_a_table_worked_out_by_hand():
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, by chance .5, kappa .4."""
    first, second = "1" * 25 + "0" * 25, "1" * 20 + "0" * 5 + "1" * 10 + "0" * 15
    assert agreement.kappa(first, second) == pytest.approx(0.4)
    assert agreement.interval(first, second) == pytest.approx((0.15, 0.65), abs=0.02), "the asymptotic interval"


@pytest.mark.parametrize(("first", "second", "told"), [
    ("10", "11", False), ("10" * 9, "10" * 8 + "01", False), ("10" * 10, "10" * 9 + "01", True),
    ("10" * 50, "10" * 50, False), ("10" * 50, "11" * 50, False), ("1" * 50, "1" * 50, False)])
def test_an_interval_is_told_where_records_are_many_and_not_all_alike(first, second, told):
    assert (agreement.interval(first, second) is not None) == told


def write(path, rows, header="file,id,label,labeller,time"):
    path.write_text("\n".join([header, *rows, ""]))
    return path


def test_labellers_of_one_file_and_files_of_one_labeller(tmp_path, capsys):
    one = write(tmp_path / "one.csv", ["a,1,1,ann,", "a,2,0,ann,", "a,1,1,bob,", "a,2,u,bob,", "a,3,1,bob,"])
    two = write(tmp_path / "two.csv", ["a,2,0", "a,3,1"], "file,id,label")
    agreement.main([str(one), str(two)])
    shown = capsys.readouterr().out
    assert "ann and bob: 2 records in common, 50.0% agree" in shown and "  0 u  a  2" in shown
    assert "ann and two: 1 records in common, 100.0% agree, kappa not defined" in shown
    assert "bob and two: 2 records in common, 50.0% agree" in shown
    assert "kappa 0.333 (too few, or too alike, for an interval)" in shown
    assert "95% interval" not in shown and " more" not in shown


def test_of_many_disagreements_some_are_shown_and_the_others_counted(tmp_path, monkeypatch, capsys):
    (tmp_path / "labels").mkdir()
    for name, changed in (("ann", 0), ("bob", 45)):
        rows = [f"a,{n},{(n + (n < changed)) % 2}" for n in range(100)]
        write(tmp_path / "labels" / f"{name}.csv", rows, "file,id,label")
    monkeypatch.chdir(tmp_path)
    agreement.main([])
    first, *shown, more = capsys.readouterr().out.splitlines()
    low, high = agreement.interval("01" * 50, "10" * 22 + "11" + "01" * 27)
    assert first == ("ann and bob: 100 records in common, 55.0% agree, kappa 0.100 "
                     f"(95% interval {low:.3f} to {high:.3f})")
    assert [line.split() for line in shown[:2]] == [["0", "1", "a", "0"], ["1", "0", "a", "1"]]
    assert len(shown) == agreement.SHOWN and more == "  and 5 more"


def test_files_of_one_name_are_two_labellers(tmp_path, capsys):
    paths = [tmp_path / name / "mine.csv" for name in ("alice", "bob")]
    for path, label in zip(paths, "10", strict=True):
        path.parent.mkdir()
        path.write_text(f"file,id,label\na.json,1,{label}\na.json,2,1\n")
    agreement.main([str(path) for path in paths])
    assert f"{paths[0]} and {paths[1]}: 2 records in common, 50.0% agree" in capsys.readouterr().out


def test_who_contradicts_himself_across_files_is_told(tmp_path):
    one, two = write(tmp_path / "one.csv", ["a,1,1,ann,"]), write(tmp_path / "two.csv", ["a,1,0,ann,"])
    with pytest.raises(InputError, match="ann has labelled 1 differently"):
        agreement.by_labeller([one, two])


def test_nobody_shares_a_record(tmp_path, capsys):
    for rows in (["a,1,1,ann,"], ["a,1,1,ann,", "a,2,1,bob,"]):
        agreement.main([str(write(tmp_path / "one.csv", rows))])
        assert "No two labellers" in capsys.readouterr().out


def test_no_label_file_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="labels: holds no label file"):
        agreement.main([])
