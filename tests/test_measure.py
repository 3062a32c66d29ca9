import json
import multiprocessing
import sys
import time

import pytest

from cybersieve import measure

linux = pytest.mark.skipif(sys.platform != "linux", reason="shares of memory are Linux's to tell")


def test_a_process_alone_is_measured_by_the_kernel(monkeypatch, tmp_path):
    monkeypatch.setattr(measure, "family", lambda pid: [pid])
    monkeypatch.setattr(measure, "PAUSE", 0.001)
    asked = []
    monkeypatch.setattr(measure, "resident_mb", asked.append)
    with measure.Stopwatch("parse") as watch:
        time.sleep(0.05)
    watch.save(tmp_path / "p" / "parse.json", records=10)
    told = json.loads((tmp_path / "p" / "parse.json").read_text())
    assert not asked and told["stage"] == "parse" and told["records"] == 10
    assert told["peak_memory_mb"] == pytest.approx(measure.peak_memory_mb(), abs=0.1)
    assert told["records_per_second"] == pytest.approx(10 / watch.seconds, abs=0.1)


@linux
def test_workers_count_too():
    with multiprocessing.get_context("spawn").Pool(1) as pool, measure.Stopwatch("parse") as watch:
        pool.apply(len, ["up and running"])
        deadline = time.monotonic() + 30
        while not watch.family_mb and time.monotonic() < deadline:
            time.sleep(0.02)
    assert watch.family_mb > 10


def test_samples_take_a_small_part_of_the_time(monkeypatch):
    monkeypatch.setattr(measure, "PAUSE", 0.001)
    monkeypatch.setattr(measure, "family", lambda pid: [pid, pid])
    asked = []
    monkeypatch.setattr(measure, "resident_mb", lambda pid: asked.append(time.sleep(0.02)) or 1.0)
    with measure.Stopwatch("parse"):
        time.sleep(0.5)
    assert 2 <= len(asked) <= 4  # one sample of 40 ms, and at most a second one within half a second
