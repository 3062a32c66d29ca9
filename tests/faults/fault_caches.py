"""The per-user cache can be damaged, read-only or gone: it costs time, never a result."""

import ctypes
import os
import random

import pytest

from tests.faults.conftest import POINTS, check_clean_error, content, contents
from tests.test_dvc import set_params
from tests.test_gguf import as_gguf, original  # noqa: F401  (a fixture)

ANSWERS = "answers.sqlite"


def damage(path, chosen: random.Random) -> None:
    """Cut a file somewhere, or put noise in its middle."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        if chosen.random() < 0.3:
            file.truncate(chosen.randrange(size))
        else:
            file.seek(chosen.randrange(size))
            file.write(chosen.randbytes(min(64, size)))


def rights_count() -> None:
    """Root may write everywhere; a program that root starts after this may not."""
    if os.geteuid() == 0:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


@pytest.fixture
def read_only(project):
    """A function that makes the cache read-only until the test ends."""
    def change(folder_mode: int, file_mode: int) -> None:
        for folder, _, files in os.walk(project.cache):
            for name in files:
                os.chmod(os.path.join(folder, name), file_mode)
            os.chmod(folder, folder_mode)
    yield lambda: change(0o555, 0o444)
    change(0o755, 0o644)


@pytest.mark.parametrize("stage, where", [("verify", ANSWERS), ("parse", "parsed")])
def test_damaged(project, told, stage, where):
    whole, chosen = contents(project.folder, stage), random.Random(stage)
    tried = warned = 0
    for _ in range(POINTS // 2):
        project.forget()
        assert project.run(stage).returncode == 0
        files = sorted(path for path in project.cache.rglob("*") if path.is_file() and where in str(path))
        assert files, "the stage keeps nothing"
        for path in files:
            damage(path, chosen)
        done = project.run(stage)
        assert done.returncode == 0 and contents(project.folder, stage) == whole, done.stderr
        tried, warned = tried + 1, warned + ("damaged" in done.stderr)
    told("damaged cache", f"{stage}: {where}", f"{tried} times, noise or cut at random",
         "the same" + ("; a warning where it matters" if warned else ""))


@pytest.mark.parametrize("stage", ["parse", "verify"])
@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_read_only(project, read_only, told, stage, filled):
    whole = contents(project.folder, stage)
    project.forget()
    if filled:
        assert project.run(stage).returncode == 0
    read_only()
    done = project.run(stage, preexec_fn=rights_count)
    assert done.returncode == 0 and contents(project.folder, stage) == whole, done.stderr
    assert "Traceback" not in done.stderr
    told("read-only cache", f"{stage}, cache {'filled' if filled else 'empty'}", "1 run", "the same")


@pytest.fixture
def with_gguf(project, original, tmp_path):  # noqa: F811
    """The project with a model that is converted into the cache."""
    file = as_gguf(original, tmp_path / "own.gguf")
    set_params(project.folder, verify__model=str(file), verify__adapter=None)
    project.cache.joinpath("models").unlink()
    return project


def test_damaged_prepared_model(with_gguf, told):
    project = with_gguf
    done = project.run("prepare_model")
    assert done.returncode == 0, done.stderr
    card = (project.folder / "models" / "model.json").read_bytes()
    folder, = project.cache.glob("models/own-*")
    whole = content(folder)
    harms = {"missing": lambda path: path.unlink(), "empty": lambda path: path.write_bytes(b""),
             "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])}
    for name in sorted(whole):
        for harm in harms.values():
            harm(folder / name)
            done = project.run("prepare_model")
            assert done.returncode == 0, done.stderr
            assert content(folder) == whole and (project.folder / "models" / "model.json").read_bytes() == card
    told("damaged cache", "prepare_model: a converted model", f"{len(whole)} files, each {', '.join(harms)}",
         "converted anew; the same")


def test_nowhere_to_write(with_gguf, read_only, told):
    """No model in the cache, and no right to put one there."""
    read_only()
    check_clean_error(with_gguf.run("prepare_model", preexec_fn=rights_count), "Permission denied")
    told("read-only cache", "prepare_model, nothing prepared", "1 run", "one line that names the folder")
