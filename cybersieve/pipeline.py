"""All stages in a row on any folder, without DVC: `python -m cybersieve filter`.

    OUTPUT/filtered, OUTPUT/rejected, OUTPUT/metrics.json, OUTPUT/performance.json, OUTPUT/report.html, OUTPUT/plots
    OUTPUT/stages/: what the stages hand to each other, and their counts
"""

import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cybersieve import (
    calibrate,
    card,
    dedup,
    export,
    page,
    parse,
    provenance,
    raw_files,
    records,
    report,
    rules,
    score,
    sources,
    verify,
)
from cybersieve.asking import Verifier
from cybersieve.errors import InputError
from cybersieve.measure import Stopwatch
from cybersieve.params import Params
from cybersieve.records import Counts


def run(input_dir: Path, output_dir: Path, labels_dir: Path, settings: Params,
        named: tuple[str, str] | None = None, more: Mapping[str, Path] | None = None) -> dict[str, Any]:
    """Filter `input_dir` into `output_dir`; returns the metrics. Raises what the stages raise.

    `named`: what the user calls the two, where they are copies of what lies at a URL. `more`: options of the command
    that were not left as they are.
    """
    source, target = named or (str(input_dir), str(output_dir))
    source = source if "://" in source else Path(source).resolve().name  # the card is published: no path of this disk
    target = "OUTPUT" if "://" in target else target
    options = (word for name, path in (more or {}).items() for word in (f"--{name}", path.resolve().name))
    command = shlex.join(["python", "-m", "cybersieve", "filter", "--input-dir", source, "--output-dir", "OUTPUT",
                          *options])
    work = output_dir / "stages"
    parsed, unique, scored, verdicts, counts = (
        work / name for name in ("parsed", "unique", "scored", "verdicts", "counts"))
    thresholds, measured = work / "thresholds.json", work / "performance"
    _check(input_dir, output_dir, settings)
    asked = Verifier(settings.verify).files.card()
    for folder in (counts, measured):
        shutil.rmtree(folder, ignore_errors=True)

    def stage(name: str, function: Callable[..., Counts], *arguments: Any,
              figures: Mapping[str, float] = MappingProxyType({})) -> None:
        with Stopwatch(name) as watch:
            done = function(*arguments)
        done.save(counts / f"{name}.json")
        watch.save(measured / f"{name}.json", records=done.read, **figures)

    own = sources.users(settings.parse.sources)
    stage("parse", parse.parse_folder, input_dir, parsed, settings.parse, settings.engine,
          figures={"mb": raw_files.size_mb(input_dir, own)})
    stage("dedup", dedup.dedup_folder, parsed, unique, settings.dedup, settings.engine, settings.export.licences.deny)
    stage("score", score.score_folder, parsed, scored, settings.score, settings.engine, unique)
    records.save_json(thresholds, calibrate.calibrate_folder(scored, labels_dir, settings.calibrate))
    answers: dict[str, float] = {}
    stage("verify", verify.verify_folder, parsed, scored, verdicts, thresholds, settings.verify, unique, answers,
          figures=answers)
    about = card.Run(counts, thresholds, labels_dir, scored, verdicts, asked, (command,))
    stage("export", export.export_folder, parsed, scored, verdicts, output_dir / "filtered",
          output_dir / "rejected", settings.export, about, settings.engine)
    figures = report.report_folder(scored, verdicts, counts, labels_dir, thresholds, output_dir, output_dir / "plots")
    report.performance(measured, output_dir / "performance.json")
    page.page_folder(parsed, scored, verdicts, labels_dir, output_dir / "plots", output_dir, settings,
                     provenance.commands(command), f"{target}/stages")
    return figures


def _check(input_dir: Path, output_dir: Path, settings: Params) -> None:
    """What would end the run after hours of work, or harm another project, ends it now."""
    if (output_dir / "dvc.yaml").exists():
        raise InputError(output_dir, "is a DVC project, with files of its own where the output would be",
                         remedy="name another output folder")
    for name, also in {"filtered": export.WRITTEN, "rejected": "", "plots": report.PLOTS}.items():
        records.check_output(output_dir / name, input_dir, also=also)
    export.check(settings.export)
    rules.load(settings.score.rules, settings.score.extra_rules, settings.score.trust)
