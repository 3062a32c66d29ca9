"""An adapter's folder: what a training run leaves in it, and what is told there of how the adapter came about."""

import argparse
import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cybersieve import calibration, cli, hashing, model_card, prompt, records, training_data
from cybersieve.errors import InputError
from cybersieve.training_data import Row

WEIGHTS = "adapters.safetensors"
MARGINS = "margins.jsonl"
ENOUGH = 100  # labelled records to fit a posterior of two weights on
MOST_MB = 5.0  # an adapter larger than this is not shipped


def write(args: argparse.Namespace, learner: Any, best: Any, rows: Sequence[Row], extra: Sequence[Row],
          measured: Sequence[Row]) -> None:
    """The adapter's folder, file by file; the weights last, so that a folder with weights is a whole one."""
    import mlx.core as mx

    folder: Path = args.output
    folder.mkdir(parents=True, exist_ok=True)
    put = dataclasses.asdict(learner.layout)
    asked = {name: put[name] for name in ("prefix", "suffix", "max_tokens", "yes", "no")}
    records.save_json(folder / "adapter_config.json", learner.config())
    records.save_json(folder / prompt.CONFIG, asked)
    write_margins(folder, measured)
    settings = dataclasses.asdict(learner.settings)
    loss = round(best.loss, 4) if math.isfinite(best.loss) else None
    facts = {"model": args.model, "settings": settings, "seeds": args.seeds, "table": training_data.table(rows),
             "loss": loss, "auc": best.auc, "left_out": args.leave_out}
    if args.consistent:
        facts["consistent"] = args.consistent
    before = args.start_from
    if args.mean_with:
        facts["share"] = args.share
        if came := came_by(args.mean_with, args.start_from):
            facts["mean_from_step"], before = len(model_card.steps(learned(args.start_from))), args.mean_with
            facts |= {"by_products": True} if came == "products" else {}
        else:
            facts["mean_with"] = learned(args.mean_with)
    if past := learned(before):
        facts["before"] = past
    records.save_json(folder / "training.json", facts)
    calibrate(folder, [*rows, *extra], args.rules, args.prior)
    weights = {name: value.astype(mx.float16) for name, value in sorted(best.weights.items())}
    mx.save_safetensors(str(folder / WEIGHTS), weights, {"format": "mlx"})
    size = (folder / WEIGHTS).stat().st_size / 1e6
    if size > MOST_MB:
        cli.warn(f"{folder}: the adapter has {size:.1f} MB, more than {MOST_MB} MB; lower --rank or --layers")
    print(f"{folder}: {held_back(best.loss, best.auc)}, {size:.1f} MB", flush=True)


def start_weights(folder: Path | None) -> tuple[Any, str]:
    """The weights to go on from, by name, and the file's sha256; (None, "") from scratch. Raises InputError."""
    import mlx.core as mx

    if folder is None:
        return None, ""
    try:
        return mx.load(str(folder / WEIGHTS)), hashing.of_file(folder / WEIGHTS)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(folder / WEIGHTS, str(error), remedy="--start-from takes the folder of an adapter") from None


def came_by(later: Path, earlier: Path) -> str:
    """How the first adapter came from the second, by its record: by `training` alone, or by `products`, where a mean of
    products (of other adapters, of seeds) lies between, since which its factors are others; empty where it did not.
    """
    weights, steps = start_weights(earlier)[1], model_card.steps(learned(later))
    begin = next((at for at, step in enumerate(steps) if step["settings"].get("start_from") == weights), None)
    if begin is None:
        return ""
    mixed = any(step.keys() & {"mean_with", "by_products"} or len(step["seeds"]) > 1 for step in steps[begin:])
    return "products" if mixed else "training"


def learned(folder: Path | None) -> dict[str, Any]:
    """The record of an adapter's training; empty where there is none."""
    path = folder / "training.json" if folder else None
    return dict(records.load_json(path)) if path and path.exists() else {}


def held_back(loss: float, auc: float | None) -> str:
    return f"held-back loss {loss:.4f}, AUC {auc}" if math.isfinite(loss) else "nothing held back"


def write_margins(folder: Path, rows: Sequence[Row]) -> None:
    lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in rows]
    (folder / MARGINS).write_text("".join(lines), encoding="utf-8")


def read_margins(folder: Path) -> list[Row]:
    path = folder / MARGINS
    if not path.exists():
        raise InputError(path, "no such file", remedy="train first")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def forget(folder: Path, met: set[str]) -> None:
    """Leave only what was measured on texts that are not among those."""
    kept = [one for one in read_margins(folder) if one["group"] not in met]
    if not kept:
        raise InputError(folder / MARGINS, "every text in it is among those of --learned",
                         remedy="name fewer files there")
    write_margins(folder, kept)


def former_prior(folder: Path) -> float | None:
    """The prior that the adapter there was calibrated with; None where nothing tells."""
    path = folder / "calibration.json"
    return records.load_json(path).get("fitted_on", {}).get("prior") if path.exists() else None


def calibrate(folder: Path, texts: Sequence[Row], rules_file: Path | None, prior: float) -> None:
    """calibration.json and the model card from margins.jsonl: sources left out count before parts, parts before
    the part held back once, because they show texts of a kind the adapter has not learned; texts checked always."""
    rows = read_margins(folder)
    by = next((kind for kind in ("source", "part", "held back") if any(one["by"] == kind for one in rows)), "checked")
    chosen = [one for one in rows if one["by"] in (by, "checked") and one["source"] != "synthetic"] or rows
    scaling = calibration.platt([one["margin"] for one in chosen], [one["label"] for one in chosen],
                                [one["source"] for one in chosen], prior)
    result: dict[str, Any] = {"platt": scaling, "fitted_on": {"by": by, "n": len(chosen), "prior": prior},
                              "posterior": posterior(rows, texts, rules_file)}
    records.save_json(folder / "calibration.json", result)
    facts = records.load_json(folder / "training.json")
    card = model_card.text(facts, result, model_card.figures(rows, scaling))
    (folder / "README.md").write_text(card, encoding="utf-8")


def posterior(rows: Sequence[Row], texts: Sequence[Row], rules_file: Path | None) -> dict[str, float] | None:
    """Margin and rules' log-odds together, by adapters that never saw the texts; null without rules.

    Labelled records (texts of weight LABELLED) where there are enough: they are what the LLM is asked about; by parts,
    where those were trained. Else all texts held back.
    """
    own = {one["group"]: one for one in texts if one["group"] == training_data.fingerprint(one["text"])}
    seen = [one for one in rows if one["group"] in own and one["source"] != "synthetic"]
    labelled = [one for one in seen if one["source"] == "sample" and own[one["group"]]["weight"] != 1.0]
    labelled = [one for one in labelled if one["by"] == "part"] or [one for one in labelled if one["by"] != "source"]
    if len(labelled) < ENOUGH:
        labelled = [one for one in seen if one["by"] in ("held back", "checked")]
    text_of = {group: one["text"] for group, one in own.items()}
    if rules_file is None or len({one["label"] for one in labelled}) < 2:
        return None
    from cybersieve import rules

    book = rules.load(rules_file)
    found = [book.judge("", text_of[one["group"]], one["stratum"]) for one in labelled]
    return calibration.posterior([one["margin"] for one in labelled],
                                 [each.text_log_odds + each.source_log_odds for each in found],
                                 [one["label"] for one in labelled])
