"""Ask models behind OpenAI-compatible endpoints: `verify.backend: openai`, one or several base URLs of one model.

The project's own server (recognised by what it says of its model) is sent texts, and gives the margins of backend
mlx. Any other (mlx_lm.server, vLLM, llama.cpp, …) is sent a chat for each text: yes and no are read from the
log-probabilities of its first token where it offers them, from its words where it does not. A question that fails
is asked again, at another endpoint if there is one; an endpoint that fails rests, longer each time. Whether a text is
at fault or the endpoint is seen by a plain text: who fails at that, too, is as good as not there.

The key is read from CYBERSIEVE_API_KEY and goes nowhere but into the requests.
"""

import hashlib
import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

from cybersieve import calibration, cli, params, yes_no
from cybersieve.errors import ModelError, ParamsError
from cybersieve.http_json import KEY, Client, Garbage, Refusal, Tree, Unreachable, key

Margin = float | None
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before another attempt; doubled each time, with jitter
LOST_IN_A_ROW = 8  # requests given up, none answered between: something is wrong with all of them
CHANGED = 1000  # no HTTP status: an endpoint that serves something else than it did
PLAIN = "A plain text."
BUSY = 100  # answers 429 to one request before it is given up


@dataclass
class Endpoint:
    """One base URL, and how it has been doing."""

    client: Client
    in_flight: int = 0
    failures: int = 0  # in a row, one for each rest
    unreachable: int = 0  # of them the last ones in a row at which a plain text went unanswered, too
    rests_until: float = 0.0
    takes_logprobs: bool | None = None  # with a question; None: not known yet
    said: str = "no answer"  # instead of an answer, last
    out: str = ""  # why it is not asked any more


class Found:
    """What `model.Found` is to files: which model answers, so that answers can be kept and read."""

    def __init__(self, settings: params.Verify) -> None:
        """Look the endpoints up. Raises ParamsError, and ModelError where none answers or they differ."""
        if not settings.endpoints:
            raise ParamsError(params.NO_ENDPOINT)
        token = key()
        self.settings = settings
        clients = (Client(url, token, settings.timeout) for url in settings.endpoints)
        self.endpoints = [Endpoint(client) for client in {client.url: client for client in clients}.values()]
        self.about = self._ours(self._looked_up())

    def _looked_up(self) -> list[Tree]:
        """What endpoints say of their models; {} where nothing that we understand. Dead ones are left for later."""
        found, errors = [], {}
        for attempt in range(self.settings.retries + 1):
            for endpoint in self.endpoints:
                try:
                    found.append(endpoint.client.get("/models"))
                except Garbage:
                    found.append({})
                except Refusal as error:
                    if error.status in (401, 403):
                        endpoint.out = f"it does not take the key in {KEY} ({error})"
                    elif error.status < 500:
                        found.append({})  # no such route: another kind of server
                    errors[endpoint.client.url] = str(error)
                except Unreachable as error:
                    errors[endpoint.client.url] = str(error)
            if found or all(endpoint.out for endpoint in self.endpoints):
                break
            time.sleep(pause(attempt) if attempt < self.settings.retries else 0)
        said = "; ".join(f"{url}: {error}" for url, error in errors.items())
        if not found:
            raise ModelError(f"verify.endpoints: none answers ({said})")
        if said:
            cli.warn(f"not every endpoint answers: {said}")
        return found

    def _ours(self, found: list[Tree]) -> Tree | None:
        """What our own servers say of their model; None for other servers. Warns where their settings are others."""
        listed = [tree.get("data") for tree in found]
        entries = [entry for data in listed for entry in (data if isinstance(data, list) and data else [{}])
                   if isinstance(entry, dict)]
        own = {entry["cybersieve"]["fingerprint"]: entry for entry in entries if _is_ours(entry)}
        if not own:
            return None
        if len(own) > 1 or len(entries) > sum(map(_is_ours, entries)):
            raise ModelError("verify.endpoints: they do not serve the same model with the same settings")
        (entry,) = own.values()
        if entry["id"] != self.settings.model:
            raise ModelError(f"verify.model: {self.settings.model} is wanted, the endpoints serve {entry['id']}")
        about: Tree = entry["cybersieve"]
        for name, value in about["settings"].items():
            mine = getattr(self.settings, name, value)
            if mine != value:
                cli.warn(f"verify.{name} is {mine!r} here and {value!r} at the endpoints, where it counts")
        return about

    def calibration(self) -> dict[str, Any]:
        """From margins to probabilities, as the server's adapter has it; empty for other servers."""
        return dict(self.about["calibration"]) if self.about else {}

    def fingerprint(self, settings: params.Verify) -> str:
        """Our own server's: that of backend mlx. Of others only the model's name and what is asked are known."""
        if self.about:
            return str(self.about["fingerprint"])
        tree = ["openai", yes_no.body(settings, "", True), settings.max_tokens]
        return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()

    def card(self) -> dict[str, Any]:
        """For models/model.json."""
        return dict(self.about["card"]) if self.about else {
            "id": self.settings.model, "endpoint": True, "fingerprint": self.fingerprint(self.settings)}


