"""The same filtering job by this project and by libraries that people use for it: seconds, memory, the same lines kept.

Two jobs on records of the sample corpus as JSON Lines: 25 words (kept where one occurs), on all records several times
over; and all rules of rules.yaml with their weights, on a sample, because a loop of `re` is so slow. Every way runs in
a process of its own (bench/peer_jobs.py; ours is `judge --rules-only`), interpreter and imports included; `start` is
the same for a single record.
"""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from bench import before, common, peer_jobs
from bench.common import PEERS, ROOT, Figures
from cybersieve import params, records, rule_set, rules, spelling

Patterns = list[tuple[str, float]]


def measured(run: Path, folder: Path, words_times: int, rules_sample: int, repeats: int) -> Figures:
    """Both jobs; an empty result with the reason where the peers' environment is missing."""
    if not PEERS.exists():
        return {"missing": "no .venv-bench (make bench makes it from requirements_bench.txt)"}
    texts = [spelling.plain(records.full_text(row["title"], row["text"]).encode()).decode()
             for shard in records.shards(run / "parsed") for row in records.read(shard.path, ["title", "text"])]
    chosen = params.load(ROOT / "params.yaml").score
    book = rules.load(ROOT / chosen.rules, chosen.extra_rules and ROOT / chosen.extra_rules)
    every = [(rule_set.spelt(rule.pattern), rule.weight) for rule in book.rules if rule.field == "both"]
    words = [(word, 1.0) for word in before.WORDS]
    return {"25 words": job(folder / "words", -0.5, words, texts * words_times, repeats),
            f"{len(every)} rules": job(folder / "rules", book.bias, every,
                                       texts[::max(1, len(texts) // rules_sample)], repeats)}


def job(folder: Path, bias: float, patterns: Patterns, texts: list[str], repeats: int) -> Figures:
    """One job by every way, in turns; raises SystemExit where two ways keep different lines."""
    folder.mkdir(parents=True)
    (folder / "rules.json").write_text(json.dumps({"bias": bias, "patterns": patterns}))
    (folder / "rules.yaml").write_text(yaml.safe_dump({"bias": bias, "categories": {"own": 0.0}, "rules": [
        {"id": f"r{i}", "pattern": pattern, "weight": weight} for i, (pattern, weight) in enumerate(patterns)]}))
    common.settings(folder, score__rules=str(folder / "rules.yaml"), score__extra_rules=None)
    for name, some in (("all", texts), ("one", texts[:1])):
        (folder / f"{name}.jsonl").write_text("".join(
            json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(some)))
    names = ["cybersieve", *peer_jobs.JOBS]
    found = common.rounds(repeats, {name: way(name, folder, "all") for name in names})
    kept = {name: kept_ids(folder / f"all {name}") for name in names}
    different = [name for name in names if kept[name] != kept["cybersieve"]]
    if different:
        raise SystemExit(f"peers: {different} kept other lines than cybersieve")
    starts = common.rounds(1, {name: way(name, folder, "one") for name in names})
    size = (folder / "all.jsonl").stat().st_size / 1e6
    return {"records": len(texts), "mb": round(size, 1), "kept": len(kept["cybersieve"]), "ways": {
        name: figures | {"start": starts[name]["seconds"]["median"]} for name, figures in found.items()}}


def way(name: str, folder: Path, which: str) -> Callable[[], common.Run]:
    """What runs one way on one of the files."""
    target = folder / f"{which} {name}" / "out.jsonl"
    source = folder / f"{which}.jsonl"

    def run() -> common.Run:
        shutil.rmtree(target.parent, ignore_errors=True)
        target.parent.mkdir()
        if name == "cybersieve":
            return common.watched([sys.executable, "-m", "cybersieve", "judge", source, "--rules-only",
                                   "--output", target, "--params", folder / "params.yaml"])
        return common.watched([PEERS, "-m", "bench.peer_jobs", name, folder / "rules.json", source, target],
                              HF_HUB_OFFLINE="1")

    return run


def kept_ids(folder: Path) -> set[str]:
    """Ids of what was kept; ours writes every line, with a verdict."""
    rows = [json.loads(line) for path in folder.glob("*out.jsonl") for line in path.read_text().splitlines()]
    return {row["id"] for row in rows if row.get("verdict", "kept") == "kept"}
