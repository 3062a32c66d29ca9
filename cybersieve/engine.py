"""Where work over files runs: side by side on this machine's cores. Results come in the order of the items."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from joblib import Parallel, delayed

T = TypeVar("T")
R = TypeVar("R")


def each(
    function: Callable[[T], R], items: Sequence[T], engine: str = "local", workers: int | None = None
) -> Iterator[R]:
    """`function(item)` for every item, in order, as they are done. `function` must be picklable (module level).

    One core or one item: no worker process is started.
    """
    workers = min(workers or os.cpu_count() or 1, len(items))
    if workers <= 1:
        yield from map(function, items)
        return
    yield from Parallel(n_jobs=workers, return_as="generator")(delayed(function)(item) for item in items)
