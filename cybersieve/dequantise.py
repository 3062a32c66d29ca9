"""A quantised model's weights as float32, layer by layer: small products of 4-bit weights are slow on a CPU.

numpy unpacks 4 and 8 bits ten times faster than mlx's CPU build, straight into mlx's memory. The largest layer goes
first and every quantised one is let go soon, so that the peak stays near the size of the result.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from cybersieve import blas

blas.load()
import mlx.core as mx  # noqa: E402  (after the BLAS)
import mlx.nn  # noqa: E402
from mlx_lm.utils import dequantize_model  # noqa: E402

_nn: Any = mlx.nn
BLOCK = 1 << 16  # weights unpacked at a time: what stays in a core's cache
_PLAIN = {_nn.QuantizedLinear: _nn.Linear, _nn.QuantizedEmbedding: _nn.Embedding}


def model(quantised: Any) -> Any:
    """The same model with plain layers, all parameters float32."""
    if mx.default_device() == mx.cpu:
        layers = [(layer.weight.size, name) for name, layer in quantised.named_modules() if _is_ours(layer)]
        with ThreadPoolExecutor(1) as beside:  # unpacks a layer while the next one is read
            work = []
            for _, name in sorted(layers, reverse=True):
                *path, last = name.split(".")
                parent = quantised
                for step in path:
                    parent = parent[int(step)] if isinstance(parent, list) else parent[step]
                parent[last], packed = _plain(parent[last])
                work.append(beside.submit(unpack, np.array(parent[last].weight, copy=False), *packed))
            for each in work:
                each.result()
    result = dequantize_model(quantised)  # other formats, and all of them on a GPU
    result.set_dtype(mx.float32)
    return result


def unpack(result: np.ndarray, weight: np.ndarray, scales: np.ndarray, biases: np.ndarray, bits: int) -> None:
    """Affine 4- or 8-bit weights, (rows, words of 32 bits), lowest bits first, into `result`, float32."""
    octets, groups = weight.view(np.uint8), result.reshape(*scales.shape, -1)
    step = max(1, BLOCK // result.shape[1])
    for start in range(0, len(result), step):
        part = slice(start, start + step)
        codes = octets[part]
        if bits == 4:
            codes = np.empty((len(codes), result.shape[1]), np.uint8)
            np.bitwise_and(octets[part], 15, out=codes[:, 0::2])
            np.right_shift(octets[part], 4, out=codes[:, 1::2])
        np.multiply(codes.reshape(groups[part].shape), scales[part, :, None], out=groups[part])
        groups[part] += biases[part, :, None]


def _is_ours(layer: Any) -> bool:
    return type(layer) in _PLAIN and layer.mode == "affine" and layer.bits in (4, 8)


def _plain(layer: Any) -> tuple[Any, tuple[np.ndarray, np.ndarray, np.ndarray, int]]:
    """A plain layer of the same shape, its weights still zero, and what is to be unpacked into them."""
    weight, scales, biases = (np.array(part) for part in (
        layer.weight, layer.scales.astype(mx.float32), layer.biases.astype(mx.float32)))
    result = _PLAIN[type(layer)](1, 1)
    result.weight = mx.zeros((len(weight), weight.shape[1] * 32 // layer.bits))
    mx.eval(result.weight)
    if "bias" in result:
        del result.bias
    if "bias" in layer:
        result.bias = layer.bias
    return result, (weight, scales, biases, layer.bits)
