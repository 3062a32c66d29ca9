"""A yes/no question as a chat, and its answer as a margin (log-odds of yes), for models behind an endpoint.

Where log-probabilities are offered, all spellings of yes and of no among the first token's likeliest are added up.
Where they are not, the words count, with a margin of +-3 (p_yes 0.95 or 0.05). Nothing here is sure of the model's
tokenizer, so spellings of control tokens are taken apart by their usual form.
"""

import math
import re
from collections.abc import Iterable, Iterator

from cybersieve import params, prompt
from cybersieve.calibration import MOST, is_finite, is_number
from cybersieve.http_json import Garbage, Tree

Margin = float | None
CHARS_PER_TOKEN = 4  # a text is cut to this many characters a token of verify.max_tokens
BY_WORDS = 3.0  # margin of an answer without log-probabilities
TOP = 10  # log-probabilities asked for; mlx_lm.server gives 11 at most, OpenAI 20
FIRST_TOKEN, FEW_WORDS = 1, 16  # tokens of an answer, with and without log-probabilities

_CONTROL = re.compile(r"<(?=\|[^<>|\n]{1,40}\|>|/?(?:s|bos|eos|pad|unk|think)>|(?:start|end)_of_turn>|｜)"
                      r"|\[(?=/?INST\])")
_AROUND = " \t\r\n\u0120\u2581\u010a\"'*.,:!`"  # a word in a token; Ġ, ▁, Ċ: white space as tokenizers write it
_WORD = re.compile(r"[a-z]+")


def messages(settings: params.Verify, text: str) -> list[dict[str, str]]:
    """Instruction, examples and the text, as an OpenAI chat."""
    turns = [{"role": "system", "content": prompt.instruction(settings)}]
    for example in settings.examples:
        turns += [{"role": "user", "content": f"Text: {example['text']}"},
                  {"role": "assistant", "content": "Yes" if example["label"] else "No"}]
    clipped = _CONTROL.sub(lambda match: match.group() + " ", text[: CHARS_PER_TOKEN * settings.max_tokens])
    return [*turns, {"role": "user", "content": f"Text: {clipped}"}]


def body(settings: params.Verify, text: str, logprobs: bool) -> Tree:
    """The request for one text; `verify.request` adds fields to it, or with null takes them out."""
    tree: Tree = {"model": settings.model, "messages": messages(settings, text), "temperature": 0,
                  "max_tokens": FIRST_TOKEN if logprobs else FEW_WORDS}
    if logprobs:
        tree |= {"logprobs": True, "top_logprobs": TOP}
    return {name: value for name, value in (tree | settings.request).items() if value is not None}


def margin_of_chat(tree: Tree) -> Margin:
    """What a chat completion says; None where it is neither yes nor no. Raises Garbage where it is none at all."""
    try:
        (choice, *_) = tree["choices"]
        text = choice["message"].get("content")
        logprobs = choice.get("logprobs")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Garbage(f"no chat completion ({error!r})") from None
    margin = _from_logprobs(_pairs(logprobs))
    return _from_words(text) if margin is None and isinstance(text, str) else margin


def margin_of_result(result: object) -> Margin:
    """One result of our own server's /v1/classify. Raises Garbage."""
    margin = result.get("margin", "") if isinstance(result, dict) else ""
    if margin is None or is_finite(margin):
        return None if margin is None else float(margin)
    raise Garbage("a result without a margin")


def tokens_read(tree: Tree) -> int:
    """What the server says it has read."""
    usage = tree.get("usage")
    count = usage.get("prompt_tokens") if isinstance(usage, dict) else 0
    return count if isinstance(count, int) else 0


def _pairs(logprobs: object) -> Iterator[tuple[str, float]]:
    """Likeliest first tokens with their log-probabilities, in any of the shapes that servers give them."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    first = content[0] if isinstance(content, list) and content else None
    if not isinstance(first, dict):
        return
    entries = first.get("top_logprobs") or [first]
    for entry in entries if isinstance(entries, list) else []:
        token, value = (entry.get("token"), entry.get("logprob")) if isinstance(entry, dict) else (None, None)
        if isinstance(token, str) and is_number(value) and value <= 1e-3:
            yield token, float(max(value, -MOST))


def _from_logprobs(pairs: Iterable[tuple[str, float]]) -> Margin:
    """Log-odds of yes; None where neither word is among the tokens. What is not there has at most what is left."""
    sums, listed, least = {"yes": 0.0, "no": 0.0}, 0.0, 0.0
    for token, value in pairs:
        listed, least = listed + math.exp(value), min(least, value)
        word = token.strip(_AROUND).casefold()
        if word in sums:
            sums[word] += math.exp(value)
    if not any(sums.values()):
        return None
    left = max(1e-9, min(1 - listed, math.exp(least)))
    return math.log(sums["yes"] or left) - math.log(sums["no"] or left)


def _from_words(text: str) -> Margin:
    """The first word, or else whichever of the two words is in the answer alone."""
    words = _WORD.findall(re.sub(r"(?s)<think>.*?(</think>|$)", "", text).casefold())
    first = words[:1] if words[:1] in (["yes"], ["no"]) else sorted({"yes", "no"} & set(words))
    return {("yes",): BY_WORDS, ("no",): -BY_WORDS}.get(tuple(first))
