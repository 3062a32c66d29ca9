"""SiLU and attention without exp: near the exact ones, and only where they were asked for."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mlx_lm.models import llama
from mlx_lm.models.base import scaled_dot_product_attention as exact_attention

from cybersieve import cpu_ops
from cybersieve.cpu_ops import mx


def in_active_thread(work: Callable[[], Any]) -> Any:
    """`work()` in a thread that called `activate`, on a stream of its own, as the engine does it."""
    result: list[Any] = []

    def run() -> None:
        cpu_ops.activate()
        with mx.stream(mx.new_stream(mx.cpu)):
            result.append(np.array(work()))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


def test_exp_is_near_and_never_negative() -> None:
    x = mx.linspace(-30, 0, 4001)
    ours, exact = np.array(cpu_ops._exp(x)), np.exp(np.array(x))
    assert (np.abs(ours / exact - 1)[np.array(x) > -9] < 2e-3).all()
    assert (ours >= 0).all() and ours[np.array(x) < -20].max() < 1e-7


def test_swiglu_is_near_everywhere() -> None:
    gate = mx.linspace(-40, 40, 8001)
    exact = np.array(gate) / (1 + np.exp(-np.array(gate, dtype=np.float64)))
    assert np.abs(np.array(cpu_ops._swiglu(gate, mx.ones_like(gate))) - exact).max() < 1e-3


@pytest.mark.parametrize("mask", ["causal", None])
@pytest.mark.parametrize(("heads", "groups", "length", "total"), [(9, 3, 20, 20), (4, 4, 7, 12), (8, 1, 1, 5)])
def test_attention_is_near(mask: str | None, heads: int, groups: int, length: int, total: int) -> None:
    mx.random.seed(0)
    queries = 2 * mx.random.normal((3, heads, length, 16))
    keys, values = (2 * mx.random.normal((3, groups, total, 16)) for _ in range(2))
    ours = cpu_ops._attention(queries, keys, values, None, 0.25, mask)
    exact = exact_attention(queries, keys, values, cache=None, scale=0.25, mask=mask)
    assert np.abs(np.array(ours) - np.array(exact)).max() < 2e-3


def test_cases_it_does_not_know_are_left_to_the_exact_one() -> None:
    keys = mx.zeros((1, 2, 4, 8))
    assert cpu_ops._attention(keys, keys, keys, None, 1.0, mx.ones((4, 4))) is None
    assert cpu_ops._attention(keys, keys, mx.zeros((1, 2, 4, 6)), None, 1.0, None) is None
    assert cpu_ops._attention(keys, keys, keys, None, 1.0, None, sinks=mx.zeros(2)) is None


def test_only_activated_threads_use_them() -> None:
    args = llama.ModelArgs(model_type="llama", hidden_size=32, num_hidden_layers=1, intermediate_size=64,
                           num_attention_heads=4, rms_norm_eps=1e-5, vocab_size=50)
    mx.random.seed(1)
    model = llama.Model(args)
    model.set_dtype(mx.float32)
    tokens = mx.array([[1, 2, 3, 4, 5]])
    mx.eval(model.parameters(), tokens)
    before = np.array(model(tokens))
    for _ in range(2):  # installing twice wraps once
        cpu_ops.install(model)
    assert hasattr(llama.swiglu, "exact") and not hasattr(llama.swiglu.exact, "exact")
    assert (np.array(model(tokens)) == before).all(), "this thread keeps the exact ones"
    fast = in_active_thread(lambda: model(tokens))
    assert 0 < np.abs(fast - before).max() < 1e-3
