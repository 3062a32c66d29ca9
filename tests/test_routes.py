"""The server's routes, limits, log and figures, before a worker with an engine that only looks like one."""

import ctypes
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from cybersieve import routes
from cybersieve.jobs import Loaded
from cybersieve.worker import Worker
from tests.fake_engine import FakeEngine, call, margin_of, serving
from tests.test_worker import wait_until


@pytest.fixture(scope="module")
def strict() -> Iterator[str]:
    """A server with narrow limits."""
    with serving(Worker(lambda: Loaded(FakeEngine())), limits=routes.Limits(5, 2000, 100)) as url:
        yield url


def test_classify_gives_probabilities_and_margins() -> None:
    with serving(Worker(lambda: Loaded(FakeEngine()))) as url:
        status, tree, _ = call(f"{url}/v1/classify", {"texts": ["one", "a"], "model": "fake"})
    assert status == 200 and tree["model"] == "fake" and tree["fingerprint"] == "f"
    assert [result["margin"] for result in tree["results"]] == [margin_of("one"), margin_of("a")]
    assert 0.5 < tree["results"][1]["p_yes"] < tree["results"][0]["p_yes"] <= 1


def test_the_model_is_not_asked_about_a_text_that_says_nothing() -> None:
    engine, silent = FakeEngine(), {"p_yes": None, "margin": None}
    with serving(Worker(lambda: Loaded(engine))) as url:
        for texts in (["", "one", " \n\t", "two"], ["", "\u00a0"]):
            status, tree, _ = call(f"{url}/v1/classify", {"texts": texts})
            assert status == 200 and len(tree["results"]) == len(texts)
            assert [result == silent for result in tree["results"]] == [not text.strip() for text in texts]
            assert [result["margin"] for result in tree["results"] if result != silent] == [
                margin_of(text) for text in texts if text.strip()]
    assert engine.batches == [["one", "two"]]


def test_a_text_that_got_no_answer_is_null() -> None:
    engine = FakeEngine()
    engine.answer = lambda texts: [None for _ in texts]  # type: ignore[method-assign]
    with serving(Worker(lambda: Loaded(engine))) as url:
        assert call(f"{url}/v1/classify", {"texts": ["x"]})[1]["results"] == [{"p_yes": None, "margin": None}]


@pytest.mark.parametrize(("path", "body", "status", "words"), [
    ("/v1/classify", b"{", 400, "not JSON"),
    ("/v1/classify", b"[1]", 400, "not a JSON object"),
    ("/v1/classify", b'{"texts": ["\\ud800"]}', 400, "not JSON"),
    ("/v1/classify", b"\xff", 400, "not JSON"),
    ("/v1/classify", b"{}", 400, "texts: a list of strings"),
    ("/v1/classify", b'{"texts": []}', 400, "at least one"),
    ("/v1/classify", b'{"texts": ["a", 1]}', 400, "texts: a list of strings"),
    ("/v1/classify", b'{"texts": ["a"], "model": "gpt"}', 404, "no such model"),
    ("/v1/classify", b'{"texts": ["a", "a", "a", "a", "a", "a"]}', 400, "at most 5"),
    ("/v1/classify", b'{"texts": ["%s"]}' % (b"a" * 3000), 413, "longer than 2000 bytes"),
    ("/v1/chat/completions", b"{}", 400, "messages"),
    ("/v1/chat/completions", b'{"messages": [{"role": "robot", "content": ""}]}', 400, "messages[0].role"),
    ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}', 400, "content"),
    ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": ""}], "n": 2}', 400, "n: not done"),
    ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": ""}], "tools": [{}]}', 400, "tools"),
    ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": ""}], "max_tokens": 0}', 400, "from 1 to"),
    ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": ""}], "temperature": "hot"}', 400, "number"),
    ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": ""}], "stream": 1}', 400, "true or false"),
    ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": ""}], "stream_options": 1}', 400, "object"),
    ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": ""}], "top_logprobs": 21}', 400, "to 20"),
    ("/v1/completions", b'{"prompt": ["a", "b"]}', 400, "prompt: one text"),
    ("/v1/completions", b'{"prompt": "a", "stop": [""]}', 400, "stop"),
    ("/v1/completions", b'{"prompt": "a", "echo": true}', 400, "echo"),
    ("/v1/embeddings", b"{}", 404, "Not Found"),
    ("/v1/models", b"{}", 405, "Method Not Allowed"),
])
def test_what_is_wrong_is_said_as_json(strict: str, path: str, body: bytes, status: int, words: str) -> None:
    found, tree, _ = call(strict + path, raw=body)
    assert found == status and words in tree["error"]["message"] and tree["error"]["code"] == status
    assert call(f"{strict}/v1/classify", {"texts": ["a"]})[0] == 200, "and the server goes on"


