"""Run a stage's script and send it a signal at one point of its work, the same point on every run:

    python tests/faults/strike.py KIND POINT SIGNAL stages/score.py --input-dir …      (or a module's name)

Points are counted from 1: of kind `lines` each line of ours that runs inside a function, `all` those of modules too
(imports), `files` each opening for writing, renaming, making and removing on disk. Without reaching POINT the number
of points goes to the file that STRIKE_COUNT names. Not covered: points inside libraries written in C.
"""

import atexit
import itertools
import os
import runpy
import signal
import sys
import threading
from functools import cache
from pathlib import Path

OURS = tuple(f"{Path(__file__).resolve().parents[2] / name}{os.sep}" for name in ("cybersieve", "stages"))
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "sqlite3.connect"}


def main() -> None:
    kind, point, number, script = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    points, reached = itertools.count(1), 0
    traced = (*OURS, str(Path(script).parent.resolve()))

    def count() -> None:
        nonlocal reached
        reached = next(points)  # in one step, whatever thread it is in
        if reached == point:
            sys.settrace(None)
            os.kill(os.getpid(), number)

    @cache
    def ours(file: str, function: str) -> bool:
        return file.startswith(traced) and not file.endswith("measure.py") and not (
            kind == "lines" and function == "<module>")

    def in_ours(frame, event, _):
        if event == "line":
            count()
        return in_ours

    def trace(frame, event, _):
        return in_ours if ours(frame.f_code.co_filename, frame.f_code.co_name) else None

    def audit(event: str, arguments: tuple) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (writes or event in CHANGES) and "__pycache__" not in str(arguments[0]):
            count()

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job is started deaf to Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if where := os.environ.get("STRIKE_COUNT"):
        atexit.register(lambda: Path(where).write_text(str(reached)))
    sys.argv[:] = sys.argv[4:]
    sys.path[0] = str(Path(script).parent if script.endswith(".py") else Path(OURS[0]).parent)
    if kind == "files":
        sys.addaudithook(audit)
    else:
        threading.settrace(trace)
        sys.settrace(trace)
    if script.endswith(".py"):
        runpy.run_path(script, run_name="__main__")
    else:
        runpy.run_module(script, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
