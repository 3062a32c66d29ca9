"""The engine's answers: the same in any batch, on any architecture, whatever the text and whatever goes wrong."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cybersieve import asking, mlx_engine, model, params, prompt
from cybersieve.errors import ModelError
from cybersieve.mlx_engine import Engine, mx
from tests import tiny

TEXTS = ["", "Firewall", "A heap overflow in the parser lets remote attackers run code.", "the the the " * 30,
         "How to bake bread: flour, water, salt, time.", "naïve café 東京 🙂", "half \ud83d a pair, a\0b",
         *[f"record {'ing ' * n}" for n in range(12)]]


def loaded(folder: Path, settings: params.Verify) -> tuple[Any, Any, prompt.Layout]:
    settings = dataclasses.replace(settings, model=str(folder), adapter=None)
    language_model, tokenizer = model.load(settings)
    return language_model, tokenizer, prompt.of_model(tokenizer, settings)


def p_yes(engine: Engine, texts: Sequence[str]) -> np.ndarray:
    answers = dict(pair for batch in engine.margins(texts) for pair in batch)
    assert sorted(answers) == list(range(len(texts))), "every text is answered once"
    return 1 / (1 + np.exp(-np.array([answers[i] for i in range(len(texts))])))


def one_by_one(language_model: Any, tokenizer: Any, layout: prompt.Layout, texts: Sequence[str]) -> np.ndarray:
    """The plain way: the whole prompt of one text through the whole model, all logits."""
    yes, no = (mx.array(side) for side in prompt.answer_tokens(tokenizer, layout))
    result = []
    for body in prompt.text_tokens(tokenizer, layout, texts):
        tokens = [*prompt.prefix_tokens(tokenizer, layout), *body, *prompt.suffix_tokens(tokenizer, layout)]
        logits = language_model(mx.array([tokens]))[0, -1]
        result.append((mx.logsumexp(logits[yes]) - mx.logsumexp(logits[no])).item())
    return 1 / (1 + np.exp(-np.array(result)))


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_any_batch_gives_the_plain_answer(architecture: str, tmp_path: Path, verify_settings: params.Verify) -> None:
    parts = loaded(tiny.write(tmp_path, architecture, chat=architecture == "llama"), verify_settings)
    plain = one_by_one(*parts, TEXTS)
    assert plain.std() > 0.01, "the model tells texts apart"
    for size in (1, 5, 32):
        with Engine(*parts, batch_size=size) as engine:
            assert np.abs(p_yes(engine, TEXTS) - plain).max() < 1e-3


def test_default_model_in_any_batch(prepared_model: Path, verify_settings: params.Verify) -> None:
    files = model.find(verify_settings)
    language_model, tokenizer = model.open_files(files)
    layout = files.layout(verify_settings)
    assert layout is not None
    texts = TEXTS[:8]
    plain = one_by_one(language_model, tokenizer, layout, texts)
    for size in (1, 32):
        with Engine(language_model, tokenizer, layout, size) as engine:
            assert engine.forward.cut and engine.forward.before and engine.forward.end, "its shortcuts are in use"
            assert np.abs(p_yes(engine, texts) - plain).max() < 1e-3


def test_shortcuts_are_taken_where_they_fit(tmp_path: Path, verify_settings: params.Verify) -> None:
    last, trunk = mlx_engine.shortcuts.LastLayer, mlx_engine.shortcuts.Trunk
    for architecture, *fit in (("llama", True, True, last), ("gemma2", True, True, trunk), ("gpt2", True, True, trunk),
                               ("lfm2", True, False, trunk), ("afm7", True, False, last),
                               ("seed_oss", False, True, last), ("talkie", False, True, trunk)):
        with Engine(*loaded(tiny.write(tmp_path / architecture, architecture), verify_settings)) as engine:
            found = engine.forward
            assert [found.cut, bool(found.before), type(found.end)] == fit, architecture


def test_a_last_layer_that_is_called_otherwise_stays(tmp_path: Path, verify_settings: params.Verify,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*_: Any, **__: Any) -> None:
        raise TypeError("not called like this")

    monkeypatch.setattr(mlx_engine.shortcuts.LastLayer, "__call__", other)
    parts = loaded(tiny.write(tmp_path), verify_settings)
    with Engine(*parts) as engine:
        assert engine.forward.cut and isinstance(engine.forward.end, mlx_engine.shortcuts.Trunk)
        assert np.abs(p_yes(engine, TEXTS[:5]) - one_by_one(*parts, TEXTS[:5])).max() < 1e-3


def test_shortcuts_that_change_the_answer_are_not_taken(tmp_path: Path, verify_settings: params.Verify,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    parts = loaded(tiny.write(tmp_path), verify_settings)
    monkeypatch.setattr(mlx_engine.shortcuts.AnswerRows, "as_linear", lambda self, x: 2 * (x @ self.rows))
    with Engine(*parts) as engine:
        assert not engine.forward.cut and engine.forward.before, "the prefix's keys and values change nothing"
        assert np.abs(p_yes(engine, TEXTS[:5]) - one_by_one(*parts, TEXTS[:5])).max() < 1e-3


def test_the_model_is_left_as_it_was(tmp_path: Path, verify_settings: params.Verify) -> None:
    language_model, tokenizer, layout = loaded(tiny.write(tmp_path), verify_settings)
    before = np.array(language_model(mx.array([[5, 6, 7]])))
    with Engine(language_model, tokenizer, layout) as engine:
        p_yes(engine, TEXTS)
    assert (np.array(language_model(mx.array([[5, 6, 7]]))) == before).all()


def failing(engine: Engine, monkeypatch: pytest.MonkeyPatch, fails: Any, error: Exception) -> None:
    """Make the engine's forward pass raise `error` on the batches for which `fails(rows)` is true."""
    forward = engine.forward

    def broken(rows: list[list[int]]) -> Any:
        if fails(rows):
            raise error
        return forward(rows)

    monkeypatch.setattr(engine, "forward", broken)


