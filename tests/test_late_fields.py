"""Fields that the first 64 kB of a file do not show."""

import csv
import io
import json
from string import ascii_lowercase as LETTERS

import pytest

from cybersieve import late_fields, machine, neutral_keys, params, parse, parse_file, pieces, records
from cybersieve.records import Counts
from tests.conftest import ROOT
from tests.test_late_records import parsed

SETTINGS = params.load(ROOT / "params.yaml").parse
WHAT = "The service reads a path out of the request and opens it without asking whose file it is."
FIX = "Set the root folder of the service, and start it again."
FIRST = [{"id": f"c{n}", "title": f"Check number {n} of the list", "description": f"{WHAT} {n}", "solution": "",
          "withdrawn_at": None} for n in range(600)]


def jsonl(trees):
    return "\n".join(map(json.dumps, trees))


def table(trees):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(key for tree in trees for key in tree)))
    writer.writeheader()
    writer.writerows(trees)
    return out.getvalue()


def xml(trees):
    return "<all>" + "".join("<check>" + "".join(f"<{key}>{value or ''}</{key}>" for key, value in tree.items())
                             + "</check>" for tree in trees) + "</all>"


def last(tmp_path, more, first=FIRST):
    """The row of a record with more fields behind many without them, and what was noted."""
    rows, counts = parsed(tmp_path, "a.jsonl", jsonl([*first, first[0] | {"id": "last"} | more]))
    without, _ = parsed(tmp_path, "b.jsonl", jsonl(first))
    assert [row | {"source": ""} for row in rows[:-1]] == [row | {"source": ""} for row in without]
    return rows[-1], counts.notes


WAYS = [("a.jsonl", jsonl), ("a.json", json.dumps), ("a.csv", table), ("a.xml", xml)]


@pytest.mark.parametrize("name, write", WAYS)
def test_a_text_a_flag_a_status_and_a_date_that_begin_late(name, write, tmp_path):
    late = [tree | {"id": f"l{n}", "solution": f"{FIX} {n}", "published": "2031-01-02"} | more
            for n, (tree, more) in enumerate(zip(FIRST, [{}, {"withdrawn_at": "2031-02-03T04:05:06Z"},
                                                        {"state": "rejected"}], strict=False))]
    rows, counts = parsed(tmp_path, name, write([*FIRST, *late, FIRST[7]]))
    assert [row["text"] for row in rows[-4:-1]] == [f"{WHAT} {n}\n{FIX} {n}" for n in range(3)]
    assert [json.loads(row["meta"]) for row in rows[-4:]] == [
        {"published": "2031-01-02"}, {"status": "withdrawn", "published": "2031-01-02"},
        {"status": "rejected", "published": "2031-01-02"}, {}]
    assert [row["dropped"] for row in rows[-4:]] == [None, "withdrawn", "REJECTED", None]
    assert {row["text"].count("\n") for row in rows[:-4]} == {0} and counts.notes == {}


@pytest.mark.parametrize("more, text", [
    ({"remediation": {"description": FIX}}, f"{WHAT} 0\n{FIX}"),
    ({"remediation": {"rendered": FIX}}, f"{WHAT} 0\n{FIX}"),
    ({"notes": [FIX, "Or do without it."]}, f"{WHAT} 0\n{FIX}\nOr do without it."),
    ({"comments": [{"body": FIX}]}, f"{WHAT} 0\n{FIX}"),
    ({"notes": "12"}, f"{WHAT} 0"),
    ({"notes": "https://example.org/n"}, f"{WHAT} 0"),
    ({"response": "HTTP/1.1 200 OK and so on, and more of it"}, f"{WHAT} 0"),
    ({"author": {"description": FIX}}, f"{WHAT} 0"),
    ({"description_html": f"<p>{WHAT} 0</p>"}, f"{WHAT} 0"),
    ({"license": {"text": FIX}}, f"{WHAT} 0"),
])
def test_what_is_a_text(more, text, tmp_path):
    row, notes = last(tmp_path, more)
    assert (row["text"], row["dropped"], notes) == (text, None, {})


