"""Write the kept records as Parquet, JSONL and chat files with a dataset card, and every other record's id and reason.

    python stages/export.py --parsed-dir data/parsed --scored-dir data/scored --verdicts-dir data/verdicts \\
        --output-dir data/filtered --rejected-dir data/rejected

With --counts-dir, --labels, --thresholds, --model and --lock the card also tells the counts of the steps before,
quality, certificate, model and how to repeat the run. Limits: one pass, constant memory.
"""

from pathlib import Path

from cybersieve import cli, params, provenance, records, remote
from cybersieve.card import Run
from cybersieve.export import export_folder
from cybersieve.measure import Stopwatch


def main() -> None:
    parser = cli.parser(__doc__, "parsed-dir", "scored-dir", "verdicts-dir", "output-dir", "rejected-dir",
                        "params", "counts", "performance", kind=remote.place)
    parser.add_argument("--counts-dir", type=Path, metavar="PATH", help="folder of the earlier stages' counts")
    parser.add_argument("--thresholds", type=Path, metavar="FILE", help="thresholds.json as calibrate wrote it")
    parser.add_argument("--labels", type=cli.label_folder, metavar="PATH", help="folder of label files")
    parser.add_argument("--model", type=Path, metavar="FILE", help="model.json as prepare_model wrote it")
    parser.add_argument("--lock", type=Path, metavar="FILE", help="dvc.lock")
    args = parser.parse_args()
    settings = params.load(args.params)
    model = records.load_json(args.model, "id") if args.model else None
    with remote.here(args):
        run = Run(args.counts_dir, args.thresholds, args.labels, args.scored_dir, args.verdicts_dir, model,
                  tuple(provenance.commands(name_commit=False)), args.lock)
        with Stopwatch("export") as watch:
            counts = export_folder(args.parsed_dir, args.scored_dir, args.verdicts_dir, args.output_dir,
                                   args.rejected_dir, settings.export, run, settings.engine)
    counts.save(args.counts)
    watch.save(args.performance, records=counts.read)


if __name__ == "__main__":
    cli.run(main)
