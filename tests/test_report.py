"""The report: figures on labelled records by use, and a chain that must add up."""

import json
from collections import Counter

import pytest

from cybersieve import folders, labels, records, report, summary, tally
from cybersieve.errors import InputError
from tests import decided

THRESHOLDS = {"mode": "fixed", "accept": 0.9, "reject": 0.1}


def setting(tmp_path, rows, wanted):
    """A run with labelled records, and its counts; `wanted` are labels by id."""
    decided.write(tmp_path, rows)
    lines = [f"b.json,{name},{label}" for name, label in wanted.items()]
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / labels.UNIFORM).write_text("\n".join(["file,id,label", *lines, ""]))
    for stage in ("parse", "score", "verify", "export"):
        records.save_json(tmp_path / "counts" / f"{stage}.json",
                          {"read": len(rows), "written": len(rows), "dropped": {}, "failed": 0})
    records.save_json(tmp_path / "thresholds.json", THRESHOLDS)


def run(tmp_path):
    return report.report_folder(tmp_path / "scored", tmp_path / "verdicts", tmp_path / "counts", tmp_path / "labels",
                                tmp_path / "thresholds.json", tmp_path, tmp_path / "plots")


def ids(half, n):
    """Ids whose records belong to one half of the uniform labels."""
    return [i for i in map(str, range(400)) if labels.half(("b.json", i)) == half][:n]


def test_the_headline_is_the_evaluation_half_alone(tmp_path):
    own, other = ids("report", 6), ids("thresholds", 4)
    kept = {"verdict": "kept", "by": "rule", "confidence": 0.95}
    lost = {"verdict": "rejected", "by": "llm", "confidence": 0.5, "p_yes": 0.2, "margin": -1.0}
    rows = [(kept if i in own[:4] else lost) | {"id": i} for i in own] + [kept | {"id": i} for i in other]
    truth = dict(zip(own, "110u10", strict=True)) | dict.fromkeys(other, "0")
    setting(tmp_path, rows, truth)
    figures = run(tmp_path)
    assert (figures["precision"], figures["recall"]) == (round(2 / 3, 4), round(2 / 3, 4))
    assert figures["tested"]["evaluation"]["left out"] == {"undecided label": 1}
    assert figures["tested"]["thresholds"]["precision"]["value"] == 0
    assert (figures["asked_share"], figures["calls_saved"]) == (0.2, 8)
    decided_by = [figures[who]["decided"] for who in ("rules", "verifier")]
    assert [(part["n"], part["precision"]["counts"], part["recall"]["counts"]) for part in decided_by] == [
        (3, [2, 3], [2, 2]), (2, [0, 0], [0, 1])]
    assert figures["verdicts"] == [{"by": "llm", "verdict": "rejected", "records": 2},
                                   {"by": "rule", "verdict": "kept", "records": 8}]
    assert figures["share"] == {"rule": 0.8, "llm": 0.2, "parse": 0, "dedup": 0, "failed": 0}
    assert figures["verifier"]["alone"]["n"] == 2
    assert json.loads((tmp_path / "metrics.json").read_text()) == figures
    header, *points = (tmp_path / "plots" / "precision_recall.csv").read_text().splitlines()
    assert header == "recall,precision,threshold,kind" and len(points) == 3
    assert points[-1] == "0.6667,0.6667,,run"


def scalars(tree, name=""):
    """What `dvc metrics diff` shows: no lists, no nulls; in its order."""
    if isinstance(tree, dict):
        return sorted(leaf for key, part in tree.items() for leaf in scalars(part, f"{name}.{key}" if name else key))
    return [] if tree is None or isinstance(tree, list) else [name]


def test_a_diff_of_metrics_fits_a_screen_headline_first(tmp_path):
    own = ids("report", 40) + ids("thresholds", 40)
    rows = [{"id": i, "verdict": "kept" if n % 2 else "rejected", "by": "llm" if n % 3 else "rule", "confidence": 0.5,
             **({"p_yes": 0.5, "margin": float(n % 5)} if n % 3 else {})} for n, i in enumerate(own)]
    setting(tmp_path, rows, {i: n % 2 if n % 5 else 1 for n, i in enumerate(own)})
    shown = scalars(run(tmp_path))
    assert shown[:9] == ["asked_share", "calls_saved", "f1", "failed", "kept", "precision", "recall", "records",
                         "rejected"]
    assert len(shown) <= 55  # all of them at once; a diff leaves out what is the same


