"""Large files in pieces: whatever the format and however small the pieces, the bytes and counts of the whole file."""

import gzip
import io
import json
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybersieve import columns, containers, json_cuts, json_record, params, parse, parse_file, peek, pieces
from cybersieve.errors import InputError
from tests.conftest import ROOT
from tests.test_containers import zipped
from tests.test_json_stream import TREES

SETTINGS = params.load(ROOT / "params.yaml").parse
WHOLE = 10**9


def cut(data, size, name="f.json", window=json_cuts.WINDOW, member=10, settings=SETTINGS, cores=2):
    """Parse a file in pieces of some size: what is written, the counts, the numbers of the pieces that were parsed."""
    real, seen = parse_file._parse_piece, []

    def noted(piece, *more):
        seen.append(piece.number if piece.end else "whole")
        return real(piece, *more)
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        for module, what, value in ((parse_file, "_parse_piece", noted), (pieces, "SIZE", size),
                                    (pieces, "MEMBER", member), (json_cuts, "WINDOW", window),
                                    (parse.machine, "cores", lambda: cores)):
            patch.setattr(module, what, value)
        raw, out = Path(scratch, "raw"), Path(scratch, "out")
        raw.mkdir()
        (raw / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        try:
            counts = parse.parse_folder(raw, out, settings, "local")
        except InputError as error:
            return (error.reason, error.place, error.remedy), None, seen
        return {path.name: path.read_bytes() for path in out.iterdir()}, counts.tree(), seen


def same(data, size, **more):
    """Check that pieces give what the whole file gives, errors too; which of them were parsed."""
    written, counts, seen = cut(data, size, **more)
    assert (written, counts) == cut(data, WHOLE, **more)[:2]
    return seen


def some(count):
    """Records with what could be taken for a place to cut in them."""
    for n in range(count):
        text = f'Some "text", {{n}}: }},{{"id": ]}}\n{{ for line {n}'
        refs = [{"id": f"R-{k}", "url": f'}},{{"id":"{k}'} for k in range(n % 4)]
        yield {"id": f"L-{n % 90}", "title": f"Line {n}", "text": text, "refs": refs, "more": {"id": [[{"id": 1}]]}}


def dumps(tree, indent=None):
    return json.dumps(tree, indent=indent, ensure_ascii=False)


ROOTS = {  # of a list of records
    "array": dumps, "pretty array": lambda trees: dumps(trees, 2),
    "key": lambda trees: dumps({"count": 2, "items": trees, "after": [{"id": "no record"}]}),
    "deep key": lambda trees: dumps({"id": {"x": [1]}, "a": {"b c": {"items": trees}}, "z": {}}, 1),
    "lines": lambda trees: "\n".join(map(dumps, trees)) + "\n",
    "blank lines": lambda trees: "\n\r\n".join(map(dumps, trees)),
    "pretty in a row": lambda trees: "\n".join(dumps(tree, 4) for tree in trees),
    "in a row": lambda trees: "".join(map(dumps, trees)),
    "sequence": lambda trees: "".join(f"\x1e{dumps(tree)}\n" for tree in trees),
}


@pytest.mark.parametrize("size", [400, 3000])
@pytest.mark.parametrize("root", ROOTS)
def test_json_in_pieces_is_json_as_a_whole(root, size):
    seen = same(ROOTS[root](list(some(100))), size)
    assert seen == list(range(len(seen))) and len(seen) > 3  # none failed


@pytest.mark.parametrize("root", ROOTS)
@settings(max_examples=12)
@given(trees=st.lists(st.dictionaries(st.sampled_from(["id", "text", "x", "\u00e9"]), TREES, max_size=4).map(
    lambda tree: {"title": "A title of words", **tree}), min_size=2, max_size=12),
    size=st.integers(1, 500), window=st.integers(1, 2000))
def test_any_records_in_pieces_of_any_size(root, trees, size, window):
    same(ROOTS[root](trees), size, window=window)


def test_upstream_shapes_are_cut():
    text = "An attacker can run code on the server."
    nvd = {"resultsPerPage": 2, "format": "NVD_CVE", "vulnerabilities": [
        {"cve": {"id": f"CVE-2031-{n}", "published": "2031", "descriptions": [{"lang": "en", "value": text}],
                 "references": []}} for n in range(99)]}
    stix = {"type": "bundle", "id": "b", "objects": [
        {"type": "attack-pattern", "id": f"attack-pattern--{n}", "name": f"Technique {n}", "description": text,
         "external_references": [{"source_name": "x", "url": "y"}]} for n in range(99)]}
    galaxy = {"name": "G", "values": [{"value": f"V {n}", "description": text, "uuid": f"{n}"} for n in range(99)]}
    for tree in (nvd, stix, galaxy, [{"Event": {"info": text, "uuid": f"{n}"}} for n in range(99)]):
        for indent in (None, 1):
            seen = same(dumps(tree, indent), 2000)
            assert seen == list(range(len(seen))) and len(seen) > 3


@pytest.mark.parametrize("text", [
    dumps({"items": list(some(60)), "more": {"deep": list(some(60))}}),  # a second array, found by no one
    dumps({"items": list(some(60)), "entries": list(some(60))}),
    dumps({"a": {"items": list(some(9))}, "items": list(some(60))}),
    dumps([{"id": "a", "text": "some words here", "parts": [{"id": f"{n}", "text": "words of a part"}
                                                           for n in range(99)]}] * 3),
    dumps({f"L-{n}": tree for n, tree in enumerate(some(60))}),
    dumps(list(some(60))) + dumps(list(some(60))),
    dumps([["words in a list", 1], *some(60)]), dumps([*some(60), "a text with some words", 7, *some(60)]),
    "\n".join([*map(dumps, some(60)), dumps(list(some(20)), 1)]), "[" + ",".join([" " * 400 + "{}"] * 50) + "]",
], ids=range(10))
@pytest.mark.parametrize("window", [40, 1000, json_cuts.WINDOW])
def test_where_cuts_are_guessed_wrong_the_whole_file_is_parsed(text, window):
    same(text, 700, window=window)


@pytest.mark.parametrize("root", ["array", "key", "pretty in a row", "lines"])
@pytest.mark.parametrize("fault", ['{"id": NaN}', '{"id": 1, "id": 2}', '{"id": 1}]', '{"id": "}', "{'id': 1}", "\x1e"])
def test_a_fault_is_told_as_of_the_whole_file(root, fault):
    text = ROOTS[root](list(some(150)))
    at = text.index('{"id": "L-50"') if root != "pretty in a row" else text.index('{\n    "id": "L-50"')
    text = text[:at] + fault + text[at:]
    assert same(text, 2000)[-1] == "whole" and cut(text, 2000)[1] is None


def test_what_is_repaired_is_counted_alike():
    text = json.dumps([{**tree, "text": f"\ud800 {tree['text']}"} for tree in some(99)])
    data = text.encode().replace(b"Line 7", b"Line \xef\xbf\xbd\xff7")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peek, "FIRST", 1500)  # invalid bytes there, and a file is not cut
        assert same(data, 2000) == ["whole"]
        seen = same(data[:1500].replace(b"\xff", b"") + data[1500:], 2000)
    assert seen == list(range(len(seen))) and len(seen) > 3
    assert cut(data, 2000)[1]["notes"] == {"id collisions": 9, "invalid bytes replaced": 11,
                                           "lone surrogates replaced": 99}


