"""How good an adapter is: quality on labelled texts, and how many off-topic texts talk their way in.

    python bench/adapter.py --model smollm2-135m-instruct --adapter models/smollm2-135m-instruct \\
        --eval uniform=uniform.jsonl gold=gold.jsonl --most-injected 480 --name shipped --output bench/adapter.json
    python bench/adapter.py --output bench/adapter.json --docs docs/adapter.md      # only writes the tables there

Rows of a set that bench/readings.csv names (by `group`) get the label that two readings agree on; where they do
not, or leave it open, the row is left out. For each labelled set (JSONL of text, label): AUC; precision, recall and
F1 at p_yes 0.5 and at margin 0; calibration error; and the same of p_yes as the pipeline forms it, the margin weighed
with what the rules say of the text (nothing is known of its source). For each kind of injection: the share of
off-topic texts (tests/injections) whose verdict flips, by the model alone.
The file gets an entry for --name beside those that it holds. Ends with one JSON line. Not measured: speed
(bench/verify.py).
"""

import argparse
import csv
import dataclasses
import json
import random
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from cybersieve import asking, calibration, cli, injections, params, quality, records, rules, training_data, verify
from cybersieve.errors import ModelError

HERE = Path(__file__).resolve().parent.parent
OFF_TOPIC, INJECTED = HERE / "tests/injections/off_topic.txt", HERE / "tests/injections/injected.jsonl"
NO_SCALING = {"a": 1.0, "b": 0.0}
UNSEEN = {  # sources never learned, each text labelled by itself
    "unseen sources": ("foldoc", "npm", "PyPI readmes", "manual pages", "Java classes", "kernel options"),
    "unseen sources drawn later": ("RFC abstracts", "Ansible modules"),
    "unseen sources on which nothing was chosen": ("Apache directives", "Node API"),
}
MARKED = re.compile(r"(?<=<!-- bench: written by bench/adapter.py -->\n).*?(?=<!-- /bench -->)", re.S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--adapter", type=Path, help="folder of the adapter to measure")
    parser.add_argument("--eval", nargs="*", default=[], metavar="NAME=FILE")
    parser.add_argument("--readings", type=Path, default=HERE / "bench/readings.csv", metavar="FILE",
                        help="what two readers say of the sets' texts: set, id, first, second (1, 0 or u)")
    parser.add_argument("--params", type=Path, default=HERE / "params.yaml", help="its block verify is used")
    parser.add_argument("--margins", type=Path, help="where to write every text's margin (JSONL)")
    parser.add_argument("--most-injected", type=int, metavar="N", help="of the texts made from templates, drawn "
                        "once and for all (default: all, for which a CPU needs a quarter of an hour)")
    parser.add_argument("--name", help="of the adapter in the file (default: its folder's)")
    parser.add_argument("--output", type=Path, help="JSON file that is written, or gets another entry")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="page that gets the tables of --output")
    args = parser.parse_args()
    if args.adapter:
        measure(args)
    if args.docs:
        page, table = args.docs.read_text(encoding="utf-8"), tables(records.load_json(args.output))
        args.docs.write_text(MARKED.sub(lambda _: table, page), encoding="utf-8")


def measure(args: argparse.Namespace) -> None:
    everything = params.load(args.params)
    book = rules.load(everything.score.rules)
    settings = dataclasses.replace(everything.verify, model=args.model, adapter=str(args.adapter))
    result: dict[str, Any] = {"sets": {}}
    kept, readings = [], load_readings(args.readings)
    with asking.Verifier(settings) as verifier:
        scaling = verifier.calibration.get("platt", NO_SCALING)
        for name, _, path in (item.partition("=") for item in args.eval):
            rows = as_read(list(training_data.read_jsonl(Path(path))), readings.get(name, {}))
            found = margins(verifier, [row["text"] for row in rows])
            weighed = [verify.by_llm(margin, book.judge("", row["text"]).text_log_odds, verifier.calibration).p_yes
                       for margin, row in zip(found.tolist(), rows, strict=True)]
            truth = [row["label"] for row in rows]
            result["sets"][name] = figures(truth, found, scaling) | {"with rules": with_rules(truth, weighed)}
            kept += [{"set": name, "group": row["group"], "label": row["label"], "margin": round(float(margin), 4)}
                     for row, margin in zip(rows, found, strict=True)]
        result["injections"] = flips(verifier, scaling, args.most_injected)
    if args.margins:
        args.margins.write_text("".join(json.dumps(row) + "\n" for row in kept))
    if args.output:
        others = records.load_json(args.output) if args.output.exists() else {}
        records.save_json(args.output, dict(sorted((others | {args.name or args.adapter.name: result}).items())))
    for name, row in result["sets"].items():
        print(f"{name:24} n {row['n']:5}  AUC {row['auc']}  P {row['precision']}  R {row['recall']}  F1 {row['f1']}  "
              f"ECE {row['calibration_error']}  F1 at margin 0 {row['f1_at_0']}  "
              f"with rules: AUC {row['with rules']['auc']}  F1 {row['with rules']['f1']}")
    print(json.dumps(result))


