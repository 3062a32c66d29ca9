"""The table at the end of `make`: what it says, and that it fits a screen."""

import hashlib
import json

import pytest
import yaml

from cybersieve import summary
from tests.test_page import build, rows, write_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_run(folder, rows())
    build(folder)
    return folder


def printed(folder, capsys, as_markdown=False):
    summary.show(folder, as_markdown)
    return capsys.readouterr().out


def test_it_fits_a_screen_and_says_what_the_metrics_say(folder, capsys):
    shown = printed(folder, capsys)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert len(shown.splitlines()) <= 20 and max(map(len, shown.splitlines())) <= 80
    assert f"{metrics['precision']:.3f} (" in shown and f"{metrics['kept']} (" in shown
    assert "10 duplicates" in shown and "2 s (parse 2 s), at most 90 MB" in shown
    assert "report.html" in "".join(shown.replace("│", "").split()) and "another run" not in shown


def test_the_figures_are_those_of_the_metrics(folder):
    verdicts = [("rule", "kept", 250), ("rule", "rejected", 480), ("llm", "rejected", 20), ("dedup", "rejected", 150),
                ("parse", "rejected", 50), ("llm", "failed", 50)]
    metrics = json.loads((folder / "metrics.json").read_text()) | {
        "records": 1000, "kept": 250, "rejected": 700, "failed": 50,
        "verdicts": [{"by": by, "verdict": verdict, "records": n} for by, verdict, n in verdicts],
        "verifier": {"alone": {"auc": 0.9, "calibration_error": 0.1, "n": 7}}}
    stages = {name: {"seconds": seconds, "peak_memory_mb": memory}
              for name, seconds, memory in (("parse", 2, 90), ("verify", 30, 400), ("score", 1, 900))}
    found = dict(summary.lines(metrics, stages))
    assert [found[name] for name in ("records", "kept", "rejected", "set aside before", "failed")] == [
        "1,000", "250 (25.0%)", "500", "150 duplicates, 50 withdrawn or empty", "50"]
    assert found["LLM alone, where asked"] == "AUC 0.900, calibration error 0.100, n 7"
    assert found["time and memory"] == "33 s (verify 30 s), at most 900 MB"
    assert summary.shown({"value": 0.9, "interval": [0.8, 0.95], "counts": [9, 10]}) == "0.900 (0.800 to 0.950, n 10)"


@pytest.mark.parametrize("named", ["s3://bucket/out", "s3://bucket/out/"])
def test_a_report_at_a_url_is_named_as_what_stays(named, folder, capsys):
    summary.show(folder, as_markdown=False, named=named)
    shown = "".join(capsys.readouterr().out.replace("│", "").split())
    assert "s3://bucket/out/report.html" in shown and str(folder) not in shown


def test_a_report_of_another_run_is_told(folder, capsys, tmp_path):
    (tmp_path / "report.html").write_text((folder / "report.html").read_text())
    (tmp_path / "metrics.json").write_text((folder / "metrics.json").read_text() + " ")
    assert "another run" in " ".join(printed(tmp_path, capsys).replace("│", " ").split())


def test_markdown_holds_no_clock_and_the_same_figures(folder, capsys):
    shown = printed(folder, capsys, as_markdown=True)
    assert shown.startswith("| | |\n|---|---|\n| records | 40 |") and " s (" not in shown and "report" not in shown


@pytest.mark.parametrize(("becomes", "said"), [
    ({"by": "llm"}, {"kept by rule, rightly": "none kept by rule"}),
    ({"verdict": "rejected"}, {"kept by rule, rightly": "none kept by rule", "precision": "none kept"})])
def test_a_rate_of_nothing_is_not_said_to_want_labels(tmp_path, becomes, said):
    write_run(tmp_path, [row | becomes if row["verdict"] == "kept" else row for row in rows()])
    build(tmp_path)
    found = dict(summary.lines(json.loads((tmp_path / "metrics.json").read_text()), {}))
    assert {name: found[name] for name in said} == said and "n " in found["rejected by rule, rightly"]
    page = (tmp_path / "report.html").read_text()
    assert "none kept by rule" in page and "no labelled records" not in page
    assert ("labelled records on which nothing was fitted none was kept" in page) == ("precision" in said)


def test_the_bar_is_full_and_shows_what_is_rare():
    found = summary.widths({"kept": 9990, "rejected": 9, "failed": 1, "duplicates": 0}, 72)
    assert found == {"kept": 70, "rejected": 1, "failed": 1}
    assert summary.widths({"kept": 0}, 72) == {}
    assert sum(summary.widths(dict.fromkeys("abcdefg", 3), 72).values()) == 72


def test_thresholds_that_labels_could_not_prove_say_how_many_there_were():
    bands = {"mode": "certified", "accept": None, "reject": None, "labels": 8}
    assert summary.thresholds(bands) == "nothing certified by 8 labels"
    assert summary.thresholds(bands | {"reject": 0.1}).startswith("certified by 8 labels: none kept by rule, rejected")
    assert summary.thresholds(bands | {"accept": 0.9, "reject": 0.1}).startswith("certified: kept from 0.900, ")


