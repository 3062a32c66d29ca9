"""Ctrl-C ends the server with a line, whenever it comes."""

import random
import signal
import sys

from tests import tiny
from tests.faults.conftest import POINTS, STRIKE


def test_interrupted_server(project, told, tmp_path):
    folder = tiny.write(tmp_path / "tiny")
    command = [sys.executable, STRIKE, "all"]
    server = ["cybersieve.server", "--model", folder, "--adapter", "none", "--port", 0]
    points = sorted(random.Random("server").sample(range(1, 2000), POINTS * 2 // 5))
    for point in points:
        done = project.call([*command, point, int(signal.SIGINT), *server])
        lines = [line for line in done.stderr.splitlines() if not line.startswith(("warning:", "ready on"))]
        assert done.returncode == 130 and len(lines) == 1, f"{point}: {done.returncode} {done.stderr}"
    told("interrupted (Ctrl-C)", "server", f"{len(points)} points from start to ready", "one line, exit code 130")
