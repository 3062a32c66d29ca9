"""What tests/fuzz_parse.py found, each once, as the smallest file that shows it."""

import gzip
from collections import Counter

import pytest

from cybersieve import columns, embedded, encoding, params, parse_file
from cybersieve.errors import InputError
from cybersieve.ids import Ids
from cybersieve.records import Counts
from tests.conftest import ROOT

SETTINGS = params.load(ROOT / "params.yaml").parse

FINDINGS = {  # what went wrong: (file name, content, records or None for an error)
    "XML without a complete first element has no root name": ("a.xml", b'<!DOCTYPE x PUBL "', None),
    "a CSV column's name with quotes is no field path": ("a.csv", b'id,"say ""hi""",text\n1,b,some more words\n', 1),
    "an advisory of no known source with an empty list": (
        "a.json", b'{"id": "CVE-2031-0012", "aliases": [], "notes": ["some words to be read"]}', 1),
    "a number that int() or Decimal() refuses, behind a string of XML": (
        "a.json", b'{"xml_data":"<r><e a=\'b\'>some words here</e></r>","n":1e' + b"7" * 500 + b"}", None),
    "a key with a wrong escape before a string of XML": ("a.json", b'{"a\\q":"<?xml version=\'1.0\'?><a/>"}', None),
}


@pytest.mark.parametrize("finding", FINDINGS)
def test_finding(finding, tmp_path):
    name, content, expected = FINDINGS[finding]
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    counts = Counts()

    def rows():
        found = parse_file.trees(tmp_path / name, name, SETTINGS, Counter())
        return columns.unique(list(parse_file.rows(found, name, SETTINGS, counts)), Ids(), counts.notes)
    if expected is None:
        with pytest.raises(InputError):
            rows()
    else:
        assert len(rows()) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_zero_bytes_do_not_look_like_utf_16(size):
    data = b'{"a":"<Xy>\0\0\0\0</Xy>"}'
    with pytest.raises(InputError):
        strings = embedded.Strings([data[at:at + size] for at in range(0, len(data), size)], ("a", 6), "f")
        assert not [b"".join(text) for _, text in strings]


def test_an_empty_chunk_between_chunks_of_xml_in_a_string():
    """Half a character alone in a chunk became an empty one, which ended the document around the string."""
    data = '{"xml_data":"<a>é</a>","more":"é"}'.encode()
    chunks = encoding.utf8([data[at:at + 1] for at in range(len(data))], Counter())
    [text] = [b"".join(text) for _, text in embedded.Strings(chunks, ("a", 13), "f")]
    assert text == "<a>é</a>".encode()
