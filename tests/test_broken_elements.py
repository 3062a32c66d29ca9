"""XML of which some records are broken, with parse.on_error: skip."""

import gzip
import json
import zipfile
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import broken_elements, encoding, pieces, xml_stream
from cybersieve.errors import InputError
from cybersieve.faults import Parts
from tests.test_broken_lines import check_left_out_as_a_whole, told
from tests.test_parse import GOOD, changed, parsed, write

SOUND = [f"Text number {n} says that a worm spreads over port {n}." for n in range(32)]
WITHIN = {  # stands in a text, and what is said of it
    "R & D": "xmlParseEntityRef: no name", "a&nbsp;b": "Entity 'nbsp' not defined", "1 < 2": "invalid element name",
    "<b>bold": "tag mismatch", "bold</b>": "tag mismatch", "<a x=1/>": "AttValue", '<a x="1" x="2"/>': "redefined",
    "<!-- a -- b -->": "Double hyphen", "<![CDATA[ </item> <item> ]]> & y": "no name", "a ]]> b": "not allowed",
    '<a x="1/>': "", "<item>in an item</item> & y": "no name", "&#xFFFFFFF;": "",
}
ROOTS = {
    "known": lambda texts: "<?xml version='1.0'?>\n<rss><channel><title>News</title>\n" + "\n".join(
        f"<item>\n<title>One</title><description>{text}</description></item>" for text in texts) + "\n</channel></rss>",
    "by shape": lambda texts: "<things>\n" + "".join(
        f"<item n='{n}'><name>One</name><text>{text}</text></item> \n" for n, text in enumerate(texts)) + "</things>\n",
    "prefixed": lambda texts: "<o:all xmlns:o='urn:o' xmlns:p='urn:p'><o:some>" + "".join(
        f"<o:item><p:name>One</p:name><o:text>{text}</o:text></o:item>" for text in texts) + "</o:some></o:all>",
    "declared": lambda texts: "<!DOCTYPE things [<!ENTITY us 'we'>]>\n<things><?by us?><!-- <item> & -->" + "\n".join(
        f"<item><text>{text}</text><by>&us;</by></item>" for text in texts) + "</things>",
    "fragments": lambda texts: "\n".join(f"<item><name>One</name><text>{text}</text></item>" for text in texts),
}
PACKED = {"plain": lambda data: data, "gz": gzip.compress, "utf-16": lambda data: data.decode().encode("utf-16")}


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"


def with_broken(first):
    """Texts, each second broken from the `first` on."""
    broken = {first + 2 * n: fault for n, fault in enumerate(WITHIN)}
    return [f"{text} {broken[n]}" if n in broken else text for n, text in enumerate(SOUND)]


@pytest.mark.parametrize("size", [10**9, 500], ids=["whole", "pieces"])
@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("first", [0, 1, 5], ids=["the first", "the second", "later ones"])
@pytest.mark.parametrize("root", ROOTS)
def test_the_other_records_are_read_where_they_stand(root, first, packed, size, raw, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "SIZE", size)
    texts = with_broken(max(first, root == "fragments"))  # that the first ends shows that they are fragments
    write(raw / "a.xml", PACKED[packed](ROOTS[root](texts).encode()))
    with pytest.raises(InputError, match="a.xml, .*line"):
        parsed(raw, tmp_path / "stopped")
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    broken = [n for n, text in enumerate(texts) if text not in SOUND]
    assert (counts.read, counts.failed) == (len(SOUND), len(WITHIN))
    notes = told(counts)  # those on one line, and of one reason, are one
    assert all(note.startswith("line ") for note in notes)
    assert all(any(words in note for note in notes) for words in WITHIN.values())
    assert root == "prefixed" or [words in note for words, note in zip(WITHIN.values(), notes, strict=True)] == [
        True] * len(WITHIN)
    write(raw / "a.xml", ROOTS[root](SOUND))
    sound = parsed(raw, tmp_path / "sound")[0]["a.xml"]
    assert [{**row, "id": ""} for row in rows["a.xml"]] == [
        {**row, "id": ""} for n, row in enumerate(sound) if n not in broken]


