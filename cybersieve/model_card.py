"""The model card of an adapter, written from what the training run recorded: nothing in it is typed in."""

from typing import Any

WAYS = {"source": "adapter trained without that source", "part": "adapter trained without that part of the texts",
        "held back": "this adapter, texts held back from it"}


def text(facts: dict[str, Any], calibration: dict[str, Any], figures: list[dict[str, Any]]) -> str:
    """README.md of the adapter's folder, Markdown."""
    s = facts["settings"]
    lines = [
        "---", "library_name: mlx", "license: apache-2.0", "tags: [lora, text-classification, cybersecurity]", "---",
        f"# Adapter of {facts['model']}: is this text about cybersecurity?", "",
        "LoRA weights for mlx-lm, written by `python -m cybersieve adapt`. The base model answers ` Yes` or ` No` after",
        "the layout in verifier.json; calibration.json turns the margin, logit(Yes) - logit(No), into a probability.", "",
        f"Rank {s['rank']}, scale {s['scale']}, layers {s['layers'] or 'all'}, {', '.join(s['keys'])}; "
        f"AdamW {s['learning_rate']}, {s['epochs']} epochs, batches of {s['batch_size']}, label smoothing {s['smoothing']}, "
        f"seeds {', '.join(map(str, facts['seeds']))}.", "",
        "## Data", "", "| source | yes | no |", "|---|---|---|",
        *(f"| {name} | {row.get('yes', 0)} | {row.get('no', 0)} |" for name, row in facts["table"].items()), "",
        "Copies made of a text (shortened, injected) are counted. Records with a uniform label, and texts that read the",
        "same as one, are not among them. No text is contained in the weights' files; sources keep their own licences.", "",
        "## Figures", "", "At p_yes 0.5; n texts, of which some are positive.", "",
        "| measured on | how | n | positive | AUC | P | R | F1 | calibration error |", "|---|---|---|---|---|---|---|---|---|",
        *(f"| {f['source']} | {WAYS[f['by']]} | {f['n']} | {f['positives']} | {_(f['auc'])} | {_(f['precision'])} | "
          f"{_(f['recall'])} | {_(f['f1'])} | {_(f['calibration_error'])} |" for f in figures), "",
        f"Probability: 1 / (1 + exp(-({calibration['platt']['a']} · margin + {calibration['platt']['b']}))), fitted on "
        f"{calibration['fitted_on']['n']} texts ({WAYS[calibration['fitted_on']['by']]}).", "",
        "## Licence", "", "Apache-2.0, as the base model.", ""]
    return "\n".join(lines)


def _(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
