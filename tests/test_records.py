"""Parquet between the stages: round trips, same bytes, nothing half-written, nothing deleted by accident."""

import io
import json
import os
import runpy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import records
from cybersieve.errors import InputError
from cybersieve.records import Counts, Record
from tests.conftest import ROOT

text = st.text(st.characters(blacklist_categories=["Cs"]), max_size=30)
rows = st.lists(st.builds(Record, id=text, source=text, locator=text, title=text, text=text,
                          meta=st.dictionaries(text, st.one_of(text, st.integers(), st.lists(text)), max_size=3),
                          dropped=st.none() | text), max_size=20)


@given(rows=rows, batch=st.integers(1, 7))
def test_records_come_back_as_written(tmp_path_factory, rows, batch):
    path = tmp_path_factory.mktemp("shards") / "deep" / "a.json.parquet"
    written = [record.row() for record in rows]
    assert records.write(path, written, records.PARSED, batch) == len(rows)
    assert list(records.read(path)) == written
    assert [json.loads(row["meta"]) for row in records.read(path)] == [record.meta for record in rows]


@given(values=st.lists(st.none() | text, max_size=20), figures=st.lists(st.none() | st.floats(allow_nan=False)))
def test_columns_laid_out_by_hand(values, figures):
    assert records.strings(values).to_pylist() == values and records.strings(values).type == pa.string()
    there = np.array([value is not None for value in figures], bool)
    column = records.numbers(np.array([value or 0 for value in figures], np.float64), there)
    column.validate(full=True)
    assert column.to_pylist() == figures and column.null_count == len(figures) - there.sum()


def test_arrow_has_the_allocator_that_it_is_told_to_use(monkeypatch):
    """Where it has not, every process says so in a line of its own: wheels for aarch64 have no jemalloc."""
    assert pa.default_memory_pool().backend_name == os.environ["ARROW_DEFAULT_MEMORY_POOL"]
    for system, machine, chosen in (("linux", "x86_64", "jemalloc"), ("linux", "aarch64", "system"),
                                    ("darwin", "arm64", "system")):
        monkeypatch.delenv("ARROW_DEFAULT_MEMORY_POOL", raising=False)
        monkeypatch.setattr(sys, "platform", system)
        monkeypatch.setattr(os, "uname", lambda machine=machine: SimpleNamespace(machine=machine))
        runpy.run_path(str(ROOT / "cybersieve" / "__init__.py"))
        assert os.environ["ARROW_DEFAULT_MEMORY_POOL"] == chosen


def shard(folder, name, ids):
    records.write(folder / name, [Record(i, "s", "0", "", "x").row() for i in ids], records.PARSED)


def test_same_rows_same_bytes(tmp_path):
    for name in ("a.parquet", "b.parquet"):
        shard(tmp_path, name, map(str, range(5000)))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_shards_are_sorted_and_know_their_source(tmp_path):
    for name in ("b/z.json.parquet", "a.json.parquet", "b/a.xml.parquet"):
        shard(tmp_path, name, "xy")
    found = records.shards(tmp_path)
    assert [(s.source, s.rows) for s in found] == [("a.json", 2), ("b/a.xml", 2), ("b/z.json", 2)]


def test_no_shards_and_a_damaged_shard_are_errors(tmp_path):
    with pytest.raises(InputError, match="no Parquet"):
        records.shards(tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(InputError, match="a.parquet"):
        records.shards(tmp_path)


def test_side_by_side_notices_another_run(tmp_path):
    shard(tmp_path, "a.parquet", "abc")
    shard(tmp_path, "b.parquet", "abc")
    shard(tmp_path, "c.parquet", "ab")
    shard(tmp_path, "d.parquet", "axc")

    def walk(name):
        return list(records.side_by_side((tmp_path / "a.parquet", ["id"]), (tmp_path / name, ["id"])))

    assert [left["id"] + right["id"] for left, right in walk("b.parquet")] == ["aa", "bb", "cc"]
    for name in ("c.parquet", "d.parquet"):
        with pytest.raises(InputError, match="same records"):
            walk(name)


def test_an_output_folder_appears_whole_or_not_at_all(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ZeroDivisionError), records.output_folder(out) as folder:
        shard(folder, "a.parquet", "a")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with records.output_folder(out) as folder:
        shard(folder, "old.parquet", "a")
    with pytest.raises(ZeroDivisionError), records.output_folder(out) as folder:
        raise ZeroDivisionError
    assert [p.name for p in out.iterdir()] == ["old.parquet"]
    with records.output_folder(out) as folder:
        shard(folder, "new.parquet", "a")
    assert [p.name for p in out.iterdir()] == ["new.parquet"]


def test_an_output_folder_is_written_by_one_run_only(tmp_path):
    out = tmp_path / "out"
    other = "import sys, time; from cybersieve import records\nwith records.output_folder(sys.argv[1]) as folder:\n" \
            "    (folder / 'a.parquet').write_text('{}'); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", other, out], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        with pytest.raises(InputError, match=r"out: another run is writing it \(wait"), records.output_folder(out):
            pass
        process.kill()
    with records.output_folder(out) as folder:
        assert not list(folder.iterdir())
        shard(folder, "b.parquet", "a")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "b.parquet"]


