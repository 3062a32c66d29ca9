"""XML as a stream: the same trees as from a full parse, constant memory, and nothing fetched or unfolded."""

import os
import re
import time
import tracemalloc
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from cybersieve import fields, xml_documents, xml_stream, xml_tree
from cybersieve.errors import InputError
from cybersieve.folding import INDENT

WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, blacklist_categories=("Cs", "Cn", "Co")),
                max_size=15)
NAMES = st.sampled_from(["a", "b", "rec", "p"])


def chunks(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def read(data, *names, size=1 << 18, **bounds):
    notes = Counter()
    return list(xml_stream.records(chunks(data, size), "f.xml", list(names), notes, **bounds))


def element(tree):
    """An element from (name, attributes, text, children)."""
    name, attributes, words, children = tree
    inner = "".join(map(element, children))
    return (f"<{name}{''.join(f' {key}={quoteattr(value)}' for key, value in attributes.items())}>"
            f"{escape(words)}{inner}</{name}>")


ELEMENTS = st.recursive(st.tuples(NAMES, st.dictionaries(NAMES, WORDS, max_size=2), WORDS, st.just([])),
                        lambda inner: st.tuples(NAMES, st.dictionaries(NAMES, WORDS, max_size=2), WORDS,
                                                st.lists(inner, max_size=3)), max_leaves=8)


@settings(max_examples=150)
@given(trees=st.lists(ELEMENTS, max_size=5), size=st.sampled_from([1, 3, 17, 1 << 18]))
def test_agrees_with_a_full_parse(trees, size):
    data = f"<top xmlns='urn:x'>{''.join(map(element, trees))}</top>".encode()
    outermost = [node for node in etree.fromstring(data).iter("{urn:x}rec")
                 if not any(xml_tree.local(above.tag) == "rec" for above in node.iterancestors())]
    expected = [xml_tree.tree(node) for node in outermost]
    assert [tree for _, tree in read(data, "rec", size=size)] == expected


NOISE = st.sampled_from(["", "", "<?pi x?>", xml_stream.MARKED, "<!-- c -->", "<![CDATA[<i>&</i>]]>", "words", " \n  "])


@settings(max_examples=150)
@given(parts=st.lists(st.tuples(NOISE, ELEMENTS, NOISE), max_size=4), within=st.lists(NOISE, max_size=4),
       before=NOISE.filter(lambda noise: noise[:2] in ("", "<?", "<!", " \n") and "CDATA" not in noise),
       size=st.sampled_from([1, 3, 17, 1 << 18]))
def test_instructions_and_comments_are_no_part_of_a_record(parts, within, before, size):
    data = "".join(f"{left}{element(tree)}<rec>{''.join(within)}</rec>{right}" for left, tree, right in parts)
    data = f"<?xml version='1.0'?>{before}<top>{data}</top>{before}".encode()
    parser = etree.XMLParser(**xml_stream.SAFE)
    outermost = [node for node in etree.fromstring(data, parser).iter("rec")
                 if not any(above.tag == "rec" for above in node.iterancestors())]
    assert [tree for _, tree in read(data, "rec", size=size)] == [xml_tree.tree(node) for node in outermost]


@pytest.mark.parametrize("size", [1, 40, 1 << 18])
def test_lines_are_those_of_the_whole_document_however_it_is_read(size):
    """A record's own lines are told by what stands before it, which may be gone."""
    inner = "<![CDATA[<i>a</i>]]>\n  <![CDATA[<i>b</i>]]>"
    data = f"<top>\n <rec>{inner}</rec><rec>{inner}</rec>\n <rec>{inner}</rec></top>".encode()
    whole = [xml_tree.tree(node) for node in etree.fromstring(data)]
    assert len(set(whole)) == 2
    assert [tree for _, tree in read(data, "rec", size=size)] == whole


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 18])
@pytest.mark.parametrize("declared", [b"", b"<?xml version='1.0' encoding='latin-1'?>", b"\xef\xbb\xbf",
                                      b"\xef\xbb\xbf<?xml\nversion='1.0'?>\n", b"\n <!-- c --><?xml-stylesheet a?>",
                                      b"<?xmlish?>", b"<!DOCTYPE top [<?pi?>]>"])
def test_whatever_stands_before_the_first_element(declared, size):
    assert read(declared + b"<top><rec>1</rec></top>", "rec", size=size) == [("/top/rec[1]", "1")]


