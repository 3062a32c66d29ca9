"""Training a LoRA adapter to answer yes or no: batches, loss, optimiser, checkpoints. mlx-lm's own LoRA layers.

Only the answer counts: one forward pass over prefix + text + suffix, the two answer rows of the output matrix at
the last real token, a two-way cross entropy with label smoothing. Texts of like length share a batch and are
padded on the right (attention is causal, so padding can't change the last real token's state).

Covered: any mlx-lm language model, on CPU, Metal or CUDA. Not covered: distributed training.
"""

import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cybersieve import blas, prompt, quality
from cybersieve.errors import ModelError

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)
import mlx.nn as nn  # noqa: E402
import mlx.optimizers as optimizers  # noqa: E402
from mlx.utils import tree_flatten, tree_unflatten  # noqa: E402
from mlx_lm.tuner.utils import linear_to_lora_layers  # noqa: E402

STEP = 16  # batch lengths are multiples of this: few shapes to compile for


@dataclass(frozen=True)
class Settings:
    """One training run; the defaults are those of the shipped adapter (docs/adapter.md says how they were found)."""

    rank: int = 8
    scale: float = 20.0
    layers: int = 0  # how many layers, from the last one, get LoRA; 0 means all
    depth: int = 0  # use only the model's first layers; 0 means all
    keys: tuple[str, ...] = ("self_attn.q_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.down_proj")
    epochs: float = 3.0
    batch_size: int = 32
    learning_rate: float = 4e-4
    warmup: float = 0.06  # share of the steps
    weight_decay: float = 0.01
    smoothing: float = 0.05  # label smoothing
    evaluations: int = 6  # looks at the held-back part in a whole run
    patience: int = 3  # looks without a lower held-back loss until the run stops
    seed: int = 0


@dataclass(frozen=True)
class Encoded:
    """One row ready to train on."""

    tokens: list[int]
    label: int
    weight: float = 1.0


@dataclass
class Outcome:
    weights: dict[str, mx.array]  # the best adapter, float32
    loss: float  # on the held-back part, without smoothing
    auc: float | None
    step: int
    steps: int
    seconds: float


Report = Callable[[dict[str, Any]], None]


class Scorer:
    """A model that is asked: margins of texts under one layout."""

    def __init__(self, model: Any, tokenizer: Any, layout: prompt.Layout) -> None:
        self.model, self.tokenizer, self.layout = model, tokenizer, layout
        self.prefix = prompt.prefix_tokens(tokenizer, layout)
        self.suffix = prompt.suffix_tokens(tokenizer, layout)
        yes, no = prompt.answer_tokens(tokenizer, layout)
        self.answers = mx.array([no[0], yes[0]])
        self._body = _body_of(model)

    def encode(self, rows: Sequence[dict[str, Any]]) -> list[Encoded]:
        texts = prompt.text_tokens(self.tokenizer, self.layout, [row["text"] for row in rows])
        return [Encoded([*self.prefix, *tokens, *self.suffix], int(row.get("label") or 0), float(row.get("weight", 1)))
                for row, tokens in zip(rows, texts, strict=True)]

    def logits(self, tokens: mx.array, last: mx.array) -> mx.array:
        """(batch, 2) float32: the answers no and yes at each row's last real token."""
        rows = mx.arange(tokens.shape[0])
        if self._body is None:
            return self.model(tokens)[rows, last][:, self.answers].astype(mx.float32)
        state, head = self._body
        return head(state(tokens)[rows, last])[:, self.answers].astype(mx.float32)

    def margins(self, rows: Sequence[dict[str, Any]], batch_size: int = 64) -> np.ndarray:
        """logit(yes) - logit(no) of each row, float32, in the rows' order."""
        encoded = self.encode(rows)
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].tokens))
        result = np.zeros(len(encoded), dtype=np.float32)
        self.model.eval()
        for start in range(0, len(order), batch_size):
            part = order[start:start + batch_size]
            tokens, last, _, _ = _padded([encoded[i] for i in part], len(part))
            both = self.logits(tokens, last)
            result[part] = np.array(both[:, 1] - both[:, 0])
        return result