def test_documents_behind_invalid_bytes_are_found_where_they_are_in_the_whole():
    data = ROOTS["lines"](list(some(99))).encode().replace(b"Line 17", b"Line \xff17").replace(b"Line 50", b"\xc3\xff")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peek, "FIRST", 1500)
        seen = same(data, 2000)
    assert seen == list(range(len(seen))) and len(seen) > 3


def test_texts_in_a_row_have_places_of_the_whole():
    lines = [f'"words in a text {n}"' if n % 10 == 9 else dumps({"id": f"{n}", "text": "w " * 200}) for n in range(99)]
    assert same("\n".join(lines), 3000)[-1] == "whole"


def test_an_array_after_another_document_is_not_cut():
    nvd = {"resultsPerPage": 2, "format": "NVD_CVE"}
    found = [{"cve": {"id": f"CVE-2031-{n}", "descriptions": [{"lang": "en", "value": "An attacker can."}]}}
             for n in range(99)]
    assert same(f"{dumps(nvd)}\n{dumps({**nvd, 'vulnerabilities': found})}", 2000) == ["whole"]


def test_lines_that_give_the_next_one_its_id_are_not_cut_from_it():
    lines = [tree for n, record in enumerate(some(99)) for tree in ({"index": {"_id": f"B-{n}"}}, record)]
    assert same("\n".join(map(dumps, lines)), 2000) == ["whole"]


