"""Who decides a record: rules where they are sure, else the LLM, whose answer is weighed together with the rules'.

    confidence >= accept -> kept by rule        confidence <= reject -> rejected by rule
    between -> the LLM is asked; p_yes = 1 / (1 + exp(-(margin and rules' log-odds, weighed)))
               p_yes >= verify.keep_from -> kept

Two passes over the files, in bounded memory: the first asks what is uncertain, a window of records at a time; the
second writes the verdicts. What the LLM could not answer is `failed`: neither kept nor rejected, asked again next time.
"""

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from cybersieve import asking, calibration, params, records
from cybersieve.errors import InputError, ModelError
from cybersieve.records import Counts, Row, Shard

WINDOW = 20_000  # uncertain records whose texts are in memory at once
Walked = tuple[Row, Row, Any]  # a record, its score, and what it is a duplicate of


class Decision(NamedTuple):
    """The deciding part of a VERDICTS row."""

    verdict: str  # kept | rejected | failed
    by: str  # rule | llm | parse | dedup
    reason: str
    p_yes: float | None = None  # posterior of margin and log-odds, 3 decimals
    margin: float | None = None  # raw log-odds of the answer yes, 3 decimals


def by_parse(dropped: str) -> Decision:
    """The verdict on a record that parse set aside."""
    return Decision("rejected", "parse", f"status {dropped}")


def by_rule(confidence: float, accept: float | None, reject: float | None) -> Decision | None:
    """The rules' verdict; None where they are not sure. A threshold of None means that its band is empty."""
    if accept is not None and confidence >= accept:
        return Decision("kept", "rule", f"confidence {confidence:.2f} >= {accept:.2f}")
    if reject is not None and confidence <= reject:
        return Decision("rejected", "rule", f"confidence {confidence:.2f} <= {reject:.2f}")
    return None


def by_llm(margin: float | None, log_odds: float | None, calibration: Mapping[str, Any],
           keep_from: float = 0.5) -> Decision:
    """The LLM's verdict on a margin (None: it could not answer), weighed with the rules' log-odds.

    `calibration` is an adapter's calibration.json: `posterior` {margin, log_odds, bias} where both are known,
    `platt` {a, b} where `log_odds` is None. Without it: log-odds + margin / 2, or the margin alone.
    """
    if margin is None:
        return Decision("failed", "llm", "no answer")
    margin = round(margin, 3)
    posterior, platt = calibration.get("posterior"), calibration.get("platt")
    if log_odds is None:
        logit = platt["a"] * margin + platt["b"] if platt else margin
    elif posterior:
        logit = posterior["margin"] * margin + posterior["log_odds"] * log_odds + posterior["bias"]
    else:
        logit = log_odds + margin / 2
    p_yes = round(1 / (1 + math.exp(-max(-500.0, min(500.0, logit)))), 3)
    if p_yes >= keep_from:
        return Decision("kept", "llm", f"p_yes {p_yes:.3f} >= {keep_from:g}", p_yes, margin)
    return Decision("rejected", "llm", f"p_yes {p_yes:.3f} < {keep_from:g}", p_yes, margin)


def limits(thresholds: Path) -> dict[str, Any]:
    """The content of a thresholds.json. Raises InputError where it is none."""
    try:
        tree = records.load_json(thresholds)
    except InputError as error:
        raise InputError(thresholds, error.reason,
                         remedy="a thresholds.json as calibrate writes it is wanted") from None
    if not isinstance(tree, dict) or not {"accept", "reject"} <= tree.keys():
        raise InputError(thresholds, "names no accept and reject", remedy="rerun calibrate, or name its file")
    for name in ("accept", "reject"):
        if type(tree[name]) not in (int, float, type(None)):  # a bool is no number here
            raise InputError(thresholds, f"{name} is {tree[name]!r}",
                             remedy="a number or null is wanted: rerun calibrate")
    if fault := calibration.fault(tree):
        raise InputError(thresholds, fault, remedy="rerun calibrate")
    return tree


def weighing(calibration: dict[str, Any], bands: dict[str, Any]) -> dict[str, Any]:
    """The adapter's calibration; a posterior in thresholds.json, of the corpus itself, goes before its own."""
    return calibration | {"posterior": bands["posterior"]} if bands.get("posterior") else calibration


