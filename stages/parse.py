"""Parse raw dumps into records: raw_data -> data/parsed (id, source, locator, title, text, meta, dropped).

    python stages/parse.py --input-dir raw_data --output-dir data/parsed

Limits: one pass, constant memory; what a file may cost is set in parse.limits.
"""

from cybersieve import cli, measure, params, parse


def main() -> None:
    args = cli.arguments(__doc__, "input-dir", "output-dir")
    settings = params.load(args.params)

    with measure.Stopwatch("parse") as watch:
        counts = parse.parse_folder(args.input_dir, args.output_dir, settings.parse, settings.engine)
    counts.save(args.counts)
    watch.save(args.performance, records=counts.read, mb=parse.size_mb(args.input_dir))


if __name__ == "__main__":
    cli.run(main)