def test_what_is_repaired_before_the_array_is_counted_once():
    seen = same(f'{{"note": "\\udc00", "items": {dumps(list(some(99)))}, "more": "\\ud800"}}', 2000)
    assert seen == list(range(len(seen))) and len(seen) > 3


def test_keys_that_are_no_text_are_left_to_the_reader():
    assert same(f'{{"\\ud800": [1], "items": {dumps(list(some(99)))}}}', 2000) == ["whole"]


@pytest.mark.parametrize("root", ["lines", "array"])
def test_empty_objects_are_bounded_in_the_file_not_in_its_pieces(root, monkeypatch):
    monkeypatch.setattr(json_record, "MAX_EMPTY", 30)
    text = ROOTS[root]([tree for record in some(40) for tree in (record, {})])
    assert same(text, 2000)[-1] == "whole" and "empty objects" in cut(text, 2000)[0][0]


WORDS = "An attacker can run code on the caf\u00e9's server"
TABLE = [["id", "title", "text"], *([f"L-{n}", f"Line {n}", f"{WORDS} {n}."] for n in range(90))]
FEED = "<rss><channel>{}</channel></rss>".format("".join(
    f"<item><guid>G-{n}</guid><title>Title {n}</title><description>{WORDS}</description></item>" for n in range(60)))
RECORDS = list(some(60))
LINES = ROOTS["lines"](RECORDS)
UNCUT = {
    "a mark": "\ufeff" + LINES, "16 bits": LINES.encode("utf-16-le"), "late": " " * 2000 + LINES,
    "packed": gzip.compress(LINES.encode()), "a header row": dumps(TABLE),
    "columns": dumps({"columns": TABLE[0], "rows": TABLE[1:]}),
    "pairs": dumps([[f"L-{n}", {"title": f"Line {n}", "text": WORDS}] for n in range(90)]),
    "a string of XML": dumps({"feed": FEED}), "the same before records": dumps({"feed": FEED[:400], "items": RECORDS}),
    "strings of XML": dumps([{"xml": f"<?xml version='1.0'?><rss><channel><item><title>Title {n}</title>"
                                     f"<description>{WORDS}</description></item></channel></rss>"} for n in range(60)]),
    "a long first one": "\n".join(dumps({"title": f"Title {n}", "body": WORDS * (99 if n == 0 else 1),
                                         "remedy": f"{WORDS}, against {n}"}) for n in range(60)),
    "latin-1": f'<?xml version="1.0" encoding="iso-8859-1"?>{FEED}'.encode("latin-1"),
    "declared late": f'<?xml version="1.0" encoding="iso-8859-1"?>{FEED}'.replace(
        "caf\u00e9's server", "", 20).encode("latin-1"),
}


@pytest.mark.parametrize("way", UNCUT)
def test_what_a_piece_could_not_be_read_as_is_not_cut(way, monkeypatch):
    monkeypatch.setattr(peek, "FIRST", 1500)
    name = "f.xml" if "latin" in way or "declared" in way else "f.json"
    assert same(UNCUT[way], 300 if way == "packed" else 900, name=name) == ["whole"]


