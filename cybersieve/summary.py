"""The run in a few lines: the table at the end of `make`, and the same figures as README's headline table."""

from pathlib import Path
from typing import Any

from cybersieve import records

Figures = dict[str, Any]


def shown(rate: Figures) -> str:
    """A rate with its interval, as `0.985 (0.951 to 0.998, n 131)`."""
    if rate["value"] is None:
        return "no labels"
    low, high = rate["interval"]
    of = f", n {rate['counts'][1]}" if "counts" in rate else ""
    return f"{rate['value']:.3f} ({low:.3f} to {high:.3f}{of})"


def lines(metrics: Figures, performance: Figures) -> list[tuple[str, str]]:
    """What a person wants to know after a run, as (name, value)."""
    quality, rules, verifier = metrics["tested"]["evaluation"], metrics["rules"], metrics["verifier"]["alone"]
    result = [
        ("records", f"{metrics['records']:,}"),
        ("kept", f"{metrics['kept']:,}"),
        ("rejected", f"{metrics['rejected']:,}" + set_aside(metrics)),
        ("failed", f"{metrics['failed']:,}"),
        ("asked to the LLM", f"{metrics['asked_share']:.1%} of the records that reached the rules, "
                             f"{metrics['calls_saved']:,} calls saved"),
        ("precision", shown(quality["precision"])),
        ("recall", shown(quality["recall"])),
        ("F1", shown(quality["f1"])),
        ("kept by rule, rightly", shown(rules["audit"]["kept_right"])),
        ("rejected by rule, rightly", shown(rules["audit"]["rejected_right"])),
        ("thresholds", thresholds(metrics["thresholds"])),
    ]
    if verifier["auc"] is not None:
        result.append(("verifier alone", f"AUC {verifier['auc']:.3f}, calibration error "
                                         f"{verifier['calibration_error']:.3f}, n {verifier['n']}"))
    if performance:
        seconds = ", ".join(f"{stage} {figures['seconds']:.1f}" for stage, figures in performance.items())
        memory = max(figures["peak_memory_mb"] for figures in performance.values())
        result += [("seconds", seconds), ("peak memory", f"{memory:,.0f} MB")]
    return result


def set_aside(metrics: Figures) -> str:
    """What was rejected before any rule, in words."""
    words = {"parse": "withdrawn upstream", "dedup": "duplicates"}
    parts = [f"{row['records']:,} {words[row['by']]}" for row in metrics["verdicts"] if row["by"] in words]
    return f", of them {' and '.join(parts)}" if parts else ""


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
    performance = records.load_json(measured) if measured.exists() and not as_markdown else {}
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