def test_sources_and_audit(tmp_path):
    a, b, c, d = ids("report", 4)
    rows = [{"id": a, "verdict": "kept", "by": "rule", "confidence": 0.95},
            {"id": b, "verdict": "rejected", "by": "rule", "confidence": 0.05},
            {"id": c, "verdict": "rejected", "by": "rule", "confidence": 0.02},
            {"id": d, "verdict": "failed", "by": "llm", "confidence": 0.5}]
    setting(tmp_path, rows, {a: 1, b: 1, c: 0, d: 1})
    figures = run(tmp_path)
    audit = {name: rate["counts"] for name, rate in figures["rules"]["audit"].items()}
    assert audit == {"kept_right": [1, 1], "rejected_right": [1, 2], "lost": [1, 3]}
    [source] = figures["sources"]
    assert (source["source"], source["records"], source["kept"], source["rejected"], source["failed"]) == (
        "a/b.json", 4, 1, 2, 1)
    assert source["recall"]["counts"] == [1, 3] and source["labels"] == 4
    assert (tmp_path / "plots" / "flow.csv").read_text().splitlines()[1:] == [
        "upstream status,went on,4", "duplicates,went on,4", "rules,kept,1", "rules,rejected,2", "rules,went on,1",
        "LLM,failed,1"]
    assert (tmp_path / "plots" / "sources.csv").read_text().splitlines()[1:] == [
        "a/b.json,failed,1", "a/b.json,kept,1", "a/b.json,rejected,2"]


def test_calls_saved_is_calibrates_curve_and_the_runs_own_point():
    curve = [{"target": 0.9, "calls_saved": 0.8}]
    found = {"curve": curve, "target_precision": 0.95, "target_recall": 0.95, "calls_saved": 0.7}
    assert report.calls_saved(found) == [{"target": 0.9, "calls_saved": 0.8, "kind": "curve"},
                                         {"target": 0.95, "calls_saved": 0.7, "kind": "run"}]
    assert report.calls_saved(found | {"target_recall": 0.9}) == [{"target": 0.9, "calls_saved": 0.8, "kind": "curve"}]
    assert report.calls_saved({"mode": "fixed"}) == []


def test_what_was_not_decided_by_topic_is_left_out_and_counted(tmp_path):
    (a, b), (c, d) = ids("report", 2), ids("thresholds", 2)
    rows = [{"id": a, "verdict": "rejected", "by": "parse"}, {"id": b, "verdict": "rejected", "by": "dedup"},
            {"id": c, "verdict": "kept", "by": "rule", "confidence": 1.0},
            {"id": d, "verdict": "kept", "by": "llm", "confidence": 0.5, "p_yes": 0.9, "margin": 2.0}]
    setting(tmp_path, rows, {a: 1, b: 1, c: 1, "nowhere": 0})
    figures = run(tmp_path)
    assert figures["tested"]["evaluation"]["left out"] == {"set aside by dedup": 1, "set aside by parse": 1}
    assert figures["tested"]["not in the corpus"] == 1
    assert (figures["asked_share"], figures["calls_saved"]) == (0.5, 1), "of the two that were decided by topic"


@pytest.mark.parametrize("sources", [("2024/b.json", "2025/b.json"), ("2025/b.json", "2024/b.json")])
def test_a_label_is_of_the_record_that_was_decided_not_of_an_earlier_release_set_aside(tmp_path, sources):
    own = ids("report", 4)
    setting(tmp_path, [], dict.fromkeys(own, 1))
    for source, by in zip(sources, ("dedup", "rule"), strict=True):
        kept = {"verdict": "kept", "confidence": 1.0} if by == "rule" else {"verdict": "rejected"}
        decided.write(tmp_path, [kept | {"id": i, "by": by} for i in own], source)
    found = tally.tally(tally.rows(tmp_path / "scored", tmp_path / "verdicts"), tmp_path / "labels")
    assert len(found.uses["evaluation"].rows) == 4 and not found.uses["evaluation"].left_out and not found.missing


def test_a_label_of_either_of_two_decided_records_is_an_error(tmp_path):
    (own,) = ids("report", 1)
    setting(tmp_path, [], {own: 1})
    for source in ("2024/b.json", "2025/b.json"):
        decided.write(tmp_path, [{"id": own, "verdict": "kept", "by": "rule", "confidence": 1.0}], source)
    with pytest.raises(InputError, match=r"2024/b.json and 2025/b.json: both have a record"):
        tally.tally(tally.rows(tmp_path / "scored", tmp_path / "verdicts"), tmp_path / "labels")


def test_no_labels_no_figures_but_a_report(tmp_path):
    setting(tmp_path, [{"id": "1", "verdict": "kept", "by": "rule", "confidence": 1.0}], {})
    figures = run(tmp_path)
    assert figures["precision"] is None and figures["kept"] == 1
    assert (tmp_path / "plots" / "reliability.csv").read_text() == "said,true,n\n"
    assert ("precision", "no labels") in summary.lines(figures, {})