class Learner(Scorer):
    """A model with LoRA layers that is trained; the same weights at the start for the same seed."""

    def __init__(self, model: Any, tokenizer: Any, layout: prompt.Layout, settings: Settings) -> None:
        if settings.depth:  # an experiment: how good are the first layers alone?
            model.model.layers = model.model.layers[: settings.depth]
        super().__init__(model, tokenizer, layout)
        self.settings = settings
        model.freeze()
        linear_to_lora_layers(model, settings.layers or len(model.layers), self.config()["lora_parameters"])
        if not tree_flatten(model.trainable_parameters()):
            raise ModelError(f"no layer of the model is named {', '.join(settings.keys)}; name others with --keys")
        self.restart(settings)

    def restart(self, settings: Settings) -> None:
        """Fresh LoRA weights (A uniform as mlx-lm draws it, B zero) for another run of the same shape."""
        self.settings, self.start = settings, {}
        mx.random.seed(settings.seed)
        for name, value in sorted(tree_flatten(self.model.trainable_parameters())):
            bound = 1 / math.sqrt(value.shape[0])
            self.start[name] = (mx.random.uniform(-bound, bound, value.shape) if name.endswith("lora_a")
                                else mx.zeros(value.shape))
        mx.eval(self.start)
        self.set(self.start)

    def config(self) -> dict[str, Any]:
        """adapter_config.json, as mlx_lm.load(adapter_path=…) reads it."""
        s = self.settings
        return {"fine_tune_type": "lora", "num_layers": s.layers or len(self.model.layers),
                "lora_parameters": {"rank": s.rank, "scale": s.scale, "dropout": 0.0, "keys": list(s.keys)}}

    def set(self, weights: dict[str, mx.array]) -> None:
        self.model.update(tree_unflatten(list(weights.items())))


def _body_of(model: Any) -> tuple[Any, Any] | None:
    """(hidden states, output matrix) apart, where that gives what the whole model gives; else None.

    It spares the product of every position with the whole vocabulary, of which one position counts.
    """
    args = getattr(model, "args", None)
    embedding = getattr(getattr(model, "model", None), "embed_tokens", None)
    if embedding is None or not callable(getattr(model, "model", None)):
        return None
    head = model.lm_head if getattr(model, "lm_head", None) is not None and not getattr(
        args, "tie_word_embeddings", False) else embedding.as_linear
    probe = mx.array([[1, 2, 3]])
    try:
        whole, apart = model(probe)[:, -1], head(model.model(probe)[:, -1])
    except (TypeError, ValueError, AttributeError):
        return None
    near = mx.abs(whole - apart).max() <= 1e-2 * mx.maximum(1.0, mx.abs(whole).max())
    return (model.model, head) if near.item() else None


def _padded(rows: Sequence[Encoded], size: int) -> tuple[mx.array, mx.array, mx.array, mx.array]:
    """tokens (size, length), last real position, label, weight; rows that fill up weigh nothing."""
    length = -(-max(len(row.tokens) for row in rows) // STEP) * STEP
    tokens = np.zeros((size, length), dtype=np.int32)
    last, label, weight = np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.float32)
    for i, row in enumerate(rows):
        tokens[i, : len(row.tokens)] = row.tokens
        last[i], label[i], weight[i] = len(row.tokens) - 1, row.label, row.weight
    return mx.array(tokens), mx.array(last), mx.array(label), mx.array(weight)


def batches(rows: Sequence[Encoded], size: int, seed: int) -> Iterator[list[Encoded]]:
    """One epoch: shuffled, sorted by length within stretches of 32 batches, batches in random order."""
    rng = random.Random(seed)
    order = list(range(len(rows)))
    rng.shuffle(order)
    cut: list[list[int]] = []
    for start in range(0, len(order), size * 32):
        stretch = sorted(order[start:start + size * 32], key=lambda i: len(rows[i].tokens))
        cut += [stretch[i:i + size] for i in range(0, len(stretch), size)]
    rng.shuffle(cut)
    for part in cut:
        yield [rows[i] for i in part]


