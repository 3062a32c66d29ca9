"""Why a record went where it went: its text, the rules that hit, the source, the LLM's answer, the thresholds, labels.

    python -m cybersieve why CWE-79
    python -m cybersieve why CWE-79 --source cwec_v4.14.xml
    python -m cybersieve why CWE-79 --data filtered_data     # what `filter` wrote
"""

from difflib import get_close_matches
from pathlib import Path

import pyarrow.compute as pc

from cybersieve import cli, highlight, labels, params, records, rule_set, rules, samples, summary
from cybersieve.errors import InputError
from cybersieve.markup import cut, plain
from cybersieve.records import Row
from cybersieve.rules import Rulebook
from cybersieve.tally import UNDECIDED

SHOWN = 1500  # characters of the text


def find(parsed_dir: Path, name: str, source: str | None) -> list[tuple[str, int]]:
    """(source, row) of every record with that id, letter case aside; `source` is a path or its last part.

    Raises InputError where there is none, with the ids that come closest.
    """
    found: list[tuple[str, int]] = []
    near: set[str] = set()
    for shard in records.shards(parsed_dir):
        if source is not None and source not in (shard.source, Path(shard.source).name):
            continue
        with records.opened(shard.path) as file:
            ids = file.read(["id"], use_threads=False)["id"].combine_chunks()
        hits = pc.indices_nonzero(pc.equal(pc.utf8_lower(ids), pc.utf8_lower(name)))
        found += [(shard.source, number) for number in hits.to_pylist()]
        if not found and len(near) < 50_000:
            near.update(ids.to_pylist())
    if not found:
        close = get_close_matches(name, sorted(near), n=3)
        remedy = f"did you mean {', '.join(map(plain, close))}?" if close else "see filtered/ and rejected/ for ids"
        raise InputError(parsed_dir, f"no record has the id {plain(name)}" + (f" in {source}" if source else ""),
                         remedy=remedy)
    return found


def decided(data: Path, source: str, number: int) -> Row:
    """One record with what each stage said of it; of a file that changed, the last run may have known another one."""
    name = f"{source}.parquet"
    verdicts, scored, parsed = (
        samples.pick(path, {number}).get(number, {}) if (path := data / stage / name).exists() else {}
        for stage in ("verdicts", "scored", "parsed"))
    if scored.get("id") != parsed["id"]:
        raise InputError(data / "scored", f"does not hold the {plain(source)} that was parsed", remedy="dvc repro")
    return (verdicts if verdicts.get("id") == parsed["id"] else UNDECIDED) | scored | parsed


def left_out(data: Path, row: Row) -> str | None:
    """Why export left a kept record out; None where it did not, or has not run."""
    path = (data.parent if data.name == "stages" else data) / "rejected" / f"{row['source']}.parquet"
    if row["verdict"] != "kept" or not path.exists():
        return None
    return next((str(other["reason"]) for other in records.read(path, ["id", "by", "reason"])
                 if other["id"] == row["id"] and other["by"] == "export"), None)


def stages_of(folder: Path) -> Path:
    """The folder of the stages' outputs: as named, or `stages` in it, where `filter` puts them."""
    return folder if (folder / "parsed").is_dir() or not (folder / "stages").is_dir() else folder / "stages"


def explain(row: Row, book: Rulebook, thresholds: Row, labelled: dict[str, str], held_back: str | None) -> str:
    """What to print of one record."""
    text, more = cut(row["text"], SHOWN)
    lines = [f"{plain(row['id'])}  {plain(row['title'])}", f"from {plain(row['source'])}, {plain(row['locator'])}", "",
             plain(text) + (f" … ({more:,} more characters)" if more else ""), ""]
    lines += [f"{row['verdict'].upper()} by {row['by']}: {plain(row['reason'] or '')}"]
    if held_back is not None:
        lines.append(f"LEFT OUT by export: {plain(held_back)}")
    if row["score"] is not None:
        lines += ["", *evidence(row, book), f"thresholds: {summary.thresholds(thresholds)}"]
    if row["margin"] is not None:
        lines.append(f"the LLM's own answer: margin {row['margin']:+.2f}; with the rules p_yes {row['p_yes']:.3f}")
    lines += [f"labelled {label} in {file}" for file, label in sorted(labelled.items())]
    return "\n".join(lines)


def evidence(row: Row, book: Rulebook) -> list[str]:
    """What adds up to the confidence: a line a rule, the bias and the source."""
    wanted = set(row["rules"] or ())
    hits = rules.by_weight(rule for rule in book.rules if rule.id in wanted)
    origin = book.source_log_odds(row["source"])
    lines = [f"{book.bias:+7.2f}  what every text starts from"]
    if silence := book.silence(hits):
        lines.append(f"{silence:+7.2f}  nothing speaks for it")
    lines += [f"{rule.weight:+7.2f}  {rule.id} ({rule.category}): {where(rule, row)}" for rule in hits]
    return [*lines, f"{origin:+7.2f}  the source {plain(row['source'])}",
            f"{row['score']:+7.2f}  log-odds: confidence {row['confidence']:.3f}"]


def where(rule: rule_set.Rule, row: Row) -> str:
    """The words that a rule hit first."""
    for field in ("title", "text"):
        if rule.field in ("both", field):
            for start, end, _ in highlight.spans([rule], row[field]):
                return f"“{plain(row[field][start:end])}” in the {field}"
    return "title and text read as one"


def main(arguments: list[str]) -> None:
    parser = cli.command("why", __doc__)
    parser.add_argument("id", metavar="ID", help="a record's id, as in data/filtered and data/rejected")
    parser.add_argument("--source", metavar="FILE", help="where several sources hold that id")
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR",
                        help="holds parsed, scored, verdicts and thresholds.json, or `filter` wrote it (default: data)")
    parser.add_argument("--labels", type=cli.label_folder, default=Path("labels"), metavar="DIR",
                        help="labelled records")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="FILE", help="settings")
    args = parser.parse_args(arguments)
    settings = params.load(args.params).score
    book = rules.load(settings.rules, settings.extra_rules, settings.trust)
    data = stages_of(args.data)
    thresholds = records.load_json(data / "thresholds.json", "accept", "reject")
    files = {path.name: labels.answers(path) for path in sorted(args.labels.glob("[!.]*.csv"))}
    shown = []
    for source, number in find(data / "parsed", args.id, args.source):
        row = decided(data, source, number)
        of = labels.key(source, row["id"])
        labelled = {name: answer.label for name, answers in files.items() for answer in answers if answer.key == of}
        shown.append(explain(row, book, thresholds, labelled, left_out(data, row)))
    print(f"\n\n{'─' * 60}\n".join(shown))
