"""Label files, and that their three uses never meet."""

import csv
import random

import pytest

from cybersieve import labels, review_queue
from cybersieve.errors import InputError
from tests.conftest import ROOT

LABELS = ROOT / "labels"


def test_the_three_uses_are_disjoint():
    fitting = set(labels.for_fitting(LABELS))
    thresholds, report = (set(labels.uniform_half(LABELS, use)) for use in ("thresholds", "report"))
    assert fitting and thresholds and report
    assert not fitting & (thresholds | report)
    assert not thresholds & report
    assert thresholds | report == set(labels.load(LABELS / labels.UNIFORM))


def test_a_records_half_is_a_property_of_the_record():
    """Written down once: a change of the hash would let thresholds see what is only to be reported on."""
    assert labels.half(("cwec_v4.14.xml", "CWE-79")) == "report"
    assert labels.half(("nvd.json", "CVE-2018-0001")) == labels.half(labels.key("a/b/nvd.json", "CVE-2018-0001"))


@pytest.mark.parametrize("content, place", [
    ("id,label\n", "line 1"), ("label,id,file\n1,b\n", "line 2"),
    ("file,id,label\na,b,2\n", "line 2"), ("file,id,label\na,b\n", "line 2"),
    ("file,id,label\na,b,1\n\na,b,0\n", "b of a is labelled 1 in line 2 and 0 in line 4"), ("", "line 1"),
    ("file|id|label\na|b|1\n", "line 1.*wanted: save it with commas"),
    ("file\tid\tlabel\na\tb\t1\n", "line 1.*wanted: save it with commas"),
    ("file;id\na;b\n", "line 1.*wanted: save it with commas"),
    ("file;id;label\na;b;1\nc;d;yes\n", "line 3: not a label"), ("file,id,label\na,b,10\n", "line 2: not a label"),
    ("file,id,label\na,b, \n", "line 2: not a label"),
])
def test_a_bad_label_file_is_named_with_its_line(tmp_path, content, place):
    path = tmp_path / "labels.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=place):
        labels.load(path)


