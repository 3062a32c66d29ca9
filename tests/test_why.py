"""Why one record went where it went, told on a terminal."""

import re

import pytest

from cybersieve import export, records, rules, why
from cybersieve.errors import InputError
from tests import decided
from tests.conftest import ROOT

BOOK = rules.load(ROOT / "rules.yaml")


@pytest.fixture
def data(tmp_path):
    text = "A \x1b[31mransomware\u202e that exploits CVE-2031-0001"
    hits = BOOK.judge("Emberfox", text, "b.json")
    low = {"id": "r-1", "verdict": "rejected", "by": "rule", "score": -2.0, "confidence": 0.1}
    decided.write(tmp_path, [
        {"id": "R-1", "verdict": "kept", "by": "llm", "title": "Emberfox", "rules": list(hits.hits), "p_yes": 0.912,
         "text": text + " x" * 2000, "margin": 1.25, "reason": "p_yes",
         "score": round(hits.text_log_odds + hits.source_log_odds, 4), "confidence": hits.confidence},
        {"id": "R-2", "verdict": "rejected", "by": "dedup", "reason": "duplicate of R-1"}])
    decided.write(tmp_path, [low], "c.json")
    records.save_json(tmp_path / "thresholds.json", {"mode": "fixed", "accept": 0.99, "reject": 0.05})
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "sample_uniform.csv").write_text("file,id,label\nb.json,R-1,1\n")
    return tmp_path


def told(data, capsys, *arguments):
    why.main([*arguments, "--data", str(data), "--labels", str(data / "labels"), "--params", str(ROOT / "params.yaml")])
    return capsys.readouterr().out


def test_rules_source_llm_thresholds_and_label_are_told(data, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    shown = told(data, capsys, "R-1", "--source", "b.json")
    assert "KEPT by llm: p_yes" in shown and "margin +1.25" in shown and "p_yes 0.912" in shown
    assert re.search("“CVE[0-9-]*” in the text", shown) and "the source a/b.json" in shown
    assert "kept from 0.990, rejected to 0.050" in shown and "labelled 1 in sample_uniform.csv" in shown
    weights = [float(line.split()[0]) for line in shown.splitlines() if line[:7].strip()[:1] in {"+", "-"}]
    *parts, total = weights
    assert total == pytest.approx(sum(parts), abs=0.01 * len(parts))  # the lines add up to the last one


def test_nothing_of_the_data_steers_the_terminal(data, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    shown = told(data, capsys, "R-1", "--source", "a/b.json")
    assert "\x1b" not in shown and "\u202e" not in shown and "<U+001B>[31mransomware<U+202E>" in shown
    assert "more characters" in shown and len(shown) < 4000


def test_what_no_run_decided_yet_is_told_as_such(data, capsys, monkeypatch):
    """`dvc repro calibrate` leaves the verdicts of the run before in place, of other records by the same numbers."""
    monkeypatch.chdir(ROOT)
    decided.write(data / "before", [{"id": "OLD-1", "verdict": "rejected", "by": "rule", "score": -3.0}])
    (data / "before" / "verdicts" / "a" / "b.json.parquet").replace(data / "verdicts" / "a" / "b.json.parquet")
    shown = told(data, capsys, "R-1", "--source", "b.json")
    assert "NOT DECIDED by any run yet: dvc repro decides" in shown and "“CVE" in shown and "REJECTED" not in shown
    (data / "verdicts" / "a" / "b.json.parquet").unlink()
    assert told(data, capsys, "R-1", "--source", "b.json") == shown
    (data / "scored" / "a" / "b.json.parquet").unlink()
    with pytest.raises(InputError, match="scored: does not hold the a/b.json that was parsed .dvc repro"):
        told(data, capsys, "R-1", "--source", "b.json")


def test_every_source_that_holds_the_id_whatever_its_case(data, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    shown = told(data, capsys, "r-1")
    assert shown.index("from a/b.json") < shown.index("from c.json") and "REJECTED by rule" in shown


def test_the_output_folder_of_filter_will_do(data, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    plain = told(data, capsys, "R-2")
    (data / "stages").mkdir()
    for name in ("parsed", "scored", "verdicts", "thresholds.json"):
        (data / name).rename(data / "stages" / name)
    assert told(data, capsys, "R-2") == plain


def test_a_duplicate_has_no_evidence_but_a_reason(data, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    shown = told(data, capsys, "R-2")
    assert "REJECTED by dedup: duplicate of R-1" in shown and "log-odds" not in shown


def test_what_export_left_out_is_told(data, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    plain = told(data, capsys, "R-1", "--source", "b.json")
    for by, reason in (("llm", "p_yes"), ("export", "licence X\x1b is denied")):
        row = {"id": "R-1", "source": "a/b.json", "verdict": "rejected", "by": by, "reason": reason}
        records.write(data / "rejected" / "a" / "b.json.parquet", [row | {"confidence": 0.5, "p_yes": None}],
                      export.REJECTED)
        shown = told(data, capsys, "R-1", "--source", "b.json")
        assert (shown == plain) == (by == "llm")
    assert "KEPT by llm: p_yes\nLEFT OUT by export: licence X<U+001B> is denied\n" in shown
    (data / "stages").mkdir()
    for name in ("parsed", "scored", "verdicts", "thresholds.json"):
        (data / name).rename(data / "stages" / name)
    assert told(data, capsys, "R-1", "--source", "b.json") == shown


def test_why_export_left_one_out_is_not_told_of_another(data):
    def told(*left_out):
        rows = [{"id": name, "source": "a/b.json", "verdict": "rejected", "by": by, "reason": reason, "confidence": 0.5,
                 "p_yes": None} for name, by, reason in left_out]
        records.write(data / "rejected" / "a" / "b.json.parquet", rows, export.REJECTED)
        return why.left_out(data, {"id": "R-1", "source": "a/b.json", "verdict": "kept"})
    others = ("R-0", "export", "short"), ("R-1", "llm", "p_yes")
    assert told(*others) is None and told(*others, ("R-1", "export", "licence")) == "licence"


def test_an_id_that_is_not_there_is_answered_by_those_that_come_close(data):
    with pytest.raises(InputError, match="did you mean R-[12]"):
        why.find(data / "parsed", "R-9", None)
    with pytest.raises(InputError, match="in d.json"):
        why.find(data / "parsed", "R-1", "d.json")


@pytest.mark.parametrize("name", ["ΟΔΥΣΣΕΥΣ", "İstanbul-7"])  # Python's small letters of these are not Arrow's
def test_an_id_as_it_is_written_is_found(tmp_path, name):
    decided.write(tmp_path, [{"id": "other", "verdict": "kept", "by": "rule"},
                             {"id": name, "verdict": "kept", "by": "rule"}])
    assert why.find(tmp_path / "parsed", name, None) == [("a/b.json", 1)]
