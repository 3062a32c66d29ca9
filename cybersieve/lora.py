"""Training a LoRA adapter to answer yes or no: batches, loss, optimiser. mlx-lm's own LoRA layers.

Only the answer counts: one forward pass over prefix + text + suffix, the two answer rows of the output matrix at
the last real token, a two-way cross entropy with label smoothing. Texts of like length share a batch and are
padded on the right (attention is causal, so padding can't change the last real token's state).

Covered: any mlx-lm language model, on CPU, Metal or CUDA. Not covered: distributed training.
"""

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cybersieve import blas, checkpoints, prompt, quality
from cybersieve.errors import ModelError

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)
import mlx.optimizers as optimizers  # noqa: E402
from mlx.nn.utils import value_and_grad  # noqa: E402
from mlx.utils import tree_flatten, tree_unflatten  # noqa: E402
from mlx_lm.tuner.utils import linear_to_lora_layers  # noqa: E402

STEP = 16  # batch lengths are multiples of this: few shapes to compile for
GPU_CACHE = 3 << 30  # bytes of freed memory that MLX may keep while training: it grows without bound otherwise


@dataclass(frozen=True)
class Settings:
    """One training run; the defaults are those of the shipped adapter (docs/adapter.md says how they were found)."""

    rank: int = 8
    scale: float = 20.0
    layers: int = 0  # how many layers, from the last one, get LoRA; 0 means all
    depth: int = 0  # use only the model's first layers; 0 means all
    keys: tuple[str, ...] = ("self_attn.q_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.down_proj")
    epochs: float = 2.0
    batch_size: int = 32
    learning_rate: float = 2e-4
    warmup: float = 0.06  # share of the steps
    weight_decay: float = 0.01
    smoothing: float = 0.05  # label smoothing
    evaluations: int = 6  # looks at the held-back part in a whole run
    patience: int = 3  # looks without a lower held-back loss until the run stops
    seed: int = 0
    start_from: str = ""  # sha256 of the weights that a run went on from; empty: from scratch
    base: str = ""  # sha256 of the model's weights


@dataclass(frozen=True)
class Encoded:
    """One row ready to train on."""

    tokens: list[int]
    target: float  # the answer yes: a label, or another adapter's probability
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


def targets(rows: Sequence[dict[str, Any]]) -> list[float]:
    """What is to be answered: a row's `target` in 0 to 1, else its label."""
    return [float(row.get("target", row.get("label") or 0)) for row in rows]


def flat(tree: Any) -> dict[str, mx.array]:
    """A tree of arrays as a flat dict, names joined by dots."""
    return dict(tree_flatten(tree))


