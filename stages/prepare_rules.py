"""Fit the weights in rules.yaml on labelled text, and report every rule: labels + texts -> rules.yaml, docs/rules-*.

    python stages/prepare_rules.py --parsed-dir data/parsed --labels labels --texts a.jsonl b.jsonl

Not a stage of the pipeline: the new numbers are read, judged and committed like any other change of rules.yaml.
`--texts` are files of {"text": …, "label": 0 or 1} lines, one group each. Uniform labels are never looked at.
Limits: needs requirements_fit.txt; all labelled texts and the corpus' rule hits are held in memory.
"""

from pathlib import Path

from cybersieve import cli, params, records, rules
from cybersieve.errors import CybersieveError, InputError


def main() -> None:
    parser = cli.parser(__doc__, "parsed-dir", "labels", "params")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], metavar="FILE", help="labelled texts (JSONL)")
    parser.add_argument("--report-dir", type=Path, default=Path("docs"), metavar="PATH", help="where reports go")
    parser.add_argument("--report-only", action="store_true", help="leave rules.yaml as it is")
    args = parser.parse_args()
    try:
        from cybersieve import fit, fit_files
    except ImportError as error:
        raise CybersieveError(f"fitting needs {error.name}: pip install -r requirements_fit.txt") from None
    path = Path(params.load(args.params).score.rules)
    book = rules.load(path)
    examples = fit_files.labelled_records(args.parsed_dir, args.labels)
    for texts in args.texts:
        examples += fit_files.labelled_texts(texts)
    try:
        fitted = fit.fit(book, examples)
    except ValueError as error:
        raise InputError(args.labels, str(error), remedy="label more records, or give --texts") from None
    if not args.report_only:
        fit_files.rewrite(path, book, fitted)
    weights = [rule.weight for rule in rules.load(path).rules]
    fit_files.report(args.report_dir / "rules-report.csv", book, weights, args.parsed_dir, examples)
    records.save_json(args.report_dir / "rules-fit.json", fitted.figures)
    for name, found in fitted.figures["cross_validated_by_group"].items():
        print(f"{name}: AUC {found['auc']}, F1 {found['f1']} cross-validated")


if __name__ == "__main__":
    cli.run(main)