def test_a_file_is_replaced_by_one_run_only(tmp_path):
    """Two would write into one another's half, and the first to end would give it the name."""
    out = tmp_path / "out.jsonl"
    with records.replacing(out) as first:
        first.write_text("first")
        with pytest.raises(InputError, match=r"out.jsonl: another run is writing it \(wait"), records.replacing(out):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"] and out.read_text() == "first"
    (tmp_path / "out.jsonl.partial").write_text("half, of a run that was killed")
    records.save_json(out, {})
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"] and out.read_text() == "{}\n"


def test_the_next_run_may_begin_as_soon_as_one_has_ended(tmp_path, monkeypatch):
    """What it has begun to write is not taken for what is left of the one before."""
    real = os.replace

    def then_the_next_begins(source, target):
        is_folder = source.is_dir()
        real(source, target)
        source.mkdir() if is_folder else source.touch()

    monkeypatch.setattr(records.os, "replace", then_the_next_begins)
    records.save_json(tmp_path / "a.json", {})
    with records.output_folder(tmp_path / "out"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.partial", "a.json", "a.json.partial", "out"]


def test_what_can_not_be_read_is_not_taken_for_ours(tmp_path):
    class Closed(io.BytesIO):
        def read(self, *_):
            raise PermissionError("of a store, without a number")

    with pytest.raises(PermissionError):
        records.is_stages(Closed(b"PAR1" * 9))
    assert records.is_stages(io.BytesIO(b"PAR1" * 9))


def test_an_output_folder_is_put_aside_not_deleted_in_place(tmp_path, monkeypatch):
    """A kill in the middle of a deletion would leave half of the folder."""
    out, delete = tmp_path / "out", records.shutil.rmtree
    for _ in range(2):
        with records.output_folder(out) as folder:
            shard(folder, "a.parquet", "a")
            monkeypatch.setattr(records.shutil, "rmtree", lambda path, **how: path == out or delete(path, **how))
    assert [p.name for p in tmp_path.iterdir()] == ["out"] and [p.name for p in out.iterdir()] == ["a.parquet"]


def test_what_a_mac_leaves_in_folders_is_in_nobodys_way(tmp_path):
    """Its Finder .DS_Store, and beside each file on a disk that is not Apple's another that begins with ._"""
    shard(tmp_path / "out", "b/a.parquet", "a")
    for name in (".DS_Store", "b/.DS_Store", "b/._a.parquet"):
        (tmp_path / "out" / name).write_bytes(b"\0\5\x16\7")
    assert [found.name for found in records.shards(tmp_path / "out")] == ["b/a.parquet"]
    with records.output_folder(tmp_path / "out") as folder:
        shard(folder, "c.parquet", "c")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["c.parquet"]
    assert set(records.LITTER) <= {line.rstrip("*") for line in (ROOT / ".dvcignore").read_text().splitlines()}


def test_an_output_folder_never_replaces_what_is_not_ours(tmp_path):
    others = tmp_path / "others.parquet"
    pq.write_table(pa.table({"thesis": ["years of work"]}), others)
    with pytest.raises(InputError, match="others.parquet: is not a stage's"), records.output_folder(tmp_path):
        pass
    others.unlink()
    for name in ("thesis.tex", "notes.md", "budget.csv", "dump.json", "filtered.jsonl"):
        (tmp_path / name).write_text("years of work")
        with pytest.raises(InputError, match=name), records.output_folder(tmp_path):
            pass
        assert (tmp_path / name).exists()
        (tmp_path / name).unlink()
    with pytest.raises(InputError, match="overlaps"), records.output_folder(tmp_path / "in" / "out", tmp_path / "in"):
        pass


@pytest.mark.parametrize("out", ["Dumps", "Dumps/out", ""])
def test_an_output_folder_overlaps_an_input_whatever_its_case_where_the_disk_minds_none(out, tmp_path, monkeypatch):
    """As a Mac's does, where resolved paths keep the case that they were typed in."""
    (tmp_path / "dumps").mkdir()
    def lower(usual):
        return lambda *paths: usual(*(str(path).replace("Dumps", "dumps") for path in paths))
    for name in ("exists", "samefile"):
        monkeypatch.setattr(os.path, name, lower(getattr(os.path, name)))
    with pytest.raises(InputError, match="overlaps"):
        records.check_output(tmp_path / out, tmp_path / "dumps")
    records.check_output(tmp_path / "dumps2", tmp_path / "Dumps")


def test_an_output_folder_that_is_a_link_stays_one(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to("disk")
    for name in ("a", "b"):
        with records.output_folder(tmp_path / "out") as folder:
            shard(folder, f"{name}.parquet", "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "out"]
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["b.parquet"]


@pytest.mark.parametrize("damage", [lambda data: b"not Parquet", lambda data: data[:4] + bytes(400) + data[404:]])
def test_a_damaged_file_is_told_by_its_name(tmp_path, damage):
    for name in ("a.parquet", "b.parquet"):
        shard(tmp_path, name, map(str, range(900)))
    (tmp_path / "b.parquet").write_bytes(damage((tmp_path / "b.parquet").read_bytes()))
    with pytest.raises(InputError, match=r"b.parquet: not a sound Parquet file.*rerun the stage"):
        list(records.side_by_side((tmp_path / "a.parquet", ["id"]), (tmp_path / "b.parquet", ["id"])))
    with pytest.raises(InputError, match=r"b.parquet: not a sound Parquet file"), \
            records.opened(tmp_path / "b.parquet") as file:
        file.read_row_group(0)
    with pytest.raises(FileNotFoundError):
        list(records.read(tmp_path / "c.parquet"))


def test_json_that_is_not_as_a_stage_writes_it_is_told_by_its_name(tmp_path):
    for text, said in (("[]", "a.json: names no read, written"), ('{"read": 1}', "a.json: names no written"),
                       ("{", "a.json: not JSON")):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(InputError, match=said):
            records.load_json(tmp_path / "a.json", "read", "written")
    records.save_json(tmp_path / "a.json", {"read": 1, "written": 1})
    assert records.load_json(tmp_path / "a.json", "read", "written") == records.load_json(tmp_path / "a.json")


def test_a_folder_may_be_called_like_a_parquet_file(tmp_path):
    shard(tmp_path / "x.parquet", "a.json.parquet", "a")
    assert [one.name for one in records.shards(tmp_path)] == ["x.parquet/a.json.parquet"]



def test_counts_add_up_over_sources(tmp_path):
    total = Counts()
    total.add("b", Counts(read=3, written=1, failed=1, dropped=records.Counter(rule=1)))
    total.add("a", Counts(read=2, written=2))
    total.save(tmp_path / "counts.json")
    assert json.loads((tmp_path / "counts.json").read_text()) == {
        "read": 5, "written": 3, "dropped": {"rule": 1}, "failed": 1,
        "sources": {"a": {"read": 2, "written": 2, "dropped": {}, "failed": 0},
                    "b": {"read": 3, "written": 1, "dropped": {"rule": 1}, "failed": 1}}}


def test_counts_that_do_not_add_up_are_never_written(tmp_path):
    total = Counts()
    total.add("a", Counts(read=3, written=2))
    with pytest.raises(RuntimeError, match="balance"):
        total.save(tmp_path / "counts.json")
    assert not (tmp_path / "counts.json").exists()


def test_a_pipe_is_no_file_to_be_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit((tmp_path / "pipe").read_text)
        records.save_json(tmp_path / "pipe", {"a": 1})
        assert read.result(10) == '{\n "a": 1\n}\n'
    assert (tmp_path / "pipe").is_fifo()


def test_a_device_that_leads_nowhere_is_no_file_to_be_replaced(tmp_path, monkeypatch):
    """As /dev/stdout does where it is closed: root may put a file in its place."""
    monkeypatch.setattr(records, "DEVICES", (tmp_path,))
    (tmp_path / "stdout").symlink_to("nowhere/1")
    with pytest.raises(FileNotFoundError):
        records.save_json(tmp_path / "stdout", {})
    assert [path.name for path in tmp_path.iterdir()] == ["stdout"] and (tmp_path / "stdout").is_symlink()
