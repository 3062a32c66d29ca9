"""JSON as a stream: the same records as json.loads in every root shape and chunk size, and errors with their place."""

import json
import re
import time
from collections import Counter
from itertools import pairwise

import ijson
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybersieve import fields, json_record, json_scan, json_skeleton, json_stream
from cybersieve.errors import InputError

KEYS = st.text(max_size=6).filter(lambda key: key != "@key")
LEAVES = (st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats(allow_nan=False, allow_infinity=False)
          | st.text(max_size=20) | st.sampled_from(['"', "\\", "\\\\\"", "{", "]}", "\u2028", "\U0001f600", "1" * 30]))
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
                     max_leaves=12)
RECORDS = st.dictionaries(KEYS, TREES, max_size=5)
SIZES = st.sampled_from([1, 2, 3, 7, 18, 19, 20, 64, 1000])


def chunks(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def read(data, *paths, size=1 << 18, **bounds):
    notes = Counter()
    wanted = [fields.record_path(path) for path in paths]
    return list(json_stream.records(chunks(data, size), "f.json", wanted, notes, **bounds)), notes


def dumped(tree, style):
    return json.dumps(tree, ensure_ascii=style % 2 == 0, indent=2 if style >= 2 else None).encode()


ROOTS = {  # name: (document from records, record path)
    "array": (lambda records, style: dumped(records, style), "[]"),
    "key": (lambda records, style: dumped({"n": 2, "items": records, "after": [{"no": "record"}]}, style), "items[]"),
    "deep": (lambda records, style: dumped({"a": {"b c": {"items": records}}, "z": []}, style), 'a."b c".items[]'),
    "wrapped": (lambda records, style: dumped({"list": [{"x": 1, "rec": r} for r in records]}, style), "list[].rec"),
    "any key": (lambda records, style: dumped({"one": records, "two": records}, style), "*[]"),
    "lines": (lambda records, style: b"\n".join(dumped(r, style % 2) for r in records) + b"\n" * (style % 2), ""),
    "concatenated": (lambda records, style: b"".join(dumped(r, style) for r in records), ""),
}


@pytest.mark.parametrize("root", ROOTS)
@settings(max_examples=60)
@given(records=st.lists(RECORDS, min_size=1, max_size=4), style=st.integers(0, 3), size=SIZES)
def test_round_trip(root, records, style, size):
    document, path = ROOTS[root]
    data = document(records, style)
    found, _ = read(data, path, size=size)
    oracle = [json.loads(json.dumps(record)) for record in records]
    assert [tree for _, tree in found] == oracle * (2 if root == "any key" else 1)
    assert len({place for place, _ in found}) == len(found)


@settings(max_examples=60)
@given(records=st.dictionaries(KEYS, RECORDS, min_size=1, max_size=4), style=st.integers(0, 3), size=SIZES)
def test_round_trip_of_an_object_of_records(records, style, size):
    found, _ = read(dumped(records, style), "*", size=size)
    assert {tree.pop("@key"): tree for _, tree in found} == records


@settings(max_examples=60)
@given(first=st.lists(RECORDS, min_size=1, max_size=3), second=st.lists(RECORDS, min_size=1, max_size=3), size=SIZES)
def test_round_trip_of_records_at_two_depths(first, second, size):
    found, _ = read(dumped({"a": first, "b": {"c": second}, "d": [[1]]}, 0), "a[]", "b.c[]", size=size)
    assert [tree for _, tree in found] == [*first, *second]
    assert [place for place, _ in found] == [*(f"a[{n}]" for n in range(len(first))),
                                             *(f"b.c[{n}]" for n in range(len(second)))]


@settings(max_examples=60)
@given(first=st.dictionaries(KEYS, RECORDS, min_size=1, max_size=3),
       second=st.dictionaries(KEYS, RECORDS, min_size=1, max_size=3), third=st.lists(RECORDS, max_size=2), size=SIZES)
def test_records_have_the_keys_they_stand_under_at_any_depth(first, second, third, size):
    document = {"a": first, "b": {"c": second, "d": third}}
    expected = [*({"@key": key, **record} for tree in (first, second) for key, record in tree.items()), *third]
    assert [tree for _, tree in read(dumped(document, 0), "a.*", "b.c.*", "b.d[]", size=size)[0]] == expected
    assert [tree for _, tree in read(dumped(document, 0), "b.c.*", "b.d[]", size=size)[0]] == expected[len(first):]


@settings(max_examples=200)
@given(tree=TREES, size=SIZES, style=st.integers(0, 3))
def test_nesting_agrees_with_a_plain_scanner(tree, size, style):
    data = dumped([tree], style)
    nesting, found = json_scan.Nesting(), []
    for number, chunk in enumerate(chunks(data, size)):
        marks, opening, levels = nesting.brackets(np.frombuffer(chunk, np.uint8))
        found += zip((marks + number * size).tolist(), opening.tolist(), levels.tolist(), strict=True)
    expected, level, quoted, escaped = [], 0, False, False
    for at, char in enumerate(data.decode("latin-1")):
        if quoted:
            escaped, quoted = (char == "\\" and not escaped), char != '"' or escaped
        elif char == '"':
            quoted = True
        elif char in "[{]}":
            level += 1 if char in "[{" else -1
            expected.append((at, char in "[{", level))
    assert found == expected


@given(st.text("0123456789a:", max_size=80))
def test_long_digits(text):
    data = text.encode()
    found = json_scan.long_digits(data, np.frombuffer(data, np.uint8))
    assert bool(found) == bool(re.search(r"\d{19}", text))
    assert all(char.isdigit() for at in found for char in text[at:at + 10])


def test_texts_and_lists_are_records_too_and_numbers_are_not():
    assert read(b'["a b", 3, null, [1], {"c": 2}]', "[]")[0] == [
        ("[0]", {"text": "a b"}), ("[3]", [1]), ("[4]", {"c": 2})]
    assert read(b'"one"\n"two"\n', "")[0] == [("document 1", {"text": "one"}), ("document 2", {"text": "two"})]
    assert [place for place, _ in read(b'"one" {"a": 2} "three"', "")[0]] == ["document 1", "byte 6", "document 3"]


def test_locators():
    assert [place for place, _ in read(b'{"a":[{},{}]}{"a":[{}]}', "a[]")[0]] == ["a[0]", "a[1]", "document 2: a[0]"]
    assert [place for place, _ in read(b'{}\n {"b":1}', "")[0]] == ["byte 0", "byte 4"]
    assert read(b'{"x":{"a":[{"b":1}]}}', "x.a[]")[0][0][0] == "x.a[0]"
    rooms = b'{"a":[{"b":[{"c":1},{"c":2}]},{},{"b":[{"c":3}]}]}'
    assert [place for place, _ in read(rooms, "a[].b[]")[0]] == ["a[0].b[0]", "a[0].b[1]", "a[2].b[0]"]
    assert [place for place, _ in read(b'[{"x":{"c":1}},[],{"x":{"c":2}}]', "[].x")[0]] == ["[0].x", "[2].x"]


@pytest.mark.parametrize("size", [1, 7, 1 << 18])
@pytest.mark.parametrize(("data", "place", "reason"), [
    (b'[{"a":1}', "byte 8", "cut off"),
    (b'[{"a":"b', "byte 8", "ends inside a string"),
    (b"[1, 2", "byte 5", "cut off"),
    (b'[{"a":1}] garbage', "byte", "lexical error"),
    (b'[{"a":1}] 3', "byte", "a bare number where a document should begin"),
    (b'[{"a":1}] null', "byte", "a bare null"),
    (b'[{"a":1}]]', "byte 9", "closing bracket without"),
    (b'[{"a":NaN}]', "byte 1", "NaN is not JSON"),
    (b'[{"a":-Infinity}]', "byte 1", "Infinity is not JSON"),
    (b"[NaN]", "byte", "lexical error"),
    (b'[{"a":1,"a":2}]', "byte 1", "duplicate key 'a'"),
    (b'[{"b":{"a":1,"a":{}}}]', "byte 1", "duplicate key 'a'"),
    (b'{"x":[],"x":[{"a":1}]}', "byte", "duplicate key 'x'"),
    (b'[{"a":1},]', "byte", "unallowed token"),
    (b'[{"a":1} {"a":2}]', "byte", "after array element"),
    (b'[{"a":1,}]', "byte", "not JSON"),
    (b'[{"a" 1}]', "byte 6", "Expecting ':'"),
    (b'[{"a":1]}', "byte", "not JSON"),
    (b"[{'a':1}]", "byte 2", "not JSON"),
    (b'[{"a":"\x00"}]', "byte 7", "Invalid control character"),
    (b'[{"a":"\n"}]', "byte 7", "Invalid control character"),
    (b'[{"a":"\\x"}]', "byte 7", "Invalid \\escape"),
    ('[{"é":"\\x"}]'.encode(), "byte 8", "Invalid \\escape"),
    (b'[{"a":' + b"1" * 10_000 + b"}]", "byte 1", "a number of 10000 digits"),
    (b'[{"a":1e999}]', "byte 1", "the number 1e999 is too large"),
    (b"[" + b"1" * 10_000 + b"]", "byte", "a number of more than 400 digits"),
    (b"[-1e" + b"7" * 10_000 + b"]", "byte", "far too large"),
    (b'[{"a":1}, 1e' + b"7" * 30 + b"]", "byte", "far too large"),
    (b"1" * 5000, "byte", "a number of more than 400 digits"),
    (b"[1]\xef\xbf\xbd" + "\ufffd".encode() * 40, "byte", "not JSON: lexical error: invalid char"),
    (b"[" * 600 + b"]" * 600, "byte 500", "nested deeper than 500"),
    (b'[{"a":' * 100_000, "byte", "nested deeper than 500"),
    (b"// comment\n[]", "byte", "not JSON"),
    (b"", "byte 0", "premature EOF"),
])
def test_broken(data, place, reason, size):
    if len(data) > 50_000 and size == 1:
        size = 1000
    with pytest.raises(InputError) as error:
        read(data, "[]", size=size)
    assert error.value.path == "f.json" and reason in error.value.reason and place in error.value.place


@pytest.mark.parametrize("bounds", [{}, {"max_bytes": 5000}])
@pytest.mark.parametrize("line", ['{"id": 500, "text": "cut o', '{"id": 500, "text": "not ended"', "[",
                                  '{"id": 500, "te"xt": "one too many"}', '{"id": 500, text: "without"}'])
@pytest.mark.parametrize("path", ["", "[]"])
def test_a_record_that_is_broken_in_the_middle_of_a_file(path, line, bounds):
    """What follows may be taken for a part of it: its own place is told, not the end of the file."""
    lines = [f'{{"id": {n}, "text": "a few words"}}' for n in range(1000)]
    lines[500] = line
    data = "\n".join(lines) if path == "" else f"[{','.join(lines)}]"
    with pytest.raises(InputError, match="not JSON") as error:
        read(data.encode(), path, **bounds)
    at = data.index(line, 10_000)
    assert at <= int(re.search("byte ([0-9]+)", error.value.place)[1]) < at + len(line) + 20
    assert "mend it" in error.value.remedy


@pytest.mark.parametrize("size", [1, 5, 399, 1 << 18])
def test_digits_in_texts_are_no_numbers(size):
    """ijson's C code may crash where int() refuses a number, so no such number may reach it, in whatever pieces."""
    data = b'{"a": "x' + b"7" * 390 + b'", "b": 1' + b"0" * 300 + b', "c": 1e309, "list": [{"d": 1}]}'
    assert read(data, "list[]", size=size)[0] == [("list[0]", {"d": 1})]
    with pytest.raises(InputError, match="more than 400 digits"):
        read(data.replace(b"1e309", b"-" + b"3" * 5000), "list[]", size=size)


def test_numbers_too_large_in_records_of_several_depths():
    with pytest.raises(InputError, match="far too large"):
        read(b'{"x": {"a": 1}, "y": {"z": [{"a": 1e400}]}}', "x", "y.z[]")


def test_a_long_text_outside_records_takes_no_longer_in_small_pieces():
    """yajl goes through all of a text again with every piece that it gets of it."""
    sent = []

    class Reader:
        def send(self, piece):
            sent.append(len(piece))

    skeleton = json_skeleton.Skeleton("f", [("list", "[]")], 2, 16_000_000, frozenset(), Counter())
    skeleton.reader = Reader()
    for _ in range(60):
        list(skeleton.feed(b"x" * 262_144, 0))
    assert sum(sent) == 60 * 262_144 and len(sent) < 500


@pytest.mark.parametrize("size", [1, 5, 1 << 18])
def test_repaired_and_kept(size):
    found, notes = read(b'[{"a":"x\\ud800y\\udc00","\\udc01":"\\ud83d\\ude00"}]', "[]", size=size)
    assert found[0][1] == {"a": "x\ufffdy\ufffd", "\ufffd": "\U0001f600"}
    assert notes == {"lone surrogates replaced": 3}
    assert read(b'[{"a":123456789012345678901234567890,"b":"\\u0000\\u0022"}]', "[]", size=size)[0][0][1] == {
        "a": 123456789012345678901234567890, "b": '\0"'}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1 << 18])
