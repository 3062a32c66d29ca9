"""Two `dvc exp run` at once in one project.

Aside (--temp) each has a folder of its own, and both must be done. In place DVC itself keeps no order between two: it
may end one or both with an error of its own, and then the experiment is not recorded. As it puts params.yaml back when
it ends one, a stage of the other may read settings that it was not started for, and DVC keeps what that wrote for those
that were meant. What must hold whatever DVC says: the user's edits and commits stay, and each setting run again with
--force gives what it gives where nothing else ran.
"""

import shutil
from pathlib import Path

import pytest

from tests.conftest import run
from tests.faults.conftest import Project, own_cache
from tests.test_dvc import clone, outputs, reproduced  # noqa: F401  (fixtures)

SETTINGS = {"first": "calibrate.accept=0.8", "second": "calibrate.accept=0.7"}
EDITED, NOTE = "own_rules.yaml", "# a note that is not committed\n"


def experiment(name: str, *how: str) -> list[object]:
    return ["dvc", "exp", "run", *how, "-S", SETTINGS[name.removesuffix("-again")], "--name", name]


def check_alone(project: Project, name: str, *command: object) -> None:
    done = project.call(command or experiment(name))
    assert done.returncode == 0, f"{name}: {done.stderr}"


@pytest.fixture
def undisturbed(clone, tmp_path) -> dict[str, dict[str, bytes]]:  # noqa: F811
    """What each setting gives where nothing else runs, in a project and with a cache of its own, after an edit."""
    with (clone / EDITED).open("a") as rules:
        rules.write(NOTE)
    found = {}
    for name in SETTINGS:
        project = Project(Path(shutil.copytree(clone, tmp_path / f"only {name}" / "project", symlinks=True)))
        own_cache(project.cache)
        check_alone(project, name)
        found[name] = outputs(project.folder)
    assert found["first"] != found["second"] != outputs(clone)
    return found


@pytest.mark.parametrize("aside", [True, False], ids=["--temp", "in place"])
def test_two_experiments_at_once(clone, undisturbed, told, aside):  # noqa: F811
    project = Project(clone)
    own_cache(project.cache)
    before = run("git", "rev-parse", "HEAD", cwd=clone).stdout
    running = {name: project.begin(experiment(name, *["--temp"] * aside)) for name in SETTINGS}
    errors = {name: process.communicate(timeout=600)[1] for name, process in running.items()}
    ended = {name: process.returncode for name, process in running.items()}
    for name, code in ended.items():
        assert "Traceback" not in errors[name] and (code == 0 or "ERROR: " in errors[name]), errors[name]
        assert code == 0 or not aside, errors[name]
    for name in SETTINGS:
        if aside:
            check_alone(project, name, "dvc", "exp", "apply", name)
        else:
            check_alone(project, name, *experiment(f"{name}-again", "--force"))
        assert outputs(clone) == undisturbed[name], name
        assert (clone / EDITED).read_text().endswith(NOTE)
    assert run("git", "rev-parse", "HEAD", cwd=clone).stdout == before
    run("git", "fsck", "--strict", cwd=clone)
    refused = sum(code != 0 for code in ended.values())
    told("two `dvc exp run` at once", "aside (--temp)" if aside else "in place", "2 settings",
         "both done; each the same as alone" if aside else
         f"DVC does not keep them apart: it ended {refused} of 2 with an error of its own and did not record them (use "
         "`--temp` or `--queue`), and one may run with the other's settings; edits and commits stay, and each setting "
         "run again with `--force` gives the same as alone")
