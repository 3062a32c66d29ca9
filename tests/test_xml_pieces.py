"""Large XML files in pieces: whatever the shape and however small the pieces, the result is that of the whole file."""

from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybersieve import containers, json_cuts, peek, sources, xml_cuts, xml_stream
from tests.test_pieces import SETTINGS, cut, same

WORDS = "An attacker can run code on the server"


def items(count=100, tag="item", inner=""):
    return [f"<{tag}>\n  <guid>G-{n % 90}</guid>\n  <title>Title {n}</title>\n  <description>{WORDS} {n}.</description>"
            f"{inner}\n</{tag}>" for n in range(count)]


def rows(count=100):
    return [f'<row Id="{n}" PostTypeId="1" CreationDate="2031" Score="0" Title="Title {n}" '
            f'Body={quoteattr(f"<p>{WORDS} &gt;<row {n}</p>")} />' for n in range(count)]


def rss(found, more="", between="\n"):
    return (f'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>A feed</title>{more}\n{between.join(found)}\n'
            "<generator>x</generator></channel></rss>\n")


SHAPES = {
    "feed": rss(items()),
    "in a row": rss(items(), between=""),
    "attributes": '<?xml version="1.0" encoding="utf-8"?>\r\n<posts>\r\n  ' + "\r\n  ".join(rows()) + "\r\n</posts>",
    "prefixes": '<x:rss xmlns:x="urn:x" xmlns:y="urn:y"><x:channel>' + "\n".join(items(tag="x:item", inner="<y:z/>"))
                + "</x:channel></x:rss>",
    "by shape": "<report><when>2031</when>" + "".join(
        f"<finding id='F-{n}'><name>Finding {n}</name><detail>{WORDS}</detail></finding>"
        for n in range(99)) + "</report>",
    "entities": '<!DOCTYPE rss [<!ENTITY us "words of ours">]>' + rss(items(inner="<author>&us; &amp; &#233;</author>"))
                .partition("?>")[2],
    "byte-order mark": "\ufeff" + rss(items()),
    "other kinds between": rss(items(50)[:49] + ["<textInput><name>no item</name></textInput>"] + items()[50:]),
}


@pytest.mark.parametrize("size", [1500, 4000])
@pytest.mark.parametrize("shape", SHAPES)
def test_xml_in_pieces_is_xml_as_a_whole(shape, size):
    seen = same(SHAPES[shape], size, name="f.xml")
    assert seen == list(range(len(seen))) and len(seen) > 2


@pytest.mark.parametrize("inner", [
    "<!-- <item>no item</item> <item> -->", "<![CDATA[ <a>x</a> <item>no item</item> ]]>", "<p><item>a part</item></p>",
    "<q>" + WORDS + "</q><?pi <item> > <item>?>"])
@pytest.mark.parametrize("window", [60, 1000])
def test_what_looks_like_a_record_is_none(inner, window):
    same(rss(items(60, inner=inner)), 700, name="f.xml", window=window)


@pytest.mark.parametrize("text", [
    rss(items(60)) + rss(items(60)), rss(["<group>" + "".join(items(9)) + "</group>"] * 9 + items(30)),
    '<r><a xmlns:y="urn:y">' + "".join(items(30, inner="<y:z>1</y:z>")) + '</a><a xmlns:y="urn:q">'
    + "".join(items(30, inner="<y:z>2</y:z>")) + "</a></r>",
    rss(items(40) + ["<!-- " + "".join(items(40)) + " -->"] + items(3)), "<item>" + "".join(items(60)) + "</item>",
    rss(items(60)) + "<html><body>Error 500</body></html>", rss(items(60))[:-30], rss([*items(60), "<item><a></item>"]),
    rss([*items(50), "<item>&nosuch;</item>", *items(20)]), "<item><title>One</title></item>" * 60,
    rss([*items(50), "<item>\x01</item>", *items(20)])], ids=range(11))
@pytest.mark.parametrize("size", [300, 1500])
def test_where_cuts_are_guessed_wrong_the_whole_file_is_parsed(text, size):
    same(text, size, name="f.xml")