class Endpoints:
    """Asks like mlx_engine.Engine does: `with Endpoints(found) as engine: engine.margins(texts)`."""

    def __init__(self, found: Found) -> None:
        self.found, self.settings, self.endpoints = found, found.settings, found.endpoints
        self.tokens = 0  # that other servers say they have read; our own does not say
        self.lost = 0  # requests given up since the last answer
        self.trouble = ""  # why the last text was given up
        self.changed, self.stopping = threading.Condition(), threading.Event()
        self.workers = self.settings.concurrency * len(self.endpoints)
        self.pool = ThreadPoolExecutor(self.workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for endpoint in self.endpoints:
            endpoint.client.close()
        self.pool.shutdown(cancel_futures=True)

    def margins(self, texts: Sequence[str]) -> Iterator[list[tuple[int, Margin]]]:
        """Pairs (index in `texts`, margin), a request's at a time; every index once, long texts first.

        None where a text got no usable answer in `verify.retries` attempts more. Raises ModelError where the
        endpoints are gone, or none takes what it is asked.
        """
        size = self.settings.batch_size if self.found.about else 1
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        batches = (order[start : start + size] for start in range(0, len(order), size))
        running: dict[Future[list[Margin]], list[int]] = {}
        while True:
            for batch in islice(batches, 2 * self.workers - len(running)):
                running[self.pool.submit(self._answered, [texts[i] for i in batch], self.settings.retries)] = batch
            if not running:
                return
            done, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
            for endpoint in self.endpoints:
                endpoint.client.sweep(time.monotonic())
            for future in done:
                yield list(zip(running.pop(future), future.result(), strict=True))

    def _answered(self, texts: list[str], retries: int) -> list[Margin]:
        """The texts' margins. What fails together is asked in halves, so that one text takes no other with it."""
        result = self._attempted(texts, retries)
        if not isinstance(result, Exception):
            self.lost = 0
            if None in result:
                self.trouble = "an answer that is neither yes nor no"
            return result
        if len(texts) > 1:
            half = len(texts) // 2
            return self._answered(texts[:half], 1) + self._answered(texts[half:], 1)
        self.lost += 1
        self.trouble = str(result)
        if self.lost >= LOST_IN_A_ROW:
            raise ModelError(f"verify.endpoints: {self.lost} requests in a row failed, the last with: {result}")
        return [None] * len(texts)

    def _attempted(self, texts: list[str], retries: int) -> list[Margin] | Exception:
        """The margins, or the last error after `retries` attempts more (answers 429 count apart).

        Another 4xx may be the text's fault, the endpoint's or the moment's: it is believed the second time, from
        another endpoint if there is one.
        """
        ask = self._classify if self.found.about else self._chat
        attempt = busy = 0
        refused = False
        failed: Endpoint | None = None
        while True:
            endpoint = self._entered(failed)
            error: Exception | None = None
            try:
                return ask(endpoint, texts)
            except (Unreachable, Garbage, Refusal) as failure:
                error = failure
            finally:
                self._left(endpoint, error)
            failed = endpoint
            if isinstance(error, Unreachable) and not error.sent:
                continue  # nobody has seen it: no attempt; the endpoint rests now
            status = error.status if isinstance(error, Refusal) else 0
            if self._is_unfit(endpoint, error):
                self._put_out(endpoint, str(error))
                continue
            if 400 <= status < 500 and status not in (408, 425, 429):
                if refused:
                    return error
                refused = True
                continue
            busy, attempt = (busy + 1, attempt) if status == 429 else (busy, attempt + 1)
            hint = error.retry_after if isinstance(error, Refusal) else None
            seconds = pause(busy + attempt - 1) if hint is None else min(hint, LONGEST_PAUSE) + pause(0)
            if attempt > retries or busy > BUSY or self.stopping.wait(seconds):
                return error

    def _entered(self, failed: Endpoint | None) -> Endpoint:
        """The endpoint that has least to do, and room; after a rest it is asked by one request first.

        Not the one that has just `failed` this request, where another is well: else the luck of the pauses could
        bring one request back to an ill endpoint until its attempts are used up.
        Raises ModelError where none is left to be asked.
        """
        with self.changed:
            while True:
                fit = [one for one in self.endpoints if not one.out]
                if self.stopping.is_set() or all(one.unreachable > self.settings.retries for one in fit):
                    said = "; ".join(f"{one.client.url}: {one.out or one.said}" for one in self.endpoints)
                    raise ModelError(f"verify.endpoints: none is left that answers ({said})")
                if failed is not None:
                    fit = [one for one in fit if one is not failed and not one.failures] or fit
                now = time.monotonic()
                free = [one for one in fit if one.rests_until <= now and (
                    not one.in_flight or (not one.failures and one.in_flight < self.settings.concurrency))]
                if free:
                    chosen = min(free, key=lambda one: one.in_flight)
                    chosen.in_flight += 1
                    return chosen
                self.changed.wait(max(0.01, min(one.rests_until for one in fit) - now) if any(
                    one.rests_until > now for one in fit) else 1)

    def _left(self, endpoint: Endpoint, error: Exception | None) -> None:
        """Note how it went. Whoever fails rests, longer each time; what was asked before the rest counts once."""
        ill = _is_ill(error)
        again = ill and endpoint.failures and time.monotonic() >= endpoint.rests_until
        answered = not isinstance(error, Unreachable)
        seen = not isinstance(error, Unreachable) or error.sent  # so that the text may be at fault
        if again and seen:
            answered = not _is_ill(self._asked_plainly(endpoint))
        ill = ill and not (again and answered)
        with self.changed:
            endpoint.in_flight -= 1
            if not ill:
                endpoint.failures = endpoint.unreachable = 0
            elif time.monotonic() >= endpoint.rests_until:
                endpoint.failures += 1
                endpoint.unreachable = 0 if answered else endpoint.unreachable + 1
                endpoint.said = str(error)
                endpoint.rests_until = time.monotonic() + pause(endpoint.failures - 1)
            self.changed.notify_all()

    def _asked_plainly(self, endpoint: Endpoint) -> Exception | None:
        """How an endpoint that fails at a text ends with another; None: with an answer."""
        try:
            (self._classify if self.found.about else self._chat)(endpoint, [PLAIN])
        except (Unreachable, Garbage, Refusal) as error:
            return error
        return None

    def _is_unfit(self, endpoint: Endpoint, error: Exception | None) -> bool:
        """Whether there is no point in asking this endpoint anything: it does not take a plain text either.

        A guard before it may not let a text about an attack through.
        """
        changed = isinstance(error, Refusal) and error.status == CHANGED
        return changed or (_is_closed(error) and _is_closed(self._asked_plainly(endpoint)))

    def _put_out(self, endpoint: Endpoint, reason: str) -> None:
        with self.changed:
            if not endpoint.out:
                endpoint.out = reason
                cli.warn(f"{endpoint.client.url} is not asked any more: {reason}")
            self.changed.notify_all()

    def _classify(self, endpoint: Endpoint, texts: list[str]) -> list[Margin]:
        """Our own server's margins."""
        tree = endpoint.client.post("/classify", {"model": self.settings.model, "texts": texts})
        if tree.get("fingerprint") != self.found.fingerprint(self.settings):
            raise Refusal(CHANGED, "it serves another model, or asks it otherwise, than when the run began")
        results = tree.get("results")
        if not isinstance(results, list) or len(results) != len(texts):
            raise Garbage("not one result for each text")
        return [yes_no.margin_of_result(result) for result in results]

    def _chat(self, endpoint: Endpoint, texts: list[str]) -> list[Margin]:
        """Another server's answer to one text: by log-probabilities, else by words."""
        (text,) = texts
        refused = False
        if endpoint.takes_logprobs is not False:
            try:
                margin = self._read(self._with_logprobs(endpoint, text))
                if margin is not None:
                    return [margin]
            except Refusal as refusal:
                if not _is_of_request(refusal) or self._takes_logprobs(endpoint):
                    raise
                refused = True  # it knows no log-probabilities, or takes nothing at all
        tree = endpoint.client.post("/chat/completions", yes_no.body(self.settings, text, logprobs=False))
        if refused and endpoint.takes_logprobs is None:  # another thread may have learned better meanwhile
            endpoint.takes_logprobs = False
        return [self._read(tree)]

    def _takes_logprobs(self, endpoint: Endpoint) -> bool:
        """Whether it has taken a question with log-probabilities, or takes a plain one: not they were refused then."""
        if not endpoint.takes_logprobs:
            try:
                self._with_logprobs(endpoint, PLAIN)
            except Refusal as refusal:
                if _is_of_request(refusal):
                    return False
                raise
        return True

    def _with_logprobs(self, endpoint: Endpoint, text: str) -> Tree:
        tree = endpoint.client.post("/chat/completions", yes_no.body(self.settings, text, logprobs=True))
        endpoint.takes_logprobs = True
        return tree

    def _read(self, tree: Tree) -> Margin:
        with self.changed:
            self.tokens += yes_no.tokens_read(tree)
        return yes_no.margin_of_chat(tree)


def _is_ours(entry: Tree) -> bool:
    """Whether a model's entry is one of our own server, with all that it says of its model."""
    about = entry.get("cybersieve")
    return isinstance(about, dict) and isinstance(about.get("fingerprint"), str) and isinstance(entry.get("id"), str) \
        and not calibration.fault(about.get("calibration")) \
        and isinstance(about.get("card"), dict) and isinstance(about.get("settings"), dict)


def _is_closed(error: Exception | None) -> bool:
    """Whether an answer says that the key or the address is wrong."""
    return isinstance(error, Refusal) and (300 <= error.status < 400 or error.status in (401, 403, 404, 405))


def _is_of_request(refusal: Refusal) -> bool:
    """Whether it says that the request itself is wrong: a field that is not known, a text that is not taken."""
    return refusal.status in (400, 422)


def _is_ill(error: Exception | None) -> bool:
    """Whether an endpoint that ends like this is one that fails."""
    return error is not None and (not isinstance(error, Refusal) or error.status >= 500 and error.status != CHANGED)


def pause(attempt: int) -> float:
    """Seconds before attempt 1, 2, …: doubled each time up to LONGEST_PAUSE, and half of that to all of it."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt, 10)) * random.uniform(0.5, 1)
