"""Measure the run on labelled records: metrics.json, plots/, performance.json and, to look at, report.html.

    python stages/report.py --scored-dir data/scored --verdicts-dir data/verdicts --counts-dir data/counts \\
        --labels labels --thresholds data/thresholds.json --output-dir . --plots-dir plots --parsed-dir data/parsed

metrics.json holds figures that are the same on every rerun; seconds and memory of the stages are gathered from
--performance-dir into performance.json. With --parsed-dir the page report.html is written beside them.
"""

from pathlib import Path

from cybersieve import cli, page, params, provenance, report


def main() -> None:
    parser = cli.parser(__doc__, "scored-dir", "verdicts-dir", "counts-dir", "labels", "thresholds", "params")
    parser.add_argument("--output-dir", type=cli.local, required=True, metavar="PATH",
                        help="folder for metrics.json, performance.json and report.html; nothing else there is touched")
    parser.add_argument("--plots-dir", type=Path, required=True, metavar="PATH",
                        help="folder for the plots' data; replaced as a whole")
    parser.add_argument("--performance-dir", type=Path, metavar="PATH", help="folder of the stages' seconds and memory")
    parser.add_argument("--parsed-dir", type=Path, metavar="PATH", help="records, of which the page shows some")
    args = parser.parse_args()
    settings = params.load(args.params)
    figures = report.report_folder(
        args.scored_dir, args.verdicts_dir, args.counts_dir, args.labels, args.thresholds,
        args.output_dir, args.plots_dir,
    )
    if args.performance_dir:
        report.performance(args.performance_dir, args.output_dir / "performance.json")
    if args.parsed_dir:
        page.page_folder(args.parsed_dir, args.scored_dir, args.verdicts_dir, args.labels, args.plots_dir,
                         args.output_dir, settings, provenance.commands())
    verifier = figures["verifier"]["alone"]
    if verifier["auc"] is not None and verifier["auc"] < report.USELESS_AUC:
        cli.warn(f"on {verifier['n']} labelled records the verifier's AUC is {verifier['auc']}: it is not worth asking")


if __name__ == "__main__":
    cli.run(main)
