"""A look at the beginning of a JSON document: the same whether it is there as a whole or as the first of several."""

import json
import re
import time

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cybersieve import json_skeleton, peek
from tests.test_json_stream import TREES


@settings(max_examples=200)
@given(tree=st.dictionaries(st.text(max_size=6), TREES) | st.lists(TREES), text=st.sampled_from(["", "x" * 5000]))
@example(tree=[7.205759403792134e+16], text="")
def test_a_document_alone_and_before_another_one(tree, text):
    data = json.dumps([tree, text]).encode()
    assume(not re.search(rb"\d{19}", data))  # ijson stops there
    assert peek.json_documents(data) == peek.json_documents(data + b"\n[]")[:1]


def test_what_is_long_or_deep_is_shortened():
    many = {"list": list(range(99)), "text": "x" * 9999, **{f"k{n}": n for n in range(999)}}
    alone, before = (peek.json_documents(json.dumps(many).encode() + more)[0] for more in (b"", b"{}"))
    assert alone == before and len(alone["list"]) == peek.ITEMS and len(alone["text"]) == peek.CHARS
    assert len(alone) == 5 * peek.ITEMS
    for deep in (b"[" * 50 + b"1" + b"]" * 50, b"[" * 90 + b"1" + b"]" * 90):
        assert peek.json_documents(deep) == peek.json_documents(deep + b"[]")[:1]


def test_elements_within_elements_are_not_looked_at_over_and_over():
    begin = b"".join(b"<a%d>" % n for n in range(240)) + b"<x>1</x>" * 7300
    start = time.process_time()
    assert peek.xml_elements(begin, whole=False).counts["x"] == 7300
    assert time.process_time() - start < 2


def test_a_long_string_is_looked_through_a_few_times():
    """Not anew with every piece, of one that ends and of one that is cut off."""
    text = b'{"id": 1, "text": "' + b"some words " * 800_000
    start = time.process_time()
    assert [tree["id"] for tree in peek.json_documents(text + b'"}\n{"id": 2}')] == [1, 2]
    json_skeleton.check(text, "f.json", 0)
    assert time.process_time() - start < 5


def test_of_many_elements_some_are_looked_at():
    """The trees of all would take several hundred MB."""
    begin = b"<top><rec>" + b"<a b='1'/>" * 100_000 + b"</rec><later/></top>"
    seen = peek.xml_elements(begin, whole=True)
    assert seen.counts["a"] < peek.LOOKED_AT and not seen.whole and "later" not in seen.counts
    assert peek.xml_elements(begin[:10_000] + b"</rec><later/></top>", whole=True).counts["later"] == 1
