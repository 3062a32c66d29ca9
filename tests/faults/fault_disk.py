"""A disk that is full, or a quota reached, at any point of a stage: one line, nothing half-written, and a rerun that
is as if there had always been room."""

import resource
import shutil
import subprocess

import pytest

from tests.faults.conftest import STAGES, Project, check_clean_error, content, contents, outputs

PAGE = 4096


@pytest.fixture
def small_disk(finished, tmp_path):
    """The project on a file system of its own in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        shutil.copytree(finished, place / "work", symlinks=True)
        yield Project(place / "work" / "project")
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def leave(disk, free: int) -> None:
    """Fill the disk but for `free` bytes."""
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(1 << 20))
        except OSError:
            pass
    size = (disk / "ballast").stat().st_size
    if free:
        with (disk / "ballast").open("r+b") as ballast:
            ballast.truncate(size - free)


def check_whole(project, stage: str, done, before, whole, *words: str) -> bool:
    """Whether the fault was felt; then the error is clean and every output as before, absent or finished."""
    if done.returncode == 0:
        assert contents(project.folder, stage) == whole
        return False
    check_clean_error(done, *words)
    for name in outputs(stage):
        assert content(project.folder / name) in ({}, before[name], whole[name]), name
    return True


@pytest.mark.parametrize("stage", STAGES)
def test_full_disk(small_disk, told, stage):
    project, felt, sizes = small_disk, 0, [0, 1, 2, 4, 8]
    before = whole = contents(project.folder, stage)
    for pages in sizes:
        project.forget()
        leave(project.folder.parent.parent, pages * PAGE)
        done = project.run(stage)
        felt += check_whole(project, stage, done, before, whole, "No space left on device")
        (project.folder.parent.parent / "ballast").unlink()
        done = project.run(stage)
        assert done.returncode == 0 and contents(project.folder, stage) == whole, done.stderr
    assert felt
    told("disk full", stage, f"{len(sizes)} sizes of what is free",
         "one line; whole; with room again the next run gives the same")


@pytest.mark.parametrize("stage", STAGES)
def test_quota(project, told, stage):
    felt, sizes = 0, [0, 100, 1000, 2000, 5000]
    before = whole = contents(project.folder, stage)
    for size in sizes:
        project.forget()
        done = project.run(stage, preexec_fn=lambda size=size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
        felt += check_whole(project, stage, done, before, whole, "File too large")
    assert felt
    done = project.run(stage)
    assert done.returncode == 0 and contents(project.folder, stage) == whole, done.stderr
    told("no file may grow beyond a size", stage, f"{len(sizes)} sizes",
         "one line; whole; without the limit the next run gives the same")
