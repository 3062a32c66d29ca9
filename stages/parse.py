"""Parse raw dumps into records: raw_data -> data/parsed (id, source, locator, title, text, meta, dropped).

    python stages/parse.py --input-dir raw_data --output-dir data/parsed
    python stages/parse.py --input-dir s3://bucket/raw --output-dir s3://bucket/parsed
    python stages/parse.py --explain FILE     # what is recognised in one file, and its first records

Limits: one pass, constant memory; what a file may cost is set in parse.limits.
"""

import sys
from functools import partial
from pathlib import Path

from cybersieve import cli, explain, kinds, measure, params, parse, raw_files, remote, sources


def main() -> None:
    explaining = any(word.startswith("--explain") for word in sys.argv)  # needs no folders
    parser = cli.parser(__doc__, "input-dir", "output-dir", "params", "counts", "performance", kind=remote.place,
                        required=not explaining)
    parser.add_argument("--explain", type=Path, metavar="FILE", help="say what is recognised in FILE, and end")
    args = parser.parse_args()
    settings = params.load(args.params)
    if args.explain is not None:
        for line in explain.lines(args.explain, settings.parse):
            print(cli.printable(line))
        return

    own = sources.users(settings.parse.sources)
    with remote.here(args, partial(kinds.is_data, own=own)):
        size = raw_files.size_mb(args.input_dir, own)  # before, when there are no other lists of names in memory
        with measure.Stopwatch("parse") as watch:
            counts = parse.parse_folder(args.input_dir, args.output_dir, settings.parse, settings.engine)
        counts.save(args.counts)
        watch.save(args.performance, records=counts.read, mb=size)


if __name__ == "__main__":
    cli.run(main)
