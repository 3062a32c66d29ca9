"""A model folder or adapter with a file missing, empty, cut or full of noise: one line that names the folder."""

import shutil

import pytest

from cybersieve import model
from tests import tiny
from tests.faults.conftest import check_clean_error, contents
from tests.test_dvc import set_params

HARMS = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "noise": lambda path: path.write_bytes(bytes(range(256)) * (path.stat().st_size // 256 + 1)),
}
NEEDED = {"model": ["config.json", "model.safetensors", "tokenizer.json"],
          "adapter": ["adapter_config.json", "adapters.safetensors", "calibration.json", "verifier.json"]}


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("kind, name", [(kind, name) for kind, names in NEEDED.items() for name in names])
def test_damaged_file(project, told, tmp_path, kind, name, harm):
    if kind == "model":
        folder = tiny.write(tmp_path / "own-model")
        set_params(project.folder, verify__model=str(folder), verify__adapter=None)
    else:
        folder = tmp_path / "own-adapter"
        shutil.copytree(project.folder / "models" / model.DEFAULT, folder)
        set_params(project.folder, verify__model=model.DEFAULT, verify__adapter=str(folder))
    before = contents(project.folder, "verify")
    HARMS[harm](folder / name)
    project.forget()
    done = project.run("verify")
    if harm == "missing" and name in ("calibration.json", "verifier.json"):  # an adapter may come without them
        assert done.returncode == 0, done.stderr
        told("damaged model", f"{kind}: {name}", harm, "goes on: the file is not needed")
        return
    check_clean_error(done, folder.name)
    assert contents(project.folder, "verify") == before
    told("damaged model", f"{kind}: {name}", harm, "one line that names the folder; outputs as before")