@pytest.mark.parametrize("turns", [["a" * 200_000], [""] * 5_000, None])
def test_a_prompt_that_cannot_fit_does_not_reach_the_worker(turns: list[str] | None) -> None:
    """Its tokens alone would take the worker seconds, in which everybody else waits."""
    worker = Worker(lambda: Loaded(FakeEngine()))  # without a tokenizer: to ask it would be a 503
    with serving(worker) as url:
        chat = {"messages": [{"role": "user", "content": turn} for turn in turns or []]}
        status, tree, _ = call(f"{url}/v1/chat/completions", chat) if turns else call(
            f"{url}/v1/completions", {"prompt": "a" * 200_000})
    assert status == 400 and "far longer than the 4096 tokens" in tree["error"]["message"]


def test_a_body_that_does_not_say_its_length_is_limited_too() -> None:
    """Only as much is sent as passes the limit: the server closes, and what more were sent could lose its answer."""
    with serving(Worker(lambda: Loaded(FakeEngine())), limits=routes.Limits(max_body=2000)) as url, \
            socket.create_connection(urlsplit(url).netloc.split(":"), timeout=5) as client:
        client.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.sendall(5 * (b"1f4\r\n" + b"x" * 500 + b"\r\n"))
        assert client.recv(1000).startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "BODY_SECONDS", 0.1)
    with serving(Worker(lambda: Loaded(FakeEngine()))) as url, \
            socket.create_connection(urlsplit(url).netloc.split(":"), timeout=5) as client:
        client.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert client.recv(1000).startswith(b"HTTP/1.1 408")


def test_all_but_health_want_the_token() -> None:
    with serving(Worker(lambda: Loaded(FakeEngine())), key="sesame") as url:
        wait_until(lambda: call(f"{url}/health")[0] == 200)
        for path in ("/v1/models", "/metrics", "/nowhere"):
            assert call(url + path)[0] == 401
        for given in ("Bearer", "Bearer sesam", "sesame2", "Basic sesame", "Bearer s\u00e9same"):
            status, tree, headers = call(f"{url}/v1/classify", {"texts": ["a"]}, authorization=given)
            assert status == 401 and headers["WWW-Authenticate"] == "Bearer" and "sesam" not in str(tree)
        assert call(f"{url}/v1/classify", {"texts": ["a"]}, authorization="Bearer sesame")[0] == 200


def test_a_full_queue_says_when_to_come_back() -> None:
    worker = Worker(lambda: Loaded(FakeEngine(0.2)), queue=20)
    with serving(worker) as url, ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: call(f"{url}/v1/classify", {"texts": ["text"] * 8}), range(10)))
    statuses = [status for status, _, _ in answers]
    assert set(statuses) == {200, 429} and statuses.count(200) >= 2
    full = next(answer for answer in answers if answer[0] == 429)
    assert int(full[2]["Retry-After"]) >= 1 and "queue is full" in full[1]["error"]["message"]


def test_a_client_that_goes_away_frees_its_place() -> None:
    worker = Worker(lambda: Loaded(FakeEngine(0.1)))
    with serving(worker) as url:
        host, port = urlsplit(url).netloc.split(":")
        with socket.create_connection((host, int(port))) as client:
            body = b'{"texts": [%s]}' % b",".join([b'"text"'] * 400)
            client.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            wait_until(lambda: worker.waiting() > 300)
        wait_until(lambda: worker.waiting() == 0 and not worker.live, 2)
        assert worker.classified < 100


def test_a_killed_worker_under_load(capfd: pytest.CaptureFixture) -> None:
    """/health is 503 within 5 s; all who wait get an error, and all who come."""
    worker = Worker(lambda: Loaded(FakeEngine(0.02)))
    with serving(worker) as url, ThreadPoolExecutor(64) as pool:
        wait_until(lambda: call(f"{url}/health")[0] == 200)
        waiting = [pool.submit(call, f"{url}/v1/classify", {"texts": ["text"] * 20}) for _ in range(64)]
        wait_until(lambda: worker.classified > 20)
        killed = time.monotonic()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(worker.thread.ident or 0), ctypes.py_object(SystemExit))
        wait_until(lambda: call(f"{url}/health")[:2] == (503, {"status": "dead"}), 5)
        statuses = [future.result(10)[0] for future in waiting]
        assert time.monotonic() - killed < 5
        assert statuses.count(503) > 30 and set(statuses) <= {200, 503}
        assert call(f"{url}/v1/classify", {"texts": ["text"]})[0] == 503
        assert 'cybersieve_worker_up 0' in call(f"{url}/metrics")[1]
    capfd.readouterr()


