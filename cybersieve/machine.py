"""What this machine, or the container, has for a process: cores and memory."""

import os
import re
from pathlib import Path


def cores() -> int:
    """How many cores this process may use (taskset, containers with a set of cores)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