@pytest.mark.parametrize("data", [
    b"<top><rec>1</top>", b"<?xml version='1.0'?>\n<top><rec>1</top>", b"<?xml version=1?><top/>",
    b"\n\n<?xml version='1.0'?><top/>", b"<top>\n<rec>1</top>", b"<top/>\n<top/>", b"<top>\n"])
def test_a_fault_is_where_libxml2_tells(data):
    with pytest.raises(etree.XMLSyntaxError) as told:
        etree.fromstring(data)
    line, column = told.value.position
    with pytest.raises(InputError, match=rf"line {line}, column {column}: not XML: {re.escape(told.value.msg[:20])}"):
        read(data, "rec")


def test_instructions_outside_of_the_element_are_bounded():
    with pytest.raises(InputError, match="more than 5000 processing instructions"):
        read(b"<top/>" + b"<?a?>" * 100_000, "rec", size=1 << 12)


@pytest.mark.parametrize("size", [1, 5, 1 << 18])
@pytest.mark.parametrize(("inner", "expected"), [
    (b"<![CDATA[</top>\n<?xml version='1.0'?>]]>", "</top>\n<?xml version='1.0'?>"),
    (b"a<!-- </top>\n<?xml version='1.0'?> -->b", "ab"),
    (b"<b/>c<![CDATA[</top> <!DOCTYPE a>]]>", "c</top> <!DOCTYPE a>"),
])
def test_what_only_looks_like_the_end_of_a_document_stays_as_it_is(inner, expected, size):
    state = xml_stream.State()
    data = b"<top><rec>" + inner + b"</rec><rec>2<?pi?></rec></top>"
    found = [list(xml_stream.records(part, "f", ["rec"], Counter(), state=state))
             for part in xml_documents.split(iter(chunks(data, size)), state.ended)]
    assert found == [[("/top/rec[1]", expected), ("/top/rec[2]", "2")]]


PATHS = ["a", "@a", "a.b", "a.@b", "b.rec.q", "rec[-1].a", "rec.b", "a.#text", "q[@a=x|*].b", "a.*", "{@b}: {a.q}",
         "b.b"]


@settings(max_examples=150)
@given(tree=ELEMENTS, paths=st.lists(st.sampled_from(PATHS), min_size=1, max_size=4))
def test_what_is_planned_is_found_as_in_the_whole(tree, paths):
    def plain(tree):  # without text between elements: or blocks: where a plan looks for these, no text is put together
        name, attributes, words, children = tree
        return name.replace("p", "q"), attributes, "" if children else words, list(map(plain, children))
    node = etree.fromstring(element(plain(tree)))
    whole, planned = xml_tree.tree(node), xml_tree.tree(node, xml_tree.Plan.of(fields.wanted(paths)))
    for path in paths:
        assert fields.values(path)(planned) == fields.values(path)(whole), path


