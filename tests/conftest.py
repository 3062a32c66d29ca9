"""Where tests find real files, and the one way they run a script."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cybersieve import blas, cache, model, params
from cybersieve.errors import ModelError
from tests.browser import chromium

blas.load()  # before any test imports mlx
settings.register_profile("patient", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("patient")
os.environ["CYBERSIEVE_PARSE_CACHE"] = "off"  # tests parse; those of the cache switch it on
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job is deaf to Ctrl-C, and so its children
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent


def _folder(variable: str, default: Path, what: str) -> Path:
    folder = Path(os.environ.get(variable, default))
    if not folder.is_dir():
        pytest.skip(f"{what} not at hand: name the folder in {variable}")
    return folder


@pytest.fixture(scope="session")
def raw() -> Path:
    """The sample corpus."""
    return _folder("CYBERSIEVE_RAW", ROOT / "raw_data", "the sample corpus")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real upstream dumps."""
    return _folder("CYBERSIEVE_DATA", ROOT.parent / "shared" / "data", "real dumps")


@pytest.fixture(scope="session")
def gold() -> Path:
    """Labelled texts."""
    return _folder("CYBERSIEVE_GOLD", ROOT.parent / "shared" / "gold", "labelled texts")


def run(*command: object, cwd: Path = ROOT, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command with this Python's environment first on the PATH, and check its exit code."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True,
                            env=os.environ | {"PATH": path} | env)
    assert result.returncode == code, f"{command}: exit code {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


@pytest.fixture(scope="session")
def verify_settings() -> params.Verify:
    """The project's own verify block."""
    return params.load(ROOT / "params.yaml").verify


@pytest.fixture(scope="session")
def prepared_model() -> Path:
    """The default model's folder in the per-user cache, downloaded at first."""
    try:
        return model.prepare_default()
    except ModelError as error:
        pytest.skip(f"needs the default model: {error}")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """A real browser, one a test module."""
    with chromium() as found:
        yield found


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own: the user's prepared models and BLAS, and no answers yet."""
    folder = tmp_path / "cache"
    folder.mkdir()
    for name in ("models", "blas"):
        (cache.folder() / name).mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(cache.folder() / name)
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(folder))
    return folder
