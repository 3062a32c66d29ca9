"""Export: every record ends in exactly one of filtered and rejected."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import export, params, records
from cybersieve.errors import InputError
from tests import decided

KEPT = {"verdict": "kept", "by": "rule", "confidence": 0.99, "rules": ["cve"]}


def run(folder, formats=("parquet", "jsonl")):
    return export.export_folder(*(folder / name for name in ("parsed", "scored", "verdicts", "filtered", "rejected")),
                                params.Export(list(formats)))


def test_kept_records_carry_their_provenance(tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "x", "title": "Ünïcode\u2028 <b>", "text": '"quoted"', "meta": {"url": "u"}},
                             {"id": "y", "verdict": "rejected", "by": "llm", "p_yes": 0.1, "confidence": 0.5}])
    counts = run(tmp_path)
    assert counts.tree()["dropped"] == {"llm": 1} and counts.written == 1
    rows = list(records.read(tmp_path / "filtered" / "a" / "b.json.parquet"))
    lines = (tmp_path / "filtered" / "filtered.jsonl").read_bytes().decode().split("\n")
    assert [json.loads(line) for line in lines if line] == [rows[0] | {"meta": {"url": "u"}}]
    assert rows[0]["locator"] == "0" and rows[0]["rules"] == ["cve"] and rows[0]["by"] == "rule"
    rejected = list(records.read(tmp_path / "rejected" / "a" / "b.json.parquet"))
    assert rejected == [{"id": "y", "source": "a/b.json", "verdict": "rejected", "by": "llm", "reason": "because",
                         "confidence": 0.5, "p_yes": 0.1}]


verdict = st.sampled_from([("kept", "rule"), ("kept", "llm"), ("rejected", "rule"), ("rejected", "parse"),
                           ("rejected", "dedup"), ("failed", "llm")])


@given(st.lists(verdict, max_size=12), st.sampled_from([["parquet"], ["jsonl"], ["parquet", "jsonl"]]))
def test_nothing_is_lost_and_nothing_is_in_both(tmp_path_factory, verdicts, formats):
    folder = tmp_path_factory.mktemp("run")
    decided.write(folder, [{"id": str(i), "verdict": v, "by": by} for i, (v, by) in enumerate(verdicts)])
    counts = run(folder, formats)
    counts.save(None)
    others = {row["id"] for row in records.read(folder / "rejected" / "a" / "b.json.parquet")}
    kept = {str(i) for i, (v, _) in enumerate(verdicts) if v == "kept"}
    assert others == {str(i) for i in range(len(verdicts))} - kept
    if "jsonl" in formats:
        lines = (folder / "filtered" / "filtered.jsonl").read_text().splitlines()
        assert {json.loads(line)["id"] for line in lines} == kept
    if "parquet" in formats:
        assert {row["id"] for row in records.read(folder / "filtered" / "a" / "b.json.parquet")} == kept
    assert counts.failed == sum(v == "failed" for v, _ in verdicts)


def test_same_input_same_bytes(tmp_path):
    rows = [KEPT | {"id": str(i)} for i in range(3000)]
    outputs = []
    for name in ("one", "two"):
        decided.write(tmp_path / name, rows)
        run(tmp_path / name)
        folder = tmp_path / name / "filtered"
        outputs.append([path.read_bytes() for path in sorted(folder.rglob("*.*"))])
    assert outputs[0] == outputs[1] and len(outputs[0]) == 2


def test_verdicts_of_another_run_are_refused(tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "x"}])
    decided.write(tmp_path / "other", [KEPT | {"id": "y"}])
    with pytest.raises(InputError, match="same records"):
        export.export_folder(tmp_path / "parsed", tmp_path / "scored", tmp_path / "other" / "verdicts",
                             tmp_path / "filtered", tmp_path / "rejected", params.Export(["parquet"]))
    assert not (tmp_path / "filtered").exists() and not (tmp_path / "rejected").exists()
