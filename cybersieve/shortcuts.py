"""One forward pass over a batch of questions, without what need not be computed when all begin alike and only two
answers after the last token count: the prefix's keys and values are shared, the output matrix is cut to the answers'
rows, and behind its attention the last layer (or at least the head) sees the last tokens only.

None fits every architecture: `fastest` compares answers with and without them, and takes what gives the same.
"""

import copy
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

import numpy as np

from cybersieve import blas

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)
from mlx_lm.models.cache import KVCache, make_prompt_cache  # noqa: E402


@dataclass(frozen=True)
class Forward:
    """Token rows in, margins out, lazily."""

    model: Any
    yes: list[int]
    no: list[int]
    cut: bool = False  # whether the model's logits are those of yes + no only
    before: list[Any] | None = None  # the prefix's keys and values; rows then come without it
    end: "LastLayer | Trunk | None" = None  # the part of the model that gives the last tokens only

    def __call__(self, rows: list[list[int]]) -> mx.array:
        """Log of the answers' summed probabilities, yes less no, after each row's last token. Shape (rows,).

        Rows are padded on the right: attention is causal, so padding can't reach the last real token.
        """
        width = max(map(len, rows))
        inputs = mx.array([row + [0] * (width - len(row)) for row in rows])
        last = mx.array([len(row) - 1 for row in rows])
        if self.end:
            self.end.at = last
        logits = self.model(inputs, cache=self.before)
        logits = logits[:, 0] if self.end else logits[mx.arange(len(rows)), last]
        logits = (logits if self.cut else logits[:, mx.array(self.yes + self.no)]).astype(mx.float32)
        cut = len(self.yes)
        return mx.logsumexp(logits[:, :cut], axis=1) - mx.logsumexp(logits[:, cut:], axis=1)


def fastest(model: Any, yes: list[int], no: list[int], prefix: list[int], suffix: list[int]) -> Forward:
    """The forward pass with as many shortcuts as leave this architecture's answers to two probes as they are."""
    plain = Forward(model, yes, no)
    probes = [prefix + suffix, prefix + suffix[:1]]
    streams = [mx.new_stream(mx.default_device()) for _ in range(3)]  # side by side: single rows keep one core busy
    with mx.stream(streams[0]):
        before = shared(model, prefix)
    answers = []
    for probe, stream in zip(probes, streams[1:], strict=True):
        with mx.stream(stream):
            answers.append(plain([probe]))
    mx.eval(answers, [part for layer in before or [] for part in layer.first])
    exact = np.array(answers).ravel()
    logits = model(mx.array(probes[1:]))
    near = 1e-3 if logits.dtype == mx.float32 else 0.25
    heads = chain(((inner, True) for inner in with_answer_rows(model, yes + no, logits.shape[-1])), [(model, False)])
    for (head, cut), layers in product(heads, (before, None) if before else (None,)):
        for inner, end in with_short_ends(head):
            short = Forward(inner, yes, no, cut, layers, end)
            skip = len(prefix) if layers else 0
            with suppress(Exception):  # a layer that works otherwise, in whatever way
                if np.allclose(np.array(short([probe[skip:] for probe in probes])), exact, atol=near):
                    return short
    return plain


class Prefix(KVCache):
    """Keys and values of the shared prefix in one layer, put before those of any batch and not changed by it."""

    def __init__(self, of: Any) -> None:
        self.first, self.offset = [part[..., : of.offset, :] for part in (of.keys, of.values)], of.offset

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[mx.array, ...]:
        shared = [mx.broadcast_to(part, (len(keys), *part.shape[1:])) for part in self.first]
        return tuple(mx.concatenate([first, then], axis=2) for first, then in zip(shared, (keys, values), strict=True))


class AnswerRows:
    """The output layer, or the embedding that serves as one, cut down to the answers' rows."""

    def __init__(self, layer: Any, answers: list[int]) -> None:
        names = ("weight", "scales", "biases", "bias")
        rows = {name: layer[name][mx.array(answers)] for name in names if name in layer}
        if "scales" in rows:
            rows["weight"] = mx.dequantize(rows["weight"], rows["scales"], rows.get("biases"),
                                           layer.group_size, layer.bits, layer.mode)
        self.layer, self.rows, self.bias = layer, rows["weight"].T, rows.get("bias")

    def __call__(self, x: mx.array) -> Any:
        return self.layer(x) if hasattr(self.layer, "as_linear") else self.as_linear(x)

    def as_linear(self, x: mx.array) -> Any:
        return x @ self.rows if self.bias is None else x @ self.rows + self.bias


class LastLayer:
    """A model's last layer that gives the states of the tokens `at` alone, one a row: its MLP need not see others."""

    PARTS = ("input_layernorm", "self_attn", "post_attention_layernorm", "mlp")
    at: mx.array  # shape (rows,)

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.layer, name)

    def __call__(self, x: mx.array, *args: Any, **kwargs: Any) -> mx.array:
        x = x + self.layer.self_attn(self.layer.input_layernorm(x), *args, **kwargs)
        last = x[mx.arange(len(x)), self.at][:, None]
        result: mx.array = last + self.layer.mlp(self.layer.post_attention_layernorm(last))
        return result


class Trunk:
    """What a model does before its head, giving the states of the tokens `at` alone, one a row."""

    at: mx.array  # shape (rows,)

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __call__(self, *args: Any, **kwargs: Any) -> mx.array:
        states: mx.array = self.inner(*args, **kwargs)
        return states[mx.arange(len(states)), self.at][:, None]


def with_short_ends(model: Any) -> Iterator[tuple[Any, LastLayer | Trunk | None]]:
    """Copies of the model with a LastLayer, if its layers are made like that, and with a Trunk; then the model."""
    parts = dict(model.named_modules())
    stacks = {match.groups() for name in parts if (match := re.fullmatch(r"((?:[a-z]\w*\.)*[a-z]\w*)\.(\w+)\.0", name))}
    for name, stack in sorted(stacks):
        layers = parts[name][stack]
        if all(hasattr(layers[-1], part) for part in LastLayer.PARTS):
            last = LastLayer(layers[-1])
            yield with_part(model, f"{name}.{stack}", [*layers[:-1], last]), last
        trunk = Trunk(parts[name])
        yield with_part(model, name, trunk), trunk
    yield model, None


def with_part(model: Any, name: str, part: Any) -> Any:
    """A copy of the model, sharing its weights, in which another part has that name."""
    *steps, last = name.split(".")
    result = inner = copy.copy(model)
    for step in steps:
        inner[step] = inner = copy.copy(inner[step])
    inner[last] = part
    return result


def with_answer_rows(model: Any, answers: list[int], size: int) -> Iterator[Any]:
    """Copies of the model, sharing its weights, whose logits are those of `answers` only, in that order.

    One for each layer that may be the output layer, by its `size` rows; an embedding may serve as one.
    """
    layers = {name: layer for name, layer in model.named_modules()
              if "weight" in layer and len(layer.weight) == size and not re.search(r"\.\d", name)}
    for name in sorted(layers, key=lambda name: hasattr(layers[name], "as_linear")):
        yield with_part(model, name, AnswerRows(layers[name], answers))


def shared(model: Any, prefix: list[int]) -> list[Prefix] | None:
    """A cache for every layer, lazily, usable for any number of batches; None where the model keeps another state."""
    caches = make_prompt_cache(model)
    if not prefix or {type(cache) for cache in caches} != {KVCache}:
        return None
    with suppress(Exception):  # as for the shortcuts
        model(mx.array([prefix]), cache=caches)
        return [Prefix(cache) for cache in caches]
    return None
