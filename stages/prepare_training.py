"""Make an adapter's training data: gold + labelled + by-construction + own texts -> training.jsonl.

    python stages/prepare_training.py --gold papers.jsonl packages.jsonl \\
        --parsed-dir data/parsed data/parsed_dumps --labels labels --output-dir data/training
    python stages/prepare_training.py --rest 0.1 --whole written packages --labelled labels/packages.csv \\
        --parsed-dir data/parsed data/parsed_dumps --labels labels --output-dir data/training

Writes training.jsonl (text, label, source, stratum, group), never.csv (fingerprints of texts with a uniform label,
which `cybersieve adapt --never` refuses) and counts.json. Same inputs, same bytes. Records with a uniform label, and
texts that read the same as one, are left out and counted. Not covered: whether a by-construction label is right.
"""

import argparse
from pathlib import Path

from cybersieve import cli, labels, records, synthetic, training_data
from cybersieve.training_data import Row


def gathered(args: argparse.Namespace) -> list[Row]:
    """All texts to learn from, with their labels, before any is left out."""
    learnable = labels.for_fitting(args.labels)
    skip = set(learnable) | set(labels.load_optional(args.labels, labels.UNIFORM))
    more = {path.stem: {of: label for of, label in labels.load(path).items() if label is not None}
            for path in args.labelled}
    rows: list[Row] = [one for path in [*args.gold, synthetic.WRITTEN] for one in training_data.read_jsonl(path)]
    for folder in args.parsed_dir:
        rows += training_data.labelled(folder, learnable, weight=training_data.LABELLED)
        rows += training_data.by_construction(folder, skip)
        for source, wanted in more.items():
            rows += training_data.labelled(folder, wanted, source)
    return rows + [training_data.row(**one) for one in synthetic.texts(args.synthetic)]


def main() -> None:
    parser = cli.parser(__doc__, "labels")
    parser.add_argument("--parsed-dir", type=Path, nargs="+", required=True, metavar="DIR", help="records, as parsed")
    parser.add_argument("--gold", type=Path, nargs="*", default=[], metavar="FILE", help="labelled texts, JSONL")
    parser.add_argument("--labelled", type=Path, nargs="*", default=[], metavar="FILE",
                        help="more labels of records in --parsed-dir, CSV; the file's name is their source's")
    parser.add_argument("--output-dir", type=Path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--synthetic", type=int, default=10, help="own texts for each template (default 10)")
    parser.add_argument("--shortened", type=float, default=0.35, help="share of texts that get a shortened copy")
    parser.add_argument("--injected", type=int, default=1800, help="injected negatives; half as many positives")
    parser.add_argument("--rest", type=float, default=1.0,
                        help="share of the texts that are not labelled records; for adapt --start-from")
    parser.add_argument("--whole", nargs="*", default=[], metavar="SOURCE",
                        help="sources that are kept whatever --rest says")
    parser.add_argument("--held-back", type=float, default=0.08,
                        help="share that adapt holds back: kept whatever --rest says, to calibrate on")
    args = parser.parse_args()

    banned: set[str] = set().union(*(training_data.never(folder, args.labels) for folder in args.parsed_dir))
    rows = gathered(args)
    read = len(rows)
    originals, left_out = training_data.clean(rows, banned)
    copies = list(training_data.shortened_copies(originals, args.shortened))
    copies += training_data.injected_copies(originals, args.injected, args.injected // 2)
    everything = [*originals, *copies]
    chosen = [one for one in everything
              if one["weight"] == training_data.LABELLED or one["source"] in args.whole
              or training_data.share(one["group"]) < args.held_back
              or training_data.share(one["group"], "rest") < args.rest]
    kept, copies_left_out = training_data.clean(chosen, banned)

    written = r"training\.jsonl|never\.csv|counts\.json"
    with records.output_folder(args.output_dir, *args.parsed_dir, also=written) as folder:
        training_data.write_jsonl(folder / "training.jsonl", kept)
        (folder / "never.csv").write_text("".join(f"{name}\n" for name in sorted(banned)), encoding="utf-8")
        records.save_json(folder / "counts.json", {
            "read": read, "left_out": dict(sorted(left_out.items())), "copies": len(copies),
            "not_in_rest": len(everything) - len(chosen),
            "copies_left_out": dict(sorted(copies_left_out.items())), "written": len(kept),
            "by_source": training_data.table(kept)})


if __name__ == "__main__":
    cli.run(main)
