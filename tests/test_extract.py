"""A record out of its tree: status, id and what is set aside."""

from collections import Counter

import pytest

from cybersieve import extract, sources
from cybersieve.folding import INDENT

NO = ["0", "False", "f", "N", "no ", "NULL", "\\N", "0000-00-00 00:00:00", "0.0", "nan", "NaT", "N/A",
      "0001-01-01T00:00:00Z", "1970-01-01", "9999-12-31", "", 0, False, {}]
YES = ["1", "t", "TRUE", "Y", "yes", "2031-01-01", "0001-01-02T00:00:00Z", 1, True, {"by": "joe"}]


@pytest.mark.parametrize(("values", "dropped"), [(NO, None), (YES, "deleted")])
def test_tables_say_yes_and_no_as_text(values, dropped):
    source = sources.compiled({"text": "text", "status": [{"deleted": "gone"}]})
    for value in values:
        row = extract.record(source, {"text": "x", "gone": value}, "f", "1", {"deleted": "deleted"}, 99, Counter())
        assert row.dropped == dropped, value


def test_white_space_around_a_status_does_not_matter():
    source = sources.compiled({"text": "text", "status": ["state", "other"]})
    for value in ["Rejected", " Rejected\n", "\tREJECTED "]:
        tree = {"text": "x", "state": " ", "other": value}
        row = extract.record(source, tree, "f", "1", {"rejected": "rejected"}, 99, Counter())
        assert (row.dropped, row.meta) == ("rejected", {"status": value.strip()})


def test_records_of_another_kind_are_set_aside():
    source = sources.compiled({"text": "x", "only": ["kind ~ ^post$", "x"], "status": "state"})
    trees = [{"kind": "post"}, {"kind": "menu"}, {}, {"kind": "menu", "state": "deleted"}]
    rows = [extract.record(source, {"x": "a", **tree}, "f", "", {"deleted": "deleted"}, 9, Counter()) for tree in trees]
    assert [row.dropped for row in rows] == [None, extract.OTHER, extract.OTHER, "deleted"]


def test_long_texts_are_cut_and_counted():
    source, notes = sources.compiled({"title": "t", "text": "x"}), Counter()
    record = extract.record(source, {"x": "word " * 100}, "f", "", {}, 100, notes)
    assert len(record.text) <= 100 and notes == {"texts cut": 1}
    record = extract.record(source, {"x": "a\0b"}, "f", "", {}, 100, notes)
    assert record.text == "ab" and notes["NUL characters removed"] == 1


@pytest.mark.parametrize(("words", "text", "cut"), [
    ("a" * 10, "a" * 10, 0), ("a" * 11, "a" * 10, 1), ("a" * 41, "a" * 10, 1), ("<i>a</i>" * 5, "aaaaa", 0),
    ("<i>a</i>" * 5 + ".", "aaaaa", 1), (" " * 99 + "a" * 10, "a" * 10, 0)])
def test_a_text_is_cut_where_it_says_more_or_its_markup_is_four_times_as_long(words, text, cut):
    source, notes = sources.compiled({"text": {"html": "x"}}), Counter()
    assert extract.record(source, {"x": words}, "f", "", {}, 10, notes).text == text
    assert notes["texts cut"] == cut
    source = sources.compiled({"text": ["x", "y"]})  # a short text behind it changes nothing
    assert extract.record(source, {"x": "a" * 41, "y": "b"}, "f", "", {}, 10, notes).text == "a" * 10
    assert notes["texts cut"] == cut + 1


@pytest.mark.parametrize(("id", "text", "status"), [
    ("CVE-2031-0001", "** REJECT ** Do not use.", "REJECT"), ("CVE-2031-0001", "** RESERVED ** For later.", "RESERVED"),
    ("CVE-2031-0001", "** REJECTED ** Do not use.", "REJECT"), ("CVE-2031-0001", "Rejected reason: A twin.", "REJECT"),
    ("CVE-2031-0001", "It says ** REJECT ** now.", None), ("post-1", "** REJECT ** Do not use.", None)])
def test_what_stands_in_place_of_a_cves_text_is_its_status(id, text, status):
    source = sources.compiled({"id": "id", "text": {"plain": "x"}})
    row = extract.record(source, {"id": id, "x": text}, "f", "", {"reject": "rejected"}, 99, Counter())
    assert row.meta.get("status") == status and row.dropped == ("rejected" if status == "REJECT" else None)


