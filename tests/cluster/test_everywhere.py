"""One corpus through this machine, through Ray and through two servers: the same metrics.json."""

from pathlib import Path

import pytest
import yaml

from tests import corpus
from tests.conftest import ROOT, run
from tests.test_server import started

pytest.importorskip("ray", reason="Ray is not installed: make test-cluster")


def metrics(folder: Path, name: str, **changes: object) -> bytes:
    """What `filter` says of the corpus in `folder`, with settings changed and with answers of its own."""
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["calibrate"] |= {"mode": "fixed", "accept": 0.9, "reject": 0.1}
    for key, value in changes.items():
        if isinstance(value, dict):
            tree[key] |= value
        else:
            tree[key] = value
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(tree))
    (folder / "cache" / "answers.sqlite").unlink(missing_ok=True)
    run("python", "-m", "cybersieve", "filter", "--input-dir", folder / "raw", "--output-dir", folder / name,
        "--params", folder / f"{name}.yaml", "--labels", folder / "labels")
    return (folder / name / "metrics.json").read_bytes()


def test_the_figures_do_not_depend_on_where_they_come_from(
        prepared_model: Path, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)  # Ray is then started on this machine
    corpus.write_labels(tmp_path / "labels", corpus.write(tmp_path / "raw"))
    here = metrics(tmp_path, "local")
    assert b'"asked_share": 0.0' not in here
    assert metrics(tmp_path, "ray", engine="ray") == here
    command = ["./start-simple-server.sh", "--port", "0"]
    with started(command, r"ready on (\S+)") as (one, _), started(command, r"ready on (\S+)") as (other, _):
        assert metrics(tmp_path, "endpoints", verify={"backend": "openai", "endpoints": [one, other]}) == here
