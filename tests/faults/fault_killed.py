"""A stage that is killed or interrupted at any point leaves nothing half-written, and the next run is as if it had
never been."""

import random
import shutil
import signal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults.conftest import POINTS, STAGES, STRIKE, check_clean_error, content, contents, outputs


def older(folder, stage) -> dict[str, dict[str, bytes]]:
    """Put outputs of an older run in place."""
    for name in outputs(stage):
        if (folder / name / "flow.csv").exists():
            (folder / name / "flow.csv").write_text("older")
        elif (folder / name).is_dir():
            pq.write_table(pa.table({"id": ["older"], "source": ["older.json"]}), folder / name / "older.json.parquet")
        else:
            (folder / name).write_text("{}")
    return contents(folder, stage)


def absent(folder, stage) -> dict[str, dict[str, bytes]]:
    """No outputs, as DVC runs a stage."""
    for name in outputs(stage):
        shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()
    return contents(folder, stage)


def leftovers(folder) -> list[str]:
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*.partial"))
    return [name for name in names if not name.startswith(".dvc/")]


def drawn(project, stage: str, kind: str, count: int) -> list[int]:
    """Points that every run of the stage has."""
    absent(project.folder, stage)
    total = project.points(stage, kind)
    chosen = random.Random(f"{stage} {kind}")
    return sorted(chosen.sample(range(1, total + 1), min(count, total)))


@pytest.mark.parametrize("stage", STAGES)
def test_killed(project, told, stage):
    whole, tried = contents(project.folder, stage), 0
    for kind, share in (("files", POINTS // 2), ("lines", POINTS)):  # some stages change the disk but a few times
        for point in drawn(project, stage, kind, share - tried):
            tried += 1
            before = (older if tried % 2 else absent)(project.folder, stage)
            project.forget()
            done = project.run(stage, STRIKE, kind, point, int(signal.SIGKILL))
            assert done.returncode == -signal.SIGKILL, f"{kind} {point}: {done.returncode} {done.stderr}"
            for name in outputs(stage):
                assert content(project.folder / name) in ({}, before[name], whole[name]), f"{kind} {point}: {name}"
            done = project.run(stage)
            assert done.returncode == 0, done.stderr
            assert contents(project.folder, stage) == whole, f"{kind} {point}"
            assert not leftovers(project.folder), f"{kind} {point}"
    assert tried == POINTS
    told("killed (SIGKILL)", stage, f"{tried} points", "whole; the next run gives the same")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("number", "fault", "share"), [(signal.SIGINT, "interrupted (Ctrl-C)", POINTS * 2 // 5),
                                                        (signal.SIGTERM, "asked to end (SIGTERM)", POINTS // 5)])
def test_interrupted(project, told, stage, number, fault, share):
    """Of SIGTERM while modules are imported, before any work has begun, the system alone takes care."""
    whole = contents(project.folder, stage)
    points = drawn(project, stage, "all" if number == signal.SIGINT else "lines", share)
    for point in points:
        before = older(project.folder, stage)
        project.forget()
        done = project.run(stage, STRIKE, "all" if number == signal.SIGINT else "lines", point, int(number))
        check_clean_error(done, "interrupted", code=128 + number)
        for name in outputs(stage):
            assert content(project.folder / name) in ({}, before[name], whole[name]), f"{point}: {name}"
    done = project.run(stage)
    assert done.returncode == 0 and contents(project.folder, stage) == whole and not leftovers(project.folder)
    told(fault, stage, f"{len(points)} points",
         f"one line, exit code {128 + number}, no traceback; whole; the next run gives the same")
