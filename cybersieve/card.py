"""The dataset card: README.md with a Hugging Face header, written from what the run recorded, no figure typed in."""

import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from cybersieve import folders, records, summary, tally, templates
from cybersieve.licence_names import about
from cybersieve.params import Export
from cybersieve.records import Counts, Row
from cybersieve.report import left_out_in_words, printable

STAGES = ("parse", "dedup", "score", "verify")  # before export, in their order
LATER = ("export", "report")  # stages of dvc.lock that depend on the card or come after it
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
         (10_000_000, "1M<n<10M"))


@dataclass(frozen=True)
class Run:
    """What the card can tell beyond the records themselves; what is None is left out."""

    counts_dir: Path | None = None  # counts of the stages before export
    thresholds: Path | None = None
    labels: Path | None = None
    scored_dir: Path | None = None
    verdicts_dir: Path | None = None
    model: Row | None = None  # as in models/model.json
    commands: tuple[str, ...] = ()  # that repeat the run
    lock: Path | None = None  # dvc.lock


@dataclass(frozen=True)
class Source:
    """What is in the dataset from one source."""

    records: int
    splits: Counter[str]
    licences: Counter[str]


def text(sources: dict[str, Source], counts: Counts, settings: Export, run: Run | None) -> str:
    """The card, Markdown."""
    run = run or Run()
    parts = [header(sources, settings), contents(sources, counts, settings), origins(sources),
             steps(counts, run.counts_dir), deciders(run), quality(run), safety(counts, settings), LIMITS, repeat(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def header(sources: dict[str, Source], settings: Export) -> str:
    """The YAML that the hub and `datasets.load_dataset` read."""
    total = sum(source.records for source in sources.values())
    hub = sorted({about(name)["hub"] for source in sources.values() for name in source.licences})
    splits = _splits(sources)
    if "parquet" in settings.formats:
        files = [{"split": name, "path": f"{name}/**/*.parquet"} for name in asdict(settings.splits) if splits[name]]
    else:
        files = [{"split": "filtered", "path": "filtered.jsonl"}] if settings.formats and total else []
    tree: dict[str, Any] = {
        "pretty_name": "Cybersecurity texts, filtered by cybersieve",
        "license": hub[0] if len(hub) == 1 else "other",
        "task_categories": ["text-generation"],
        "tags": ["cybersecurity"],
        "size_categories": [next((name for most, name in SIZES if total < most), "n>10M")]}
    if files:
        tree["configs"] = [{"config_name": "default", "data_files": files}]
    return f"---\n{yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=110)}---"


def _splits(sources: dict[str, Source]) -> Counter[str]:
    return sum((source.splits for source in sources.values()), Counter())


def contents(sources: dict[str, Source], counts: Counts, settings: Export) -> str:
    splits = _splits(sources)
    rows = [[name, f"{share:.0%}", f"{splits[name]:,}"] for name, share in asdict(settings.splits).items() if share]
    filled = sum(bool(source.records) for source in sources.values())
    lines = [
        "# Cybersecurity texts, filtered by cybersieve", "",
        f"{counts.written:,} records from {filled} sources: kept by rules and a language model because their text is "
        "about cybersecurity.", "",
        "Each has `id`, `source`, `locator` (where it stood in the dump), `title`, `text`, `meta` (JSON: dates, urls, "
        "references, licence), `rules` (that hit), `confidence` (of the rules), `p_yes` (after the model was asked, "
        "else null) and `by` (who kept it).", "",
        "A hash of a record's public identifier (its id where it has none) decides its split:", "",
        table(["split", "share", "records"], rows)]
    if settings.formats and "parquet" not in settings.formats:
        lines += ["", "All of them are in `filtered.jsonl`, which `load_dataset` gives as one split `filtered`; the "
                  "field `split` tells them apart: leave `test` out of training."]
    if settings.templates:
        # no configurations of the header: in one folder the hub takes files of one kind only
        lines += ["", "Chat and instruction files of those records that have the templates' fields, by split:", ""]
        for name in sorted(settings.templates):
            lacking = counts.notes[templates.LACKING.format(name)]
            lines.append(f'- `load_dataset("json", data_dir="{name}")`: {counts.written - lacking:,} records'
                         + (f", {lacking:,} lack the fields." if lacking else "."))
    return "\n".join(lines)


def origins(sources: dict[str, Source]) -> str:
    rows, together = [], defaultdict[str, Counter[str]](Counter)
    for name, row in folders.rows(sources).items():
        together[row].update(sources[name].licences)
    for name, licences in sorted(together.items()):
        for licence, number in sorted(licences.items()):
            entry = about(licence)
            shown = f"[{plain(licence)}]({entry['terms']})" if entry["terms"] else plain(licence)
            rows.append([plain(name), f"{number:,}", shown, entry["credit"]])
    return "\n".join(["## Sources, their licences, and whom to credit", "",
                      table(["source", "records", "licence", "credit"], rows), "",
                      "Licences are named as the sources' descriptions name them; where a record states its own, that "
                      "one counts. Read the terms before you pass the data on."])


def steps(counts: Counts, folder: Path | None) -> str:
    """Every stage's counts; `set aside` is what that stage does not hand on, those of earlier stages among it."""
    trees = {}
    for stage in STAGES:
        if folder and (folder / f"{stage}.json").exists():
            trees[stage] = records.load_json(folder / f"{stage}.json", *records.COUNTED)
    lost = tally.left_out(trees.get("parse", {}))
    trees["export"] = counts.tree()
    rows = [[stage, f"{tree['read']:,}", f"{tree['written']:,}",
             ", ".join(f"{reason}: {number:,}" for reason, number in sorted(tree["dropped"].items())) or "none",
             f"{tree['failed']:,}"] for stage, tree in trees.items()]
    return "\n".join(["## Counts through every step", "",
                      table(["step", "read", "handed on", "set aside, by reason or decider", "failed"], rows), "",
                      "Read is handed on + set aside + failed. A record that one step sets aside is still read, and "
                      "set aside, by those after it. Every record that is not here is in the run's `rejected`, with "
                      "the reason."
                      + (f"\n\nLeft out as broken: {plain(left_out_in_words(lost))}." if lost else "")])


def deciders(run: Run) -> str:
    lines = []
    if run.thresholds and run.thresholds.exists():
        found = records.load_json(run.thresholds, "mode", "accept", "reject")
        lines += [f"Thresholds on the rules' confidence: {summary.thresholds(found)}; the model was asked about the "
                  "rest."]
        lines += [f"- {plain(sentence)}" for sentence in found.get("certificate", [])]
    if run.model:
        adapter = run.model.get("adapter")
        revision = f", revision {run.model['revision']}" if run.model.get("revision") else ""
        weights = run.model.get("weights_sha256")
        which = f"weights sha256 `{weights}`" if weights else "as an endpoint serves it under that name"
        lines += ["", f"Model: {run.model['id']}{revision}, {which}."]
        lines += [f"Adapter: {adapter['id']}, " + ", ".join(
            f"{name} sha256 `{value}`" for name, value in sorted(adapter["sha256"].items())) + "."] if adapter else []
    return "\n".join(["## Who decided", "", *lines]) if lines else ""


def quality(run: Run) -> str:
    """Measured on the labels that nothing was fitted on and no threshold was set by."""
    if not (run.labels and run.scored_dir and run.verdicts_dir):
        return ""
    found = tally.tally(tally.rows(run.scored_dir, run.verdicts_dir), run.labels).uses["evaluation"].figures()
    if not found["n"]:
        return "## Quality\n\nNot measured: no labelled record is in this corpus."
    rows = [[name, summary.shown(found[key], "nothing to rate")] for name, key in
            (("precision", "precision"), ("recall", "recall"), ("F1", "f1"))]
    left_out = ", ".join(f"{reason}: {number}" for reason, number in found["left out"].items())
    return "\n".join([
        "## Quality", "", table(["", "value (95 % interval)"], rows), "",
        f"On {found['n']} labelled records, on which nothing was fitted and no threshold was set; before the passes "
        "below. They stand for the corpus as far as every record was equally likely to be drawn."
        + (f" Left out: {left_out}." if left_out else "")])


def safety(counts: Counts, settings: Export) -> str:
    """What the passes of export were, and what each did."""
    notes, dropped = counts.notes, counts.dropped
    masked = {name: number for name, number in sorted(notes.items()) if name.startswith("masked")}
    spared = {name: number for name, number in sorted(notes.items()) if name.endswith("left as indicators")}
    lines = [
        f"- Secrets (keys and tokens of known services, private keys, passwords in URLs): "
        f"{'masked as [SECRET]' if settings.mask.secrets else 'not looked for'}.",
        f"- E-mail addresses and phone numbers of people: "
        f"{'masked as [EMAIL] and [PHONE]' if settings.mask.personal else 'not looked for'}. Indicators of compromise "
        "stay: hashes, addresses of hosts, domains, defanged forms, identifiers, mailboxes of attackers.",
        f"- Benchmarks, by 13 words in a row: "
        f"{', '.join(Path(name).name for name in settings.decontaminate) or 'none was named'}; "
        f"{dropped['benchmark']:,} records left out.",
        f"- Licences left out: {', '.join(settings.licences.deny) or 'none'}; {dropped['licence']:,} records.",
        f"- Shorter than {settings.min_chars} characters: {dropped['short']:,} records left out."]
    found = [[name, f"{number:,}"] for name, number in (masked | spared).items()]
    return "\n".join(["## Safety passes", "", *lines, *(["", table(["", "times"], found)] if found else [])])


LIMITS = """## Limits

- A text is about cybersecurity by the judgement of rules and a model, at the quality above: some are not.
- Attack techniques are described, in part with commands; the texts are as public as their sources.
- Names of people (researchers, suspects) stand where the sources name them; addresses are found by their form and the
  words around them, and some will have been missed or masked wrongly.
- Near duplicates that differ in a number, a version or an identifier are kept on purpose.
- Texts are as their upstreams wrote them: in most cases English, some cut short, some out of date."""


def repeat(run: Run) -> str:
    lines = ["```", *run.commands, "```"] if run.commands else []
    if run.lock and run.lock.exists():
        lines += ["", f"It was made at a commit whose dvc.lock holds these inputs and settings: sha256 "
                  f"`{lock_hash(run.lock)}` over its stages but {' and '.join(LATER)}, as YAML with sorted keys "
                  "(`cybersieve.card.lock_hash`)."]
    return "\n".join(["## How to repeat it", "", *lines]) if lines else ""


def lock_hash(path: Path) -> str:
    """A sha256 over dvc.lock's stages before export: over it all it can't be, the card is one of export's outputs."""
    stages = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
    before = {name: stage for name, stage in stages.items() if name not in LATER}
    return sha256(yaml.safe_dump(before, sort_keys=True).encode()).hexdigest()


def plain(name: str) -> str:
    """A name from the data as Markdown: no sign of it is markup, and what can't be seen is spelled out."""
    return re.sub(r"[<>\[\]*`~|\\]|&(?=#?\w+;)|\b_|_\b", lambda found: f"&#{ord(found[0])};", printable(name))


def table(names: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