def test_records_of_several_names_are_counted_apart():
    two = sources.compiled({"name": "two", "records": ["vuln", "fix"], "id": ["@id"], "text": ["words"]})
    text = "<list>" + "\n".join(f"<{'fix' if n % 3 else 'vuln'} id='V-{n}'><words>{WORDS}</words></"
                                f"{'fix' if n % 3 else 'vuln'}>" for n in range(90)) + "</list>"
    own = [{"name": "two", "file": "f.xml", "records": ["vuln", "fix"], "id": ["@id"], "text": ["words"]}]
    seen = same(text, 1000, name="f.xml", settings=replace(SETTINGS, sources=own))
    assert two.records == ["vuln", "fix"] and seen == list(range(len(seen))) and len(seen) > 3


def test_bytes_that_are_repaired_are_counted_alike(monkeypatch):
    monkeypatch.setattr(peek, "FIRST", 1500)
    data = rss(items()).encode()
    for wrong in (b"Title \xff7", b"Title &#1;7", b"Title \x017"):
        seen = same(data[:2000] + data[2000:].replace(b"Title 7", wrong), 2000, name="f.xml")
        assert seen == list(range(len(seen))) and len(seen) > 3


def findings(count, more=""):
    return [f"<finding id='F-{n}'><name>Finding {n}</name><detail>{WORDS}</detail>{more}</finding>"
            for n in range(count)]


def test_what_stands_beside_the_records_is_told_of_every_piece(monkeypatch):
    monkeypatch.setattr(peek, "FIRST", 1500)
    bugs = [f"<bug><name>Bug {n}</name><detail>{WORDS}</detail></bug>" for n in range(5)]
    text = "<report>" + "\n".join([*findings(20), *bugs, *findings(40)]) + "</report>"
    seen = same(text, 1500, name="f.xml")
    assert seen == list(range(len(seen))) and len(seen) > 3
    assert cut(text, 1500, name="f.xml")[1]["notes"][xml_stream.NOT_READ] == len(bugs)


@pytest.mark.parametrize("chunk", [2, containers.CHUNK])
def test_an_element_behind_the_first_knows_its_own_prefixes_alone(chunk, monkeypatch):
    monkeypatch.setattr(containers, "CHUNK", chunk)
    known = "".join(findings(14, "<y:z>1</y:z>"))
    for other in ("", " xmlns:y='urn:q'"):
        text = f"<r><a xmlns:y='urn:y'>{known}</a><a{other}>{known}</a></r>"
        assert same(text, 900, name="f.xml")[-1] == "whole"


WORD = st.text(st.sampled_from("ab<>&]!-[\"' \né"), max_size=12)


@settings(max_examples=60)
@given(found=st.lists(st.tuples(st.sampled_from(["text", "cdata", "comment", "nested", "tail"]), WORD), min_size=2,
                      max_size=14), size=st.integers(60, 900), window=st.integers(20, 2000))
def test_any_records_in_pieces_of_any_size(found, size, window):
    ways = {"text": lambda word: f"<d>{escape(word)}</d>", "tail": lambda word: f"<d/>{escape(word)}",
            "cdata": lambda word: "<![CDATA[" + word.replace("]]>", "") + "><item>]]>",
            "comment": lambda word: "<!--" + word.replace("-", "") + "><item>-->",
            "nested": lambda word: f"<item>{escape(word)}</item>"}
    text = rss([f"<item><title>T {n}</title><description>{WORDS}</description>{ways[way](word)}</item>"
                for n, (way, word) in enumerate(found)])
    same(text, size, name="f.xml", window=window)


@pytest.mark.parametrize(("text", "size"), [
    ("<r><a b='<'/></r>", 0), ("<r></x>", 0), ("<item/>", 0), ("<r><b/>", 0), ("", 0), ("<r>\n<x:item>", 4)])
def test_a_head_ends_where_the_first_record_begins(text, size):
    head = xml_cuts.head(text.encode(), ["item"])
    assert (head.size if head else 0) == size
    assert not head or (head.tag, head.closing) == (b"x:item", b"</r>")


def test_windows_grow_up_to_a_record(tmp_path, monkeypatch):
    monkeypatch.setattr(json_cuts, "WINDOW", 10)
    path, head = tmp_path / "f.xml", xml_cuts.Head(3, b"item", (b"r",))
    path.write_bytes(b"<r><item>" + b"x" * 500 + b"</item>\n <items/><item/></r>")
    with path.open("rb") as file:
        assert xml_cuts.records(head, file, 5, 10_000) == (526, 526)
        assert xml_cuts.records(head, file, 5, 100) is None
