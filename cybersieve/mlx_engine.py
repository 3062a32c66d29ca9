"""Ask a model many yes/no questions, in process, at the machine's limit. One forward pass a batch, nothing generated.

The shared prefix goes through the model once, and its keys and values stand before every batch; texts of about one
length go together, padded on the right (causal attention: padding can't reach the last real token); of the output
matrix only the answers' rows are multiplied. On a CPU one MLX stream a core, OpenBLAS on one thread in each; on a
GPU a batch is queued while the one before it runs. Texts are tokenised meanwhile.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import numpy as np

from cybersieve import blas, cpu_ops, prompt, shortcuts

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)

Margin = float | None  # log-odds of yes against no; None where the model could not answer
CHUNK = 16  # batches that are tokenised, sorted and cut together
CPU_TOKENS, GPU_TOKENS = 1024, 65536  # padded tokens in a batch at most: more costs memory and is no faster
LEAST, TAIL = 4, 2  # texts in the last batches of a chunk; the same on any number of cores, as the sums are


class Queued:
    """A batch in the GPU's queue: asking for the result waits, and must be done by the thread that started it."""

    def __init__(self, result: Callable[[], list[Margin]]) -> None:
        self.result = result

    def done(self) -> bool:
        return True


class Engine:
    """Made once, asked as often as you like. `with` ends its threads. The model is not changed."""

    def __init__(self, model: Any, tokenizer: Any, layout: prompt.Layout, batch_size: int = 32) -> None:
        self.tokenizer, self.layout, self.batch_size = tokenizer, layout, batch_size
        prefix, self.suffix = prompt.prefix_tokens(tokenizer, layout), prompt.suffix_tokens(tokenizer, layout)
        self.tokens = 0  # run through the model so far, padding left out
        self.trouble = ""  # the last error of a forward pass
        self.on_cpu = mx.default_device() == mx.cpu
        self.pool, self.here = None, threading.local()
        if self.on_cpu:
            blas.threads(1)
            cpu_ops.install(model)
        self.forward = shortcuts.fastest(model, *prompt.answer_tokens(tokenizer, layout), prefix, self.suffix)
        self.lead = [] if self.forward.before else prefix  # what stands before each text
        if self.on_cpu:
            self.pool = ThreadPoolExecutor(blas.cores(), initializer=self._start_thread)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)
            mx.synchronize()

    def margins(self, texts: Sequence[str]) -> Iterator[list[tuple[int, Margin]]]:
        """Pairs (index in `texts`, margin), a batch at a time; every index once, long texts first."""
        depth = blas.cores() + 1 if self.on_cpu else 2
        running: deque[tuple[list[int], Future[list[Margin]] | Queued]] = deque()
        for started in self.start(texts):
            running.append(started)
            if len(running) > depth:
                indices, answer = running.popleft()
                yield list(zip(indices, answer.result(), strict=True))
        for indices, answer in running:
            yield list(zip(indices, answer.result(), strict=True))

    def start(self, texts: Sequence[str]) -> Iterator[tuple[list[int], "Future[list[Margin]] | Queued"]]:
        """Set batches going, one a step of the iterator: indices in `texts`, and the margins to come."""
        for indices, rows in self._batches(texts):
            yield indices, self._start(rows)

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[list[int]]]]:
        """Texts of about one length: their indices and their tokens, prefix left out where it is shared."""
        with ThreadPoolExecutor(1) as ahead:  # the next chunk is tokenised while this one is asked
            chunks = self._chunks(texts)
            coming = ahead.submit(next, chunks, None)
            while rows := coming.result():
                coming = ahead.submit(next, chunks, None)
                while rows:
                    width = len(self.lead) + len(rows[0][1]) + len(self.suffix)
                    size = max(1, min(self.batch_size, (CPU_TOKENS if self.on_cpu else GPU_TOKENS) // width))
                    if self.on_cpu:  # the last batches get smaller, so that the cores end together
                        size = min(size, max(LEAST, len(rows) // TAIL))
                    batch, rows = rows[:size], rows[size:]
                    yield [i for i, _ in batch], [self.lead + body + self.suffix for _, body in batch]

    def _chunks(self, texts: Sequence[str]) -> Iterator[list[tuple[int, list[int]]]]:
        """(index, tokens) of some batches' texts at a time, the longest first."""
        order = sorted(range(len(texts)), key=lambda i: -len(self.layout.clip(texts[i])))
        stride = CHUNK * self.batch_size  # batch_size may shrink on the way
        for start in range(0, len(order), stride):
            chunk = order[start : start + stride]
            bodies = prompt.text_tokens(self.tokenizer, self.layout, [texts[i] for i in chunk])
            yield sorted(zip(chunk, bodies, strict=True), key=lambda row: -len(row[1]))

    def _start(self, rows: list[list[int]]) -> "Future[list[Margin]] | Queued":
        """Set a batch going."""
        self.tokens += sum(map(len, rows))
        if self.pool is not None:
            return self.pool.submit(self._in_thread, rows)
        try:
            margins: Any = self.forward(rows)
            mx.async_eval(margins)  # type: ignore[no-untyped-call]
        except RuntimeError:
            margins = None
        return Queued(lambda: self._answered(rows, margins))

    def _start_thread(self) -> None:
        self.here.stream = mx.new_stream(mx.cpu)
        cpu_ops.activate()

    def _in_thread(self, rows: list[list[int]]) -> list[Margin]:
        with mx.stream(self.here.stream):
            return self._answered(rows, None)

    def _answered(self, rows: list[list[int]], margins: mx.array | None) -> list[Margin]:
        """Margins as numbers. Out of memory: halves, now and for the batches to come. What fails alone is None."""
        try:
            values = np.array(self.forward(rows) if margins is None else margins)
        except (RuntimeError, MemoryError) as error:
            mx.clear_cache()
            self.trouble = " ".join(str(error).split())
            half = len(rows) // 2
            if not half:
                return [None]
            if isinstance(error, MemoryError) or "alloc" in str(error) or "memory" in str(error):
                self.batch_size = min(self.batch_size, half)
            return self._answered(rows[:half], None) + self._answered(rows[half:], None)
        return [float(value) if math.isfinite(value) else None for value in values]
