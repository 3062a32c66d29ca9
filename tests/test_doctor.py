"""Each fault is found and comes with a remedy; a machine that has everything shows none."""

import dataclasses
import fcntl
import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cybersieve import blas, cache, doctor, machine, model, params
from cybersieve.errors import CybersieveError
from tests.conftest import ROOT, run

PLAIN = {"device": "cpu", "library": None, "gflops": 7.0}


def check(finding: doctor.Finding, mark: str, *words: str) -> None:
    assert finding.mark == mark, finding
    for word in words:
        assert word in f"{finding.found} {finding.remedy}", finding


def packages(tmp_path: Path, wanted: str, tested: str = "") -> doctor.Finding:
    (tmp_path / "wanted.txt").write_text(f"# what a run needs\n-e .\n{wanted}\n")
    (tmp_path / "tested.txt").write_text(tested)
    (finding,) = doctor.packages(tmp_path / "wanted.txt", tmp_path / "tested.txt")
    return finding


def test_packages(tmp_path: Path) -> None:
    version = doctor.importlib.metadata.version("numpy")
    check(packages(tmp_path, "numpy>=1  # arrays", f"numpy=={version}"), "✓", "1 packages", "as tested")
    check(packages(tmp_path, "numpy>=1", "numpy==1.0"), "!", version, "tested: 1.0", "constraints.txt")
    check(packages(tmp_path, "numpy>=1\nno-such-package>=1"), "✗", "no-such-package is missing", "pip install")
    check(packages(tmp_path, "numpy<1"), "✗", "wanted <1")
    check(packages(tmp_path, 'no-such-package>=1 ; sys_platform == "plan9"'), "✓")


def test_a_reader_in_pure_python_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    check(doctor.readers(), "✓")
    monkeypatch.setattr("ijson.backend_name", "python")
    check(doctor.readers(), "✗", "pure Python")


def test_blas() -> None:
    fast = PLAIN | {"library": "/a/libopenblas.so", "gflops": 300.0}
    check(doctor.blas_speed(PLAIN, fast), "✓", "/a/libopenblas.so", "300 GFLOP/s", "42.9 x")
    check(doctor.blas_speed(PLAIN, fast | {"gflops": 8.0}), "!", "1.1 x")
    check(doctor.blas_speed(PLAIN, PLAIN), "✗", "pip install scipy-openblas32", "CYBERSIEVE_CACHE")


def test_mlx_that_cannot_be_imported_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(kind: str) -> dict[str, object]:
        raise CybersieveError("libmlx.so: cannot open")

    monkeypatch.setattr(blas, "product", fails)
    (finding,) = doctor.mlx()
    check(finding, "✗", "libmlx.so", "pip install")


def test_a_product_is_timed_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert blas.product("plain")["gflops"] > 0
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(CybersieveError, match="exit code 1"):
        blas.product("plain")


def test_the_model(verify_settings: params.Verify, own_cache: Path, tmp_path: Path) -> None:
    def found(**changes: object) -> doctor.Finding:
        return doctor.local_model(dataclasses.replace(verify_settings, **changes))[1]  # type: ignore[arg-type]

    (own_cache / "models").unlink()
    check(found(), "!", "not prepared yet", "prepare_model.py")
    (model.default_folder()).mkdir(parents=True)
    check(found(), "✗", "damaged", "prepare_model.py")
    check(found(model=str(tmp_path)), "✗", "holds no MLX model")
    check(found(model="no/such/id at all"), "✗", "verify.model")
    check(found(model="no-such/model"), "!", "not in the hub's cache")


def test_adapter_and_endpoints(verify_settings: params.Verify, tmp_path: Path) -> None:
    def found(**changes: object) -> list[doctor.Finding]:
        return list(doctor.model_and_memory(dataclasses.replace(verify_settings, **changes), {}))  # type: ignore[arg-type]

    check(found(adapter=str(tmp_path))[1], "✗", "verify.adapter")
    check(found(adapter="auto", model=str(tmp_path))[1], "!", "none for", "adapt")
    (finding,) = found(backend="openai", endpoints=["http://127.0.0.1:9/v1"], retries=0)
    check(finding, "✗", "127.0.0.1:9", "start the servers")


def test_memory() -> None:
    check(doctor.memory(0.8e9, 16e9, 9e9), "✓", "9.0 of 16.0 GB free", "0.8")
    check(doctor.memory(8e9, 16e9, 9e9), "✗", "smaller model", "openai")
    total, available = machine.memory()
    assert 0 < available <= total


def test_weights_count_as_float32_whatever_they_have_on_disk_but_on_a_gpu(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"quantization": {"bits": 4, "group_size": 32}}))
    (tmp_path / "model.safetensors").write_bytes(b"0" * 1000)
    assert (model.weights_size(tmp_path), model.weights_size(tmp_path, on_cpu=False)) == (8000, 1000)


