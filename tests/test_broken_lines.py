"""JSON Lines and records of which some are broken, with parse.on_error: skip."""

import gzip
import json
import zipfile
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import broken_lines, broken_records, pieces, records
from cybersieve.errors import InputError
from cybersieve.faults import NAMED, Parts
from tests.test_parse import SETTINGS, changed, parsed, write

LIMITS = SETTINGS.limits
SOUND = [json.dumps({"id": f"L-{n}", "title": f"Line {n}", "text": f"What line {n} says."}) for n in range(40)]
BROKEN = {  # and what is said of it
    '{"id": "x", "text": "cut o': "ends inside a string: the line is cut off",
    '{"id": "x", "text": ["cut"': "ends inside an object or array: the line is cut off",
    '{"id": NaN}': "NaN", '{"id": 1, "id": 2}': "duplicate key", "garbage here": "", "}": "a closing bracket",
    '{"id": %s}' % ("9" * 500): "number", '{"a": %s}' % ("[" * 600 + "]" * 600): "nested deeper than 500",
    '{"a": "\t"}': "", "<html>": "",
}
PACKED = {"plain": lambda data: data, "gz": gzip.compress, "utf-16": lambda data: data.decode().encode("utf-16"),
          "crlf": lambda data: data.replace(b"\n", b"\r\n")}


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"


def with_broken():
    """Lines, each fourth broken, and the same with white space for these."""
    lines, blank, faults = [], [], iter(BROKEN)
    for number, line in enumerate(SOUND):
        fault = next(faults, None) if number % 4 == 1 else None
        lines += [line] if fault is None else [fault, line]
        blank += [line] if fault is None else [" " * len(fault), line]
    return "\n".join(lines).encode(), "\n".join(blank).encode()


def told(counts):
    """What is said to be left out."""
    return [note.removeprefix(records.LEFT_OUT) for note in counts.notes if note.startswith(records.LEFT_OUT)]


def check_left_out_as_a_whole(text, raw, tmp_path, name="a.json"):
    """Its error is the one that stops a run, and no other file suffers."""
    write(raw / name, text)
    write(raw / "good.jsonl", "\n".join(SOUND))
    with pytest.raises(InputError) as stopped:
        parsed(raw, tmp_path / "stopped")
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    lost = counts.sources[name]
    assert list(rows) == ["good.jsonl"] and lost.read == lost.failed and lost.written == 0
    assert told(lost) == [", ".join(filter(None, (stopped.value.place, stopped.value.reason)))]


@pytest.mark.parametrize("size", [10**9, 500], ids=["whole", "pieces"])
@pytest.mark.parametrize("packed", PACKED)
def test_the_other_lines_are_read_where_they_stand(packed, size, raw, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pieces, "SIZE", size)
    lines, blank = map(PACKED[packed], with_broken())
    write(raw / "a.jsonl", lines)
    with pytest.raises(InputError, match="a.jsonl, .*ends inside|byte"):
        parsed(raw, tmp_path / "stopped")
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (counts.read, counts.written, counts.failed) == (50, 40, 10)
    assert [row["id"] for row in rows["a.jsonl"]] == [f"L-{n}" for n in range(40)]
    assert [note.split()[0] for note in told(counts)] == ["byte"] * len(BROKEN)
    assert all(words in note for words, note in zip(BROKEN.values(), told(counts), strict=True))
    said = capsys.readouterr().err
    assert all(f"left out: a.jsonl, {note}" in said for note in told(counts))
    write(raw / "a.jsonl", blank)
    assert parsed(raw, tmp_path / "blank")[0] == rows


def test_members_of_an_archive_are_read_line_by_line_too(raw, tmp_path):
    """One that is no JSON Lines is left out as a whole, beside them."""
    lines, _ = with_broken()
    with zipfile.ZipFile(raw / "a.zip", "w") as archive:
        archive.writestr("one.jsonl", lines)
        archive.writestr("torn.json", f"[{SOUND[0]},\n {SOUND[1]},\n {SOUND[2]}, {{")
        archive.writestr("two.jsonl", "\n".join(SOUND[:9]))
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (counts.read, counts.written, counts.failed) == (62, 49, 13)
    assert Counter(row["locator"].split(":")[0] for row in rows["a.zip"]) == {"one.jsonl": 40, "two.jsonl": 9}
    assert [note.partition(", byte ")[0] for note in told(counts)] == ["one.jsonl"] * len(BROKEN) + ["torn.json"]


