"""Tiny random models of several architectures, with a tokenizer, as objects or as a model folder on disk."""

import json
from pathlib import Path
from typing import Any

from cybersieve import blas

blas.load()
import mlx.core as mx  # noqa: E402
from mlx.utils import tree_flatten  # noqa: E402
from mlx_lm.utils import _get_classes  # noqa: E402
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers  # noqa: E402

CHAT = ("{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}")

COMMON = {"hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 48, "num_attention_heads": 4,
          "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "max_position_embeddings": 512, "rope_theta": 10000.0}

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": COMMON | {"model_type": "llama", "tie_word_embeddings": True},
    "qwen2": COMMON | {"model_type": "qwen2", "tie_word_embeddings": False},
    "gemma2": COMMON | {"model_type": "gemma2", "head_dim": 8, "query_pre_attn_scalar": 8},
    "phi3": COMMON | {"model_type": "phi3", "num_key_value_heads": 4},
    "cohere": COMMON | {"model_type": "cohere", "layer_norm_eps": 1e-5, "logit_scale": 0.25, "use_qk_norm": False},
    "sliding": COMMON | {"model_type": "llama", "sliding_window": 16,
                         "layer_types": ["sliding_attention", "full_attention"]},
    "lfm2": COMMON | {"model_type": "lfm2", "norm_eps": 1e-5, "conv_bias": False, "conv_L_cache": 3, "block_dim": 32,
                      "block_multiple_of": 8, "block_ffn_dim_multiplier": 1.0, "block_auto_adjust_ff_dim": False,
                      "layer_types": ["conv", "full_attention"]},
    "gpt2": {"model_type": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 4, "n_ctx": 512, "n_positions": 512,
             "layer_norm_epsilon": 1e-5},
    "seed_oss": COMMON | {"model_type": "seed_oss", "head_dim": 8, "attention_bias": False,
                          "attention_out_bias": False, "mlp_bias": False, "tie_word_embeddings": True},
    "talkie": {"model_type": "talkie", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
               "head_dim": 8, "intermediate_size": 48, "max_position_embeddings": 512},
    "afm7": {"model_type": "afm7", "num_layers": 2, "num_kv_reuse_layers": 1, "hidden_dim": 32, "num_heads": 4,
             "num_kv_heads": 2, "hidden_dim_scale_factor": 1.5, "rope_theta": 10000.0},
}


def tokenizer() -> Tokenizer:
    """Every byte a token, some words, two special tokens; " Yes" and "Yes" are tokens of their own."""
    tokens = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = []
    for word in ("ĠYes", "Yes", "ĠNo", "No", "Ġthe", "the", "ing"):
        for end in range(2, len(word) + 1):
            pair = (word[: end - 1], word[end - 1])
            if word[:end] not in tokens:
                tokens.append(word[:end])
                merges.append(pair)
    result = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    result.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    result.decoder = decoders.ByteLevel()
    result.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in ("<|start|>", "<|end|>")])
    return result


def write(folder: Path, architecture: str = "llama", seed: int = 0, chat: bool = False) -> Path:
    """A model folder as mlx-lm reads it: random weights of a standard deviation that gives margins of some size."""
    words = tokenizer()
    ids = {name: words.token_to_id("<|end|>") for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    config = ARCHITECTURES[architecture] | ids | {"vocab_size": words.get_vocab_size()}
    mx.random.seed(seed)
    kind, arguments = _get_classes(config)
    start = sorted(tree_flatten(kind(arguments.from_dict(config)).parameters()))
    weights = {name: value + 0.2 * mx.random.normal(value.shape) for name, value in start}
    folder.mkdir(parents=True, exist_ok=True)
    mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})
    (folder / "config.json").write_text(json.dumps(config))
    words.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | ({"chat_template": CHAT} if chat else {})))
    return folder
