"""XML inside a JSON string: found, unescaped in pieces of any size, and the document around it checked."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybersieve import embedded, params, parse_file, peek, readers
from cybersieve.errors import InputError
from cybersieve.records import Counts
from tests.conftest import ROOT

SETTINGS = params.load(ROOT / "params.yaml").parse

XML = '<?xml version="1.0"?>\n<Catalog a="\\u0041 \\">Zo\u00eb \U0001f600 & "quoted" \\\\</Catalog>\t'


def chunks(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def strings(data, size, first=None):
    """Key and text of each string of XML."""
    several = first or embedded.listed(data)
    read = embedded.Strings(chunks(data, size), several or embedded.found(data), "f", lines=several is not None)
    return [(key, b"".join(text).decode()) for key, text in read]


@settings(max_examples=150)
@given(words=st.text(max_size=60), ascii=st.booleans(), size=st.sampled_from([1, 2, 5, 11, 12, 13, 4096]))
def test_round_trip(words, ascii, size):
    tree = {"n": 1, "s": "x<y", "xml_data": f"<Top>{words}</Top>", "after": [1, {"b": None}]}
    data = json.dumps(tree, ensure_ascii=ascii).encode()
    assert embedded.found(data)[0] == "xml_data"
    assert strings(data, size) == [("xml_data", f"<Top>{words}</Top>")]


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_escapes_and_pairs(size):
    for ascii in (True, False):
        data = json.dumps({"x": XML}, ensure_ascii=ascii).encode()
        assert strings(data, size) == [("x", XML)]


@pytest.mark.parametrize(("data", "key"), [
    ('{"a": "<?xml version=\'1.0\'?><x/>"}', "a"), ('{"n": 3, "s": "t", "d": " \\n<Catalog>"}', "d"),
    ('{"a":"\\ufeff<ns:X y=\'1\'>', "a"), ('{"a": "<p>HTML</p>"}', None), ('{"a": "<br/>"}', None),
    ('{"a": "< 5 and > 3"}', None),
    ('{"a": "<!DOCTYPE html><p>"}', None), ('{"a": "<!doctype\\nHTML>"}', None), ('{"a": "<!DOCTYPE X>"}', "a"),
    ('{"a": [{"b": "<X>"}]}', None), ('[{"a": "<X>"}]', None), ('{"a": "text <X>"}', None), ("{}", None),
    ('{"a": {"b": "<X>"}}', None), ('{"a": {"b": "<?xml version=\'1.0\'?><X>"}}', "b"),
    ('{"s": "ok", "a": {"n": 1, "b": {"c": "d", "e": "\\n<?xml version=\'1.0\'?>"}}}', "e"),
    ('"<?xml version=\'1.0\'?><X/>"', ""), (' "\\n <Catalog>', ""), ('"<p>HTML</p>"', None), ('"text <X>"', None),
    ('["<X>"]', None), ('{"a": {"b": 1}, "c": {"d": "<?xml ?>"}}', None), ('{"a": [{"b": "<?xml ?>"}]}', None)])
def test_found(data, key):
    result = embedded.found(data.encode())
    assert (result and result[0]) == key


@pytest.mark.parametrize(("data", "key"), [
    ('{"xml_data": "<X>"}', "xml_data"), ('[{"id": 3, "xml_data": "<X>"}]', "xml_data"), ('["<?xml ?>"]', ""),
    ('{"of": "what was fetched in May", "dumps": [{"x": "\\n<?xml version="}]}', "x"),
    ('{"tags": ["a"], "xml": "<X>"}\n{"tags": ["b"], "xml": "<X>"}', "xml"),
    ('{"a": {"xml": "<X>"}, "b": {"xml": "<X>', "xml"), ('[{"title": "One that says a lot", "xml": "<X>"}]', None),
    ('[{"a": "<X>"}]', None), ('["<X>"]', None), ('[{"xml": "<p>HTML</p>"}]', None),
    ('[{"n": 1}, {"xml": "<X>"}]', None), ('[{"xml": "<X>", "text": "It says a lot more"}]', None),
    ('[{"title": "One that says a lot", "tags": [], "all": [{"xml": "<X>"}]}]', None),
    ('{"messages": [{"content": "<?xml ?> is what?"}, {"content": "A declaration"}]}', None), ('"<?xml ?>"', None),
    ('[{"text": "Short", "xml": "<X>"}, {"text": "It says a lot more", "xml": "<X>"}]', None),
    ('{"text": null, "xml": "<X>"}\n{"text": "It says a lot more", "xml": "<X>"}', None),
    ('{"dumps": [{"xml": "<X>"}], "of": "what was fetched in May"}', "xml"),
    ('[{"text": "输入未经过滤导致脚本执行", "xml": "<X>"}]', None), ('[{"name": "漏洞数据", "xml": "<X>"}]', "xml"),
    (json.dumps([{"text": "Она говорит много слов", "xml": "<X>"}]), None),
    ('[1, 2]', None), ('{"xml\\q": "<X>"}', None), ("]", None), ("", None)])
def test_listed(data, key):
    result = embedded.listed(data.encode())
    assert (result and result[0]) == key
    assert result is None or data.encode()[result[1] - 1:result[1]] == b'"'


def catalogs(*numbers):
    return [f'<Attack_Pattern_Catalog><Attack_Patterns><Attack_Pattern ID="{number}" Name="Pattern {number}">'
            f'<Description>How it goes, in "{number}" steps.</Description></Attack_Pattern></Attack_Patterns>'
            "</Attack_Pattern_Catalog>" for number in numbers]


WEAKNESS = ('<?xml version="1.0"?><Weakness_Catalog><Weaknesses><Weakness ID="7" Name="Weak" Status="Draft">'
            "<Description>How it is weak.</Description></Weakness></Weaknesses></Weakness_Catalog>")


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_several_strings_are_read_whatever_they_stand_in(size, tmp_path):
    """Each is recognised by itself; none is lost behind the first."""
    first, second = catalogs(1, 2)
    for tree, count in (([{"xml_data": first}, {"xml_data": second}, {"xml_data": WEAKNESS}], 3),
                        ({"n": 1, "dumps": [{"name": "a", "xml_data": first}, {"name": "b", "xml_data": second}]}, 2),
                        ({"capec_xml": first, "n": {"a": [1, ","]}, "cwe": WEAKNESS}, 2),
                        ({"capec": {"xml_data": first}, "capec,": {"xml_data": second}}, 2),
                        ([WEAKNESS, WEAKNESS.replace("7", "8")], 2)):
        data = json.dumps(tree).encode()
        assert len(strings(data, size)) == count
        assert len(parsed(data, tmp_path)) == count
    lines = b"".join(json.dumps({"xml_data": xml}).encode() + b"\n" for xml in (first, second, WEAKNESS))
    assert [(row["id"], row["locator"]) for row in parsed(lines, tmp_path)] == [
        ("CAPEC-1", "xml_data: /Attack_Pattern_Catalog/Attack_Patterns/Attack_Pattern[1]"),
        ("CAPEC-2", "string 2, xml_data: /Attack_Pattern_Catalog/Attack_Patterns/Attack_Pattern[1]"),
        ("CWE-7", "string 3, xml_data: /Weakness_Catalog/Weaknesses/Weakness[1]")]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_lone_surrogates_beside_strings_of_xml(size):
    """They ended the run."""
    data = ('{"a": "\\ud83d \\\\ud83d", "xml": "<X></X>", "b": '
            '"\\udc00 \\\\\\udc00' + " " * 2000 + '\\ud83d"}').encode()
    assert strings(data, size) == [("xml", "<X></X>")]


def test_a_further_string_without_records_is_told_and_a_broken_one_named(tmp_path):
    first, second = catalogs(1, 2)
    notes = Counter()
    others = [{"xml_data": xml} for xml in ("n/a", "", "<none />", second)]
    none = json.dumps({"xml_data": first, "others": others}).encode()
    assert [row["id"] for row in parsed(none, tmp_path, notes)] == ["CAPEC-1", "CAPEC-2"]
    assert notes[embedded.NOT_READ] == 2
    with pytest.raises(InputError, match="string 2, xml_data"):
        parsed(json.dumps([{"xml_data": first}, {"xml_data": second[:-30]}]).encode(), tmp_path)
    with pytest.raises(readers.NoRecord):
        parsed(b'{"xml_data": "<Attack_Pattern_Catalog></Attack_Pattern_Catalog>"}', tmp_path)


def test_a_short_string_of_xml_beside_prose_is_a_records_field(tmp_path):
    """An app's manifest in a report on it made the report one of XML, and as that it had no record."""
    for manifest in ('<?xml version="1.0"?><plist><dict><key>Build</key><string>a</string></dict></plist>', WEAKNESS):
        found = [{"title": f"Finding {n}", "description": f"Number {n} says what an attacker may do to it."}
                 for n in range(9)]
        data = json.dumps({"title": "Static Analysis", "info_plist": manifest, "secure": found}).encode()
        assert [row["title"] for row in parsed(data, tmp_path)] == [f"Finding {n}" for n in range(9)]
    data = json.dumps({"of": "what was fetched in May, for all of us", "xml_data": WEAKNESS}).encode()
    assert [row["id"] for row in parsed(data, tmp_path)] == ["CWE-7"]


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("ascii", [True, False])
def test_a_further_string_may_have_escapes_in_its_key(ascii, size):
    data = json.dumps([{"данные": WEAKNESS}, {"данные": WEAKNESS}, {'the "cwe"': WEAKNESS}], ensure_ascii=ascii)
    assert [key for key, _ in strings(data.encode(), size)] == ["данные", "данные", 'the "cwe"']
    with pytest.raises(InputError, match=r"f, near byte \d+"):
        strings(data.replace("the ", "the\\q").encode(), size)


