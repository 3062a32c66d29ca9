"""JSON over HTTP to one base URL, from many threads: kept connections, a time limit, and three ways to fail.

    Unreachable   no connection, a connection cut, no answer in time
    Refusal       an answer with another status than 2xx
    Garbage       an answer that is not a JSON object

Not covered: proxies and redirects (a key would follow them to another host), answers above 64 MB.
"""

import contextlib
import http.client
import json
import math
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from cybersieve.errors import ParamsError

KEY = "CYBERSIEVE_API_KEY"
MOST = 64_000_000  # bytes of an answer
LATEST = 86_400  # seconds that a Retry-After may name
Tree = dict[str, Any]


def key() -> str | None:
    """The bearer token, of a server of ours and of those that are asked, without the line break of the file it was in.

    Raises ParamsError, which does not show it, where it can't stand in a header.
    """
    found = os.environ.get(KEY, "").strip()
    if not (found.isascii() and found.isprintable()):
        raise ParamsError(f"{KEY}: printable ASCII is wanted, since it is sent in a header")
    return found or None


class Unreachable(Exception):
    """Nothing came back; another attempt may help.

    `sent`: whether the other side may have seen the request; `unanswered`: it closed before a byte of an answer.
    """

    def __init__(self, message: str, sent: bool, unanswered: bool = False) -> None:
        super().__init__(message)
        self.sent, self.unanswered = sent, unanswered


class Garbage(Exception):
    """What came back is not what was asked for; another attempt may help."""


class Refusal(Exception):
    """The other side said no."""

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"HTTP {status}: {' '.join(message.split())}")
        self.status, self.message, self.retry_after = status, message, retry_after


class Client:
    """`Client("http://127.0.0.1:8080/v1", key, seconds).post("/classify", {...})`. Safe to share between threads."""

    def __init__(self, url: str, key: str | None, seconds: float) -> None:
        if "@" in url:  # before any message that shows it
            raise ParamsError("verify.endpoints: a name or key inside a URL; put the key into the environment")
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            host, port = parts.hostname, parts.port
        except ValueError:  # brackets that don't match, a port that is none
            host = None
        if host is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment \
                or not url.isprintable() or " " in url or not parts.path.isascii():
            shown = url.partition("?")[0]  # not a key in a query
            raise ParamsError(f"verify.endpoints: {shown!r} is no http or https address such as "
                              "http://127.0.0.1:8080/v1")
        self.path = parts.path.rstrip("/") or "/v1"
        self.url = f"{parts.scheme}://{parts.netloc}{self.path}"
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connect: Callable[[], http.client.HTTPConnection] = lambda: kind(host, port, timeout=seconds)
        self.headers = {"Accept": "application/json", "User-Agent": "cybersieve"}
        self._secret = {"Authorization": f"Bearer {key}"} if key else {}
        self.seconds, self.closed, self.lock = seconds, False, threading.Lock()
        self.idle: list[http.client.HTTPConnection] = []
        self.busy: dict[socket.socket, float] = {}  # sockets that an answer is awaited from, and until when

    def get(self, path: str) -> Tree:
        """The answer's JSON object. Raises Unreachable, Refusal, Garbage. Keeps no connection, needs no `sweep`."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(1):
                self.sweep(time.monotonic())

        threading.Thread(target=watch, daemon=True).start()
        try:
            return self._asked("GET", path, None, keep=False)
        finally:
            ended.set()

    def post(self, path: str, tree: Tree) -> Tree:
        """As `get`, with somebody who calls `sweep` now and then; the connection is kept for the next."""
        return self._asked("POST", path, json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace"), keep=True)

    def close(self) -> None:
        """Cut what is under way, whose threads get Unreachable, and close what is kept."""
        self.closed = True
        self.sweep(math.inf)
        while (connection := self._idle()) is not None:
            connection.close()

    def sweep(self, now: float) -> None:
        """Cut connections whose time is over (a server that sends a byte now and then never times out by itself)."""
        with self.lock:
            for late in [sock for sock, until in self.busy.items() if now > until]:
                with contextlib.suppress(OSError):
                    late.shutdown(socket.SHUT_RDWR)

    def _idle(self) -> http.client.HTTPConnection | None:
        with self.lock:
            return self.idle.pop() if self.idle else None

    def _asked(self, method: str, path: str, body: bytes | None, keep: bool) -> Tree:
        if self.closed:
            raise Unreachable("closed", sent=False)
        kept = self._idle()
        while kept is not None and _is_readable(kept.sock):
            kept.close()  # nothing is awaited, so the other side has closed it
            kept = self._idle()
        connection = kept or self._opened()
        try:
            answer, reusable = self._exchanged(connection, method, path, body)
        except Unreachable as error:
            if kept is None or not error.unanswered or self.closed:
                raise
            connection = self._opened()  # the other side closed it just when it was used again; asking twice is safe
            answer, reusable = self._exchanged(connection, method, path, body)
        with self.lock:
            keep = keep and reusable and not self.closed
            if keep:
                self.idle.append(connection)
        if not keep:
            connection.close()
        return _object(*answer)

    def _opened(self) -> http.client.HTTPConnection:
        connection = self._connect()
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise Unreachable(_reason(error), sent=False) from None
        return connection

    def _exchanged(self, connection: http.client.HTTPConnection, method: str, path: str,
                   body: bytes | None) -> tuple[tuple[int, Any, bytes], bool]:
        """Status, headers and content; and whether the connection, now open, can be used again. Raises Unreachable."""
        headers = self.headers | self._secret | ({"Content-Type": "application/json"} if body is not None else {})
        sock, until = connection.sock, time.monotonic() + self.seconds
        with self.lock:
            self.busy[sock] = until
        try:
            connection.request(method, self.path + path, body, headers)
            with connection.getresponse() as response:
                content = response.read(MOST + 1)
                if response.length and len(content) <= MOST:
                    raise http.client.IncompleteRead(content, response.length)
                return (response.status, response.headers, content), response.isclosed() and not response.will_close
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            late = time.monotonic() >= until
            raise Unreachable("timed out" if late else _reason(error), sent=True,
                              unanswered=isinstance(error, ConnectionError) and not late) from None
        finally:
            with self.lock:
                self.busy.pop(sock, None)


def _is_readable(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _object(status: int, header: Any, content: bytes) -> Tree:
    if len(content) > MOST:
        raise Garbage(f"an answer of more than {MOST} bytes")
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):  # a hundred thousand brackets
        tree = None
    if 300 <= status < 400:
        raise Refusal(status, f"it redirects to {header.get('Location', '?')[:200]}: name that address")
    if not 200 <= status < 300:
        raise Refusal(status, _message(tree) or content[:200].decode("utf-8", "replace"), _seconds(header))
    if not isinstance(tree, dict):
        raise Garbage(f"no JSON object but {content[:40]!r}")
    return tree


def _message(tree: object) -> str:
    """What an error says, in any of the usual shapes."""
    error = tree.get("error", tree) if isinstance(tree, dict) else tree
    if isinstance(error, dict):
        error = error.get("message", error.get("detail", ""))
    return str(error)[:200] if error else ""


def _seconds(header: Any) -> float | None:
    """Retry-After in seconds; None where there is none, or no sane one: a date, less than nothing, above a day."""
    try:
        seconds = float(header.get("Retry-After"))
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds <= LATEST else None


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
