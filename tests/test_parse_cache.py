"""The cache of parsed files: the same bytes without parsing, and never anything stale or damaged."""

import gzip
import json
import os
import tarfile
import time
import zipfile
from collections import Counter
from dataclasses import replace

import pytest

from cybersieve import params, parse, parse_cache, parse_file, pieces, records
from cybersieve.errors import InputError
from cybersieve.pieces import Piece
from cybersieve.records import Counts, Record
from tests.conftest import ROOT

SETTINGS = params.load(ROOT / "params.yaml").parse
FILE = Piece("a.json")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CYBERSIEVE_PARSE_CACHE")
    return tmp_path / "cache" / parse_cache.FOLDER


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


# --- one entry ---

@pytest.fixture
def dump(tmp_path, cache):
    """A dump, what was parsed of it, and its counts."""
    path, target = tmp_path / "a.json", tmp_path / "parsed" / "a.json.parquet"
    path.write_text('[{"id": 1}]')
    records.write(target, [Record("1", "a.json", "0", "T", "x").row()], records.PARSED)
    return path, target, Counts(3, 1, 1, Counter(revoked=1), Counter({"texts cut": 2}))


def test_what_was_put_is_taken(dump, cache, tmp_path):
    path, target, counts = dump
    assert parse_cache.Entry(path, FILE, SETTINGS).take(tmp_path / "out.parquet") is None
    assert not (tmp_path / "out.parquet").exists()
    parse_cache.Entry(path, FILE, SETTINGS).put(target, counts)
    assert parse_cache.Entry(path, FILE, SETTINGS).take(tmp_path / "out" / "b.parquet") == counts
    assert (tmp_path / "out" / "b.parquet").read_bytes() == target.read_bytes()
    assert len(files(cache)) == 1


@pytest.mark.parametrize("change", ["content", "name", "settings", "place", "code"])
def test_anything_changed_is_parsed_anew(dump, tmp_path, monkeypatch, change):
    path, target, counts = dump
    parse_cache.Entry(path, FILE, SETTINGS).put(target, counts)
    settings, piece = SETTINGS, FILE
    if change == "content":
        path.write_text('[{"id": 2}]')
    elif change == "name":
        piece = Piece("b.json")
    elif change == "settings":
        settings = replace(SETTINGS, drop_status=["gone"])
    elif change == "place":
        piece = Piece("a.json", 1, 0, 11)
    else:
        monkeypatch.setattr(parse_cache, "_code", lambda: "another release")
    assert parse_cache.Entry(path, piece, settings).take(tmp_path / "out.parquet") is None


def test_a_piece_is_known_by_its_own_bytes_and_the_files_beginning(tmp_path, cache, monkeypatch):
    monkeypatch.setattr("cybersieve.peek.FIRST", 4)
    path = tmp_path / "a.json"

    def key(content, *where):
        path.write_bytes(content)
        return parse_cache.Entry(path, Piece("a.json", *where), SETTINGS).path
    first = key(b"head-one-two-three", 1, 5, 8)
    assert first == key(b"head-one-six-seven", 1, 5, 8) == key(b"head-one-two-three", 2, 5, 8)
    assert len({first, key(b"tail-one-two-three", 1, 5, 8), key(b"head-owe-two-three", 1, 5, 8),
                key(b"head--one-two-three", 1, 6, 9), key(b"head-one-two-three", 1, 5, 9)}) == 5


@pytest.mark.parametrize("harm", [
    lambda data: data[:-3] + b"xyz", lambda data: data[:-3], lambda data: b"", lambda data: b"{",
    lambda data: b"[]\n", lambda data: json.dumps({"read": 1}).encode() + b"\n", lambda data: b"\xff" + data])
def test_a_damaged_entry_is_not_taken(dump, tmp_path, harm):
    path, target, counts = dump
    entry = parse_cache.Entry(path, FILE, SETTINGS)
    entry.put(target, counts)
    entry.path.write_bytes(harm(entry.path.read_bytes()))
    assert entry.take(tmp_path / "out.parquet") is None and not (tmp_path / "out.parquet").exists()
    entry.put(target, counts)
    assert entry.take(tmp_path / "out.parquet") == counts


