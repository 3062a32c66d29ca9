"""Where work over files runs: side by side on this machine's cores, or on a Ray cluster (ray_engine.py).

Results come in the order of the items, and are the same wherever they were worked out.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from cybersieve import machine
from cybersieve.errors import CybersieveError

MANY = 200_000  # records: below, worker processes that hold Arrow and NumPy take longer to start than they save
FILE = 300  # records that a file counts for beside its own: it costs milliseconds, a record microseconds
TASKS, TOGETHER = 64, 32  # tasks that each worker has at least where items are many; items that are one task at most
AHEAD = 8  # tasks for each worker that are handed out before the first is done
T = TypeVar("T")
R = TypeVar("R")


def each(
    function: Callable[[T], R], items: Sequence[T], engine: str = "local", workers: int | None = None
) -> Iterator[R]:
    """`function(item)` for every item, in order, as they are done. `function` must be picklable (module level).

    `workers` bounds the processes on this machine; a cluster takes as many tasks as it has cores.
    One core or one item: no worker process is started. Raises what `function` raises, and CybersieveError where a
    worker process dies; the others are stopped at once, as they are when the caller asks for no more results.
    """
    if engine == "ray" and len(items) > 1:
        from cybersieve import ray_engine

        yield from ray_engine.each(function, items)
        return
    workers = min(workers or machine.cores(), len(items))
    if workers <= 1:
        yield from map(function, items)
        return
    with _pool(workers) as pool:
        size = min(max(1, len(items) // (TASKS * workers)), TOGETHER)  # to hand out a small file costs what it takes
        tasks = (pool.submit(_all, function, items[at:at + size]) for at in range(0, len(items), size))
        try:
            waiting = deque(islice(tasks, AHEAD * workers))
            while waiting:
                yield from waiting.popleft().result()
                waiting.extend(islice(tasks, 1))
        except BrokenProcessPool:
            raise CybersieveError("a worker process died, most likely for lack of memory: close other programs, or "
                                  "split the largest input file") from None


def _all(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    return list(map(function, items))


def workers_for(records: Iterable[int]) -> int | None:
    """The number of workers for so many records in each file: one for a small corpus, else as many as cores."""
    return None if effort(records) >= MANY else 1


def effort(records: Iterable[int]) -> int:
    """So many records in each file, as a number of records that costs as much in one file."""
    return sum(FILE + count for count in records)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that end with the block: when all is done, or in the middle of their work on any exception."""
    others = set(multiprocessing.active_children())
    # spawn: a forked copy of a process with threads (the stopwatch's, Arrow's) may hang
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _quiet)
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()


def _quiet() -> None:
    """Ctrl-C ends a worker without a traceback; the parent tells the user. A parent that is killed can't end it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # this is a worker
    parent.join()
    os._exit(1)
