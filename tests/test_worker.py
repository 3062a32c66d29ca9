"""The worker, with an engine that only looks like one: fast, slow, failing or hanging, as a test wants it."""

import ctypes
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from cybersieve.jobs import Classify, Full, Generate, Job, Loaded, Refused, Unavailable
from cybersieve.mlx_engine import Answer
from cybersieve.worker import Worker
from tests.fake_engine import FakeEngine, margin_of


class QueuedEngine(FakeEngine):
    """As on a GPU: a batch is computed when its result is asked for, in the worker's own thread."""

    def start(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Any]]:
        for begin in range(0, len(texts), self.batch_size):
            indices = list(range(begin, min(begin + self.batch_size, len(texts))))
            yield indices, Answer(lambda indices=indices: self.answer([texts[i] for i in indices]), None)


@dataclass
class FakePiece:
    text: str
    finish: str | None = None


class Waiting:
    """What a client does: submit, and wait for results."""

    def __init__(self, worker: Worker, make: Callable[[Callable[[Any], None]], Job]) -> None:
        self.results: queue.Queue[Any] = queue.Queue()
        self.job = make(self.results.put)
        worker.submit(self.job)

    def next(self, seconds: float = 10) -> Any:
        result = self.results.get(timeout=seconds)
        if isinstance(result, Exception):
            raise result
        return result


def classify(worker: Worker, texts: Sequence[str]) -> Waiting:
    return Waiting(worker, lambda deliver: Classify(deliver, texts))


def endless(loaded: Loaded, progress: Callable[[], None]) -> Iterator[FakePiece]:
    while True:
        time.sleep(0.001)
        yield FakePiece("x")


@pytest.fixture
def begun() -> Iterator[Callable[..., Worker]]:
    """Makes running workers, and stops them."""
    workers: list[Worker] = []

    def begin(engine: FakeEngine | None = None, **options: Any) -> Worker:
        worker = Worker(lambda: Loaded(engine or FakeEngine()), **options)
        workers.append(worker)
        worker.start()
        return worker

    yield begin
    for worker in workers:
        worker.stop()


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


@pytest.mark.parametrize("kind", [FakeEngine, QueuedEngine])
def test_each_request_gets_its_own_answers_out_of_shared_batches(begun: Callable[..., Worker],
                                                                 kind: type[FakeEngine]) -> None:
    engine = kind(0.002)
    worker = begun(engine)
    waiting = [(texts, classify(worker, texts)) for i in range(100)
               for texts in [[f"request {i} text {j}" for j in range(i % 3 + 1)]]]
    for texts, client in waiting:
        assert client.next() == [margin_of(text) for text in texts]
    assert len(engine.batches) < 80, "199 texts of 100 requests share batches of 4"
    assert worker.classified == 199 and worker.waiting() == 0 and not worker.live


def test_a_short_request_overtakes_a_long_one(begun: Callable[..., Worker]) -> None:
    worker = begun(FakeEngine(0.01))
    long = classify(worker, [f"long {i}" for i in range(200)])
    short = classify(worker, ["short"])
    assert short.next() == [margin_of("short")]
    assert long.results.empty() and long.job.missing > 150  # type: ignore[attr-defined]
    assert len(long.next()) == 200


def test_who_leaves_frees_the_place(begun: Callable[..., Worker]) -> None:
    engine = FakeEngine(0.02)
    worker = begun(engine, queue=100)
    long = classify(worker, ["long"] * 100)
    with pytest.raises(Full) as full:
        for _ in range(3):
            classify(worker, ["more"] * 30)
    assert 1 <= full.value.seconds <= 60
    worker.cancel(long.job)
    assert worker.waiting() <= 60
    last = classify(worker, ["last"] * 30)
    assert last.next() == [margin_of("last")] * 30
    assert sum(batch.count("long") for batch in engine.batches) < 50 and long.results.empty()


def test_an_empty_queue_takes_any_request(begun: Callable[..., Worker]) -> None:
    assert len(classify(begun(queue=10), ["text"] * 50).next()) == 50


def test_a_full_queue_says_how_long_it_takes_to_make_room() -> None:
    worker = Worker(lambda: Loaded(FakeEngine()), queue=1000)  # not begun: all of them wait
    for texts in (400, 600):
        classify(worker, ["text"] * texts)
    with pytest.raises(Full) as full:
        classify(worker, ["text"])
    assert (full.value.seconds, worker.waiting()) == (50, 1000)  # 20 texts a second, until it has seen any