@pytest.mark.parametrize(("inner", "expected"), [
    ("", ""),
    (" text ", "text"),
    ("<b>1</b><b>2</b><c/>", {"b": ["1", "2"], "c": ""}),
    ("<b x='1'>t</b>", {"b": {"@x": "1", "#text": "t"}}),
    ("<b x='1'/>", {"b": {"@x": "1"}}),
    ("one <i>two</i> three<p>four</p>", "one two three\nfour"),
    ("<d xmlns:x='http://www.w3.org/1999/xhtml'><x:p>a</x:p><x:p>b</x:p></d>", {"d": "a\n\nb"}),
    ("<![CDATA[<p>raw</p>]]>", "<p>raw</p>"),
    ("<!-- no -->a<?pi no?>b", "ab"),
    ("Do:<step>open <b>it</b></step><step>go</step>done", "Do:\nopen it\n\ngo\ndone"),
    ("Type <cmd>ls</cmd> on the <item>Start</item>, then go.", "Type ls on the Start, then go."),
    ("Run<programlisting>a {\n  b\n}</programlisting>", f"Run\na {{\n{2 * INDENT}b\n}}"),
    ("not\n      wrapped\nat all", "not\n      wrapped\nat all"),
    ("&lt;script&gt;", "<script>"),
    ("Press <keyseq><key>Ctrl</key><key>L</key></keyseq> in <guimenu>File</guimenu><guimenuitem>Save</guimenuitem>",
     "Press Ctrl+L in File > Save"),
    ("the <key>A</key> <key>B</key> and <b>the</b><key>C</key>", "the A B and theC"),
    ("<p>2<sup>8</sup> or <i>n</i><superscript>2</superscript></p>", "2^8 or n^2"),
    ("<p>a</p><pre>b\n  c</pre><p>d</p><ul><li>e</li><li>f</li></ul>", "a\nb\n  c\nd\ne\n\nf"),
    ("<id>7</id><para>a</para><orderedlist><listitem><para>b</para></listitem></orderedlist><para>c</para><tag>d</tag>",
     {"id": "7", "#text": "a\nb\nc", "tag": "d"}),
    ("<b x='1'><p>one\ntwo</p></b>", {"b": {"@x": "1", "#text": "one\ntwo"}}),
    ("<title>t</title><para>a</para><section><title>u</title><screen>b\n  c</screen></section>",
     {"title": "t", "#text": f"a\nu\n\nb\n{2 * INDENT}c"}),
    ("<t>a</t><list><t>b</t></list>", "a\nb"),
    ("<section><t>a</t><t>b</t></section>", {"section": "a\nb"}),
    ("<Paragraph preformat='true'>a\n  b</Paragraph><Paragraph>c</Paragraph>", "a\n  b\nc"),
    ("<t>5</t><v>6</v>", {"t": "5", "v": "6"}),  # no blocks of a text
    ("<title>a</title><summary>b</summary><body>c</body>", {"title": "a", "summary": "b", "body": "c"}),
    ("<para text='a'/><para text='b'/>", {"para": [{"@text": "a"}, {"@text": "b"}]}),
])
def test_trees(inner, expected):
    assert read(f"<top><rec>{inner}</rec></top>".encode(), "rec") == [("/top/rec[1]", expected)]


@pytest.mark.parametrize("size", [1, 3, 17, 1 << 18])
def test_elements_of_any_name_by_their_depth(size):
    data = b"<top><a>1</a><b x='2'><c>3</c><?pi?><d/></b> <!-- no --><a>4<d>5</d></a></top>"
    assert read(data, "*", size=size) == [("/top/a", {"@key": "a", "#text": "1"}),
                                          ("/top/b", {"@key": "b", "@x": "2", "c": "3", "d": ""}),
                                          ("/top/a", {"@key": "a", "#text": "45"})]
    assert [locator for locator, _ in read(data, "*.*", size=size)] == ["/top/b/c", "/top/b/d", "/top/a/d"]


def test_locators_namespaces_and_several_names():
    data = (b"<n:top xmlns:n='urn:n'><g><rec>1</rec><n:rec>2</n:rec></g><g><row a='3'/></g>"
            b"<rec>4<rec>inner</rec></rec></n:top>")
    assert read(data, "rec", "row") == [("/top/g/rec[1]", "1"), ("/top/g/rec[2]", "2"), ("/top/g/row[1]", {"@a": "3"}),
                                        ("/top/rec[3]", "4inner")]
    assert read(b"<rec><a>1</a></rec>", "rec") == [("/rec[1]", {"a": "1"})]


@pytest.mark.parametrize(("data", "message"), [
    (b"<top><rec>", "line 1, column 11: not XML"),
    (b"<top>\n<rec>1</rec>\n</pot>", "line 3, column 7: not XML"),
    (b"<top><rec>1</rec></top>garbage", "not XML"),
    (b"<top><rec>&nbsp;</rec></top>", "Entity 'nbsp' not defined"),
    (b"<top>\0</top>", "not XML"),
    (b"<top a='1' a='2'/>", "not XML: Attribute a redefined"),
    (b"", "not XML: no element found"),
    (b"<!-- only a comment -->", "not XML"),
    (b"<a>" * 100_000, "not XML: Excessive depth"),
    (b"<top>" + b"<rec>" * 100 + b"</rec>" * 100 + b"</top>", "nested deeper than 50"),
    (b"<top><rec>" + b"x" * 20_000_000 + b"</rec></top>", "more than 1 MB"),
    (b"<top><rec>" + b"<a/>" * 500_000, "more than (1 MB|200000 elements)"),
    (b"<top>" + b"x" * 20_000_000 + b"</top>", "not XML"),
    (b"<top><rec a='" + b"x" * 20_000_000 + b"'/></top>", "not XML|more than 1 MB"),
    (b"<top>\n" + b"<a b='" + b"x" * 20_000_000 + b"'/></top>", "near byte .*a tag or text of more than 10 MB"),
    (b"<top><rec " + b" ".join(b"a%d='%d'" % (n, n) for n in range(200_000)) + b"/></top>",
     "more than 100000 attributes"),
    (b"<top>" + b"".join(b"<a%d b%d=''/>" % (n, n) for n in range(1_000_000)) + b"</top>",
     "more than 5000 different names"),
    (b"<top>" + b"".join(b"<rec><a%d/></rec>" % n for n in range(1_000_000)) + b"</top>",
     "more than 5000 different names"),
    (b"<!DOCTYPE top [" + b"<!ENTITY a 'x'>" * 2_000_000, "no element in its first 16 MB|not XML"),
])
def test_broken(data, message):
    with pytest.raises(InputError, match=message):
        read(data, "rec", size=1 << 16, max_bytes=1_000_000, max_depth=50)


