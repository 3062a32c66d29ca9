"""An endpoint that misbehaves on order: as our own server (`ours`) or as somebody's chat server, with faults.

A text's true margin is `margin_of(text)`; a fault is one of FAULTS, chosen for each POST by `fault(number, texts)`.
"""

import contextlib
import hashlib
import json
import math
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

FAULTS = ("500", "503", "hang", "drip", "cut", "half", "not HTTP", "not JSON", "too deep", "not an object",
          "wrong shape")
TOP = " Yes", "No", "Yes", " no", "The"  # likeliest first tokens, as a chat server lists them


def margin_of(text: str) -> float:
    """Between -4 and 4, of the text alone; rounded as JSON carries it."""
    return round(int(hashlib.sha256(text.encode()).hexdigest()[:6], 16) / 16**6 * 8 - 4, 3)


class Stub:
    """`with Stub() as stub: ask(stub.url)`; afterwards it knows what it was asked."""

    def __init__(self, ours: bool = True, fault: Callable[[int, list[str]], str | None] = lambda number, texts: None,
                 logprobs: str = "listed", model: str = "stub", fingerprint: str = "f", seconds: float = 0,
                 closes_after: int | None = None) -> None:
        self.ours, self.fault, self.logprobs, self.model, self.fingerprint = ours, fault, logprobs, model, fingerprint
        self.seconds, self.key, self.retry_after = seconds, None, "0.05"
        self.models: object = None  # answered to /models instead: a tree, or a fault
        self.closes_after = closes_after  # answers on one connection, then it is closed without a word
        self.looks: list[Any] = []  # for the first GETs: a fault, or a whole answer
        self.asked: list[list[str]] = []  # texts of every POST, those with a fault too
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.now = self.most_at_once = 0
        self.lock, self.ending = threading.Lock(), threading.Event()

    def __enter__(self) -> Self:
        stub = self

        class Handler(_Handler):
            of = stub

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    of: Stub
    protocol_version = "HTTP/1.1"
    answers = 0

    def do_GET(self) -> None:
        look = self.of.looks.pop(0) if self.of.looks else None
        if isinstance(look, str):
            self.misbehave(look)
            return
        if self.of.models is not None:
            if isinstance(self.of.models, str):
                self.misbehave(self.of.models)
            else:
                self.answer(200, self.of.models)
            return
        about = {"cybersieve": {"fingerprint": self.of.fingerprint, "calibration": {"platt": {"a": 1.0, "b": 0.0}},
                                "card": {"id": self.of.model}, "settings": {"max_tokens": 80}}}
        self.answer(200, look or {"data": [{"id": self.of.model} | (about if self.of.ours else {})]})

    def do_POST(self) -> None:
        stub = self.of
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = body.get("texts") or [body["messages"][-1]["content"].removeprefix("Text: ")]
        with stub.lock:
            number = len(stub.asked)
            stub.asked.append(texts)
            stub.bodies.append(body)
            stub.headers.append(dict(self.headers))
            stub.now += 1
            stub.most_at_once = max(stub.most_at_once, stub.now)
        time.sleep(stub.seconds)
        with stub.lock:
            stub.now -= 1
        if stub.key is not None and self.headers["Authorization"] != f"Bearer {stub.key}":
            self.answer(401, {"error": {"message": "wrong key"}})
        elif fault := stub.fault(number, texts):
            self.misbehave(fault)
        elif stub.ours:
            results = [{"margin": margin_of(text), "p_yes": None} for text in texts]
            self.answer(200, {"fingerprint": stub.fingerprint, "results": results})
        else:
            self.chat(body, margin_of(texts[0]))

    def chat(self, body: dict[str, Any], margin: float) -> None:
        """Log-probabilities are listed, refused, or left out; the mass of yes is spread over two spellings."""
        how = self.of.logprobs if body.get("logprobs") else "left out"
        if how == "refused":
            self.answer(400, {"error": "logprobs are not supported"})
            return
        yes, no = 0.9 / (1 + math.exp(-margin)), 0.9 / (1 + math.exp(margin))
        shares = dict(zip(TOP, (0.75 * yes, 0.5 * no, 0.25 * yes, 0.5 * no, 0.1), strict=True))
        listed = [{"token": token, "logprob": math.log(share)} for token, share in shares.items()]
        choice = {"index": 0, "message": {"role": "assistant", "content": "Yes." if margin > 0 else "**No**, because"},
                  "logprobs": {"content": [listed[0] | {"top_logprobs": listed}]} if how == "listed" else None}
        self.answer(200, {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 1}})

    def misbehave(self, fault: str) -> None:
        self.close_connection = True
        if fault == "hang":
            self.of.ending.wait(30)
        elif fault == "drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not self.of.ending.wait(0.02):
                self.wfile.write(b" ")
        elif fault == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"results\": [")
        elif fault == "not HTTP":
            self.wfile.write(b"\x15\x03\x01 what?\r\n\r\n")
        elif fault == "not JSON":
            self.answer(200, None, b"<html>one moment, please</html>")
        elif fault == "too deep":
            self.answer(200, None, b"[" * 200_000)
        elif fault in ("not an object", "wrong shape"):
            self.answer(200, [1] if fault == "not an object" else {"results": [], "choices": [{}], "fingerprint": "f"})
        elif fault == "in words":
            self.answer(200, {"choices": [{"message": {"content": "Perhaps."}}]})
        elif fault == "redirect":
            self.answer(307, {}, location="http://127.0.0.1:9/elsewhere")
        elif fault != "cut":
            self.answer(int(fault), {"error": {"message": f"fault {fault}"}}, retry_after=self.of.retry_after)

    def answer(self, status: int, tree: object, raw: bytes = b"", location: str = "", retry_after: str = "") -> None:
        content = raw or json.dumps(tree).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (("Location", location), ("Retry-After", retry_after)):
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.answers += 1
        self.close_connection |= self.answers == self.of.closes_after

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client has had enough
            super().handle()
