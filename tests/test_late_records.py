"""Records of a kind that the first 64 kB of a file do not show."""

import json
from collections import Counter

import pytest

from cybersieve import late_records, machine, params, parse, parse_file, pieces, records, xml_stream
from cybersieve.records import Counts
from tests.conftest import ROOT

SETTINGS = params.load(ROOT / "params.yaml").parse
PROSE = "We unpacked it by hand and looked at what it calls, and this is what we found."
POSTS = [{"id": f"p{n}", "title": f"Post {n}", "text": f"{PROSE} {n}", "by": "joe the poster"} for n in range(1000)]
COMMENTS = [{"id": f"c{n}", "by": "ann the reader", "body": f"I think that you are wrong, number {n}."}
            for n in range(50)]
BARE = [{"id": f"u{n}", "title": f"A link and its title, {n}", "by": "joe the poster",
         "user": {"description": "I like locks a lot."}} for n in range(3)]


def parsed(tmp_path, name, content):
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    counts = Counts()
    found = parse_file.trees(tmp_path / name, name, SETTINGS, counts.notes)
    return list(parse_file.rows(found, name, SETTINGS, counts)), counts


def lines(trees):
    return "\n".join(map(json.dumps, trees))


@pytest.mark.parametrize("write", [lines, json.dumps])
def test_records_with_other_keys(write, tmp_path):
    rows, counts = parsed(tmp_path, "mixed.json", write([*POSTS, *COMMENTS, *BARE]))
    by_id = {row["id"]: row for row in rows}
    assert len(by_id) == len(rows) == len(POSTS) + len(COMMENTS) + len(BARE)
    assert by_id["p7"]["text"] == f"{PROSE} 7"
    assert by_id["c7"]["text"] == "I think that you are wrong, number 7."
    assert (by_id["u2"]["title"], by_id["u2"]["text"]) == ("A link and its title, 2", "")  # no word of the author's
    assert counts.dropped.total() == 0
    assert counts.notes == {"records of another kind than the first": len(COMMENTS)}


def test_rows_without_a_text(tmp_path):
    """Of a table with its columns' names as attributes, as mysqldump and phpMyAdmin write it."""
    def row(*columns):
        fields = (f"<field name='{name}'>{text}</field>" for name, text in columns)
        return f"<row name='posts'>{''.join(fields)}</row>"
    texts = ["" if n % 4 == 1 else f"{PROSE} {n}" for n in range(60)]
    ids = "".join(row(("post_id", n), ("post_subject", f"Post {n} of it"), ("post_text", text))
                  for n, text in enumerate(texts))
    other = row(("comment_id", "c1"), ("comment_author", "joe the poster"), ("comment_content", f"{PROSE} 1"))
    rows, counts = parsed(tmp_path, "rows.xml", f"<all><row name='posts'>CREATE TABLE posts;</row>{ids}{other}</all>")
    assert [(row["id"], row["title"], row["text"]) for row in rows[1:-1]] == [
        (str(n), f"Post {n} of it", text) for n, text in enumerate(texts)]
    assert (rows[-1]["id"], rows[-1]["text"]) == ("c1", f"{PROSE} 1")
    assert counts.notes == {"records of another kind than the first": 1}


def test_an_array_behind_the_first(tmp_path):
    rows, counts = parsed(tmp_path, "export.json", {"export": {
        "version": 3, "owners": [{"name": "joe", "level": 3}], "posts": POSTS,
        "comments": COMMENTS, "tags": ["lock", "web app", "a"], "counts": [{"n": 1}], "empty": []}})
    assert [row["locator"] for row in rows] == [f"export.posts[{n}]" for n in range(1000)] + [
        f"export.comments[{n}]" for n in range(50)]
    assert rows[-1]["text"] == "I think that you are wrong, number 49."
    assert counts.written == len(rows) == 1050


def test_an_array_behind_the_first_whose_text_is_called_as_there(tmp_path):
    first = [{"id": f"a{n}", "prosa": f"{PROSE} {n}", "kind": "x"} for n in range(1000)]
    later = [{"id": f"b{n}", "prosa": f"{PROSE} Again, {n}"} for n in range(30)]
    rows, counts = parsed(tmp_path, "parts.json", {"first": first, "later": later})
    assert [(row["id"], row["text"]) for row in rows] == [(one["id"], one["prosa"]) for one in first + later]