def test_the_line_where_a_broken_record_begins_is_told(raw, tmp_path):
    write(raw / "a.xml", ROOTS["known"]([SOUND[0], "1 < 2", SOUND[1], "R & D", SOUND[2]]))
    counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))[1]
    assert told(counts) == [
        "line 5, not XML: StartTag: invalid element name", "line 9, not XML: xmlParseEntityRef: no name"]


def test_records_that_are_attributes_or_hold_their_own_kind(raw, tmp_path):
    rows = [f'<row Id="{n}" Body="{text} It is &gt; 1 > 0." Title="Question {n}"/>' for n, text in enumerate(SOUND)]
    rows[3], rows[7] = rows[3].replace("&gt;", "&"), rows[7].replace('" Title', " Title")
    write(raw / "Posts.xml", "<posts>\n" + "\n".join(rows) + "\n</posts>")
    nested = [f"<e><e><e/></e><text>{text}</text></e>" for text in SOUND]
    nested[2] = nested[2].replace("<e/>", "<e>&</e>")
    write(raw / "nested.xml", f"<r>{''.join(nested)}</r>")
    found, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (len(found["Posts.xml"]), len(found["nested.xml"]), counts.failed) == (30, 31, 3)
    assert [row["locator"] for row in found["nested.xml"]][1:3] == ["/r/e[2]", "/r/e[4]"]


@pytest.mark.parametrize("text", [
    "<r><e><t>A text of it.</t></e><e><t>Cut of</t", f"<r>{'<e><t>A & B.</t></e>' * 9}<e><t>One.</t></e></r>",
    "<r><e><t>One text.</t></e><e><t>It is R & D.</t><e><t>Another.</t></e></r>", "<e><t>It is R & D.</t></e>",
    "<r>R & D<e><t>One text.</t></e><e><t>Another.</t></e></r>", "<r><e><t>One text.</t></e> & <e><t>It.</t></e></r>",
    "<r><e><t>One text.</t></e><e><t><![CDATA[ R & D</t></e><e><t>Another.</t></e></r>"],
    ids=["cut", "mostly", "not closed", "single", "before", "between", "section"])
def test_what_is_not_within_a_record_leaves_out_the_file(text, raw, tmp_path):
    check_left_out_as_a_whole(text, raw, tmp_path, "a.xml")


@pytest.mark.parametrize(("bound", "broken"), [("BEGIN", 0), ("HEAD", 0), ("", 1)])
def test_what_stands_before_the_first_record_is_bounded(bound, broken, monkeypatch):
    monkeypatch.setattr(broken_elements, "BLOCK", 10)
    monkeypatch.setattr(broken_elements, bound or "MENDED", 100)
    data = ROOTS["known"](["1 < 2", *SOUND]).replace("<rss>", f"<!--{'x' * 200}--><rss>").encode()
    chunks, faults, which = (data[at:at + 10] for at in range(0, len(data), 10)), Parts(), set[int]()
    left = b"".join(broken_elements.emptied(chunks, ["item"], "a", 500, 10**6, faults, which))
    assert faults.count == broken and (left == data) != bool(broken)


def test_members_of_an_archive(raw, tmp_path):
    with zipfile.ZipFile(raw / "a.zip", "w") as archive:
        for name in ("one.xml", "two.xml"):
            archive.writestr(name, ROOTS["by shape"](["1 < 2", *SOUND]))
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (len(rows["a.zip"]), counts.failed) == (64, 2)
    assert told(counts) == [f"{name}.xml, line 2, not XML: StartTag: invalid element name" for name in ("one", "two")]


LISTED = {"list": json.dumps, "lines": lambda strings: "\n".join(map(json.dumps, strings))}


