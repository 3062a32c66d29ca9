"""What a machine can do, measured or asked: the speed of matrix products under MLX, and memory."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from cybersieve import blas, model
from cybersieve.errors import CybersieveError

ROOT = Path(__file__).resolve().parent.parent
SIDE = 512  # of the matrices that are multiplied: 40 ms at the reference's speed
TIMED = 0.5  # seconds


def product(kind: str) -> dict[str, Any]:
    """`timed_product` in a process of its own, because a BLAS is chosen once a process. Raises CybersieveError."""
    done = subprocess.run([sys.executable, "-c", f"from cybersieve import machine; machine.timed_product({kind!r})"],
                          capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    if done.returncode:
        raise CybersieveError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def timed_product(kind: str) -> None:
    """Print MLX's device, the BLAS and (kind `plain`: without, `fast`: with it) the speed of products as JSON."""
    library = blas.library() if kind == "fast" else None
    import mlx.core as mx

    result: dict[str, Any] = {"device": "gpu" if mx.default_device() == mx.gpu else "cpu", "library": library}
    if kind != "device":
        matrix = mx.random.normal((SIDE, SIDE))
        seconds: list[float] = []
        end = time.perf_counter() + TIMED
        while len(seconds) < 3 or time.perf_counter() < end:  # the fastest counts: others use the machine too
            start = time.perf_counter()
            mx.eval(matrix @ matrix)
            seconds.append(time.perf_counter() - start)
        result["gflops"] = 2 * SIDE**3 / min(seconds) / 1e9
    print(json.dumps(result))


def weights_size(folder: Path) -> float:
    """Bytes of the weights as a CPU holds them: float32, however few bits they have on disk."""
    config = json.loads((folder / "config.json").read_text())
    bits = (config.get("quantization") or {}).get("bits", 16)
    return sum(path.stat().st_size for path in folder.glob(model.WEIGHTS)) * 32 / float(bits)


def memory() -> tuple[float, float]:
    """Bytes of memory in all, and those that may still be taken: of the machine, or of the container (cgroup 2)."""
    total = available = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    status, limit = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")
    if status.exists():
        available = float(re.findall(r"MemAvailable:\s+(\d+)", status.read_text())[0]) * 1024
    if limit.exists() and (most := limit.read_text().strip()) != "max":
        total = min(total, float(most))
        available = min(available, float(most) - float((limit.parent / "memory.current").read_text()))
    return total, available