def test_a_model_that_a_gpu_holds_as_it_is_fits(verify_settings: params.Verify, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    """4 bits of a large model take half of a Mac's memory, float32 would take four times of it."""
    def found(device: dict[str, object]) -> doctor.Finding:
        return list(doctor.model_and_memory(dataclasses.replace(verify_settings, model=str(tmp_path)), device))[-1]

    (tmp_path / "config.json").write_text(json.dumps({"quantization": {"bits": 4, "group_size": 32}}))
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(5_000_000_000)
    monkeypatch.setattr(machine, "memory", lambda: (16e9, 16e9))
    check(found({"device": "gpu", "memory": 12e9}), "✓", "12.0 GB for the GPU", "5.0 GB as they are")
    check(found({"device": "gpu", "memory": None}), "✓", "5.0 GB as they are")
    check(found({"device": "gpu", "memory": 5.5e9}), "✗", "smaller model", "openai")
    check(found({"device": "cpu"}), "✗", "40.0 as float32")


def test_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    local = params.load(ROOT / "params.yaml")
    cluster = dataclasses.replace(local, engine="ray")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    check(doctor.where_work_runs(local), "✓", "local")
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    check(doctor.where_work_runs(cluster), "✗", "not installed", "requirements_cluster.txt")
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: name)
    check(doctor.where_work_runs(cluster), "!", "this machine", "RAY_ADDRESS")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    check(doctor.where_work_runs(cluster), "✗", "127.0.0.1:9", "ray start")
    with socket.create_server(("127.0.0.1", 0)) as there:
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{there.getsockname()[1]}")
        check(doctor.where_work_runs(cluster), "✓", "ray at 127.0.0.1")


def test_caches(own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SPARE", 0)
    (finding,) = doctor.caches()
    check(finding, "✓", "no answers yet")
    with cache.Answers("a model") as answers:
        answers.put([("a text", 1.0), ("another", 2.0)])
    (finding,) = doctor.caches()
    check(finding, "✓", "2 answers")
    (own_cache / (cache.NAME + ".damaged-1")).touch()
    (finding,) = doctor.caches()
    check(finding, "!", "1 damaged", "cache prune")
    with monkeypatch.context() as patch:
        patch.setattr(doctor.os, "access", lambda path, mode: path != own_cache / cache.NAME)  # a colleague's
        check(*doctor.caches(), "✗", f"{cache.NAME} can't be written", "CYBERSIEVE_CACHE")
    (own_cache / cache.NAME).write_bytes(b"no database at all" * 100)
    for more in ("-wal", "-shm"):
        (own_cache / (cache.NAME + more)).unlink(missing_ok=True)
    (finding,) = doctor.caches()
    check(finding, "✗", "not a database", "asks anew")
    (own_cache / cache.NAME).unlink()
    (own_cache / cache.NAME).mkdir()
    (finding,) = doctor.caches()
    check(finding, "✗", "unable to open", "who may write it")
    (tmp_path / "file").touch()
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "file"))
    (finding,) = doctor.caches()
    check(finding, "✗", "can't be written", "CYBERSIEVE_CACHE")


def test_dvc(tmp_path: Path) -> None:
    def found() -> doctor.Finding:
        (finding,) = doctor.dvc(tmp_path)
        return finding

    check(found(), "!", "no DVC project", "dvc init")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    run("dvc", "init", "-q", cwd=tmp_path)
    check(found(), "✗", "raw_data/ is not there", "prepare_corpus.py", "dvc pull")
    (tmp_path / "raw_data").mkdir()
    check(found(), "✓", "up to date")
    (tmp_path / "dvc.yaml").write_text("stages:\n  one:\n    cmd: echo 1 > out\n    outs: [out]\n")
    check(found(), "!", "changed: one", "dvc repro")
    (tmp_path / "dvc.yaml").write_text("stages:\n  one:\n    cmd: echo 1 > out\n    deps: [own.yaml]\n    outs: [out]\n"
                                       "  two:\n    cmd: cat out\n    deps: [out]\n")
    check(found(), "✗", "dvc.yaml wants it: own.yaml", "git checkout own.yaml")  # out is made by a stage
    (tmp_path / "dvc.yaml").write_text("stages: [")
    check(found(), "✗", "dvc.yaml", "git checkout")
    check(*doctor.dvc(tmp_path, sound=False), "!", "mend the settings first")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / ".git").rename(tmp_path / "git")
    check(found(), "✗", "not a git repository", "git init", "dvc config --local core.no_scm true")
    (tmp_path / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")
    check(found(), "✓", "up to date")
    (tmp_path / ".dvc" / "config.local").unlink()
    (tmp_path / "git").rename(tmp_path / ".git")
    with (tmp_path / ".dvc/tmp/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        check(found(), "!", "another dvc command")


@pytest.mark.parametrize("name", [".", ".dvc", "data"])
def test_a_project_that_may_not_be_written_is_a_fault(name: str, tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (".dvc", "data"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: path != tmp_path / name)
    check(*doctor.dvc(tmp_path), "✗", f"{tmp_path / name} can't be written")


def test_a_wrong_setting_is_a_fault_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["verify"]["batch_size"] = 0
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    done = run("python", "-m", "cybersieve", "doctor", "--params", tmp_path / "params.yaml", cwd=tmp_path, code=1)
    assert "verify.batch_size: 0 is below 1" in done.stdout and "✗" in done.stdout
    assert "DVC" in done.stdout and "Traceback" not in done.stderr and done.stderr.count("\n") == 1


def test_where_all_is_there_nothing_is_marked_as_a_fault(raw: Path, prepared_model: Path) -> None:
    shown = run("python", "-m", "cybersieve", "doctor").stdout
    assert "✗" not in shown
    for name in ("MLX", "model", "adapter", "memory", "cache", "DVC"):
        assert name in shown
