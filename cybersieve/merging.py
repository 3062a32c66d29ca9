"""The mean of several adapters, as one adapter."""

from collections.abc import Sequence

import numpy as np

from cybersieve import blas

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)


def merged(adapters: Sequence[dict[str, mx.array]], rank: int,
           shares: Sequence[float] | None = None) -> dict[str, mx.array]:
    """The mean of adapters' products A·B, each cut back to `rank` by SVD (the nearest matrix of that rank).

    Averaging A and B by themselves would mix their cross terms; averaging the products is averaging the updates.
    `shares` is each adapter's weight in the sum (default: equal, adding up to 1). Ranks may differ, and must add up to
    `rank` at least.
    """
    shares = shares or [1 / len(adapters)] * len(adapters)
    result = {}
    for name in adapters[0]:
        if not name.endswith(".lora_a"):
            continue
        stem = name.removesuffix("lora_a")
        wide = np.concatenate([np.array(adapter[name], dtype=np.float64) for adapter in adapters], axis=1)
        tall = np.concatenate([share * np.array(adapter[f"{stem}lora_b"], dtype=np.float64)
                               for adapter, share in zip(adapters, shares, strict=True)], axis=0)
        (q1, r1), (q2, r2) = np.linalg.qr(wide), np.linalg.qr(tall.T)
        u, sizes, vt = np.linalg.svd(r1 @ r2.T)
        root = np.sqrt(sizes[:rank])
        result[name] = mx.array((q1 @ u[:, :rank] * root).astype(np.float32))
        result[f"{stem}lora_b"] = mx.array((root[:, None] * (q2 @ vt[:rank].T).T).astype(np.float32))
    return result


def between(before: dict[str, mx.array], after: dict[str, mx.array], share: float) -> dict[str, mx.array]:
    """The mean of the weights of an adapter and of one that was trained from it, which counts by `share`; float32."""
    return {name: (1 - share) * before[name].astype(mx.float32) + share * one.astype(mx.float32)
            for name, one in after.items()}