def test_a_worker_that_hangs_under_load() -> None:
    hanging = threading.Event()
    worker = Worker(lambda: Loaded(FakeEngine(fault=lambda texts: None if hanging.wait(20) else None)), stuck_after=0.3)
    with serving(worker) as url, ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(call, f"{url}/v1/classify", {"texts": ["text"]}) for _ in range(8)]
        assert [future.result(5)[0] for future in waiting] == [503] * 8
        assert call(f"{url}/health")[:2] == (503, {"status": "stuck"})
        hanging.set()
        wait_until(lambda: call(f"{url}/health")[0] == 200)


def test_who_still_waits_when_the_server_has_to_stop_is_told(capfd: pytest.CaptureFixture) -> None:
    going_on = threading.Event()
    worker = Worker(lambda: Loaded(FakeEngine(fault=lambda texts: None if going_on.wait(3) else None)))
    with ThreadPoolExecutor(1) as pool:
        with serving(worker) as url:
            waiting = pool.submit(call, f"{url}/v1/classify", {"texts": ["text"]})
            wait_until(lambda: bool(worker.under_way))
        status, tree, _ = waiting.result(10)
    assert (status, tree["error"]["message"]) == (503, "the server is stopping")
    assert "Traceback" not in capfd.readouterr().err


def test_one_line_a_request_without_texts(capfd: pytest.CaptureFixture) -> None:
    with serving(Worker(lambda: Loaded(FakeEngine())), key="sesame") as url:
        call(f"{url}/v1/classify?q=hidden", {"texts": ["confidential text"]}, authorization="Bearer sesame")
        call(f"{url}/v1/classify", raw=b'{"texts": "confidential', authorization="Bearer sesame")
        call(f"{url}/evil%0aline", authorization="Bearer sesame")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    for line, words in zip(lines, ("POST /v1/classify 200", "POST /v1/classify 400", "GET /evil%0aline 404"),
                           strict=True):
        assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d 127.0.0.1 {words} \d+\.\d{{3}}s", line)


def test_a_fault_of_ours_is_logged_without_texts(capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("".join(["confid", "ential text"]))

    monkeypatch.setattr(routes.verify, "by_llm", broken)
    with serving(Worker(lambda: Loaded(FakeEngine()))) as url:
        status, tree, _ = call(f"{url}/v1/classify", {"texts": ["confidential text"]})
    shown = capfd.readouterr().err
    assert status == 500 and "confidential" not in str(tree) + shown and "KeyError" in shown and "routes.py" in shown


def test_metrics_are_what_prometheus_reads() -> None:
    with serving(Worker(lambda: Loaded(FakeEngine()))) as url:
        for _ in range(3):
            call(f"{url}/v1/classify", {"texts": ["a", "b"]})
        call(f"{url}/any/thing")
        _, text, headers = call(f"{url}/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            name, value = line.rsplit(" ", 1)
            assert re.fullmatch(r'[a-z_]+(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})?', name) and name not in samples
            samples[name] = float(value)
    assert samples['cybersieve_requests_total{path="/v1/classify",status="200"}'] == 3
    assert samples['cybersieve_requests_total{path="other",status="404"}'] == 1
    assert samples['cybersieve_request_seconds_bucket{path="/v1/classify",le="+Inf"}'] == 3
    assert samples["cybersieve_texts_classified_total"] == 6 and samples["cybersieve_worker_up"] == 1
    types = re.findall(r"# TYPE (\w+) (\w+)", text)
    assert len(dict(types)) == len(types)
    assert all(any(name.startswith(family) for name in samples) for family, _ in types)


def test_64_clients_get_their_own_answers() -> None:
    """Some seconds of it; bench/server.py runs a minute with the real model."""
    worker = Worker(lambda: Loaded(FakeEngine(0.001)), queue=300)
    ends = time.monotonic() + 4

    def client(number: int) -> list[int]:
        statuses, connection = [], http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        while time.monotonic() < ends:
            texts = [f"client {number} request {len(statuses)} text {i}" for i in range(number % 12 + 1)]
            connection.request("POST", "/v1/classify", json.dumps({"texts": texts}))
            answer = connection.getresponse()
            content = answer.read()
            statuses.append(answer.status)
            if answer.status == 200:
                tree = json.loads(content)
                assert [result["margin"] for result in tree["results"]] == [margin_of(text) for text in texts]
        connection.close()
        return statuses

    with serving(worker) as url, ThreadPoolExecutor(64) as pool:
        found = [status for statuses in pool.map(client, range(64)) for status in statuses]
    assert set(found) <= {200, 429} and found.count(200) > 64 and not worker.live
