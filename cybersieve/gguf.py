"""A GGUF file of the llama family -> an MLX model folder (config.json, model.safetensors, tokenizer).

Covered: architecture `llama` (SmolLM, Llama 3) with a byte-level BPE tokenizer (`gpt2`), quantised as Q4_0, Q4_1 or
Q8_0 (kept as they are: 4 or 8 bit in groups of 32) or not at all (F16, F32). Not covered: other architectures and
SentencePiece tokenizers (ModelError); K-quants, which mlx reads as float16. transformers' reader would need torch.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from cybersieve import blas, gguf_header
from cybersieve.errors import ModelError

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)

_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_BLOCK_NAMES = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
                "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
                "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
                "ffn_down": "mlp.down_proj"}
_GROUP = 32  # weights that share a scale, in all three quantised formats
_CONTROL = 3  # GGUF's token type of special tokens

# How a text is cut into words before BPE, by `tokenizer.ggml.pre`: llama.cpp, src/llama-vocab.cpp.
_LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
           r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def convert(path: Path, folder: Path) -> None:
    """Write the model folder; byte-identical on every machine. Raises ModelError where the file is none of ours."""
    try:
        gguf_header.check(path)
        weights, metadata = cast(Any, mx.load(str(path), return_metadata=True))
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"{path}: not a GGUF file that mlx reads: {error}") from None
    if metadata.get("general.architecture") != "llama":
        raise ModelError(f"{path}: architecture {metadata.get('general.architecture')} (only llama is converted)")
    try:
        tensors = {_tensor_name(name): np.array(value) for name, value in weights.items()
                   if name != "rope_freqs.weight"}
        settings, words, roles = config(metadata, tensors), tokenizer(metadata), tokenizer_config(metadata)
    except ModelError:
        raise
    except Exception as error:  # tokenizers raises nothing narrower
        reason = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise ModelError(f"{path}: damaged, or not made like other models: {reason}") from None
    folder.mkdir(parents=True, exist_ok=True)
    try:
        save_file(dict(sorted(tensors.items())), folder / "model.safetensors", metadata={"format": "mlx"})
        _save_json(folder / "config.json", settings)
        words.save(str(folder / "tokenizer.json"))
        _save_json(folder / "tokenizer_config.json", roles)
    except Exception as error:  # a full disk: safetensors and tokenizers have errors of their own for it
        raise ModelError(f"{path.name}: the model can't be written to {folder.parent}: {error} (remedy: room there, or "
                         "another folder in CYBERSIEVE_CACHE)") from None


def config(metadata: dict[str, Any], tensors: dict[str, Any]) -> dict[str, Any]:
    """config.json as mlx-lm's llama reads it."""
    def number(name: str) -> Any:
        return np.array(metadata[f"llama.{name}"]).item()

    result = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "hidden_size": number("embedding_length"), "num_hidden_layers": number("block_count"),
        "intermediate_size": number("feed_forward_length"), "num_attention_heads": number("attention.head_count"),
        "num_key_value_heads": number("attention.head_count_kv"),
        "rms_norm_eps": round(number("attention.layer_norm_rms_epsilon"), 12),
        "vocab_size": len(metadata["tokenizer.ggml.tokens"]), "max_position_embeddings": number("context_length"),
        "rope_theta": number("rope.freq_base") if "llama.rope.freq_base" in metadata else 10000.0,
        "rope_traditional": True,  # llama.cpp interleaves the halves of q and k; this undoes it
        "tie_word_embeddings": "lm_head.weight" not in tensors,
        "bos_token_id": _token_id(metadata, "bos"), "eos_token_id": _token_id(metadata, "eos"),
    }
    result.update(quantization(tensors))
    return result


def quantization(tensors: dict[str, Any]) -> dict[str, Any]:
    """The quantised layers' bits, each by name: GGUF mixes formats (the embedding mostly has more bits)."""
    layers = {}
    for name in sorted(tensors):
        stem = name.removesuffix(".scales")
        if stem != name:  # one scale for 32 weights; 32 bits hold 32 / bits weights
            bits = tensors[f"{stem}.weight"].shape[-1] // tensors[name].shape[-1]
            layers[stem] = {"group_size": _GROUP, "bits": bits}
    if not layers:
        return {}
    usual = Counter(layer["bits"] for layer in layers.values()).most_common(1)[0][0]
    odd = {stem: layer for stem, layer in layers.items() if layer["bits"] != usual}
    return {"quantization": {"group_size": _GROUP, "bits": usual, **odd}}


def tokenizer(metadata: dict[str, Any]) -> Tokenizer:
    """The byte-level BPE tokenizer that the metadata describes."""
    if metadata.get("tokenizer.ggml.model") != "gpt2":
        raise ModelError(f"tokenizer {metadata.get('tokenizer.ggml.model')}: only byte-level BPE (gpt2) is converted")
    tokens: list[str] = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
    result = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    kind = metadata.get("tokenizer.ggml.pre", "default")
    first: list[Any] = []
    if kind == "llama-bpe":
        first = [pre_tokenizers.Split(Regex(_LLAMA3), behavior="isolated")]
    elif kind in ("smollm", "starcoder", "refact"):
        first = [pre_tokenizers.Digits(individual_digits=True)]
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=kind != "llama-bpe")
    result.pre_tokenizer = pre_tokenizers.Sequence([*first, bytes_only])
    result.decoder = decoders.ByteLevel()
    kinds = np.array(metadata["tokenizer.ggml.token_type"])
    special = [AddedToken(tokens[i], special=True, normalized=False) for i in np.flatnonzero(kinds == _CONTROL)]
    result.add_special_tokens(special)
    return result


def tokenizer_config(metadata: dict[str, Any]) -> dict[str, Any]:
    """tokenizer_config.json: special tokens by role, and the chat template."""
    tokens = metadata["tokenizer.ggml.tokens"]
    roles = {"bos": "bos", "eos": "eos", "padding": "pad", "unknown": "unk"}
    ids = {short: _token_id(metadata, long) for long, short in roles.items()}
    named = {f"{short}_token": tokens[i] for short, i in ids.items() if i is not None}
    return {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, **named,
            "model_max_length": np.array(metadata["llama.context_length"]).item(),
            "chat_template": metadata.get("tokenizer.chat_template")}


def _tensor_name(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    if stem.startswith("blk."):
        layer, _, part = stem.removeprefix("blk.").partition(".")
        if part in _BLOCK_NAMES:
            return f"model.layers.{layer}.{_BLOCK_NAMES[part]}.{kind}"
    elif stem in _NAMES:
        return f"{_NAMES[stem]}.{kind}"
    raise ModelError(f"tensor {name} is unknown to the llama architecture")


def _token_id(metadata: dict[str, Any], role: str) -> int | None:
    value = metadata.get(f"tokenizer.ggml.{role}_token_id")
    return None if value is None else int(np.array(value).item())


def _save_json(path: Path, tree: dict[str, Any]) -> None:
    path.write_text(json.dumps(tree, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
