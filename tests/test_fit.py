"""Fitting: monotone, shrunk to what is expected, calibrated, and written back without touching anything else."""

import csv
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from cybersieve import fit, fit_files, labels, quality, records, rules
from cybersieve.errors import InputError, ParamsError
from cybersieve.fit import Example

ROOT = Path(__file__).resolve().parent.parent
GOLD = Path(os.environ.get("CYBERSIEVE_GOLD", ROOT.parent / "shared" / "gold"))
BOOK = """# a comment that stays
bias: -1.0
silent: -0.5
categories: {attack: 1.5, garden: -0.7}
sources: {}
rules:
- {id: worm, category: attack, weight: 9, pattern: '\\bworm'}
- id: trojan
  category: attack
  pattern: 'trojan'
  weight: 9   # a comment that stays
- {id: unseen, category: attack, weight: 9, prior: 2.5, pattern: 'zzz'}
- {id: soil, category: garden, weight: -9, pattern: 'soil'}
"""


@pytest.fixture
def book(tmp_path: Path) -> rules.Rulebook:
    (tmp_path / "rules.yaml").write_text(BOOK)
    return rules.load(tmp_path / "rules.yaml")


def examples(n: int = 300) -> list[Example]:
    """Texts where `worm` is good evidence, `trojan` is wrong, `soil` against; feed.json is always right."""
    draw, found = np.random.default_rng(5), []
    for i in range(n):
        label = int(draw.random() < 0.5)
        words = ["plain", *(["worm"] if draw.random() < (0.8 if label else 0.1) else []),
                 *(["trojan"] if draw.random() < (0.1 if label else 0.6) else []),
                 *(["soil"] if draw.random() < (0.1 if label else 0.5) else [])]
        found.append(Example("", " ".join(words), label, "odd" if i % 3 else "even",
                             "" if i % 2 else "feed.json" if label else "weeds.json"))
    return found


def test_weights_keep_their_side_and_what_is_unseen_its_prior(book: rules.Rulebook) -> None:
    fitted = fit.fit(book, examples())
    worm, trojan, unseen, soil = fitted.weights
    slope = unseen / 2.5  # calibration scales everything alike
    assert worm > 1 and trojan == 0 and soil < -0.5 and 0.3 < slope < 3
    assert fitted.sources["feed.json"] > 0.5 > -0.5 > fitted.sources["weeds.json"]
    turned = fit.fit(book, [replace(example, label=1 - example.label) for example in examples()])
    worm, trojan, _, soil = turned.weights
    assert worm == soil == turned.silent == 0 < trojan


def test_held_out_figures(book: rules.Rulebook) -> None:
    figures = fit.fit(book, examples()).figures
    assert figures["cross_validated"]["auc"] > 0.85 and figures["cross_validated"]["calibration_error"] < 0.1
    assert set(figures["group_left_out"]) == {"odd", "even"}
    assert figures["with_source_cross_validated"]["auc"] > figures["cross_validated"]["auc"]
    curve = figures["cross_validated"]["reliability"]
    assert sum(part["n"] for part in curve) == 300 and figures["with_source_cross_validated"]["n"] == 150
    said, true = (sum(part["n"] * part[name] for part in curve) / 300 for name in ("said", "true"))
    assert said == pytest.approx(true, abs=0.005)


def test_a_text_is_kept_from_a_half_on() -> None:
    found = fit._quality(np.array([1.0, 1, 0, 0, 1, 1]), np.array([2.0, 0, 1, -1, -2, -3]))
    assert (found["n"], found["precision"], found["recall"], found["f1"]) == (6, 0.6667, 0.5, 0.5714)
    assert found["auc"] == 0.375 and found["reliability"][0] == {"said": 0.0474, "true": 1.0, "n": 1}


def test_a_source_that_all_texts_have_in_common_adds_nothing(book: rules.Rulebook) -> None:
    fitted = fit.fit(book, [replace(example, source="one.json") for example in examples()])
    without, with_source = (fitted.figures[name] for name in ("cross_validated", "with_source_cross_validated"))
    assert fitted.sources["one.json"] == pytest.approx(0, abs=0.02)
    assert with_source["n"] == 300 and with_source["auc"] == pytest.approx(without["auc"], abs=0.02)


def test_what_too_few_labels_would_have_to_tell_is_left_out(book: rules.Rulebook) -> None:
    """Of the source there are labels of one kind, and so there are where the larger group is left out."""
    found = [replace(example, source="one.json" if i < 20 and example.label else "",
                     group="small" if i < 20 and example.label else "large") for i, example in enumerate(examples())]
    figures = fit.fit(book, found).figures
    assert figures["with_source_cross_validated"] is None and set(figures["group_left_out"]) == {"small"}
    assert set(figures["cross_validated_by_group"]) == {"small", "large"}


