"""Ask a model many yes/no questions, in process, at the machine's limit. One forward pass a batch, nothing generated.

The shared prefix goes through the model once, and its keys and values stand before every batch; texts of about one
length go together, padded on the right (causal attention: padding can't reach the last real token); of the output
matrix only the answers' rows are multiplied. On a CPU one MLX stream a core, OpenBLAS on one thread in each; on a
GPU a batch is queued while the one before it runs. Texts are tokenised meanwhile.
"""

import math
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

import numpy as np

from cybersieve import blas, cpu_ops, prompt, shortcuts
from cybersieve.batches import Batches, Rows
from cybersieve.cpu_thread import CpuThread

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)

Margin = float | None  # log-odds of yes against no; None where the model could not answer
CPU_TOKENS, GPU_TOKENS = 1024, 65536  # padded tokens in a batch at most: more costs memory and is no faster
FAILURES = (RuntimeError, ValueError, MemoryError)  # mlx's: out of memory, shapes that do not fit
AHEAD = 2  # rounds of batches that wait, so that no stream runs dry


@dataclass
class Answer:
    """Margins to come, of batches set going. On a GPU the thread that started them must ask for the result."""

    result: Callable[[], list[Margin]]  # waits for what is left
    started: Future[Any] | None = None  # on a CPU: done when nearly all is computed

    def done(self) -> bool:
        return self.started is None or self.started.done()

    def add_done_callback(self, call: Callable[[Any], object]) -> None:
        if self.started is not None:
            self.started.add_done_callback(call)


class Engine:
    """Made once, asked as often as you like. `with` ends its threads. The model is not changed."""

    def __init__(self, model: Any, tokenizer: Any, layout: prompt.Layout, batch_size: int = 32) -> None:
        prefix, suffix = prompt.prefix_tokens(tokenizer, layout), prompt.suffix_tokens(tokenizer, layout)
        self.tokens = 0  # run through the model so far, padding left out
        self.trouble = ""  # the last error of a forward pass
        self.on_cpu = mx.default_device() == mx.cpu
        if self.on_cpu:
            blas.threads(1)
            cpu_ops.install(model)
        yes, no = prompt.answer_tokens(tokenizer, layout)
        prompt.check_vocabulary(tokenizer, prefix + suffix + yes + no, model(mx.array([[0]])).shape[-1])
        self.forward = shortcuts.fastest(model, yes, no, prefix, suffix)
        self.batches = Batches(tokenizer, layout, [] if self.forward.before else prefix, suffix, batch_size,
                               CPU_TOKENS if self.on_cpu else GPU_TOKENS, self.on_cpu)
        self.thread = CpuThread() if self.on_cpu else None
        self.streams = self.thread.streams if self.thread else [mx.default_stream(mx.default_device())]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.thread:
            self.thread.end()

    @property
    def batch_size(self) -> int:
        return self.batches.size

    def margins(self, texts: Sequence[str]) -> Iterator[list[tuple[int, Margin]]]:
        """Pairs (index in `texts`, margin), some batches at a time; every index once, long texts first."""
        running: deque[tuple[list[int], Answer]] = deque()
        for started in self.start(texts):
            running.append(started)
            if len(running) > AHEAD:
                indices, answer = running.popleft()
                yield list(zip(indices, answer.result(), strict=True))
        for indices, answer in running:
            yield list(zip(indices, answer.result(), strict=True))

    def start(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Answer]]:
        """Set batches going, one for each stream in a step: their texts' indices, and the margins to come."""
        batches = self.batches(texts)
        while together := list(islice(batches, len(self.streams))):
            yield [i for indices, _ in together for i in indices], self._start([rows for _, rows in together])

    def _start(self, batches: list[Rows]) -> Answer:
        """Set a round going: a batch for each stream."""
        self.tokens += sum(len(row) for rows in batches for row in rows)
        if self.thread is None:
            lazy = self._lazy(batches)
            return Answer(lambda: self._margins(batches, lazy))
        started = self.thread.submit(self._lazy, batches)
        return Answer(lambda: self._margins(batches, started.result()), started)

    def _lazy(self, batches: list[Rows]) -> list[mx.array]:
        """Margins on their way; none where the round could not be set going."""
        lazy = []
        try:
            for rows, stream in zip(batches, self.streams, strict=False):
                with mx.stream(stream):
                    lazy.append(self.forward(rows))
            mx.async_eval(lazy)  # type: ignore[no-untyped-call]
        except FAILURES:
            return []
        return lazy

    def _margins(self, batches: list[Rows], lazy: list[mx.array]) -> list[Margin]:
        """A round's margins as numbers. Where it failed, its batches are tried one after the other."""
        values: list[Margin] = []
        with suppress(*FAILURES):
            values = [value for margins in lazy for value in np.array(margins).tolist()]
        for rows in () if values else batches:
            values += self.thread.submit(self._alone, rows).result() if self.thread else self._alone(rows)
        return [value if value is not None and math.isfinite(value) else None for value in values]

    def _alone(self, rows: Rows) -> list[Margin]:
        """Out of memory: halves, now and for the batches to come. What fails as a single text is None."""
        try:
            with mx.stream(self.streams[0]):
                return list(np.array(self.forward(rows)).tolist())
        except FAILURES as error:
            mx.clear_cache()
            self.trouble = " ".join(str(error).split())
            half = len(rows) // 2
            if not half:
                return [None]
            if isinstance(error, MemoryError) or re.search("alloc|memory", str(error), re.I):
                self.batches.size = min(self.batches.size, half)
            return self._alone(rows[:half]) + self._alone(rows[half:])
