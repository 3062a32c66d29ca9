"""Folders of many small files: which are one source, and that they are read as each would be alone."""

import gzip
import io
import json
import zipfile
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cybersieve import machine, params, parse, parse_cache, parse_file, records, small_files
from cybersieve.errors import InputError
from tests.conftest import ROOT

SETTINGS = params.load(ROOT / "params.yaml").parse
TOGETHER, APART = replace(SETTINGS, folder_files=2), replace(SETTINGS, folder_files=10**6)
ROOM = "advisories"


def entry(number):
    text = f"The advisory with the number {number} says that a parser reads past the end of its buffer."
    return {"id": f"A-{number}", "title": f"Advisory {number}", "summary": text}


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


KINDS = {
    "one.json": lambda n: json.dumps(entry(n), indent=1).encode(),
    "some.json": lambda n: json.dumps([entry(n), entry(n + 1000)]).encode(),
    "lines.jsonl": lambda n: "\n".join(json.dumps(entry(n + m)) for m in (0, 1000)).encode(),
    "packed.json.gz": lambda n: gzip.compress(json.dumps([entry(n)]).encode()),
    "archive.zip": lambda n: zipped({f"in/{m}.json": json.dumps([entry(n + m)]) for m in (0, 1000)}),
    "feed.xml": lambda n: ("<rss><channel><item><guid>{id}</guid><title>{title}</title><description>{summary}"
                           "</description></item></channel></rss>").format(**entry(n)).encode(),
    "rule.yaml": lambda n: "".join(f"{key}: {value}\n" for key, value in entry(n).items()).encode(),
    "table.csv": lambda n: f"id,title,summary\n{','.join(entry(n).values())}\n".encode(),
}


@pytest.fixture(autouse=True)
def no_cache(monkeypatch):
    monkeypatch.setenv("CYBERSIEVE_PARSE_CACHE", "off")


def filled(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def parsed(raw, out, using):
    """Rows by source, and the counts."""
    counts = parse.parse_folder(raw, out, using, "local")
    assert counts.balanced()
    return {shard.source: list(records.read(shard.path)) for shard in records.shards(out)}, counts


def said(rows):
    return [(row["id"].partition("~")[0], row["title"], row["text"], row["meta"], row["dropped"]) for row in rows]


# --- which files are one source ---


def test_a_folder_with_more_small_files_than_that_is_one_source(tmp_path):
    names = ["few/1.json", "few/2.json", *[f"many/{n // 2}/{n}.json" for n in range(4)], "top.json"]
    filled(tmp_path, dict.fromkeys(names, b"{}"))
    alone = {name: [name] for name in names}
    assert small_files.sources(tmp_path, names, 4) == alone
    assert small_files.sources(tmp_path, names, 3) == {
        "few/1.json": ["few/1.json"], "few/2.json": ["few/2.json"], "many": names[2:6], "top.json": ["top.json"]}


def test_large_files_stay_sources_of_their_own(tmp_path):
    names = ["feed/0.json", *[f"feed/{n}.json" for n in range(1, 4)]]
    filled(tmp_path, dict.fromkeys(names, b"{}") | {names[0]: b" " * (small_files.SMALL + 1)})
    assert small_files.sources(tmp_path, names, 2) == {"feed": names[1:], "feed/0.json": names[:1]}
    assert small_files.sources(tmp_path, names, 3) == {name: [name] for name in names}  # too few without it


def test_those_in_no_folder_have_a_name_that_nothing_else_has(tmp_path):
    names = [*[f"files/{n}.json" for n in range(3)], *[f"{n}.json" for n in range(3)]]
    filled(tmp_path, dict.fromkeys(names, b"{}"))
    assert small_files.sources(tmp_path, sorted(names), 2) == {"files": names[:3], "files_": names[3:]}
    filled(tmp_path, {"files_": b" " * (small_files.SMALL + 1)})
    assert small_files.sources(tmp_path, sorted([*names, "files_"]), 2) == {
        "files": names[:3], "files_": ["files_"], "files__": names[3:]}


def test_pieces_hold_all_files_in_order_and_one_more_changes_one_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(small_files, "PIECE", 5)
    names = [f"a/{n:03}.json" for n in range(200)]
    filled(tmp_path, dict.fromkeys([*names, "a/1005.json"], b"{}"))
    before = small_files.pieces(tmp_path, "a", names)
    after = small_files.pieces(tmp_path, "a", sorted([*names, "a/1005.json"]))
    assert [name for piece in before for name in piece.files] == names
    assert [piece.number for piece in before] == list(range(len(before)))
    assert [piece.last for piece in before][-2:] == [False, True]
    assert 20 < len(before) < 80
    assert len({piece.files for piece in before} - {piece.files for piece in after}) <= 1


# --- they are read as each would be alone ---


@pytest.mark.parametrize("cores", [1, 2])
def test_every_kind_of_file_is_read_as_it_would_be_alone(cores, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: cores)
    monkeypatch.setattr(small_files, "PIECE", 3)
    raw = filled(tmp_path / "raw", {f"{ROOM}/{n % 4}/{n}-{name}": make(n)
                                    for n, (name, make) in enumerate(list(KINDS.items()) * 3)})
    together, counts = parsed(raw, tmp_path / "together", TOGETHER)
    apart, one_by_one = parsed(raw, tmp_path / "apart", APART)
    assert list(together) == [ROOM]
    assert said(together[ROOM]) == [row for source in sorted(apart) for row in said(apart[source])]
    assert len(together[ROOM]) == 33
    alone = [f"{source}{'!' if source.endswith('.zip') else ': '}{row['locator']}"
             for source in sorted(apart) for row in apart[source]]
    assert [row["locator"] for row in together[ROOM]] == alone
    assert all(row["source"] == ROOM for row in together[ROOM])
    assert (counts.read, counts.written, counts.dropped) == (one_by_one.read, one_by_one.written, one_by_one.dropped)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 9)), min_size=3, max_size=30),
       st.integers(1, 12))
