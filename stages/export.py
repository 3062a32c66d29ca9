"""Write the kept records as Parquet and JSONL, and every other record's id and reason.

    python stages/export.py --parsed-dir data/parsed --scored-dir data/scored --verdicts-dir data/verdicts \\
        --output-dir data/filtered --rejected-dir data/rejected

Limits: one pass, constant memory; records are in the order of their sources.
"""

from cybersieve import cli, params
from cybersieve.export import export_folder
from cybersieve.measure import Stopwatch


def main() -> None:
    args = cli.arguments(__doc__, "parsed-dir", "scored-dir", "verdicts-dir", "output-dir", "rejected-dir")
    settings = params.load(args.params)
    with Stopwatch("export") as watch:
        counts = export_folder(
            args.parsed_dir, args.scored_dir, args.verdicts_dir, args.output_dir, args.rejected_dir, settings.export
        )
    counts.save(args.counts)
    watch.save(args.performance, records=counts.read)


if __name__ == "__main__":
    cli.run(main)
