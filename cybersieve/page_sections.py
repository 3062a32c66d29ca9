"""The sections of report.html: figures in, HTML out."""

import dataclasses
from typing import Any

import yaml

from cybersieve import charts, report
from cybersieve.markup import Html, el, join, table, visible
from cybersieve.page_records import card
from cybersieve.params import Params
from cybersieve.records import Row
from cybersieve.rule_use import RuleUse
from cybersieve.rules import Rulebook

Figures = dict[str, Any]
UNITS = {"mb": "MB"}
RULES = 15  # rules at each end
WORDS = {"kept": "Kept", "rejected": "Rejected", "uncertain": "Uncertain: the LLM was asked", "duplicate": "Duplicates"}
NAMES = {"flow": "Flow", "quality": "Quality", "certificate": "Thresholds", "sources": "Sources", "rules": "Rules",
         "records": "Records", "performance": "Performance", "reproduce": "Reproduce"}


def section(name: str, title: str, *parts: object) -> Html:
    return el("section", el("h2", title, id=f"{name}-title"), *parts, id=name, aria_labelledby=f"{name}-title")


def rate(figures: Figures, none: str = "no labels") -> str:
    """A rate with its interval and how many records it rests on; `none` where it has no value."""
    if figures["value"] is None:
        return none
    low, high = figures["interval"]
    of = f", n {figures['counts'][1]}" if "counts" in figures else ""
    return f"{figures['value']:.1%} ({low:.1%} to {high:.1%}{of})"


def misses(figures: Figures) -> int:
    hits, of = figures["counts"]
    return int(of - hits)


def rough(figures: Figures) -> tuple[str, float]:
    """The same in short for a narrow cell, and what to sort by."""
    if figures["value"] is None:
        return "–", -1.0
    low, high = figures["interval"]
    return f"{figures['value']:.0%} ({100 * low:.0f}–{100 * high:.0f})", figures["value"]


def headline(metrics: Figures, data: str) -> Html:
    """What came out, in some sentences and a few large figures. `data`: the option that names the run's folder."""
    tested = metrics["tested"]["evaluation"]
    precision, recall = tested["precision"], tested["recall"]
    held = report.not_exported(metrics)
    first = f"Of {metrics['records']:,} records {metrics['kept']:,} were kept" + (
        f", of which export left out {held}." if held else ".")
    if precision["value"] is not None and recall["value"] is not None:
        (p_low, p_high), (r_low, r_high) = precision["interval"], recall["interval"]
        second = (f"{precision['value']:.1%} of what was kept is security text (95% interval {p_low:.1%} to "
                  f"{p_high:.1%}), and {recall['value']:.1%} of the security text was kept ({r_low:.1%} to "
                  f"{r_high:.1%}), measured on {tested['n']} labelled records on which nothing was fitted.")
    elif tested["n"]:
        second = (f"How good that is can't be said: of {tested['n']} labelled records on which nothing was fitted "
                  f"{'none was kept' if precision['value'] is None else 'none is security text'}.")
    else:
        second = ("How good that is can't be said: no labelled records. "
                  f"Label some: python -m cybersieve review{data}.")
    third = (f"Rules decided all but {metrics['asked_share']:.1%} of the records that reached them, which saved "
             f"{metrics['calls_saved']:,} questions to the LLM.")
    fourth = f"Left out: {report.left_out_in_words(metrics['left_out'])}." if "left_out" in metrics else ""
    tiles = [("kept", f"{metrics['kept']:,}"), ("precision", percent(metrics["precision"])),
             ("recall", percent(metrics["recall"])), ("F1", percent(metrics["f1"])),
             ("asked to the LLM", percent(metrics["asked_share"])), ("failed", f"{metrics['failed']:,}")]
    return join([el("h1", "What the run did"), el("p", f"{first} {second} {third} {fourth}".strip(), class_="lead"),
                 el("dl", *(el("div", el("dt", name), el("dd", value)) for name, value in tiles), class_="tiles"),
                 el("nav", *(el("a", title, href=f"#{name}") for name, title in NAMES.items()), aria_label="Sections")])


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def flow(metrics: Figures) -> Html:
    deciders = {(row["by"], row["verdict"]): row["records"] for row in metrics["verdicts"]}
    rows = [(f"{row['by']}: {row['verdict']}", row["records"], percent(row["records"] / max(metrics["records"], 1)))
            for row in metrics["verdicts"]]
    balance = [(row["stage"], row["read"], row["written"], sum(row["dropped"].values()), row["failed"])
               for row in metrics["stages"]]
    return section(
        "flow", "Where the records went", el("figure", charts.flow(deciders)),
        el("details", el("summary", "The same as tables, and the balance of every stage"),
           table("Records by decider and verdict", ("decided by", "records", "share"), rows),
           table("What each stage read, wrote, dropped and failed on",
                 ("stage", "read", "written", "dropped", "failed"), balance)))


