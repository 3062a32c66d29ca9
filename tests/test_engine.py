"""Work side by side: in order, as it is done, and no process left behind whatever happens."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cybersieve import engine
from cybersieve.errors import CybersieveError, InputError

INTERRUPTED = """
import os, signal, threading, time
from cybersieve import cli, engine

def main():
    threading.Timer(3, os.kill, (os.getpid(), signal.SIGINT)).start()
    list(engine.each(time.sleep, [60, 60], workers=2))

if __name__ == "__main__":
    cli.run(main)
"""


ORPHANS = """
import os, pathlib, sys, time
from cybersieve import engine

def work(name):
    pathlib.Path(name).write_text(str(os.getpid()))
    time.sleep(600)

if __name__ == "__main__":
    list(engine.each(work, sys.argv[1:], workers=2))
"""


def square(number):
    return number * number, os.getpid()


def sleep_then(seconds):
    time.sleep(seconds)
    return seconds


def die(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fail(number):
    if number == 1:
        raise InputError("a.json", "broken", "byte 7", "mend it")
    time.sleep(30)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_are_in_order(workers):
    results = list(engine.each(square, range(20), workers=workers))
    assert [result for result, _ in results] == [number * number for number in range(20)]
    inside = {process for _, process in results} == {os.getpid()}
    assert inside == (workers == 1)


def test_many_small_items_are_handed_out_together(monkeypatch):
    monkeypatch.setattr(engine, "TASKS", 2)
    asked = []
    pool = engine.ProcessPoolExecutor.submit
    monkeypatch.setattr(engine.ProcessPoolExecutor, "submit",
                        lambda self, *task: asked.append(len(task[-1])) or pool(self, *task))
    results = engine.each(square, range(1000), workers=2)
    assert next(results)[0] == 0 and len(asked) == 2 * engine.AHEAD  # not all at once
    assert [result for result, _ in results] == [number * number for number in range(1, 1000)]
    assert asked == [32] * 31 + [8]


def test_a_file_counts_for_some_records():
    assert engine.workers_for([1000] * 10) == 1 and engine.workers_for([engine.MANY]) is None
    assert engine.workers_for([1] * 1000) is None


def test_one_item_starts_no_process():
    assert list(engine.each(square, [7], workers=8)) == [(49, os.getpid())]
    assert list(engine.each(square, [], workers=8)) == []


def test_results_come_as_they_are_done():
    results = engine.each(sleep_then, [0, 30], workers=2)
    start = time.monotonic()
    assert next(results) == 0
    results.close()
    assert time.monotonic() - start < 20 and not multiprocessing.active_children()


def test_a_dead_worker_is_a_clear_error():
    with pytest.raises(CybersieveError, match="worker process died"):
        list(engine.each(die, range(6), workers=2))
    assert not multiprocessing.active_children()


def test_an_error_stops_the_others_at_once():
    start = time.monotonic()
    with pytest.raises(InputError, match="a.json, byte 7: broken"):
        list(engine.each(fail, [1, 2, 3], workers=2))
    assert time.monotonic() - start < 20 and not multiprocessing.active_children()


def test_ctrl_c_leaves_one_line_and_no_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    start = time.monotonic()
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130 and done.stderr.count("\n") == 1 and "interrupted" in done.stderr, done.stderr
    assert time.monotonic() - start < 30


def test_a_killed_parent_leaves_no_worker_behind(tmp_path):
    script, told = tmp_path / "script.py", [tmp_path / "a", tmp_path / "b"]
    script.write_text(ORPHANS)
    parent = subprocess.Popen([sys.executable, script, *told], stderr=subprocess.DEVNULL)
    wait_until(lambda: all(path.exists() and path.read_text() for path in told))
    workers = [int(path.read_text()) for path in told]
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(map(runs, workers)))


def wait_until(true):
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    pytest.fail("it never came true")


def runs(process):
    """Whether a process runs; one that has ended and that nobody has asked about does not."""
    try:
        os.kill(process, 0)
        return " Z " not in Path(f"/proc/{process}/stat").read_text() if Path("/proc").exists() else True
    except (ProcessLookupError, FileNotFoundError):
        return False
