"""What a run costs: rates measured here, a simulation of the pipeline's queues, and what follows for 10 TB.

    python bench/scale.py --measure --output bench/scale.json      # some minutes on one core
    python bench/scale.py --docs docs/scale.md [--core-hour 0.04]  # tables from bench/scale.json, no measurement

Rates come from one half of the corpus (every second JSON file by size, and the XML, of which there is one file): CPU
seconds of each stage's process, which other programs lengthen less than the clock. `start` is a run over three records.
The check: the simulation's prediction for the other half and the XML, beside what a run over them then took.

The simulation is of queues: a stage is a list of jobs (files, pieces, batches of questions) that servers (cores) take
in order, and the next stage begins when the last job is done. A server that dies loses its job, which is done again: a
stage of one process all of it. Prices are what you say they are. Ends with one JSON line.
"""

import argparse
import heapq
import json
import math
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cybersieve import cache, cli, dedup_index, pieces, raw_files, records

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"<!-- scale: .*?<!-- /scale -->", re.S)
QUESTIONS = 64  # of a half: enough for a rate, few enough for a CPU
KINDS = ("json", "xml")  # parse's rates differ by them
STAGES = ("parse json", "parse xml", "dedup index", "dedup search", "score", "verify", "ask", "export")
UNIT = {"parse json": "json", "parse xml": "xml", "ask": "tokens"}  # MB, MB, tokens; all others: records
SERIAL = ("dedup search", "verify")  # one process, however many nodes there are
TARGET = 10e12  # bytes
DRAWS = 200  # of the deaths of one long job: the mean is told


@dataclass(frozen=True)
class Queue:
    """One stage: seconds of each job, in the order in which they are taken, and how many take them."""

    name: str
    jobs: Sequence[float]
    servers: int = 1
    start: float = 0.0  # seconds before the first job


def finished(queue: Queue, lifetime: float = math.inf, absent: float = 300.0, seed: int = 0) -> tuple[float, int]:
    """Seconds until the last job is done, and the jobs that were lost on the way and done again.

    `lifetime`: mean seconds until a server dies; it is back after `absent`.
    """
    draw = random.Random(seed)

    def death(now: float) -> float:
        return now + draw.expovariate(1 / lifetime) if lifetime < math.inf else math.inf

    free = [(0.0, number) for number in range(queue.servers)]  # when each is free
    deaths = [death(0.0) for _ in free]
    last, lost = 0.0, 0
    for job in queue.jobs:
        while True:
            now, server = heapq.heappop(free)
            end = now + job
            if end <= deaths[server]:
                heapq.heappush(free, (end, server))
                last = max(last, end)
                break
            lost += deaths[server] > now
            back = max(deaths[server], now) + absent
            deaths[server] = death(back)
            heapq.heappush(free, (back, server))
    return queue.start + last, lost


def seconds(queues: Sequence[Queue], **deaths: float) -> float:
    return sum(finished(queue, **deaths)[0] for queue in queues)


def one_core(rates: dict[str, Any], half: dict[str, float]) -> list[Queue]:
    """The queues of a corpus on one core: the jobs of a stage one after the other."""
    return [Queue(name, [rates["per_unit"][name] * half[UNIT.get(name, "records")]], 1, rates["start"][name])
            for name in STAGES]


# Measuring

def run(folder: Path, *command: object) -> float:
    """CPU seconds of a process: what the clock would show on one core with nothing else to do."""
    env = os.environ | {"CYBERSIEVE_CACHE": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, *map(str, command)], cwd=ROOT, env=env)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{command}: exit status {status}")
    return usage.ru_utime + usage.ru_stime