def quality(metrics: Figures, figures: dict[str, list[Figures]]) -> Html:
    """Figures on labelled records with intervals, three pictures, and what was left out."""
    tested, audit = metrics["tested"], metrics["rules"]["audit"]
    named = [("all decisions, evaluation labels", tested["evaluation"]),
             ("decided by rules, evaluation labels", metrics["rules"]["decided"]),
             ("decided by the LLM, evaluation labels", metrics["verifier"]["decided"]),
             ("all decisions, threshold labels", tested["thresholds"]),
             ("all decisions, labels that weights were fitted on", tested["stratified"])]
    rows = [(name, part["n"], rate(part["precision"]), rate(part["recall"]), rate(part["f1"]),
             misses(part["precision"]), misses(part["recall"])) for name, part in named]
    kept, rejected = (report.nothing_to_rate(metrics, verdict, "rule") for verdict in ("kept", "rejected"))
    cost = [("records kept by rule that are security text", rate(audit["kept_right"], kept)),
            ("records rejected by rule that are not", rate(audit["rejected_right"], rejected)),
            ("security text that the rules rejected", rate(audit["lost"]))]
    judges = [(name, part["n"], decimal(part["auc"]), decimal(part["calibration_error"]))
              for name, part in (("the rules, on all", metrics["rules"]["alone"]),
                                 ("the LLM, where it was asked", metrics["verifier"]["alone"]))]
    left = tested["evaluation"]["left out"] | ({"not in this corpus": tested["not in the corpus"]}
                                               if tested["not in the corpus"] else {})
    note = "Left out and counted: " + ", ".join(f"{name} {n}" for name, n in left.items()) + "." if left else ""
    return section(
        "quality", "How good it is", pictures(metrics, figures),
        table("Quality on labelled records, 95% intervals",
              ("which", "n", "precision", "recall", "F1", "kept wrongly", "lost"), rows),
        el("p", "The first row is the headline: nothing was fitted on evaluation labels, no threshold set by them. ",
           note),
        table("What the shortcut past the LLM costs (evaluation labels)", ("audit", "rate"), cost),
        table("Each judge alone, on uniform labels", ("judge", "n", "AUC", "calibration error"), judges))


def pictures(metrics: Figures, figures: dict[str, list[Figures]]) -> Html:
    """Those for which there are labels."""
    limits = [metrics["thresholds"].get("accept"), metrics["thresholds"].get("reject")]
    drawn = [("Precision and recall", charts.precision_recall, "precision_recall"),
             ("Are the probabilities honest?", charts.reliability, "reliability"),
             ("What the rules' confidence tells apart; dashed: the thresholds",
              lambda bins: charts.histogram(bins, report.BIN, limits), "confidence")]
    parts = [el("figure", el("figcaption", title), draw(figures[name])) for title, draw, name in drawn
             if figures.get(name)]
    return el("div", *parts, class_="charts") if parts else Html("")


