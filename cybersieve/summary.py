"""The run in a few lines: what `make` ends with, and the same figures as README's headline table."""

import hashlib
import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

from cybersieve import params, records
from cybersieve.report import fingerprint, left_out_in_words, not_exported, nothing_to_rate

Figures = dict[str, Any]
UNUSED = "withdrawn or empty"  # what parse set aside
COLOURS = {"kept": "green", "rejected": "red", "duplicates": "bright_black", UNUSED: "grey30",
           "failed": "yellow"}
REFUSED = "no uniform sample of this corpus: the rates are of them alone"  # data/thresholds.json says why
WIDTH = 76  # columns; a terminal of 80 shows it unbroken


def shown(rate: Figures, none: str = "no labels") -> str:
    """A rate with its interval, as `0.985 (0.951 to 0.998, n 131)`; `none` where it has no value."""
    if rate["value"] is None:
        return none
    low, high = rate["interval"]
    of = f", n {rate['counts'][1]}" if "counts" in rate else ""
    return f"{rate['value']:.3f} ({low:.3f} to {high:.3f}{of})"


def parts(metrics: Figures) -> dict[str, int]:
    """All records by what became of them."""
    found = {(row["by"], row["verdict"]): row["records"] for row in metrics["verdicts"]}
    duplicates, unused = found.get(("dedup", "rejected"), 0), found.get(("parse", "rejected"), 0)
    return {"kept": metrics["kept"], "rejected": metrics["rejected"] - duplicates - unused,
            "duplicates": duplicates, UNUSED: unused, "failed": metrics["failed"]}


def lines(metrics: Figures, performance: Figures) -> list[tuple[str, str]]:
    """What a person wants to know after a run, as (name, value)."""
    quality, rules, verifier = metrics["tested"]["evaluation"], metrics["rules"], metrics["verifier"]["alone"]
    found = parts(metrics)
    aside = ", ".join(f"{found[name]:,} {name}" for name in ("duplicates", UNUSED) if found[name])
    result = [
        ("records", f"{metrics['records']:,}"),
        ("kept", f"{metrics['kept']:,} ({metrics['kept'] / max(metrics['records'], 1):.1%})"),
        *([("kept, not exported", held)] if (held := not_exported(metrics)) else []),
        ("rejected", f"{found['rejected']:,}"),
        ("set aside before", aside or "0"),
        ("failed", f"{found['failed']:,}"),
        *([("left out", left_out_in_words(metrics["left_out"]))] if "left_out" in metrics else []),
        ("asked to the LLM", f"{metrics['asked_share']:.1%}, {metrics['calls_saved']:,} calls saved"),
        *([("labels", REFUSED)] if metrics["thresholds"].get("labels_refused") else []),
        ("precision", shown(quality["precision"], nothing_to_rate(metrics))),
        ("recall", shown(quality["recall"])),
        ("F1", shown(quality["f1"])),
        ("kept by rule, rightly", shown(rules["audit"]["kept_right"], nothing_to_rate(metrics, "kept", "rule"))),
        ("rejected by rule, rightly",
         shown(rules["audit"]["rejected_right"], nothing_to_rate(metrics, "rejected", "rule"))),
        ("thresholds", thresholds(metrics["thresholds"])),
    ]
    if verifier["auc"] is not None:
        result.append(("LLM alone, where asked", f"AUC {verifier['auc']:.3f}, calibration error "
                                                 f"{verifier['calibration_error']:.3f}, n {verifier['n']}"))
    if performance:
        total = sum(figures["seconds"] for figures in performance.values())
        slowest = max(performance, key=lambda stage: performance[stage]["seconds"])
        memory = max(figures["peak_memory_mb"] for figures in performance.values())
        result.append(("time and memory", f"{total:,.0f} s ({slowest} {performance[slowest]['seconds']:,.0f} s), "
                                          f"at most {memory:,.0f} MB"))
    return result


def threshold(value: float) -> str:
    """Three decimals, or as many as it has where these would make it 0 or 1."""
    return f"{value:.3f}" if 0.0005 <= value < 0.9995 or value in (0, 1) else f"{value:g}"


