"""Too little memory in verify: batches are halved, and the run goes on."""

import pytest

from tests.faults.conftest import ROOT, check_clean_error, contents
from tests.test_dvc import set_params

SHORT = ROOT / "tests" / "faults" / "short_of_memory.py"


@pytest.mark.parametrize("texts", [1, 2, 3])
def test_too_little_for_a_batch(project, told, texts):
    whole = contents(project.folder, "verify")
    set_params(project.folder, verify__batch_size=32)
    project.forget()
    done = project.run("verify", SHORT, texts)
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    assert contents(project.folder, "verify") == whole
    told("out of memory", "verify", f"forward passes of more than {texts} texts fail", "batches are halved; the same")


def test_too_little_for_one_text(project, told):
    before = contents(project.folder, "verify")
    project.forget()
    check_clean_error(project.run("verify", SHORT, 0), "Unable to allocate")
    assert contents(project.folder, "verify") == before
    told("out of memory", "verify", "every forward pass fails", "one line that says why; outputs as before")
