"""Who decides a record: rules where they are sure, else the LLM, whose answer is weighed together with the rules'.

    confidence >= accept -> kept by rule        confidence <= reject -> rejected by rule
    between -> the LLM is asked; p_yes = 1 / (1 + exp(-(margin and rules' log-odds, weighed)))
               p_yes >= verify.keep_from -> kept

Two passes over the files, in bounded memory: the first asks what is uncertain, a window of records at a time; the
second writes the verdicts. What the LLM could not answer is `failed`: neither kept nor rejected, asked again next time.
"""

import math
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, Self

from cybersieve import cache, claims, cli, endpoint, model, params, prompt, records
from cybersieve.errors import CybersieveError, InputError, ModelError
from cybersieve.records import Counts, Row, Shard

WINDOW = 20_000  # uncertain records whose texts are in memory at once
POLL = 0.5  # seconds between looks for the answers of another run


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


class Verifier:
    """Model, adapter, cache: `with Verifier(settings) as verifier: verifier.margins(texts)`.

    The model's files are looked for at the first text, and loaded at the first that the cache can't answer.
    """

    def __init__(self, settings: params.Verify) -> None:
        self.settings = settings
        self.engine: Any = None
        self.answers: cache.Answers | None = None
        self.asked = self.cached = self.failed = 0  # distinct questions put; texts answered from cache; not answered

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.engine is not None:
            self.engine.__exit__()
        if self.answers is not None:
            self.answers.__exit__()

    @cached_property
    def files(self) -> "model.Found | endpoint.Found":
        return endpoint.Found(self.settings) if self.settings.backend == "openai" else model.find(self.settings)

    @cached_property
    def calibration(self) -> dict[str, Any]:
        """The adapter's calibration.json, empty where there is none; for `by_llm`."""
        return self.files.calibration()

    def clip(self, text: str) -> str:
        """The beginning of a text, all that the model can see of it."""
        return prompt.clip(text, self.settings.max_tokens)

    def margins(self, texts: Iterable[str]) -> list[float | None]:
        """A margin for each text, None where the model failed. Equal texts are asked once, known ones not at all.

        Answers are kept batch by batch: a run that is killed loses the batches that were under way, no more. What
        another run is asking at this moment is not asked again: its answer is waited for.
        """
        clipped = [self.clip(text) for text in texts]
        if not clipped:
            return []
        if self.answers is None:
            self._warn_of_unused()
            self.answers = cache.Answers(self.files.fingerprint(self.settings))
            self.claims = claims.Claims(self.answers.model, cache.folder())
        result = self.answers.get(clipped)
        places: dict[str, list[int]] = {}
        for i, (text, known) in enumerate(zip(clipped, result, strict=True)):
            if known is None:
                places.setdefault(text, []).append(i)
        self.cached += sum(known is not None for known in result)
        left = list(places)
        while left:
            left, answers = self._round(left)
            for text, margin in answers.items():
                for place in places[text]:
                    result[place] = margin
            if left:
                time.sleep(POLL)
        self.failed += sum(margin is None for margin in result)
        return result

    def _warn_of_unused(self) -> None:
        """Settings of the user's, where the adapter brings what it was trained on, or the model is one release."""
        if not isinstance(self.files, model.Found):
            return
        settings, adapter, layout = self.settings, self.files.adapter, self.files.layout(self.settings)
        if layout and settings != replace(settings, prompt=params.PROMPT, examples=[]):
            cli.warn(f"verify.prompt and verify.examples are not used: the adapter {adapter} brings its own "
                     "prompt (verify.adapter: null asks without it)")
        if layout and settings.max_tokens > layout.max_tokens:
            cli.warn(f"verify.max_tokens: {settings.max_tokens} is not used: the adapter {adapter} was trained on the "
                     f"first {layout.max_tokens} (verify.adapter: null asks without it)")
        if settings.revision is not None and settings.model == model.DEFAULT:
            cli.warn(f"verify.revision is not used: {model.DEFAULT}, the built-in model, is there in one release")

    def _round(self, texts: list[str]) -> tuple[list[str], dict[str, float | None]]:
        """Ask those that no other run is asking; returns the others that have no answer yet, and all answers."""
        assert self.answers is not None
        mine = self.claims.take(texts)
        try:  # somebody may have answered between a look into the cache and the claim
            known = zip(texts, self.answers.get(texts), strict=True)
            told = {text: margin for text, margin in known if margin is not None}
            self.cached += len(told)
            result: dict[str, float | None] = dict(told)
            questions = [text for text in texts if text in mine and text not in told]
            for batch in self._ask(questions):
                self.answers.put([(questions[i], margin) for i, margin in batch if margin is not None])
                result |= {questions[i]: margin for i, margin in batch}
                self.asked += len(batch)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("nothing half-written is kept, the LLM's answers so far are") from None
        finally:
            self.claims.free()
        return [text for text in texts if text not in mine and text not in told], result

    def _ask(self, questions: Sequence[str]) -> Iterator[list[tuple[int, float | None]]]:
        if not questions:
            return
        if self.engine is None:
            self.engine = self._load()
        batches = self.engine.margins(questions)
        yield from cli.progress(batches, "ask the LLM", len(questions), len)

    def _load(self) -> Any:
        if isinstance(self.files, endpoint.Found):
            return endpoint.Endpoints(self.files)
        from cybersieve import mlx_engine

        loaded, tokenizer = model.open_files(self.files)
        layout = self.files.layout(self.settings) or prompt.of_model(tokenizer, self.settings)
        try:
            return mlx_engine.Engine(loaded, tokenizer, layout, self.settings.batch_size)
        except CybersieveError:
            raise
        except Exception as error:  # mlx's own (out of memory, no such operation here), or the architecture's code
            raise ModelError(f"{self.settings.model} can't be run here: {error!r}") from None

    def figures(self) -> dict[str, float]:
        """What differs from run to run, for performance.json."""
        return {"asked": self.asked, "cached": self.cached, "tokens": self.engine.tokens if self.engine else 0}


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
    accept, reject = bands["accept"], bands["reject"]
    shards = records.shards(parsed_dir)
    counts = Counts()
    inputs = [parsed_dir, scored_dir, *([unique_dir] if unique_dir else [])]
    with records.output_folder(output_dir, *inputs) as folder:
        with Verifier(settings) as verifier:
            margins = _ask_uncertain(verifier, shards, scored_dir, unique_dir, accept, reject)
            if verifier.failed > settings.max_failed * len(margins):
                trouble = getattr(verifier.engine, "trouble", "")
                raise ModelError(
                    f"{settings.model} left {verifier.failed} of {len(margins)} questions unanswered, more than "
                    f"verify.max_failed ({settings.max_failed:g}){trouble and f'; the last error: {trouble}'}; "
                    "what it answered is kept: run again")
        calibration = weighing(verifier.calibration if margins else {}, bands)
        said = partial(by_llm, calibration=calibration, keep_from=settings.keep_from)
        answers = iter(margins)
        for shard in shards:
            part = Counts()
            rows = _verdicts(shard, scored_dir, unique_dir, part, accept, reject, answers, said)
            records.write(folder / shard.name, rows, records.VERDICTS)
            counts.add(shard.source, part)
    if figures is not None:
        figures.update(verifier.figures())
    return counts


