"""Decide any texts by the rules and the LLM that decide records: `python -m cybersieve judge`.

One JSON object a line with `text`; `title`, `source` and `label` (1, 0 or null) are optional, other keys are passed
through. Added: confidence, rules, verdict, by, reason, p_yes and margin (null where the LLM was not asked). A line that
says nothing is rejected as parse sets such a record aside: without a confidence, and taking no part in the quality.
"""

from collections.abc import Iterator, Sequence
from itertools import compress, islice
from pathlib import Path
from typing import Any, Literal

import orjson

from cybersieve import asking, cli, params, quality, records, rules, summary, verify
from cybersieve.errors import InputError

WINDOW = 2000  # lines decided at a time: memory stays flat whatever the file's length
SILENT = verify.by_parse(records.NO_TEXT)
Decider = Literal["both", "rules", "llm"]


def run(file: Path, output: Path, settings: params.Params, thresholds: Path | None = None,
        decider: Decider = "both") -> dict[str, Any] | None:
    """Decide `file` into `output`; returns and prints the quality where lines carry labels.

    rules: kept from confidence 0.5. llm: kept from p_yes 0.5, the margin alone being weighed. both: as a run does.
    Raises InputError naming the line that is not an object with a text, ModelError as verify does.
    """
    book = rules.load(settings.score.rules, settings.score.extra_rules, settings.score.trust)
    limits = verify.limits(thresholds) if thresholds else {
        "accept": settings.calibrate.accept, "reject": settings.calibrate.reject}
    if decider == "rules":
        limits = {"accept": 0.5, "reject": 0.5}
    elif decider == "llm":
        limits = {"accept": None, "reject": None}
    if output.exists() and output.samefile(file):
        raise InputError(output, "is the input as well", remedy="name another --output")
    lines, labelled = _lines(file), list[tuple[int, dict[str, Any]]]()
    with records.replacing(output) as path, asking.Verifier(settings.verify) as verifier, path.open("wb") as out:
        while window := list(islice(lines, WINDOW)):
            for row in _decided(window, book, verifier, limits, decider):
                out.write(orjson.dumps(row) + b"\n")
                if row.get("label") in (0, 1) and row["by"] != SILENT.by and row["verdict"] != "failed":
                    kept = {name: row[name] for name in ("verdict", "confidence", "p_yes")}
                    labelled.append((int(row["label"]), kept))
    if verifier.failed:
        cli.warn(f"{settings.verify.model} left {verifier.failed} texts unanswered: their verdict is failed, and they "
                 "take no part in the quality; run again")
    return _quality(labelled)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """The file's objects. Raises InputError with the line."""
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    row = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
                except orjson.JSONDecodeError as error:
                    raise InputError(file, f"not JSON: {error}", f"line {number}") from None
                if not isinstance(row, dict) or "text" not in row or not all(
                        isinstance(row.get(name), str | None) for name in ("text", "title", "source")):
                    raise InputError(file, "an object with a string `text` is wanted", f"line {number}")
                if row.get("label") not in (0, 1, None):
                    raise InputError(file, f"label: 1, 0 or null is wanted, found {row['label']!r}", f"line {number}")
                yield row
    except OSError as error:
        raise InputError(file, str(error.strerror)) from None


def _decided(window: Sequence[dict[str, Any]], book: rules.Rulebook, verifier: asking.Verifier,
             limits: dict[str, Any], decider: Decider) -> Iterator[dict[str, Any]]:
    """The lines with what was decided."""
    found = [book.judge(row.get("title") or "", row["text"] or "", row.get("source") or "") for row in window]
    texts = [records.full_text(row.get("title") or "", row["text"] or "") for row in window]
    sure = [verify.by_rule(item.confidence, limits["accept"], limits["reject"]) if text.strip() else SILENT
            for item, text in zip(found, texts, strict=True)]
    margins = iter(verifier.margins(compress(texts, [decision is None for decision in sure])))
    keep_from = 0.5 if decider == "llm" else verifier.settings.keep_from
    for row, item, decision in zip(window, found, sure, strict=True):
        if decision is None:
            log_odds = None if decider == "llm" else item.text_log_odds + item.source_log_odds
            calibration = verify.weighing(verifier.calibration, limits)
            decision = verify.by_llm(next(margins), log_odds, calibration, keep_from)
        confidence = None if decision is SILENT else item.confidence
        yield row | {"confidence": confidence, "rules": list(item.hits)} | decision._asdict()


def _quality(labelled: list[tuple[int, dict[str, Any]]]) -> dict[str, Any] | None:
    """AUC, precision, recall and F1 of labelled lines, printed as a table; None where there are no labels."""
    if not labelled:
        return None
    truth = [label for label, _ in labelled]
    said = [row["p_yes"] if row["p_yes"] is not None else row["confidence"] for _, row in labelled]
    result = quality.decisions(truth, [row["verdict"] == "kept" for _, row in labelled])
    result["auc"] = quality.auc(truth, said)
    print(f"labelled   {result['n']}\nAUC        {result['auc']}")
    for name in ("precision", "recall", "f1"):
        print(f"{name:10} {summary.shown(result[name], 'nothing to rate')}")
    return result