@pytest.mark.parametrize("said", ["[malloc] Unable to allocate 9 bytes.",
                                  "[METAL] Command buffer execution failed: Insufficient Memory (… ErrorOutOfMemory)."])
def test_out_of_memory_halves_the_batch(tmp_path: Path, verify_settings: params.Verify,
                                        monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    parts = loaded(tiny.write(tmp_path), verify_settings)
    with Engine(*parts) as engine:
        failing(engine, monkeypatch, lambda rows: len(rows) > 4, RuntimeError(said))
        assert np.abs(p_yes(engine, TEXTS * 40) - one_by_one(*parts, TEXTS * 40)).max() < 1e-3
        assert engine.batch_size <= 4, "later batches start small"


def test_a_text_that_fails_alone_takes_no_other_with_it(tmp_path: Path, verify_settings: params.Verify,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    with Engine(*loaded(tiny.write(tmp_path), verify_settings)) as engine:
        poison = prompt.text_tokens(engine.batches.tokenizer, engine.batches.layout, [TEXTS[4]])[0]
        failing(engine, monkeypatch, lambda rows: any(row[: len(poison)] == poison for row in rows), RuntimeError("no"))
        answers = dict(pair for batch in engine.margins(TEXTS) for pair in batch)
        assert [i for i, margin in answers.items() if margin is None] == [4]
        assert engine.batch_size == 32


def test_one_engine_asks_in_the_adapters_layout_or_the_models(tmp_path: Path, verify_settings: params.Verify,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "cache"))
    settings = dataclasses.replace(verify_settings, model=str(tiny.write(tmp_path / "model")), adapter=None)
    own = prompt.Layout("Note: ", " Security?", 8, ("Yes",), ("No",))
    for brought in (own, None):
        monkeypatch.setattr(model.Found, "layout", lambda self, settings, brought=brought: brought)
        with asking.Verifier(settings) as verifier:
            assert verifier.figures()["tokens"] == 0
            verifier.margins(["a text"])
            engine, answers = verifier.engine, verifier.answers
            verifier.margins(["another"])
            assert verifier.engine is engine and verifier.answers is answers, "loaded once"
            assert verifier.figures() == {"asked": 2, "cached": 0, "tokens": engine.tokens} and engine.tokens > 0
            assert engine.batches.layout == (brought or prompt.of_model(engine.batches.tokenizer, settings))


def test_a_model_whose_code_fails_is_an_error_in_words(tmp_path: Path, verify_settings: params.Verify,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "cache"))
    settings = dataclasses.replace(verify_settings, model=str(tiny.write(tmp_path / "model")), adapter=None)
    with monkeypatch.context() as patch, asking.Verifier(settings) as verifier:
        patch.setattr(mlx_engine.shortcuts.Forward, "__call__", lambda *_: [][0])
        with pytest.raises(ModelError, match="can't be run here: IndexError"):
            verifier.margins(["a text"])
    same = prompt.Layout("", "", 8, ("Yes",), ("Yes",))
    with monkeypatch.context() as patch, asking.Verifier(settings) as verifier:
        patch.setattr(model.Found, "layout", lambda *_: same)
        with pytest.raises(ModelError, match="^the tokenizer writes .* same first token$"):
            verifier.margins(["another"])
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text().replace('"hidden_size"', '"hidden"'))
    with pytest.raises(ModelError, match="can't be loaded.*hidden_size"):
        model.load(settings)


def test_a_tokenizer_that_does_not_fit_is_an_error(tmp_path: Path, verify_settings: params.Verify) -> None:
    folder = tiny.write(tmp_path)
    weights: dict[str, Any] = dict(mx.load(str(folder / "model.safetensors")))
    weights["model.embed_tokens.weight"] = weights["model.embed_tokens.weight"][:-10]
    mx.save_safetensors(str(folder / "model.safetensors"), weights)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": config["vocab_size"] - 10}))
    parts = loaded(folder, verify_settings)
    with pytest.raises(ModelError, match="do not belong together"):
        Engine(*parts)


def test_not_a_number_is_no_answer(tmp_path: Path, verify_settings: params.Verify,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    with Engine(*loaded(tiny.write(tmp_path), verify_settings)) as engine:
        monkeypatch.setattr(engine, "forward", lambda rows: mx.array([math.nan] * len(rows)))
        assert all(margin is None for batch in engine.margins(TEXTS) for _, margin in batch)


def test_an_engine_that_is_left_early_has_come_to_rest(tmp_path: Path, verify_settings: params.Verify,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[object] = []
    wait = mx.synchronize
    with Engine(*loaded(tiny.write(tmp_path), verify_settings), 2) as engine:
        next(engine.margins(TEXTS * 40))
        monkeypatch.setattr(mx, "synchronize", lambda *stream: (waited.extend(stream), wait(*stream)))
    assert not engine.on_cpu or waited == engine.streams
    assert not engine.thread or not any(thread.is_alive() for thread in engine.thread._threads)
    ended = not engine.thread or not Path(f"/proc/self/task/{engine.thread.native}").exists()
    assert ended, "for the system, too"


def test_nothing_to_ask(tmp_path: Path, verify_settings: params.Verify) -> None:
    with Engine(*loaded(tiny.write(tmp_path), verify_settings)) as engine:
        assert list(engine.margins([])) == []
