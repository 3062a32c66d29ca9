"""Two runs of DVC at once in one project."""

import json

import pytest

from tests.faults.conftest import Project, own_cache
from tests.test_dvc import clone, reproduced  # noqa: F401  (fixtures)


@pytest.mark.parametrize("aside", [True, False], ids=["--temp", "in place"])
def test_two_experiments_at_once(clone, told, aside):  # noqa: F811
    project = Project(clone)
    own_cache(project.cache)
    how = ["--temp"] if aside else []
    command = ["dvc", "exp", "run", *how, "-S"]
    both = [project.begin([*command, f"calibrate.accept={accept}", "--name", f"at-{number}"])
            for number, accept in enumerate((0.8, 0.7))]
    ended = [(process.communicate()[1], process.returncode) for process in both]
    assert any(code == 0 for _, code in ended), ended
    shown = project.call(["dvc", "exp", "show", "--json"]).stdout
    for number, (error, code) in enumerate(ended):
        assert "Traceback" not in error
        if code == 0:
            assert f"at-{number}" in shown
        else:
            assert "lock" in error.lower(), error
            again = project.call([*command, f"calibrate.accept={(0.8, 0.7)[number]}", "--name", f"at-{number}"])
            assert again.returncode == 0, again.stderr
    assert json.loads(shown)
    told("two `dvc exp run` at once", "aside (--temp)" if aside else "in place", "2 settings",
         "both done" if aside else "one is done, the other waits or is told who holds the lock; then it runs")