def certificate(thresholds: Figures) -> Html:
    """The thresholds, and what calibrate proved of them in its own words."""
    by_hand = ["No certificate: the thresholds were set by hand (calibrate.mode: fixed)."]
    sentences = thresholds.get("certificate") or by_hand
    rows = [(name.replace("_", " "), f"{value:g}" if isinstance(value, float) else value)
            for name, value in thresholds.items() if name != "certificate"]
    return section("certificate", "Thresholds and certificate", *(el("p", sentence) for sentence in sentences),
                   table("Thresholds, targets and what the labels prove", ("figure", "value"), rows))


def sources(rows: list[Figures]) -> Html:
    head = ("source", "records", "kept", "rejected", "asked", "duplicates", "set aside", "failed", "labels",
            "precision", "recall")
    cells = [(visible(row["source"]), row["records"], row["kept"], row["rejected"], row["asked"], row["duplicates"],
              row["set_aside"], row["failed"], row["labels"], rough(row["precision"]), rough(row["recall"]))
             for row in rows]
    return section("sources", "Sources", el("p", "A heading sorts the table."),
                   table("Records by source, and quality on its uniform labels (95% intervals)", head, cells,
                         sortable=True))


def rule_table(use: RuleUse) -> Html:
    """The rules on which most verdicts rest, and those on which none does."""
    rows = use.table()
    idle = sorted((row for row in rows if not row["decisive"]), key=lambda row: (row["hits"], row["id"]))
    head = ("rule", "category", "weight", "hits", "decisive", "labelled yes", "labelled no")

    def cells(part: list[Figures]) -> list[tuple[object, ...]]:
        return [(row["id"], row["category"], (f"{row['weight']:+.2f}", row["weight"]), row["hits"], row["decisive"],
                 row["yes"], row["no"]) for row in part]

    silent = sum(not row["hits"] for row in rows)
    return section(
        "rules", "Rules that matter most and least",
        el("p", "A hit is decisive if the record would have gone another way (kept, rejected, to the LLM) without it. "
                f"{len(rows):,} rules, {len(idle):,} of them decisive nowhere, {silent:,} without a hit."),
        table("Rules that most verdicts rest on", head, cells(rows[:RULES]), 2, sortable=True),
        table("Rules that matter least", head, cells(idle[:RULES]), 2, sortable=True) if idle else "")


def shown_records(drawn: dict[str, list[Row]], texts: dict[tuple[str, int], Row], book: Rulebook,
                  data: str) -> Html:
    parts = [el("details", el("summary", el("h3", f"{WORDS[kind]} ({len(rows)})")),
                el("div", *(card(row, texts[row["source"], row["row"]], book) for row in rows), class_="cards"),
                open=kind == "kept") for kind, rows in drawn.items() if rows]
    legend = el("p", "Drawn by lot, the same on every run. Marked: evidence ", el("mark", "for", class_="for"), " and ",
                el("mark", "against", class_="against"), ". One record in full: ",
                el("code", f"python -m cybersieve why ID{data}"), ".")
    return section("records", "Records at random", legend, *parts)


def clock(performance: Figures) -> Html:
    """Seconds, memory and throughput of each stage."""
    def handled(part: Figures) -> str:
        amounts = [(name, part[name], part[f"{name}_per_second"]) for name in part if f"{name}_per_second" in part]
        return ", ".join(f"{amount:,.0f} {UNITS.get(name, name)} ({rate:,.0f}/s)"
                         for name, amount, rate in amounts if amount)

    if not performance:
        return section("performance", "Performance", el("p", "Not measured in this run."))
    rows = [(stage, f"{part['seconds']:,.1f}", f"{part['peak_memory_mb']:,.0f}", handled(part))
            for stage, part in performance.items()]
    return section("performance", "Performance", table(
        "Each stage when it last ran", ("stage", "seconds", "peak MB", "handled"), rows))


def reproduce(commands: list[str], settings: Params) -> Html:
    tree = yaml.safe_dump(dataclasses.asdict(settings), sort_keys=False, allow_unicode=True)
    return section("reproduce", "Reproduce it", el("pre", el("code", "\n".join(commands)), tabindex="0"),
                   el("details", el("summary", "Every setting"), el("pre", el("code", tree), tabindex="0")))
