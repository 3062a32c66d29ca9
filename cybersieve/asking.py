"""Ask the LLM about texts: what is in the cache is not asked, nor what another run is asking at this moment."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from cybersieve import cache, claims, cli, endpoint, model, params, prompt
from cybersieve.errors import CybersieveError, ModelError

POLL = 0.5  # seconds between looks for the answers of another run


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
        found = endpoint.Found(self.settings) if self.settings.backend == "openai" else model.find(self.settings)
        found.calibration()  # a fault in it is told before anything is asked
        return found

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