def test_locators_move():
    piece, five = pieces.Piece("f", head=9, place="a.b"), {pieces.PASSED: 5}
    assert piece.moved("a.b[7]", five) == "a.b[12]" and piece.moved("a.b[7].c[2]", five) == "a.b[12].c[2]"
    assert replace(piece, place="").moved("[0]: x]", five) == "[5]: x]" and piece.moved("byte 7", five) == "byte 7"
    assert pieces.Piece("f").moved("byte 7", five) == "byte 12"
    elements, more = pieces.Piece("f", head=9, closing=b"</r>"), {f"{pieces.PASSED} row": 5}
    assert elements.moved("/r/row[7]", more) == "/r/row[12]" and elements.moved("/r/rows[7]", more) == "/r/rows[7]"
    assert elements.moved("document 2: /r/row[7]", more) == "document 2: /r/row[7]"


@pytest.mark.parametrize(("rows", "chars"), [(7, 10**6), (64, 900), (30, 5000)])
def test_batches_are_those_of_the_whole(rows, chars, monkeypatch):
    monkeypatch.setattr(columns, "BATCH_ROWS", rows)
    monkeypatch.setattr(columns, "BATCH_CHARS", chars)
    for root in ("lines", "key"):
        assert "whole" not in same(ROOTS[root](list(some(120))), 3000)


def test_large_titles_fill_a_batch(monkeypatch):
    monkeypatch.setattr(columns, "BATCH_CHARS", 1000)
    row = {"id": "1", "source": "f", "locator": "[0]", "title": "t" * 400, "text": "", "meta": "{}", "dropped": None}
    assert [batch.num_rows for batch in columns.batches([row] * 8)] == [3, 3, 2]


def test_one_core_takes_the_file_whole():
    text = ROOTS["lines"](list(some(100)))
    assert cut(text, 2000, cores=1)[2] == ["whole"] and cut(text, 2000, cores=1)[:2] == cut(text, 2000)[:2]


def test_no_file_is_larger_than_the_limit_says():
    tight = replace(SETTINGS, limits=replace(SETTINGS.limits, max_file_mb=0.01))
    for root in ("lines", "array"):
        assert same(ROOTS[root](list(some(100))), 2000, settings=tight) == ["whole"]


# --- zips ---

def document(n, count=5):
    return dumps([{"id": f"{n}-{k}", "title": f"T {k}", "text": f"words here {n} and {k}"} for k in range(count)])


def archive(count=40, **more):
    members = {}
    for n in range(count):
        members[f"d/{n}.json"] = document(n)
        if n % 7 == 0:
            members[f"d/{n}/README.md"] = "no data"
        if n % 9 == 0:
            members[f"d/{n}.jsonl.gz"] = gzip.compress(document(n).encode())
        if n % 11 == 0:
            members[f"d/{n}/empty.json"] = '{"ok": true}'
    return zipped(members, **more)


@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("size", [1, 700, 5000])
def test_a_zip_in_pieces_is_a_zip_as_a_whole(size, method, seekable):
    if seekable or method != zipfile.ZIP_STORED:
        seen = same(archive(method=method, seekable=seekable), size, name="f.zip")
        assert seen == list(range(len(seen))) and len(seen) > 2


@settings(max_examples=12)
@given(counts=st.lists(st.integers(0, 4), min_size=1, max_size=12), size=st.integers(1, 500))
def test_any_members_in_pieces_of_any_size(counts, size):
    data = zipped({f"{n}.json": document(n, count) for n, count in enumerate([*counts, 1])})
    same(data, size, name="f.zip")


def test_many_small_members_are_some_pieces():
    seen = same(zipped({f"{n}.json": document(n, 1) for n in range(300)}), 6000, name="f.zip", member=100)
    assert seen == list(range(8))


def test_limits_hold_for_the_archive_as_a_whole(monkeypatch):
    members = {f"{n}.json": document(n, 1)[:-1] + " " * 60_000 + "]" for n in range(20)}
    data = zipped(members)
    monkeypatch.setattr(containers, "RATIO_FROM", 10_000)
    for limit, error in (({"max_file_mb": 1.1}, "more than 1.1 MB unpacked"), ({"max_ratio": 200}, "200 times")):
        tight = replace(SETTINGS, limits=replace(SETTINGS.limits, **limit))
        assert error in cut(data, 100_000, name="f.zip", settings=tight)[0][0]
        same(data, 100_000, name="f.zip", settings=tight)
    wide = replace(SETTINGS, limits=replace(SETTINGS.limits, max_file_mb=1.4))
    assert "whole" not in cut(data, 100_000, name="f.zip", settings=wide)[2]


