"""SiLU and attention without `exp`, for MLX on a CPU.

There `exp` takes 10 to 16 ns an element on one thread and `where` 6, a multiplication or addition 0.2: softmax and
SiLU cost half as much as all matrix products of a small model. Rational and squared polynomials of plain
multiplications are four times faster; margins move by less than 1e-3. `install(model)` puts them into the modules
of the model's architecture, where they act only in threads that called `activate()`, so training stays exact.
"""

import ctypes
import sys
import threading
from typing import Any

from cybersieve import blas

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)

_here = threading.local()
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc, malloc.h


def activate() -> None:
    """From now on this thread's forward passes use the fast versions."""
    _here.active = True


def install(model: Any) -> None:
    """Wrap `swiglu` and `scaled_dot_product_attention` where the model's code looks them up. Idempotent."""
    for module in {sys.modules[type(part).__module__] for part in model.modules()}:
        for name, fast in (("swiglu", _swiglu), ("scaled_dot_product_attention", _attention)):
            exact = getattr(module, name, None)
            if exact is not None and not hasattr(exact, "exact"):
                setattr(module, name, _either(exact, fast))


def keep_freed_memory() -> None:
    """Let malloc keep what it has: arrays of some MB would be mapped and zeroed by the kernel for every operation.

    That makes an elementwise operation up to five times slower. glibc only; elsewhere nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 1 << 30)
        mallopt(_TRIM_THRESHOLD, 1 << 28)


def _either(exact: Any, fast: Any) -> Any:
    """`fast` in activated threads and where it can do the case (it returns None where not), else `exact`."""
    def choose(*args: Any, **kwargs: Any) -> Any:
        result = fast(*args, **kwargs) if getattr(_here, "active", False) else None
        return exact(*args, **kwargs) if result is None else result

    choose.exact = exact  # type: ignore[attr-defined]
    return choose


def _swiglu(gate: Any, x: Any) -> Any:
    """silu(gate) * x, with tanh as its continued fraction's 7th convergent (error below 1e-4 inside the clip)."""
    z = mx.clip(gate * 0.5, -4.97, 4.97)
    s = z * z
    tanh = z * (135135 + s * (17325 + s * (378 + s))) / (135135 + s * (62370 + s * (3150 + s * 28)))
    return (0.5 * gate) * (1 + tanh) * x


def _exp(x: Any) -> Any:
    """exp(x) for x <= 0: a cubic at x / 64, squared six times; relative error below 2e-3 down to -9."""
    y = mx.maximum(x, -40.0) * (1 / 64)
    y = 1 + y * (1 + y * (0.5 + y * (1 / 6)))
    for _ in range(6):
        y = y * y
    return y


def _attention(queries: Any, keys: Any, values: Any, cache: Any, scale: float, mask: Any, sinks: Any = None) -> Any:
    """softmax(q k' * scale + mask) v for (batch, heads, length, size); the query heads of one key head in one product.

    None (not for us) with attention sinks, a quantised cache, values of another size or a mask that is an array.
    """
    if sinks is not None or hasattr(cache, "bits") or isinstance(mask, mx.array) or keys.shape != values.shape:
        return None
    batch, heads, length, size = queries.shape
    groups, total = keys.shape[1], keys.shape[2]
    shared = heads // groups
    scores = (queries.reshape(batch, groups, shared * length, size) * scale) @ keys.swapaxes(-1, -2)
    if mask == "causal":
        position = mx.arange(total - length, total)[:, None]
        future = (mx.arange(total)[None] > position).astype(scores.dtype) * -1e9
        scores = scores + mx.tile(future, (shared, 1))
    weights = _exp(scores - scores.max(axis=-1, keepdims=True))
    return ((weights @ values) / weights.sum(axis=-1, keepdims=True)).reshape(batch, heads, length, size)
