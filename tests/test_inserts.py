"""Marks in a text that stand for what its record tells elsewhere."""

import time
from collections import Counter

import pytest

from cybersieve import extract, sources
from cybersieve.errors import ParamsError

INSERTS = {"mark": r"\{\{ ([\w.-]+) \}\}", "of": ["params", "more.params"], "name": ["id", "old"],
           "says": ["label", "choice"]}
SOURCE = {"name": "mine", "text": ["text"], "inserts": INSERTS}
PARAMS = {"params": [{"id": "a", "label": " some\n time"}, {"id": "d"}, "e",
                     {"id": "b", "old": "c", "choice": ["x", "after {{ a }}", {}]}],
          "more": [{"params": {"id": "f", "label": "{{ b }}"}}]}


def text(words, record, max_chars=10**6):
    return extract.record(sources.compiled(SOURCE), record | {"text": words}, "p", "l", {}, max_chars, Counter()).text


@pytest.mark.parametrize(("words", "told"), [
    ("In {{ a }}.", "In [some time]."), ("{{ b }} or {{ c }}", "[x; after some time] or [x; after some time]"),
    ("{{ d }}, {{ e }} and {{ g }}", "[…], […] and […]"), ("{{ f }}", "[x; after …]"), ("{{ a}}, {a}", "{{ a}}, {a}"),
])
def test_marks_are_filled(words, told):
    assert text(words, PARAMS) == told


def test_marks_of_marks_stay_short():
    params = {"params": [{"id": name, "label": 10_000 * f"{{{{ {name} }}}} "} for name in "ab"]}
    start = time.process_time()
    assert len(text("{{ a }} " * 100_000, params)) == 10**6
    assert time.process_time() - start < 10
    assert text("{{ " * 300_000, params) == ("{{ " * 300_000).strip()


@pytest.mark.parametrize("wrong", ["x", {"mark": "(x)"}, INSERTS | {"mark": "("}, INSERTS | {"mark": "x"},
                                   INSERTS | {"of": ["a..b"]}, INSERTS | {"says": 3}])
def test_wrong_descriptions_name_the_key(wrong):
    with pytest.raises(ParamsError, match=r"parse\.sources\[0\]\.inserts"):
        sources.users([SOURCE | {"file": "a.json", "inserts": wrong}])


def test_what_no_longer_fits_is_counted():
    notes = Counter()
    row = extract.record(sources.compiled(SOURCE), PARAMS | {"text": "In {{ a }}."}, "p", "l", {}, 12, notes)
    assert (row.text, notes) == ("In [some tim", {"texts cut": 1})


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_no_marks_are_no_fault(nothing):
    source, = sources.users([SOURCE | {"file": "a.json", "inserts": nothing}])
    assert extract.record(source, PARAMS | {"text": "In {{ a }}."}, "p", "l", {}, 99, Counter()).text == "In {{ a }}."