def verify_folder(parsed_dir: Path, scored_dir: Path, output_dir: Path, thresholds: Path, settings: params.Verify,
                  unique_dir: Path | None = None, figures: dict[str, float] | None = None) -> Counts:
    """Write VERDICTS rows for all of `parsed_dir`; returns the counts. `figures` gets asked, cached and tokens.

    Raises ModelError where the model can't be had or left more than `verify.max_failed` of the questions
    unanswered (the answers it gave are kept), InputError where the folders do not belong together.
    """
    bands = limits(thresholds)
    sure = partial(by_rule, accept=bands["accept"], reject=bands["reject"])
    walk = partial(_walk, scored_dir, unique_dir)
    shards = records.shards(parsed_dir)
    counts = Counts()
    inputs = [parsed_dir, scored_dir, *([unique_dir] if unique_dir else [])]
    with records.output_folder(output_dir, *inputs) as folder:
        with asking.Verifier(settings) as verifier:
            rows = (row for shard in shards for row in walk(shard, "title", "text"))
            margins = _ask_uncertain(verifier, rows, sure)
            if verifier.failed > settings.max_failed * len(margins):
                trouble = getattr(verifier.engine, "trouble", "")
                raise ModelError(
                    f"{settings.model} left {verifier.failed} of {len(margins)} questions unanswered, more than "
                    f"verify.max_failed ({settings.max_failed:g}){trouble and f'; the last error: {trouble}'}; "
                    "what it answered is kept: run again")
        weights = weighing(verifier.calibration if margins else {}, bands)
        said = partial(by_llm, calibration=weights, keep_from=settings.keep_from)
        answers = iter(margins)
        for shard in shards:
            part = Counts()
            verdicts = _verdicts(walk(shard, "source"), sure, answers, said, part)
            records.write(folder / shard.name, verdicts, records.VERDICTS)
            counts.add(shard.source, part)
    if figures is not None:
        figures.update(verifier.figures())
    return counts


def _ask_uncertain(verifier: asking.Verifier, rows: Iterable[Walked],
                   sure: Callable[[float], Decision | None]) -> "array[float]":
    """Margins of the uncertain records in the order of the files; nan where the model failed. 8 bytes a record."""
    result, window = array("d"), list[str]()

    def ask() -> None:
        result.extend(math.nan if margin is None else margin for margin in verifier.margins(window))
        window.clear()

    for record, score, _ in rows:
        confidence = score["confidence"]
        if confidence is not None and sure(confidence) is None:
            window.append(verifier.clip(records.full_text(record["title"], record["text"])))
            if len(window) == WINDOW:
                ask()
    ask()
    return result


def _walk(scored_dir: Path, unique_dir: Path | None, shard: Shard, *columns: str) -> Iterator[Walked]:
    """One file's records with their scores and what they are duplicates of.

    Raises InputError where score was run with another --unique-dir: it gave no score to what that set aside.
    """
    files = [(shard.path, ["id", "dropped", *columns]), (scored_dir / shard.name, ["id", "score", "confidence"])]
    if unique_dir:
        files.append((unique_dir / shard.name, ["id", "duplicate_of"]))
    for record, score, *twin in records.side_by_side(*files):
        duplicate = twin[0]["duplicate_of"] if twin else None
        if (score["confidence"] is None) == (record["dropped"] is None and duplicate is None):
            unscored = score["confidence"] is None
            raise InputError(scored_dir / shard.name, f"record {record['id']} is " + (
                             "not scored" if unscored else "scored, though it is set aside"),
                             remedy="score was run with --unique-dir: give it here too" if unscored and not unique_dir
                             else "rerun score with the same --unique-dir")
        yield record, score, duplicate


def _verdicts(rows: Iterable[Walked], sure: Callable[[float], Decision | None], answers: Iterator[float],
              said: Callable[[float | None, float | None], Decision], counts: Counts) -> Iterator[Row]:
    """One file's VERDICTS rows. What the rules are not `sure` of takes the next of `answers`, and `said` decides it."""
    for record, score, duplicate in rows:
        if record["dropped"] is not None:
            decision = by_parse(record["dropped"])
        elif duplicate is not None:
            decision = Decision("rejected", "dedup", f"duplicate of {duplicate}")
        else:
            decision = sure(score["confidence"]) or said(_number(next(answers)), score["score"])
        _count(counts, decision)
        yield {"id": record["id"], "source": record["source"]} | decision._asdict()


def _number(margin: float) -> float | None:
    return None if math.isnan(margin) else margin


def _count(counts: Counts, decision: Decision) -> None:
    """read = written (kept or rejected by topic) + dropped (by parse, by dedup) + failed."""
    counts.read += 1
    counts.notes[f"{decision.verdict} by {decision.by}"] += 1
    if decision.verdict == "failed":
        counts.failed += 1
    elif decision.by in ("parse", "dedup"):
        counts.dropped[decision.by] += 1
    else:
        counts.written += 1
