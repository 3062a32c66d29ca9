"""cybersieve: raw security dumps in, a clean fine-tuning set with provenance and proof of quality out.

    python -m cybersieve COMMAND --help
    python -m cybersieve filter --input-dir raw_data --output-dir filtered_data

commands:
  filter         the whole pipeline on any folder, without DVC
  judge          decide any texts: JSONL in, JSONL with verdicts out
  summary        the figures of the last run as a table
  why            why one record was kept or not
  review         label records in the browser
  agreement      where labellers differ
  sample-labels  draw records to label into a CSV
  adapt          train an adapter for the verifier's model
  serve          the verifier over HTTP: what start-simple-server.sh starts
  cache          show or prune the LLM's answers and what was parsed
  doctor         what this machine has for a run, and a remedy for each fault
"""

import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from cybersieve import cli


def _filter(arguments: list[str]) -> None:
    """Filter a folder of raw dumps without DVC: the same functions as `dvc repro`.

    python -m cybersieve filter --input-dir raw_data --output-dir filtered_data
    python -m cybersieve filter --input-dir s3://bucket/raw --output-dir s3://bucket/filtered
    """
    from cybersieve import remote

    parser = cli.command("filter", _filter.__doc__)
    parser.add_argument("--input-dir", type=remote.place, required=True, metavar="DIR", help="raw dumps")
    parser.add_argument("--output-dir", type=remote.place, required=True, metavar="DIR",
                        help="gets filtered/, rejected/, metrics.json, performance.json and the stages' own files")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="FILE", help="settings")
    parser.add_argument("--labels", type=cli.label_folder, default=Path("labels"), metavar="DIR",
                        help="labelled records")
    args = parser.parse_args(arguments)
    from cybersieve import kinds, params, pipeline, sources, summary

    named, settings = (str(args.input_dir), str(args.output_dir)), params.load(args.params)
    with remote.here(args, partial(kinds.is_data, own=sources.users(settings.parse.sources))):
        more = {name: getattr(args, name) for name in ("params", "labels")
                if getattr(args, name) != parser.get_default(name)}
        pipeline.run(args.input_dir, args.output_dir, args.labels, settings, named, more)
        summary.show(args.output_dir, as_markdown=False, named=named[1])


def _judge(arguments: list[str]) -> None:
    """Decide texts: one JSON object a line with `text` (optional `title`, `source`, `label`).

    python -m cybersieve judge texts.jsonl --output judged.jsonl

    Adds confidence, rules, p_yes, verdict and by; with labels it prints AUC, precision, recall and F1.
    """
    parser = cli.command("judge", _judge.__doc__)
    parser.add_argument("file", type=Path, metavar="FILE.jsonl")
    parser.add_argument("--output", type=Path, required=True, metavar="OUT.jsonl")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="FILE", help="settings")
    parser.add_argument("--thresholds", type=Path, metavar="FILE",
                        help="thresholds.json of a run (default: calibrate.accept and .reject of the settings)")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--rules-only", action="store_true", help="never ask the LLM: kept from confidence 0.5")
    who.add_argument("--llm-only", action="store_true", help="ask the LLM about every text, and it alone decides")
    args = parser.parse_args(arguments)
    from cybersieve import judge, params

    decider: judge.Decider = "rules" if args.rules_only else "llm" if args.llm_only else "both"
    judge.run(args.file, args.output, params.load(args.params), args.thresholds, decider)


def _summary(arguments: list[str]) -> None:
    """Show the figures of a run.

    python -m cybersieve summary
    """
    parser = cli.command("summary", _summary.__doc__)
    parser.add_argument("--dir", type=Path, default=Path(), metavar="DIR", help="folder that holds metrics.json")
    parser.add_argument("--markdown", action="store_true", help="as README's table, without seconds and memory")
    args = parser.parse_args(arguments)
    from cybersieve import summary

    summary.show(args.dir, args.markdown)


def _cache(arguments: list[str]) -> None:
    """Show or prune what is kept between runs: the LLM's answers, so that nothing is asked twice, and parsed files.

    python -m cybersieve cache info
    python -m cybersieve cache prune --days 90
    python -m cybersieve cache prune

    Pruned are answers of the LLM and parsed files, all of them or the older ones, and damaged files that were set
    aside. What is needed again is asked and parsed anew. Prepared models stay.
    """
    parser = cli.command("cache", _cache.__doc__)
    parser.add_argument("action", choices=["info", "prune"])
    parser.add_argument("--days", type=int, default=0, metavar="N", help="prune what is older only (default 0: all)")
    args = parser.parse_args(arguments)
    if args.days < 0:
        parser.error(f"--days: {args.days} is below 0")
    from cybersieve import cache

    print(cache.info() if args.action == "info" else cache.prune(args.days))


COMMANDS: dict[str, Callable[[list[str]], None] | str] = {  # what does it: a function here, or a module's main
    "filter": _filter, "judge": _judge, "summary": _summary, "why": "why", "review": "review",
    "agreement": "agreement", "sample-labels": "sampling", "adapt": "adapt", "cache": _cache, "serve": "server",
    "doctor": "doctor"}


def _dispatch() -> None:
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
    elif sys.argv[1] not in COMMANDS:
        print(f"cybersieve: no command {sys.argv[1]!r} (known: {', '.join(COMMANDS)})", file=sys.stderr)
        sys.exit(2)
    else:
        found = COMMANDS[sys.argv[1]]
        work = import_module(f"cybersieve.{found}").main if isinstance(found, str) else found
        work(sys.argv[2:])


def main() -> None:
    cli.run(_dispatch)


if __name__ == "__main__":
    main()
