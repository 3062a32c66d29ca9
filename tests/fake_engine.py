"""An engine that only looks like one, for tests of what stands around it; and the server, in a thread."""

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import uvicorn

from cybersieve import routes
from cybersieve.worker import Worker


def margin_of(text: str) -> float:
    return float(len(text)) + sum(map(ord, text)) / 1e4


class FakeEngine:
    """Batches of `batch_size` in threads, each `seconds` long; `fault(texts)` may raise or wait."""

    batch_size = 4

    def __init__(self, seconds: float = 0.0, fault: Callable[[list[str]], None] = lambda texts: None) -> None:
        self.seconds, self.fault = seconds, fault
        self.batches: list[list[str]] = []
        self.pool = ThreadPoolExecutor(2)

    def start(self, texts: Sequence[str]) -> Iterator[tuple[list[int], "Future[list[float | None]]"]]:
        for begin in range(0, len(texts), self.batch_size):
            indices = list(range(begin, min(begin + self.batch_size, len(texts))))
            yield indices, self.pool.submit(self.answer, [texts[i] for i in indices])

    def answer(self, texts: list[str]) -> list[float | None]:
        self.batches.append(texts)
        self.fault(texts)
        time.sleep(self.seconds)
        return [margin_of(text) for text in texts]

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()


@contextmanager
def serving(worker: Worker, key: str | None = None, limits: routes.Limits | None = None) -> Iterator[str]:
    """The server's routes before a worker, on a port of this machine; yields the base URL."""
    served = routes.Served("fake", 0, {"fingerprint": "f", "calibration": {}, "card": {}, "settings": {}})
    app = routes.Api(worker, served, limits or routes.Limits()).app(key)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, ws="none",
                                           timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def call(url: str, tree: Any = None, raw: bytes | None = None, seconds: float = 30,
         **headers: str) -> tuple[int, Any, Any]:
    """Status, JSON (or text) and headers of a GET, or with a body of a POST."""
    body = raw if raw is not None else None if tree is None else json.dumps(tree).encode()
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, _parsed(answer.read()), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _parsed(error.read()), error.headers


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode()
