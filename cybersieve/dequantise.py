"""A quantised model's weights as float32, layer by layer: small products of 4-bit weights are slow on a CPU.

numpy unpacks 4 and 8 bits ten times faster than mlx's CPU build. The largest layer goes first and every quantised
one is let go at once, so that the peak stays near the size of the result.
"""

from typing import Any

import numpy as np

from cybersieve import blas

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)
import mlx.nn  # noqa: E402
from mlx_lm.utils import dequantize_model  # noqa: E402

_nn: Any = mlx.nn
_PLAIN = {_nn.QuantizedLinear: _nn.Linear, _nn.QuantizedEmbedding: _nn.Embedding}


def model(quantised: Any) -> Any:
    """The same model with plain layers, all parameters float32."""
    if mx.default_device() == mx.cpu:
        layers = [(layer.weight.size, name) for name, layer in quantised.named_modules() if _is_ours(layer)]
        for _, name in sorted(layers, reverse=True):
            *path, last = name.split(".")
            parent = quantised
            for step in path:
                parent = parent[int(step)] if isinstance(parent, list) else parent[step]
            parent[last] = _plain(parent[last])
    result = dequantize_model(quantised)  # other formats, and all of them on a GPU
    result.set_dtype(mx.float32)
    return result


def unpacked(weight: np.ndarray, scales: np.ndarray, biases: np.ndarray, bits: int) -> np.ndarray:
    """Affine 4- or 8-bit weights as float32: (rows, words of 32 bits), lowest bits first -> (rows, columns)."""
    octets = weight.view(np.uint8)
    if bits == 4:
        codes = np.empty((len(octets), 2 * octets.shape[1]), np.uint8)
        np.bitwise_and(octets, 15, out=codes[:, 0::2])
        np.right_shift(octets, 4, out=codes[:, 1::2])
    else:
        codes = octets
    result = codes.reshape(*scales.shape, -1).astype(np.float32)
    result *= scales[..., None]
    result += biases[..., None]
    return result.reshape(codes.shape)


def _is_ours(layer: Any) -> bool:
    return type(layer) in _PLAIN and layer.mode == "affine" and layer.bits in (4, 8)


def _plain(layer: Any) -> Any:
    scales, biases = (np.array(part.astype(mx.float32)) for part in (layer.scales, layer.biases))
    result = _PLAIN[type(layer)](1, 1)
    result.weight = mx.array(unpacked(np.array(layer.weight), scales, biases, layer.bits))
    if "bias" in result:
        del result.bias
    if "bias" in layer:
        result.bias = layer.bias
    return result
