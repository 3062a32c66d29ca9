"""The fast BLAS is the one in use: the same product with and without it, one process each, compared by ratio."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cybersieve import blas

linux_cpu = pytest.mark.skipif(not blas.load(), reason="no OpenBLAS under mlx here (macOS, CUDA, or no wheel)")

PRODUCT = """
import sys, time
if sys.argv[1] == "fast":
    from cybersieve import blas
    assert blas.load()
import mlx.core as mx
a = mx.random.normal((1024, 1024))
mx.eval(a, a @ a)
times = []
for _ in range(5):
    start = time.perf_counter()
    mx.eval(a @ a)
    times.append(time.perf_counter() - start)
print(min(times))
"""


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True,
                          env={**os.environ, **environment})


@linux_cpu
def test_products_are_many_times_faster() -> None:
    plain, fast = (float(run(PRODUCT, kind).stdout) for kind in ("plain", "fast"))
    assert plain / fast > 3, f"{plain:.4f} s without, {fast:.4f} s with OpenBLAS"


@linux_cpu
def test_the_copy_is_prepared_once_and_atomically(tmp_path: Path) -> None:
    code = "from cybersieve import blas; print(blas.prepare())"
    first = run(code, CYBERSIEVE_CACHE=str(tmp_path)).stdout.strip()
    written = Path(first).stat().st_mtime_ns
    assert run(code, CYBERSIEVE_CACHE=str(tmp_path)).stdout.strip() == first
    assert Path(first).stat().st_mtime_ns == written
    assert [path.name for path in Path(first).parent.iterdir()] == ["libopenblas.so"]


@linux_cpu
def test_without_a_library_one_warning_and_the_run_goes_on(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where the cache folder should be")
    code = ("import ctypes.util; ctypes.util.find_library = lambda name: None\n"
            "from cybersieve import blas\nprint(blas.load(), blas.load())\nblas.threads(1)\n"
            "import mlx.core as mx; print(mx.ones(3).sum().item())")
    result = run(code, CYBERSIEVE_CACHE=str(blocked))
    assert result.stdout.split() == ["False", "False", "3.0"]
    assert result.stderr.count("warning") == 1 and "pip install" in result.stderr


@linux_cpu
def test_too_late_is_said() -> None:
    result = run("import mlx.core\nfrom cybersieve import blas\nprint(blas.load())")
    assert result.stdout.strip() == "False" and "before cybersieve.blas.load()" in result.stderr
