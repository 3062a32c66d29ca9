"""Train an adapter for the verifier's model from labelled texts.

    python -m cybersieve adapt --labels training.jsonl --output models/smollm2-135m-instruct
    python -m cybersieve adapt --labels labels/sample_stratified.csv --parsed-dir data/parsed --output my_adapter
    python -m cybersieve adapt --labels more.jsonl --start-from models/smollm2-135m-instruct --output my_adapter
    python -m cybersieve adapt --labels training.jsonl --start-from my_adapter --consistent 2400 --epochs 1 \\
        --learning-rate 1e-4 --output my_firm_adapter

Reads `{text, label}` JSONL and label files (CSV file,id,label; their texts come from --parsed-dir). Writes
adapters.safetensors and adapter_config.json (mlx_lm.load(adapter_path=…) reads them), verifier.json (how the
question is put), calibration.json (margin to probability), margins.jsonl (what was measured on texts held back)
and README.md, the model card. Records with a uniform label and texts that read the same as one are refused.
--consistent teaches an adapter to answer a text with an injection as it answers the text alone, by its own answers,
and writes the mean of the weights before and after. --mean-with trains nothing: it writes the mean of --start-from
and of another adapter of the same model, which counts by --share. Where that was trained from --start-from by
further steps, it is the mean of the weights; else of their products, cut back to --rank. Texts of --check are never
learned: they are measured, and calibration and posterior are fitted on them beside the texts held back.
A killed run goes on where it stopped. Works on CPU, Metal and CUDA.
"""

import argparse
import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cybersieve import adapter_folder, cache, cli, labels, machine, params, prompt, records, training_data
from cybersieve.errors import InputError, ParamsError
from cybersieve.training_data import Row

FEW = 50  # texts to calibrate on, below which a warning says so
SETTINGS = {  # of lora.Settings: what --help says of them
    "rank": "of the LoRA matrices; with --start-from that adapter's", "scale": "of what they add",
    "layers": "with LoRA, from the last one; 0: all", "depth": "use only the model's first layers; 0: all",
    "epochs": "times that each text is seen",
    "batch_size": "texts a step", "learning_rate": "at its highest", "warmup": "share of the steps until it is there",
    "weight_decay": "of AdamW", "smoothing": "of labels", "evaluations": "looks at the texts held back in a whole run",
    "patience": "looks without a lower loss until it stops"}


def main(arguments: Sequence[str] | None = None) -> None:
    run(_parser().parse_args(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = cli.command("adapt", __doc__)
    parser.add_argument("--labels", type=Path, nargs="+", metavar="FILE", default=[], help="labelled texts: JSONL, CSV")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="the adapter's folder")
    parser.add_argument("--check", type=Path, nargs="+", metavar="FILE", default=[],
                        help="more labelled texts, to calibrate on; those that are among --labels are passed over")
    parser.add_argument("--parsed-dir", type=Path, metavar="DIR", help="where the texts of CSV labels are")
    parser.add_argument("--never", type=Path, metavar="FILE", help="fingerprints of texts to refuse (never.csv)")
    parser.add_argument("--model", default="smollm2-135m-instruct", help="as verify.model (default %(default)s)")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="of the frozen weights (default: by device)")
    parser.add_argument("--question", default=params.PROMPT, help="put behind the text (default %(default)r)")
    parser.add_argument("--max-tokens", type=int, default=80, help="of a text's beginning (default %(default)s)")
    defaults = _settings_type()()
    for field in dataclasses.fields(defaults):
        if field.name not in ("seed", "keys", "start_from", "base"):
            value = getattr(defaults, field.name)
            name = f"--{field.name.replace('_', '-')}"
            parser.add_argument(name, type=type(value), default=None if field.name == "rank" else value,
                                help=f"{SETTINGS[field.name]} (default {value})")
    parser.add_argument("--keys", nargs="+", default=list(defaults.keys), help="layers with LoRA (default %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one run each; several are averaged")
    parser.add_argument("--held-back", type=float, default=0.08, help="share only measured on (default %(default)s)")
    parser.add_argument("--folds", type=int, default=0, help="also train on all but one of N parts, for calibration")
    parser.add_argument("--each-source", action="store_true", help="also train on all but one source, for each source")
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="SOURCE", help="sources to keep out of training")
    parser.add_argument("--start-from", type=Path, metavar="DIR", help="an adapter to go on from")
    parser.add_argument("--consistent", type=int, default=0, metavar="N",
                        help="learn --start-from's own answers, on N texts and on copies with injections")
    parser.add_argument("--mean-with", type=Path, metavar="DIR",
                        help="no training: the mean of --start-from and another adapter")
    parser.add_argument("--share", type=float, default=0.5, help="of --mean-with in the mean (default %(default)s)")
    parser.add_argument("--learned", type=Path, nargs="+", metavar="FILE", default=[],
                        help="what other adapters that this one comes from have learned: not calibrated on")
    parser.add_argument("--prior", type=float, metavar="SHARE",
                        help="of security texts where the adapter is used: p_yes holds there (default 0.5; with "
                             "--recalibrate, what it was)")
    parser.add_argument("--rules", type=Path, metavar="FILE", help="rules.yaml: fit the posterior with the rules, too")
    parser.add_argument("--recalibrate", action="store_true", help="no training: calibrate from the margins there")
    return parser


