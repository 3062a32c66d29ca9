"""What a stage reads of the one before is cut, full of noise or of another kind: one line, outputs as before."""

import os
import random
import re

import pytest

from tests.faults.conftest import STAGES, check_clean_error, contents, outputs

NAMED = re.compile(r"data/[\w/.-]+")


def cut(path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def noise(path) -> None:
    """Where the values are: the footer stays as it was."""
    with path.open("r+b") as file:
        file.seek(8)
        file.write(random.Random(path.name).randbytes(path.stat().st_size // 2))


def other(path) -> None:
    path.write_text("[]")


def read_by(folder, stage: str) -> list[tuple]:
    """(file, harm): one file of each folder, and each JSON, that the stage's command names as an input."""
    named = [name for name in dict.fromkeys(NAMED.findall(STAGES[stage]["cmd"])) if name not in outputs(stage)]
    found = []
    for path in (folder / name for name in named):
        if path.is_dir() and (shards := sorted(path.glob("*.parquet"))):
            found += [(shards[0], harm) for harm in (cut, noise)]
        else:
            files = [path] if path.is_file() else sorted(path.glob("*.json"))
            found += [(file, harm) for file in files if file.stem != stage for harm in (cut, other)]
    return found


@pytest.mark.parametrize("stage", [stage for stage in STAGES if "data/parsed" in STAGES[stage]["cmd"]
                                   and stage != "parse"] + ["calibrate"])
def test_damaged_inputs(project, told, stage):
    before, tried = contents(project.folder, stage), read_by(project.folder, stage)
    for path, harm in tried:
        sound = path.read_bytes()
        harm(path)
        check_clean_error(project.run(stage), path.name)
        assert contents(project.folder, stage) == before, f"{path.name}, {harm.__name__}"
        path.write_bytes(sound)
    assert tried
    told("damaged input", stage, f"{len(tried)} times: cut, noise, of another kind", "one line that names the file; "
         "outputs as before")