@pytest.mark.parametrize("begins", ["", "\x1e"], ids=["lines", "a text sequence"])
def test_a_last_line_that_is_cut_off_costs_no_other(begins, raw, tmp_path):
    write(raw / "a.json", "".join(f"{begins}{line}\n" for line in SOUND)[:-9])
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (counts.read, len(rows["a.json"]), counts.failed) == (40, 39, 1)


@pytest.mark.parametrize("text", [
    "\n".join([SOUND[0], *BROKEN]), f"[{SOUND[0]},\n{SOUND[1]},\n{{]",
    json.dumps(json.loads(SOUND[0]), indent=1) * 9 + "{",
    "<r>\n" + "\n".join(f"<e>{line}</e>" for line in SOUND), f"id,text\n1,{'x' * 99}\n\0" + '"'],
    ids=["more broken than sound", "an array", "documents over several lines", "no JSON", "a table"])
def test_what_is_no_json_lines_is_left_out_as_a_whole(text, raw, tmp_path):
    check_left_out_as_a_whole(text, raw, tmp_path)


@pytest.mark.parametrize("packed", [lambda data: data, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("size", [300_000, 3_000_000])
def test_lines_of_any_length_are_read_beside_broken_ones(size, packed, raw, tmp_path):
    long = json.dumps({"id": "x", "text": "word " * (size // 5)})
    write(raw / "a.jsonl", packed("\n".join([*SOUND, long, "{", ""]).encode()))
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert len(rows["a.jsonl"]) == 41 and len(told(counts)) == counts.failed == 1


@pytest.mark.parametrize("size, lines", [(300_000, 840), (3_000_000, 0)])
def test_a_line_that_is_larger_than_a_record_may_be_is_broken(size, lines, raw, tmp_path):
    """One that is too long to be held beside what the reader holds takes the file with it."""
    limits = {**vars(LIMITS), "max_record_mb": 0.2}
    write(raw / "a.jsonl", "\n".join([*SOUND, "{", *SOUND * 20, json.dumps({"text": "x" * size}), ""]))
    write(raw / "good.jsonl", "\n".join(SOUND))
    _, counts = parsed(raw, tmp_path / "out", changed(on_error="skip", limits=type(LIMITS)(**limits)))
    assert counts.sources["a.jsonl"].written == lines and counts.sources["good.jsonl"].written == 40


LINES = st.lists(st.sampled_from([*SOUND[:5], *BROKEN, "", "  "]), max_size=30)


@given(LINES, st.integers(1, 400), st.booleans())
def test_any_lines_in_chunks_of_any_size(lines, size, ends):
    lines = [*SOUND, *SOUND, *lines]
    data = ("\n".join(lines) + "\n" * ends).encode()
    faults = Parts()
    chunks = (data[at:at + size] for at in range(0, len(data), size))
    left = b"".join(broken_lines.blanked(chunks, "a", LIMITS, faults))
    want = "\n".join(" " * len(line) if line in BROKEN else line for line in lines) + "\n" * ends
    assert left.decode() == want and faults.count == sum(line in BROKEN for line in lines)
    places = [f"byte {at}" for at, line in begins(lines) if line in BROKEN]
    assert [fault.place for fault in faults.first] == places[:NAMED]


SHORT = [line for line in BROKEN if len(line) < 40]


@given(st.lists(st.sampled_from([*SOUND[:3], *SHORT, json.dumps({"a": "x" * 400})]), max_size=30), st.integers(1, 500))
def test_of_long_lines_nothing_is_lost(lines, size):
    lines = [*SOUND[:12], *lines, *SOUND]  # the first block is of sound ones
    data, faults = "\n".join(lines).encode(), Parts()
    chunks = (data[at:at + size] for at in range(0, len(data), size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broken_lines, "LONG", 200)
        patch.setattr(broken_lines.peek, "FIRST", 100)
        left = b"".join(broken_lines.blanked(chunks, "a", LIMITS, faults))
    assert left.decode() == "\n".join(" " * len(line) if line in BROKEN else line for line in lines)
    assert faults.count == sum(line in BROKEN for line in lines)


WITHIN = {  # brackets that match, and what is said of what stands within them
    '{"id": NaN}': "NaN is not JSON", '{"id": 1, "id": 2}': "duplicate key", '{"id": %s}' % ("9" * 500): "500 digits",
    '{"text": "says "hi" twice"}': "not JSON", '{"text": "a\tb"}': "not JSON", '{"a" 1}': "not JSON",
    '{"a": [1, 2,]}': "not JSON",
}
ROOTS = {
    "array": lambda records: f"[{', '.join(records)}]",
    "wrapped": lambda records: f'{{"made": {{"by": "us"}}, "result": {{"items": [{",".join(records)}]}}, "count": 48}}',
    "by id": lambda records: "{" + ", ".join(f'"R-{number}": {one}' for number, one in enumerate(records)) + "}",
    "documents": lambda records: "\n\n".join(record.replace('{"', '{\n"') for record in records),
}


@pytest.mark.parametrize("size", [10**9, 500], ids=["whole", "pieces"])
@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("at", [0, 1, 3], ids=["the first", "the second", "later ones"])
def test_records_that_are_broken_within_their_brackets_cost_no_other(at, root, size, raw, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "SIZE", size)
    faults, given, sound = [], [], []
    for number, one in enumerate(SOUND):
        if number % 5 == at and len(faults) < len(WITHIN):
            faults.append(list(WITHIN)[len(faults)])
            given.append(faults[-1])
            sound.append("null")
        given.append(one)
        sound.append(one)
    write(raw / "a.json", ROOTS[root](given))
    with pytest.raises(InputError, match="byte"):
        parsed(raw, tmp_path / "stopped")
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (counts.read, counts.written, counts.failed) == (47, 40, 7)
    assert all(words in note for words, note in zip(WITHIN.values(), told(counts), strict=True))
    assert [row["id"] for row in rows["a.json"]] == [f"L-{n}" for n in range(40)]
    if root != "documents":
        write(raw / "a.json", ROOTS[root](sound))
        assert [row["locator"] for row in parsed(raw, tmp_path / "sound")[0]["a.json"]] == [
            row["locator"] for row in rows["a.json"]]


FLAT = [one for one, said in WITHIN.items() if "[" not in one and said != "duplicate key"]
DEEP = '{"a": {"b": [1, {"c": "}{]"}]}}'


@given(st.lists(st.sampled_from([*SOUND[:3], DEEP, *FLAT]), min_size=1), st.integers(0, 40),
       st.sampled_from(sorted(set(ROOTS) - {"documents"})))
def test_the_beginning_has_null_for_what_is_broken(given, cut, root):
    text = ROOTS[root](given)
    want = ROOTS[root](["null" if one in FLAT else one for one in given])
    assert broken_records.nulled(text.encode()).decode() == want
    if 0 < cut < len(given[-1]) and given[-1] not in FLAT:  # within the last one, or behind it
        assert want.startswith(broken_records.nulled(text[:-cut].encode()).decode())


@pytest.mark.parametrize("packed", [lambda data: data, gzip.compress], ids=["plain", "gz"])
def test_one_broken_record_of_many_in_a_single_line(packed, raw, tmp_path):
    """Also one that a look at the beginning takes for sound, behind some megabytes."""
    records_ = SOUND * 300
    records_.insert(9000, '{"id": 1, "id": 2}')
    write(raw / "a.json", packed(ROOTS["array"](records_).encode()))
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (len(rows["a.json"]), counts.failed, len(told(counts))) == (12_000, 1, 1)
    assert rows["a.json"][9000]["locator"] == "[9001]"


@pytest.mark.parametrize("text", [
    f"[{','.join([*WITHIN, SOUND[0]])}]", '[{"id": 1, "id": 2, "text": "Only this."}]',
    f"[{SOUND[0]}, {{]}}, {SOUND[1]}]", f'[{SOUND[0]}, {{"a": NaN}}, {SOUND[1]}, {{'])
def test_an_array_that_has_lost_its_order_is_left_out_as_a_whole(text, raw, tmp_path):
    check_left_out_as_a_whole(text, raw, tmp_path)


def begins(lines):
    """Where each line begins, and the line."""
    at = 0
    for line in lines:
        yield at, line
        at += len(line) + 1
