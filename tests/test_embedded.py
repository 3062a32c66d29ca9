"""XML inside a JSON string: found, unescaped in pieces of any size, and the document around it checked."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybersieve import embedded, params, parse
from cybersieve.errors import InputError
from cybersieve.records import Counts
from tests.conftest import ROOT

SETTINGS = params.load(ROOT / "params.yaml").parse

XML = '<?xml version="1.0"?>\n<Catalog a="\\u0041 \\">Zo\u00eb \U0001f600 & "quoted" \\\\</Catalog>\t'


def chunks(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


@settings(max_examples=150)
@given(words=st.text(max_size=60), ascii=st.booleans(), size=st.sampled_from([1, 2, 5, 11, 12, 13, 4096]))
def test_round_trip(words, ascii, size):
    tree = {"n": 1, "s": "x<y", "xml_data": f"<Top>{words}</Top>", "after": [1, {"b": None}]}
    data = json.dumps(tree, ensure_ascii=ascii).encode()
    key, offset = embedded.found(data)
    assert key == "xml_data"
    assert b"".join(embedded.text(chunks(data, size), offset, "f")).decode() == f"<Top>{words}</Top>"


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_escapes_and_pairs(size):
    for ascii in (True, False):
        data = json.dumps({"x": XML}, ensure_ascii=ascii).encode()
        assert b"".join(embedded.text(chunks(data, size), embedded.found(data)[1], "f")).decode() == XML


@pytest.mark.parametrize(("data", "key"), [
    ('{"a": "<?xml version=\'1.0\'?><x/>"}', "a"), ('{"n": 3, "s": "t", "d": " \\n<Catalog>"}', "d"),
    ('{"a":"\\ufeff<ns:X y=\'1\'>', "a"), ('{"a": "<p>HTML</p>"}', None), ('{"a": "<br/>"}', None),
    ('{"a": "< 5 and > 3"}', None),
    ('{"a": [{"b": "<X>"}]}', None), ('[{"a": "<X>"}]', None), ('{"a": "text <X>"}', None), ("{}", None),
    ('{"a": {"b": "<X>"}}', None), ('{"a": {"b": "<?xml version=\'1.0\'?><X>"}}', "b"),
    ('{"s": "ok", "a": {"n": 1, "b": {"c": "d", "e": "\\n<?xml version=\'1.0\'?>"}}}', "e"),
    ('"<?xml version=\'1.0\'?><X/>"', ""), (' "\\n <Catalog>', ""), ('"<p>HTML</p>"', None), ('"text <X>"', None),
    ('["<X>"]', None), ('{"a": {"b": 1}, "c": {"d": "<?xml ?>"}}', None), ('{"a": [{"b": "<?xml ?>"}]}', None)])
def test_found(data, key):
    result = embedded.found(data.encode())
    assert (result and result[0]) == key


@pytest.mark.parametrize("data", [
    '{"a":"<X>', '{"a":"<X></X>"', '{"a":"<X></X>" "b"}', '{"a":"<X>\\q</X>"}', '{"a":"<X>\\u12"}', '{"a":"<X>\n</X>"}',
    '"<X>', '"<X></X>" garbage', '"<X></X>\\q"', '{"a":"<X></X>"} garbage', '{"a":"<X></X>","b":NaN}',
    '{"a":{"b":"<?xml ?><X></X>"}'])
@pytest.mark.parametrize("size", [1, 1000])
def test_broken(data, size):
    with pytest.raises(InputError, match=r"f, (near )?byte \d+"):
        list(embedded.text(chunks(data.encode(), size), embedded.found(data.encode())[1], "f"))


def test_a_document_that_is_a_string_of_xml(tmp_path):
    """As services answer that put XML into JSON: a record with all of it for its text."""
    items = "".join(f'<item id="A-{n}"><title>Title {n} of it</title><text>What happened, in the spring.</text></item>'
                    for n in range(3))
    for xml, name in (f'<?xml version="1.0"?>\n<feed>{items}</feed>', "a.json"), (f"<feed>{items}</feed>", "b.json"):
        (tmp_path / name).write_text(json.dumps(xml), encoding="utf-8")
        rows = parse.rows(parse.found(tmp_path / name, name, SETTINGS, Counter()), name, SETTINGS, Counts())
        assert [(row["id"], row["title"], row["locator"]) for row in rows] == [
            (f"A-{n}", f"Title {n} of it", f"/feed/item[{n + 1}]") for n in range(3)]