@pytest.mark.parametrize("text", LISTED.values(), ids=LISTED)
def test_strings_of_xml_in_json(text, raw, tmp_path):
    broken, sound = ({"xml_data": ROOTS["by shape"](texts)} for texts in (["1 < 2", *SOUND], SOUND))
    write(raw / "a.json", text([broken, sound, broken]))
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (len(rows["a.json"]), counts.read, counts.failed) == (96, 98, 2)
    assert told(counts) == [f"{place}line 2, not XML: StartTag: invalid element name"
                            for place in ("", "string 3, xml_data, ")]


def test_a_record_beyond_the_limits_leaves_out_the_file(raw, tmp_path):
    text = f"<r><e><t>One text.</t></e><e><t>{'x' * 13_000_000} &</t></e><e><t>Another text.</t></e></r>"
    write(raw / "a.xml", text)
    write(raw / "good.xml", ROOTS["known"](SOUND))
    counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))[1]
    assert counts.written == len(SOUND) and counts.failed == counts.read - len(SOUND)


def test_a_second_document_is_read_as_it_is(raw, tmp_path):
    first, second = ROOTS["known"](["1 < 2", *SOUND]), ROOTS["known"](GOOD[0]["text"].split())
    write(raw / "a.xml", f"{first}\n{second}")
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (counts.failed, len(rows["a.xml"])) == (1, len(SOUND) + len(GOOD[0]["text"].split()))


DAMAGE = st.sampled_from(list("<>&\"'/!-[];= \0")) | st.just("")


@given(st.sampled_from(sorted(ROOTS)), st.integers(0, 19), st.integers(0, 200), DAMAGE, st.booleans(),
       st.sampled_from([1, 7, 300, 10**6]))
def test_whatever_is_damaged_costs_no_other_record(root, which, at, mark, instead, size):
    """The document is read without the damaged record, or as broken."""
    texts = [f"{text} <![CDATA[ <b> ]]> <i>x</i>" for text in SOUND]
    sound = ROOTS[root](texts)
    start = sound.index(texts[which])
    at = start + at % len(texts[which])
    damaged = (sound[:at] + mark + sound[at + instead:]).encode()
    if root == "fragments":
        sound, damaged = f"<all>{sound}</all>", b"<all>%s</all>" % damaged
    want = list(xml_stream.records([sound.encode()], "a", ["item"], Counter()))
    chunks = encoding.fit_for_xml((damaged[at:at + size] for at in range(0, len(damaged), size)), Counter())
    faults, emptied = Parts(), set[int]()
    left = broken_elements.emptied(chunks, ["item"], "a", 500, 10**7, faults, emptied)
    found = []
    try:
        found.extend(xml_stream.records(left, "a", ["item"], Counter()))
    except InputError:
        assert len(found) <= which + 1
        return
    assert faults.count == len(emptied)
    changed_ = len(want) - len(found)  # a section that goes on to the end of the next record's takes it along
    assert changed_ in (0, 1) and found[:which] == want[:which]
    assert [tree for _, tree in found[which + 1:]] == [tree for _, tree in want[which + 1 + changed_:]]
    assert not emptied or (emptied == {which} and not found[which][1])


@given(st.lists(st.sampled_from([SOUND[0], *WITHIN]), min_size=1), st.integers(0, 60))
def test_the_beginning_without_what_is_broken(texts, cut):
    """Can be read, and has each sound text in it."""
    begin = ROOTS["by shape"](texts).encode()
    begin = begin[:len(begin) - cut]
    left = broken_elements.mended(begin)
    sound = texts[:broken_elements.MENDED].count(SOUND[0]) - (cut > 0)
    assert left.count(SOUND[0].encode()) >= sound
    if sum(text in WITHIN for text in texts) < broken_elements.MENDED:
        parser = xml_stream.Document().parser
        parser.feed(left)
