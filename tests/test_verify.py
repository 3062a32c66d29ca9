"""Who decides what, and that no question is lost or put twice. A tiny random model stands in for the default one."""

import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from cybersieve import asking, cache, model, params, prompt, records, verify
from cybersieve.errors import InputError, ModelError
from cybersieve.records import Record, Row
from cybersieve.verify import Decision, by_llm, by_rule
from tests import tiny
from tests.conftest import ROOT, run


@dataclasses.dataclass
class Bench:
    """A parsed and scored folder, thresholds and settings, all small."""

    folder: Path
    settings: params.Verify

    def fill(self, sources: dict[str, list[tuple[str, float | None, str | None]]]) -> None:
        """`sources`: rows of (text, confidence, upstream status that dropped it) by source."""
        for source, rows in sources.items():
            parsed = [Record(f"{source}-{i}", source, str(i), "", text, {}, dropped).row()
                      for i, (text, _, dropped) in enumerate(rows)]
            scored = [{"id": f"{source}-{i}", "source": source, "rules": [], "confidence": sure,
                       "score": None if sure is None else 4 * sure - 2} for i, (_, sure, _) in enumerate(rows)]
            records.write(self.folder / "parsed" / f"{source}.parquet", parsed, records.PARSED)
            records.write(self.folder / "scored" / f"{source}.parquet", scored, records.SCORED)
        self.threshold(0.9, 0.1)

    def threshold(self, accept: float | None, reject: float | None, **more: object) -> None:
        records.save_json(self.folder / "thresholds.json", {"accept": accept, "reject": reject, **more})

    def verify(self, **changes: Any) -> tuple[list[Row], records.Counts, dict[str, float]]:
        figures: dict[str, float] = {}
        unique = self.folder / "unique"
        counts = verify.verify_folder(
            self.folder / "parsed", self.folder / "scored", self.folder / "verdicts", self.folder / "thresholds.json",
            dataclasses.replace(self.settings, **changes), unique if unique.exists() else None, figures)
        shards = records.shards(self.folder / "verdicts")
        return [row for shard in shards for row in records.read(shard.path)], counts, figures


@pytest.fixture
def bench(tmp_path: Path, own_cache: Path, verify_settings: params.Verify) -> Bench:
    folder = tiny.write(tmp_path / "tiny")
    return Bench(tmp_path / "run", dataclasses.replace(verify_settings, model=str(folder), adapter=None, batch_size=4))


UNSURE = [(f"record {i} {'ing ' * (i % 7)}", 0.5, None) for i in range(30)]


# who decides

@pytest.mark.parametrize(("confidence", "accept", "reject", "verdict"), [
    (0.95, 0.9, 0.1, "kept"), (0.9, 0.9, 0.1, "kept"), (0.1, 0.9, 0.1, "rejected"), (0.5, 0.9, 0.1, None),
    (1.0, None, 0.1, None), (0.0, 0.9, None, None), (0.5, None, None, None)])
def test_rules_decide_outside_the_band(confidence: float, accept: float | None, reject: float | None,
                                       verdict: str | None) -> None:
    decision = by_rule(confidence, accept, reject)
    assert (decision and decision.verdict) == verdict


def test_reasons_are_short_words() -> None:
    assert by_rule(0.97, 0.9, 0.1) == Decision("kept", "rule", "confidence 0.97 >= 0.90")
    assert by_rule(0.03, 0.9, 0.1) == Decision("rejected", "rule", "confidence 0.03 <= 0.10")
    assert by_llm(-2.0, 0.2, {}) == Decision("rejected", "llm", "p_yes 0.310 < 0.5", 0.31, -2.0)
    assert by_llm(None, 0.2, {}) == Decision("failed", "llm", "no answer")


