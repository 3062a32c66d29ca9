"""Answers reach the file at once, whole and once, whoever else writes it."""

import csv
import multiprocessing
import resource

import pytest

from cybersieve import labels
from cybersieve.errors import InputError
from cybersieve.label_file import COLUMNS, LabelFile

HEADER = ",".join(COLUMNS) + "\n"


def rows(path):
    return [(answer.file, answer.id, answer.label, answer.labeller) for answer in labels.answers(path)]


def test_a_new_file_gets_a_header_and_each_answer_a_time(tmp_path):
    path = tmp_path / "new" / "sample.csv"
    file = LabelFile(path, "ann")
    assert file.add(("a.json", "1"), "1") and file.add(("a.json", "x, \"y\"\nz"), "u")
    assert path.read_text().startswith(HEADER)
    assert rows(path) == [("a.json", "1", "1", "ann"), ("a.json", "x, \"y\"\nz", "u", "ann")]
    assert all(answer.time.endswith("+00:00") for answer in labels.answers(path))
    assert [entry.name for entry in path.parent.iterdir()] == ["sample.csv"]  # nothing but the label file


def test_a_disk_that_fills_up_leaves_no_half_row(tmp_path):
    path = tmp_path / "sample.csv"
    file = LabelFile(path, "ann")
    file.add(("a.json", "1"), "1")
    before, usual = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5, usual[1]))
    try:
        with pytest.raises(OSError, match="No space left"):
            file.add(("a.json", "2"), "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert path.read_bytes() == before and file.add(("a.json", "2"), "1")


@pytest.mark.parametrize("before", ["file,id,label\nb,1,0\nb,2,u\n", "file,id,label\nb,1,0\nb,2,u",
                                    "\ufefffile,id,label\nb,1,0\nb,2,u\n"])
def test_a_file_without_labellers_keeps_its_rows(tmp_path, before):
    path = tmp_path / "sample.csv"
    path.write_text(before, encoding="utf-8")
    LabelFile(path, "ann").add(("b", "3"), "1")
    assert path.read_text().splitlines()[:3] == [HEADER.strip(), "b,1,0", "b,2,u"]
    assert rows(path)[-1] == ("b", "3", "1", "ann")
    assert labels.load(path) == {("b", "1"): 0, ("b", "2"): None, ("b", "3"): 1}


@pytest.mark.parametrize(("before", "after", "new"), [
    ('file,id,label,title,text\r\nb,1,0,T,"a, b\nc"\r\n', "file,id,label,title,text,labeller,time",
     {"title": "", "text": ""}),
    ("file,id,label,time,labeller\nb,1,0,2024,bob\n", "file,id,label,time,labeller", {}),
    ("note,label,id,file\nmine,0,1,b", "note,label,id,file,labeller,time", {"note": ""}),
    ('\ufefffile,id,label,"la,la",labeller,time\n\nb,1,0,x,,\n\n', 'file,id,label,"la,la",labeller,time',
     {"la,la": ""}),
])
def test_rows_go_by_the_columns_of_the_file_and_other_columns_stay(tmp_path, before, after, new):
    path = tmp_path / "sample.csv"
    path.write_bytes(before.encode())
    ann = LabelFile(path, "ann")
    assert ann.add(("b", "=2"), "1") and not ann.add(("b", "=2"), "1")
    old, content = before.partition("\n")[2], path.read_bytes().decode()
    assert content.removeprefix("\ufeff").startswith(f"{after}\n{old}")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        last = list(csv.DictReader(lines))[-1]
    assert last.pop("time") and last == {"file": "b", "id": "'=2", "label": "1", "labeller": "ann"} | new
    assert rows(path)[-1] == ("b", "=2", "1", "ann") and len(rows(path)) == 2
    assert ann.undo({("b", "=2")}) == ("b", "=2")
    assert path.read_bytes().decode().removeprefix("\ufeff") == f"{after}\n{old}" + "\n" * (before[-1:] == "b")


def test_a_file_with_semicolons_keeps_them(tmp_path):
    path = tmp_path / "sample.csv"
    path.write_bytes('\ufefffile;id;label;note\r\nb;1;0;"x;\r\n;y"\r\n'.encode())
    ann = LabelFile(path, "ann")
    assert ann.add(("b", "2,3"), "1") and ann.add(("b", "4"), "u")
    assert rows(path) == [("b", "1", "0", ""), ("b", "2,3", "1", "ann"), ("b", "4", "u", "ann")]
    assert ann.undo({("b", "4")}) == ("b", "4")
    assert path.read_text(encoding="utf-8-sig").startswith("file;id;label;note;labeller;time\n")
    assert len(rows(path)) == 2


def test_a_second_answer_to_the_same_record_is_refused_but_not_another_labellers(tmp_path):
    path = tmp_path / "sample.csv"
    assert LabelFile(path, "ann").add(("b", "1"), "1")
    before = path.read_bytes()
    assert not LabelFile(path, "ann").add(("b", "1"), "0")
    assert path.read_bytes() == before
    assert LabelFile(path, "bob").add(("b", "1"), "0")
    assert labels.load(path) == {("b", "1"): None}


def test_undo_takes_back_ones_own_last_answer_and_leaves_the_rest_byte_for_byte(tmp_path):
    path = tmp_path / "sample.csv"
    ann, bob = LabelFile(path, "ann"), LabelFile(path, "bob")
    path.write_text(HEADER + "b,0,1\n,,\n")
    ann.add(("b", "1"), "1")
    before = path.read_bytes()
    ann.add(("b", "2"), "1")
    bob.add(("b", "1"), "0")
    assert ann.undo({("b", "1"), ("b", "2")}) == ("b", "2")
    assert rows(path) == [("b", "0", "1", ""), ("b", "1", "1", "ann"), ("b", "1", "0", "bob")]
    assert bob.undo({("b", "1")}) == ("b", "1")
    assert path.read_bytes() == before
    assert bob.undo({("b", "1")}) is None and ann.undo({("b", "9")}) is None


def test_a_damaged_file_is_named_and_not_touched(tmp_path):
    path = tmp_path / "sample.csv"
    path.write_text("file,id,label\nb,1,maybe\n")
    with pytest.raises(InputError, match="line 2"):
        LabelFile(path, "ann").add(("b", "2"), "1")
    assert path.read_text() == "file,id,label\nb,1,maybe\n"


def _label(path, labeller, ids):
    file = LabelFile(path, labeller)
    for name in ids:
        file.add(("b", name), "1")
        if int(name) % 7 == 0:
            file.undo({("b", name)})


def test_many_writers_at_once_lose_nothing(tmp_path):
    """Four processes, two of them the same labeller with the same records, with appends and rewrites in between."""
    path = tmp_path / "sample.csv"
    ids = [str(n) for n in range(1, 40)]
    context = multiprocessing.get_context("spawn")
    work = [context.Process(target=_label, args=(path, labeller, ids)) for labeller in ("ann", "bob", "cy", "dee")]
    for process in work:
        process.start()
    for process in work:
        process.join()
    kept = {name for name in ids if int(name) % 7}
    for labeller in ("ann", "bob", "cy", "dee"):
        assert {key[1] for key in LabelFile(path, labeller).mine()} == kept
    assert len(rows(path)) == 4 * len(kept)