def test_what_stands_around_the_strings_is_bounded(tmp_path):
    """A long text beside them was held whole, and began again with every chunk."""
    long = "x" * (int(SETTINGS.limits.max_record_mb * 1e6) + 1_000_000)
    with pytest.raises(InputError, match=r"near byte \d+: a record of more than"):
        parsed(json.dumps([{"xml_data": WEAKNESS}, {"image": long}]).encode(), tmp_path)


def test_brackets_without_an_end_take_no_time():
    for begin in (b"[", b"{", b"[{"):
        assert embedded.listed(begin * 500_000) is None


def test_xml_without_a_record_is_a_field(tmp_path):
    """A list of payloads was left out as a file without a record."""
    payload = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///c">]><a>&b;</a>'
    for count in (2, 2000):
        rows = [{"id": f"P-{n}", "title": "A payload", "payload": payload} for n in range(count)]
        assert [row["id"] for row in parsed(json.dumps(rows).encode(), tmp_path)] == [row["id"] for row in rows]
    empty = '<?xml version="1.0"?><Weakness_Catalog></Weakness_Catalog>'
    assert [row["id"] for row in parsed(json.dumps([empty, WEAKNESS]).encode(), tmp_path)] == ["CWE-7"]


def test_behind_much_white_space_no_more_is_looked_at_than_else(tmp_path, monkeypatch):
    """The beginning is longer then: 4 MB of it took 500 MB to match."""
    seen = []
    for name in ("listed", "found"):
        monkeypatch.setattr(embedded, name, lambda begin: seen.append(len(begin.lstrip())))
    rows = [{"id": f"A-{n}", "text": "What is said of it."} for n in range(3000)]
    assert len(parsed(b" " * 520_000 + json.dumps(rows).encode(), tmp_path)) == 3000
    assert seen == [peek.FIRST] * 2