def test_a_group_left_out_is_told_by_what_a_fit_on_the_others_would_ship(book: rules.Rulebook) -> None:
    odd = [example for example in examples() if example.group == "odd"]
    shipped = fit.fit(book, [example for example in examples() if example.group != "odd"])
    x = fit.hit_matrix(book, [("", one.text) for one in odd])
    silence = np.where(x[:, :3].sum(axis=1).A1 > 0, 0.0, shipped.silent)  # the first three rules are of attack
    said = 1 / (1 + np.exp(-(x @ shipped.weights + shipped.bias + silence)))
    error = quality.calibration_error([one.label for one in odd], said.tolist())
    assert fit.fit(book, examples()).figures["group_left_out"]["odd"]["calibration_error"] == error


def test_too_few_examples_are_an_error(book: rules.Rulebook) -> None:
    yes, no = Example("", "worm", 1, "a"), Example("", "soil", 0, "a")
    for few in ([yes] * 20, [no] * 20, [yes] * 20 + [no] * 4, [yes] * 4 + [no] * 20):
        with pytest.raises(ValueError, match="5 folds need at least 5 examples of each label"):
            fit.fit(book, few)
    assert fit.fit(book, [yes, no] * 5).figures["cross_validated"]["auc"] == 1.0


def test_logistic_finds_the_log_odds_of_a_table() -> None:
    x = csr_matrix(np.repeat([[0.0, 0.0], [1.0, 0.0]], [40, 60], axis=0))
    truth = np.concatenate([np.repeat([1.0, 0.0], [10, 30]), np.repeat([1.0, 0.0], [45, 15])])
    weights, bias = fit.logistic(x, truth, 1e-9, [(0, None)] * 2, np.array([0.0, 2.0]))
    assert bias == pytest.approx(np.log(10 / 30), abs=1e-3) and weights == pytest.approx([np.log(9), 2.0], abs=1e-3)


def test_a_weight_is_where_the_texts_pull_as_much_as_what_is_expected() -> None:
    """Of 100 hits 75 are right: the loss, 100 (p - 0.75) + l2 (weight - prior), is level."""
    x, truth = csr_matrix(np.ones((100, 1))), np.repeat([1.0, 0.0], [75, 25])
    for l2, prior, known in ((8.0, 3.0, 0.0), (8.0, -1.0, 0.7)):
        (weight,), bias = fit.logistic(x, truth, l2, [(None, None)], np.array([prior]), np.full(100, known), bias=False)
        pull = 100 * (1 / (1 + np.exp(-known - weight)) - 0.75)
        assert bias == 0 and pull == pytest.approx(l2 * (prior - weight), abs=1e-3)
    assert fit.source_weights(truth, np.full(100, np.log(3)), ["a.json"] * 100)["a.json"] == pytest.approx(0, abs=1e-5)


def test_platt_undoes_overconfidence() -> None:
    draw = np.random.default_rng(3)
    honest = draw.normal(0, 2, 20_000)
    truth = (draw.random(20_000) < 1 / (1 + np.exp(-honest))).astype(float)
    slope, offset = fit.platt(3 * honest + 1, truth)
    assert slope == pytest.approx(1 / 3, abs=0.02) and offset == pytest.approx(-1 / 3, abs=0.1)


def test_few_labels_teach_a_source_little() -> None:
    sources = ["rare.json"] * 1 + ["common.json"] * 40 + [""] * 10
    found = fit.source_weights(np.ones(51), np.zeros(51), sources)
    assert 0 < found["rare.json"] < found["common.json"] / 2 and set(found) == {"rare.json", "common.json"}