def test_lone_surrogates_outside_records_are_repaired_too(size):
    data = rb'{"\udc00": "\ud83d\ude00\ud83d\\udc00", "x": ["\ud83d", {"a": "b \ud83dx"}, "\uDC00 \u0041"],'
    data += rb'"y": "\udfff"}'
    found, notes = read(data, "x[]", size=size)
    assert found == [("x[0]", {"text": "\ufffd"}), ("x[1]", {"a": "b \ufffdx"}), ("x[2]", {"text": "\ufffd A"})]
    assert notes == {"lone surrogates replaced": 6}
    with pytest.raises(InputError, match="not JSON"):
        read(data + b"\\", "x[]", size=size)


def test_sizes_are_limited():
    with pytest.raises(InputError, match=r"a record of more than 0.001 MB.*max_record_mb"):
        read(b'[{"a":"' + b"x" * 2000 + b'"}]', "[]", size=100, max_bytes=1000)
    with pytest.raises(InputError, match=r"a record of more than 0.001 MB"):  # one text outside records
        read(b'{"big":"' + b"x" * 20_000 + b'","a":[{}]}', "a[]", size=100, max_bytes=1000)
    for many in (b"[[" + b"1," * 300_001 + b"1]]", b"[[" + b'{"a":1},' * 150_001 + b"1]]"):
        with pytest.raises(InputError, match=r"more than 300000 values in one record"):
            read(many, "[]")
    long = b'{"a":[' + b",".join(b'{"n":%d}' % n for n in range(1000)) + b"]}"
    assert len(read(long, "a[]", size=100, max_bytes=100)[0]) == 1000  # the limit is a record's, not the file's


