"""A clock that goes backwards, and files from the future."""

import os
import time

import pytest

from tests.faults.conftest import ROOT, STAGES, contents
from tests.test_dvc import clone, dvc, reproduced  # noqa: F401  (fixtures)

BACKWARDS = ROOT / "tests" / "faults" / "backwards.py"


@pytest.mark.parametrize("stage", STAGES)
def test_clock_goes_backwards(project, told, stage):
    whole = contents(project.folder, stage)
    future = time.time() + 86_400
    for path in [*(project.folder / "raw_data").rglob("*"), *(project.folder / "data").rglob("*")]:
        os.utime(path, (future, future))
    for forget in (True, False):
        if forget:
            project.forget()
        done = project.run(stage, BACKWARDS)
        assert done.returncode == 0 and contents(project.folder, stage) == whole, done.stderr
    told("clock goes backwards", stage, "every look at it an hour earlier, twice; inputs dated tomorrow", "the same")


def test_dvc_sees_a_change_that_is_older(clone, told):  # noqa: F811
    """A dump of the same size replaced by one with an earlier date."""
    dump = clone / "raw_data" / "notes.jsonl"
    dump.write_bytes(dump.read_bytes().replace(b"Part 1.", b"Part 9."))
    os.utime(dump, (1_000_000_000, 1_000_000_000))
    assert "raw_data" in dvc(clone, "status")
    told("clock goes backwards", "dvc status", "a dump replaced by one of the same size and an earlier date",
         "seen as changed")