def parsed(data, folder, notes=None):
    (folder / "x.json").write_bytes(data)
    found = parse_file.trees(folder / "x.json", "x.json", SETTINGS, Counter() if notes is None else notes)
    return list(parse_file.rows(found, "x.json", SETTINGS, Counts()))


@pytest.mark.parametrize("data", [
    '{"a":"<X>', '{"a":"<X></X>"', '{"a":"<X></X>" "b"}', '{"a":"<X>\\q</X>"}', '{"a":"<X>\\u12"}', '{"a":"<X>\n</X>"}',
    '"<X>', '"<X></X>" garbage', '"<X></X>\\q"', '{"a":"<X></X>"} garbage', '{"a":"<X></X>","b":NaN}',
    '{"a":{"b":"<?xml ?><X></X>"}'])
@pytest.mark.parametrize("size", [1, 1000])
def test_broken(data, size):
    with pytest.raises(InputError, match=r"f, (near )?byte \d+"):
        strings(data.encode(), size)


def test_a_document_that_is_a_string_of_xml(tmp_path):
    """As services answer that put XML into JSON: a record with all of it for its text."""
    items = "".join(f'<item id="A-{n}"><title>Title {n} of it</title><text>What happened, in the spring.</text></item>'
                    for n in range(3))
    for xml, name in (f'<?xml version="1.0"?>\n<feed>{items}</feed>', "a.json"), (f"<feed>{items}</feed>", "b.json"):
        (tmp_path / name).write_text(json.dumps(xml), encoding="utf-8")
        rows = parse_file.rows(parse_file.trees(tmp_path / name, name, SETTINGS, Counter()), name, SETTINGS, Counts())
        assert [(row["id"], row["title"], row["locator"]) for row in rows] == [
            (f"A-{n}", f"Title {n} of it", f"/feed/item[{n + 1}]") for n in range(3)]