def test_what_is_wrong_with_an_archive_is_told_as_of_the_whole():
    good = archive()
    broken = bytearray(good)
    broken[len(good) // 2] ^= 0xFF
    evil = zipped({**{f"{n}.json": document(n) for n in range(20)}, "NNNNNN.json": document(1)})
    bad = {"damaged": bytes(broken), "leaves": evil.replace(b"NNNNNN.json", b"../evil.json"[:11]),
           "cut off": good[:len(good) // 2], "page": zipped({**{f"{n}.json": document(n) for n in range(20)},
                                                            "z.json": "<html><body>403</body></html>"})}
    for data in bad.values():
        assert same(data, 900, name="f.zip")[-1] == "whole" and cut(data, 900, name="f.zip")[1] is None


def test_a_table_that_lies_changes_nothing():
    """Members hidden behind an end, inner archives whose headers the table names, members in another order."""
    good = archive()
    inner = zipped({"in.zip": archive(), **{f"{n}.json": document(n) for n in range(20)}}, method=zipfile.ZIP_STORED)
    table = good.index(b"PK\x01\x02")
    moved = bytearray(good)
    at = table
    while moved[at:at + 4] == b"PK\x01\x02":
        moved[at + 42:at + 46] = b"\0\0\0\0"
        at = moved.find(b"PK\x01\x02", at + 4) if moved.find(b"PK\x01\x02", at + 4) >= 0 else len(moved)
    first = io.BytesIO()
    with zipfile.ZipFile(first, "w") as early:
        early.writestr("a.json", document(1))
    hidden = first.getvalue() + good  # the table at the end is of the second archive
    for data in (inner, bytes(moved), hidden):
        for size in (500, 3000):
            same(data, size, name="f.zip")


def test_an_end_before_some_members_hides_none_of_them():
    """The table names members before and behind it; a piece that stopped there would be without those behind."""
    good, end = archive(12), b"PK\x05\x06" + bytes(18)
    with zipfile.ZipFile(io.BytesIO(good)) as whole:
        here = whole.infolist()[9].header_offset
    data, at = bytearray(good[:here] + end + good[here:]), good.index(b"PK\x01\x02") + len(end)
    while data[at:at + 4] == b"PK\x01\x02":
        place = int.from_bytes(data[at + 42:at + 46], "little")
        data[at + 42:at + 46] = (place + len(end) * (place >= here)).to_bytes(4, "little")
        at = max(data.find(b"PK\x01\x02", at + 4), 0)
    data[-6:-2] = (int.from_bytes(good[-6:-2], "little") + len(end)).to_bytes(4, "little")
    assert same(bytes(data), 700, name="f.zip")[-1] == "whole"


def test_a_damaged_table_is_no_table(tmp_path):
    path = Path(tmp_path / "f.zip")
    good = archive()
    far = good[:-22] + b"PK\x06\x07\0\0\0\0" + (2**62).to_bytes(8, "little") + b"\1\0\0\0PK\x05\x06" + b"\xff" * 18
    empty, others = b"PK\x05\x06" + b"\xff" * 18, good.replace(b"PK\x01\x02", b"PK\x01\x03", 3)
    for data in (good[:4], good[:-10], others, empty, far):
        path.write_bytes(data)
        assert len(pieces.of(path, "f.zip", SETTINGS)) == 1


def test_a_cut_is_looked_for_in_linear_time():
    """Items that are arrays, with hardly an object to cut at: each was looked back from to the last object's end."""
    array = json_cuts.Head(1, 1, "", b'"a"')
    data = io.BytesIO(b'{"a":1},{"b":1}' + b",[]" * 2_000_000)
    start = time.process_time()
    json_cuts.items(array, data, 0, 1 << 22)
    assert time.process_time() - start < 5