def test_what_is_not_used_or_too_much_is_removed(dump, tmp_path, monkeypatch):
    path, target, counts = dump
    old, used, new = (parse_cache.Entry(path, Piece(name), SETTINGS) for name in ("old", "used", "new"))
    for entry, age in ((old, 0), (used, 1), (new, 2)):
        entry.put(target, counts)
        os.utime(entry.path, (age, age))
    used.take(tmp_path / "out.parquet")
    new.take(tmp_path / "out.parquet")
    parse_cache.tidy()
    assert [entry.path.exists() for entry in (old, used, new)] == [False, True, True] and not old.folder.exists()
    os.utime(used.path, (os.stat(new.path).st_atime - 9, os.stat(new.path).st_mtime - 9))
    monkeypatch.setattr(parse_cache, "KEPT_BYTES", new.path.stat().st_size)
    parse_cache.tidy()
    assert [entry.path.exists() for entry in (used, new)] == [False, True]


def test_of_too_much_the_least_recently_used_goes(dump, monkeypatch):
    path, target, counts = dump
    entries, now = [parse_cache.Entry(path, Piece(name), SETTINGS) for name in "ab"], time.time()
    for entry in entries:
        entry.put(target, counts)
    used, older = sorted((entry.path for entry in entries), key=lambda path: path.stat().st_ino)  # not as they lie
    for kept, age in ((used, 5), (older, 9)):
        os.utime(kept, (now - age, now - age))
    monkeypatch.setattr(parse_cache, "KEPT_BYTES", used.stat().st_size)
    parse_cache.tidy()
    assert used.exists() and not older.exists()


def test_a_change_of_any_file_of_the_code_is_another_key(tmp_path, monkeypatch):
    monkeypatch.setattr(parse_cache, "__file__", str(tmp_path / "parse_cache.py"))
    code, seen = parse_cache._code.__wrapped__, set()
    for name, text in (("a.py", "x = 1"), ("a.py", "x = 2"), ("b.yaml", "x: 1"), ("b.yaml", "x: 2"), ("c.py", "")):
        (tmp_path / name).write_text(text)
        seen.add(code())
    assert len(seen) == 5
    (tmp_path / "notes.md").write_text("x")
    assert code() in seen


def test_a_disk_that_refuses_is_no_error(dump, tmp_path):
    path, target, counts = dump
    (tmp_path / "cache").write_text("a file where the folder should be")
    entry = parse_cache.Entry(path, FILE, SETTINGS)
    with pytest.raises(OSError):
        entry.path.parent.mkdir(parents=True)
    entry.put(target, counts)
    assert entry.take(tmp_path / "out.parquet") is None
    parse_cache.tidy()


# --- the stage ---

@pytest.fixture
def stage(tmp_path, cache, monkeypatch):
    """Runs the stage on three dumps: which of them were parsed, what was written, the counts."""
    (tmp_path / "raw").mkdir()
    for name in "abc":
        write(tmp_path / "raw" / f"{name}.jsonl", name)
    parsed = []
    real = parse_file._parse_piece

    def noted(piece, *rest):
        parsed.append(piece.name if not piece.end else (piece.name, piece.number))
        return real(piece, *rest)
    monkeypatch.setattr(parse_file, "_parse_piece", noted)
    monkeypatch.setattr(parse.machine, "cores", lambda: 2)  # one core takes files whole

    def run(settings=SETTINGS):
        parsed.clear()
        counts = parse.parse_folder(tmp_path / "raw", tmp_path / "out", settings, "local")
        return list(parsed), {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}, counts.tree()
    return run


def write(path, word, count=3):
    """Records of which one is set aside, and two have the same id."""
    trees = [{"id": f"{word}-{n or 1}", "title": f"Title {n}", "text": f"Some text of {word}, number {n}.",
              "status": "revoked" if n == 2 else "live"} for n in range(count)]
    path.write_text("".join(json.dumps(tree) + "\n" for tree in trees))


def test_only_a_changed_dump_is_parsed_again(stage, cache, tmp_path, monkeypatch):
    parsed, first, counts = stage()
    assert parsed == ["a.jsonl", "b.jsonl", "c.jsonl"] and counts["notes"] == {"id collisions": 3}
    assert stage() == ([], first, counts)
    write(tmp_path / "raw" / "b.jsonl", "new")
    parsed, second, counts = stage()
    assert parsed == ["b.jsonl"]
    assert {name for name in first if first[name] != second[name]} == {"b.jsonl.parquet"}
    monkeypatch.setenv("CYBERSIEVE_PARSE_CACHE", "off")
    assert stage() == (["a.jsonl", "b.jsonl", "c.jsonl"], second, counts)
    monkeypatch.delenv("CYBERSIEVE_PARSE_CACHE")
    for path in files(cache):
        path.write_bytes(path.read_bytes()[:-1])
    assert stage() == (["a.jsonl", "b.jsonl", "c.jsonl"], second, counts)
    assert stage() == ([], second, counts)


