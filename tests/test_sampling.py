"""Draws of records to label: uniform, repeatable, growing, and never what is labelled already."""

import csv
import errno
import os
from collections import Counter
from pathlib import Path

import pytest

from cybersieve import labels, records, sampling
from cybersieve.errors import InputError

SIZES = {"big.json": 400, "small.json": 5, "other.json": 100}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name, size in SIZES.items():
        parsed = [records.Record(f"r{i}", f"a/{name}", str(i), f"title {i}", "=HYPERLINK() as text").row()
                  for i in range(size)]
        scored = [{"id": row["id"], "source": row["source"], "rules": [], "score": 0.0,
                   "confidence": None if i == 0 else 0.5} for i, row in enumerate(parsed)]
        records.write(tmp_path / "parsed" / "a" / f"{name}.parquet", parsed, records.PARSED)
        records.write(tmp_path / "scored" / "a" / f"{name}.parquet", scored, records.SCORED)
    return tmp_path


def drawn(corpus: Path, n: int, stratified: bool = False, seed: int = 0) -> list[labels.Key]:
    rows = sampling.sample(corpus / "parsed", corpus / "scored", corpus / "labels", n, stratified, seed)
    return [key for _, key, _, _ in rows]


def test_uniform_draws_grow_and_leave_out_what_is_set_aside(corpus: Path) -> None:
    few, many, others = drawn(corpus, 20), drawn(corpus, 100), drawn(corpus, 100, seed=1)
    assert few == many[:20] and len(set(many)) == 100 and set(many) != set(others)
    everything = drawn(corpus, 10_000)
    assert len(everything) == sum(SIZES.values()) - 3 and not any(name == "r0" for _, name in everything)
    share = Counter(file for file, _ in many)["big.json"] / 100
    assert 0.65 < share < 0.92  # 0.79 expected; four standard errors either way


def test_the_draw_is_in_the_order_of_a_hash(corpus: Path) -> None:
    """Written down once: a draw in another order would not go on where the last one ended."""
    assert f"{sampling.place(('nvd.json', 'CVE-2018-0001'), 0):064x}".startswith("8acd1a9d10f5ba12")
    for seed in (0, 3):
        everything = drawn(corpus, 10_000, seed=seed)
        assert everything == sorted(everything, key=lambda key: sampling.place(key, seed))


def test_a_label_that_could_be_of_either_of_two_records_is_told_before_it_is_given(corpus: Path) -> None:
    for stage in ("parsed", "scored"):
        (corpus / stage / "b").mkdir()
        (corpus / stage / "b" / "small.json.parquet").write_bytes(
            (corpus / stage / "a" / "other.json.parquet").read_bytes().replace(b"a/other.json", b"b/small.json"))
    with pytest.raises(InputError, match="a/small.json and b/small.json: both have a record r1: labels tell files"):
        drawn(corpus, 20)


def test_drawing_on_in_a_corpus_that_has_grown_makes_up_for_what_is_missing(corpus: Path) -> None:
    whole = set(drawn(corpus, 120))
    later = {path: path.read_bytes() for path in corpus.rglob("big.json.parquet")}
    for path in later:
        path.unlink()
    before = drawn(corpus, 20)
    (corpus / "labels").mkdir()
    rows = "".join(f"{file},{name},1\n" for file, name in before)
    (corpus / "labels" / labels.UNIFORM).write_text(f"file,id,label\n{rows}")
    for path, content in later.items():
        path.write_bytes(content)
    assert {*before, *drawn(corpus, 100)} == whole


def test_uniform_labels_are_left_out_but_stratified_ones_are_not(corpus: Path) -> None:
    first, second = drawn(corpus, 2)
    (corpus / "labels").mkdir()
    for name, (file, key) in ((labels.UNIFORM, first), (labels.STRATIFIED, second)):
        (corpus / "labels" / name).write_text(f"file,id,label\n{file},{key},1\n")
    after = drawn(corpus, 10_000)
    assert first not in after and second in after
    assert not {first, second} & set(drawn(corpus, 10_000, stratified=True))


def test_stratified_draws_are_even(corpus: Path) -> None:
    assert Counter(file for file, _ in drawn(corpus, 100, stratified=True)) == {
        "small.json": 4, "other.json": 48, "big.json": 48}


def test_an_id_that_a_spreadsheet_would_run_is_found_again(tmp_path: Path) -> None:
    keys = [("=a.json", "@SUM(1)"), ("b.json", "-1"), ("b.json", "'=x")]
    sampling.write([(0, key, "+title", "text") for key in keys], tmp_path / "to_label.csv")
    written = (tmp_path / "to_label.csv").read_text()
    assert "'=a.json,'@SUM(1),,'+title,text\nb.json,'-1," in written
    (tmp_path / "to_label.csv").write_text(written.replace(",,", ",1,"))
    assert list(labels.load(tmp_path / "to_label.csv")) == keys


def test_a_disk_that_fills_up_leaves_no_half_a_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(cell: str) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(labels, "guarded", full)
    with pytest.raises(OSError, match="No space left"):
        sampling.write([(0, ("a.json", "1"), "title", "text")], tmp_path / "to_label.csv")
    assert not list(tmp_path.iterdir())


def test_the_csv_is_a_label_file_once_filled_and_runs_no_formula(
        corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = corpus / "to_label.csv"
    (corpus / "labels").mkdir()
    folders = ["--parsed-dir", str(corpus / "parsed"), "--scored-dir", str(corpus / "scored"), "--labels",
               str(corpus / "labels"), "--output", str(output)]
    sampling.main(["-n", "7", *folders])
    assert capsys.readouterr().err == f"7 records to label with 1, 0 or u in {output}; then save it as " \
                                      f"{corpus}/labels/sample_uniform.csv\n"
    with output.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["file"], row["id"]) for row in rows] == drawn(corpus, 7)
    assert all(row["text"].startswith("'=") and row["label"] == "" for row in rows)
    output.write_text(output.read_text().replace(",,title", ",1,title"))
    assert set(labels.load(output).values()) == {1} and len(labels.load(output)) == 7
    with pytest.raises(SystemExit):
        sampling.main(["-n", "0", *folders])
    (corpus / "labels" / "sample_stratified.csv").write_text("file,id,label\n")
    sampling.main(["-n", "1", "--stratified", "--seed", "7", *folders[:-1], str(corpus / "one.csv")])
    assert capsys.readouterr().err.endswith(f"1 records to label with 1, 0 or u in {corpus}/one.csv; then append "
                                            f"file,id,label to {corpus}/labels/sample_stratified.csv\n")
    with (corpus / "one.csv").open(newline="") as lines:
        assert [(row["file"], row["id"]) for row in csv.DictReader(lines)] == drawn(corpus, 1, True, seed=7)
    for name, stage in (("--scored-dir", "parsed"), ("--parsed-dir", "scored")):
        with pytest.raises(InputError, match=f"{stage}: is of another stage"):
            sampling.main([*folders, name, str(corpus / stage)])
    with pytest.raises(InputError, match="to_label.csv: is a file"):
        sampling.main([*folders, "--labels", str(output)])
    with pytest.raises(InputError, match="File exists"):
        sampling.main(["-n", "7", *folders])