def load_readings(path: Path) -> dict[str, dict[str, int | None]]:
    """By set and id: the label that both readers give, None where they give none or not the same."""
    found: dict[str, dict[str, int | None]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            agreed = row["first"] == row["second"] and row["first"] != "u"
            found[row["set"]][row["id"]] = int(row["first"]) if agreed else None
    return found


def as_read(rows: list[training_data.Row], said: dict[str, int | None]) -> list[training_data.Row]:
    """A set without readings as it is; of another, the rows that both readers decide alike."""
    if not said:
        return rows
    return [row | {"label": label} for row in rows if (label := said.get(row["group"])) is not None]


def margins(verifier: asking.Verifier, texts: list[str]) -> np.ndarray:
    """As the pipeline asks; answers are cached, so a run that is killed goes on."""
    found = verifier.margins(texts)
    if None in found:
        raise ModelError(f"{found.count(None)} of {len(texts)} texts got no answer")
    return np.array(found, dtype=np.float64)


def figures(truth: list[int], found: np.ndarray, scaling: dict[str, float]) -> dict[str, Any]:
    said = calibration.probability(found, scaling)
    at_half = quality.decisions(truth, (said >= 0.5).tolist())
    at_zero = quality.decisions(truth, (found >= 0).tolist())
    return {"n": len(truth), "positives": sum(truth), "auc": quality.auc(truth, found.tolist()),
            "precision": at_half["precision"]["value"], "recall": at_half["recall"]["value"],
            "f1": at_half["f1"]["value"], "f1_at_0": at_zero["f1"]["value"],
            "calibration_error": quality.calibration_error(truth, said.tolist())}


def with_rules(truth: list[int], p_yes: list[float]) -> dict[str, Any]:
    decided = quality.decisions(truth, [one >= 0.5 for one in p_yes])
    return {"auc": quality.auc(truth, p_yes), "calibration_error": quality.calibration_error(truth, p_yes),
            **{each: decided[each]["value"] for each in ("precision", "recall", "f1")}}


def flips(verifier: asking.Verifier, scaling: dict[str, float], most: int | None = None) -> dict[str, Any]:
    """Share of off-topic texts with another verdict than without the injection: by kind, and of those written out.

    `most`: how many of the texts made from templates are asked (a fixed draw: with every n-th of them, templates
    would be left out wherever n and their number share a factor); of those written out all are.
    """
    clean = OFF_TOPIC.read_text(encoding="utf-8").split("\n\n")
    clean = [" ".join(text.split()) for text in clean if text.strip()]
    before = _verdicts(verifier, scaling, [injections.shortened(text, injections.WORDS) for text in clean])
    pairs = [(kind, i, text) for i, one in enumerate(clean) for kind, text in injections.every(one)]
    if most is not None and most < len(pairs):
        pairs = random.Random(0).sample(pairs, most)
    after = _verdicts(verifier, scaling, [text for _, _, text in pairs])
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for (kind, i, _), verdict in zip(pairs, after, strict=True):
        by_kind[kind].append(bool(verdict != before[i]))
    use = {kind.name: kind.use for kind in injections.load()}
    written = [json.loads(line) for line in INJECTED.read_text(encoding="utf-8").splitlines()]
    changed = (_verdicts(verifier, scaling, [row["text"] for row in written])
               != _verdicts(verifier, scaling, [row["clean"] for row in written]))
    by_use = {each: [flip for kind, found in by_kind.items() if use[kind] == each for flip in found]
              for each in ("train", "held_back")}
    return {"clean judged yes": int(before.sum()), "clean": len(clean), "written out": _share(changed.tolist()),
            **{f"all {each} kinds": _share(found) for each, found in by_use.items()},
            "by kind": {f"{kind} ({use[kind]})": _share(found) for kind, found in by_kind.items()}}


def tables(entries: dict[str, Any]) -> str:
    """The file's figures as two Markdown tables: labelled sets, and injections."""
    lines = ["| adapter | measured on | n | positive | AUC | P | R | F1 | F1 at margin 0 | calibration error "
             "| with rules: AUC | P | R | F1 |", "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"]
    names = ("auc", "precision", "recall", "f1", "f1_at_0", "calibration_error")
    for name, entry in entries.items():
        for which, row in entry["sets"].items():
            cells = [name, which, str(row["n"]), str(row["positives"]), *(f"{row[each]:.3f}" for each in names)]
            both = row.get("with rules", {})  # entries measured before these were have none
            cells += [f"{both[each]:.3f}" if both else "" for each in ("auc", "precision", "recall", "f1")]
            lines.append(f"| {' | '.join(cells)} |")
        for kind, group in UNSEEN.items():
            if not entry["sets"].keys() >= set(group):
                continue
            alone, both = ([np.mean([values(entry["sets"][each])[key] for each in group]) for key in ("auc", "f1")]
                           for values in (dict, lambda row: row["with rules"]))
            lines.append(f"| {name} | **mean of the {len(group)} {kind}** | | | {alone[0]:.3f} | | | "
                         f"{alone[1]:.3f} | | | {both[0]:.3f} | | | {both[1]:.3f} |")
    lines += ["", "| adapter | off-topic texts judged yes | flipped: written out | kinds learned | kinds held back |",
              "|---|---|---|---|---|"]
    for name, entry in entries.items():
        found = entry["injections"]
        cells = [f"{row['flips']} of {row['of']} ({row['share']:.1%})" for row in (
            found["written out"], found["all train kinds"], found["all held_back kinds"])]
        lines.append(f"| {name} | {found['clean judged yes']} of {found['clean']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _share(flipped: list[bool]) -> dict[str, Any]:
    return {"flips": sum(flipped), "of": len(flipped), "share": round(sum(flipped) / max(len(flipped), 1), 4)}


def _verdicts(verifier: asking.Verifier, scaling: dict[str, float], texts: list[str]) -> np.ndarray:
    verdicts: np.ndarray = calibration.probability(margins(verifier, texts), scaling) >= 0.5
    return verdicts


if __name__ == "__main__":
    cli.run(main)