def test_one_record_has_not_as_many_attributes_as_it_likes():
    with pytest.raises(InputError, match="more than 200000 attributes"):
        read(b"<top><rec>" + b"<a b='1' c='2'/>" * 120_000 + b"</rec></top>", "rec", size=1 << 16, max_bytes=12_000_000)
    text = b"<a>" + b"n = 1; " * 400_000 + b"</a>"
    assert len(read(b"<top><rec>" + text + b"</rec></top>", "rec", size=1 << 16, max_bytes=12_000_000)) == 1


def test_what_one_record_may_take_is_not_counted_over_all_of_them():
    record = b"<rec>" + b"<a>word</a>" * 2000 + b"</rec>"  # every chunk ends inside one
    assert len(read(b"<top>" + record * 300 + b"</top>", "rec", size=1 << 14, max_bytes=1_000_000)) == 300


def test_entities_of_the_document_are_left_unexpanded():
    data = b"<!DOCTYPE t [<!ENTITY a 'secret'>]><t><rec>x &a; y</rec></t>"
    assert "secret" not in str(read(data, "rec"))


def test_entities_with_names_of_htmls():
    data = b"<!DOCTYPE t SYSTEM 'x' [<!ENTITY prod 'Foo'><!ENTITY reg '&#174;'><!ENTITY x SYSTEM 'x'>]>" \
        b"<t><rec>1 &prod; 2 &reg; 3 &copy; 4 &x;</rec></t>"
    assert read(data, "rec") == [("/t/rec[1]", "1 prod 2 \u00ae 3 \u00a9 4 &x;")]


def test_entity_bombs_cost_nothing():
    levels = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 12))
    declared = f"<!DOCTYPE t [<!ENTITY e0 'xxxxxxxxxx'>{levels}]>"
    tracemalloc.start()
    began = time.process_time()
    for bomb in ("<t><rec>&e11;</rec></t>", "<t><rec a='&e11;'/></t>"):
        with pytest.raises(InputError, match="entity amplification"):
            read(f"{declared}{bomb}".encode(), "rec")
    assert tracemalloc.get_traced_memory()[1] < 5e6 and time.process_time() - began < 2
    tracemalloc.stop()


def test_nothing_outside_is_read(tmp_path, monkeypatch):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    (tmp_path / "evil.dtd").write_text("<!ENTITY leaked 'SECRET'>")
    opened = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: (opened.append(path), real(path, *rest))[1])
    for declared in (f"<!ENTITY x SYSTEM 'file://{secret}'>", f"<!ENTITY % d SYSTEM '{tmp_path}/evil.dtd'> %d;",
                     "<!ENTITY x SYSTEM 'http://127.0.0.1:9/x'>"):
        try:
            found = str(read(f"<!DOCTYPE t [{declared}]><t><rec>a &x; &leaked;</rec></t>".encode(), "rec"))
        except InputError as error:
            found = str(error)
        assert "SECRET" not in found
    found = read(f"<!DOCTYPE t SYSTEM '{tmp_path}/evil.dtd'><t><rec>b</rec></t>".encode(), "rec")
    assert found == [("/t/rec[1]", "b")]
    assert not [path for path in opened if str(tmp_path) in str(path)]


def _stream(head, middle, times, tail):
    yield head
    for _ in range(times):
        yield middle
    yield tail


@pytest.mark.parametrize(("middle", "name"), [
    (b"<rec><a>text</a><b x='1'/></rec>" * 3000, "rec"), (b"<junk><a>text</a>" b"<b x='1'/></junk>" * 3000, "rec")])
