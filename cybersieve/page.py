"""report.html: one file that shows a run to people. No network, no script but ours, everything from the data escaped.

It is built from what the run left behind: metrics.json, performance.json, the plots' data, and the stages' folders
for the records that are shown. It holds clock times, so like performance.json it is no output that DVC tracks.
"""

import base64
import csv
import hashlib
import shlex
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

from cybersieve import labels, records, report, rules, safety, samples, tally
from cybersieve import page_sections as sections
from cybersieve.markup import Html, el
from cybersieve.params import Params
from cybersieve.records import Row
from cybersieve.rule_use import RuleUse

Figures = dict[str, Any]
SHOWN = 20  # records of each kind


def page_folder(parsed_dir: Path, scored_dir: Path, verdicts_dir: Path, labels_dir: Path, plots_dir: Path,
                run_dir: Path, settings: Params, commands: list[str], data: str = "data") -> Path:
    """Write report.html beside metrics.json in `run_dir`; returns its path.

    What `export.mask` masks is masked in the records that it shows, the rejected ones, too.
    `data`: the folder of the stages' outputs, as commands that the page tells of should name it.
    Raises InputError where a part of the run is missing.
    """
    metrics = records.load_json(run_dir / "metrics.json", "verdicts", "tested", "thresholds")
    measured = run_dir / "performance.json"
    performance = records.load_json(measured) if measured.exists() else {}
    book = rules.load(settings.score.rules, settings.score.extra_rules, settings.score.trust)
    drawn, use = look(tally.rows(scored_dir, verdicts_dir), book, metrics["thresholds"], labels_dir)
    texts = {at: safety.masked(record, settings.export.mask, Counter()) for at, record
             in samples.with_texts((row for part in drawn.values() for row in part), parsed_dir).items()}
    figures = {path.stem: read_csv(path) for path in sorted(plots_dir.glob("[!.]*.csv"))}
    option = "" if data == "data" else f" --data {shlex.quote(data)}"
    body = [sections.headline(metrics, option), sections.flow(metrics), sections.quality(metrics, figures),
            sections.certificate(metrics["thresholds"]), sections.sources(metrics["sources"]),
            sections.rule_table(use), sections.shown_records(drawn, texts, book, option),
            sections.clock(performance), sections.reproduce(commands, settings)]
    page = document("cybersieve: what the run did", report.fingerprint(run_dir), body)
    target = run_dir / "report.html"
    with records.replacing(target) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")
    return target


def look(rows: Iterable[Row], book: rules.Rulebook, thresholds: Row, labels_dir: Path) -> tuple[
        dict[str, list[Row]], RuleUse]:
    """One pass over the decisions: records to show, and what each rule did."""
    known = labels.for_fitting(labels_dir) | labels.load_optional(labels_dir, labels.UNIFORM)
    draw, use = samples.Draw(SHOWN), RuleUse(book, thresholds.get("accept"), thresholds.get("reject"))
    for row in rows:
        draw.add(row)
        use.add(row, known.get(labels.key(row["source"], row["id"])))
    return draw.rows(), use


def read_csv(path: Path) -> list[Figures]:
    """A plot's data; what looks like a number is one, nothing is None."""
    def value(cell: str) -> str | float | None:
        try:
            return float(cell) if cell else None
        except ValueError:
            return cell
    with path.open(encoding="utf-8", newline="") as lines:
        return [{name: value(cell) for name, cell in row.items()} for row in csv.DictReader(lines)]


def asset(name: str) -> Html:
    return Html(resources.files("cybersieve").joinpath(name).read_text(encoding="utf-8"))


def policy(style: str, script: str) -> str:
    """The content security policy: nothing is loaded, and only this very style and script count."""
    def allowed(content: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
    return (f"default-src 'none'; style-src {allowed(style)}; script-src {allowed(script)}; "
            "base-uri 'none'; form-action 'none'")


def document(title: str, run: str, parts: list[Html]) -> str:
    """The whole page; `run` says which metrics.json it shows."""
    style, script = asset("style.css"), asset("page.js")
    head = el("head", el("meta", charset="utf-8"),
              el("meta", http_equiv="Content-Security-Policy", content=policy(style, script)),
              el("meta", name="viewport", content="width=device-width, initial-scale=1"),
              el("meta", name="color-scheme", content="light dark"), el("meta", name="metrics", content=run),
              el("title", title), el("style", style))
    body = el("body", el("a", "To the content", href="#content", class_="skip"),
              el("main", *parts, id="content"), el("script", script))
    return "<!doctype html>\n" + el("html", head, body, lang="en") + "\n"
