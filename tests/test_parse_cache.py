"""The cache of parsed files: the same bytes without parsing, and never anything stale or damaged."""

import json
import os
from collections import Counter
from dataclasses import replace

import pytest

from cybersieve import params, parse_cache, records
from cybersieve.records import Counts, Record
from tests.conftest import ROOT

SETTINGS = params.load(ROOT / "params.yaml").parse


@pytest.fixture
def dump(tmp_path, monkeypatch):
    """A dump, what was parsed of it, and its counts; the cache is a folder of the test's own."""
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "cache"))
    path, target = tmp_path / "a.json", tmp_path / "parsed" / "a.json.parquet"
    path.write_text('[{"id": 1}]')
    records.write(target, [Record("1", "a.json", "0", "T", "x").row()], records.PARSED)
    return path, target, Counts(3, 1, 1, Counter(revoked=1), Counter({"texts cut": 2}))


def test_what_was_put_is_taken(dump, tmp_path):
    path, target, counts = dump
    assert parse_cache.Entry(path, "a.json", SETTINGS).take(tmp_path / "out.parquet") is None
    assert not (tmp_path / "out.parquet").exists()
    parse_cache.Entry(path, "a.json", SETTINGS).put(target, counts)
    assert parse_cache.Entry(path, "a.json", SETTINGS).take(tmp_path / "out" / "b.parquet") == counts
    assert (tmp_path / "out" / "b.parquet").read_bytes() == target.read_bytes()
    assert not list((tmp_path / "cache").rglob("*.partial"))


@pytest.mark.parametrize("change", ["content", "name", "settings", "code"])
def test_anything_changed_is_parsed_anew(dump, tmp_path, monkeypatch, change):
    path, target, counts = dump
    parse_cache.Entry(path, "a.json", SETTINGS).put(target, counts)
    settings, name = SETTINGS, "a.json"
    if change == "content":
        path.write_text('[{"id": 2}]')
    elif change == "name":
        name = "b.json"
    elif change == "settings":
        settings = replace(SETTINGS, drop_status=["gone"])
    else:
        monkeypatch.setattr(parse_cache, "_code", lambda: "another release")
    assert parse_cache.Entry(path, name, settings).take(tmp_path / "out.parquet") is None


@pytest.mark.parametrize("harm", [
    lambda entry: entry.parquet.write_bytes(entry.parquet.read_bytes()[:-3] + b"xyz"),
    lambda entry: entry.parquet.unlink(), lambda entry: entry.told.write_text("{"),
    lambda entry: entry.told.write_text("[]"), lambda entry: entry.told.write_text(json.dumps({"read": 1}))])
def test_a_damaged_entry_is_not_taken(dump, tmp_path, harm):
    path, target, counts = dump
    entry = parse_cache.Entry(path, "a.json", SETTINGS)
    entry.put(target, counts)
    harm(entry)
    assert entry.take(tmp_path / "out.parquet") is None and not (tmp_path / "out.parquet").exists()
    entry.put(target, counts)
    assert entry.take(tmp_path / "out.parquet") == counts


def test_what_is_not_used_is_forgotten(dump, tmp_path):
    path, target, counts = dump
    old, new = parse_cache.Entry(path, "old.json", SETTINGS), parse_cache.Entry(path, "new.json", SETTINGS)
    old.put(target, counts)
    for file in (old.parquet, old.told):
        os.utime(file, (0, 0))
    new.put(target, counts)
    assert old.take(tmp_path / "out.parquet") is None and new.take(tmp_path / "out.parquet") == counts


def test_a_disk_that_refuses_is_no_error(dump, tmp_path, monkeypatch):
    path, target, counts = dump
    (tmp_path / "cache").write_text("a file where the folder should be")
    entry = parse_cache.Entry(path, "a.json", SETTINGS)
    with pytest.raises(OSError):
        entry.parquet.parent.mkdir(parents=True)
    entry.put(target, counts)
    assert entry.take(tmp_path / "out.parquet") is None
