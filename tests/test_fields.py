"""The path language of sources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import fields
from cybersieve.errors import ParamsError

TREE = {"a": {"b": [{"lang": "de", "c": "eins"}, {"lang": "en-GB", "c": "one"}, {"lang": "enx", "c": "no"}],
              "x.y": 1, "n": None},
        "list": [["p", None], "q"], "t": True, "@ID": "79", "mixed": {"@lang": "en", "#text": "words"}, "zero": 0}


@pytest.mark.parametrize(("path", "found"), [
    ("a.b.c", ["eins", "one", "no"]),
    ("a.b[lang=en].c", ["one"]),
    ("a.b[lang=fr].c", []),
    ("a.b[lang=fr|*].c", ["eins", "one", "no"]),
    ("a.b[lang=en|*].c", ["one"]),
    ("a.b[lang!=de|enx].c", ["one"]),
    ("list[lang!=de]", ["p", "q"]),
    ("a.b[-1].c", ["no"]),
    ("a.b[0].c", ["eins"]),
    ("list[0]", ["p"]),
    ("zero[0]", [0]),
    ('a."x.y"', [1]),
    ("*.b.c", ["eins", "one", "no"]),
    ("a.**.c", ["eins", "one", "no"]),
    ("**.lang", ["de", "en-GB", "enx"]),
    ("**.c ~ ^o", ["one"]),
    ("list.**.c", []),
    ("*[!=list|a|mixed|t|zero]", ["79"]),
    ("a.*[!=b|n]", [1]),
    ("**.c ~ ^z", []),
    ("{**.c}", ["eins, one, no"]),
    ("list", ["p", "q"]),
    ("a.n", []),
    ("zero", [0]),
    ("missing.key", []),
    ("t.b", []),
    ("CWE-{@ID}", ["CWE-79"]),
    ("{list} of {a.b[lang=de].c}", ["p, q of eins"]),
    ("{list} of {missing}", []),
    ("see {mixed}", ["see words"]),
    ("a.b.c ~ ^o", ["one"]),
    ("@ID ~ ^[0-9]{2}$", ["79"]),
    ("zero ~ 0", []),
])
def test_values(path, found):
    assert fields.values(path)(TREE) == found


def test_of_texts_in_other_languages_that_without_one():
    find, texts = fields.values("a[lang=en|*]"), [{"lang": "de", "c": "eins"}, {"c": "one"}, "uno"]
    assert find({"a": texts}) == texts[1:]
    assert find({"a": texts[:1]}) == texts[:1]
    assert fields.values("a[kind=x|*].c")({"a": texts}) == ["eins", "one"]  # not of other choices


def test_values_of_what_is_no_object():
    assert fields.values("a")([{"a": 1}, {"b": 2}, {"a": [2, [3]]}]) == [1, 2, 3]
    assert fields.values("a")("text") == [] == fields.values("a.b")(None)


@pytest.mark.parametrize("path", ["", "a.", ".a", "a..b", "a[b", "a]b", 'a"b', "a ~ (", "{}x{a..b}", "a.**",
                                  "**.a.**.b"])
def test_wrong_paths_are_told(path):
    with pytest.raises(ParamsError):
        fields.values(path)


def test_any_depth_in_order_and_in_linear_time():
    part = {"prose": "It has:", "parts": [{"parts": [{"prose": "a depth."}]}, [{"prose": "a width."}]],
            "of": {"prose": "An end."}}
    assert fields.values("**.prose")([part, {"prose": "More."}]) == [
        "It has:", "a depth.", "a width.", "An end.", "More."]
    assert fields.wanted(["parts.**.prose", "id"]) == {"parts": {}, "id": {}} and fields.wanted(["**.prose"]) == {}
    deep = {"prose": "x"}
    for _ in range(100_000):
        deep = {"parts": [deep], "prose": "y"}
    assert fields.values("parts.**.prose")(deep) == ["y"] * 99_999 + ["x"]
    while deep:  # Python would free it by recursion
        deep = deep.pop("parts", [None])[0]


@given(st.text().filter(fields.sayable))
def test_quoted_keys_are_found_again(key):
    assert fields.record_path(f"{fields.quoted(key)}[]") == (key, "[]")
    assert fields.values(fields.quoted(key))({key: "v"}) == ["v"]


@pytest.mark.parametrize(("text", "path"), [
    ("", ()), ("[]", ("[]",)), ("a[]", ("a", "[]")), ("a.b[].c", ("a", "b", "[]", "c")), ("*[]", ("*", "[]")),
    ("*", ("*",))])
def test_record_paths(text, path):
    assert fields.record_path(text) == path


def test_words():
    tree = {"@a": "no", "b": ["x", {"c": " y "}], "d": 3, "e": False, "f": None, "g": ""}
    assert fields.as_text(tree) == "x\ny\n3\nfalse"


@pytest.mark.parametrize(("paths", "wanted"), [
    ([], {}), (["a"], {"a": {}}), (["a.b", "a.c"], {"a": {"b": {}, "c": {}}}), (["a.b", "a"], {"a": {}}),
    (["a", "a.b"], {"a": {}}), (["a[x=y].b"], {"a": {"x": {}, "b": {}}}), (["a[-1].b"], {"a": {"-1": {}, "b": {}}}),
    (["a[0]"], {"a": {}}), (["a[0].b"], {"a": {"b": {}}}),
    (["A {a.b} B {c}"], {"a": {"b": {}}, "c": {}}),
    (["a.b ~ x.y"], {"a": {"b": {}}}), (["a.*.b"], {"a": {}}), (["a", "*.b"], {})])
def test_what_paths_read(paths, wanted):
    assert fields.wanted(paths) == wanted


def test_an_inverted_index_is_the_text_that_it_was_made_of():
    assert fields.as_text({"We": [0], "stand": [1, 3], "and": [2]}) == "We stand and stand"
    assert fields.as_text({"a": [1, "b"]}) == "1\nb"
    assert fields.as_text({"ports": [80, 443], "hosts": [3]}) == "80\n443\n3"
    assert len(fields.as_text({"x" * 100_000: list(range(1000)), "y": [1000]})) < 10_000  # no bomb
