"""The table at the end of `make`: what it says, and that it fits a screen."""

import json

import pytest

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


def test_a_report_of_another_run_is_told(folder, capsys, tmp_path):
    (tmp_path / "report.html").write_text((folder / "report.html").read_text())
    (tmp_path / "metrics.json").write_text((folder / "metrics.json").read_text() + " ")
    assert "another run" in " ".join(printed(tmp_path, capsys).replace("│", " ").split())


def test_markdown_holds_no_clock_and_the_same_figures(folder, capsys):
    shown = printed(folder, capsys, as_markdown=True)
    assert shown.startswith("| | |\n|---|---|\n| records | 40 |") and " s (" not in shown and "report" not in shown


def test_the_bar_is_full_and_shows_what_is_rare():
    found = summary.widths({"kept": 9990, "rejected": 9, "failed": 1, "duplicates": 0}, 72)
    assert found == {"kept": 70, "rejected": 1, "failed": 1}
    assert summary.widths({"kept": 0}, 72) == {}
    assert sum(summary.widths(dict.fromkeys("abcdefg", 3), 72).values()) == 72


def test_thresholds_that_labels_could_not_prove_say_how_many_there_were():
    bands = {"mode": "certified", "accept": None, "reject": None, "labels": 8}
    assert summary.thresholds(bands) == "certified by 8 labels: none kept by rule, none rejected by rule"
    assert summary.thresholds(bands | {"accept": 0.9, "reject": 0.1}).startswith("certified: kept from 0.900, ")
