"""Ten, a hundred and a thousand thousand records through everything but the LLM: is time linear, is memory flat?

The corpus' own galaxies, each repeated as often as it takes, every copy of a record under an id of its own; a file's
records come in an order drawn once, so that few of them are a fair sample of it; file names stay, so the mix of sources
is the same at every size. The rules decide all, and one core does the work, so that no worker process changes what is
compared. Dedup is off, because it would find the copies; its own growth, with other words changed in every copy, is
measured by bench/dedup.py --records: it holds an entry of every record, the one memory that is to grow.

Linear: 1,000 records more cost the same processor time from each size to the next. Other work on the machine slows a
processor by a tenth and more for seconds at a time, and never speeds it up: sizes up to 100,000 run three times, in
turns, and each stage's least time counts; what takes minutes runs once. Flat: the most memory that any stage held (the
kernel's own peak, set back before each) does not follow the records.
"""

import json
import random
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench import common
from bench.common import ROOT, Figures
from cybersieve import calibrate, dedup, export, measure, page, params, parse, pipeline, records, report, score, verify

GALAXIES = ROOT / "raw_data" / "misp-galaxy"
REPEATED_TO = 100_000  # records; up to here a size is measured more than once
STAGES = {"parse": (parse, "parse_folder"), "dedup": (dedup, "dedup_folder"), "score": (score, "score_folder"),
          "calibrate": (calibrate, "calibrate_folder"), "verify": (verify, "verify_folder"),
          "export": (export, "export_folder"), "report": (report, "report_folder"), "page": (page, "page_folder")}


def measured(folder: Path, sizes: list[int], repeats: int = 3) -> list[Figures]:
    """Each size's cost, the least of its runs; sizes take turns."""
    settings = common.rules_only(folder, dedup__enabled=False)
    runs: dict[int, list[Figures]] = {size: [] for size in sizes}
    for turn in range(repeats):
        for size in sizes:
            if turn == 0 or size <= REPEATED_TO:
                runs[size].append(grown(folder, size, settings))
    return [least(found) for found in runs.values()]


def least(runs: list[Figures]) -> Figures:
    """One size's runs as one: the least time of each stage, the most memory."""
    first = runs[0]
    stages = {name: {"cpu_seconds": min(run["stages"][name]["cpu_seconds"] for run in runs),
                     "peak_memory_mb": max(run["stages"][name]["peak_memory_mb"] for run in runs)}
              for name in first["stages"]}
    return {"records": first["records"], "mb": first["mb"], "runs": len(runs),
            "seconds": min(run["seconds"] for run in runs),
            "cpu_seconds": round(sum(stage["cpu_seconds"] for stage in stages.values()), 3),
            "peak_memory_mb": max(stage["peak_memory_mb"] for stage in stages.values()), "stages": stages}


def grown(folder: Path, size: int, settings: Path) -> Figures:
    """Processor time and memory of one size, by stage; its input is deleted again."""
    raw, output = folder / "raw", folder / "output"
    written = write(raw, size)
    pin = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    run = common.watched([*pin, sys.executable, "-m", "bench.growth", raw, output, settings],
                         **common.empty_cache(folder))
    counts = records.load_json(output / "stages" / "counts" / "verify.json")
    asked = sum(n for note, n in counts["notes"].items() if note.endswith("by llm"))
    if asked or counts["read"] != written:
        raise SystemExit(f"growth: {counts['read']} of {written} records read, {asked} asked")
    stages: Figures = json.loads(run.output.splitlines()[-1])
    rest = run.cpu_seconds - sum(stage["cpu_seconds"] for stage in stages.values())
    stages["start"] = {"cpu_seconds": round(rest, 3), "peak_memory_mb": 0.0}  # interpreter, imports, the model's card
    megabytes = sum(path.stat().st_size for path in raw.iterdir()) / 1e6
    shutil.rmtree(raw)
    shutil.rmtree(output)
    return {"records": written, "mb": round(megabytes, 1), "seconds": run.seconds, "stages": stages}


def write(raw: Path, size: int) -> int:
    """About `size` records in the corpus' proportions, each file's in an order drawn once; returns how many."""
    galaxies = {path.name: json.loads(path.read_text()) for path in sorted(GALAXIES.glob("*.json"))}
    total = sum(len(tree["values"]) for tree in galaxies.values())
    raw.mkdir(parents=True)
    written = 0
    for name, tree in galaxies.items():
        random.Random(name).shuffle(tree["values"])
        wanted = round(size * len(tree["values"]) / total)
        with (raw / name).open("w") as file:
            head = {key: value for key, value in tree.items() if key != "values"}
            file.write(json.dumps(head)[:-1] + ', "values": [')
            for number in range(wanted):
                file.write((",\n" if number else "") + json.dumps(copy(tree["values"], number)))
            file.write("]}")
        written += wanted
    return written


def copy(values: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """Record `number` of the endless repetition of some records."""
    turn, which = divmod(number, len(values))
    item = values[which]
    return item if turn == 0 else item | {"uuid": f"{item.get('uuid', which)}-{turn}"}


def slopes(points: list[Figures], stage: str | None = None) -> list[float]:
    """Processor seconds a thousand records, of all or of one stage, that each size costs on top of the one before."""
    spent = [(point["stages"][stage] if stage else point)["cpu_seconds"] for point in points]
    pairs = zip(points, points[1:], spent, spent[1:], strict=False)
    return [round(1000 * (after - before) / (b["records"] - a["records"]), 4) for a, b, before, after in pairs]


def watched(name: str, function: Callable[..., Any], spent: Figures) -> Callable[..., Any]:
    """The function, noting its processor time and the most memory since it began."""
    def call(*arguments: Any) -> Any:
        with suppress(OSError):  # where the kernel can't set its peak back, it is that of all stages so far
            Path("/proc/self/clear_refs").write_text("5")
        started = time.process_time()
        result = function(*arguments)
        spent[name] = {"cpu_seconds": round(time.process_time() - started, 3),
                       "peak_memory_mb": round(measure.peak_memory_mb(), 1)}
        return result

    return call


def main() -> None:
    """What each stage of one run costs, as a line of JSON: python -m bench.growth INPUT OUTPUT PARAMS"""
    raw, output, settings = map(Path, sys.argv[1:])
    spent: Figures = {}
    for name, (module, function) in STAGES.items():
        setattr(module, function, watched(name, getattr(module, function), spent))
    pipeline.run(raw, output, output / "no_labels", params.load(settings))
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
