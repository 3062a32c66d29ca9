"""The run in a few lines: the table at the end of `make`, and the same figures as README's headline table."""

import json
from pathlib import Path
from typing import Any

from cybersieve import records

Figures = dict[str, Any]


def shown(rate: Figures) -> str:
    """A rate with its interval, as `0.985 (0.951 to 0.998, n 131)`."""
    if rate["value"] is None:
        return "no labels"
    of = f", n {rate['of']}" if "of" in rate else ""
    return f"{rate['value']:.3f} ({rate['low']:.3f} to {rate['high']:.3f}{of})"


def lines(metrics: Figures, performance: Figures) -> list[tuple[str, str]]:
    """What a person wants to know after a run, as (name, value)."""
    by = metrics["decided by"]
    set_aside = sum(sum(by.get(decider, {}).values()) for decider in ("parse", "dedup"))
    quality = metrics["quality"]["evaluation"]
    result = [
        ("records", f"{metrics['records']:,}"),
        ("kept", f"{metrics['kept']:,}"),
        ("rejected", f"{metrics['rejected']:,}" + (f", {set_aside:,} of them before any rule" if set_aside else "")),
        ("failed", f"{metrics['failed']:,}"),
        ("asked to the LLM", f"{metrics['asked_share']:.1%} of the records that reached the rules"),
        ("precision", shown(quality["precision"])),
        ("recall", shown(quality["recall"])),
        ("F1", shown(quality["f1"])),
        ("thresholds", thresholds(metrics["thresholds"])),
    ]
    if metrics["verifier"]["auc"] is not None:
        result.append(("verifier alone", f"AUC {metrics['verifier']['auc']:.3f} on {metrics['verifier']['n']} labels"))
    if performance:
        seconds = ", ".join(f"{stage} {figures['seconds']:.1f}" for stage, figures in performance.items())
        memory = max(figures["peak_memory_mb"] for figures in performance.values())
        result += [("seconds", seconds), ("peak memory", f"{memory:,.0f} MB")]
    return result


def thresholds(tree: Figures) -> str:
    accept, reject = tree.get("accept"), tree.get("reject")
    keep = "none kept by rule" if accept is None else f"kept from {accept:.3f}"
    drop = "none rejected by rule" if reject is None else f"rejected to {reject:.3f}"
    return f"{tree['mode']}: {keep}, {drop}"


def markdown(rows: list[tuple[str, str]]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def show(folder: Path, as_markdown: bool) -> None:
    """Print the run in `folder` (metrics.json and, where it is, performance.json). Markdown leaves clocks out."""
    metrics = records.load_json(folder / "metrics.json")
    measured = folder / "performance.json"
    performance = json.loads(measured.read_text()) if measured.exists() and not as_markdown else {}
    rows = lines(metrics, performance)
    if as_markdown:
        print(markdown(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="cybersieve", show_header=False, title_justify="left")
    for name, value in rows:
        table.add_row(name, value)
    Console().print(table)
