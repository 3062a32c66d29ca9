"""engine: ray on a real cluster of two node processes on this machine: the same bytes, whatever dies on the way."""

import json
import os
import shutil
import signal
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ray = pytest.importorskip("ray", reason="Ray is not installed: make test-cluster")
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0",
               "RAY_raylet_start_wait_time_s": "150"}  # a busy machine takes more than the usual 30 for a node

from ray.cluster_utils import Cluster  # noqa: E402

from cybersieve import dedup, engine, export, params, parse, pieces, ray_engine, records, score, verify  # noqa: E402
from cybersieve.errors import CybersieveError, InputError  # noqa: E402
from tests import corpus  # noqa: E402
from tests.conftest import ROOT, run  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own
WAIT = 60  # seconds for what takes one or two


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head that takes no work and one node of one core; tests add the other and kill it."""
    small = {"object_store_memory": 80 * 2**20, "include_dashboard": False}
    made = Cluster(initialize_head=True, connect=False, head_node_args={"num_cpus": 0} | small)
    made.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    os.environ["RAY_ADDRESS"] = made.address
    yield made
    ray.shutdown()
    made.shutdown()
    del os.environ["RAY_ADDRESS"]


@pytest.fixture
def second(cluster: Cluster) -> Iterator[Any]:
    """The second node; its `kill()` is that of a machine whose power goes."""
    node = cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    cluster.wait_for_nodes()
    node.kill = lambda: cluster.remove_node(node, allow_graceful=False)
    yield node
    if node in cluster.list_all_nodes():
        cluster.remove_node(node)


def until(true: Any) -> None:
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def square(number: int, folder: Path, seconds: float = 0.0) -> tuple[int, int]:
    """Leaves a file for each attempt; slow enough that a kill finds tasks under way."""
    (folder / f"{number}-{os.getpid()}-{time.monotonic_ns()}").touch()
    time.sleep(seconds)
    return number * number, os.getpid()


def die_once(number: int, folder: Path) -> int:
    mark = folder / f"died-{number}"
    if number % 3 == 0 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def always_die(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fail(number: int) -> int:
    if number == 1:
        raise InputError("a.json", "broken", "byte 7", "mend it")
    time.sleep(number and 1)
    return number


def test_results_are_in_order_and_come_from_both_nodes(cluster: Cluster, second: Any, tmp_path: Path) -> None:
    results = list(engine.each(partial(square, folder=tmp_path, seconds=0.3), range(12), "ray"))
    assert [result for result, _ in results] == [number * number for number in range(12)]
    assert len({process for _, process in results}) >= 2 and os.getpid() not in {process for _, process in results}
    assert len(list(tmp_path.iterdir())) == 12


def test_more_items_than_ray_may_know_of_at_once(cluster: Cluster, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(ray_engine, "WAITING", 2)
    assert [result for result, _ in engine.each(partial(square, folder=tmp_path), range(7), "ray")] == \
        [number * number for number in range(7)]


def test_workers_that_are_killed_lose_and_double_nothing(cluster: Cluster, tmp_path: Path) -> None:
    assert list(engine.each(partial(die_once, folder=tmp_path), range(8), "ray")) == list(range(8))
    assert len(list(tmp_path.glob("died-*"))) == 3


def test_a_node_that_is_killed_loses_and_doubles_nothing(cluster: Cluster, second: Any, tmp_path: Path) -> None:
    results = engine.each(partial(square, folder=tmp_path, seconds=0.3), range(16), "ray")
    first = [next(results)[0] for _ in range(4)]
    second.kill()
    assert first + [result for result, _ in results] == [number * number for number in range(16)]


def test_what_a_task_raises_is_raised_and_ends_the_others(cluster: Cluster) -> None:
    results = engine.each(fail, [0, 1, 30, 30], "ray")
    assert next(results) == 0
    start = time.monotonic()
    with pytest.raises(InputError, match="a.json, byte 7: broken") as error:
        list(results)
    assert error.value.remedy == "mend it" and time.monotonic() - start < 20
    assert list(engine.each(abs, [-1, -2], "ray")) == [1, 2]  # the cluster is free again


def test_a_task_that_kills_every_worker_is_a_clear_error(cluster: Cluster, monkeypatch: Any) -> None:
    monkeypatch.setattr(ray_engine, "ATTEMPTS", 1)
    with pytest.raises(CybersieveError, match="after 1 more attempts.*ray status"):
        list(engine.each(always_die, range(3), "ray"))


def test_other_code_on_a_node_is_told(cluster: Cluster, monkeypatch: Any) -> None:
    monkeypatch.setattr(ray_engine, "code", lambda: "0123 python=2.7")
    with pytest.raises(CybersieveError, match="other code or packages"):
        list(engine.each(abs, [-1, -2], "ray"))


def test_a_folder_that_a_node_does_not_have_is_told(cluster: Cluster, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    ray_engine._connected()
    monkeypatch.setattr(Path, "cwd", lambda: tmp_path / "elsewhere")
    with pytest.raises(CybersieveError, match="one path"):
        list(engine.each(abs, [-1, -2], "ray"))


def test_no_cluster_at_the_address_is_one_line(tmp_path: Path) -> None:
    corpus.write(tmp_path / "raw")
    params_file = tmp_path / "params.yaml"
    params_file.write_text((ROOT / "params.yaml").read_text().replace("engine: local", "engine: ray"))
    done = run("python", "stages/parse.py", "--input-dir", tmp_path / "raw", "--output-dir", tmp_path / "out",
               "--params", params_file, code=1, RAY_ADDRESS="127.0.0.1:9")
    assert "RAY_ADDRESS=127.0.0.1:9" in done.stderr and "Traceback" not in done.stderr


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file()}


def pipeline(raw: Path, out: Path, engine: str, settings: params.Params) -> None:
    """The four stages that run over files; with no rule sure of anything, and no question put to a model."""
    parse.parse_folder(raw, out / "parsed", settings.parse, engine).save(out / "parse.json")
    dedup.dedup_folder(out / "parsed", out / "unique", settings.dedup, engine).save(out / "dedup.json")
    score.score_folder(out / "parsed", out / "scored", settings.score, engine, out / "unique").save(out / "score.json")
    records.save_json(out / "thresholds.json", {"accept": 0.5, "reject": 0.5})
    verify.verify_folder(out / "parsed", out / "scored", out / "verdicts", out / "thresholds.json", settings.verify,
                         out / "unique")
    export.export_folder(out / "parsed", out / "scored", out / "verdicts", out / "filtered", out / "rejected",
                         settings.export, None, engine).save(out / "export.json")


def test_stages_give_the_bytes_of_one_machine_though_a_node_dies(
        cluster: Cluster, second: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    settings = params.load(ROOT / "params.yaml")
    settings = replace(settings, score=replace(settings.score, rules=str(ROOT / "rules.yaml"), extra_rules=None),
                       export=replace(settings.export, templates={"chatml": {}}))
    for number in range(12):
        corpus.write(tmp_path / "raw" / f"{number:02}", copies=3 + number)
    pipeline(Path("raw"), Path("local"), "local", settings)

    def strike() -> None:
        until(lambda: len(list((tmp_path / "ray").rglob("*.parquet"))) >= 4)
        second.kill()

    striker = threading.Thread(target=strike)
    striker.start()
    pipeline(Path("raw"), Path("ray"), "ray", settings)  # relative paths: tasks work in the driver's folder
    striker.join()
    assert second not in cluster.list_all_nodes()
    assert files(tmp_path / "ray") == files(tmp_path / "local")
    assert not list(tmp_path.rglob("*.partial"))


def test_pieces_of_one_file_give_the_bytes_of_one_machine_though_a_node_dies(
        cluster: Cluster, second: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """An array, documents in a row and a zip, each cut into many tasks."""
    trees = [{"id": f"L-{n % 90}", "title": title, "text": text} for n, (title, text, _) in enumerate(corpus.pairs(20))]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "array.json").write_text(json.dumps({"items": trees}, indent=1))
    (tmp_path / "raw" / "row.json").write_text("\n".join(json.dumps(tree, indent=1) for tree in trees))
    with zipfile.ZipFile(tmp_path / "raw" / "files.zip", "w") as archive:
        for number in range(40):
            archive.writestr(f"{number}.json", json.dumps(trees[number * 8:][:8]))
    settings = params.load(ROOT / "params.yaml").parse
    monkeypatch.setattr(pieces, "MEMBER", 10)
    for size, name in ((10**9, "local"), (2000, "ray")):
        monkeypatch.setattr(pieces, "SIZE", size)
        cut = [len(pieces.of(path, path.name, settings)) for path in (tmp_path / "raw").iterdir()]
        assert min(cut) > 10 if name == "ray" else max(cut) == 1
        striker = threading.Timer(1.0, second.kill)
        if name == "ray":
            striker.start()
        parse.parse_folder(tmp_path / "raw", tmp_path / name, settings, name)
    striker.join()
    assert files(tmp_path / "ray") == files(tmp_path / "local")


def test_the_sample_corpus_gives_the_bytes_of_one_machine(cluster: Cluster, second: Any, raw: Path,
                                                          tmp_path: Path) -> None:
    """Some of its files: of each kind the smallest."""
    for name in ("misp-galaxy/ransomware.json", "misp-galaxy/tool.json"):
        if (raw / name).exists():
            (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(raw / name, tmp_path / "raw" / name)
    smallest = sorted((path for path in raw.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)[:20]
    for path in smallest:
        shutil.copy(path, tmp_path / "raw" / path.name)
    settings = params.load(ROOT / "params.yaml")
    for name in ("local", "ray"):
        parse.parse_folder(tmp_path / "raw", tmp_path / name, settings.parse, name)
    assert files(tmp_path / "ray") == files(tmp_path / "local") and len(files(tmp_path / "ray")) >= 15