def test_failures_in_a_row_are_counted_from_the_last_answer(begun: Callable[..., Worker]) -> None:
    def fault(texts: list[str]) -> None:
        if "poison" in texts:
            raise RuntimeError("no")

    worker = begun(FakeEngine(fault=fault))
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(Unavailable):
                classify(worker, ["poison"]).next()
        assert classify(worker, ["good"]).next() == [margin_of("good")]


def test_a_batch_that_fails_fails_its_own_requests_only(begun: Callable[..., Worker]) -> None:
    def fault(texts: list[str]) -> None:
        if "poison" in texts:
            raise RuntimeError("no")

    worker = begun(FakeEngine(fault=fault))
    with pytest.raises(Unavailable, match=r"the model failed \(RuntimeError\)$"):
        classify(worker, ["poison"]).next()
    assert classify(worker, ["good"]).next() == [margin_of("good")]
    assert worker.state() == "ok"


def test_a_model_that_only_fails_is_given_up(begun: Callable[..., Worker], capfd: pytest.CaptureFixture) -> None:
    def fault(texts: list[str]) -> None:
        raise RuntimeError("broken")

    worker = begun(FakeEngine(fault=fault))
    for _ in range(3):
        with pytest.raises(Unavailable):
            classify(worker, ["text"]).next()
    wait_until(lambda: worker.state() == "dead")
    with pytest.raises(Unavailable, match="dead"):
        classify(worker, ["text"])
    shown = capfd.readouterr().err
    assert "RuntimeError" in shown and "fake_engine.py" in shown


def test_a_model_that_only_fails_is_given_up_beside_a_generation(begun: Callable[..., Worker]) -> None:
    def fault(texts: list[str]) -> None:
        raise RuntimeError("broken")

    def reading(loaded: Loaded, progress: Callable[[], None]) -> Iterator[FakePiece]:
        while True:
            time.sleep(0.001)
            progress()
        yield FakePiece("never")

    worker = begun(FakeEngine(fault=fault))
    long = Waiting(worker, lambda deliver: Generate(deliver, reading))
    for _ in range(3):  # the third error ends the generation that is under way
        with pytest.raises(Unavailable):
            classify(worker, ["text"]).next()
    with pytest.raises(Unavailable):
        long.next()
    with pytest.raises(Unavailable):
        classify(worker, ["text"]).next()
    wait_until(lambda: worker.state() == "dead")


def test_a_killed_worker_leaves_nobody_waiting(begun: Callable[..., Worker], capfd: pytest.CaptureFixture) -> None:
    worker = begun(FakeEngine(0.01))
    waiting = [classify(worker, ["text"] * 50) for _ in range(10)]
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.thread.ident or 0), ctypes.py_object(SystemExit))
    failed = 0
    for client in waiting:
        try:
            client.next(5)
        except Unavailable:
            failed += 1
    assert failed > 5
    wait_until(lambda: worker.check() == "dead")
    assert "SystemExit" in capfd.readouterr().err


def test_a_worker_that_hangs_is_noticed_and_may_come_back(begun: Callable[..., Worker]) -> None:
    hanging = threading.Event()
    worker = begun(FakeEngine(fault=lambda texts: hanging.wait(10) and None if "slow" in texts else None),
                   stuck_after=0.2)
    slow = classify(worker, ["slow"])
    assert worker.state() == "ok"
    wait_until(lambda: worker.check() == "stuck")
    with pytest.raises(Unavailable, match="stuck"):
        slow.next()
    assert worker.check() == "stuck", "though nobody waits any more"
    with pytest.raises(Unavailable, match="stuck"):
        classify(worker, ["text"])
    hanging.set()
    wait_until(lambda: worker.check() == "ok")
    assert classify(worker, ["text"]).next() == [margin_of("text")]


def test_an_idle_worker_is_not_stuck(begun: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch) -> None:
    worker = begun(stuck_after=0.05)
    wait_until(lambda: worker.state() == "ok")
    looks: list[Loaded] = []
    monkeypatch.setattr(worker, "_take", lambda loaded: looks.append(loaded) or [])
    time.sleep(0.3)
    assert worker.check() == "ok" and len(looks) < 5, "it sleeps"
    monkeypatch.undo()
    assert classify(worker, ["text"]).next() == [margin_of("text")]