def test_memory_is_constant_whatever_passes(middle, name):
    """libxml2's memory is not Python's: the process's own is what counts."""
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if not Path("/proc/self/statm").exists():
        pytest.skip("no /proc on this system")
    def run(times):
        for _ in xml_stream.records(_stream(b"<top><list>", middle, times, b"</list></top>"), "f", [name], Counter()):
            pass
    run(5)
    before = resident()
    run(40)
    assert resident() - before < 4e6


@pytest.mark.parametrize(("inner", "expected"), [
    ("one\n    two\n    three", "one two three"),
    ("one \n\ttwo \n\tthree", "one two three"),
    ("\n    one\n    two\n  ", "one two"),
    ("\n      one\n      two\n\n      three\n      four\n  ", "one two\n\nthree four"),
    ("one\n  two", "one\n  two"),  # less far in than the element
    ("one\ntwo\n    three", "one\ntwo\n    three"),
    ("def f(a):  # why\n      if a:\n        return 1\n      return 2",
     "def f(a):  # why\n      if a:\n        return 1\n      return 2"),
])
def test_the_line_ends_of_a_pretty_printer_go_and_those_of_code_stay(inner, expected):
    for text in (inner, f"<![CDATA[{inner}]]>"):
        data = f"<top>\n  <rec>\n    <a>x</a>\n    <b>{text}</b>\n  </rec>\n</top>".encode()
        assert read(data, "rec") == [("/top/rec[1]", {"a": "x", "b": expected})]
        data = f"<top>\n  <rec><b>{text}</b></rec>\n</top>".encode()
        assert read(data, "rec") == [("/top/rec[1]", {"b": inner.strip()})]


@pytest.mark.parametrize("before", ["", "\n", "\n    "])
def test_long_lines_are_prose_wherever_their_element_begins(before):
    lines = ["A line of prose that is long enough to be one", "and goes on behind the line that it began in", "to end."]
    text = "\n    ".join(lines)
    listed = "\n    ".join(f"- {line}" for line in lines)
    for words, expected in ((text, " ".join(lines)), (listed, listed)):
        found = read(f"<top>{before}<rec><b>{words}</b></rec></top>".encode(), "rec")
        assert found == [("/top/rec[1]", {"b": expected})]


@pytest.mark.parametrize(("name", "joined"), [("p", True), ("para", True), ("simpara", True), ("b", False)])
def test_long_lines_at_the_margin_are_prose_in_what_is_called_a_paragraph(name, joined):
    lines = ["A line of prose that is long enough to be one", "and goes on behind the line that it began in", "to end."]
    listed = "\n".join(f"- {line}" for line in lines)
    for words, expected in (("\n".join(lines), " ".join(lines)), (listed, listed), ("one\ntwo", "one\ntwo")):
        found = read(f"<top>\n<rec a='1'>\n  <{name}>{words}</{name}></rec></top>".encode(), "rec")
        assert found[0][1]["#text" if joined else name] == (expected if joined else words)


@pytest.mark.parametrize("inner", [
    "<b><![CDATA[<p>Run this on each of the hosts that you have got:</p><pre>one --long-option --other-long-option\n"
    "      --more</pre>]]></b>",
    "<b>Run this on each of the hosts that you have got, then the others:\n      ```\n      one --more\n      ```</b>",
    "<code>with open(the_path_of_the_file, 'rb') as handle:\n      data = handle.read()</code>"])
def test_the_line_ends_of_code_in_a_text_stay(inner):
    (_, tree), = read(f"<top>\n  <rec>\n    <a>x</a>\n    {inner}\n  </rec>\n</top>".encode(), "rec")
    expected = etree.fromstring(inner).text
    assert expected in tree.values()


@given(st.text("a \n\t", max_size=12))
def test_whatever_is_unwrapped_no_word_is_lost(words):
    (_, tree), = read(f"<top>\n <rec><a/>\n  <b>{words}</b></rec></top>".encode(), "rec")
    assert tree["b"].split() == words.split()


@pytest.mark.parametrize("space", [" ", "\n", "\n ", " \n", "\n a"])
def test_white_space_costs_linear_time(space):
    """Half a megabyte in one text: with a pattern that may begin anywhere it would be minutes."""
    data = f"<top><rec>a{space * (500_000 // len(space))}b\nc</rec></top>".encode()
    start = time.process_time()
    assert len(read(data, "rec")) == 1
    assert time.process_time() - start < 5
