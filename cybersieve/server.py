"""The verifier over HTTP: one process, one loaded model, requests of many clients in shared batches.

    ./start-simple-server.sh --model smollm2-135m-instruct --port 8080
    python -m cybersieve serve --model smollm2-135m-instruct --port 8080

Model, adapter, prompt and token budget are those of `verify` in params.yaml unless an option says otherwise. With
CYBERSIEVE_API_KEY set, all routes but /health want it as bearer token. /health is 503 until the model is loaded, and
once it can't answer any more. SIGTERM and Ctrl-C end the server when the answers under way are given. Not covered:
TLS, several models, calls from browsers' pages (put a reverse proxy in front).
"""

import argparse
import dataclasses
import math
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from cybersieve import cli, machine, model, params, prompt
from cybersieve.errors import ModelError, ParamsError, disk_says
from cybersieve.http_json import KEY, key
from cybersieve.jobs import Loaded
from cybersieve.worker import Worker

GRACE = 5  # seconds for answers under way when the server is told to stop


def arguments(given: list[str]) -> argparse.Namespace:
    parser = cli.command("serve", __doc__)
    parser.add_argument("--model", help="a model as in verify.model (default: verify.model)")
    parser.add_argument("--adapter", help="as in verify.adapter; none: without one (default: verify.adapter)")
    parser.add_argument("--batch-size", type=int, metavar="N", help="texts in a forward pass (verify.batch_size)")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS",
                        help="default: %(default)s, for this machine only")
    parser.add_argument("--port", type=int, default=8080, metavar="N", help="default: %(default)s; 0: any free one")
    parser.add_argument("--params", type=Path, metavar="FILE", help="settings (default: params.yaml, here or beside "
                                                                    "start-simple-server.sh)")
    parser.add_argument("--queue", type=int, default=4096, metavar="N",
                        help="texts that may wait; beyond it the answer is 429 (default: %(default)s)")
    parser.add_argument("--max-texts", type=int, default=1024, metavar="N",
                        help="texts in one request (default: %(default)s)")
    parser.add_argument("--max-body-mb", type=float, default=8, metavar="MB", help="default: %(default)s")
    parser.add_argument("--context", type=int, default=4096, metavar="TOKENS",
                        help="prompt and answer of a generation at most (default: %(default)s)")
    parser.add_argument("--stuck-after", type=float, default=60, metavar="SECONDS",
                        help="without progress, though there is work: /health is 503 (default: %(default)s)")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> None:
    """Serve until a signal comes. Raises ModelError and ParamsError for what prevents it from starting."""
    started = time.perf_counter()
    args = arguments(sys.argv[1:] if given is None else given)
    settings = _settings(args)
    try:
        import uvicorn

        from cybersieve import routes
    except ImportError as error:
        raise ModelError(f"the server wants {error.name}: pip install -r requirements_server.txt") from None

    with _bound(args.host, args.port) as listening:
        found = model.find(settings)
        address = _address(args.host, listening.getsockname()[1])

        def load() -> Loaded:
            try:
                return _load(found, settings)
            except BaseException:
                server.should_exit = True
                raise

        def ready() -> None:
            adapter = f", adapter {found.adapter.name}" if found.adapter else ""
            _say(f"ready on {address} after {time.perf_counter() - started:.1f} s: {found.id}{adapter}")

        worker = Worker(load, args.queue, stuck_after=args.stuck_after, ready=ready)
        limits = routes.Limits(args.max_texts, int(args.max_body_mb * 1e6), args.context)
        api = routes.Api(worker, routes.Served.of(found, settings), limits)
        server = uvicorn.Server(uvicorn.Config(
            api.app(key()), log_level="warning", access_log=False, lifespan="on", loop="asyncio",
            http="h11", ws="none", timeout_graceful_shutdown=GRACE, server_header=False))
        told: list[int] = []

        def stop(number: int, _: object) -> None:
            """While it runs uvicorn handles signals itself, and afterwards sends them on to here."""
            told.append(number)
            server.should_exit = True

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        server.run(sockets=[listening])
    _end(worker, interrupted=signal.SIGINT in told)


def _settings(args: argparse.Namespace) -> params.Verify:
    """`verify` of the settings file, as the options change it."""
    here, project = Path("params.yaml"), Path(__file__).resolve().parent.parent / "params.yaml"
    settings = params.load(args.params or (here if here.exists() else project)).verify
    changes: dict[str, Any] = {}
    if args.model is not None and args.model != settings.model:
        changes = {"model": args.model, "revision": None}
    if args.adapter is not None:
        changes["adapter"] = None if args.adapter == "none" else args.adapter
    if args.batch_size is not None:
        changes["batch_size"] = args.batch_size
    for name in ("batch_size", "queue", "max_texts", "max_body_mb", "context", "stuck_after"):
        value = getattr(args, name)
        if value is not None and not 0 < value < math.inf:
            raise ParamsError(f"--{name.replace('_', '-')}: {value} is no number above 0")
    if not key() and args.host not in ("127.0.0.1", "::1", "localhost"):
        cli.warn(f"anybody who reaches {args.host} may ask: set {KEY} to want a token")
    return dataclasses.replace(settings, **changes)


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        said = disk_says(error) if isinstance(error, OSError) else error
        raise ParamsError(f"--host {host} --port {port}: {said} (name another one of the two)") from None


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _load(found: model.Found, settings: params.Verify) -> Loaded:
    """Model, tokenizer and engine, in the worker's thread."""
    language_model, tokenizer = model.open_files(found)
    from cybersieve import mlx_engine

    layout = found.layout(settings) or prompt.of_model(tokenizer, settings)
    engine = mlx_engine.Engine(language_model, tokenizer, layout, settings.batch_size)
    return Loaded(engine, machine.cores() if engine.on_cpu else 2, model=language_model, tokenizer=tokenizer)


def _end(worker: Worker, interrupted: bool) -> None:
    """Exit code 1 where the model could not be loaded, or its worker hangs, which is not waited for; Ctrl-C: 130.

    The process leaves without the interpreter's own end, in which threads of mlx now and then abort it.
    """
    if worker.thread.is_alive() and not interrupted:
        _say("the model's worker does not end; leaving it")
        os._exit(1)
    if worker.loaded is None and isinstance(worker.error, ModelError):
        raise worker.error
    if worker.loaded is None and worker.error is not None:
        raise ModelError(f"the model can't be loaded: {worker.error!r}")
    _say("stopped")
    os._exit(130 if interrupted else 0)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    cli.run(main)
