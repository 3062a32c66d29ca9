"""Wheels by pip, with their hashes."""

import zipfile
from pathlib import Path

import pytest

from cybersieve import hashing, wheels
from cybersieve.errors import InputError


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one small wheel, and pip told to look nowhere else."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_data-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_data/data.txt", "data")
        wheel.writestr("tiny_data-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\n")
        wheel.writestr("tiny_data-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tiny_data-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("CYBERSIEVE_WHEELS", str(folder))
    return folder


def test_a_wheel_comes_as_it_is(shelf: Path, tmp_path: Path) -> None:
    original = shelf / "tiny_data-1.0-py3-none-any.whl"
    found = wheels.download("tiny-data", "1.0", tmp_path / "here", hashing.of_file(original))
    assert found.parent == tmp_path / "here" and found.read_bytes() == original.read_bytes()


def test_another_hash_is_refused(shelf: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its sha256 is"):
        wheels.download("tiny-data", "1.0", tmp_path / "here", "0" * 64)


def test_a_wheel_that_is_not_there(shelf: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pip could not download the wheel"):
        wheels.download("tiny-data", "2.0", tmp_path / "here")
