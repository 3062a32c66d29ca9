"""Ten, a hundred and a thousand thousand records through everything but the LLM: is time linear, is memory flat?

The corpus' own galaxies, each repeated as often as it takes, every copy of a record under an id of its own; file
names stay, so the mix of sources is the same at every size. The rules decide all, dedup is off (it would find the
copies; its own growth stands in docs/dataset.md), and one core does the work, so that no worker process changes
what is compared.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from bench import common
from bench.common import ROOT, Figures
from cybersieve import records

GALAXIES = ROOT / "raw_data" / "misp-galaxy"


def measured(folder: Path, sizes: list[int]) -> list[Figures]:
    settings = common.rules_only(folder, dedup__enabled=False)
    return [grown(folder, size, settings) for size in sizes]


def grown(folder: Path, size: int, settings: Path) -> Figures:
    """Seconds and memory of one size, by stage; its input is deleted again."""
    raw, output = folder / "raw", folder / "output"
    written = write(raw, size)
    pin = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    run = common.watched([*pin, sys.executable, "-m", "cybersieve", "filter", "--input-dir", raw,
                          "--output-dir", output, "--params", settings, "--labels", folder / "no_labels"],
                         **common.empty_cache(folder))
    counts = records.load_json(output / "stages" / "counts" / "verify.json")
    asked = sum(n for note, n in counts["notes"].items() if note.endswith("by llm"))
    if asked or counts["read"] != written:
        raise SystemExit(f"growth: {counts['read']} of {written} records read, {asked} asked")
    stages = {name: {key: figures[key] for key in ("seconds", "peak_memory_mb")}
              for name, figures in records.load_json(output / "performance.json").items()}
    megabytes = sum(path.stat().st_size for path in raw.iterdir()) / 1e6
    shutil.rmtree(raw)
    shutil.rmtree(output)
    return {"records": written, "mb": round(megabytes, 1), **run.figures(), "stages": stages}


def write(raw: Path, size: int) -> int:
    """About `size` records in the corpus' proportions; returns how many."""
    galaxies = {path.name: json.loads(path.read_text()) for path in sorted(GALAXIES.glob("*.json"))}
    total = sum(len(tree["values"]) for tree in galaxies.values())
    raw.mkdir(parents=True)
    written = 0
    for name, tree in galaxies.items():
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


def slopes(points: list[Figures]) -> list[float]:
    """Processor seconds a thousand records that each size costs on top of the one before."""
    pairs = zip(points, points[1:], strict=False)
    return [round(1000 * (b["cpu_seconds"] - a["cpu_seconds"]) / (b["records"] - a["records"]), 3) for a, b in pairs]
