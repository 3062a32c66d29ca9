"""What the parts of `make bench` share: a command watched from outside, medians with their spread, labelled records."""

import importlib.metadata
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cybersieve import cache, labels, measure, records

ROOT = Path(__file__).resolve().parent.parent
GOLD = Path(os.environ.get("CYBERSIEVE_GOLD", ROOT.parent / "shared" / "gold"))
PEERS = Path(os.environ.get("CYBERSIEVE_PEERS", ROOT / ".venv-bench")) / "bin" / "python"
Figures = dict[str, Any]
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or ours alone is compiled at each start: pip did others


@dataclass
class Run:
    """What a command cost: by the clock, of all processors, and in memory with all its workers."""

    seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    output: str

    def figures(self) -> Figures:
        return {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds, "peak_memory_mb": self.peak_memory_mb}


def watched(command: Sequence[object], **env: str) -> Run:
    """Run a command to its end; its last lines and SystemExit where it fails.

    Memory is looked at every 50 ms: the kernel's own peak of the command's process, or the proportional set sizes of
    it and its workers together where that is more; on a Mac what `ps` says of the process. CPU seconds are those of the
    command and all that it waited for.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)} | env)
    peak, ended, proc = [0.0], threading.Event(), measure.high_water_mb("self") > 0

    def sample() -> None:
        while not ended.wait(0.05):
            together = sum(map(measure.resident_mb, measure.family(str(process.pid)))) if proc else _by_ps(process.pid)
            peak[0] = max(peak[0], together, measure.high_water_mb(str(process.pid)))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    output, errors = process.communicate()
    seconds = time.perf_counter() - started
    ended.set()
    sampler.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit code {process.returncode}\n{errors[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(round(seconds, 3), round(cpu, 3), round(peak[0], 1), output)


def _by_ps(pid: int) -> float:
    """Resident memory of one process now; 0 where it has ended."""
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True).stdout
    return float(said.strip() or 0) * 1024 / measure.MB


def child(module: str, *arguments: object) -> str:
    """The last line that a module of the bench prints as a program."""
    return watched([sys.executable, "-m", module, *arguments]).output.splitlines()[-1]


def spread(values: Sequence[float], digits: int = 3) -> Figures:
    """Median, least and most of some runs."""
    return {"median": round(statistics.median(values), digits), "least": round(min(values), digits),
            "most": round(max(values), digits), "runs": len(values)}


def rounds(number: int, ways: dict[str, Callable[[], Run]]) -> Figures:
    """Every way `number` times, taking turns so that a busy minute of the machine hits all of them."""
    found: dict[str, list[Run]] = {name: [] for name in ways}
    for _ in range(number):
        for name, way in ways.items():
            found[name].append(way())
    return {name: {what: spread([getattr(run, what) for run in runs]) for what in runs[0].figures()}
            for name, runs in found.items()}


def ratio(one: float, other: float) -> float | None:
    """How many times `other` is in `one`; two significant digits are all that a shared machine gives."""
    return float(f"{one / other:.2g}") if other else None


@dataclass
class Labelled:
    """The records on which nothing was fitted and no threshold set, and what the run decided about them."""

    rows: list[dict[str, Any]] = field(default_factory=list)  # file, id, source, title, text, label, verdict, by

    @property
    def texts(self) -> list[str]:
        return [records.full_text(row["title"], row["text"]) for row in self.rows]

    @property
    def truth(self) -> list[int]:
        return [row["label"] for row in self.rows]


def labelled(run: Path, known: dict[labels.Key, Any], decided_only: bool = True) -> Labelled:
    """The decided records of `known` with text and verdict, in the order of the files.

    `decided_only`: without those that parse or dedup set aside, about which rules and LLM say nothing.
    """
    result = Labelled()
    for shard in records.shards(run / "parsed"):
        columns = ["id", "source", "title", "text"]
        pairs = records.side_by_side((shard.path, columns), (run / "verdicts" / shard.name, ["id", "verdict", "by"]),
                                     (run / "scored" / shard.name, ["id", "confidence"]))
        for record, verdict, scored in pairs:
            label = known.get(labels.key(record["source"], record["id"]))
            if label is not None and (not decided_only or verdict["by"] in ("rule", "llm")):
                result.rows.append(record | verdict | scored | {"label": label})
    return result


def report_half(run: Path) -> Labelled:
    return labelled(run, labels.uniform_half(ROOT / "labels", "report"))


def settings(folder: Path, **changes: object) -> Path:
    """params.yaml with some settings changed, `stage__name=value` each, as a file in `folder`."""
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    for name in ("rules", "extra_rules"):
        tree["score"][name] = tree["score"][name] and str(ROOT / tree["score"][name])
    for key, value in changes.items():
        *path, last = key.split("__")
        block = tree
        for name in path:
            block = block[name]
        block[last] = value
    target = folder / "params.yaml"
    target.write_text(yaml.safe_dump(tree, sort_keys=False))
    return target


def rules_only(folder: Path, **changes: object) -> Path:
    """Settings under which the rules decide every record: kept from confidence 0.5, else rejected."""
    fixed = {"calibrate__mode": "fixed", "calibrate__accept": 0.5, "calibrate__reject": 0.4999999}
    return settings(folder, **fixed, **changes)


def empty_cache(folder: Path) -> dict[str, str]:
    """A cache folder with the prepared model, nothing parsed and nothing answered, as an environment variable."""
    made = Path(tempfile.mkdtemp(prefix="cache", dir=folder))
    for name in ("models", "blas"):
        (made / name).symlink_to(cache.folder() / name)
    return {"CYBERSIEVE_CACHE": str(made)}


def version(package: str) -> str:
    return importlib.metadata.version(package)


def load() -> float:
    """Processes that wanted a core over the last minute; more than the cores means that others were at work too."""
    return round(os.getloadavg()[0], 2)
