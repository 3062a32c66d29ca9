"""What stands before every route of the server: the bearer token, the limit on bodies, one log line, the figures.

Lines say when, from where, what, the status and how long; never a text, a query or a header.
"""

import asyncio
import hmac
import sys
import time
import traceback
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cybersieve import openai_api, prometheus

GONE = 499  # noted where no answer is sent: the client went away
OPEN = ("/health",)  # asked by load balancers, which have no token


class Front:
    """ASGI middleware. `key` None: no token is asked for; `max_body` in bytes."""

    def __init__(self, app: ASGIApp, figures: prometheus.Requests, known: set[str], key: str | None,
                 max_body: int) -> None:
        self.app, self.figures, self.known, self.key, self.max_body = app, figures, known, key, max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), GONE

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.figures.open += 1
        try:
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, noted)
            else:
                await self.app(scope, self._limited(receive), noted)
        except asyncio.CancelledError:  # the server is told to stop, and this request's time is over
            if status != GONE:
                return  # the server closes the connection
            await JSONResponse(openai_api.error(503, "the server is stopping"), 503)(scope, receive, noted)
        except Exception as error:  # a fault of ours; its message may quote a text, so only the place is logged
            print(f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}", file=sys.stderr)
            if status != GONE:
                raise RuntimeError("an answer broke off") from None  # the server closes the connection
            await JSONResponse(openai_api.error(500, "an error in the server; its log says where"), 500)(
                scope, receive, noted)
        finally:
            self.figures.open -= 1
            seconds = time.perf_counter() - started
            self.figures.add(scope["path"] if scope["path"] in self.known else "other", status, seconds)
            print(_line(scope, status, seconds), file=sys.stderr, flush=True)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        """401 without the token, 413 for a body that says it is too long."""
        headers = Headers(scope=scope)
        if self.key is not None and scope["path"] not in OPEN:
            given = headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self.key.encode()):
                return JSONResponse(openai_api.error(401, "a bearer token is wanted: Authorization: Bearer …"), 401,
                                    {"WWW-Authenticate": "Bearer"})
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self.max_body:
            return JSONResponse(openai_api.error(413, self._too_long()), 413, {"Connection": "close"})
        return None

    def _limited(self, receive: Receive) -> Receive:
        """`receive` that counts: for bodies that don't say their length."""
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.max_body:
                raise HTTPException(413, self._too_long(), {"Connection": "close"})
            return message

        return limited

    def _too_long(self) -> str:
        return f"the body is longer than {self.max_body} bytes"


def _line(scope: Scope, status: int, seconds: float) -> str:
    client: Any = scope.get("client") or ("-",)
    path = scope.get("raw_path", b"").decode("ascii", "replace")[:80]  # still percent-encoded: no line breaks
    when = time.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{when} {client[0]} {scope['method']} {path} {status} {seconds:.3f}s"
