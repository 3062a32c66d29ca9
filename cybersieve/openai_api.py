"""The shapes of OpenAI's HTTP interface: request bodies to checked options, answers to response bodies. No I/O here.

Covered: text chats and prompts, streams, stop words, seeds, log-probabilities. Refused rather than ignored: several
choices, tools, JSON schemas, images. Fields that change nothing here (`user`, penalties of 0, …) are passed over.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cybersieve.jobs import Refused

Body = Mapping[str, Any]
MOST_LOGPROBS = 20


@dataclass(frozen=True)
class Options:
    """How a text is generated."""

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    top_logprobs: int | None = None  # alternatives a token; None: no log-probabilities at all


@dataclass(frozen=True)
class Logprob:
    """A token as text with its log-probability, and the likeliest tokens in its place."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Piece:
    """One token's share of an answer. `text` may be empty: characters of several tokens, or a stop word's beginning."""

    text: str
    logprob: Logprob | None = None
    finish: str | None = None  # stop | length, on the last piece
    prompt_tokens: int = 0
    tokens: int = 0  # generated so far


def number(body: Body, name: str, kind: type[int] | type[float], least: float, most: float, default: Any) -> Any:
    """A number of the request, `default` where it is absent or null. Raises Refused."""
    value: Any = body.get(name)
    if value is None:
        return default
    if kind is float and type(value) is int:
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
        raise Refused(f"{name}: {'an integer' if kind is int else 'a number'} from {least} to {most} is wanted")
    return value


def flag(body: Body, name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool | None):
        raise Refused(f"{name}: true or false is wanted")
    return bool(value)


def mapping(body: Body, name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict | None):
        raise Refused(f"{name}: an object is wanted")
    return value or {}


def texts(body: Body, most: int) -> list[str]:
    """What is to be classified. Raises Refused."""
    found = body.get("texts")
    if not isinstance(found, list) or not found or not all(isinstance(text, str) for text in found):
        raise Refused("texts: a list of strings is wanted, at least one")
    if len(found) > most:
        raise Refused(f"texts: {len(found)} in one request, at most {most} are taken")
    return found


def messages(body: Body) -> list[dict[str, str]]:
    """A chat's turns, contents as plain text. Raises Refused."""
    found = body.get("messages")
    if not isinstance(found, list) or not found or not all(isinstance(turn, dict) for turn in found):
        raise Refused("messages: a list of {role, content} is wanted, at least one")
    result = []
    for i, turn in enumerate(found):
        role, content = turn.get("role"), turn.get("content")
        if role not in ("system", "developer", "user", "assistant"):
            raise Refused(f"messages[{i}].role: system, user or assistant is wanted")
        if isinstance(content, list) and all(isinstance(part, dict) for part in content):
            content = "".join(part["text"] for part in content) if all(
                part.get("type") == "text" and isinstance(part.get("text"), str) for part in content) else None
        if not isinstance(content, str):
            raise Refused(f"messages[{i}].content: a text is wanted")
        result.append({"role": "system" if role == "developer" else role, "content": content})
    return result


def prompt(body: Body) -> str:
    """A completion's prompt. Raises Refused."""
    found = body.get("prompt")
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, str) or not found:
        raise Refused("prompt: one text is wanted")
    return found


def options(body: Body, most_tokens: int, is_chat: bool) -> Options:
    """Raises Refused for what is out of range, and for what is asked and not done."""
    for name, harmless in (("n", 1), ("best_of", 1), ("echo", False), ("suffix", None), ("tools", []),
                           ("functions", []), ("logit_bias", {}), ("frequency_penalty", 0), ("presence_penalty", 0),
                           ("response_format", {"type": "text"})):
        if body.get(name) not in (None, harmless):
            raise Refused(f"{name}: not done here, only {harmless!r}")
    stop = body.get("stop")
    stop = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(stop, list) or len(stop) > 16 or not all(isinstance(word, str) and word for word in stop):
        raise Refused("stop: a text or a list of up to 16 texts is wanted")
    if is_chat:
        top = number(body, "top_logprobs", int, 0, MOST_LOGPROBS, 0)
        top = top if flag(body, "logprobs") else None
    else:
        top = number(body, "logprobs", int, 0, MOST_LOGPROBS, None)
    tokens = number(body, "max_tokens", int, 1, most_tokens, Options.max_tokens)
    return Options(number(body, "max_completion_tokens", int, 1, most_tokens, tokens),
                   number(body, "temperature", float, 0, 2, Options.temperature),
                   number(body, "top_p", float, 1e-6, 1, Options.top_p),
                   number(body, "seed", int, -2**63, 2**63 - 1, None), tuple(stop), top)


class Reply:
    """One generation's response, whole or as a stream of chunks."""

    def __init__(self, model: str, is_chat: bool, with_usage: bool = False) -> None:
        self.model, self.is_chat, self.with_usage = model, is_chat, with_usage
        self.id = f"{'chatcmpl' if is_chat else 'cmpl'}-{uuid.uuid4().hex}"
        self.created = int(time.time())
        self.offset = 0  # of the next token in a completion's text

    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        text = "".join(piece.text for piece in pieces)
        logprobs = self._logprobs(pieces)
        choice: dict[str, Any] = {"index": 0, "finish_reason": pieces[-1].finish, "logprobs": logprobs}
        if self.is_chat:
            choice["message"] = {"role": "assistant", "content": text, "refusal": None}
        else:
            choice["text"] = text
        return self._envelope("", [choice]) | {"usage": usage(pieces[-1])}

    def chunk(self, piece: Piece, is_first: bool) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": 0, "finish_reason": piece.finish, "logprobs": self._logprobs([piece])}
        if self.is_chat:
            choice["delta"] = ({"role": "assistant"} if is_first else {}) | {"content": piece.text}
        else:
            choice["text"] = piece.text
        return self._envelope(".chunk", [choice]) | ({"usage": None} if self.with_usage else {})

    def last(self, piece: Piece) -> dict[str, Any] | None:
        """The chunk after the last, where it was asked for: what the answer cost."""
        return self._envelope(".chunk", []) | {"usage": usage(piece)} if self.with_usage else None

    def _envelope(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        name = f"chat.completion{kind}" if self.is_chat else "text_completion"
        return {"id": self.id, "object": name, "created": self.created, "model": self.model, "choices": choices}

    def _logprobs(self, pieces: Sequence[Piece]) -> dict[str, Any] | None:
        found = [piece.logprob for piece in pieces if piece.logprob is not None]
        if not found:
            return None
        if self.is_chat:
            return {"content": [_entry(one.token, one.logprob)
                                | {"top_logprobs": [_entry(*pair) for pair in one.top]} for one in found],
                    "refusal": None}
        offsets = []
        for one in found:
            offsets.append(self.offset)
            self.offset += len(one.token)
        return {"tokens": [one.token for one in found], "token_logprobs": [one.logprob for one in found],
                "top_logprobs": [dict(one.top) for one in found], "text_offset": offsets}


def usage(piece: Piece) -> dict[str, int]:
    return {"prompt_tokens": piece.prompt_tokens, "completion_tokens": piece.tokens,
            "total_tokens": piece.prompt_tokens + piece.tokens}


def error(status: int, message: str) -> dict[str, Any]:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": status}}


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