def test_rewrite_changes_numbers_only(book: rules.Rulebook, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    fitted = fit.Fitted(np.array([1.234, 0.0, 2.5, -0.004]), -0.5, -0.25, {"b.json": -1.0, "a.json": 0.256}, {})
    fit_files.rewrite(path, book, fitted)
    again = rules.load(path)
    assert [rule.weight for rule in again.rules] == [1.23, 0.0, 2.5, 0.0]
    assert (again.bias, again.silent) == (-0.5, -0.25)
    assert again.sources == {"a.json": 0.26, "b.json": -1.0}
    fit_files.rewrite(path, again, fitted)
    assert rules.load(path).sources == again.sources
    numbers = re.compile(r"(?<=weight: )[-.\d]+|(?<=^bias: )[-.\d]+|(?<=^silent: )[-.\d]+|^sources:.*\n(?:  .*\n)*",
                         re.MULTILINE)
    assert numbers.sub("", path.read_text()) == numbers.sub("", BOOK)
    fit_files.rewrite(path, again, replace(fitted, sources={}))
    assert "\nsources: {}\n" in path.read_text() and rules.load(path).sources == {}
    path.write_text(BOOK.replace("weight: 9   #", "#"))
    with pytest.raises(ParamsError, match="rule trojan: no `weight:`"):
        fit_files.rewrite(path, book, fitted)


def test_sources_of_any_name_keep_it_in_the_rules_file(book: rules.Rulebook, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    names = ["feed: 2.json", "a #1.json", "@x", "- y.csv", "1.50", "null", "it's \"q\"", "tab\t\\1.json", "été.json"]
    for _ in range(2):
        fit_files.rewrite(path, book, fit.Fitted(np.array([1, 1, 1, -1]), 0.0, 0.0, dict.fromkeys(names, 1.0), {}))
        assert rules.load(path).sources == dict.fromkeys(names, 1.0)


@pytest.mark.parametrize(("was", "becomes"), [
    ("bias: ", "# bias: "), ("sources:", "# sources:"), ("id: worm", "id: worm, source: 'weight: 3 tons'"),
    ("rules:", "# id: worm has the weight: 3.1\nrules:")])
def test_a_rules_file_without_places_for_the_numbers_stays_as_it_was(book: rules.Rulebook, tmp_path: Path, was: str,
                                                                     becomes: str) -> None:
    path = tmp_path / "rules.yaml"
    assert BOOK.count(was) == 1
    path.write_text(BOOK.replace(was, becomes))
    before = path.read_text()
    with pytest.raises(ParamsError, match="rules.yaml: left as it was"):
        fit_files.rewrite(path, rules.load(path), fit.Fitted(np.array([1, 1, 1, -1]), 0.7, -0.2, {"a.json": 1.0}, {}))
    assert path.read_text() == before and list(tmp_path.iterdir()) == [path]


def test_labels_for_fitting_are_disjoint_from_uniform_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [records.Record(f"r{i}", "a/feed.json", str(i), f"title {i}", "worm").row() for i in range(6)]
    rows[5]["dropped"] = "revoked"
    records.write(tmp_path / "parsed" / "a" / "feed.json.parquet", rows, records.PARSED)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / labels.STRATIFIED).write_text(
        "file,id,label\n" + "".join(f"feed.json,r{i},{label}\n" for i, label in enumerate("10u111")))
    (tmp_path / "labels" / labels.UNIFORM).write_text("file,id,label\nfeed.json,r0,1\nfeed.json,r4,0\n")
    found = fit_files.labelled_records(tmp_path / "parsed", tmp_path / "labels")
    assert [(example.title, example.label) for example in found] == [("title 1", 0), ("title 3", 1)]
    again = [row | {"source": "b/feed.json", "dropped": None if row["id"] == "r5" else row["dropped"]} for row in rows]
    records.write(tmp_path / "parsed" / "b" / "feed.json.parquet", again, records.PARSED)  # a later release of the file
    found = fit_files.labelled_records(tmp_path / "parsed", tmp_path / "labels")
    assert [example.title for example in found] == ["title 1", "title 3", "title 5"]
    for use in ("thresholds", "report"):
        other = labels.uniform_half(tmp_path / "labels", use)
        assert not other.keys() & labels.for_fitting(tmp_path / "labels").keys()
    assert not capsys.readouterr().err
    (tmp_path / "labels" / labels.UNIFORM).write_text("file,id,label\nfeed.json,r0,1\n")
    (tmp_path / "labels" / labels.STRATIFIED).write_text("file,id,label\nfeed.json,r1,0\na/feed.json,r3,1\n")
    assert len(fit_files.labelled_records(tmp_path / "parsed", tmp_path / "labels")) == 1
    assert "1 of the 2 labels for weights are of no record of this corpus, among them 'a/f" in capsys.readouterr().err


def test_texts_and_their_errors(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "a", "label": 1}\n{"text": "b", "label": null}\n'
                    '{"text": "c", "label": 0, "title": "d"}\n')
    assert [(one.title, one.text, one.label, one.group) for one in fit_files.labelled_texts(path)] == [
        ("", "a", 1, "texts"), ("d", "c", 0, "texts")]
    path.write_text('{"text": "a", "label": 1}\n{"text": "b"}\n')
    with pytest.raises(InputError, match=r"texts\.jsonl, line 2"):
        fit_files.labelled_texts(path)
    with pytest.raises(InputError, match=r"^none\.jsonl: No such file or directory \(name files of"):
        fit_files.labelled_texts(Path("none.jsonl"))
    path.write_text('\ufeff{"text": "a", "label": 1}\n\n{"text": null, "label": 1}\n')
    with pytest.raises(InputError, match=r"texts\.jsonl, line 3.*strings"):
        fit_files.labelled_texts(path)
    for label in ('"1"', "2", "-1", '"yes"', "[1]"):
        path.write_text(f'{{"text": "a", "label": {label}}}\n')
        with pytest.raises(InputError, match=r"texts\.jsonl, line 1.*1, 0 or null is wanted for a label, found "):
            fit_files.labelled_texts(path)


