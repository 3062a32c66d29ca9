"""The pipeline under DVC, in temporary clones: what reruns, what does not, and what a killed run leaves behind."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests import corpus, imports
from tests.conftest import ROOT, run

# The name under which DVC copies a file from its cache: a kill leaves it beside an output (docs/dvc.md), never in one.
DVC_PARTIAL = re.compile(r"(data|data/counts|plots)/\.[\w-]{22}\.tmp")
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


@pytest.mark.parametrize("stage", STAGES)
def test_deps_name_every_imported_module(stage):
    script = STAGES[stage]["cmd"].split()[1]
    listed = {dep for dep in STAGES[stage]["deps"] if dep.startswith(("cybersieve/", "stages/"))}
    wanted = imports.closure(ROOT / script) | {script}
    assert listed == wanted, f"{stage}: add {sorted(wanted - listed)}, remove {sorted(listed - wanted)}"


def dvc(clone: Path, *arguments: str, code: int = 0) -> str:
    result = run("dvc", *arguments, cwd=clone, code=code)
    return result.stdout + result.stderr


def ran(output: str) -> list[str]:
    """The stages that a `dvc repro` ran, in order."""
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def set_params(clone: Path, **changes: object) -> None:
    """Change settings, named `block__key`."""
    tree = yaml.safe_load((clone / "params.yaml").read_text())
    for name, value in changes.items():
        block, key = name.split("__")
        tree[block][key] = value
    (clone / "params.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))


def outputs(clone: Path) -> dict[str, bytes]:
    """Every output that must be the same on every run."""
    files = [*(clone / "data").rglob("*"), *(clone / "plots").rglob("*"), clone / "metrics.json"]
    return {path.relative_to(clone).as_posix(): path.read_bytes() for path in sorted(files) if path.is_file()}


def with_small_corpus(clone: Path) -> None:
    """A copy of the working tree with a small corpus of ours, and nothing that a run writes."""
    for name in run("git", "ls-files", "-co", "--exclude-standard").stdout.splitlines():
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    for name in ("raw_data.dvc", "dvc.lock", "metrics.json"):
        (clone / name).unlink(missing_ok=True)
    shutil.rmtree(clone / "labels")
    corpus.write_labels(clone / "labels", corpus.write(clone / "raw_data"))
    set_params(clone, calibrate__mode="fixed", calibrate__accept=0.9, calibrate__reject=0.1)


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory) -> Path:
    """Such a copy, reproduced and committed."""
    clone = tmp_path_factory.mktemp("clone") / "cybersieve"
    with_small_corpus(clone)
    run("git", "init", "-q", cwd=clone)
    run("git", "config", "user.email", "test@example.org", cwd=clone)
    run("git", "config", "user.name", "test", cwd=clone)
    dvc(clone, "add", "-q", "raw_data")
    assert ran(dvc(clone, "repro")) == list(STAGES)
    run("git", "add", "-A", cwd=clone)
    run("git", "commit", "-qm", "first run", cwd=clone)
    return clone


@pytest.fixture
def clone(reproduced, tmp_path) -> Path:
    return Path(shutil.copytree(reproduced, tmp_path / "cybersieve", symlinks=True))


def test_a_second_run_runs_nothing_and_status_is_clean(clone):
    assert ran(dvc(clone, "repro")) == []
    assert "up to date" in dvc(clone, "status")
    metrics = json.loads((clone / "metrics.json").read_text())
    assert metrics["records"] == metrics["kept"] + metrics["rejected"] + metrics["failed"] == len(corpus.pairs())
    assert metrics["tested"]["evaluation"]["n"] + metrics["tested"]["thresholds"]["n"] == len(corpus.pairs())


def test_a_changed_rule_reruns_score_and_what_follows(clone):
    tree = yaml.safe_load((clone / "rules.yaml").read_text())
    own = {"id": "our-own-heron", "pattern": "quiet heron", "weight": 1.5, "category": tree["rules"][0]["category"]}
    (clone / "rules.yaml").write_text(yaml.safe_dump(tree | {"rules": [*tree["rules"], own]}, sort_keys=False))
    assert ran(dvc(clone, "repro"))[0] == "score"


def test_rules_of_the_user_are_seen_too(clone):
    (clone / "own_rules.yaml").write_text("rules:\n- {id: our-own-kettle, pattern: 'old kettle', weight: 1.5}\n")
    assert ran(dvc(clone, "repro"))[0] == "score"


def test_a_changed_target_reruns_no_score(clone):
    set_params(clone, calibrate__accept=0.99)
    assert ran(dvc(clone, "repro"))[:2] == ["calibrate", "verify"]


def test_a_changed_verifier_reruns_neither_parse_nor_score(clone):
    set_params(clone, verify__batch_size=7)
    assert ran(dvc(clone, "repro"))[0] == "verify"


def test_experiments_in_place_and_aside_and_what_they_changed(clone):
    output = dvc(clone, "exp", "run", "-S", "calibrate.accept=0.6", "-S", "calibrate.reject=0.4")
    assert "calibrate" in ran(output) and "parse" not in ran(output)
    diff = json.loads(dvc(clone, "metrics", "diff", "--json"))
    assert any("asked_share" in name for name in json.dumps(diff).split('"'))
    dvc(clone, "exp", "run", "--temp", "-S", "calibrate.accept=0.7", "--name", "aside")
    shown = json.loads(dvc(clone, "exp", "show", "--json"))
    assert "aside" in json.dumps(shown)


def cut_lock(clone: Path) -> bool:
    """Whether DVC says that its dvc.lock is not whole."""
    result = subprocess.run([sys.executable, "-m", "dvc", "status"], cwd=clone, capture_output=True, text=True)
    return re.search(r"dvc\.lock' (validation failed|is invalid)", result.stderr) is not None


def go_on(clone: Path) -> None:
    """`dvc repro` after a kill, with what docs/dvc.md says that helps where DVC was writing dvc.lock at that moment."""
    if cut_lock(clone):
        (clone / "dvc.lock").unlink()
    dvc(clone, "repro", "--no-run-cache")


@pytest.mark.parametrize(("last", "known"), [
    ("", True), ("\n  re", True), ("    params:\n", True), ("      md5: ", False), ("      size: 1", False)])
def test_a_lock_file_that_was_cut_is_named_or_trusted_in_nothing(clone, last, known):
    whole, lock = outputs(clone), (clone / "dvc.lock").read_text()
    (clone / "dvc.lock").write_text(lock[:lock.rindex(last) + len(last)] if last else "")
    assert cut_lock(clone) == known
    go_on(clone)
    assert outputs(clone) == whole
    assert (clone / "dvc.lock").read_text() == lock


@pytest.mark.parametrize("seconds", [2.5, 5.0])
def test_a_killed_run_leaves_nothing_that_a_rerun_would_trust(clone, seconds):
    whole = outputs(clone)
    for folder in ("data", "plots"):
        shutil.rmtree(clone / folder)
    (clone / "dvc.lock").unlink()
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen(["dvc", "repro", "--no-run-cache"], cwd=clone, env=env, start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for lock in [*(clone / ".dvc" / "tmp").glob("*lock*")]:
        lock.unlink() if lock.is_file() else shutil.rmtree(lock)
    (clone / "data" / "counts").mkdir(parents=True, exist_ok=True)
    (clone / "data" / "counts" / ".0123456789_-abcdefghij.tmp").touch()  # by luck DVC leaves one itself
    go_on(clone)
    left = {name: content for name, content in outputs(clone).items() if not DVC_PARTIAL.fullmatch(name)}
    assert left == whole
    assert not list(clone.rglob(".*.partial"))


def test_a_broken_dump_stops_the_run_or_is_left_out_and_counted(clone):
    (clone / "raw_data" / "broken.json").write_text('{"values": [{"value": "a", "description": "b"}, {"value": ')
    output = dvc(clone, "repro", code=255)
    assert "broken.json" in output and "byte" in output
    set_params(clone, parse__on_error="skip")
    dvc(clone, "repro")
    counts = json.loads((clone / "data" / "counts" / "parse.json").read_text())
    assert counts["written"] == len(corpus.pairs())
    assert [note for note in counts["sources"]["broken.json"]["notes"] if note.startswith("left out: byte")]
