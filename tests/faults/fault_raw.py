"""A raw file that changes while it is read: told by name, never a mixture of two states."""

import os
import random
import signal
import subprocess

import pytest

from tests.faults.conftest import POINTS, STRIKE, check_clean_error, contents

CHANGES = {
    "grows": lambda path: path.write_bytes(path.read_bytes() + b'{"id": "late", "text": "A late record."}\n'),
    "is cut": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "is replaced": lambda path: (path.with_suffix(".new").write_bytes(path.read_bytes().replace(b"Part", b"part")),
                                 os.replace(path.with_suffix(".new"), path)),
    "vanishes": lambda path: path.unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_while_parse_reads(project, told, change):
    """Parse is halted at a point, the file changed, and parse set going again."""
    dump = project.folder / "raw_data" / "notes.jsonl"
    text, before, felt = dump.read_bytes(), contents(project.folder, "parse"), 0
    total = project.points("parse", "lines")
    points = sorted(random.Random(change).sample(range(1, total), max(2, POINTS * 2 // 5)))
    for point in points:
        dump.write_bytes(text)
        project.forget()
        with project.begin(project.words("parse", STRIKE, "lines", point, int(signal.SIGSTOP))) as process:
            assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
            CHANGES[change](dump)
            process.send_signal(signal.SIGCONT)
            error = process.communicate()[1]
        done = subprocess.CompletedProcess([], process.returncode, "", error)
        if done.returncode == 0:  # changed before it was looked at, or after it was read
            found = contents(project.folder, "parse")
            if found != before:
                project.forget()
                assert project.run("parse").returncode == 0
                assert found == contents(project.folder, "parse"), f"{point}: a mixture"
        else:
            felt += 1
            check_clean_error(done, "notes.jsonl")
            assert change == "vanishes" or "changed" in error
    assert felt or POINTS < 20
    dump.write_bytes(text)
    assert project.run("parse").returncode == 0 and contents(project.folder, "parse") == before
    told("raw file changes while it is read", f"parse: a file {change}", f"{len(points)} points",
         "one line that names the file, or all of it as before or after the change")
