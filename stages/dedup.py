"""Find exact and near duplicates: data/parsed -> data/unique (for each record the one that stands for it, or null).

    python stages/dedup.py --input-dir data/parsed --output-dir data/unique

Limits: 121 bytes of memory a record, shingles in a scratch file inside the output folder while it works.
"""

from cybersieve import cli, params
from cybersieve.dedup import dedup_folder
from cybersieve.measure import Stopwatch


def main() -> None:
    args = cli.arguments(__doc__, "input-dir", "output-dir", "params", "counts", "performance")
    settings = params.load(args.params)
    with Stopwatch("dedup") as watch:
        counts = dedup_folder(args.input_dir, args.output_dir, settings.dedup, settings.engine,
                              settings.export.licences.deny)
    counts.save(args.counts)
    watch.save(args.performance, records=counts.read)


if __name__ == "__main__":
    cli.run(main)