def test_margin_and_log_odds_are_weighed_together() -> None:
    calibration = {"platt": {"a": 0.5, "b": -1.0}, "posterior": {"margin": 0.25, "log_odds": 2.0, "bias": 0.5}}
    assert by_llm(2.0, -0.5, calibration).p_yes == 0.5, "0.5 - 1 + 0.5 = 0"
    assert by_llm(2.0, None, calibration).p_yes == 0.5, "the LLM alone: 1 - 1 = 0"
    assert by_llm(2.0, None, {}).p_yes == pytest.approx(0.881, abs=1e-9)
    assert by_llm(1000.0, 1000.0, {}).p_yes == 1.0 and by_llm(-1e9, 0.0, {}).p_yes == 0.0


def test_from_which_p_yes_a_record_is_kept_is_a_setting() -> None:
    assert by_llm(2.0, None, {}, keep_from=0.88).verdict == "kept"
    assert by_llm(2.0, None, {}, 0.9) == Decision("rejected", "llm", "p_yes 0.881 < 0.9", 0.881, 2.0)


def test_the_verdict_follows_the_p_yes_that_is_written() -> None:
    decision = by_llm(-0.0039, 0.0, {})
    assert (decision.p_yes, decision.verdict, decision.margin) == (0.5, "kept", -0.004)


def test_every_record_has_one_verdict_in_its_place(bench: Bench) -> None:
    bench.fill({"b.json": [("clear", 0.95, None), ("unsure", 0.5, None), ("gone", None, "REJECT"), ("no", 0.02, None)],
                "a/c.json": [("twin", None, None), ("unsure too", 0.4, None)]})
    for name, twins in (("b.json", [None] * 4), ("a/c.json", ["b.json-1", None])):
        rows = [{"id": f"{name}-{i}", "duplicate_of": twin} for i, twin in enumerate(twins)]
        schema = records.pa.schema([("id", records.pa.string()), ("duplicate_of", records.pa.string())])
        records.write(bench.folder / "unique" / f"{name}.parquet", rows, schema)
    rows, counts, figures = bench.verify()
    assert [(row["id"], row["by"], row["reason"]) for row in rows if row["by"] != "llm"] == [
        ("a/c.json-0", "dedup", "duplicate of b.json-1"), ("b.json-0", "rule", "confidence 0.95 >= 0.90"),
        ("b.json-2", "parse", "status REJECT"), ("b.json-3", "rule", "confidence 0.02 <= 0.10")]
    for row in rows:
        assert (row["p_yes"] is not None) == (row["margin"] is not None) == (row["by"] == "llm")
        if row["by"] == "llm":
            assert row["verdict"] == ("kept" if row["p_yes"] >= bench.settings.keep_from else "rejected")
            assert row["p_yes"] == round(row["p_yes"], 3) and row["margin"] == round(row["margin"], 3)
    assert counts.tree()["dropped"] == {"dedup": 1, "parse": 1} and counts.written == 4 and counts.balanced()
    assert sum(counts.notes.values()) == 6 and figures["asked"] == 2