def test_what_is_no_record_may_be_large():
    junk = b'{"junk":{"x":[' + b",".join(b"[%d]" % n for n in range(5000)) + b']},"a":[{"b":1}]}'
    assert read(junk, "a[]", size=100, max_bytes=1000)[0] == [("a[0]", {"b": 1})]


@pytest.mark.parametrize("text", [b'[{"a": 1},%s{"a": 2}]', b'[{"a": 1}%s, {"a": 2}]', b'[{"a": 1}, {"a": 2}]%s',
                                  b'[{"a": 1}, {"a": 2}%s]', b'[%s{"a": 1}, {"a": 2}]'])
def test_white_space_is_no_text(text):
    assert [tree for _, tree in read(text % (b" \n" * 5000), "[]", size=100, max_bytes=1000)[0]] == [{"a": 1}, {"a": 2}]
    with pytest.raises(InputError, match="a record of more than 0.001 MB"):
        read(b'{"big":"%s","a":[{}]}' % (b" " * 5000), "a[]", size=100, max_bytes=1000)
    with pytest.raises(InputError, match="not JSON"):
        read(b"[1%s2]" % (b" " * 500), "[]", size=100)


def test_empty_objects_are_counted_and_bounded(monkeypatch):
    found, notes = read(b"[" + b"{}," * 99 + b"[]]", "[]")
    assert len(found) == 100 and notes == {json_record.EMPTY: 100}
    monkeypatch.setattr(json_record, "MAX_EMPTY", 99)
    with pytest.raises(InputError, match="byte 298: more than 99 empty objects"):
        read(b"[" + b"{}," * 99 + b"[]]", "[]")


