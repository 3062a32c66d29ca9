"""GGUF to an MLX model folder: the same logits, the same tokens; what is not ours is refused."""

import dataclasses
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlx.utils import tree_flatten

from cybersieve import dequantise, gguf, model, params
from cybersieve.errors import ModelError
from cybersieve.gguf import mx
from tests import tiny

NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
PARTS = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
         "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def gguf_name(name: str) -> str:
    stem = name.removesuffix(".weight")
    if stem in NAMES:
        return f"{NAMES[stem]}.weight"
    layer, part = stem.removeprefix("model.layers.").split(".", 1)
    return f"blk.{layer}.{PARTS[part]}.weight"


def as_gguf(language_model: Any, path: Path, **changes: Any) -> Path:
    """Write a tiny llama as GGUF, tokenizer and all."""
    args, words = language_model.args, tiny.tokenizer()
    vocabulary = sorted(words.get_vocab(), key=words.get_vocab().__getitem__)
    merges = [" ".join(pair) for pair in json.loads(words.to_str())["model"]["merges"]]
    metadata = {
        "general.architecture": "llama", "llama.embedding_length": mx.array(args.hidden_size, mx.uint32),
        "llama.block_count": mx.array(args.num_hidden_layers, mx.uint32),
        "llama.feed_forward_length": mx.array(args.intermediate_size, mx.uint32),
        "llama.attention.head_count": mx.array(args.num_attention_heads, mx.uint32),
        "llama.attention.head_count_kv": mx.array(args.num_key_value_heads, mx.uint32),
        "llama.attention.layer_norm_rms_epsilon": mx.array(args.rms_norm_eps, mx.float32),
        "llama.context_length": mx.array(512, mx.uint32), "llama.rope.freq_base": mx.array(10000.0, mx.float32),
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "default", "tokenizer.ggml.tokens": vocabulary,
        "tokenizer.ggml.merges": merges, "tokenizer.chat_template": tiny.CHAT,
        "tokenizer.ggml.token_type": mx.array([3 if word.startswith("<|") else 1 for word in vocabulary], mx.int32),
        "tokenizer.ggml.eos_token_id": mx.array(words.token_to_id("<|end|>"), mx.uint32)} | changes
    weights = {gguf_name(name): value for name, value in tree_flatten(language_model.parameters())}
    mx.save_gguf(str(path), weights, {name: value for name, value in metadata.items() if value is not None})
    return path


@pytest.fixture
def original(tmp_path: Path, verify_settings: params.Verify) -> Any:
    settings = dataclasses.replace(verify_settings, model=str(tiny.write(tmp_path / "original")), adapter=None)
    language_model, _ = model.load(settings)
    for layer in language_model.layers:
        layer.self_attn.rope.traditional = True  # as llama.cpp stores q and k
    return language_model


@pytest.mark.parametrize("tied", [True, False])
def test_same_logits_and_same_tokens(original: Any, tied: bool, tmp_path: Path, own_cache: Path,
                                     verify_settings: params.Verify) -> None:
    if not tied:
        original.args.tie_word_embeddings = False
        original.lm_head = type(original.layers[0].self_attn.q_proj)(32, original.args.vocab_size, bias=False)
    path = as_gguf(original, tmp_path / "tiny.gguf")
    settings = dataclasses.replace(verify_settings, model=str(path), adapter=None)
    converted, words = model.load(settings)
    tokens = words.encode("The parser Yes <|end|> naïve")
    assert tokens == tiny.tokenizer().encode("The parser Yes <|end|> naïve").ids
    assert np.allclose(np.array(converted(mx.array([tokens]))), np.array(original(mx.array([tokens]))), atol=1e-5)
    assert words.decode(tokens) == "The parser Yes <|end|> naïve" and words.chat_template


def test_the_result_is_byte_identical(original: Any, tmp_path: Path) -> None:
    path = as_gguf(original, tmp_path / "tiny.gguf")
    for name in ("a", "b"):
        gguf.convert(path, tmp_path / name)
    files = sorted(file.name for file in (tmp_path / "a").iterdir())
    assert files == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)