@pytest.mark.parametrize(("value", "shown"), [(0.1219, "0.122"), (0.00025, "0.00025"), (0.999961, "0.999961"),
                                              (0.0, "0.000"), (1.0, "1.000")])
def test_a_threshold_has_as_many_digits_as_it_needs(value, shown):
    assert summary.threshold(value) == shown


def md5(content):
    return hashlib.md5(content.encode()).hexdigest()


@pytest.fixture
def project(tmp_path):
    """What dvc.lock says of a run, and files that it is true of."""
    def entry(name, value):
        return {"path": name, "md5": md5(value)}
    settings = "score:\n  rules: rules.yaml\nverify:\n  model: m\n"
    for name, content in {"rules.yaml": "a", "metrics.json": "{}", "params.yaml": settings}.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "raw_data.dvc").write_text(yaml.safe_dump({"outs": [entry("raw_data", "dumps")]}))
    lock = {"schema": "2.0", "stages": {
        "parse": {"deps": [entry("raw_data", "dumps")], "outs": [entry("data/parsed", "p")]},
        "score": {"deps": [entry("data/parsed", "p"), entry("rules.yaml", "a"), entry("not_here.yaml", "b")],
                  "params": {"params.yaml": {"score": {"rules": "rules.yaml"}, "verify.model": "m"}},
                  "outs": [entry("data/scored", "s")]},
        "report": {"deps": [entry("data/scored", "s")], "outs": [entry("metrics.json", "{}")]}}}
    (tmp_path / "dvc.lock").write_text(yaml.safe_dump(lock))
    return tmp_path


def test_figures_of_what_is_there_are_up_to_date(project, tmp_path_factory):
    assert summary.outdated(project) is None
    assert summary.outdated(tmp_path_factory.mktemp("no_lock")) is None


@pytest.mark.parametrize(("name", "was", "becomes", "reason"), [
    ("raw_data.dvc", md5("dumps"), md5("others"), "of another raw_data"),
    ("rules.yaml", "a", "b", "rules.yaml has changed"),
    ("metrics.json", "{}", "{ }", "metrics.json has changed"),
    ("params.yaml", "model: m", "model: n", "verify.model in params.yaml has changed"),
    ("params.yaml", "rules: rules.yaml", "rules: r.yaml", "score in params.yaml has changed"),
    ("dvc.lock", f"md5: {md5('s')}\n      path: data/scored\n    params", f"md5: {md5('newer')}\n"
     "      path: data/scored\n    params", "data/scored has changed")])  # score ran again, what follows failed
def test_figures_of_something_else_say_so(project, name, was, becomes, reason):
    text = (project / name).read_text()
    assert was in text
    (project / name).write_text(text.replace(was, becomes))
    assert summary.outdated(project) == reason


def test_old_figures_are_told_in_the_first_line(project, folder, capsys):
    (project / "metrics.json").write_text((folder / "metrics.json").read_text())
    shown = printed(project, capsys)
    assert "metrics.json has changed: run dvc repro" in shown
    assert shown.index("not up to date") < shown.index("kept") and max(map(len, shown.splitlines())) <= 80
    assert "up to date" not in printed(project, capsys, as_markdown=True)


def test_files_that_were_left_out_are_told(folder, capsys, tmp_path):
    metrics = json.loads((folder / "metrics.json").read_text())
    lost = [{"source": f"{name}.json", "records": 7, "reason": "byte 4, ends\x1b inside a string"} for name in "abcde"]
    (tmp_path / "metrics.json").write_text(json.dumps(metrics | {"left_out": lost}))
    shown = printed(tmp_path, capsys, as_markdown=True)
    assert "| left out | 5 files, 35 records (a.json: byte 4, endsU+001B inside a string; b.json: " in shown
    assert "; 2 more) |" in shown and "d.json" not in shown


@pytest.mark.parametrize(("dropped", "said"), [
    ({"rule": 9, "dedup": 1}, None), ({"rule": 9, "short": 2, "licence": 1700}, "1,702 (licence 1,700, short 2)")])
def test_kept_records_that_export_left_out_are_told(folder, tmp_path, capsys, dropped, said):
    metrics = json.loads((folder / "metrics.json").read_text())
    stages = [{"stage": "export", "read": 2000, "written": 288, "dropped": dropped, "failed": 0}]
    (tmp_path / "metrics.json").write_text(json.dumps(metrics | {"stages": stages}))
    shown = printed(tmp_path, capsys, as_markdown=True)
    assert f"| kept, not exported | {said} |" in shown if said else "not exported" not in shown


def test_rates_of_labels_that_are_no_uniform_sample_say_so(folder, tmp_path, capsys):
    assert "uniform" not in printed(folder, capsys)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["thresholds"] |= {"mode": "uncertified", "labels_refused": True}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    shown = printed(tmp_path, capsys)
    assert "no uniform sample of this corpus" in shown and shown.index("no uniform sample") < shown.index("precision")
    assert max(map(len, shown.splitlines())) <= 80
