"""A small project whose stages are run by hand, and the table that the suite writes: docs/reliability.md."""

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from cybersieve import cache
from tests import tiny
from tests.conftest import ROOT
from tests.test_dvc import set_params, with_small_corpus

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
POINTS = int(os.environ.get("POINTS", "20"))  # fewer for a quick look, which writes no page
STRIKE = ROOT / "tests" / "faults" / "strike.py"


@dataclass
class Project:
    """A copy of the project with a corpus of ours, every stage's outputs in place."""

    folder: Path

    @property
    def cache(self) -> Path:
        return self.folder.parent / "cache"

    def run(self, stage: str, *before: object, **more) -> subprocess.CompletedProcess[str]:
        """Run a stage as dvc.yaml does, `before` between the interpreter and the script."""
        return self.call(self.words(stage, *before), **more)

    def call(self, command: list[object], **more) -> subprocess.CompletedProcess[str]:
        """Run any command in the project's folder."""
        with self.begin(command, **more) as process:
            try:
                out, error = process.communicate(timeout=600)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, error)

    def begin(self, command: list[object], env: dict[str, str] | None = None, **more) -> "subprocess.Popen[str]":
        """Start any command in the project's folder, with a cache of its own."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = os.environ | {"CYBERSIEVE_CACHE": str(self.cache), "PATH": path} | (env or {})
        own.pop("CYBERSIEVE_PARSE_CACHE", None)  # the suite's own tests parse anew; a user's run does not
        return subprocess.Popen([str(word) for word in command], cwd=self.folder, env=own, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def words(self, stage: str, *before: object) -> list[object]:
        return [sys.executable, *before, *shlex.split(STAGES[stage]["cmd"])[1:]]

    def points(self, stage: str, kind: str) -> int:
        """How many points of a kind a run of the stage has, nothing known to its caches."""
        self.forget()
        told = self.folder.parent / "points"
        done = self.run(stage, STRIKE, kind, 0, 0, env={"STRIKE_COUNT": str(told)})
        assert done.returncode == 0, done.stderr
        return int(told.read_text())

    def forget(self) -> None:
        """No answers of the verifier, and nothing parsed, are known any more."""
        for name in self.cache.iterdir():
            if name.name not in ("models", "blas"):
                shutil.rmtree(name) if name.is_dir() else name.unlink()


def outputs(stage: str) -> list[str]:
    """What dvc.yaml says that a stage writes."""
    listed = [*STAGES[stage].get("outs", []), *STAGES[stage].get("metrics", [])]
    return [name if isinstance(name, str) else next(iter(name)) for name in listed]


def content(path: Path) -> dict[str, bytes]:
    """A file, or all files of a folder, by relative path; empty where there is none."""
    files = [path] if path.is_file() else [file for file in sorted(path.rglob("*")) if file.is_file()]
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


def contents(folder: Path, stage: str) -> dict[str, dict[str, bytes]]:
    return {name: content(folder / name) for name in outputs(stage)}


def check_clean_error(done: subprocess.CompletedProcess[str], *words: str, code: int = 1) -> None:
    """One line that says what is wrong, warnings aside, and no traceback."""
    lines = [line for line in done.stderr.splitlines() if not line.startswith("warning:")]
    assert done.returncode == code and len(lines) == 1, f"exit code {done.returncode}\n{done.stderr}"
    for word in words:
        assert word in lines[0]


def own_cache(folder: Path) -> None:
    """A cache with the user's prepared models and BLAS, and nothing else."""
    folder.mkdir()
    for name in ("models", "blas"):
        (folder / name).symlink_to(cache.folder() / name)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """The project, run once without any fault, a tiny model and small batches for the verifier; not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    own_cache(folder / "cache")
    with_small_corpus(folder / "project")
    own = tiny.write(folder / "tiny-model")
    set_params(folder / "project", verify__model=str(own), verify__adapter=None, verify__batch_size=4)
    for stage in STAGES:
        done = Project(folder / "project").run(stage)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def project(finished, tmp_path) -> Project:
    shutil.copytree(finished, tmp_path / "work", symlinks=True)
    return Project(tmp_path / "work" / "project")


@pytest.fixture
def told(record_property):
    """A row of docs/reliability.md: what was done to what, how often, and what came of it."""
    return lambda fault, where, tried, outcome: record_property("fault", [fault, where, tried, outcome])


# The table

HEAD = """# Reliability

The table says what was broken on purpose, and what came of it. `make test-faults` does it all again and writes this
page.

- **Points** of a kill or Ctrl-C are lines of code and changes on disk, drawn once and for all (tests/faults/strike.py).
- **The same** means that every output of the stage is byte for byte that of a run without the fault.
- **Whole** means that after the fault each output was absent, as before the run, or finished; never half of it.

| fault | where | tried | outcome |
|---|---|---|---|
"""
_rows: list[list[object]] = []
_not_run: list[str] = []


def pytest_runtest_logreport(report) -> None:
    if report.when == "call" and report.passed:
        _rows.extend(value for name, value in report.user_properties if name == "fault")
    elif report.skipped or report.failed:
        _not_run.append(report.nodeid)


def pytest_sessionfinish(session) -> None:
    """Write the page when the whole suite has run and passed."""
    if hasattr(session.config, "workerinput") or session.config.args != ["tests/faults"]:
        return
    if _not_run or session.config.option.keyword or POINTS != 20:
        print(f"\ndocs/reliability.md is left as it is: {len(_not_run)} did not pass or were left out")
        return
    order = {stage: f"{number:02}" for number, stage in enumerate(STAGES)}
    rows = sorted(_rows, key=lambda row: [order.get(str(cell), str(cell)) for cell in row])
    text = "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)
    (ROOT / "docs" / "reliability.md").write_text(HEAD + text)
