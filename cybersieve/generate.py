"""Text generation for the server, one token a step, so that its worker can do other things between two tokens.

mlx-lm generates; here are sampling with a key of its own (a seed gives the same text whatever runs beside it), stop
words that may begin in one token and end in another, and log-probabilities in words instead of token ids.
"""

import inspect
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cybersieve import blas, prompt
from cybersieve.jobs import Refused
from cybersieve.openai_api import Logprob, Options, Piece

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)
from mlx_lm.generate import stream_generate  # noqa: E402
from transformers import PreTrainedTokenizerBase  # noqa: E402

PREFILL = 128  # prompt tokens a step: between two steps the worker answers other requests
_OWN = inspect.signature(PreTrainedTokenizerBase.apply_chat_template).parameters.keys()


def chat_tokens(tokenizer: Any, messages: Sequence[dict[str, str]], more: dict[str, Any]) -> list[int]:
    """A chat as the model wants it. What people wrote is data: control tokens spelled in it are taken apart.

    `more` are variables of the model's chat template: a template of the client's own could loop for ever. Raises
    Refused where there is none, or it does not take this chat.
    """
    if own := sorted(_OWN & more.keys()):
        raise Refused(f"chat_template_kwargs: {own[0]} is no variable of a chat template")
    if getattr(tokenizer, "chat_template", None) is None:
        raise Refused("the model has no chat template: use /v1/completions")
    clean = [message | {"content": prompt.harmless(tokenizer, message["content"])} for message in messages]
    try:
        return list(tokenizer.apply_chat_template(clean, add_generation_prompt=True, **more))
    except Exception as error:  # templates raise what they like (jinja2.TemplateError, ValueError, TypeError)
        raise Refused(f"the model's chat template refuses this chat: {error}") from None


def pieces(model: Any, tokenizer: Any, tokens: list[int], options: Options,
           progress: Callable[[], None]) -> Iterator[Piece]:
    """Generate after `tokens`; `progress` is called while the prompt is read, and may raise to end it."""
    stop = StopWords(options.stop)
    count = 0
    here = mx.default_stream(mx.default_device())  # several generations take turns: all on one stream
    for step in stream_generate(model, tokenizer, tokens, options.max_tokens, stream=here, sampler=sampler(options),
                                prefill_step_size=PREFILL, prompt_progress_callback=lambda *_: progress()):
        ended = step.finish_reason == "stop"  # the token is the model's end mark, no part of its answer
        count += not ended
        logprob = None if options.top_logprobs is None or ended else _logprob(tokenizer, step, options.top_logprobs)
        text, hit = stop.feed(step.text)
        finish = "stop" if hit else step.finish_reason
        if finish and not hit:
            text += stop.held
        yield Piece(text, logprob, finish, step.prompt_tokens, count)
        if finish:
            return


class StopWords:
    """Finds stop words in a text that comes in pieces. `held`: the end so far, which may be a stop word's beginning."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words, self.held = [word for word in words if word], ""

    def feed(self, text: str) -> tuple[str, bool]:
        """What can be shown now, and whether a stop word came (its text and all after it are left out)."""
        text = self.held + text
        found = [place for place in (text.find(word) for word in self.words) if place >= 0]
        if found:
            return text[: min(found)], True
        longest = max(map(len, self.words), default=0)
        starts = range(max(0, len(text) - longest + 1), len(text))
        keep = next((i for i in starts if any(word.startswith(text[i:]) for word in self.words)), len(text))
        self.held = text[keep:]
        return text[:keep], False


def sampler(options: Options) -> Callable[[mx.array], mx.array]:
    """Log-probabilities (1, vocabulary) to a token (1,): the likeliest, or drawn with a key of this request's own."""
    if options.temperature == 0:
        return lambda logprobs: mx.argmax(logprobs, axis=-1)
    key = mx.random.key(secrets.randbits(63) if options.seed is None else options.seed % 2**63)

    def draw(logprobs: mx.array) -> mx.array:
        nonlocal key
        key, now = mx.random.split(key)
        logits = logprobs.astype(mx.float32)
        if options.top_p < 1:
            order = mx.argsort(-logits, axis=-1)
            before = mx.cumsum(mx.exp(mx.take_along_axis(logits, order, axis=-1)), axis=-1, inclusive=False)
            outside = mx.take_along_axis(before, mx.argsort(order, axis=-1), axis=-1) >= options.top_p
            logits = mx.where(outside, -mx.inf, logits)
        return mx.random.categorical(logits / options.temperature, key=now)

    return draw


def _logprob(tokenizer: Any, step: Any, top: int) -> Logprob:
    logprobs = step.logprobs.astype(mx.float32)
    top = min(top, logprobs.size)
    best: Any = mx.argpartition(-logprobs, kth=top - 1)[:top].tolist() if top else []
    pairs = sorted(((logprobs[i].item(), i) for i in best), key=lambda pair: (-pair[0], pair[1]))
    shown = tuple((tokenizer.decode([i]), value) for value, i in pairs)
    return Logprob(tokenizer.decode([step.token]), logprobs[step.token].item(), shown)