def test_files_that_parse_left_out_are_failed_records_and_rows(tmp_path):
    setting(tmp_path, [{"id": "1", "verdict": "kept", "by": "rule", "confidence": 1.0},
                       {"id": "2", "verdict": "rejected", "by": "parse"}], {})
    parsed = records.Counts()
    parsed.add("a/b.json", records.Counts(read=2, written=1, dropped=Counter(revoked=1), notes=Counter(another=1)))
    parsed.add("torn.json", records.Counts(read=377, failed=377, notes=Counter({"left out: byte 4, torn": 1})))
    parsed.add("shut.json", records.Counts(notes=Counter({"left out: can't be read": 1})))
    parsed.save(tmp_path / "counts" / "parse.json")
    figures = run(tmp_path)
    assert (figures["records"], figures["kept"], figures["rejected"], figures["failed"]) == (379, 1, 1, 377)
    assert figures["left_out"] == [{"source": "shut.json", "records": 0, "reason": "can't be read"},
                                   {"source": "torn.json", "records": 377, "reason": "byte 4, torn"}]
    rows = [(row["source"], row["records"], row["set_aside"], row["failed"]) for row in figures["sources"]]
    assert rows == [("a/b.json", 2, 1, 0), ("shut.json", 0, 0, 0), ("torn.json", 377, 0, 377)]
    assert sum(figures["share"].values()) == pytest.approx(1, abs=0.001) and figures["asked_share"] == 0
    assert (tmp_path / "plots" / "flow.csv").read_text().splitlines()[1:4] == [
        "upstream status,failed,377", "upstream status,withdrawn or empty,1", "upstream status,went on,1"]
    assert (tmp_path / "plots" / "sources.csv").read_text().splitlines()[1:] == [
        "a/b.json,kept,1", "a/b.json,withdrawn or empty,1", "torn.json,failed,377"]
    found = summary.parts(figures)
    assert sum(found.values()) == 379 and found["failed"] == 377 and found[summary.UNUSED] == 1


def test_broken_members_of_an_archive_are_failed_records_of_its_row(tmp_path):
    setting(tmp_path, [{"id": "1", "verdict": "kept", "by": "rule", "confidence": 1.0}], {})
    parsed, notes = records.Counts(), Counter({"left out: x.json, byte 4: torn": 1, "left out: y.json: no dump": 1})
    parsed.add("a/b.json", records.Counts(read=6, written=1, failed=5, notes=notes))
    parsed.save(tmp_path / "counts" / "parse.json")
    figures = run(tmp_path)
    assert (figures["records"], figures["kept"], figures["failed"]) == (6, 1, 5)
    assert figures["left_out"] == [{"source": "a/b.json", "records": 5,
                                    "reason": "x.json, byte 4: torn; y.json: no dump"}]
    assert [(row["source"], row["records"], row["failed"]) for row in figures["sources"]] == [("a/b.json", 6, 5)]


@pytest.mark.parametrize("stage, tree", [
    ("verify", {"read": 3, "written": 1, "dropped": {"rule": 1}, "failed": 0}),
    ("verify", {"read": 1, "written": 1, "dropped": {}, "failed": 0}),
    ("parse", {"read": 9, "written": 8, "dropped": {}, "failed": 1}),
])
def test_a_chain_that_does_not_add_up_is_an_error(tmp_path, stage, tree):
    setting(tmp_path, [{"id": i, "verdict": "kept", "by": "rule", "confidence": 1.0} for i in "ab"], {})
    records.save_json(tmp_path / "counts" / f"{stage}.json", tree)
    with pytest.raises(InputError, match=stage):
        run(tmp_path)
    assert not (tmp_path / "metrics.json").exists()


def test_a_folder_of_many_sources_is_one_row(tmp_path):
    names = [f"a/{n}.json" for n in range(folders.MANY + 1)]
    every = [{"source": name, "id": "x", "by": "rule", "verdict": "kept"} for name in names]
    (tmp_path / labels.UNIFORM).write_text("file,id,label\n1.json,x,1\n2.json,x,0\n")
    (row,) = report.sources(tally.tally(every, tmp_path))
    assert (row["source"], row["records"], row["labels"]) == ("a/", len(names), 2)
    assert row["precision"]["counts"] == [1, 2]


def test_no_name_of_a_file_ends_the_script_that_dvc_pastes_plots_into(tmp_path):
    setting(tmp_path, rows := [{"id": "1", "verdict": "kept", "by": "rule", "score": 3.0, "confidence": 0.95}], {})
    decided.write(tmp_path, rows, "x</script><b>.json")
    for counts in (tmp_path / "counts").iterdir():
        records.save_json(counts, {"read": 2, "written": 2, "dropped": {}, "failed": 0})
    run(tmp_path)
    plots = [path.read_text() for path in (tmp_path / "plots").iterdir()]
    assert not any("<" in data for data in plots) and any("x‹/script>‹b>.json,kept,1" in data for data in plots)