@pytest.mark.parametrize("more", [
    {"withdrawn_at": False}, {"rejected": "the other answer"}, {"removed": 17}, {"parts": [{"status": "rejected"}]},
    {"owner": {"deleted": True}}])
def test_what_is_no_status(more, tmp_path):
    row, _ = last(tmp_path, more)
    assert row["dropped"] is None and "status" not in json.loads(row["meta"])


def test_sentences_under_an_unknown_name_are_told(tmp_path, capsys):
    row, notes = last(tmp_path, {"caveat": f"{WHAT} And so on.", "author_bio": f"{WHAT} And so on."})
    assert row["text"] == f"{WHAT} 0" and notes == {late_fields.NOT_READ: 1}
    (tmp_path / "raw").mkdir()
    (tmp_path / "a.jsonl").rename(tmp_path / "raw" / "a.jsonl")
    parse.parse_folder(tmp_path / "raw", tmp_path / "out", SETTINGS, "local")
    assert f"a.jsonl: 1 {late_fields.NOT_READ}" in capsys.readouterr().err


@pytest.mark.parametrize("said", [f"{WHAT} And so on.", f"<p>{WHAT}</p>\n"])
def test_sentences_beside_titles_alone_are_told(said, tmp_path):
    _, notes = last(tmp_path, {"caveat": said}, [{"id": tree["id"], "title": tree["title"]} for tree in FIRST * 3])
    assert notes == {late_fields.NOT_READ: 1}


def test_what_is_not_counted_is_not_noted(tmp_path):
    assert last(tmp_path, {"author_bio": f"{WHAT} And so on."})[1] == {}


def test_beside_a_text_in_an_object(tmp_path):
    first = [{"id": tree["id"], "data": {"title": tree["title"], "body": tree["description"]}} for tree in FIRST]
    row, _ = last(tmp_path, {"data": {"title": "It", "body": WHAT, "workaround": FIX, "deprecated": True}}, first)
    assert (row["text"], row["dropped"]) == (f"{WHAT}\n{FIX}", "deprecated")


def test_columns_that_bear_their_names_as_attributes(tmp_path):
    def row(tree):
        return "<row>" + "".join(f"<field name='{key}'>{value or ''}</field>" for key, value in tree.items()) + "</row>"
    rows, _ = parsed(tmp_path, "a.xml", f"<all>{''.join(map(row, [*FIRST, FIRST[0] | {'impact': FIX}]))}</all>")
    assert rows[-1]["text"] == f"{WHAT} 0\n{FIX}"


def test_what_a_forum_took_out_is_told_by_nothing_else(tmp_path):
    row, _ = last(tmp_path, {"description": "[removed]", "solution": FIX})
    assert row["text"] == ""


@pytest.mark.parametrize("name, write", [WAYS[0], WAYS[1], WAYS[3]])
def test_the_same_in_pieces(name, write, tmp_path, monkeypatch):
    trees = [tree | ({"solution": f"{FIX} {n}"} if n > 400 and n % 3 else {})
             | ({"state": "rejected"} if n > 500 and n % 5 == 0 else {}) | ({"caveat": WHAT} if n > 500 else {})
             for n, tree in enumerate(FIRST)]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / name).write_text(write(trees))
    monkeypatch.setenv("CYBERSIEVE_PARSE_CACHE", "off")
    monkeypatch.setattr(machine, "cores", lambda: 2)
    results = []
    for size in (pieces.SIZE, 20_000):
        monkeypatch.setattr(pieces, "SIZE", size)
        cut = pieces.of(tmp_path / "raw" / name, name, SETTINGS)
        counts = parse.parse_folder(tmp_path / "raw", tmp_path / "out", SETTINGS, "local")
        results.append((list(records.read(tmp_path / "out" / f"{name}.parquet")), counts.tree()))
    assert len(cut) > 2 and results[0] == results[1]
    assert results[0][1]["dropped"] == {"REJECTED": 19}


