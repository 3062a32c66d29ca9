"""Which trees the reader of each kind gives, where its source says that records stand."""

from collections import Counter

import pytest

from cybersieve import json_record, sources, streams
from cybersieve.errors import InputError


def records(kind, data, **description):
    source, notes = sources.compiled({"text": "text"} | description), Counter()
    return list(streams.records(kind, iter([data]), "f", source, notes, streams.Bounds(50, 10**6))), notes


def test_yaml_that_is_no_record_is_passed_over_and_has_its_place():
    found, _ = records("yaml", b"all:\n- one\n- null\n- 2\n- [three]\n- {id: 4}\n", records=["all[]"])
    assert found == [("line 1: all[0]", "one"), ("line 1: all[2]", "2"), ("line 1: all[3]", ["three"]),
                     ("line 1: all[4]", {"id": "4"})]


def test_records_of_a_further_yaml_document_have_its_number():
    found, _ = records("yaml", b"- id: 1\n- id: 2\n---\n- id: 3\n- id: 4\n---\nid: 5\n")
    assert found == [("[0]", {"id": "1"}), ("[1]", {"id": "2"}), ("document 2: [0]", {"id": "3"}),
                     ("document 2: [1]", {"id": "4"}), ("document 3", {"id": "5"})]


def test_the_id_in_a_pair_is_no_record():
    data = b'[["7", {"id": 1}], ["a text with words", {"id": 2}], ["8,9", {"text": "10", "id": 3}]]'
    assert records("json", data, records=["[][]"])[0] == [
        ("[0][1]", {"id": 1}), ("[1][0]", {"text": "a text with words"}), ("[1][1]", {"id": 2}),
        ("[2][1]", {"text": "10", "id": 3})]
    assert records("json", b'["7", {"id": 1}]', records=["[]"])[0] == [("[0]", {"text": "7"}), ("[1]", {"id": 1})]


def test_empty_elements_are_records_too_and_counted(monkeypatch):
    found, notes = records("xml", b'<r><e/><e a="1"/><e/></r>', records=["e"])
    assert found == [("/r/e[1]", {}), ("/r/e[2]", {"@a": "1"}), ("/r/e[3]", {})]
    assert notes == {json_record.EMPTY: 2}
    monkeypatch.setattr(json_record, "MAX_EMPTY", 1)
    with pytest.raises(InputError, match=r"/r/e\[3\].*more than 1 empty objects"):
        records("xml", b'<r><e/><e a="1"/><e/></r>', records=["e"])