def thresholds(tree: Figures) -> str:
    accept, reject = tree.get("accept"), tree.get("reject")
    if tree["mode"] == "certified" and accept is reject is None:
        return f"nothing certified by {tree['labels']} labels"
    keep = "none kept by rule" if accept is None else f"kept from {threshold(accept)}"
    drop = "none rejected by rule" if reject is None else f"rejected to {threshold(reject)}"
    few = f" by {tree['labels']} labels" if tree["mode"] == "certified" and None in (accept, reject) else ""
    return f"{tree['mode']}{few}: {keep}, {drop}"


def markdown(rows: list[tuple[str, str]]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def widths(amounts: dict[str, int], total: int) -> dict[str, int]:
    """Columns of a bar for each amount, together `total`; what is there at all has at least one."""
    whole = max(sum(amounts.values()), 1)
    result = {name: max(1, round(n / whole * total)) for name, n in amounts.items() if n}
    if result:
        largest = max(result, key=lambda name: result[name])
        result[largest] += total - sum(result.values())
    return result


def page(folder: Path) -> str | None:
    """The report's path, and whether it is of this run; None where there is none."""
    path = folder / "report.html"
    if not path.exists():
        return None
    head = path.read_text(encoding="utf-8")[:4000]
    found = re.search(r'name="metrics" content="([0-9a-f]+)"', head)
    current = found is not None and found[1] == fingerprint(folder)
    return f"{path}" if current else f"{path} is of another run: dvc repro -sf report"


def outdated(folder: Path) -> str | None:
    """Why the figures are not of what lies in `folder` now, by the hashes in dvc.lock; None where nothing says so.

    Not covered: what was changed within folders (labels; dumps, before `dvc add`): `dvc status` looks at all of it.
    """
    if not (folder / "dvc.lock").exists():
        return None
    stages = list(params.read_yaml(folder / "dvc.lock")["stages"].values())
    changed = [*changed_files(stages, folder), *changed_settings(stages, folder)]
    if "raw_data" in changed:
        return "of another raw_data"
    return f"{changed[0]} has changed" if changed else None


def changed_files(stages: list[Figures], folder: Path) -> Iterator[str]:
    """What the stages read, or metrics.json, where it is not what dvc.lock says; after a failed run, what is newer."""
    now = {out["path"]: out.get("md5") for stage in stages for out in stage.get("outs", ())}
    now.pop("metrics.json", None)  # nothing reads it: what counts is the file itself
    if (folder / "raw_data.dvc").exists():
        now["raw_data"] = params.read_yaml(folder / "raw_data.dvc")["outs"][0].get("md5")
    for part in (part for stage in stages for kind in ("deps", "outs") for part in stage.get(kind, ())):
        name, path = part["path"], folder / part["path"]
        if name not in now and path.is_file():
            now[name] = hashlib.md5(path.read_bytes()).hexdigest()
        if now.get(name, part.get("md5")) != part.get("md5"):
            yield name


def changed_settings(stages: list[Figures], folder: Path) -> Iterator[str]:
    for file, settings in (pair for stage in stages for pair in stage.get("params", {}).items()):
        tree = params.read_yaml(folder / file) if (folder / file).is_file() else {}
        for name, value in settings.items() if tree else ():
            if reduce(lambda block, key: (block or {}).get(key), name.split("."), tree) != value:
                yield f"{name} in {file}"


def show(folder: Path, as_markdown: bool, named: str = "") -> None:
    """Print the run in `folder` (metrics.json and, where it is, performance.json). Markdown leaves clocks out.

    `named`: what the user calls the folder, where it is the copy of one at a URL.
    """
    metrics = records.load_json(folder / "metrics.json", "verdicts", "tested", "rules", "verifier")
    measured = folder / "performance.json"
    performance = records.load_json(measured) if measured.exists() and not as_markdown else {}
    rows = lines(metrics, performance)
    if as_markdown:
        print(markdown(rows))
        return
    if reason := outdated(folder):
        rows.insert(0, ("not up to date", f"{reason}: run dvc repro"))
    if report := page(folder):
        rows.append(("report", report.replace(str(folder), named.rstrip("/")) if named else report))
    from rich.console import Console, Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    bar = Text()
    for name, width in widths(parts(metrics), WIDTH - 4).items():
        bar.append("█" * width, style=COLOURS[name])
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        style = "bold" if name in ("kept", "precision", "recall", "F1", "not up to date") else ""
        table.add_row(Text(name, style="bright_black"), Text(value, style=style, overflow="fold"))
    panel = Panel(Group(bar, Text(), table), title="cybersieve", title_align="left", width=WIDTH)
    Console(highlight=False).print(panel)