def test_a_dump_of_which_nothing_is_kept_is_read_once(stage, tmp_path, monkeypatch):
    """Its hash is taken of what is parsed, however it is packed, and is the one that it is found by."""
    raw, hashed, real = tmp_path / "raw", [], parse_cache._digest
    monkeypatch.setattr(parse_cache, "_digest", lambda path, *rest: hashed.append(path.name) or real(path, *rest))
    text = (raw / "a.jsonl").read_bytes()
    (raw / "packed.jsonl.gz").write_bytes(gzip.compress(text) + b"\0" * 9)
    (raw / "feed.xml").write_text("<rss><item><title>A worm spreads</title></item></rss>\n<!-- end -->")
    (raw / "long.jsonl").write_bytes(text * 20_000)  # several chunks
    with tarfile.open(raw / "some.tar", "w") as archive:
        archive.add(raw / "b.jsonl", "b.jsonl")
    with zipfile.ZipFile(raw / "some.zip", "w") as archive:
        archive.write(raw / "b.jsonl", "b.jsonl")
    parsed, first, counts = stage()
    dumps = {path.name for path in raw.iterdir()}
    assert set(parsed) == dumps and not dumps & set(hashed)
    assert stage() == ([], first, counts) and dumps <= set(hashed)


def test_of_a_large_file_that_grew_only_the_end_is_parsed(stage, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "SIZE", 1000)
    monkeypatch.setattr("cybersieve.peek.FIRST", 500)
    write(tmp_path / "raw" / "b.jsonl", "b", 40)
    before = len(stage()[0])
    write(tmp_path / "raw" / "b.jsonl", "b", 60)
    parsed, _, counts = stage()
    last = before - 3  # of the pieces that it was; two other files were parsed
    assert last > 2 and parsed == [("b.jsonl", last), ("b.jsonl", last + 1)] and counts["read"] == 66


def test_of_a_large_file_only_the_changed_piece_is_parsed_again(stage, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "SIZE", 1000)
    monkeypatch.setattr("cybersieve.peek.FIRST", 500)
    path = tmp_path / "raw" / "b.jsonl"
    write(path, "b", 40)
    parsed, first, counts = stage()
    assert parsed[1:-1] == [("b.jsonl", n) for n in range(len(parsed) - 2)] and len(parsed) > 5
    assert stage() == ([], first, counts)
    path.write_text(path.read_text().replace("number 39.", "number 40."))
    parsed, second, _ = stage()
    assert parsed == [("b.jsonl", max(n for _, n in parsed))] and second != first


def test_a_file_that_changes_is_no_mixture_of_kept_pieces(stage, tmp_path, monkeypatch):
    """Another version of a file takes its place after its first piece; all pieces of both are kept."""
    monkeypatch.setattr(pieces, "SIZE", 600)
    path, real = tmp_path / "raw" / "large.jsonl", parse_file.parse_piece
    for word in ("other", "words"):
        write(path, word, count=60)
        stage()

    def swapped(piece, *rest, **more):
        outcome = real(piece, *rest, **more)
        if piece.number == 0 and piece.end:
            write(path, "other", count=60)
            os.utime(path, ns=(0, 0))
        return outcome
    monkeypatch.setattr(parse_file, "parse_piece", swapped)
    stage()
    texts = [row["text"] for row in records.read(tmp_path / "out" / "large.jsonl.parquet")]
    assert len(texts) == 60 and all("other" in text for text in texts)


def test_a_broken_file_is_not_kept(stage, tmp_path):
    stage()
    (tmp_path / "raw" / "b.jsonl").write_text('{"id": 1, "text": "some words here"}\n{')
    for _ in range(2):
        with pytest.raises(InputError):
            stage()
        skipping = replace(SETTINGS, on_error="skip")
        assert "b.jsonl" in stage(skipping)[0]