def test_a_row_without_a_label_is_told_without_its_text(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("file,id,label,title,text\nnotes.csv,7,,A note," + "long " * 100 + "\n")
    with pytest.raises(InputError) as error:
        labels.load(path)
    assert "line 2: not a label: ['notes.csv', '7', ''] (file, id and 1, 0 or u are wanted" in str(error.value)
    assert "long" not in str(error.value)


def test_a_cell_that_is_too_large_is_named_with_its_line(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("file,id,label\na,b,1\na," + "b" * 200_000 + ",1\n")
    usual = csv.field_size_limit(131_072)  # parse raises it in its process
    try:
        with pytest.raises(InputError, match="line 3: not CSV: field larger than field limit.*mend the quotes"):
            labels.load(path)
    finally:
        csv.field_size_limit(usual)


def test_a_label_file_in_another_encoding_is_told_with_a_remedy(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes("file,id,label\nMühle.json,1,1\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"not in UTF-8.*save it as CSV UTF-8"):
        labels.load(path)


def test_undecided_labels_are_none_and_a_repeated_one_is_no_error(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text('file,id,label\na,b,u\na,"c, d",1\n\na,"c, d",1\n\n')
    assert labels.load(path) == {("a", "b"): None, ("a", "c, d"): 1}


@pytest.mark.parametrize("content", [
    "file,id,label\na,1, 1 \na,2,0.0\na,3,U\n", "file;id;label\na;1;1.0\na;2;0\na;3;u \n",
    '\ufeff"file";"id";"label";"note"\r\na;1;1;"x;\r\ny"\r\na;2;0;\r\n\r\na;3;U;1,5\r\n;;;\r\n'])
def test_labels_are_read_as_spreadsheets_write_them(tmp_path, content):
    path = tmp_path / "labels.csv"
    path.write_bytes(content.encode())
    assert labels.load(path) == {("a", "1"): 1, ("a", "2"): 0, ("a", "3"): None}
    assert review_queue.listed(path) == {("a", "1"): 0, ("a", "2"): 1, ("a", "3"): 2}


def test_columns_go_by_their_names(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("note,label,id,labeller,file\nx,1,b,ann,a\n")
    assert labels.answers(path) == [("a", "b", "1", "ann", "")]


@pytest.mark.parametrize("cell", ["", "x", "=x", "'=x", "''-1", "'x", "'", "@", "\tx", "0704.0010", "'007", "1e5",
                                  "2031-01-01", "1" * 16, "True", "12", "0", "1a", "a1"])
def test_a_cell_guarded_against_spreadsheets_is_given_back(cell):
    assert labels.unguarded(labels.guarded(cell)) == cell
    assert not labels.guarded(cell).startswith(labels.FORMULA)
    assert labels.unguarded(cell) == cell or cell.startswith("'"), "-1 in a file of one's own is -1"


@pytest.mark.parametrize(("cell", "is_kept"), [
    ("0", True), ("12", True), ("1" * 15, True), ("CVE-2031-0001", True), ("4aa4f7b2-65e1", True), ("007", False),
    ("0704.0010", False), ("1.0", False), ("1E5", False), ("2031-01-01", False), ("3/4", False), ("1" * 16, False),
    ("true", False)])
def test_what_a_spreadsheet_would_write_in_its_own_way_is_guarded(cell, is_kept):
    assert labels.guarded(cell) == ("" if is_kept else "'") + cell


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "mine.csv").write_text("file,id,label\na,b,1\n")
    with pytest.raises(InputError, match=r"mine\.csv: is a file \(the folder that holds sample_uniform"):
        labels.uniform_half(tmp_path / "mine.csv", "thresholds")


def test_labellers_who_differ_leave_a_record_undecided(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("file,id,label,labeller,time\na,1,1\na,2,1,ann,2031-01-01T00:00:00Z\na,1,0,ann,\na,2,1,bob,\n")
    assert labels.load(path) == {("a", "1"): None, ("a", "2"): 1}
    assert labels.answers(path)[1] == ("a", "2", "1", "ann", "2031-01-01T00:00:00Z")
    path.write_text("file,id,label,labeller,time\na,1,1,ann,\na,1,0,ann,\n")
    with pytest.raises(InputError, match="line 3"):
        labels.load(path)


def test_only_decided_labels_of_records_without_a_uniform_one_are_fitted_on(tmp_path):
    (tmp_path / labels.STRATIFIED).write_text("file,id,label\na,1,1\na,2,0\na,3,u\na,4,1\n")
    (tmp_path / labels.UNIFORM).write_text("file,id,label\na,4,u\n")
    assert labels.for_fitting(tmp_path) == {("a", "1"): 1, ("a", "2"): 0}
    assert labels.by_file(tmp_path) == {("a", "1"): 1, ("a", "2"): 0, ("a", "3"): None}


def test_no_label_files_no_labels(tmp_path):
    assert labels.for_fitting(tmp_path) == {}
    assert labels.uniform_half(tmp_path, "report") == {}


def test_many_labels_of_no_record_are_counted_and_the_first_is_named() -> None:
    known, missing = {("a.json", str(n)) for n in range(20)}, {("a.json", "17"), ("a.json", "9")}
    assert labels.elsewhere(known, known - missing, "report").startswith(
        "2 of the 20 labels for report are of no record of this corpus, among them 'a.json,17'")
    assert labels.elsewhere(known | {("b.json", "1")}, known - missing | {("b.json", "1")}, "report") is None


def test_uniform_labels_of_half_a_corpus_alone_are_noticed_from_twelve_on() -> None:
    """Two files, each may have too few or too many: 2 · 2 / 2¹² is less than one in a thousand."""
    assert labels.skewed({"a": 50, "b": 50}, ["a"] * 12) == {"b": 0}
    assert labels.skewed({"a": 50, "b": 50}, ["a"] * 11) == {}
    assert labels.units("a/b/c.json") == ["a/b/c.json", "a/b/", "a/"] and labels.units("a/b/") == ["a/b/", "a/"]


def test_uniform_labels_are_hardly_ever_taken_for_others() -> None:
    sizes = {f"f{n}": 2 ** (n % 12) for n in range(60)}
    files = [name for name, size in sizes.items() for _ in range(size)]
    draw = random.Random(3)
    assert not any(labels.skewed(sizes, draw.sample(files, n)) for n in (10, 100, 1000) for _ in range(300))


def test_the_least_likely_of_files_and_folders_is_named() -> None:
    sizes = {"a/old": 1000, "a/new": 1000, "b/old": 1000, "b/other": 1000}
    old = ["b/old", "b/other"] * 100
    assert labels.skewed(sizes, [*old, *["a/old"] * 100, *["a/new"] * 5]) == {"a/new": 5}
    assert labels.skewed(sizes, old) == {"a/": 0}
    assert labels.skewed({"a/old": 1000} | {str(n): 1 for n in range(500)}, ["a/old"] * 200) == {"a/": 200}
    assert labels.skewed({"one": 10}, ["one"] * 10) == labels.skewed({"one": 0}, []) == labels.skewed({}, []) == {}
