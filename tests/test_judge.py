"""`judge`: any texts decided as records are, and what happens to lines that are none."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cybersieve import asking, judge, params, rules
from cybersieve.errors import InputError
from tests import corpus
from tests.conftest import ROOT, run

SETTINGS = params.load(ROOT / "params.yaml")


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("decider, deciders", [("rules", {"rule"}), ("llm", {"llm"}), ("both", {"rule", "llm"})])
def test_texts_are_decided_and_measured(tmp_path, monkeypatch, capsys, decider, deciders):
    monkeypatch.chdir(ROOT)
    rows = [{"text": text, "title": title, "label": label, "own": {"x": n}}
            for n, (title, text, label) in enumerate(corpus.pairs(1))]
    quality = judge.run(write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl", SETTINGS, decider=decider)
    out = rows_of(tmp_path / "out.jsonl")
    assert [row["own"] for row in out] == [row["own"] for row in rows]
    assert {row["by"] for row in out} <= deciders
    assert all((row["p_yes"] is None) == (row["by"] == "rule") for row in out)
    assert {row["verdict"] for row in out} == {"kept", "rejected"}
    assert quality["n"] == len(rows) and quality["auc"] > 0.8
    assert "AUC" in capsys.readouterr().out


@pytest.mark.parametrize("decider", ["rules", "llm", "both"])
def test_a_line_that_says_nothing_is_set_aside_and_not_asked(tmp_path, monkeypatch, decider):
    asked = []
    monkeypatch.setattr(asking.Verifier, "margins", lambda self, texts: [asked.append(text) or 2.0 for text in texts])
    monkeypatch.setattr(asking.Verifier, "calibration", {})
    lines = [{"text": ""}, {"text": "Sponge", "label": 0}, {"text": None, "title": " \n"}, {"text": "\t", "label": 1}]
    quality = judge.run(write(tmp_path / "in.jsonl", lines), tmp_path / "out.jsonl", SETTINGS, decider=decider)
    out = rows_of(tmp_path / "out.jsonl")
    for silent in (out[0], out[2], out[3]):
        assert (silent["verdict"], silent["by"], silent["reason"]) == ("rejected", "parse", "status no text")
        assert (silent["confidence"], silent["rules"], silent["p_yes"], silent["margin"]) == (None, [], None, None)
    assert out[1]["confidence"] is not None and quality["n"] == 1
    assert asked == ([] if decider == "rules" else ["Sponge"])


def test_thresholds_of_a_run_are_used(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "thresholds.json").write_text('{"mode": "fixed", "accept": 0.0, "reject": null}')
    source = write(tmp_path / "in.jsonl", [{"text": "Sponge cake"}])
    judge.run(source, tmp_path / "out.jsonl", SETTINGS, tmp_path / "thresholds.json")
    assert rows_of(tmp_path / "out.jsonl")[0]["verdict"] == "kept"


def test_a_rate_of_nothing_is_not_said_to_lack_labels(tmp_path, capsys):
    source = write(tmp_path / "in.jsonl", [{"text": "Sponge cake", "label": 0}])
    judge.run(source, tmp_path / "out.jsonl", SETTINGS, decider="rules")
    assert re.search(r"labelled +1\n.*\nprecision +nothing to rate\n", capsys.readouterr().out)


def test_a_file_of_thresholds_that_is_none_is_told_what_it_should_be(tmp_path):
    for name, said in ((ROOT / "params.yaml", "not JSON: "), (tmp_path / "none.json", "No such file or directory")):
        with pytest.raises(InputError, match=f"{name.name}: {said}.*a thresholds.json as calibrate writes it"):
            judge.run(tmp_path / "in.jsonl", tmp_path / "out.jsonl", SETTINGS, name)


@pytest.mark.parametrize("line", ["{", "[]", '{"title": "no text"}', '{"text": 3}', '{"text": "a", "title": []}',
                                  '{"text": "a", "label": "1"}'])
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path, line):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "fine"}\n\n' + line + "\n")
    with pytest.raises(InputError, match="line 3"):
        judge.run(path, tmp_path / "out.jsonl", SETTINGS, decider="rules")
    assert [p.name for p in tmp_path.iterdir()] == ["in.jsonl"]


def test_the_command(tmp_path):
    source = write(tmp_path / "in.jsonl", [{"text": "Malware steals passwords"}, {"text": None, "title": "Bread"}])
    run("python", "-m", "cybersieve", "judge", source, "--output", tmp_path / "new" / "out.jsonl", "--rules-only")
    assert [row["verdict"] for row in rows_of(tmp_path / "new" / "out.jsonl")] == ["kept", "rejected"]
    run("python", "-m", "cybersieve", "judge", source, "--output", source, "--rules-only", code=1)


def test_a_posterior_of_a_run_is_used(tmp_path, monkeypatch):
    monkeypatch.setattr(asking.Verifier, "margins", lambda self, texts: [2.0 for _ in texts])
    monkeypatch.setattr(asking.Verifier, "calibration", {"posterior": {"margin": 1, "log_odds": 0, "bias": 0}})
    bands = {"accept": None, "reject": None, "posterior": {"margin": 0, "log_odds": 0, "bias": -9}}
    (tmp_path / "thresholds.json").write_text(json.dumps(bands))
    source = write(tmp_path / "in.jsonl", [{"text": "Sponge cake"}])
    judge.run(source, tmp_path / "out.jsonl", SETTINGS, tmp_path / "thresholds.json")
    assert rows_of(tmp_path / "out.jsonl")[0]["p_yes"] == 0.0


def test_the_margin_is_weighed_with_rules_and_source_and_by_the_llm_alone_is_not(tmp_path, monkeypatch):
    row = {"title": "Bread", "text": "A worm spreads", "source": "forum.json"}
    settings = dataclasses.replace(SETTINGS, score=dataclasses.replace(SETTINGS.score, trust={"forum.json": -1.25}))
    book = rules.load(settings.score.rules, settings.score.extra_rules, settings.score.trust)
    found = book.judge("Bread", "A worm spreads")  # no source: nothing of it
    margins, asked = {"both": 2 * (1 - found.text_log_odds + 1.25), "llm": 1.0}, []
    (tmp_path / "thresholds.json").write_text('{"accept": null, "reject": null}')
    monkeypatch.setattr(asking.Verifier, "calibration", {})
    for decider, verdict in (("both", "rejected"), ("llm", "kept")):  # params.yaml keeps from 0.8, llm alone from 0.5
        monkeypatch.setattr(asking.Verifier, "margins", lambda self, texts, decider=decider: [
            asked.append(text) or margins[decider] for text in texts])
        judge.run(write(tmp_path / "in.jsonl", [row]), tmp_path / "out.jsonl", settings, tmp_path / "thresholds.json",
                  decider)
        (out,) = rows_of(tmp_path / "out.jsonl")
        assert (out["p_yes"], out["verdict"]) == (0.731, verdict)  # 1 / (1 + e^-1)
    assert asked == ["Bread\nA worm spreads"] * 2
    margins["llm"] = -0.04  # 0.49
    judge.run(tmp_path / "in.jsonl", tmp_path / "out.jsonl", settings, decider="llm")
    assert rows_of(tmp_path / "out.jsonl")[0]["verdict"] == "rejected"


def test_rules_alone_keep_from_a_half(tmp_path):
    for bias, verdict in ((0.04, "kept"), (-0.04, "rejected")):  # a confidence of 0.51, of 0.49
        (tmp_path / "rules.yaml").write_text(f"bias: {bias}\nsources: {{}}\ncategories: {{}}\nrules: []\n")
        score = dataclasses.replace(SETTINGS.score, rules=str(tmp_path / "rules.yaml"), extra_rules=None, trust={})
        judge.run(write(tmp_path / "in.jsonl", [{"text": "a"}]), tmp_path / "out.jsonl",
                  dataclasses.replace(SETTINGS, score=score), decider="rules")
        assert rows_of(tmp_path / "out.jsonl")[0]["verdict"] == verdict


def test_figures_of_labelled_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(asking.Verifier, "margins", lambda self, texts: [float(text) for text in texts])
    monkeypatch.setattr(asking.Verifier, "calibration", {})
    lines = [{"text": text, "label": label} for text, label in (("2", 1), ("2", 0), ("2", 0), ("-2", 1), ("-2", 0),
                                                                ("2", None))]
    quality = judge.run(write(tmp_path / "in.jsonl", lines), tmp_path / "out.jsonl", SETTINGS, decider="llm")
    assert [quality[name]["value"] for name in ("precision", "recall", "f1")] == [0.3333, 0.5, 0.4]
    assert (quality["n"], quality["auc"]) == (5, 0.4167)  # of six pairs one in order and three alike
    shown = capsys.readouterr().out
    assert re.search(r"labelled +5\nAUC +0.4167\nprecision +0.333.*\nrecall +0.500.*\nf1 +0.400", shown)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="none.jsonl: No such file"):
        judge.run(tmp_path / "none.jsonl", tmp_path / "out.jsonl", SETTINGS, decider="rules")


def test_what_the_model_could_not_answer_is_said_and_not_rated(tmp_path, monkeypatch, capsys):
    def margins(self, texts):
        found = [None if "odd" in text else 2.0 for text in texts]
        self.failed += found.count(None)
        return found

    monkeypatch.setattr(asking.Verifier, "margins", margins)
    monkeypatch.setattr(asking.Verifier, "calibration", {})
    lines = [{"text": "odd", "label": 1}, {"text": "A worm spreads", "label": 1}, {"text": "Sponge", "label": 0}]
    quality = judge.run(write(tmp_path / "in.jsonl", lines), tmp_path / "out.jsonl", SETTINGS, decider="llm")
    assert [row["verdict"] for row in rows_of(tmp_path / "out.jsonl")] == ["failed", "kept", "kept"]
    assert quality["n"] == 2 and "left 1 texts unanswered" in capsys.readouterr().err


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    source = write(tmp_path / "in.jsonl", [{"text": "Sponge"}])
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit((tmp_path / "pipe").read_text)
        judge.run(source, tmp_path / "pipe", SETTINGS, decider="rules")
        assert json.loads(read.result(10))["text"] == "Sponge"
    assert (tmp_path / "pipe").is_fifo() and len(list(tmp_path.iterdir())) == 2


def test_stdin_and_stdout(tmp_path):
    command = [sys.executable, "-m", "cybersieve", "judge", "/dev/stdin", "--output", "/dev/stdout", "--rules-only"]
    with (tmp_path / "out.jsonl").open("wb") as out:
        subprocess.run(command, input=b'{"text": "Sponge"}\n', stdout=out, cwd=ROOT, check=True)
    assert rows_of(tmp_path / "out.jsonl")[0]["text"] == "Sponge" and Path("/dev/stdout").is_symlink()