def corpus_seconds(raw: Path, names: list[str], folder: Path, questions: int) -> dict[str, Any]:
    """CPU seconds of every stage over some of the files, and how much there was."""
    (folder / "cache").mkdir(parents=True)
    for part in ("models", "blas"):
        if (cache.folder() / part).exists():
            (folder / "cache" / part).symlink_to(cache.folder() / part)
    at = {name: folder / name for name in ("raw", "parsed", "unique", "scored", "verdicts", "filtered", "rejected")}
    took = {f"parse {kind}": 0.0 for kind in KINDS}
    size = dict.fromkeys(KINDS, 0.0)
    for kind in KINDS:
        mine = [name for name in names if (name.endswith(".xml")) == (kind == "xml")]
        for name in mine:
            (at["raw"] / kind / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(raw / name, at["raw"] / kind / name)
        if mine:
            took[f"parse {kind}"] = run(folder, "stages/parse.py", "--input-dir", at["raw"] / kind,
                                        "--output-dir", at["parsed"] / kind)
            size[kind] = raw_files.size_mb(at["raw"] / kind)
    whole = run(folder, "stages/dedup.py", "--input-dir", at["parsed"], "--output-dir", at["unique"])
    took["dedup index"] = run(folder, __file__, "--index", at["parsed"], "--output", folder / "index.json")
    scratch = records.load_json(folder / "index.json")
    took["dedup search"] = max(whole - took["dedup index"], 0.0)
    took["score"] = run(folder, "stages/score.py", "--input-dir", at["parsed"], "--unique-dir", at["unique"],
                        "--output-dir", at["scored"])
    sure = sorted(row["confidence"] for shard in records.shards(at["scored"])
                  for row in records.read(shard.path, ["confidence"]) if row["confidence"] is not None)
    middle, limits = len(sure) // 2, folder / "thresholds.json"
    most = max(sure[min(middle + questions, len(sure) - 1)], math.nextafter(sure[middle], 2))
    for name, accept in (("verify", sure[middle]), ("both", most)):
        records.save_json(limits, {"accept": accept, "reject": math.nextafter(sure[middle], 0)})
        took[name] = run(folder, "stages/verify.py", "--parsed-dir", at["parsed"], "--scored-dir", at["scored"],
                         "--unique-dir", at["unique"], "--thresholds", limits, "--output-dir", at["verdicts"],
                         "--performance", folder / "verify.json")
    told = records.load_json(folder / "verify.json")
    took["ask"] = max(took.pop("both") - took["verify"], 0.0)
    took["export"] = run(folder, "stages/export.py", "--parsed-dir", at["parsed"], "--scored-dir", at["scored"],
                         "--verdicts-dir", at["verdicts"], "--output-dir", at["filtered"], "--rejected-dir",
                         at["rejected"])
    return {**size, "records": told["records"], "asked": told["asked"],
            "tokens": told["tokens"], "scratch": scratch, "seconds": {name: round(took[name], 3) for name in STAGES}}


def index(parsed: Path, size: Path) -> None:
    """Dedup's index alone, without the search; the bytes of disk that it takes go into a file."""
    from cybersieve import params

    settings = params.load(ROOT / "params.yaml").dedup
    with tempfile.TemporaryDirectory() as scratch:
        for number, shard in enumerate(records.shards(parsed)):
            rows = records.read(shard.path, ["id", "title", "text", "meta", "dropped"])
            dedup_index.build(str(number), shard.source, False, rows, Path(scratch), settings)
        records.save_json(size, sum(path.stat().st_size for path in Path(scratch).rglob("*") if path.is_file()))


def answer_bytes(count: int = 20_000) -> float:
    """Bytes of disk for one answer in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "answers.sqlite")
        with cache.Answers("a model", path) as answers:
            answers.put((f"question {number}", number / 7) for number in range(count))
        return path.stat().st_size / count


def measure(raw: Path) -> dict[str, Any]:
    names = sorted(raw_files.listed(raw)[0], key=lambda name: ((raw / name).stat().st_size, name))
    with tempfile.TemporaryDirectory() as scratch:
        tiny = Path(scratch, "tiny raw")
        tiny.mkdir()
        texts = [{"id": f"{n}", "text": f"A buffer overflow, number {n}, lets anybody in."} for n in range(3)]
        (tiny / "notes.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts))
        start = corpus_seconds(tiny, ["notes.jsonl"], Path(scratch, "tiny"), 1)
        start["seconds"]["parse xml"] = start["seconds"]["parse json"]
        xml = [name for name in names if name.endswith(".xml")]
        halves = ([name for name in names if name not in xml][first::2] + xml for first in (0, 1))
        one, other = (corpus_seconds(raw, half, Path(scratch, str(n)), QUESTIONS) for n, half in enumerate(halves))
    per_unit = {name: max(one["seconds"][name] - start["seconds"][name], 0.0) / max(one[UNIT.get(name, "records")], 1)
                for name in STAGES}
    return {"machine": f"CPU seconds on {platform.processor() or platform.machine()}", "start": start["seconds"],
            "per_unit": per_unit, "rates_from": one, "checked_on": other, "answer_bytes": round(answer_bytes(), 1),
            "load": round(os.getloadavg()[0], 1), "cores": os.cpu_count(),
            "asked_share": records.load_json(ROOT / "metrics.json")["asked_share"]}


# What follows

def check(found: dict[str, Any]) -> tuple[float, float]:
    """Seconds predicted for the other half, and those it took."""
    return seconds(one_core(found, found["checked_on"])), sum(found["checked_on"]["seconds"].values())


def plan(found: dict[str, Any], asked_share: float, cores: int,
         lifetime: float = math.inf) -> list[tuple[str, float, float]]:
    """For 10 TB: each stage's core hours, and hours on so many cores with a node lost now and then."""
    half = found["rates_from"]
    times = TARGET / 1e6 / sum(half[kind] for kind in KINDS)
    amount = {name: half[name] * times for name in (*KINDS, "records")}
    amount["tokens"] = amount["records"] * asked_share * half["tokens"] / max(half["asked"], 1)
    jobs = math.ceil(TARGET / pieces.SIZE)
    result = []
    for name in STAGES:
        work = amount[UNIT.get(name, "records")] * found["per_unit"][name]
        alone = name in SERIAL
        queue = Queue(name, [work] if alone else [work / jobs] * jobs, 1 if alone else cores, found["start"][name])
        took = [finished(queue, lifetime, seed=seed)[0] for seed in range(DRAWS if alone else 1)]
        result.append((name, work / 3600, sum(took) / len(took) / 3600))
    return result


def tables(found: dict[str, Any], core_hour: float, cores: int) -> str:
    half, predicted = found["rates_from"], check(found)
    share = found["asked_share"]
    mb = sum(half[kind] for kind in KINDS)
    count = TARGET / 1e6 / mb * half["records"]
    lines = ["<!-- scale: written by bench/scale.py --docs from bench/scale.json -->",
             f"Rates, from {half['records']:,} records of {mb:.0f} MB ({found['machine']}, "
             f"{found['cores']} cores under a load of {found['load']:.0f}):", "",
             "| stage | a core does | start |", "|---|---|---|"]
    for name in STAGES:
        per, unit = found["per_unit"][name], {"json": "MB", "xml": "MB"}.get(of := UNIT.get(name, "records"), of)
        rate = f"{1 / per:,.{1 if unit == 'MB' else 0}f} {unit}/s" if per else "too fast to measure"
        lines.append(f"| {name} | {rate} | {found['start'][name]:.1f} s |")
    lines += ["", f"The check: for the other half ({found['checked_on']['records']:,} records) the simulation says "
              f"{predicted[0]:.0f} CPU seconds on one core; it took {predicted[1]:.0f} "
              f"({predicted[0] / predicted[1] - 1:+.0%}).", "",
              f"10 TB of such dumps are {count / 1e9:.1f} billion records, of which {share:.1%} are asked; on {cores} "
              f"cores, at {core_hour:g} a core hour, each core lost once in a day on average (what is done again is in "
              "the hours, not in core hours and money):", "",
              "| stage | core hours | hours | money |", "|---|---|---|---|"]
    rows = plan(found, share, cores, 86_400.0)
    for name, work, took in rows:
        where = " (one process)" if name in SERIAL else ""
        lines.append(f"| {name}{where} | {work:,.0f} | {took:,.1f} | {work * core_hour:,.0f} |")
    work, took = (sum(row[at] for row in rows) for at in (1, 2))
    lines += [f"| all | {work:,.0f} | {took:,.1f} | {work * core_hour:,.0f} |", "",
              "| what grows | at 10 TB |", "|---|---|",
              f"| dedup's index, 121 bytes of memory a record | {count * 121 / 1e9:,.0f} GB in one process |",
              f"| dedup's scratch file, {half['scratch'] / half['records']:.0f} bytes of disk a record | "
              f"{count * half['scratch'] / half['records'] / 1e12:,.1f} TB on one disk |",
              f"| the verdict cache, {found['answer_bytes']:.0f} bytes of disk an answer | "
              f"{count * share * found['answer_bytes'] / 1e9:,.0f} GB in one SQLite file |",
              f"| margins that verify holds, 8 bytes a question | {count * share * 8 / 1e9:,.1f} GB |",
              f"| pieces of {pieces.SIZE / 1e6:.0f} MB, a task each | {TARGET / pieces.SIZE:,.0f} |",
              "| labels for the certificate | as many as now |", "<!-- /scale -->"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="measure rates anew")
    parser.add_argument("--input-dir", type=Path, default=ROOT / "raw_data", help="dumps to measure with")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "scale.json")
    parser.add_argument("--docs", type=Path, help="file whose tables are replaced")
    parser.add_argument("--cores", type=int, default=256, help="of the cluster that is planned")
    parser.add_argument("--core-hour", type=float, default=0.04, help="price of a core for an hour, any currency")
    parser.add_argument("--index", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.cores < 1 or args.core_hour < 0:
        parser.error("--cores wants 1 or more, --core-hour no less than 0")
    if args.index:
        index(args.index, args.output)
        return
    if args.measure:
        records.save_json(args.output, measure(args.input_dir))
    found = records.load_json(args.output)
    shown = tables(found, args.core_hour, args.cores)
    print(shown)
    if args.docs:
        args.docs.write_text(MARKED.sub(lambda _: shown, args.docs.read_text()))
    print(json.dumps({"bench": "scale", "predicted": round(check(found)[0], 1), "took": round(check(found)[1], 1)}))


if __name__ == "__main__":
    cli.run(main)