def test_what_comes_while_the_model_loads_is_answered_then() -> None:
    loading = threading.Event()

    def load() -> Loaded:
        loading.wait(10)
        return Loaded(FakeEngine())

    worker = Worker(load)
    worker.start()
    client = classify(worker, ["early"])
    assert worker.state() == "loading"
    loading.set()
    assert client.next() == [margin_of("early")]
    assert worker.stop()


def test_a_model_that_does_not_load_is_a_dead_worker(capfd: pytest.CaptureFixture) -> None:
    def load() -> Loaded:
        raise OSError("no such file")

    worker = Worker(load)
    client = classify(worker, ["early"])
    worker.start()
    with pytest.raises(Unavailable):
        client.next()
    wait_until(lambda: worker.state() == "dead")
    assert isinstance(worker.error, OSError) and "OSError" in capfd.readouterr().err


def test_tokens_are_counted_and_are_progress(begun: Callable[..., Worker]) -> None:
    def words(loaded: Loaded, progress: Callable[[], None]) -> Iterator[FakePiece]:
        for i in range(8):
            time.sleep(0.2)
            yield FakePiece("x", "stop" if i == 7 else None)

    worker = begun(stuck_after=1)
    client = Waiting(worker, lambda deliver: Generate(deliver, words))
    while not client.next().finish:
        assert worker.check() == "ok"
    assert worker.generated == 8


def test_stopping_tells_those_who_wait(begun: Callable[..., Worker]) -> None:
    engine = FakeEngine(0.05)
    worker = begun(engine)
    client = classify(worker, ["text"] * 100)
    assert worker.stop()
    with pytest.raises(Unavailable, match="stopping"):
        client.next()
    with pytest.raises(RuntimeError, match="shutdown"):
        engine.pool.submit(int)  # its threads have ended
    with pytest.raises(Unavailable):
        classify(worker, ["text"])


def test_generations_and_texts_take_turns(begun: Callable[..., Worker]) -> None:
    def words(loaded: Loaded, progress: Callable[[], None]) -> Iterator[FakePiece]:
        progress()
        for i in range(20):
            time.sleep(0.002)
            yield FakePiece(f"{i} ", "stop" if i == 19 else None)

    worker = begun(FakeEngine(0.01))
    talking = [Waiting(worker, lambda deliver: Generate(deliver, endless)) for _ in range(3)]
    counting = Waiting(worker, lambda deliver: Generate(deliver, words))
    assert classify(worker, ["text"] * 20).next() == [margin_of("text")] * 20
    heard = [counting.next()]
    while not heard[-1].finish:
        heard.append(counting.next())
    assert "".join(piece.text for piece in heard) == "".join(f"{i} " for i in range(20))
    for client in talking:
        assert client.next().text == "x"
        worker.cancel(client.job)
    wait_until(lambda: not worker.generations)


def test_generations_wait_for_a_place(begun: Callable[..., Worker]) -> None:
    worker = begun(chats=6)
    talking = [Waiting(worker, lambda deliver: Generate(deliver, endless)) for _ in range(6)]
    with pytest.raises(Full):
        Waiting(worker, lambda deliver: Generate(deliver, endless))
    wait_until(lambda: not talking[0].results.empty())
    assert talking[5].results.empty(), "four at a time"
    for client in talking[:3]:
        worker.cancel(client.job)
    assert talking[5].next().text == "x"


def test_nobody_reads_a_long_prompt_for_who_left(begun: Callable[..., Worker]) -> None:
    closed = threading.Event()

    def reading(loaded: Loaded, progress: Callable[[], None]) -> Iterator[FakePiece]:
        try:
            for _ in range(10_000):
                time.sleep(0.001)
                progress()
            yield FakePiece("never", "stop")
        finally:
            closed.set()

    worker = begun()
    client = Waiting(worker, lambda deliver: Generate(deliver, reading))
    assert classify(worker, ["text"]).next() == [margin_of("text")], "between two parts of the prompt"
    worker.cancel(client.job)
    assert closed.wait(2)


@pytest.mark.parametrize(("error", "kind"), [(Refused("too long"), Refused), (ValueError("what?"), Unavailable)])
def test_a_generation_that_fails_takes_no_other_with_it(begun: Callable[..., Worker], error: Exception,
                                                        kind: type[Exception]) -> None:
    def failing(loaded: Loaded, progress: Callable[[], None]) -> Iterator[FakePiece]:
        raise error

    worker = begun()
    with pytest.raises(kind):
        Waiting(worker, lambda deliver: Generate(deliver, failing)).next()
    assert Waiting(worker, lambda deliver: Generate(deliver, endless)).next().text == "x"