@pytest.mark.parametrize("size", [1, 10, 333, 1 << 18])
def test_large_record_without_what_is_skipped(size):
    tree = {"id": "x", "big": {"deep": [list(range(2000))]},
            "list": [{"keep": 1.5, "drop": "d" * 500}, {"keep": [None]}], "drop": "stays", "last": "end"}
    skip = frozenset(map(fields.record_path, ["big", "list.drop"]))
    found, notes = read(dumped([tree, {"id": "small", "big": 1}], 2), "[]", size=size, max_bytes=1000, skip=skip)
    expected = {**tree, "big": None, "list": [{"keep": 1.5, "drop": None}, {"keep": [None]}]}
    assert [tree for _, tree in found] == [expected, {"id": "small", "big": 1}]
    assert notes == {"large records read in part": 1}
    lines = b"".join(dumped(one, 0) + b"\n" for one in ({"id": 1}, tree, {"id": 2}))
    places = [place for place, _ in read(lines, "", size=size, max_bytes=1000, skip=skip)[0]]
    assert places == ["byte 0", "byte 10", f"byte {len(lines) - 10}"]
    found, _ = read(dumped({"a": tree, "b": {"id": "small"}}, 0), "*", size=size, max_bytes=1000, skip=skip)
    assert [tree["@key"] for _, tree in found] == ["a", "b"]
    with pytest.raises(InputError, match="a record of more than"):
        read(dumped([{"keep": "x" * 5000}], 0), "[]", size=size, max_bytes=1000, skip=skip)


