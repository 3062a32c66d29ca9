"""The labelling page's server: one process on 127.0.0.1, opened only by the token in its address.

    GET  /TOKEN/                the page: no outside assets, a policy that allows only its own style and script
    GET  /TOKEN/state           what to show; ?blind=0 with scores
    POST /TOKEN/answer          {"key": [file, id], "label": "1" | "0" | "u", "blind": true} -> state
    POST /TOKEN/skip            {"key": [file, id], "blind": true} -> state
    POST /TOKEN/undo            {"blind": true} -> state

A wrong token is a 404, a strange Host header (DNS rebinding) a 400, a body that is not as above a 400.
"""

import json
import secrets
import socket
import webbrowser
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from cybersieve.errors import CybersieveError, disk_says
from cybersieve.review import Session
from cybersieve.review_page import document

HOST = "127.0.0.1"
MAX_BODY = 100_000  # bytes
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
           "X-Frame-Options": "DENY"}


def app(session: Session, token: str, blind: bool, guideline: str) -> Starlette:
    """The application; all requests run on one thread, so the session needs no lock of its own."""
    page, policy = document(session.file.path.name, session.file.labeller, blind, guideline)

    def guarded(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            if not secrets.compare_digest(str(request.path_params["token"]).encode(), token.encode()):
                return Response(status_code=404)
            response = await handler(request)
            response.headers.update(HEADERS)
            return response
        return checked

    async def home(request: Request) -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    async def state(request: Request) -> Response:
        return JSONResponse(session.state(request.query_params.get("blind") != "0"))

    async def act(request: Request) -> Response:
        try:
            body = await _json(request)
            action = request.url.path.rpartition("/")[2]
            if action == "undo":
                note = session.undo()
            elif action == "skip":
                note = session.skip(_key(body))
            else:
                note = session.answer(_key(body), str(body.get("label")))
            return JSONResponse(session.state(body.get("blind") is not False, note))
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": f"not understood: {error}"}, 400)
        except (CybersieveError, OSError) as error:  # the label file can't be read or written: say so, keep serving
            return JSONResponse({"error": disk_says(error) if isinstance(error, OSError) else str(error)}, 500)

    routes = [Route("/{token}/", guarded(home)), Route("/{token}/state", guarded(state)),
              *(Route(f"/{{token}}/{name}", guarded(act), methods=["POST"]) for name in ("answer", "skip", "undo"))]
    return Starlette(routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])])


async def _json(request: Request) -> dict[str, Any]:
    """The request's JSON object. Raises ValueError where it is none or too large."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise ValueError("too large")
    found = json.loads(body or b"{}")
    if not isinstance(found, dict):
        raise ValueError("a JSON object is wanted")
    return found


def _key(body: dict[str, Any]) -> tuple[str, str]:
    file, name = body["key"]  # what is not two parts is a ValueError or a TypeError
    return str(file), str(name)


def serve(session: Session, port: int, blind: bool) -> None:
    """Serve until Ctrl-C. Raises CybersieveError where the port is taken."""
    try:  # before the address is told: a browser that is fast waits instead of being refused
        listener = socket.create_server((HOST, port), backlog=64)
    except OSError as error:
        raise CybersieveError(f"port {port}: {error.strerror} (name another with --port)") from None
    token = secrets.token_urlsafe(16)
    guideline = Path("labels/GUIDELINE.md")
    text = guideline.read_text(encoding="utf-8") if guideline.exists() else "No labels/GUIDELINE.md here."
    address = f"http://{HOST}:{listener.getsockname()[1]}/{token}/"
    print(f"Label {len(session.queue)} records into {session.file.path}: {address}\nCtrl-C ends it; nothing is lost.",
          flush=True)
    webbrowser.open(address)
    config = uvicorn.Config(app(session, token, blind, text), log_level="warning", access_log=False)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
    print(f"The answers are in {session.file.path}.")
