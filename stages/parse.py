"""Parse raw dumps into records: raw_data -> data/parsed (id, source, locator, title, text, meta, dropped).

    python stages/parse.py --input-dir raw_data --output-dir data/parsed
    python stages/parse.py --input-dir s3://bucket/raw --output-dir s3://bucket/parsed
    python stages/parse.py --explain FILE     # what is recognised in one file, and its first records

Limits: one pass, constant memory; what a file may cost is set in parse.limits.
"""

import argparse
from pathlib import Path
from typing import Any

from cybersieve import cli, explain, kinds, measure, params, parse, raw_files, remote


class Explain(argparse.Action):
    """Like --help: does its work and ends, without asking for folders. `--params FILE` goes before it."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        for line in explain.lines(Path(values), params.load(namespace.params).parse):
            print(line)
        parser.exit()


def main() -> None:
    parser = cli.parser(__doc__, "input-dir", "output-dir", "params", "counts", "performance", kind=remote.place)
    parser.add_argument("--explain", action=Explain, metavar="FILE", help="say what is recognised in FILE, and end")
    args = parser.parse_args()
    settings = params.load(args.params)

    with remote.here(args, kinds.is_data):
        with measure.Stopwatch("parse") as watch:
            counts = parse.parse_folder(args.input_dir, args.output_dir, settings.parse, settings.engine)
        counts.save(args.counts)
        watch.save(args.performance, records=counts.read, mb=raw_files.size_mb(args.input_dir))


if __name__ == "__main__":
    cli.run(main)