def cross_entropy(logits: mx.array, label: mx.array, weight: mx.array, smoothing: float) -> mx.array:
    """Weighted mean two-way cross entropy; `smoothing` of the target goes to the other answer by half."""
    margin = logits[:, 1] - logits[:, 0]
    target = label * (1 - smoothing) + smoothing / 2
    each = mx.logaddexp(mx.array(0.0), margin) - target * margin
    return (each * weight).sum() / mx.maximum(weight.sum(), 1e-6)


def held_back_figures(margins: np.ndarray, labels: Sequence[int]) -> tuple[float, float | None]:
    """Cross entropy (without smoothing) and AUC of margins on labelled rows."""
    truth = np.asarray(labels, dtype=np.float64)
    values = margins.astype(np.float64)
    return float(np.mean(np.logaddexp(0, values) - truth * values)), quality.auc(list(labels), values.tolist())


def train(learner: Learner, rows: Sequence[dict[str, Any]], held_back: Sequence[dict[str, Any]], report: Report,
          checkpoint: Path | None = None) -> Outcome:
    """Train from the learner's start; the weights with the lowest held-back loss are kept.

    With `checkpoint` (a folder) the run can be killed and taken up again at the last look, with the same result.
    """
    s = learner.settings
    data, labels = learner.encode(rows), [int(row["label"]) for row in held_back]
    per_epoch = -(-len(data) // s.batch_size)
    steps = max(1, round(per_epoch * s.epochs))
    look_every = max(1, steps // s.evaluations)
    optimizer = optimizers.AdamW(_schedule(s, steps), weight_decay=s.weight_decay)
    learner.set(learner.start)
    optimizer.init(learner.model.trainable_parameters())
    mark = _mark(s, data)
    run = _Run(learner.start)
    if checkpoint is not None:
        run = _restored(checkpoint, mark, learner, optimizer) or run
    update = _compiled(learner, optimizer)
    started, loss_sum = time.monotonic() - run.seconds, 0.0
    while run.step < steps and not run.stopped:
        epoch, skip = divmod(run.step, per_epoch)
        for batch in list(batches(data, s.batch_size, 1000 * s.seed + epoch))[skip:]:
            learner.model.train()
            loss = update(*_padded(batch, s.batch_size))
            mx.eval(learner.model.trainable_parameters(), optimizer.state, loss)
            loss_sum, run.step = loss_sum + loss.item(), run.step + 1
            if run.step % look_every == 0 or run.step == steps:
                _look(learner, run, held_back, labels)
                run.seconds = time.monotonic() - started
                report({"step": run.step, "steps": steps, "loss": loss_sum / look_every, "held_back_loss": run.last[0],
                        "auc": run.last[1], "seconds_left": run.seconds / run.step * (steps - run.step)})
                loss_sum = 0.0
                if checkpoint is not None:
                    _save(checkpoint, mark, learner, optimizer, run)
            if run.step >= steps or run.stopped:
                break
    return Outcome(run.best, run.best_loss, run.best_auc, run.best_step, steps, time.monotonic() - started)


class _Run:
    """Where a training run stands."""

    def __init__(self, start: dict[str, mx.array]) -> None:
        self.step, self.seconds, self.misses, self.stopped = 0, 0.0, 0, False
        self.best, self.best_loss, self.best_auc, self.best_step = dict(start), math.inf, None, 0
        self.last: tuple[float, float | None] = (math.inf, None)


def _look(learner: Learner, run: Any, held_back: Sequence[dict[str, Any]], labels: list[int]) -> None:
    """Measure on the held-back part; keep the best weights, stop after `patience` looks without a better one."""
    weights = dict(tree_flatten(learner.model.trainable_parameters()))
    if not labels:  # nothing held back: the last weights are the result
        run.best, run.best_step = weights, run.step
        return
    run.last = held_back_figures(learner.margins(held_back), labels)
    if run.last[0] < run.best_loss:
        run.best, run.best_loss, run.best_auc, run.best_step, run.misses = weights, *run.last, run.step, 0
    else:
        run.misses += 1
        run.stopped = run.misses >= learner.settings.patience


def _schedule(s: Settings, steps: int) -> Any:
    """Linear warm-up, then cosine down to a twentieth."""
    warm = max(1, round(steps * s.warmup))
    cosine = optimizers.cosine_decay(s.learning_rate, max(1, steps - warm), s.learning_rate / 20)
    return optimizers.join_schedules([optimizers.linear_schedule(0.0, s.learning_rate, warm), cosine], [warm])


def _compiled(learner: Learner, optimizer: Any) -> Callable[..., mx.array]:
    """One optimiser step, compiled once for each batch shape."""
    model, smoothing = learner.model, learner.settings.smoothing

    def loss(tokens: mx.array, last: mx.array, label: mx.array, weight: mx.array) -> mx.array:
        return cross_entropy(learner.logits(tokens, last), label, weight, smoothing)

    gradient = nn.value_and_grad(model, loss)
    state = [model.state, optimizer.state]

    def step(*batch: mx.array) -> mx.array:
        value, grads = gradient(*batch)
        grads, _ = optimizers.clip_grad_norm(grads, 1.0)
        optimizer.update(model, grads)
        return value

    compiled: Callable[..., mx.array] = mx.compile(step, inputs=state, outputs=state)
    return compiled


# ---------------------------------------------------------------- checkpoints

def _mark(s: Settings, data: Sequence[Encoded]) -> str:
    """A hash of settings and training tokens: a checkpoint of another run is never taken up."""
    digest = hashlib.sha256(json.dumps(asdict(s), sort_keys=True).encode())
    for row in data:
        digest.update(np.array([row.label, *row.tokens], dtype=np.int32).tobytes())
    return digest.hexdigest()


def _save(folder: Path, mark: str, learner: Learner, optimizer: Any, run: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {f"now.{k}": v for k, v in tree_flatten(learner.model.trainable_parameters())}
    arrays |= {f"best.{k}": v for k, v in run.best.items()}
    arrays |= {f"optimizer.{k}": v for k, v in tree_flatten(optimizer.state)}
    kept = {"step": run.step, "seconds": run.seconds, "misses": run.misses, "stopped": run.stopped,
            "best_loss": run.best_loss, "best_auc": run.best_auc, "best_step": run.best_step, "last": run.last}
    partial = folder / "partial.safetensors"
    mx.save_safetensors(str(partial), arrays, {"mark": mark, "run": json.dumps(kept)})
    partial.replace(folder / "checkpoint.safetensors")


def _restored(folder: Path, mark: str, learner: Learner, optimizer: Any) -> Any | None:
    """The run that the folder's checkpoint holds, weights and optimiser set to it; None where it is of another run."""
    path = folder / "checkpoint.safetensors"
    if not path.exists():
        return None
    try:
        arrays, metadata = mx.load(str(path), return_metadata=True)
    except (RuntimeError, ValueError):
        return None
    if metadata.get("mark") != mark:
        return None
    parts: dict[str, dict[str, mx.array]] = {"now": {}, "best": {}, "optimizer": {}}
    for name, value in arrays.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = value
    learner.set(parts["now"])
    optimizer.state = tree_unflatten(list(parts["optimizer"].items()))
    run = _Run(parts["best"])
    for name, value in json.loads(metadata["run"]).items():
        setattr(run, name, value)
    return run


# ---------------------------------------------------------------- averaging

def merged(adapters: Sequence[dict[str, mx.array]], rank: int) -> dict[str, mx.array]:
    """The mean of adapters' products A·B, each cut back to `rank` by SVD (the nearest matrix of that rank).

    Averaging A and B by themselves would mix their cross terms; averaging the products is averaging the updates.
    """
    result = {}
    for name in adapters[0]:
        if not name.endswith(".lora_a"):
            continue
        stem = name.removesuffix("lora_a")
        wide = np.concatenate([np.array(adapter[name], dtype=np.float64) for adapter in adapters], axis=1)
        tall = np.concatenate([np.array(adapter[f"{stem}lora_b"], dtype=np.float64) for adapter in adapters], axis=0)
        (q1, r1), (q2, r2) = np.linalg.qr(wide), np.linalg.qr(tall.T)
        u, sizes, vt = np.linalg.svd(r1 @ r2.T / len(adapters))
        root = np.sqrt(sizes[:rank])
        result[name] = mx.array((q1 @ u[:, :rank] * root).astype(np.float32))
        result[f"{stem}lora_b"] = mx.array((root[:, None] * (q2 @ vt[:rank].T).T).astype(np.float32))
    return result