class Scorer:
    """A model that is asked: margins of texts under one layout."""

    def __init__(self, model: Any, tokenizer: Any, layout: prompt.Layout) -> None:
        self.model, self.tokenizer, self.layout = model, tokenizer, layout
        self.prefix = prompt.prefix_tokens(tokenizer, layout)
        self.suffix = prompt.suffix_tokens(tokenizer, layout)
        yes, no = prompt.answer_tokens(tokenizer, layout)
        prompt.check_vocabulary(tokenizer, self.prefix + self.suffix + yes + no, model(mx.array([[0]])).shape[-1])
        self.answers = mx.array([no[0], yes[0]])
        self._body = _body_of(model)

    def encode(self, rows: Sequence[dict[str, Any]]) -> list[Encoded]:
        texts = prompt.text_tokens(self.tokenizer, self.layout, [row["text"] for row in rows])
        return [Encoded([*self.prefix, *tokens, *self.suffix], target, float(row.get("weight", 1)))
                for row, tokens, target in zip(rows, texts, targets(rows), strict=True)]

    def logits(self, tokens: mx.array, last: mx.array) -> mx.array:
        """(batch, 2) float32: the answers no and yes at each row's last real token."""
        rows = mx.arange(tokens.shape[0])
        if self._body is None:
            scores: mx.array = self.model(tokens)[rows, last]
        else:
            state, head = self._body
            scores = head(state(tokens)[rows, last])
        return scores[:, self.answers].astype(mx.float32)

    def margins(self, rows: Sequence[dict[str, Any]], batch_size: int = 64) -> np.ndarray:
        """logit(yes) - logit(no) of each row, float32, in the rows' order. Raises ModelError where one is no number."""
        encoded = self.encode(rows)
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].tokens))
        result = np.zeros(len(encoded), dtype=np.float32)
        self.model.eval()
        for start in range(0, len(order), batch_size):
            part = order[start:start + batch_size]
            tokens, last, _, _ = _padded([encoded[i] for i in part], len(part))
            both = self.logits(tokens, last)
            result[part] = np.array(both[:, 1] - both[:, 0])
        if not np.isfinite(result).all():
            raise ModelError("the model answers with NaN instead of numbers (in training: lower --learning-rate)")
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
        if not flat(model.trainable_parameters()):
            known = {name for layer in model.layers for name, part in layer.named_modules()
                     if getattr(part, "weight", mx.array(0)).ndim == 2}
            raise ModelError(f"no layer of the model is named {', '.join(settings.keys)}; name others with --keys "
                             f"(known: {', '.join(sorted(known))})")
        self.restart(settings)

    def restart(self, settings: Settings, known: dict[str, mx.array] | None = None) -> None:
        """Fresh LoRA weights (A uniform as mlx-lm draws it, B zero), or `known` ones, for another run of this shape.

        Raises ModelError where the known ones are of another shape.
        """
        self.settings, self.start = settings, {}
        mx.random.seed(settings.seed)
        for name, value in sorted(flat(self.model.trainable_parameters()).items()):
            bound = 1 / math.sqrt(value.shape[0])
            self.start[name] = (mx.random.uniform(-bound, bound, value.shape) if name.endswith("lora_a")
                                else mx.zeros(value.shape))
        if known is not None:
            if {name: value.shape for name, value in known.items()} != {n: v.shape for n, v in self.start.items()}:
                raise ModelError("the adapter to go on from has other layers, or another rank")
            self.start = {name: value.astype(mx.float32) for name, value in known.items()}
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
    """tokens (size, length), last real position, target, weight; rows that fill up weigh nothing."""
    length = -(-max(len(row.tokens) for row in rows) // STEP) * STEP
    tokens = np.zeros((size, length), dtype=np.int32)
    last, target, weight = np.zeros(size, np.int32), np.zeros(size, np.float32), np.zeros(size, np.float32)
    for i, row in enumerate(rows):
        tokens[i, : len(row.tokens)] = row.tokens
        last[i], target[i], weight[i] = len(row.tokens) - 1, row.target, row.weight
    return mx.array(tokens), mx.array(last), mx.array(target), mx.array(weight)


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


def cross_entropy(logits: mx.array, target: mx.array, weight: mx.array, smoothing: float) -> mx.array:
    """Weighted mean two-way cross entropy; `smoothing` of the target goes to the other answer by half."""
    margin = logits[:, 1] - logits[:, 0]
    target = target * (1 - smoothing) + smoothing / 2
    each = mx.logaddexp(mx.array(0.0), margin) - target * margin
    return (each * weight).sum() / mx.maximum(weight.sum(), 1e-6)


def held_back_figures(margins: np.ndarray, wanted: Sequence[float]) -> tuple[float, float | None]:
    """Cross entropy (without smoothing) and AUC of margins against targets, those above a half being yes."""
    values = margins.astype(np.float64)
    loss = np.mean(np.logaddexp(0, values) - np.asarray(wanted, dtype=np.float64) * values)
    return float(loss), quality.auc([int(target > 0.5) for target in wanted], values.tolist())


def train(learner: Learner, rows: Sequence[dict[str, Any]], held_back: Sequence[dict[str, Any]], report: Report,
          checkpoint: Path | None = None) -> Outcome:
    """Train from the learner's start; the weights with the lowest held-back loss are kept.

    With `checkpoint` (a folder) the run can be killed and taken up again at the last look, with the same result.
    """
    s = learner.settings
    data = learner.encode(rows)
    per_epoch = -(-len(data) // s.batch_size)
    steps = max(1, round(per_epoch * s.epochs))
    look_every = max(1, steps // s.evaluations)
    optimizer = optimizers.AdamW(_schedule(s, steps), weight_decay=s.weight_decay)
    if mx.default_device() != mx.cpu:
        mx.set_cache_limit(GPU_CACHE)
    learner.set(learner.start)
    optimizer.init(learner.model.trainable_parameters())
    mark = checkpoints.mark(asdict(s), ((row.target, row.tokens) for row in data))
    run = checkpoints.Run(dict(learner.start))
    if checkpoint is not None and (kept := checkpoints.restore(checkpoint, mark)):
        run, weights, state = kept
        learner.set(weights)
        optimizer.state = tree_unflatten(list(state.items()))
    update = _compiled(learner, optimizer)
    started, loss_sum = time.monotonic() - run.seconds, 0.0
    while run.step < steps and not run.stopped:
        epoch, skip = divmod(run.step, per_epoch)
        for batch in list(batches(data, s.batch_size, 1000 * s.seed + epoch))[skip:]:
            learner.model.train()
            loss = update(*_padded(batch, s.batch_size))
            mx.eval(learner.model.trainable_parameters(), optimizer.state, loss)
            loss_sum, run.step = loss_sum + float(np.array(loss)), run.step + 1
            if run.step % look_every == 0 or run.step == steps:
                _look(learner, run, held_back)
                run.seconds = time.monotonic() - started
                report({"step": run.step, "steps": steps, "loss": loss_sum / look_every, "held_back_loss": run.last[0],
                        "auc": run.last[1], "seconds_left": run.seconds / run.step * (steps - run.step)})
                loss_sum = 0.0
                if checkpoint is not None:
                    checkpoints.save(checkpoint, mark, run, flat(learner.model.trainable_parameters()),
                                     flat(optimizer.state))
            if run.step >= steps or run.stopped:
                break
    return Outcome(run.best, run.best_loss, run.best_auc, run.best_step, steps, time.monotonic() - started)


def _look(learner: Learner, run: checkpoints.Run, held_back: Sequence[dict[str, Any]]) -> None:
    """Measure on the held-back part; keep the best weights, stop after `patience` looks without a better one."""
    weights = flat(learner.model.trainable_parameters())
    if not held_back:  # nothing held back: the last weights are the result
        run.best, run.best_step = weights, run.step
        return
    run.last = held_back_figures(learner.margins(held_back), targets(held_back))
    if run.last[0] < run.best_loss:
        run.best, run.best_step, run.misses = weights, run.step, 0
        run.best_loss, run.best_auc = run.last
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

    def loss(tokens: mx.array, last: mx.array, target: mx.array, weight: mx.array) -> mx.array:
        return cross_entropy(learner.logits(tokens, last), target, weight, smoothing)

    gradient = value_and_grad(model, loss)
    clip: Callable[..., Any] = optimizers.clip_grad_norm
    state = [model.state, optimizer.state]

    def step(*batch: mx.array) -> mx.array:
        found: tuple[mx.array, Any] = gradient(*batch)
        optimizer.update(model, clip(found[1], 1.0)[0])
        return found[0]

    compiled: Callable[..., mx.array] = mx.compile(step, inputs=state, outputs=state)
    return compiled
