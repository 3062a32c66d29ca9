"""A first record that is longer than what is looked at: it is one, whatever stands in it."""

import json
from collections import Counter

import pytest

from cybersieve import params, parse_file, peek, pieces, recognise
from cybersieve.records import Counts
from tests.conftest import ROOT

SETTINGS = params.load(ROOT / "params.yaml").parse
PROSE = "We unpacked it by hand and looked at what it calls, and this is what we found in there."


def parsed(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    return list(parse_file.rows(parse_file.trees(tmp_path / name, name, SETTINGS, Counter()), name, SETTINGS, Counts()))


def topic(number, replies):
    return {"id": f"T-{number}", "title": f"Topic {number} of it", "body": f"{PROSE} {number}",
            "replies": [{"by": "ann", "text": f"{PROSE} {number}.{n}"} for n in range(replies)]}


TOPICS = [topic(0, 900), *(topic(n, 2) for n in range(1, 5))]
assert len(json.dumps(TOPICS[0])) > 64_000


def keyed(topics):
    return {topic["id"]: {key: value for key, value in topic.items() if key != "id"} for topic in topics}


def element(tree):
    inner = "".join(f"<reply>{reply['text']}</reply>" for reply in tree["replies"])
    return f"<topic id='{tree['id']}'><title>{tree['title']}</title><body>{tree['body']}</body>{inner}</topic>"


SHAPES = {
    "lines": lambda topics: "\n".join(map(json.dumps, topics)),
    "keys in order": lambda topics: "\n".join(json.dumps(t | {"a": t["replies"]}, sort_keys=True) for t in topics),
    "in a row": lambda topics: "".join(json.dumps(topic, indent=1) for topic in topics),
    "by key": lambda topics: json.dumps(keyed(topics)),
    "by key in a room": lambda topics: json.dumps({"data": keyed(topics), "total": 5}),
    "elements": lambda topics: f"<all>{''.join(map(element, topics))}</all>",
    "elements in a room": lambda topics: f"<all><n>5</n><room>{''.join(map(element, topics))}</room></all>",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_its_parts_are_not_taken_for_the_records(shape, tmp_path):
    def told(topics):
        return sorted((row["id"], row["title"], row["text"]) for row in parsed(tmp_path, "dump", SHAPES[shape](topics)))
    assert [row[:2] for row in told(TOPICS)] == [(tree["id"], tree["title"]) for tree in TOPICS]
    assert told(TOPICS) == told(TOPICS[::-1])


def test_it_may_be_longer_than_xml_and_arrays_are_looked_at(tmp_path):
    pages = [{"id": f"R-{n}", "title": f"Report {n} of it", "text": PROSE, "pages": [PROSE] * (5 if n else 50_000)}
             for n in range(3)]
    rows = parsed(tmp_path, "long.jsonl", "\n".join(map(json.dumps, pages)))
    assert [row["id"] for row in rows] == ["R-0", "R-1", "R-2"]


def test_a_long_document_with_a_title_and_a_text_of_its_own_is_one_record(tmp_path):
    row, = parsed(tmp_path, "one.json", json.dumps(TOPICS[0]))
    assert (row["id"], row["title"]) == ("T-0", TOPICS[0]["title"])


@pytest.mark.parametrize("document", [
    {"title": "What was found", "entries": [topic(n, 2) for n in range(500)]},
    {"made": "2031-01-02", "data": {"found": [topic(n, 2) for n in range(500)]}, "n": 1},
])
def test_a_long_feed_is_a_feed(document, tmp_path):
    assert len(parsed(tmp_path, "feed.json", json.dumps(document))) == 500


def test_a_long_feed_is_looked_at_once(tmp_path, monkeypatch):
    real, seen = recognise.source_of, []
    monkeypatch.setattr(recognise, "source_of", lambda kind, begin, *more: seen.append(len(begin)) or real(
        kind, begin, *more))
    assert parsed(tmp_path, "feed.json", json.dumps({"made": 1, "found": [topic(n, 2) for n in range(500)]}))
    assert seen == [64_000]


@pytest.mark.parametrize("shape", ["lines", "by key", "elements"])
def test_a_large_file_is_cut_as_what_it_is(shape, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "SIZE", 20_000)
    (tmp_path / "dump").write_text(SHAPES[shape](TOPICS))
    assert len(pieces.of(tmp_path / "dump", "dump", SETTINGS)) == 1


def test_what_a_large_file_is_shows_behind_a_record_as_long_as_one_may_be(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "SIZE", 100_000)
    (tmp_path / "dump").write_text(SHAPES["lines"]([topic(0, 36_000), topic(1, 2)]))
    assert (tmp_path / "dump").stat().st_size > peek.MOST and len(pieces.of(tmp_path / "dump", "dump", SETTINGS)) == 1


@pytest.mark.parametrize("shape", ["lines", "array", "feed"])
def test_what_the_window_does_not_show_of_the_first_record_is_read(shape, tmp_path):
    """One whose text is long shows but its title, and what stands before; the others had none then."""
    posts = [{"id": f"P-{n}", "title": f"Post {n} of it", "body_html": f"<p>{PROSE} {n}</p>" * (1000 if n == 0 else 1),
              "remedy": f"{PROSE} Against {n}."} for n in range(5)]
    content = {"lines": "\n".join(map(json.dumps, posts)), "array": json.dumps(posts),
               "feed": json.dumps({"made": 1, "posts": posts})}[shape]
    rows = parsed(tmp_path, "dump", content)
    assert [(row["title"], row["text"]) for row in rows[1:]] == [
        (f"Post {n} of it", f"{PROSE} {n}\n{PROSE} Against {n}.") for n in range(1, 5)]


def test_a_known_feed_is_known_by_its_first_item_however_long(tmp_path, monkeypatch):
    """Of a first one that is longer than the window, only the descriptions were seen: its, and the feed's."""
    items = "".join(f"<item><title>Post {n}</title><link>https://a.example/{n}</link><description>"
                    f"{f'{PROSE} {n} ' * (1000 if n == 0 else 1)}</description></item>" for n in range(4))
    feed = ("<rss version='2.0'><channel><title>A feed</title><link>https://a.example</link>"
            f"<description>What we found</description>{items}</channel></rss>")
    assert [row["title"] for row in parsed(tmp_path, "feed.xml", feed)] == [f"Post {n}" for n in range(4)]
    monkeypatch.setattr(pieces, "SIZE", 20_000)
    assert len(pieces.of(tmp_path / "feed.xml", "feed.xml", SETTINGS)) == 1


def said(number, size):
    return {f"CVE-2031-{number}{n:04}": {"description": f"{PROSE} Number {n} of {number}."} for n in range(size)}


@pytest.mark.parametrize(("shape", "room"), [
    ("maps", said), ("arrays", lambda number, size: {"found": [
        {"id": key, **tree} for key, tree in said(number, size).items()], "extractors": {"file": ["a.js"]}})])
@pytest.mark.parametrize("sizes", [(700, 2, 3), (300, 300, 300)])
def test_rooms_of_one_kind_of_which_the_beginning_shows_one_or_two(shape, room, sizes, tmp_path):
    """Of packages and their advisories those were read that the first 64 kB show."""
    document = json.dumps({f"package-{n}": room(n, size) for n, size in enumerate(sizes)})
    rows = parsed(tmp_path, "dump.json", document)
    assert [row["id"] for row in rows] == [key for n, size in enumerate(sizes) for key in said(n, size)]


@pytest.mark.parametrize("sizes", [(700, 2, 3), (300, 300, 300), (150, 150, 150)])
@pytest.mark.parametrize("more", [{}, {"meta": {"made": "2031-01-01", "tool": "x"}}])
def test_the_same_in_a_wrapper(more, sizes, tmp_path):
    document = json.dumps(more | {"data": {f"package-{n}": said(n, size) for n, size in enumerate(sizes)}})
    rows = parsed(tmp_path, "dump.json", document)
    assert [row["id"] for row in rows] == [key for n, size in enumerate(sizes) for key in said(n, size)]


@pytest.mark.parametrize(("size", "wrap"), [
    (3, lambda tree: tree), (3, lambda tree: {"data": tree}), (700, lambda tree: {"data": tree})])
def test_maps_of_two_kinds_are_no_rooms_of_one(size, wrap, tmp_path):
    products = {f"p-{n}": {"name": f"Panel {n}", "vendor": "Acme Inc", "cpe": "x"} for n in range(size)}
    document = json.dumps(wrap({"products": products, "vulnerabilities": said(1, size)}))
    assert [row["id"] for row in parsed(tmp_path, "dump.json", document)] == list(said(1, size))


def test_an_object_of_another_kind_behind_a_long_one_is_no_room_of_records(tmp_path):
    shapes = {f"Shape{n}": {"type": "string", "members": [n], "documentation": PROSE} for n in range(20)}
    operations = {f"Get{n}": {"name": f"Get{n}", "input": n, "output": n, "http": {"method": "GET"},
                              "documentation": f"{PROSE} {n}"} for n in range(600)}
    document = json.dumps({"operations": operations, "shapes": shapes})
    assert len(parsed(tmp_path, "api.json", document)) == 600


def test_records_of_nothing_but_a_title_in_further_arrays_are_read(tmp_path):
    arrays = {f"vendor/package-{n}": [{"advisoryId": f"A-{n}-{m}", "title": f"Headers of {n} run code, in {m} ways"}
                                      for m in range(400)] for n in range(6)}
    rows = parsed(tmp_path, "dump.json", json.dumps({"advisories": arrays, "tags": [{"title": "Some words"}]}))
    assert [row["id"] for row in rows] == [item["advisoryId"] for items in arrays.values() for item in items]
