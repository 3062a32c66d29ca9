"""The server's routes: what is asked over HTTP becomes a job of the worker, and its results become an answer.

GET /health, /metrics, /v1/models; POST /v1/classify (texts in, p_yes out), /v1/chat/completions, /v1/completions.
Refused: 400 what can't be served, 404 another model, 408 a body that does not come, 413 one that is too long, 429 a
full queue; 503 where the worker is dead or stuck. A client that goes away frees its place in the queue.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import compress
from typing import Any, TypeVar

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from cybersieve import measure, model, openai_api, params, prometheus, verify
from cybersieve.front import Front
from cybersieve.jobs import Classify, Full, Generate, Job, Loaded, Margin, Refused, Unavailable
from cybersieve.openai_api import Piece, Reply
from cybersieve.prompt import CHARS_PER_TOKEN
from cybersieve.worker import Worker

T = TypeVar("T")
BODY_SECONDS = 30  # for a client to send its body


@dataclass(frozen=True)
class Limits:
    """What one client may ask for."""

    max_texts: int = 1024  # in one classify request
    max_body: int = 8_000_000  # bytes
    context: int = 4096  # tokens of prompt and answer


@dataclass(frozen=True)
class Served:
    """What /v1/models says of the model; clients of ours take over `about` (endpoint.py)."""

    id: str
    created: int
    about: dict[str, Any]  # fingerprint, card, calibration, and which settings it asks with

    @classmethod
    def of(cls, found: model.Found, settings: params.Verify) -> "Served":
        asked = {name: getattr(settings, name) for name in ("prompt", "examples", "max_tokens")}
        about = {"fingerprint": found.fingerprint(settings), "card": found.card(),
                 "calibration": found.calibration(), "settings": asked}
        return cls(found.id, int((found.folder / "config.json").stat().st_mtime), about)

    def entry(self) -> dict[str, Any]:
        return {"id": self.id, "object": "model", "created": self.created, "owned_by": "cybersieve",
                "cybersieve": self.about}


class Api:
    """The routes. One worker answers; what happens to the client happens here."""

    def __init__(self, worker: Worker, served: Served, limits: Limits) -> None:
        self.worker, self.served, self.limits = worker, served, limits
        self.figures = prometheus.Requests()

    def app(self, key: str | None) -> Starlette:
        """The ASGI application; it starts the worker, and ends it."""
        routes = [Route("/health", self.health), Route("/metrics", self.metrics), Route("/v1/models", self.models),
                  Route("/v1/models/{id:path}", self.one_model),
                  Route("/v1/classify", self.classify, methods=["POST"]),
                  Route("/v1/chat/completions", self.chat, methods=["POST"]),
                  Route("/v1/completions", self.complete, methods=["POST"])]
        front = Middleware(Front, figures=self.figures, known={route.path for route in routes}, key=key,
                           max_body=self.limits.max_body)
        handlers: Any = {HTTPException: lambda _, error: _error(error.status_code, error.detail, error.headers),
                         Refused: lambda _, error: _error(400, str(error)),
                         Unavailable: lambda _, error: _error(503, str(error)),
                         Full: lambda _, error: _error(429, str(error), {"Retry-After": str(error.seconds)}),
                         ClientDisconnect: lambda *_: Response(status_code=499)}
        return Starlette(routes=routes, middleware=[front], exception_handlers=handlers, lifespan=self._lifespan)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async def watch() -> None:
            while True:
                self.worker.check()
                await asyncio.sleep(0.5)

        self.worker.start()
        watcher = asyncio.create_task(watch())
        yield
        watcher.cancel()
        await asyncio.to_thread(self.worker.stop)

    async def health(self, _: Request) -> Response:
        state = self.worker.check()
        return _json({"status": state}, 200 if state == "ok" else 503)

    async def metrics(self, _: Request) -> Response:
        worker = self.worker
        lines = [*self.figures.lines(),
                 *prometheus.counter("cybersieve_texts_classified_total", "Texts classified.", worker.classified),
                 *prometheus.counter("cybersieve_tokens_generated_total", "Tokens generated.", worker.generated),
                 *prometheus.gauge("cybersieve_texts_waiting", "Texts that are not under way yet.", worker.waiting()),
                 *prometheus.gauge("cybersieve_worker_up", "1 while the worker can answer.", worker.state() == "ok"),
                 *prometheus.gauge("process_peak_memory_bytes", "Peak resident memory.",
                                   int(measure.peak_memory_mb() * measure.MB))]
        return Response("\n".join(lines) + "\n", media_type=prometheus.TYPE)

    async def models(self, _: Request) -> Response:
        return _json({"object": "list", "data": [self.served.entry()]})

    async def one_model(self, request: Request) -> Response:
        self._check_model(request.path_params["id"])
        return _json(self.served.entry())

    async def classify(self, request: Request) -> Response:
        body = await self._body(request)
        texts = openai_api.texts(body, self.limits.max_texts)
        said = [bool(text.strip()) for text in texts]  # of what says nothing nobody is asked (judge.py)
        answers: Iterator[Margin] = iter(())
        if any(said):
            with self._submitted(lambda deliver: Classify(deliver, list(compress(texts, said)))) as answer:
                answers = iter(await _unless_gone(request, answer()))
        margins = [next(answers) if asked else None for asked in said]
        decisions = [verify.by_llm(margin, None, self.served.about["calibration"]) for margin in margins]
        results = [{"p_yes": decision.p_yes, "margin": margin}
                   for decision, margin in zip(decisions, margins, strict=True)]
        return _json({"model": self.served.id, "fingerprint": self.served.about["fingerprint"], "results": results})

    async def chat(self, request: Request) -> Response:
        body = await self._body(request)
        messages = openai_api.messages(body)
        return await self._generate(request, body, messages, openai_api.mapping(body, "chat_template_kwargs"))

    async def complete(self, request: Request) -> Response:
        body = await self._body(request)
        return await self._generate(request, body, openai_api.prompt(body), None)

    async def _generate(self, request: Request, body: dict[str, Any], prompt: Any,
                        template: dict[str, Any] | None) -> Response:
        """The answer to a chat (`template` is for its chat template) or, with None, to a raw prompt."""
        is_chat = template is not None
        options = openai_api.options(body, self.limits.context, is_chat)
        streams = openai_api.flag(body, "stream")
        usage = openai_api.flag(openai_api.mapping(body, "stream_options"), "include_usage")
        reply = Reply(self.served.id, is_chat, usage)
        turns = [turn["content"] for turn in prompt] if is_chat else [prompt]
        if sum(CHARS_PER_TOKEN + len(turn) for turn in turns) > CHARS_PER_TOKEN * self.limits.context:
            raise Refused(f"the prompt is far longer than the {self.limits.context} tokens that are taken")  # unread

        def begin(loaded: Loaded, progress: Callable[[], None]) -> Any:
            from cybersieve import generate

            tokens = (generate.chat_tokens(loaded.tokenizer, prompt, template) if template is not None
                      else list(loaded.tokenizer.encode(prompt)))
            if len(tokens) + options.max_tokens > self.limits.context:
                raise Refused(f"{len(tokens)} tokens of prompt and max_tokens {options.max_tokens} are more than the "
                              f"{self.limits.context} that are taken")
            return generate.pieces(loaded.model, loaded.tokenizer, tokens, options, progress)

        with contextlib.ExitStack() as stack:
            answer = stack.enter_context(self._submitted(lambda deliver: Generate(deliver, begin)))
            pieces: list[Piece] = [await _unless_gone(request, answer())]  # an error now still has a status
            if streams:
                return Events(_events(reply, pieces[0], answer), stack.pop_all())
            while not pieces[-1].finish:
                pieces.append(await _unless_gone(request, answer()))
        return _json(reply.whole(pieces))

    @contextlib.contextmanager
    def _submitted(self, make: Callable[[Callable[[Any], None]], Job]) -> Any:
        """A job in the worker's queue; yields a function that waits for its next result. Leaving the block ends it."""
        loop, results = asyncio.get_running_loop(), asyncio.Queue[Any]()

        def deliver(result: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended
                loop.call_soon_threadsafe(results.put_nowait, result)

        async def answer() -> Any:
            result = await results.get()
            if isinstance(result, Exception):
                raise result
            return result

        job = make(deliver)
        self.worker.submit(job)
        try:
            yield answer
        finally:
            self.worker.cancel(job)

    async def _body(self, request: Request) -> dict[str, Any]:
        """The request's JSON object. Raises HTTPException (400, 404, 408)."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                tree = orjson.loads(await request.body())
        except orjson.JSONDecodeError as error:
            raise HTTPException(400, f"the body is not JSON: {error}") from None
        except TimeoutError:
            raise HTTPException(408, f"the body did not come within {BODY_SECONDS} s",
                                {"Connection": "close"}) from None
        if not isinstance(tree, dict):
            raise HTTPException(400, "the body is not a JSON object")
        self._check_model(tree.get("model", self.served.id))
        return tree

    def _check_model(self, name: object) -> None:
        if name != self.served.id:
            raise HTTPException(404, f"no such model here; there is {self.served.id}")


class Events(StreamingResponse):
    """Server-sent events; however it ends, `stack` is closed."""

    def __init__(self, events: AsyncIterator[bytes], stack: contextlib.ExitStack) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        self.stack = stack

    async def __call__(self, *arguments: Any) -> None:
        with self.stack:
            await super().__call__(*arguments)


async def _events(reply: Reply, first: Piece, answer: Callable[[], Awaitable[Any]]) -> AsyncIterator[bytes]:
    """A generation's chunks. An error after the first is an event, and no [DONE] follows."""
    piece, is_first = first, True
    try:
        while True:
            if piece.text or piece.logprob or piece.finish or is_first:
                yield _event(reply.chunk(piece, is_first))
            is_first = False
            if piece.finish:
                break
            piece = await answer()
        last = reply.last(piece)
        if last is not None:
            yield _event(last)
        yield b"data: [DONE]\n\n"
    except Unavailable as error:
        yield _event(openai_api.error(503, str(error)))


async def _unless_gone(request: Request, answer: Awaitable[T]) -> T:
    """The answer. Raises ClientDisconnect as soon as the client has gone away."""
    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    waiting, leaving = asyncio.ensure_future(answer), asyncio.ensure_future(gone())
    try:
        await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise ClientDisconnect
        return waiting.result()
    finally:
        waiting.cancel()
        leaving.cancel()


def _event(tree: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(tree) + b"\n\n"


def _json(tree: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(tree), status, headers, "application/json")


def _error(status: int, message: str, headers: Any = None) -> Response:
    return _json(openai_api.error(status, message), status, headers)
