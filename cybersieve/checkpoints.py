"""Where a training run stands, kept on disk: a killed run is taken up at its last look and ends the same."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from cybersieve import blas

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)

Weights = dict[str, mx.array]


@dataclass
class Run:
    """Where a training run stands; `best` are the weights with the lowest held-back loss so far."""

    best: Weights = field(repr=False)
    best_loss: float = math.inf
    best_auc: float | None = None
    best_step: int = 0
    step: int = 0
    seconds: float = 0.0
    misses: int = 0  # looks in a row without a lower loss
    stopped: bool = False
    last: tuple[float, float | None] = (math.inf, None)  # loss and AUC of the last look


def mark(settings: dict[str, Any], rows: Iterable[tuple[float, list[int]]]) -> str:
    """A hash of settings and training rows (target, tokens): a checkpoint of another run is never taken up."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for target, tokens in rows:
        digest.update(np.float32(target).tobytes() + np.array(tokens, dtype=np.int32).tobytes())
    return digest.hexdigest()


def save(folder: Path, mark: str, run: Run, weights: Weights, optimizer: Weights) -> None:
    """Write the run, the weights as they are now and the optimiser's flattened state; a whole file or none."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"now": weights, "best": run.best, "optimizer": optimizer}
    arrays = {f"{part}.{name}": value for part, found in parts.items() for name, value in found.items()}
    kept = {one.name: getattr(run, one.name) for one in fields(run) if one.name != "best"}
    partial = folder / "partial.safetensors"
    mx.save_safetensors(str(partial), arrays, {"mark": mark, "run": json.dumps(kept)})
    partial.replace(folder / "checkpoint.safetensors")


def restore(folder: Path, mark: str) -> tuple[Run, Weights, Weights] | None:
    """(run, weights, optimiser's flattened state) of the folder's checkpoint; None where it is of another run."""
    path = folder / "checkpoint.safetensors"
    if not path.exists():
        return None
    try:
        found: Any = mx.load(str(path), return_metadata=True)
    except (RuntimeError, ValueError):
        return None
    arrays, metadata = found
    if metadata.get("mark") != mark:
        return None
    parts: dict[str, Weights] = {"now": {}, "best": {}, "optimizer": {}}
    for name, value in arrays.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = value
    return Run(parts["best"], **json.loads(metadata["run"])), parts["now"], parts["optimizer"]
