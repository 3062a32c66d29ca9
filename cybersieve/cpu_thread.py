"""The one thread that sets MLX going on a CPU, with a stream for each core, and an end that is waited for."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cybersieve import blas, cpu_ops, machine

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)


class CpuThread(ThreadPoolExecutor):
    """Work is submitted to it; what it computes with the fast operations of `cpu_ops` goes on its `streams`."""

    def __init__(self) -> None:
        super().__init__(1, initializer=self._begin)
        self.streams: list[Any] = []
        self.native = 0  # as the system counts
        self.submit(int).result()  # its streams are there

    def _begin(self) -> None:
        self.native = threading.get_native_id()
        self.streams = [mx.new_stream(mx.cpu) for _ in range(machine.cores())]
        cpu_ops.activate()

    def end(self, seconds: float = 5.0) -> None:
        """Until the system has ended it (Linux only), and what was set going before an early end is done.

        Python calls it ended while what mlx compiled in it is still to be let go of. That needs the interpreter: were
        it on its way out by then, the process would be aborted.
        """
        self.shutdown(cancel_futures=True)
        until = time.monotonic() + seconds
        while Path(f"/proc/self/task/{self.native}").exists() and time.monotonic() < until:
            time.sleep(0.001)
        for stream in self.streams:
            mx.synchronize(stream)