@pytest.mark.parametrize("size", [pieces.SIZE, 20_000])
def test_texts_in_objects_behind_the_first_array_are_told(size, tmp_path, monkeypatch):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.json").write_text(json.dumps({"about": {"text": PROSE}, "all": {
        "meta": {"text": PROSE}, "posts": POSTS, "comments": {comment["id"]: comment for comment in COMMENTS},
        "more": {"deep": [[{"body": PROSE}], {"name": "n", "notes": "short"}]}, "errors": {"message": PROSE},
        "numbers": {"a": {"n": 1}}}, "end": {"text": PROSE}}))
    monkeypatch.setenv("CYBERSIEVE_PARSE_CACHE", "off")
    monkeypatch.setattr(pieces, "SIZE", size)
    counts = parse.parse_folder(tmp_path / "raw", tmp_path / "out", SETTINGS, "local")
    assert counts.written == len(POSTS)
    assert counts.notes == {late_records.NOT_READ: len(COMMENTS) + 2}


def test_an_array_behind_records_by_their_ids(tmp_path):
    rows, counts = parsed(tmp_path, "export.json", {"all": {
        "posts": {f"p.{n}": {"title": f"Post {n}", "text": f"{PROSE} {n}"} for n in range(1000)},
        "comments": COMMENTS}})
    assert [row["id"] for row in rows] == [f"p.{n}" for n in range(1000)] + [f"c{n}" for n in range(50)]
    assert counts.written == len(rows) == 1050


def test_a_field_that_is_called_like_an_id_makes_no_record(tmp_path):
    rows, _ = parsed(tmp_path, "export.json", {
        "posts": POSTS, "authors": [{"@key": "joe", "description": "He lives where it rains all day."}]})
    assert len(rows) == len(POSTS)


def test_arrays_behind_the_first_that_hold_no_records(tmp_path):
    rows, counts = parsed(tmp_path, "export.json", {
        "posts": POSTS, "references": [{"url": "https://example.org/n", "description": "The news about all of this."}],
        "authors": [{"name": "Joe", "description": "He lives where it rains all day."}], "more": {"comments": COMMENTS},
        "errors": [{"message": "Try again in an hour, please."}], "tags": ["a tag"]})
    assert counts.read == len(rows) == len(POSTS)
    assert counts.notes == {late_records.NOT_READ: len(COMMENTS)}


def test_only_what_is_named_like_a_title_is_one(tmp_path):
    events = [{"id": f"e{n}", "at": "2031-01-01T00:00:00Z", "by": "joe the poster", "body": PROSE} for n in range(3)]
    rows, _ = parsed(tmp_path, "mixed.jsonl", lines([*POSTS, *events]))
    assert [(row["id"], row["title"], row["text"]) for row in rows[-3:]] == [(f"e{n}", "", PROSE) for n in range(3)]


def test_a_description_does_not_depend_on_what_came_before():
    one, other = late_records.Kinds(), late_records.Kinds()
    trees = [{"id": "1", "body": "x"}, {"id": "2", "body": "a long text, far longer than the title", "name": "y"}]
    assert [one.of(tree).described for tree in trees] == [other.of(tree).described for tree in reversed(trees)][::-1]
    numbers = [{"id": 1, "text": False, "title": PROSE}, {"title": PROSE, "text": 1e16, "id": "1"}]
    assert [one.of(tree) for tree in numbers] == [other.of(tree) for tree in numbers[::-1]][::-1] == [None, None]
    deep = {}
    for _ in range(490):
        deep = {"n": [deep], "text": "x"}
    assert one.of({"deep": deep, "text": PROSE}) is not None
    assert one.of({"id": 1, "count": 2}) is one.of("text") is one.of({}) is None
    assert one.of({f"{n} text": "words" for n in range(late_records.LEAVES)} | {"text": PROSE}) is None


def arrays(trees):
    return json.dumps({"posts": trees[:-50], "comments": trees[-50:]})


@pytest.mark.parametrize("write", [lines, json.dumps, arrays])
def test_the_same_in_pieces(write, tmp_path, monkeypatch):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "a.json").write_text(write([*POSTS, *COMMENTS]))
    monkeypatch.setenv("CYBERSIEVE_PARSE_CACHE", "off")
    monkeypatch.setattr(machine, "cores", lambda: 2)
    results = []
    for size in (pieces.SIZE, 20_000):
        monkeypatch.setattr(pieces, "SIZE", size)
        cut = pieces.of(raw / "a.json", "a.json", SETTINGS)
        counts = parse.parse_folder(raw, tmp_path / "out", SETTINGS, "local")
        results.append((list(records.read(tmp_path / "out" / "a.json.parquet")), counts.tree()))
    assert len(cut) > 2 and results[0] == results[1]
    assert results[0][1]["written"] == 1050


