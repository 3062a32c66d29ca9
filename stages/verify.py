"""Decide every record: rules where they are sure, the LLM for the rest: data/parsed, data/scored -> data/verdicts.

    python stages/verify.py --parsed-dir data/parsed --unique-dir data/unique --scored-dir data/scored \\
        --thresholds data/thresholds.json --output-dir data/verdicts

No question is asked twice: answers are kept in the per-user cache (`python -m cybersieve cache info`).
"""

from pathlib import Path

from cybersieve import cli, params, verify
from cybersieve.measure import Stopwatch


def main() -> None:
    parser = cli.parser(__doc__, "parsed-dir", "scored-dir", "thresholds", "output-dir",
                        "params", "counts", "performance")
    parser.add_argument("--unique-dir", type=Path, metavar="PATH", help=cli.PATHS["unique-dir"])
    args = parser.parse_args()
    settings = params.load(args.params).verify
    figures: dict[str, float] = {}

    with Stopwatch("verify") as watch:
        counts = verify.verify_folder(args.parsed_dir, args.scored_dir, args.output_dir, args.thresholds, settings,
                                      args.unique_dir, figures)
    counts.save(args.counts)
    watch.save(args.performance, records=counts.read, **figures)


if __name__ == "__main__":
    cli.run(main)