def test_many_sets_of_fields_are_not_all_kept(tmp_path):
    (tmp_path / "a.jsonl").write_text(jsonl(FIRST))
    source, _, tree = next(parse_file.trees(tmp_path / "a.jsonl", "a.jsonl", SETTINGS, Counts().notes))
    notes = Counts().notes
    for n in range(late_fields.SETS + 9):
        name = "".join(LETTERS[int(digit)] for digit in str(n))  # which is nothing but a name to it
        wider = late_fields.wider(source, tree | {f"{name} notes": WHAT}, notes)
        assert wider.described["text"] == ["description", f'"{name} notes"']
    assert len(source.shown.sources) == 9
    assert late_fields.wider(source, tree, notes) is None
    found = {}
    source.shown.add_late({f"{n} notes": WHAT for n in range(10 * late_fields.LEAVES)}, (), found)
    assert len(found) == late_fields.LEAVES


def test_keys_of_one_record_each_are_not_looked_at_as_fields(tmp_path, monkeypatch):
    """By dates, say: to describe each set of them anew took ten times as long as the record."""
    seen = []
    real = late_fields.described
    monkeypatch.setattr(late_fields, "described", lambda *what: seen.append(what) or real(*what))
    trees = [tree | {"notes": {f"2031-01-02-{n}": f"{WHAT} And so on.", "by": "Jo"}} for n, tree in enumerate(FIRST)]
    _, counts = parsed(tmp_path, "a.jsonl", jsonl([*trees, FIRST[0] | {f"{WHAT[:20]}{n}": WHAT for n in range(3)}]))
    assert not seen and counts.notes == {late_fields.NOT_READ: 3}


@pytest.mark.parametrize("more", [
    lambda n: {"fixes": {f"package-{n}": {"solution": f"{FIX} {n}", "version": n}}},
    lambda n: {f"fix of {n}": {"solution": f"{FIX} {n}"}},
    lambda n: {"fixes": {f"lib{LETTERS[n // 26]}{LETTERS[n % 26]}": {"solution": f"{FIX} {n}"}}},
    lambda n: {"fixes": {f"{n}-solution": f"{FIX} {n}"}}])
def test_fields_under_keys_of_one_record_each_are_described_once(more, tmp_path, monkeypatch):
    """A description a record made 9 MB take ten seconds."""
    described, real = [], late_fields.described
    monkeypatch.setattr(late_fields, "described", lambda *of: described.append(of) or real(*of))
    late = [FIRST[0] | {"id": f"l{n}"} | more(n) for n in range(600)]
    rows, _ = parsed(tmp_path, "a.jsonl", jsonl([*FIRST, *late]))
    assert [row["text"] for row in rows[len(FIRST):]] == [f"{WHAT} 0\n{FIX} {n}" for n in range(600)]
    assert len(described) < 10


def test_texts_are_told_in_the_order_of_their_own_keys(tmp_path):
    """Also of those of which only some are read."""
    more = {name: {"notes": f"{FIX} {name}"} for name in ("zeta", "Alpha", "notes-7", "solution", "beta", "Impact")}
    row, _ = last(tmp_path, more)
    assert [line.rpartition(" ")[2] for line in row["text"].split("\n")[1:]] == sorted(more)[:5]


@pytest.mark.parametrize("more", [
    {"author": {"solution": FIX}}, {"references": {"solution": FIX}}, {"profile": {"a-1": {"bio": FIX}}}])
def test_keys_that_say_whose_a_field_is_are_minded(more, tmp_path):
    row, _ = last(tmp_path, more)
    assert row["text"] == f"{WHAT} 0"


def test_places_under_keys_that_say_nothing():
    def place(*keys):
        return tuple((key, "", "") for key in keys)

    found = {place("seen", "pkg-7", "solution"): 1, place("seen", "pkg-8", "solution"): 1,
             place("author", "2031", "text"): 0, place("seen", "notes-7"): 1}
    like = neutral_keys.places(found)
    assert len(set(like.values())) == len(found) and list(map(len, like)) == list(map(len, like.values()))
    assert all(one[0][0] == other[0][0] and one[-1][0][:5] == other[-1][0][:5] for one, other in like.items())
    again = neutral_keys.places({tuple((key.replace("7", "12").replace("8", "x"), *more) for key, *more in one): level
                                 for one, level in found.items()})
    assert [*again.values()] == [*like.values()]