def test_report_shows_dead_and_harmful_rules(book: rules.Rulebook, tmp_path: Path) -> None:
    texts = ["worm", "worm soil", "soil"]
    rows = [records.Record(str(i), "f.json", str(i), "", text).row() for i, text in enumerate(texts)]
    records.write(tmp_path / "parsed" / "f.json.parquet", rows, records.PARSED)
    fit_files.report(tmp_path / "r.csv", book, [1.0, 1.0, 2.5, -0.5], tmp_path / "parsed", examples())
    with (tmp_path / "r.csv").open(newline="") as lines:
        found = {row["id"]: row for row in csv.DictReader(lines)}
    assert found["unseen"]["remark"] == "dead" and found["trojan"]["remark"] == "harmful"
    worm = found["worm"]
    assert (worm["corpus_hits"], worm["conflict"], worm["overlap"]) == ("2", "0.500", "0.500")
    assert float(found["worm"]["precision"]) > 0.8 and found["soil"]["most_alike"] == "worm"


def test_the_report_of_rules_worked_out_by_hand(book: rules.Rulebook, tmp_path: Path) -> None:
    corpus = [(text, None) for text in ("worm", "worm soil", "soil", "trojan", "plain")] + [("worm", "revoked")]
    rows = [records.Record(str(i), "f.json", str(i), "", text, dropped=dropped).row()
            for i, (text, dropped) in enumerate(corpus)]
    records.write(tmp_path / "parsed" / "f.json.parquet", rows, records.PARSED)

    def report(weights: list[float], **labels: list[int]) -> list[list[str]]:
        found = [Example("", text, label, "texts") for text in labels for label in labels[text]]
        fit_files.report(tmp_path / "new" / "r.csv", book, weights, tmp_path / "parsed", found)
        return [line.split(",") for line in (tmp_path / "new" / "r.csv").read_text().splitlines()]

    assert report([1.0, 0.04, 2.5, -0.0], worm=[1, 1, 0], soil=[0, 0, 1], trojan=[0, 0, 0, 0, 1, 1]) == [
        fit_files.COLUMNS,
        ["worm", "attack", "1.00", "1.5", "2", "0.4000", "3", "2", "0.667", "soil", "0.500", "0.500", ""],
        ["trojan", "attack", "0.04", "1.5", "1", "0.2000", "6", "2", "0.333", "", "0.000", "0.000", "harmful"],
        ["unseen", "attack", "2.50", "2.5", "0", "0.0000", "0", "0", "", "", "", "", "dead"],
        ["soil", "garden", "0.00", "-0.7", "2", "0.4000", "3", "1", "0.667", "worm", "0.500", "0.500", "idle"]]
    remarks = [row[-1] for row in report([1.0, 1.0, 1.0, -0.5], worm=[0, 0, 0, 0], trojan=[0, 0, 0, 1, 1, 1])]
    assert remarks[1:] == ["", "", "dead", ""]  # four are too few, half are not harmful


@pytest.mark.skipif(not (GOLD / "arxiv.jsonl").exists(), reason=f"needs the labelled texts in {GOLD}")
def test_rules_alone_on_labelled_texts() -> None:
    found = [example for name in ("arxiv", "debian") for example in fit_files.labelled_texts(GOLD / f"{name}.jsonl")]
    figures = fit.fit(rules.load(ROOT / "rules.yaml"), found).figures
    assert figures["cross_validated"]["auc"] >= 0.93 and figures["cross_validated"]["f1"] >= 0.86
    assert np.mean([part["auc"] for part in figures["group_left_out"].values()]) >= 0.89


def test_the_committed_figures_are_of_the_committed_rules() -> None:
    figures = json.loads((ROOT / "docs" / "rules-fit.json").read_text())
    lines = (ROOT / "docs" / "rules-report.csv").read_text().splitlines()
    book = rules.load(ROOT / "rules.yaml")
    assert [line.split(",")[0] for line in lines[1:]] == book.ids and figures["rules"] == len(book.ids) >= 250


def test_without_its_requirements_the_script_says_what_to_install():
    code = ("import runpy, sys; sys.modules['scipy.optimize'] = None; del sys.argv[0]; "
            "runpy.run_path(sys.argv[0], run_name='__main__')")
    done = subprocess.run([sys.executable, "-c", code, ROOT / "stages" / "prepare_rules.py", "--parsed-dir", "p",
                           "--labels", "tests"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1, "prepare_rules.py: fitting needs scipy.optimize: pip install -r requirements_fit.txt\n")