def _ask_uncertain(verifier: Verifier, shards: list[Shard], scored_dir: Path, unique_dir: Path | None,
                   accept: float | None, reject: float | None) -> "array[float]":
    """Margins of the uncertain records in the order of the files; nan where the model failed. 8 bytes a record."""
    result, window = array("d"), list[str]()

    def ask() -> None:
        result.extend(math.nan if margin is None else margin for margin in verifier.margins(window))
        window.clear()

    for shard in shards:
        for record, score, _ in _rows(shard, scored_dir, unique_dir, "title", "text"):
            confidence = score["confidence"]
            if confidence is not None and by_rule(confidence, accept, reject) is None:
                window.append(verifier.clip(records.full_text(record["title"], record["text"])))
                if len(window) == WINDOW:
                    ask()
    ask()
    return result


def _rows(shard: Shard, scored_dir: Path, unique_dir: Path | None, *columns: str) -> Iterator[tuple[Row, Row, Any]]:
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


def _verdicts(shard: Shard, scored_dir: Path, unique_dir: Path | None, counts: Counts, accept: float | None,
              reject: float | None, answers: Iterator[float],
              said: Callable[[float | None, float | None], Decision]) -> Iterator[Row]:
    """One file's VERDICTS rows; the uncertain take the next of `answers`, and what is `said` of it (by_llm)."""
    for record, score, duplicate in _rows(shard, scored_dir, unique_dir, "source"):
        if record["dropped"] is not None:
            decision = by_parse(record["dropped"])
        elif duplicate is not None:
            decision = Decision("rejected", "dedup", f"duplicate of {duplicate}")
        else:
            sure = by_rule(score["confidence"], accept, reject)
            decision = sure or said(_number(next(answers)), score["score"])
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