def test_c_backend_is_the_one_in_use():
    assert ijson.backend_name == "yajl2_c"


def test_fast_and_careful_agree():
    for data in (b'{"a":[1,2.5,-0,1e3,"\\u00e9\\n"],"b":{"c":null}}', b'{"a":"\\\\\\""}', b"[]", b'{"":""}'):
        quick = list(json_record.load([json_record.Raw("", None, 0, data, False)], "f", Counter()))
        assert quick == [("", json_record.careful(data, "f", 0, Counter()))]


def test_records_before_a_fault_are_not_lost():
    found = []
    with pytest.raises(InputError):
        for place, _ in json_stream.records([b'[{"a":1},{"a":2},{"a":3,"a":4},{"a":5}]'], "f", [("[]",)], Counter()):
            found.append(place)
    assert found == ["[0]", "[1]"]
    with pytest.raises(InputError):
        for place, _ in json_stream.records([b'[{"a":1},{"a":2}}'], "f", [("[]",)], Counter()):
            found.append(place)
    assert found[2:] == ["[0]", "[1]"]


def test_locators_are_in_the_documents_order():
    places = [int(place.removeprefix("byte ")) for place, _ in read(b'{"a":1}\n' * 50, "", size=13)[0]]
    assert all(a < b for a, b in pairwise(places))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from(
    ["\\u0022", '\\"', "x", "\\\\", "\\\\u0022"]), max_size=4).map("".join)), min_size=1, max_size=5))
def test_duplicate_keys_are_never_taken_however_quotes_are_spelt(pairs):
    data = ("{" + ",".join(f'"{key}":"{value}"' for key, value in pairs) + "}").encode()
    if len({key for key, _ in pairs}) < len(pairs):
        with pytest.raises(InputError, match="duplicate key"):
            read(data, "")
    else:
        assert read(data, "")[0] == [("byte 0", json.loads(data))]


def test_long_numbers_in_every_record_take_linear_time():
    """Ids of posts, as some networks count them: all of a chunk's were looked through for each record."""
    data = b"\n".join(b'{"id":%d,"text":"%s"}' % (10 ** 18 + n, b"x" * 60) for n in range(40_000))
    start = time.process_time()
    assert len(read(data, "")[0]) == 40_000
    assert time.process_time() - start < 3


@given(TREES)
def test_quotes_counted_in_a_tree_are_those_of_its_json(tree):
    text = json.dumps(tree, ensure_ascii=False).replace('\\"', '"').encode()
    assert json_record._held(tree) == text.count(b'"')