def test_texts_with_parts_in_objects_are_one_text_where_all_parts_have_words():
    source = sources.compiled({"text": "x"})
    for parts, text in (
            (["see ", {"type": "link", "text": "here"}, "."], "see here."),
            (["one", "two"], "one\ntwo")):
        assert extract.record(source, {"x": parts}, "f", "", {}, 99, Counter()).text == text
    row = extract.record(source, {"x": ["see ", {"type": "image", "file": "a"}, "."]}, "f", "", {}, 99, Counter())
    assert row.text.startswith("see\n")


def test_id_without_upstreams_own_is_a_hash_of_what_is_said():
    source = sources.compiled({"title": "t", "text": "x"})
    ids = [extract.record(source, tree, "f", place, {}, 100, Counter()).id
           for tree, place in (({"x": "a"}, "1"), ({"x": "a"}, "2"), ({"x": "b"}, "1"))]
    assert ids[0] == ids[1] != ids[2] and ids[0].startswith("sha-")
    source = sources.compiled({"title": "t", "text": "x", "meta": {"date": "d"}})
    said, other, silent, later = (extract.record(source, tree, "f", "1", {}, 100, Counter()).id for tree in (
        {"t": "a", "d": "1"}, {"t": "a", "d": "2"}, {"d": "1"}, {"d": "2"}))
    assert said == other and silent != later, "what says nothing is told apart by the rest"


@pytest.mark.parametrize("word", ["None", "null", "N/A", "nan"])
def test_a_word_for_no_id_is_none(word):
    source = sources.compiled({"id": ["cve", "idx"], "text": "x"})
    assert extract.record(source, {"cve": word, "idx": 7, "x": "a"}, "f", "", {}, 9, Counter()).id == "7"
    assert extract.record(source, {"cve": word, "x": "a"}, "f", "", {}, 9, Counter()).id.startswith("sha-")


def test_ids_are_one_line_without_controls():
    source = sources.compiled({"id": ["id"], "text": ["text"]})
    record = extract.record(source, {"id": "A\0 B\x1b[31m\n C", "text": "x"}, "f", "0", {}, 100, Counter())
    assert record.id == "A B[31m C"


@pytest.mark.parametrize(("values", "told"), [
    (["a", "a"], "a"), (["a", ""], "a"), (["b", "a", "b", "", "a"], ["b", "a"]), (["", ""], None),
    ([{"k": "a"}, "a", 1, 2, 1], ["a", 1, 2])])
def test_repeated_metadata_is_told_once(values, told):
    source = sources.compiled({"text": "text", "meta": {"references": "urls"}})
    row = extract.record(source, {"text": "x", "urls": values}, "f", "1", {}, 99, Counter())
    assert row.meta.get("references") == told


def test_a_label_before_nothing_but_the_title_says_nothing():
    source = sources.compiled({"title": "name", "text": ["Also known as: {names}", ["Sold as: {brand}", "note"],
                                                         "{name}"]})
    for names, brand, text in [
            ("Foo", "FOO", "A note\nFoo"), (["foo", "Foo"], "Bar", "Also known as: foo, Foo\nSold as: Bar\nFoo"),
            (["Foo", "Foo"], "", "A note\nFoo"), ("Foo b", "", "Also known as: Foo b\nA note\nFoo")]:
        tree = {"name": "Foo", "names": names, "brand": brand, "note": "A note"}
        assert extract.record(source, tree, "f", "1", {}, 99, Counter()).text == text


def test_how_far_in_code_begins_is_spaces_wherever_it_stands():
    """In XML's trees a mark stands for them."""
    code = f"a\n{INDENT * 2}b"
    source = sources.compiled({"id": "id", "title": "title", "text": "text", "status": "status", "meta": {
        "labels": "labels", "authors": "authors"}})
    record = extract.record(source, {"id": code, "title": code, "text": code, "status": code, "labels": code,
                                     "authors": [{"name": code}]}, "f", "1", {}, 99, Counter())
    assert (record.id, record.title, record.text) == ("a b", "a b", "a\n  b")
    assert INDENT not in str(record.meta) and record.meta.keys() == {"status", "labels", "authors"}
