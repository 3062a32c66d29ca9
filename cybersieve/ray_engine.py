"""Work over files on a Ray cluster: `engine: ray`, the same functions as on one machine and the same bytes out.

The cluster is the one that RAY_ADDRESS names (`ray start --head`, then `ray start --address=…` on the others); without
it Ray is started on this machine alone. All nodes see the project's folder under the same path (NFS, Lustre, EFS, …)
and have the same code and packages, which is checked. A task whose worker or node dies is done again elsewhere: it
writes its own file, whole or not at all, so nothing is lost and nothing is there twice. Nothing is reported to anyone.
"""

import hashlib
import importlib.metadata
import os
import platform
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from cybersieve.errors import CybersieveError

T = TypeVar("T")
R = TypeVar("R")

ATTEMPTS = 5  # more for a task whose worker or node died; what the function itself raises ends the run
REACHED = 20  # seconds
WAITING = 10_000  # tasks that Ray knows of at once
WRITERS = ("lxml", "numpy", "orjson", "pyarrow", "rensa", "google-re2")  # packages that decide the bytes of a result


def each(function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """`function(item)` for every item, in order, as they are done. Raises what `function` raises, or CybersieveError.

    The tasks that are left are stopped where the caller asks for no more results.
    """
    ray = _connected()
    task = ray.remote(num_cpus=1, max_retries=ATTEMPTS, retry_exceptions=False)(_work)
    shared = ray.put((function, Path.cwd(), code()))
    todo = iter(items)
    waiting = deque(task.remote(shared, item) for item in islice(todo, WAITING))
    try:
        while waiting:
            yield ray.get(waiting[0])
            waiting.popleft()
            waiting.extend(task.remote(shared, item) for item in islice(todo, 1))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        reason = " ".join(str(error).split())[:300]
        raise CybersieveError(f"a task could not be done on the Ray cluster, after {ATTEMPTS} more attempts: {reason}. "
                              "See `ray status`; most often memory is short") from None
    finally:
        if waiting:  # leaving ends this run's tasks on all nodes; ray.cancel may bring the driver down (Ray 2.60)
            ray.shutdown()


def _connected() -> Any:
    """The ray module, connected. Raises CybersieveError."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_IGNORE_UNHANDLED_ERRORS"] = "1"  # of tasks that failed beside the one that is told
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a warning about GPUs that are not asked for
    try:
        import ray
    except ImportError:
        raise CybersieveError("engine: ray is not installed: pip install -r requirements_cluster.txt, or engine: local"
                              ) from None
    if not ray.is_initialized():
        address = os.environ.get("RAY_ADDRESS")
        try:
            reach(address or "")
            ray.init(logging_level="WARNING", **{} if address else {"include_dashboard": False})
        except (OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:300]
            raise CybersieveError(f"engine: no Ray cluster at RAY_ADDRESS={address}: {reason}") from None
    return ray


def reach(address: str) -> None:
    """Raise OSError where nobody listens at HOST:PORT: Ray itself would go on trying for minutes."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), REACHED).close()


def _work(shared: tuple[Callable[[T], R], Path, str], item: T) -> R:
    """One task, in the driver's folder: relative paths mean the same on every node."""
    function, folder, driver = shared
    try:
        os.chdir(folder)
    except OSError as error:
        raise CybersieveError(f"the Ray node {platform.node()} has no {folder} ({error.strerror}): all nodes must see "
                              "the project's folder under one path") from None
    if driver != code():
        raise CybersieveError(f"the Ray node {platform.node()} has other code or packages than this run: "
                              "install the same commit and constraints.txt there")
    return function(item)


@cache
def code() -> str:
    """What decides the bytes of a result: this package's files, Python, and the libraries that read and write."""
    files = [entry for entry in resources.files("cybersieve").iterdir() if entry.name.endswith((".py", ".yaml"))]
    files.sort(key=lambda entry: entry.name)
    read = hashlib.blake2b(b"".join(entry.name.encode() + b"\0" + entry.read_bytes() for entry in files), digest_size=8)
    versions = [f"{name}={importlib.metadata.version(name)}" for name in WRITERS]
    return " ".join([read.hexdigest(), f"python={sys.version_info.major}.{sys.version_info.minor}", *versions])
