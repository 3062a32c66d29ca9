"""Any encoding to UTF-8: marks, declarations, zero bytes, and what can't be decoded."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import encoding

DOCUMENT = '[{"a": "Zo\u00eb \u2013 \u4f60\u597d \U0001f600"}]'
NAME = "Zo\u00eb"
SIZES = st.sampled_from([1, 2, 3, 5, 64, 100_000])


def read(data, size=1 << 18):
    notes = Counter()
    return b"".join(encoding.utf8([data[at:at + size] for at in range(0, len(data), size)], notes)), notes


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le",
                                   "utf-32-be"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 18])
def test_unicode_with_and_without_mark(codec, size):
    assert read(DOCUMENT.encode(codec), size) == (DOCUMENT.encode(), Counter())


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("document", ["id,title\n1,Zo\u00eb\n", "- id: Zo\u00eb\n", "a1"])
def test_tables_and_yaml_without_a_mark(document, codec):
    data = document.encode(codec)
    if len(document) > 4:
        assert read(data) == (document.encode(), Counter())
    assert encoding.of(b"ab" + data[:8])[0] == "utf-8"


def test_no_chunk_is_empty():
    """To readers that are sent them, an empty chunk would be the end."""
    assert all(encoding.utf8([b"a", b"\xc3", b"\xab", b"\xe2", b"\x82"], Counter()))


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_utf_16_mark_big_and_little(mark):
    codec = "utf-16-le" if mark[0] == 0xFF else "utf-16-be"
    assert read(mark + DOCUMENT.encode(codec))[0] == DOCUMENT.encode()


@pytest.mark.parametrize("codec", ["iso-8859-1", "windows-1252", "gb18030", "shift_jis", "koi8-r"])
@pytest.mark.parametrize("size", [1, 5, 1 << 18])
def test_declared_in_xml(codec, size):
    words = {"gb18030": "\u4f60\u597d", "shift_jis": "\u30c6\u30b9\u30c8", "koi8-r": "\u0442\u0435\u0441\u0442"}
    document = f"<?xml version='1.0' encoding='{codec}'?><a>{words.get(codec, NAME)}</a>"
    assert read(document.encode(codec), size) == (document.encode(), Counter())


@pytest.mark.parametrize("declared", ["no-such-codec", "utf-16", "rot13", "base64", "undefined", "idna", "zip"])
def test_declarations_that_are_no_use_mean_utf_8(declared):
    document = f"<?xml version='1.0' encoding='{declared}'?><a>Zo\u00eb</a>".encode()
    assert read(document) == (document, Counter())


def test_invalid_bytes_are_replaced_and_counted():
    three = Counter({"invalid bytes replaced": 3})
    assert read(b'["a\xffb\xc3"] \xe2\x82') == ('["a\ufffdb\ufffd"] \ufffd'.encode(), three)
    assert read('"\ufffd is upstream\'s own"'.encode())[1] == Counter()
    assert read("\ufeff".encode("utf-16-le") + b"[\x00\x00\xd8")[1] == Counter({"invalid bytes replaced": 1})


@given(st.binary(max_size=300), SIZES)
def test_any_bytes_become_what_pythons_decoder_makes_of_them(data, size):
    name, mark = encoding.of(data)
    assert read(data, size)[0] == data[mark:].decode(name, "replace").encode("utf-8", "replace")
