"""Several people, one project: what one computed the others need not, and queued experiments ask no question twice."""

import shutil
import time
from pathlib import Path

import pytest

from tests.conftest import run
from tests.stub_endpoint import Stub
from tests.test_dvc import dvc, outputs, ran, reproduced, set_params  # noqa: F401  (reproduced: a fixture)

pytest.importorskip("dvc_s3", reason="slow: make test-cluster")
WAIT = 400  # seconds for what takes one minute


@pytest.fixture
def first(reproduced: Path, tmp_path: Path) -> Path:  # noqa: F811
    return Path(shutil.copytree(reproduced, tmp_path / "first", symlinks=True))


def test_a_second_clone_reproduces_without_computing_what_was_never_committed(
        first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = tmp_path / "second"
    run("git", "clone", "-q", first, second)
    for clone in (first, second):
        dvc(clone, "remote", "add", "--local", "-d", "team", str(tmp_path / "remote"))
    dvc(first, "push")
    set_params(first, calibrate__accept=0.8, calibrate__reject=0.3)
    assert "verify" in ran(dvc(first, "repro"))
    dvc(first, "push", "--run-cache")
    assert "data/filtered/filtered.jsonl" in outputs(first)

    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "nothing"))  # no model, no answers
    dvc(second, "pull", "--run-cache")
    set_params(second, calibrate__accept=0.8, calibrate__reject=0.3)
    assert ran(dvc(second, "repro", "--pull")) == ["report"]  # its metrics.json is git's, so no run cache has it
    assert outputs(second) == outputs(first) and not (tmp_path / "nothing").exists()
    assert "up to date" in dvc(second, "status")


def test_queued_experiments_side_by_side_ask_nothing_twice(first: Path, own_cache: Path) -> None:
    with Stub(seconds=0.5) as stub:
        dvc(first, "exp", "run", "--queue", "-S", "verify.backend=openai", "-S", "verify.model=stub",
            "-S", f"verify.endpoints=[{stub.url}]", "-S", "verify.batch_size=2", "-S", "verify.concurrency=1",
            "-S", "calibrate.accept=0.97,0.98", "-S", "calibrate.reject=0.05")
        dvc(first, "queue", "start", "--jobs", "2")
        end = time.monotonic() + WAIT
        while (status := dvc(first, "queue", "status")).count("Success") < 2:
            assert "Failed" not in status and time.monotonic() < end, status + logs(first)
            time.sleep(2)
    asked = [text for texts in stub.asked for text in texts]
    assert len(asked) > 10 and len(asked) == len(set(asked))


def logs(clone: Path) -> str:
    """What the experiments that failed said last."""
    names = [line.split()[0] for line in dvc(clone, "queue", "status").splitlines() if "Failed" in line]
    return "".join(dvc(clone, "queue", "logs", name)[-2000:] for name in names)
