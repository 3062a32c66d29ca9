"""The server: how soon it is ready beside mlx_lm.server, what HTTP costs beside the engine, a minute of 64 clients.

    python bench/server.py [--only ready|throughput|clients] [--rounds 3] [--texts 400] [--seconds 60] [--output FILE]

ready       seconds from the start of the process to the first 200 of /health, and to the first token of a chat; both
            servers in turns, same model and adapter, from a warm disk. mlx_lm.server says it is healthy before it has
            loaded the model; ours afterwards.
throughput  texts a second, and CPU milliseconds a text where the model runs (on a machine with other work the fairer
            figure): mlx_engine in this process, /v1/classify asked as verify asks it, and by 64 clients with a text
            each; in turns, the median of the rounds.
clients     64 clients for a minute with 1 to 8 texts a request, each answer compared with the engine's (1e-3); the
            server's resident memory over that time.
Texts are random words, 10 to 120 of them. Ends with one JSON line. Not measured: other machines, TLS.
"""

import argparse
import dataclasses
import http.client
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cybersieve import cli, endpoint, model, params, records

ROOT = Path(__file__).resolve().parent.parent
WORDS = ["attack", "bread", "buffer", "city", "cloud", "exploit", "file", "garden", "key", "kernel", "letter",
         "malware", "network", "number", "overflow", "packet", "password", "river", "root", "server", "song", "table"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["ready", "throughput", "clients"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--model", help="another than verify.model, without adapter; a tiny one to load HTTP alone")
    parser.add_argument("--params", type=Path, default=ROOT / "params.yaml")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    settings = params.load(args.params).verify
    if args.model:
        settings = dataclasses.replace(settings, model=args.model, adapter=None)
    found = model.find(settings)
    result: dict[str, Any] = {}
    if args.only in (None, "ready"):
        result["ready"] = ready(found, args.rounds)
    if args.only in (None, "throughput", "clients"):
        texts = random_texts(args.texts)
        options = ["--model", args.model, "--adapter", "none"] if args.model else []
        with server(options) as (url, process), engine(settings, found) as inside:
            if args.only != "clients":
                result["throughput"] = throughput(inside, settings, url, process.pid, texts, args.rounds)
            if args.only != "throughput":
                result["clients"] = clients(inside, url, process.pid, texts, args.seconds)
    for part, figures in result.items():
        for name, value in figures.items():
            print(f"{part:11} {name:34} {value}")
    if args.output:
        records.save_json(args.output, result)
    print(json.dumps(result))


def random_texts(count: int) -> list[str]:
    draw = random.Random(1)
    return [f"{i}: " + " ".join(draw.choices(WORDS, k=draw.randint(10, 120))) for i in range(count)]


def ready(found: model.Found, rounds: int) -> dict[str, Any]:
    """Medians over the rounds, seconds."""
    times: dict[str, list[float]] = {"ours healthy": [], "ours answers": [], "mlx_lm healthy": [], "mlx_lm answers": []}
    adapter = ["--adapter-path", str(found.adapter)] if found.adapter else []
    same = ["--model", found.id, "--adapter", str(found.adapter or "none")]
    for _ in range(rounds):
        for name, command, model_id in (
                ("ours", [sys.executable, "-m", "cybersieve.server", *same], found.id),
                ("mlx_lm", [sys.executable, "-m", "mlx_lm", "server", "--model", str(found.folder), *adapter],
                 str(found.folder))):
            healthy, answers = _ready([*command, "--port", str(port := free_port())], port, model_id)
            times[f"{name} healthy"].append(healthy)
            times[f"{name} answers"].append(answers)
    return {name: round(statistics.median(values), 2) for name, values in times.items()}


def _ready(command: list[str], port: int, model_id: str) -> tuple[float, float]:
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while _status(port, "GET", "/health") != 200:
            if process.poll() is not None:
                raise SystemExit(f"{command} ended")
            time.sleep(0.01)
        healthy = time.perf_counter() - started
        body = {"model": model_id, "max_tokens": 1, "messages": [{"role": "user", "content": "Hello"}]}
        status = _status(port, "POST", "/v1/chat/completions", json.dumps(body))
        if status != 200:
            raise SystemExit(f"{command}: a chat was answered with {status}")
        return healthy, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def _status(port: int, method: str, path: str, body: str | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except OSError:
        return 0
    finally:
        connection.close()


@contextmanager
def server(options: list[str]) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Our server, ready; its log is read and dropped."""
    command = [sys.executable, "-m", "cybersieve.server", "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process:
        try:
            while not (found := re.search(r"ready on (\S+)", process.stderr.readline())):
                if process.poll() is not None:
                    raise SystemExit("the server did not start")
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield found.group(1), process
        finally:
            process.terminate()


@contextmanager
def engine(settings: params.Verify, found: model.Found) -> Iterator[Any]:
    from cybersieve import mlx_engine, prompt

    language_model, tokenizer = model.open_files(found)
    layout = found.layout(settings) or prompt.of_model(tokenizer, settings)
    with mlx_engine.Engine(language_model, tokenizer, layout, settings.batch_size) as result:
        yield result


def throughput(inside: Any, settings: params.Verify, url: str, pid: int, texts: list[str],
               rounds: int) -> dict[str, Any]:
    """Texts a second, their share of the engine's, and CPU milliseconds a text; medians."""
    outside = dataclasses.replace(settings, backend="openai", endpoints=[url])
    speeds, costs = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for _ in range(rounds):
        with endpoint.Endpoints(endpoint.Found(outside)) as asked, ThreadPoolExecutor(64) as pool:
            for name, run in (("engine in process", lambda: list(inside.margins(texts))),
                              ("classify as verify asks", lambda asked=asked: list(asked.margins(texts))),
                              ("classify one by one, 64", lambda pool=pool: list(pool.map(Client(url).one, texts)))):
                who = os.getpid() if name == "engine in process" else pid
                started, cpu = time.perf_counter(), cpu_seconds(who)
                run()
                speeds[name].append(len(texts) / (time.perf_counter() - started))
                costs[name].append(1000 * (cpu_seconds(who) - cpu) / len(texts))
    result: dict[str, Any] = {name: round(statistics.median(values), 1) for name, values in speeds.items()}
    for name in list(result)[1:]:
        shares = [one / other for one, other in zip(speeds[name], speeds["engine in process"], strict=True)]
        result[f"{name} / engine"] = round(statistics.median(shares), 2)
    return result | {f"{name}, CPU ms": round(statistics.median(values), 1) for name, values in costs.items()}


class Client:
    """Asks over a connection of its thread's own."""

    def __init__(self, url: str) -> None:
        self.host, self.here = url.removeprefix("http://"), threading.local()

    def ask(self, texts: list[str]) -> tuple[int, list[float | None]]:
        if not hasattr(self.here, "connection"):
            self.here.connection = http.client.HTTPConnection(self.host, timeout=300)
        self.here.connection.request("POST", "/v1/classify", json.dumps({"texts": texts}))
        answer = self.here.connection.getresponse()
        content = answer.read()
        results = json.loads(content)["results"] if answer.status == 200 else []
        return answer.status, [result["margin"] for result in results]

    def one(self, text: str) -> None:
        if self.ask([text])[0] != 200:
            raise SystemExit("a text was not answered")


def clients(inside: Any, url: str, pid: int, texts: list[str], seconds: float) -> dict[str, Any]:
    """64 of them; what they got, and the server's memory in MB."""
    expected = dict(pair for batch in inside.margins(texts) for pair in batch)
    client, ends, wrong = Client(url), time.monotonic() + seconds, Counter[str]()

    def busy(number: int) -> tuple[Counter[int], list[float]]:
        draw, statuses, waits = random.Random(number), Counter[int](), list[float]()
        while time.monotonic() < ends:
            chosen = draw.sample(range(len(texts)), draw.randint(1, 8))
            started = time.monotonic()
            status, margins = client.ask([texts[i] for i in chosen])
            waits.append(time.monotonic() - started)
            statuses[status] += 1
            if status == 200:
                wrong["lost"] += len(margins) != len(chosen)
                wrong["mixed"] += any(m is None or abs(m - expected[i]) > 1e-3
                                      for i, m in zip(chosen, margins, strict=False))
        return statuses, waits

    memory = [resident_mb(pid)]
    with ThreadPoolExecutor(64) as pool:
        running = [pool.submit(busy, number) for number in range(64)]
        while time.monotonic() < ends:
            time.sleep(1)
            memory.append(resident_mb(pid))
        answers = [future.result() for future in running]
    statuses = sum((found for found, _ in answers), Counter[int]())
    waits = sorted(wait for _, found in answers for wait in found)
    third = len(memory) // 3
    return {"requests": statuses.total(), **{f"status {status}": n for status, n in sorted(statuses.items())},
            "answers lost": wrong["lost"], "answers mixed": wrong["mixed"],
            "seconds waited, median": round(statistics.median(waits), 2),
            "seconds waited, longest": round(waits[-1], 2),
            "MB before": memory[0], "MB after a third": memory[third], "MB after two": memory[2 * third],
            "MB at the end": memory[-1]}


def cpu_seconds(pid: int) -> float:
    """Of a process and its threads so far (Linux; elsewhere 0)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Linux; elsewhere 0."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


if __name__ == "__main__":
    cli.run(main)
