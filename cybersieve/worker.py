"""The one thread that owns the model, and the queue before it. Requests of many clients share its batches.

Texts to classify are taken from all waiting requests in turn, so that a long request can't hold up a short one, and
go to the engine together; generations take one step each in between. Whoever stops waiting is taken out. A worker
that died, or makes no progress though there is work, says so (`state`), and nobody waits in silence (`check`).
"""

import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from cybersieve.jobs import Classify, Full, Generate, Job, Loaded, Refused, Unavailable

Batch = list[tuple[Classify, int]]  # texts by request and index
GENERATIONS = 4  # at a time; more wait
IN_A_ROW = 3  # batches that fail one after the other before the worker gives up


class Worker:
    """`load` is called in the worker's thread, and `ready` when it can answer.

    At most `queue` texts and `chats` generations are taken in. `stuck_after`: seconds without any progress, though
    there is work.
    """

    def __init__(self, load: Callable[[], Loaded], queue: int = 4096, chats: int = 64, stuck_after: float = 60,
                 ready: Callable[[], None] = lambda: None) -> None:
        self.load, self.queue, self.chats, self.stuck_after, self.ready = load, queue, chats, stuck_after, ready
        self.loaded: Loaded | None = None
        self.error: BaseException | None = None  # why it died
        self.live: set[Job] = set()
        self.jobs: deque[Classify] = deque()  # those with texts that are not under way yet
        self.generations: list[Generate] = []
        self.under_way: list[tuple[Batch, Any, float]] = []  # texts, their margins to come, when it was begun
        self.starting: Iterator[tuple[Batch, Any, float]] = iter(())
        self.classified = self.generated = self.failures = 0  # texts; tokens; batches that failed in a row
        self.speed = 20.0  # texts a second, a moving average
        self.changed = threading.Condition()
        self.stopping, self.beat = False, time.monotonic()
        self.thread = threading.Thread(target=self._run, name="worker", daemon=True)

    # For other threads

    def start(self) -> None:
        self.thread.start()

    def stop(self, seconds: float = 10) -> bool:
        """End the thread; whoever still waits gets an error. Returns whether it ended in time."""
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        if self.thread.ident is not None:
            self.thread.join(seconds)
        self._fail_all("stopping")
        return not self.thread.is_alive()

    def state(self) -> str:
        """ok | loading | stuck | dead."""
        if self.thread.ident is not None and not self.thread.is_alive():
            return "dead"
        if self.loaded is None:
            return "loading"
        return "stuck" if self._is_busy() and time.monotonic() - self.beat > self.stuck_after else "ok"

    def _is_busy(self) -> bool:
        """Whether it should make progress; a batch or token that hangs goes on hanging when nobody waits any more."""
        return bool(self.live or self.under_way or self.generations)

    def check(self) -> str:
        """The state, to be asked now and then: where nothing more is to be expected, all who wait get an error."""
        state = self.state()
        if state in ("dead", "stuck"):
            self._fail_all(state)
        return state

    def waiting(self) -> int:
        """Texts that are not under way yet."""
        with self.changed:
            return sum(len(job.texts) - job.taken for job in self.jobs)

    def submit(self, job: Job) -> None:
        """Raises Full, or Unavailable where the worker won't come to it."""
        with self.changed:
            state = "stopping" if self.stopping else self.state()
            if state not in ("ok", "loading"):
                raise Unavailable(f"the model's worker is {state}")
            if isinstance(job, Classify):
                waiting = self.waiting()
                if waiting and waiting + len(job.texts) > self.queue:  # an empty queue takes any request
                    raise Full(max(1, min(60, round(waiting / self.speed))))
            elif sum(not other.over for other in self.generations) >= self.chats:
                raise Full(5)
            if not self._is_busy():
                self.beat = time.monotonic()
            self.live.add(job)
            (self.jobs if isinstance(job, Classify) else self.generations).append(job)  # type: ignore[arg-type]
            self.changed.notify_all()

    def cancel(self, job: Job) -> None:
        """Nobody waits for it any more; its place is free."""
        self._end(job)

    def _end(self, job: Job) -> bool:
        """Take a job out; False where it was over already."""
        with self.changed:
            if job.over:
                return False
            job.over = True
            self.live.discard(job)
            if isinstance(job, Classify) and job in self.jobs:
                self.jobs.remove(job)
            self.changed.notify_all()  # the worker closes a generation that was begun
            return True

    def _finish(self, job: Job, result: Any) -> None:
        if self._end(job):
            job.deliver(result)

    def _fail_all(self, state: str) -> None:
        with self.changed:
            jobs = list(self.live)
        for job in jobs:
            self._finish(job, Unavailable(f"the model's worker is {state}"))

    # The worker's own thread

    def _run(self) -> None:
        try:
            loaded = self.loaded = self.load()
            self.ready()
            while not self.stopping:
                progress = self._classify(loaded)
                progress |= self._generate(loaded)
                with self.changed:
                    if not (progress or self.stopping or self._can_go_on(loaded)):
                        self.changed.wait(1)
        except BaseException as error:  # SystemExit too: the thread is over, and all must learn of it
            self.error = error
            place = "".join(traceback.format_tb(error.__traceback__))  # its message may quote a text
            print(f"the worker died of {type(error).__name__}\n{place}", file=sys.stderr, flush=True)
        finally:
            self._fail_all("dead" if self.error else "stopping")
            if self.loaded is not None:
                self.loaded.engine.__exit__()

    def _can_go_on(self, loaded: Loaded) -> bool:
        """Whether there is something to do before a batch is done or a request comes."""
        room = len(self.under_way) < loaded.depth
        return bool(self.generations or (room and self.jobs) or any(item[1].done() for item in self.under_way))

    def _classify(self, loaded: Loaded) -> bool:
        """Keep `depth` rounds going and deliver one that is done; False where none is."""
        while len(self.under_way) < loaded.depth:
            started = next(self.starting, None)
            if started is not None:
                self.under_way.append(started)
            elif texts := self._take(loaded):
                self.starting = self._started(loaded, texts)
            else:
                break
        done = next((i for i, item in enumerate(self.under_way) if item[1].done()), None)
        if done is None:
            return False
        self._deliver(*self.under_way.pop(done), loaded.depth)
        return True

    def _take(self, loaded: Loaded) -> Batch:
        """Texts for the next `width` batches: up to a batch from each waiting request in turn."""
        size, result = loaded.engine.batch_size, Batch()
        with self.changed:
            while self.jobs and len(result) < size * loaded.width:
                job = self.jobs.popleft()
                end = min(job.taken + size, len(job.texts))
                result += [(job, i) for i in range(job.taken, end)]
                job.taken = end
                if end < len(job.texts):
                    self.jobs.append(job)
        return result

    def _started(self, loaded: Loaded, texts: Batch) -> Iterator[tuple[Batch, Any, float]]:
        """Set batches of these texts going, one a step."""
        try:
            for indices, answer in loaded.engine.start([job.texts[i] for job, i in texts]):
                answer.add_done_callback(self._wake)
                yield [texts[i] for i in indices], answer, time.monotonic()
        except Exception as error:
            self._failed(texts, error)

    def _wake(self, _: object) -> None:
        with self.changed:
            self.changed.notify_all()

    def _deliver(self, texts: Batch, answer: Any, begun: float, depth: int) -> None:
        """Hand a batch's margins out to the requests that its texts came from."""
        try:
            margins = answer.result()
        except Exception as error:
            self._failed(texts, error)
            return
        self.failures, self.beat = 0, time.monotonic()
        self.speed += 0.2 * (len(texts) * depth / max(self.beat - begun, 1e-3) - self.speed)
        self.classified += len(texts)
        for (job, i), margin in zip(texts, margins, strict=True):
            job.margins[i] = margin
            job.missing -= 1
            if not job.missing:
                self._finish(job, job.margins)

    def _failed(self, texts: Batch, error: Exception) -> None:
        """Tell those whom a batch belongs to. Raises the error where it was one too many in a row."""
        self.failures += 1
        for job, _ in texts:
            self._finish(job, _fault(error))
        if self.failures >= IN_A_ROW:  # more: a generation that was under way took the error that was to end it
            raise error

    def _generate(self, loaded: Loaded) -> bool:
        """One piece for each of the first few generations; False where there is none."""
        with self.changed:
            ended = [job for job in self.generations if job.over]
            self.generations = [job for job in self.generations if not job.over]
            now = self.generations[:GENERATIONS]
        for job in ended:
            if job.steps is not None:
                job.steps.close()  # type: ignore[attr-defined]  # in this thread, which began it
        for job in now:
            try:
                if job.steps is None:
                    job.steps = job.begin(loaded, lambda job=job: self._read_on(loaded, job))  # type: ignore[misc]
                piece = next(job.steps)
            except Exception as error:
                self._finish(job, error if isinstance(error, Refused) else _fault(error))
                continue
            self.beat = time.monotonic()
            self.generated += 1
            if piece.finish:
                self._finish(job, piece)
            elif not job.over:
                job.deliver(piece)
            self._classify(loaded)
        return bool(now)

    def _read_on(self, loaded: Loaded, job: Job) -> None:
        """Between two parts of a long prompt: other requests' texts go on, and nobody reads for one who left."""
        self.beat = time.monotonic()
        self._classify(loaded)
        if job.over or self.stopping:
            raise Unavailable("nobody waits any more")


def _fault(error: Exception) -> Unavailable:
    """For clients: not the message, which may quote another client's text."""
    return Unavailable(f"the model failed ({type(error).__name__})")
