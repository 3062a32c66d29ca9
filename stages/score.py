"""Score every parsed record by rules: data/parsed -> data/scored (ids, rule hits, log-odds, confidence; no text).

    python stages/score.py --input-dir data/parsed --output-dir data/scored
    python stages/score.py --explain "A heap overflow lets remote attackers run code"
    python stages/score.py --explain "A heap overflow lets remote attackers run code" --source malpedia.json

Limits: one pass in constant memory; records that an earlier stage set aside keep their row, with no score.
"""

import sys
from pathlib import Path

from cybersieve import cli, measure, params, rules, score


def main() -> None:
    explaining = any(word.startswith("--explain") for word in sys.argv)  # needs no folders
    folders = [] if explaining else ["input-dir", "output-dir"]
    parser = cli.parser(__doc__, *folders, "params", "counts", "performance")
    parser.add_argument("--unique-dir", type=Path, metavar="PATH", help=cli.PATHS["unique-dir"])
    parser.add_argument("--explain", metavar="TEXT", help="show which rules hit this text, and stop")
    parser.add_argument("--title", default="", metavar="TEXT", help="with --explain: the title before the text")
    parser.add_argument("--source", default="", metavar="NAME", help="with --explain: the file the text is from")
    args = parser.parse_args()
    settings = params.load(args.params)
    if args.explain is not None:
        book = rules.load(settings.score.rules, settings.score.extra_rules, settings.score.trust)
        print(rules.explain(book, args.explain, args.source, args.title))
        return
    with measure.Stopwatch("score") as watch:
        counts = score.score_folder(args.input_dir, args.output_dir, settings.score, settings.engine, args.unique_dir)
    counts.save(args.counts)
    watch.save(args.performance, records=counts.read)


if __name__ == "__main__":
    cli.run(main)
