"""Score: rows of parsed in their order, what is set aside unscored, the same bytes on a rerun."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from cybersieve import params, records, rules, score
from cybersieve.errors import InputError, ParamsError

ROOT = Path(__file__).resolve().parent.parent
RULES = """
bias: -1.0
categories: {attack: 1.5}
sources: {feed.json: 0.25}
rules:
- {id: worm, category: attack, weight: 2.0, pattern: '\\bworm'}
- {id: trap, category: attack, weight: 1.0, pattern: '\\btrap', field: title}
"""
TEXTS = [("A worm", "It spreads.", None), ("Trap", "", None), ("Old worm", "gone", "revoked"),
         ("", "Nothing here.", None)]


@pytest.fixture
def parsed(tmp_path: Path) -> Path:
    for name in ("a/feed.json", "b/other.json"):
        rows = [records.Record(f"{name}-{i}", name, str(i), title, text, {}, dropped).row()
                for i, (title, text, dropped) in enumerate(TEXTS * 1500)]
        records.write(tmp_path / "parsed" / f"{name}.parquet", rows, records.PARSED)
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    return tmp_path / "parsed"


def settings(parsed: Path) -> params.Score:
    return params.Score(rules=str(parsed.parent / "rules.yaml"), extra_rules=None, trust={})


def test_rows_are_parsed_rows(parsed: Path) -> None:
    counts = score.score_folder(parsed, parsed.parent / "scored", settings(parsed))
    assert counts.tree()["dropped"] == {"revoked": 3000} and counts.read == 12_000 and counts.balanced()
    for shard in records.shards(parsed):
        names = [row["id"] for row in records.read(shard.path, ["id"])]
        rows = list(records.read(parsed.parent / "scored" / shard.name))
        assert [row["id"] for row in rows] == names
        gift = 0.25 if shard.source == "a/feed.json" else 0.0
        assert [row["rules"] for row in rows[:4]] == [["worm"], ["trap"], [], []]
        assert [row["score"] for row in rows[-4:]] == [1.0 + gift, gift, None, -1.0 + gift]
        for row in rows[:4]:
            assert row["confidence"] == (None if row["score"] is None else rules.confidence(row["score"]))


def test_duplicates_are_not_scored(parsed: Path) -> None:
    schema = records.UNIQUE
    for shard in records.shards(parsed):
        rows = [dict.fromkeys(schema.names) | {"id": row["id"], "source": row["source"],
                                               "duplicate_of": "twin" if i % 4 == 0 else None}
                for i, row in enumerate(records.read(shard.path, ["id", "source"]))]
        records.write(parsed.parent / "unique" / shard.name, rows, schema)
    counts = score.score_folder(parsed, parsed.parent / "scored", settings(parsed), unique_dir=parsed.parent / "unique")
    assert counts.tree()["dropped"] == {"duplicate": 3000, "revoked": 3000}
    shard = records.shards(parsed)[0]
    rows = list(records.read(parsed.parent / "scored" / shard.name))
    assert rows[0]["score"] is None and rows[0]["rules"] == [] and rows[1]["score"] == 0.25
    first, other = records.shards(parsed.parent / "unique")
    more = [*records.read(first.path), dict.fromkeys(schema.names) | {"id": "more", "source": first.source}]
    for strange in (list(records.read(other.path)), more, more[:-2]):
        records.write(first.path, strange, schema)
        with pytest.raises(InputError, match="rerun dedup"):
            score.score_folder(parsed, parsed.parent / "scored", settings(parsed), unique_dir=parsed.parent / "unique")


def test_same_bytes_on_a_rerun(parsed: Path) -> None:
    for name in ("one", "two"):
        score.score_folder(parsed, parsed.parent / name, settings(parsed))
    for shard in records.shards(parsed.parent / "one"):
        assert shard.path.read_bytes() == (parsed.parent / "two" / shard.name).read_bytes()


def test_trust_and_extra_rules(parsed: Path) -> None:
    own = parsed.parent / "own.yaml"
    own.write_text("rules: [{id: spreads, pattern: spreads, weight: 0.5}]")
    wanted = replace(settings(parsed), extra_rules=str(own), trust={"other.json": 3.00016})
    score.score_folder(parsed, parsed.parent / "scored", wanted)
    rows = list(records.read(parsed.parent / "scored" / "b" / "other.json.parquet"))
    assert rows[0]["rules"] == ["worm", "spreads"] and rows[0]["score"] == 4.5002, "in 4 decimals"


def test_a_bad_rule_leaves_the_old_scores(parsed: Path) -> None:
    score.score_folder(parsed, parsed.parent / "scored", settings(parsed))
    (parsed.parent / "rules.yaml").write_text(RULES.replace("'\\bworm'", "'(worm'"))
    with pytest.raises(ParamsError, match="rule worm: its pattern is not RE2"):
        score.score_folder(parsed, parsed.parent / "scored", settings(parsed))
    assert len(records.shards(parsed.parent / "scored")) == 2


def test_trust_in_a_source_that_is_not_there_is_warned_of(parsed: Path) -> None:
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    own = parsed.parent / "own.yaml"
    own.write_text("rules: []\nsources: {feeed.json: 2.0, other.json: 1.0}\n")
    tree["score"] |= {"trust": {"othr.json": 1.5, "other.json": 1.5}, "extra_rules": str(own)}
    (parsed.parent / "params.yaml").write_text(yaml.safe_dump(tree))
    done = subprocess.run([sys.executable, "stages/score.py", "--input-dir", parsed, "--output-dir",
                           parsed.parent / "scored", "--params", parsed.parent / "params.yaml"],
                          cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stderr == ("warning: score.trust: no file of the corpus is called othr.json\n"
                           f"warning: {own}: sources: no file of the corpus is called feeed.json\n")


def test_script_and_explain(parsed: Path) -> None:
    counts, watch = parsed.parent / "counts.json", parsed.parent / "performance.json"
    command = [sys.executable, "stages/score.py"]
    done = subprocess.run([*command, "--input-dir", parsed, "--output-dir", parsed.parent / "scored", "--counts",
                           counts, "--performance", watch], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not done.stderr
    tree = json.loads(counts.read_text())
    assert tree["read"] == tree["written"] + sum(tree["dropped"].values()) == 12_000
    assert json.loads(watch.read_text())["peak_memory_mb"] < 300
    done = subprocess.run([*command, "--explain", "A heap overflow lets remote attackers run code.", "--source",
                           "malpedia.json", "--title", "A worm"], cwd=ROOT, check=True, capture_output=True, text=True)
    *hits, own, origin, total = done.stdout.splitlines()
    assert any("attacker" in line for line in hits) and any(" worm " in line for line in hits)
    assert "source malpedia.json" in origin
    told = float(own.split()[0]) + float(origin.split()[0])
    assert float(total.split()[0]) == pytest.approx(told, abs=0.011)
    assert float(total.split()[-1]) == pytest.approx(1 / (1 + math.exp(-told)), abs=0.005)