def test_the_thresholds_posterior_wins_over_the_adapters(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The adapter's rejects all and the corpus's own keeps all; what else the adapter brings stays."""
    never, always = ({"margin": 0.0, "log_odds": 0.0, "bias": bias} for bias in (-9.0, 9.0))
    monkeypatch.setattr(asking.Verifier, "calibration", {"posterior": never})
    bench.fill({"a.json": UNSURE})
    assert {row["verdict"] for row in bench.verify()[0]} == {"rejected"}
    bench.threshold(0.9, 0.1, posterior=always)
    assert {row["verdict"] for row in bench.verify()[0]} == {"kept"}
    platt = {"a": 1.0, "b": 0.0}
    assert verify.weighing({"posterior": never, "platt": platt}, {"posterior": always}) == {
        "posterior": always, "platt": platt}
    assert verify.weighing({"platt": platt}, {"posterior": None}) == {"platt": platt}


def test_another_keep_from_asks_nothing_anew(bench: Bench) -> None:
    bench.fill({"a.json": UNSURE})
    first = bench.verify(keep_from=0.0)[0]
    middle = sorted(row["p_yes"] for row in first)[15]
    again, _, figures = bench.verify(keep_from=middle)
    assert {row["verdict"] for row in first} == {"kept"} and figures["asked"] == 0
    assert [row["verdict"] == "kept" for row in again] == [row["p_yes"] >= middle for row in first]


# never lost, never twice

def test_a_second_run_asks_nothing_and_says_the_same(bench: Bench) -> None:
    bench.fill({"a.json": UNSURE, "b.json": UNSURE[:5]})
    first, _, figures = bench.verify()
    assert figures["asked"] == 30, "equal texts are one question"
    written = [shard.path.read_bytes() for shard in records.shards(bench.folder / "verdicts")]
    again, _, figures = bench.verify(batch_size=32)
    assert (figures["asked"], figures["cached"]) == (0, 35) and again == first
    assert [shard.path.read_bytes() for shard in records.shards(bench.folder / "verdicts")] == written


def test_the_model_is_not_even_loaded_when_all_is_known(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fill({"a.json": UNSURE})
    bench.verify()
    monkeypatch.setattr(model, "open_files", lambda *_: pytest.fail("loaded"))
    assert bench.verify()[2]["asked"] == 0


def test_no_model_is_needed_where_the_rules_are_sure(bench: Bench) -> None:
    bench.fill({"a.json": [("clear", 0.99, None), ("no", 0.01, None)]})
    rows, _, figures = bench.verify(model="no-such/model")
    assert [row["verdict"] for row in rows] == ["kept", "rejected"] and figures["asked"] == 0


def test_a_changed_threshold_asks_only_the_newly_uncertain(bench: Bench) -> None:
    bench.fill({"a.json": [(f"text {i}", i / 100, None) for i in range(100)]})
    bench.threshold(0.6, 0.4)
    assert bench.verify()[2]["asked"] == 19
    bench.threshold(0.65, 0.4)
    assert bench.verify()[2]["asked"] == 5
    bench.threshold(None, None)
    assert bench.verify()[2]["asked"] == 76


def test_another_prompt_is_another_question(bench: Bench) -> None:
    bench.fill({"a.json": UNSURE[:8]})
    assert bench.verify()[2]["asked"] == 8
    assert bench.verify(prompt="Is this about gardening?")[2]["asked"] == 8
    assert bench.verify(max_tokens=20)[2]["asked"] == 8


def test_windows_do_not_change_anything(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fill({"a.json": UNSURE[:13], "b.json": UNSURE[13:]})
    whole = bench.verify()[0]
    cache.prune()
    monkeypatch.setattr(verify, "WINDOW", 7)
    rows, _, figures = bench.verify()
    assert figures["asked"] == 30
    for one, other in zip(rows, whole, strict=True):
        assert one["id"] == other["id"] and one["margin"] == pytest.approx(other["margin"], abs=2e-3)


def test_each_question_is_a_title_and_a_text_and_a_window_of_them_is_held(
        bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fill({"a.json": UNSURE[:5]})
    rows = [Record(f"a.json-{n}", "a.json", str(n), f"Title {n}", f"text {n}", {}, None).row() for n in range(5)]
    records.write(bench.folder / "parsed" / "a.json.parquet", rows, records.PARSED)
    asked = []
    monkeypatch.setattr(asking.Verifier, "margins", lambda self, texts: asked.append([*texts]) or [9.0] * len(texts))
    monkeypatch.setattr(verify, "WINDOW", 2)
    assert [row["verdict"] for row in bench.verify()[0]] == ["kept"] * 5
    full = [f"Title {n}\ntext {n}" for n in range(5)]
    assert asked == [full[:2], full[2:4], full[4:]]


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_goes_on_where_it_was(bench: Bench, own_cache: Path, sent: signal.Signals) -> None:
    total = 1500
    bench.fill({"a.json": [(f"{i} {'ing ' * 60}", 0.5, None) for i in range(total)]})
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    settings["verify"] |= dataclasses.asdict(dataclasses.replace(bench.settings, batch_size=1))
    (bench.folder / "params.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, ROOT / "stages" / "verify.py", *stage_arguments(bench.folder)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    while answered(own_cache) < 20:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.kill(process.pid, sent)
    _, said = process.communicate()
    assert sent == signal.SIGKILL or b"the LLM's answers so far are" in said, said
    known = answered(own_cache)
    assert 20 <= known < total and not (bench.folder / "verdicts").exists()

    run(*command)
    figures = json.loads((bench.folder / "performance.json").read_text())
    assert (figures["asked"], figures["cached"]) == (total - known, known)
    assert figures["peak_memory_mb"] > 0 and figures["tokens_per_second"] > 0
    counts = json.loads((bench.folder / "counts.json").read_text())
    assert counts["read"] == counts["written"] == total and counts["failed"] == 0


def stage_arguments(folder: Path) -> list[str]:
    names = {"parsed-dir": "parsed", "scored-dir": "scored", "thresholds": "thresholds.json", "output-dir": "verdicts",
             "params": "params.yaml", "counts": "counts.json", "performance": "performance.json"}
    return [part for name, file in names.items() for part in (f"--{name}", str(folder / file))]


def answered(folder: Path) -> int:
    if not (folder / cache.NAME).exists():
        return 0
    file = sqlite3.connect(f"file:{folder / cache.NAME}?mode=ro", uri=True)
    try:
        return int(file.execute("SELECT count(*) FROM answers").fetchone()[0])
    except sqlite3.OperationalError:  # between the file's making and the table's
        return 0
    finally:
        file.close()


# failures

class Forgetful:
    """An engine that leaves every third question unanswered."""

    tokens, trouble = 0, "the machine dreams"

    def margins(self, texts: list[str]) -> Any:
        yield [(i, None if i % 3 == 0 else 1.0) for i in range(len(texts))]

    def __exit__(self, *_: object) -> None:
        pass


def test_failed_records_are_kept_apart_and_asked_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fill({"a.json": UNSURE})
    with monkeypatch.context() as patch:
        patch.setattr(asking.Verifier, "_load", lambda self: Forgetful())
        rows, counts, _ = bench.verify(max_failed=0.5)
    failed = [row for row in rows if row["verdict"] == "failed"]
    assert len(failed) == counts.failed == 10 and counts.written == 20 and counts.balanced()
    assert all(row["p_yes"] is None and row["margin"] is None and row["by"] == "llm" for row in failed)
    rows, counts, figures = bench.verify(max_failed=0.5)
    assert counts.failed == 0 and figures["asked"] == 10 and figures["cached"] == 20


def test_too_many_failures_fail_the_stage_and_keep_the_answers(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fill({"a.json": UNSURE})
    with monkeypatch.context() as patch:
        patch.setattr(asking.Verifier, "_load", lambda self: Forgetful())
        with pytest.raises(ModelError, match=r"10 of 30 questions.*verify\.max_failed.*dreams"):
            bench.verify()
    assert not (bench.folder / "verdicts").exists()
    assert bench.verify()[2]["asked"] == 10


def test_a_damaged_cache_costs_only_the_answers(bench: Bench, own_cache: Path,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    bench.fill({"a.json": UNSURE})
    first = bench.verify()[0]
    (own_cache / cache.NAME).write_bytes(b"nonsense" * 1000)
    rows, _, figures = bench.verify()
    assert figures["asked"] == 30 and rows == first
    assert "damaged" in capsys.readouterr().err


def test_folders_that_do_not_belong_together(bench: Bench) -> None:
    bench.fill({"a.json": UNSURE})
    records.write(bench.folder / "scored" / "a.json.parquet", [], records.SCORED)
    with pytest.raises(InputError, match="do not hold the same records"):
        bench.verify()
    assert not (bench.folder / "verdicts").exists()


def test_what_it_reads_is_never_replaced(bench: Bench) -> None:
    bench.fill({"a.json": UNSURE})
    rows = [{"id": f"a.json-{i}", "source": "a.json"} for i in range(len(UNSURE))]
    records.write(bench.folder / "unique" / "a.json.parquet", rows, records.UNIQUE)
    with pytest.raises(InputError, match="unique: overlaps"):
        verify.verify_folder(bench.folder / "parsed", bench.folder / "scored", bench.folder / "unique",
                             bench.folder / "thresholds.json", bench.settings, bench.folder / "unique")


def test_scores_of_another_run_of_dedup(bench: Bench) -> None:
    schema = records.pa.schema([("id", records.pa.string()), ("duplicate_of", records.pa.string())])
    bench.fill({"a.json": [("one", 0.5, None), ("twin", None, None)]})
    with pytest.raises(InputError, match="a.json-1.*score was run with --unique-dir: give it here too"):
        bench.verify()
    for twins in ([None, None], ["a.json-1", "a.json-0"]):
        rows = [{"id": f"a.json-{i}", "duplicate_of": twin} for i, twin in enumerate(twins)]
        records.write(bench.folder / "unique" / "a.json.parquet", rows, schema)
        with pytest.raises(InputError, match="rerun score with the same --unique-dir"):
            bench.verify()


def test_a_prompt_beside_an_adapter_that_brings_its_own_is_warned_of(
        bench: Bench, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    bench.fill({"a.json": [("one", 0.5, None)]})
    bench.verify(prompt="Is this about gardening?")
    assert "warning" not in capsys.readouterr().err, "no adapter: it is used"
    monkeypatch.setattr(asking.Verifier, "_ask", lambda self, questions: [[(i, 1.0) for i in range(len(questions))]])
    monkeypatch.setattr(model.Found, "layout", lambda self, settings: prompt.Layout("", "", 80, ("Yes",), ("No",)))
    for changed, times in ({"prompt": "Is this about gardening?"}, 1), ({}, 0):
        bench.verify(**changed)
        assert capsys.readouterr().err.count("verify.prompt and verify.examples are not used") == times


@pytest.mark.parametrize(("changed", "said"), [
    ({"max_tokens": 400}, "verify.max_tokens: 400 is not used: the adapter "), ({"max_tokens": 40}, ""),
    ({"revision": "main"}, "verify.revision is not used: smollm2-135m-instruct, "), ({}, ""),
    ({"examples": [{"text": "A worm", "label": 1}]}, "verify.prompt and verify.examples are not used: the adapter ")])
def test_settings_that_adapter_and_built_in_model_leave_unused_are_warned_of(
        changed: dict[str, object], said: str, verify_settings: params.Verify, prepared_model: Path,
        capsys: pytest.CaptureFixture[str]) -> None:
    asking.Verifier(dataclasses.replace(verify_settings, **changed))._warn_of_unused()  # type: ignore[arg-type]
    warned = capsys.readouterr().err
    assert said in warned and warned.count("\n") == bool(said)


@pytest.mark.parametrize("wrong", ["0.9", True, [0.9]])
def test_a_threshold_that_is_no_number_is_named(bench: Bench, wrong: object) -> None:
    records.save_json(bench.folder / "thresholds.json", {"accept": wrong, "reject": None})
    with pytest.raises(InputError, match=r"thresholds.json: accept is .* \(a number or null is wanted"):
        verify.limits(bench.folder / "thresholds.json")


def test_a_posterior_that_is_none_is_named(bench: Bench) -> None:
    records.save_json(bench.folder / "thresholds.json", {"accept": None, "reject": None, "posterior": {"margin": 1}})
    with pytest.raises(InputError, match=r"thresholds.json: posterior wants the numbers margin, log_odds, bias"):
        verify.limits(bench.folder / "thresholds.json")


@pytest.mark.parametrize("tree", [{"accept": 0.9}, {"reject": 0.1}, ["accept", "reject"], 0.9])
def test_a_file_that_is_no_thresholds_decides_nothing(tmp_path: Path, tree: object) -> None:
    """A bound that is missing is not taken for null, which would leave its band empty."""
    records.save_json(tmp_path / "thresholds.json", tree)
    with pytest.raises(InputError, match=r"thresholds.json: names no accept and reject"):
        verify.limits(tmp_path / "thresholds.json")


def test_missing_thresholds_are_named(bench: Bench) -> None:
    bench.fill({"a.json": UNSURE})
    (bench.folder / "thresholds.json").unlink()
    with pytest.raises(InputError, match="thresholds.json"):
        bench.verify()