def _settings_type() -> Any:
    from cybersieve import lora

    return lora.Settings


def _rank(weights: Any) -> int:
    """An adapter's: the first of its matrices by name is a lora_a, (inputs, rank)."""
    return int(weights[min(weights)].shape[1])


def run(args: argparse.Namespace) -> None:
    prior = adapter_folder.former_prior(args.output) if args.prior is None and args.recalibrate else args.prior
    args.prior = 0.5 if prior is None else prior
    if not 0 < args.prior < 1:
        raise ParamsError(f"--prior must lie between 0 and 1, and is {args.prior}")
    met = {one["group"] for one in collect(args.learned, args.parsed_dir, args.never)[0]}
    if args.recalibrate:
        rows, _ = collect([*args.labels, *args.check], args.parsed_dir, args.never)
        if met:
            adapter_folder.forget(args.output, met)
        adapter_folder.calibrate(args.output, rows, args.rules, args.prior)
        return
    _check(args)
    files = ", ".join(map(str, args.labels)) or "--labels"
    rows, left_out = collect(args.labels, args.parsed_dir, args.never)
    rows = [one for one in rows if one["source"] not in args.leave_out]
    if len({one["label"] for one in rows}) < 2:
        raise InputError(files, f"{len(rows)} texts, and not both answers among them", remedy="add labelled texts")
    known = {one["group"] for one in rows} | met
    extra = [one for one in collect(args.check, args.parsed_dir, args.never)[0] if one["group"] not in known]
    held = [one for one in rows if training_data.share(one["group"]) < args.held_back and one["group"] not in met]
    learned = [one for one in rows if training_data.share(one["group"]) >= args.held_back]
    if not (held or extra or args.folds or args.each_source) or not learned:
        raise InputError(files, f"of {len(rows)} texts {len(learned)} are to learn from and {len(held)} held back to "
                         "calibrate on", remedy="add labelled texts")
    bench, checked = Bench(args), held
    if args.consistent:
        learned, held = bench.consistent(learned, args.consistent), bench.consistent(held, args.consistent // 10)
    print(f"{len(learned)} texts to learn from, {len(held)} held back; left out: {dict(left_out)}", flush=True)
    if not held:
        cli.warn("no text is held back: no look stops the training early, and the last weights are taken as they come "
                 "(remedy: more --labels, or a larger --held-back)")
    elif len(held) + len(extra) < FEW and not (args.folds or args.each_source):
        cli.warn(f"{len(held) + len(extra)} texts to measure and calibrate on: what they show says little "
                 "(remedy: more --labels, or a larger --held-back)")
    best = bench.mean(held) if args.mean_with else bench.best(learned, held)
    if args.consistent:
        best = bench.halfway(best, held)
    measured = _measured(bench.learner, checked, "held back") + _measured(bench.learner, extra, "checked")
    measured += bench.cross_validated(rows, args.folds, args.each_source)
    adapter_folder.write(args, bench.learner, best, rows, extra, measured)


def _check(args: argparse.Namespace) -> None:
    """Settle --rank. Raises ParamsError where an argument is out of range, or at odds with another."""
    if not 0 < args.held_back < 0.9 or args.max_tokens < 8:
        raise ParamsError("--held-back must lie between 0 and 0.9, --max-tokens be at least 8")
    if args.rank is None:
        known = adapter_folder.start_weights(args.start_from)[0]
        args.rank = _rank(known) if known else _settings_type()().rank
    if min(args.rank, args.batch_size, args.evaluations) < 1:
        raise ParamsError("--rank, --batch-size and --evaluations must be at least 1")
    if args.consistent and (args.start_from is None or args.folds or args.each_source):
        raise ParamsError("--consistent wants an adapter to go on from (--start-from), and no --folds or --each-source")
    if args.mean_with and (args.start_from is None or args.consistent or args.folds or args.each_source):
        raise ParamsError("--mean-with wants an adapter to take the mean with (--start-from), and no --consistent, "
                          "--folds or --each-source")
    if not 0 < args.share < 1:
        raise ParamsError(f"--share must lie between 0 and 1, and is {args.share}")


def collect(files: Sequence[Path], parsed_dir: Path | None, never: Path | None) -> tuple[list[Row], dict[str, int]]:
    """All labelled texts that may be learned, and how many were left out by reason.

    Raises InputError where a file is the uniform labels, or a CSV comes without the texts.
    """
    banned = set(never.read_text(encoding="utf-8").split()) if never else set()
    rows: list[Row] = []
    for path in files:
        if path.suffix != ".csv":
            rows += training_data.read_jsonl(path)
            continue
        if path.name == labels.UNIFORM:
            raise InputError(path, "uniform labels are only ever measured on", remedy=f"train on {labels.STRATIFIED}")
        if parsed_dir is None:
            raise InputError(path, "names records, not texts", remedy="say where they are with --parsed-dir")
        uniform = labels.load_optional(path.parent, labels.UNIFORM)
        wanted = {key: value for key, value in labels.load(path).items() if value is not None and key not in uniform}
        rows += training_data.labelled(parsed_dir, wanted, weight=training_data.LABELLED)
        banned |= training_data.never(parsed_dir, path.parent)
    return training_data.clean(rows, banned)


@dataclass
class Bench:
    """One model in memory, on which every run of a command trains."""

    args: argparse.Namespace
    learner: Any = None
    base: str = ""  # sha256 of the model's weights

    def ready(self, seed: int, weights: Any = None) -> None:
        """The learner with the weights that a run of this seed begins with: fresh ones, those of --start-from, or
        `weights`."""
        from cybersieve import lora

        args = self.args
        chosen = {f.name: getattr(args, f.name) for f in dataclasses.fields(lora.Settings) if hasattr(args, f.name)}
        known, start = adapter_folder.start_weights(args.start_from)
        if args.consistent:
            chosen["smoothing"] = 0.0  # its answers are probabilities already
        settings = lora.Settings(**(chosen | {"keys": tuple(args.keys), "seed": seed, "start_from": start}))
        if self.learner is None:
            model, tokenizer, self.base = load_model(args.model, args.dtype)
            self.learner = lora.Learner(model, tokenizer, layout(args.question, args.max_tokens), settings)
        self.learner.restart(dataclasses.replace(settings, base=self.base), weights or known)

    def consistent(self, texts: Sequence[Row], count: int) -> list[Row]:
        """Rows that teach --start-from to answer injected texts as it answers them without."""
        from cybersieve import consistency

        self.ready(self.args.seeds[0])
        return consistency.rows(texts, count, self.learner.margins)

    def learn(self, seed: int, rows: Sequence[Row], held: Sequence[Row], name: str) -> Any:
        """One training run; the learner is left with its best weights."""
        from cybersieve import lora

        args = self.args
        self.ready(seed)
        folder = cache.folder() / "adapt" / f"{args.output.resolve().name}-{name.replace(' ', '-')}"
        with Progress(name) as progress:
            outcome = lora.train(self.learner, rows, held, progress.report, folder)
        self.learner.set(outcome.weights)
        return outcome

    def best(self, rows: Sequence[Row], held: Sequence[Row]) -> Any:
        """The run of the seed with the lowest held-back loss, or the mean of all seeds' where that is lower."""
        from cybersieve import merging

        runs = [self.learn(seed, rows, held, f"seed {seed}") for seed in self.args.seeds]
        best = min(runs, key=lambda one: one.loss)
        if len(runs) > 1 and held:
            weights = merging.merged([one.weights for one in runs], self.args.rank)
            self.learner.set(weights)
            loss, auc = self.figures(held)
            print(f"mean of {len(runs)} seeds: held-back loss {loss:.4f}, AUC {auc}", flush=True)
            if loss <= best.loss:
                best = dataclasses.replace(best, weights=weights, loss=loss, auc=auc)
        self.learner.set(best.weights)
        return best

    def figures(self, held: Sequence[Row]) -> tuple[float, float | None]:
        """Loss and AUC of the learner's weights on texts held back; infinite, and none, where there are none."""
        from cybersieve import lora

        return lora.held_back_figures(self.learner.margins(held), lora.targets(held)) if held else (math.inf, None)

    def mean(self, held: Sequence[Row]) -> Any:
        """The mean of --start-from and --mean-with: of the weights where the second came from the first by training
        alone (halfway says why), else of the products (merging says why). Raises InputError where they don't fit.
        """
        from cybersieve import lora, merging

        args, folders = self.args, (self.args.start_from, self.args.mean_with)
        one, other = (adapter_folder.start_weights(folder)[0] for folder in folders)
        trained = adapter_folder.came_by(args.mean_with, args.start_from) == "training"
        sizes = [{name: weights[name].shape[0 if name.endswith("lora_a") else -1] for name in weights}
                 for weights in (one, other)]  # inputs of each A, outputs of each B
        if not one or sizes[0] != sizes[1]:
            raise InputError(args.mean_with / adapter_folder.WEIGHTS, f"of other layers than {args.start_from}",
                             remedy="take the mean of adapters of one model, trained with the same --keys and --layers")
        ranks = [_rank(weights) for weights in (one, other)]
        if args.rank > sum(ranks) or (trained and {args.rank} != {*ranks}):
            raise ParamsError(f"--rank {args.rank}: the adapters have {' and '.join(map(str, ranks))}; it must be the "
                              "same where one was trained from the other, else at most their sum")
        if trained:
            weights = merging.between(one, other, args.share)
        else:
            lora_of = [records.load_json(folder / "adapter_config.json")["lora_parameters"] for folder in folders]
            weights = merging.merged([one, other], args.rank, [share * made["scale"] / args.scale for share, made in
                                                               zip((1 - args.share, args.share), lora_of, strict=True)])
        self.ready(args.seeds[0], weights)
        loss, auc = self.figures(held)
        return lora.Outcome(weights, loss, auc, 0, 0, 0.0)

    def halfway(self, best: Any, held: Sequence[Row]) -> Any:
        """The mean of the weights before and after: nearly as firm, and more of what was known is kept.

        After Wortsman et al. 2022, robust fine-tuning of zero-shot models (arXiv:2109.01903). Of the weights as they
        are, since one run led from the first to the second; seeds' have nothing in common but their product (merging).
        """
        from cybersieve import merging

        weights = merging.between(adapter_folder.start_weights(self.args.start_from)[0], best.weights, 0.5)
        self.learner.set(weights)
        loss, auc = self.figures(held)
        return dataclasses.replace(best, weights=weights, loss=loss, auc=auc)

    def cross_validated(self, rows: Sequence[Row], folds: int, each_source: bool) -> list[Row]:
        """Margins of texts by adapters that never saw them: by parts of the texts, and by whole sources."""
        parts = [(f"part {k + 1} of {folds}", "part", {one["group"] for one in rows if int(training_data.share(
            one["group"], "fold") * folds) == k}) for k in range(folds)]
        if each_source:
            for source in sorted({one["source"] for one in rows}):
                parts.append((f"without {source}", "source", {one["group"] for one in rows if one["source"] == source}))
        measured = []
        for name, kind, out in parts:
            rest = [one for one in rows if one["group"] not in out]
            held = [one for one in rest if training_data.share(one["group"]) < self.args.held_back]
            learned = [one for one in rest if training_data.share(one["group"]) >= self.args.held_back]
            self.learn(self.args.seeds[0], learned, held, name)
            measured += _measured(self.learner, [one for one in rows if one["group"] in out], kind)
        return measured


def layout(question: str, max_tokens: int) -> prompt.Layout:
    """How an adapter's question is put; each answer counts by one token."""
    return prompt.Layout("Text: ", f"\n{question} Answer:", max_tokens, (" Yes",), (" No",))


def load_model(name: str, dtype: str | None) -> tuple[Any, Any, str]:
    """Model, tokenizer and the weights' sha256; dequantised: bfloat16 on a GPU, float32 on a CPU, or to `dtype`."""
    from cybersieve import blas

    blas.load()
    blas.threads(machine.cores())
    import mlx.core as mx

    from cybersieve import model

    usual = "float32" if mx.default_device() == mx.cpu else "bfloat16"
    found = model.find(params.Verify(backend="mlx", model=name, revision=None, adapter=None, batch_size=32,
                                     max_tokens=80, prompt=params.PROMPT, examples=[], max_failed=0.0))
    return *model.open_files(found, dtype or usual), found.weights


def _measured(learner: Any, rows: Sequence[Row], kind: str) -> list[Row]:
    """Rows of margins.jsonl for texts the learner has not seen; copies (shortened, injected) are left out."""
    originals = [one for one in rows if one["group"] == training_data.fingerprint(one["text"])]
    return [{"group": one["group"], "source": one["source"], "stratum": one["stratum"], "label": one["label"],
             "by": kind, "margin": round(float(margin), 4)}
            for one, margin in zip(originals, learner.margins(originals), strict=True)]


class Progress:
    """Loss, AUC and time left: a line that rewrites itself on a terminal, a line a look in a log."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.status: Any = None

    def __enter__(self) -> "Progress":
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal:
            self.status = console.status(f"{self.name}: …")
            self.status.__enter__()
        return self

    def report(self, figures: dict[str, Any]) -> None:
        held_back = adapter_folder.held_back(figures["held_back_loss"], figures["auc"])
        line = (f"{self.name}: step {figures['step']}/{figures['steps']}  loss {figures['loss']:.4f}  "
                f"{held_back}  {figures['seconds_left']:.0f} s left")
        if self.status is not None:
            self.status.update(line)
        else:
            print(line, flush=True)

    def __exit__(self, *error: Any) -> None:
        if self.status is not None:
            self.status.__exit__(*error)