@pytest.mark.parametrize("size", [pieces.SIZE, 20_000])
def test_elements_of_another_name_are_told(size, tmp_path, monkeypatch):
    raw = tmp_path / "raw"
    raw.mkdir()
    flaws = "".join(f"<flaw id='{n}'><text>{PROSE} {n}</text></flaw>" for n in range(1000))
    late_ones = "".join(f"<bug><text>{PROSE} {n}</text></bug>" for n in range(9))
    (raw / "a.xml").write_text(f"<all><list>{flaws}{late_ones}</list><list><bug/>{flaws}</list></all>")
    monkeypatch.setenv("CYBERSIEVE_PARSE_CACHE", "off")
    monkeypatch.setattr(pieces, "SIZE", size)
    counts = parse.parse_folder(raw, tmp_path / "out", SETTINGS, "local")
    assert counts.notes[xml_stream.NOT_READ] == 10
    assert counts.written == 2000


@pytest.mark.parametrize("documents", [3, 1000])
def test_elements_of_documents_in_a_row(documents, tmp_path):
    one = f"<?xml version='1.0'?><list><flaw><title>It leaks</title><text>{PROSE}</text></flaw></list>"
    other = f"<?xml version='1.0'?><list><bug><title>It breaks</title><text>{PROSE}</text></bug></list>"
    rows, counts = parsed(tmp_path, "row.xml", one * documents + other)
    assert len(rows) == documents and counts.notes[xml_stream.NOT_READ] == 1


def test_nothing_is_told_of_what_the_beginning_shows(tmp_path):
    flaws = "".join(f"<flaw><text>{PROSE} {n}</text></flaw><sep/>" for n in range(1000))
    _, counts = parsed(tmp_path, "a.xml", f"<all><head/>{flaws}<foot><a/></foot></all>")
    assert counts.notes == Counter({xml_stream.NOT_READ: 1})


def test_what_was_not_read_is_told(tmp_path, capsys):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.json").write_text(json.dumps({"data": {"posts": POSTS}, "extra": {"notices": COMMENTS}}))
    names = [str(n).translate(str.maketrans("0123456789", "abcdefghij")) for n in range(1000)]
    tags = "".join(f"<{name}><id>{name}</id><title>A {name} b</title><text>{PROSE}</text></{name}>" for name in names)
    (tmp_path / "raw" / "b.xml").write_text(f"<all>{tags}</all>")
    parse.parse_folder(tmp_path / "raw", tmp_path / "out", SETTINGS, "local")
    told = capsys.readouterr().err
    assert f"a.json: {len(COMMENTS)} texts in objects beside" in told and "b.xml: " in told
    assert told.count("(say in parse.sources where its records stand)") == 2


def test_fields_by_attribute_beside_one_without_a_name():
    named = [{"@name": "id", "#text": "1"}, {"@name": "title", "#text": "A title of it"}]
    assert late_records.Kinds().of({"field": ["plain", *named]}) is None
    assert late_records.Kinds().of({"field": ["plain", *named, {"@name": "body", "#text": "Some words"}]}) is not None


@pytest.mark.parametrize("more", [
    lambda n: {f"lib{chr(97 + n // 26)}{chr(97 + n % 26)}": {"description": f"{PROSE} {n}"}},
    lambda n: {"found": {f"2031-01-{n}": {"note": f"{PROSE} {n}", "url": "https://example.org"}}},
    lambda n: {"a{b}\"~": {"x": n}, f"{n}_notes": f"{PROSE} {n}"}])
def test_kinds_that_differ_in_keys_of_their_own_are_described_once(more, monkeypatch):
    described, real = [], late_records.described
    monkeypatch.setattr(late_records, "described", lambda *of: described.append(of) or real(*of))
    kinds = late_records.Kinds()
    for n in range(400):
        source = kinds.of(more(n))
        assert [value for choice in source.text for find, _ in choice for value in find(more(n))] == [f"{PROSE} {n}"]
    assert len(described) == 1 and len(kinds.seen) <= late_records.SHAPES + 1