def test_any_files_in_any_pieces(tmp_path_factory, drawn, size):
    folder = tmp_path_factory.mktemp("any")
    raw = filled(folder / "raw", {f"{ROOM}/{at % 5}/{at}-{name}": KINDS[name](n) for at, (name, n) in enumerate(drawn)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CYBERSIEVE_PARSE_CACHE", "off")
        patch.setattr(small_files, "PIECE", size)
        together, _ = parsed(raw, folder / "together", TOGETHER)
        patch.setattr(small_files, "PIECE", 10**6)
        parsed(raw, folder / "whole", TOGETHER)
    apart, _ = parsed(raw, folder / "apart", APART)
    assert said(together[ROOM]) == [row for source in sorted(apart) for row in said(apart[source])]
    ids = [row["id"] for row in together[ROOM]]
    assert len(set(ids)) == len(ids)
    whole, cut = ((folder / name / f"{ROOM}.parquet").read_bytes() for name in ("whole", "together"))
    assert whole == cut


def test_a_users_source_names_files_in_it_by_their_paths(tmp_path):
    own = [{"name": "mine", "file": [f"{ROOM}/b/*.json"], "id": ["nr"], "text": ["say"]}]
    data = json.dumps(entry(1) | {"nr": 1, "say": "Words."}).encode()
    raw = filled(tmp_path / "raw", {f"{ROOM}/{room}/{n}.json": data for room in "ab" for n in range(2)})
    rows = parsed(raw, tmp_path / "out", replace(TOGETHER, sources=own))[0][ROOM]
    assert [row["text"] == "Words." for row in rows] == [False, False, True, True]


# --- broken ones ---

BROKEN = {f"{ROOM}/0.json": b'[{"id": "A-0", "title": "x", "summary": "The first of two, whole."}, {"id": ',
          f"{ROOM}/5.json.gz": gzip.compress(KINDS["some.json"](5))[:-30], f"{ROOM}/6.json": b"\x00\x01 no data at all",
          **{f"{ROOM}/{n}.json": KINDS["one.json"](n) for n in (1, 2, 3)}}


def test_a_broken_file_ends_the_run_with_its_name_and_place(tmp_path):
    raw = filled(tmp_path / "raw", BROKEN)
    with pytest.raises(InputError, match=rf"^{raw}/{ROOM}/0\.json, byte \d+.*parse\.on_error: skip"):
        parse.parse_folder(raw, tmp_path / "out", TOGETHER, "local")
    archive = zipped({"in/a.json": json.dumps([entry(1)]), "in/b.json": b'{"id": '})
    filled(raw, {f"{ROOM}/0.json": KINDS["one.json"](0), f"{ROOM}/00.zip": archive})
    with pytest.raises(InputError, match=rf"^{raw}/{ROOM}/00\.zip, in/b\.json, byte \d+"):
        parse.parse_folder(raw, tmp_path / "out", TOGETHER, "local")


def test_a_spreadsheet_is_an_error_as_it_is_alone(tmp_path):
    raw = filled(tmp_path / "raw", {f"{ROOM}/{n}.json": KINDS["one.json"](n) for n in range(3)}
                 | {f"{ROOM}/a.xlsx": zipped({"a": b""})})
    with pytest.raises(InputError, match=rf"^{raw}/{ROOM}/a\.xlsx: a spreadsheet"):
        parse.parse_folder(raw, tmp_path / "out", TOGETHER, "local")


def test_with_skip_only_the_broken_ones_are_left_out_and_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(small_files, "PIECE", 2)
    raw = filled(tmp_path / "raw", BROKEN)
    rows, counts = parsed(raw, tmp_path / "out", replace(TOGETHER, on_error="skip"))
    kept = [row["id"] for row in rows[ROOM]]
    assert [name for name in kept if name in ("A-1", "A-2", "A-3")] == ["A-1", "A-2", "A-3"]
    assert set(kept) <= {"A-0", "A-1", "A-2", "A-3"}
    told = capsys.readouterr().err
    assert all(f"{ROOM}/{name}" in told for name in ("0.json", "5.json.gz", "6.json"))
    assert counts.read == counts.written + counts.failed and counts.sources.keys() == {ROOM}


def test_of_lines_only_the_broken_one_is_left_out(tmp_path):
    lines = [json.dumps(entry(n)) for n in range(6)]
    broken = "\n".join([*lines[:3], lines[3][:-9], *lines[4:]]).encode()
    raw = filled(tmp_path / "raw", {f"{ROOM}/{n}.jsonl": KINDS["lines.jsonl"](n + 10) for n in range(3)}
                 | {f"{ROOM}/2-broken.jsonl": broken})
    rows, counts = parsed(raw, tmp_path / "out", replace(TOGETHER, on_error="skip"))
    assert [row["id"] for row in rows[ROOM] if "broken" in row["locator"]] == ["A-0", "A-1", "A-2", "A-4", "A-5"]
    assert len(rows[ROOM]) == 11 and counts.failed == 1


def test_those_without_a_record_are_passed_over_unless_a_users_source_names_them(tmp_path, capsys):
    raw = filled(tmp_path / "raw", {f"{ROOM}/{n}.json": KINDS["one.json"](n) for n in range(3)}
                 | {f"{ROOM}/empty.json": b"[]"})
    rows, counts = parsed(raw, tmp_path / "out", TOGETHER)
    assert len(rows[ROOM]) == 3 and counts.notes[parse_file.NO_RECORD] == 1
    assert f"{ROOM}: no record found in 1 of its files" in capsys.readouterr().err
    own = replace(TOGETHER, sources=[{"name": "mine", "file": ["empty.json"], "records": ["x[]"], "text": ["say"]}])
    with pytest.raises(InputError, match=rf"{ROOM}/empty\.json: .*correct parse\.sources\[0\]"):
        parse.parse_folder(raw, tmp_path / "other", own, "local")


def test_none_of_them_with_a_record(tmp_path, capsys):
    raw = filled(tmp_path / "raw", {f"{ROOM}/{n}.json": b"[]" for n in range(5)} | {"good.json": KINDS["some.json"](1)})
    rows, counts = parsed(raw, tmp_path / "out", TOGETHER)
    assert list(rows) == ["good.json"] and counts.notes[parse_file.NO_RECORD] == 5
    assert f"{ROOM}: no record found" in capsys.readouterr().err


# --- the cache of parsed files ---


def test_only_the_piece_with_a_changed_file_is_parsed_again(tmp_path, monkeypatch):
    monkeypatch.delenv("CYBERSIEVE_PARSE_CACHE")
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(small_files, "PIECE", 4)
    monkeypatch.setattr(machine, "cores", lambda: 1)
    real, seen = parse_file._parse_piece, []
    monkeypatch.setattr(parse_file, "_parse_piece", lambda piece, *rest: seen.append(piece.files) or real(piece, *rest))
    raw = filled(tmp_path / "raw", {f"{ROOM}/{n}.json": KINDS["one.json"](n) for n in range(30)})
    first = parsed(raw, tmp_path / "out", TOGETHER)
    pieces = len(seen)
    assert pieces > 2
    assert parsed(raw, tmp_path / "out", TOGETHER) == first and len(seen) == pieces
    filled(raw, {f"{ROOM}/7.json": KINDS["one.json"](70)})
    rows, _ = parsed(raw, tmp_path / "out", TOGETHER)
    assert len(seen) == pieces + 1 and f"{ROOM}/7.json" in seen[-1]
    assert sorted(row["id"] for row in rows[ROOM]) == sorted(f"A-{70 if n == 7 else n}" for n in range(30))


def test_names_are_part_of_what_is_kept(tmp_path):
    raw = filled(tmp_path, {f"a/{n}.json": b"{}" for n in range(4)})
    kept = {parse_cache.Entry(raw, small_files.pieces(raw, "a", names)[0], SETTINGS).path
            for names in (["a/0.json", "a/1.json"], ["a/0.json", "a/2.json"])}
    assert len(kept) == 2


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path, monkeypatch):
    raw = filled(tmp_path / "raw", {f"{ROOM}/{n}.json": KINDS["one.json"](n) for n in range(3)})
    real = parse_file._of_member

    def meddling(member, name, *rest):
        if name.endswith("2.json"):
            filled(raw, {f"{ROOM}/1.json": KINDS["some.json"](50)})
        return real(member, name, *rest)
    monkeypatch.setattr(parse_file, "_of_member", meddling)
    monkeypatch.setattr(machine, "cores", lambda: 1)
    with pytest.raises(InputError, match="changed while it was read"):
        parse.parse_folder(raw, tmp_path / "out", TOGETHER, "local")
