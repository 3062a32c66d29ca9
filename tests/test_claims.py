"""Runs side by side: a question belongs to one of them, until it is answered or that run is dead."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cybersieve import asking, params
from cybersieve.claims import Claims
from tests.stub_endpoint import Stub, margin_of

TEXTS = [f"record {i}" for i in range(60)]
HOLDER = """
import sys, time
from pathlib import Path
from cybersieve.claims import Claims
print(len(Claims(b"m", Path(sys.argv[1])).take(["a", "b"])), flush=True)
time.sleep(600)
"""


def test_a_question_is_one_runs_until_it_is_given_up(tmp_path: Path) -> None:
    one, other, elsewhere = Claims(b"m", tmp_path), Claims(b"m", tmp_path), Claims(b"another model", tmp_path)
    assert one.take(["a", "b"]) == {"a", "b"}
    assert other.take(["b", "c"]) == {"c"} and elsewhere.take(["a"]) == {"a"}
    assert one.take(["d"]) == {"d"} and other.take(["d"]) == set()
    one.free()
    assert other.take(["a", "b"]) == {"a", "b"}
    for each in (other, elsewhere):
        each.free()
    assert not list(tmp_path.rglob("*.lock"))


def test_what_a_killed_run_had_claimed_is_free(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True)
    assert holder.stdout and holder.stdout.readline() == "2\n"
    mine = Claims(b"m", tmp_path)
    assert mine.take(["a", "b", "c"]) == {"c"}
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert mine.take(["a", "b"]) == {"a", "b"}
    mine.free()
    assert not list(tmp_path.rglob("*.lock"))


def test_to_wait_for_another_run_leaves_no_file_open(tmp_path: Path) -> None:
    start = len(os.listdir("/dev/fd"))
    one, other = Claims(b"m", tmp_path), Claims(b"m", tmp_path)
    one.take(["a"])
    other.take(["b"])
    before = len(os.listdir("/dev/fd"))
    assert not other.take(["a"]) and len(os.listdir("/dev/fd")) <= before
    next(path for path in tmp_path.rglob("*.lock") if one.owner in path.name).unlink()  # as one that died while
    assert other.take(["a"]) == {"a"}  # it took what a dead one had claimed, may leave it
    for each in (one, other):
        each.free()
    assert len(os.listdir("/dev/fd")) <= start


def test_where_nothing_can_be_written_each_asks_for_itself(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    one, other = Claims(b"m", tmp_path / "file"), Claims(b"m", tmp_path / "file")
    assert one.take(["a"]) == other.take(["a"]) == {"a"}
    one.free()


@pytest.fixture
def settings(verify_settings: params.Verify) -> params.Verify:
    return dataclasses.replace(verify_settings, backend="openai", model="stub", batch_size=4, timeout=20.0)


def asked_by(settings: params.Verify, texts: list[str], results: dict[str, list[float | None]], name: str) -> None:
    with asking.Verifier(settings) as verifier:
        results[name] = verifier.margins(texts)
        results[f"{name} asked, cached"] = [verifier.asked, verifier.cached]


def test_runs_side_by_side_ask_nothing_twice(settings: params.Verify, own_cache: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "POLL", 0.05)
    with Stub(seconds=0.2) as stub:
        settings = dataclasses.replace(settings, endpoints=[stub.url], concurrency=1)
        results: dict[str, list[float | None]] = {}
        runs = [threading.Thread(target=asked_by, args=(settings, TEXTS[start:start + 40], results, f"{start}"))
                for start in (0, 20, 10)]
        for each in runs:
            each.start()
        for each in runs:
            each.join()
    put = [text for texts in stub.asked for text in texts]
    assert sorted(put) == sorted(TEXTS)  # each once
    counts = [results[f"{start} asked, cached"] for start in (0, 20, 10)]
    assert [sum(each) for each in counts] == [40] * 3 and sum(asked for asked, _ in counts) == 60  # type: ignore
    for start in (0, 20, 10):
        assert results[f"{start}"] == pytest.approx([margin_of(text) for text in TEXTS[start:start + 40]], abs=1e-6)


def test_what_another_run_could_not_answer_is_asked_again(settings: params.Verify, own_cache: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "POLL", 0.05)
    with Stub() as stub:
        settings = dataclasses.replace(settings, endpoints=[stub.url])
        with asking.Verifier(settings) as first:
            first.margins(TEXTS[:1])
            first.claims.take(TEXTS[1:3])  # and asks them, without an answer
            results: dict[str, list[float | None]] = {}
            second = threading.Thread(target=asked_by, args=(settings, TEXTS[:4], results, "second"))
            second.start()
            second.join(0.5)
            assert second.is_alive()
            first.claims.free()
            second.join()
    assert results["second"] == pytest.approx([margin_of(text) for text in TEXTS[:4]], abs=1e-6)
    assert sorted(text for texts in stub.asked for text in texts) == sorted(TEXTS[:4])
