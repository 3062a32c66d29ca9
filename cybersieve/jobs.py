"""What requests ask of the server's worker, and why they may not get it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Margin = float | None


class Full(Exception):
    """The queue is full; `seconds` is about how long it takes to make room."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"the queue is full; try again in {seconds} s")
        self.seconds = seconds


class Unavailable(Exception):
    """The worker is dead, stuck or stopping, or the model failed."""


class Refused(Exception):
    """A request that can't be served as it is; the message is for the client."""


@dataclass(eq=False)
class Job:
    """What one request waits for. `deliver` is called from the worker's thread, or from that of `check`."""

    deliver: Callable[[Any], None]
    over: bool = field(default=False, init=False)  # answered, failed, or nobody waits for it any more


@dataclass(eq=False)
class Classify(Job):
    """Texts. Delivered once: the list of their margins, or an exception."""

    texts: Sequence[str]
    margins: list[Margin] = field(init=False)
    taken: int = field(default=0, init=False)  # texts that are under way or done
    missing: int = field(init=False)

    def __post_init__(self) -> None:
        self.margins, self.missing = [None] * len(self.texts), len(self.texts)


@dataclass(eq=False)
class Generate(Job):
    """`begin(progress)` gives an iterator of pieces; those are delivered. The last has `finish`, or is an exception.

    `progress` is to be called now and then before the first piece; it raises where nobody waits any more.
    """

    begin: Callable[[Any, Callable[[], None]], Iterator[Any]]  # of what `load` returned, and progress
    steps: Iterator[Any] | None = field(default=None, init=False)


@dataclass(frozen=True)
class Loaded:
    """What the worker owns: an engine that classifies, `depth` rounds at a time; model and tokenizer."""

    engine: Any  # mlx_engine.Engine
    width: int = 2  # full batches that are taken together, to be cut into rounds
    depth: int = 2  # no more than keep the engine busy: who comes next waits for all of them
    model: Any = None
    tokenizer: Any = None
