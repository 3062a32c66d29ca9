"""Clock and memory of a stage. They go to performance/*.json only: metrics.json holds nothing that varies."""

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Self

MB = 1e6
PAUSE, IDLE = 0.05, 20  # seconds between samples of memory at least; so many times as long as a sample takes


def high_water_mb(pid: str) -> float:
    """Peak resident memory of one process so far; 0 where /proc has none."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        return next(float(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024 / MB
    except (OSError, StopIteration):
        return 0.0


def peak_memory_mb() -> float:
    """Peak resident memory of this process so far, in MB (10^6 bytes).

    Linux: VmHWM. ru_maxrss, used elsewhere, is inherited there from the process that started this one.
    """
    if peak := high_water_mb("self"):
        return peak
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MB if sys.platform == "darwin" else peak * 1024 / MB


def resident_mb(pid: str) -> float:
    """Resident memory of one process now, shared pages counted by their share; 0 where /proc has none."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as lines:
            return sum(float(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / MB
    except OSError:
        return 0.0


def family(pid: str) -> list[str]:
    """This process and all its descendants (Linux; elsewhere only itself)."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        children = [child for task in tasks for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
    except OSError:
        children = []
    return [pid, *(member for child in children for member in family(child))]


class Stopwatch:
    """`with Stopwatch("parse") as watch: ...; watch.save(path, bytes_in=…)` writes seconds, MB and what is given.

    Memory is the kernel's own peak of this process. Where it has workers (Linux), their proportional set sizes are
    added up some times a second: to ask for one takes the kernel milliseconds, in which the worker may have to wait.
    """

    def __init__(self, stage: str) -> None:
        self.stage, self.family_mb, self._stop = stage, 0.0, threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def _sample(self) -> None:
        pause = PAUSE
        while not self._stop.wait(pause):
            began = time.perf_counter()
            if len(members := family(str(os.getpid()))) > 1:
                self.family_mb = max(self.family_mb, sum(map(resident_mb, members)))
            pause = max(PAUSE, IDLE * (time.perf_counter() - began))

    def __enter__(self) -> Self:
        self.started = time.perf_counter()
        self._sampler.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._sampler.join()
        self.seconds = time.perf_counter() - self.started

    def figures(self, **more: float) -> dict[str, float | str]:
        """Seconds, peak memory and, for every `NAME=amount` given, amount and amount a second."""
        peak = max(self.family_mb, peak_memory_mb())
        result: dict[str, float | str] = {"stage": self.stage, "seconds": round(self.seconds, 3)}
        result["peak_memory_mb"] = round(peak, 1)
        for name, amount in more.items():
            result[name] = amount
            result[f"{name}_per_second"] = round(amount / max(self.seconds, 1e-9), 1)
        return result

    def save(self, path: Path | None, **more: float) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self.figures(**more), indent=1) + "\n")