@pytest.mark.parametrize(("name", "value", "reason"), [
    ("general.architecture", "mpt", "architecture mpt"),
    ("tokenizer.ggml.model", "llama", "only byte-level BPE"),
])
def test_what_is_not_covered_is_said(original: Any, name: str, value: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=reason):
        gguf.convert(as_gguf(original, tmp_path / "tiny.gguf", **{name: value}), tmp_path / "folder")


def test_a_file_that_is_no_gguf(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"GGUF but not really")
    with pytest.raises(ModelError, match="not a GGUF file"):
        gguf.convert(tmp_path / "x.gguf", tmp_path / "folder")


HEADER = 7000  # bytes of the tiny model's header, about


def damaged(original: Any, folder: Path) -> Iterator[tuple[str, Path]]:
    """Copies of a model's file with one fault in the header each; a name for it, and the path."""
    whole = as_gguf(original, folder / "tiny.gguf").read_bytes()
    path = folder / "damaged.gguf"
    lengths = [at for at in range(8, 32) if at % 8]  # high bytes of two counts, and of the first name's length
    faults = {f"bit {bit} of byte {at}": (at, 1 << bit) for at in lengths for bit in range(8)}
    words, first, name = whole.index(b"tokenizer.ggml.tokens"), whole.index(b"blk."), b"output_norm.weight"
    faults |= {"texts in an array": (words + 21 + 4 + 4 + 7, 1), "a text in it": (words + 21 + 4 + 4 + 8 + 7, 1),
               "a name's length": (whole.index(b"llama.block_count") - 1, 1), "a tensor's name": (first - 3, 1),
               "dimensions": (whole.index(name) + len(name) + 3, 0x40), "one of them": (whole.index(name) + 28, 1)}
    for what, (at, value) in faults.items():
        path.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
        yield what, path
    for end in (0, 3, 20, 40, 3000, HEADER - 1500, HEADER, len(whole) - 10_000):
        path.write_bytes(whole[:end])
        yield f"cut at {end}", path


def test_a_damaged_header_is_an_error(original: Any, tmp_path: Path) -> None:
    for what, path in damaged(original, tmp_path):
        with pytest.raises(ModelError, match=re.escape(str(path))):
            gguf.convert(path, tmp_path / "folder")
            pytest.fail(f"{what}: converted")


def test_chance_damage_never_ends_the_process(original: Any, tmp_path: Path) -> None:
    whole, path = as_gguf(original, tmp_path / "tiny.gguf").read_bytes(), tmp_path / "damaged.gguf"
    chance, errors = random.Random(0), 0
    for _ in range(300):
        data = bytearray(whole)
        data[chance.randrange(HEADER)] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        try:
            gguf.convert(path, tmp_path / "folder")
        except ModelError:
            errors += 1
    assert 100 < errors < 300, "a letter of a token, or a number among the settings, can't be told"


def test_a_full_disk_is_an_error_in_words(original: Any, tmp_path: Path) -> None:
    path = as_gguf(original, tmp_path / "tiny.gguf")
    (tmp_path / "folder" / "model.safetensors").mkdir(parents=True)  # what can't be written to
    with pytest.raises(ModelError, match="can't be written to .* CYBERSIEVE_CACHE"):
        gguf.convert(path, tmp_path / "folder")


@pytest.mark.parametrize("bits", [4, 8])
def test_unpacking_agrees_with_mlx(bits: int) -> None:
    weights = mx.random.normal((6, 128))
    packed, scales, biases = mx.quantize(weights, group_size=32, bits=bits)
    exact = np.array(mx.dequantize(packed, scales, biases, group_size=32, bits=bits))
    ours = np.empty(exact.shape, np.float32)
    dequantise.unpack(ours, np.array(packed), np.array(scales), np.array(biases), bits)
    assert np.allclose(ours, exact, atol=1e-6)
