"""Any encoding to UTF-8: marks, declarations, zero bytes, and what can't be decoded."""

from collections import Counter
from functools import partial
from unittest import mock

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


@given(st.text("aé你\U0001f600\x00"), st.binary(max_size=4), st.sampled_from([4, 5, 7, 64]), SIZES)
def test_valid_text_passes_as_it_is_however_it_is_cut_and_looked_at(text, more, look, size):
    data = b"." * 400 + text.encode() + more  # what the encoding is told by, is not looked at in pieces
    with mock.patch.object(encoding, "LOOK", look):
        result, notes = read(data, size)
    assert result == data.decode(errors="replace").encode()
    assert notes.total() == result.count("\ufffd".encode()) - data.count("\ufffd".encode())


def test_sound_is_what_may_pass_as_it_is():
    assert encoding._sound(b"") == 0 and encoding._sound(b"abc") == 3
    long = "é".encode() * encoding.LOOK
    assert encoding._sound(long) == len(long) and encoding._sound(b"a" + long[:-1]) == len(long) - 1
    assert encoding._sound(long + b"\xff" + long) == len(long)


def fit(data, size=1 << 18):
    notes = Counter()
    chunks = [data[at:at + size] for at in range(0, len(data), size)]
    return b"".join(encoding.fit_for_xml(chunks, notes)).decode(), notes[encoding.FORBIDDEN]


@pytest.mark.parametrize(("spelt", "meant", "replaced"), [
    ("a\x01b \x0b\x1f", "a\ufffdb \ufffd\ufffd", 3), ("\t\r\n\x7f\x80", "\t\r\n\x7f\x80", 0),
    ("&#1;&#x1F;&#0;&#x0000b;", "\ufffd" * 4, 4), ("&#9;&#10;&#xA;&#13;&#xd;&#32;", "&#9;&#10;&#xA;&#13;&#xd;&#32;", 0),
    ("&#55357;&#56832;", "\U0001f600", 0), ("x&#xD83D;&#xde00;&#xD83D;&#56832;", "x\U0001f600\U0001f600", 0),
    ("&#xD83D; &#56832;", "\ufffd \ufffd", 2), ("&#65535;&#xfffe;&#65533;", "\ufffd\ufffd&#65533;", 2),
    ("&#55203;&#57344;&#x1F600;&amp;&#1", "&#55203;&#57344;&#x1F600;&amp;&#1", 0)])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 18])
def test_characters_that_xml_forbids(spelt, meant, replaced, size):
    assert fit(f"<a>{spelt}</a>".encode(), size) == (f"<a>{meant}</a>", replaced)
    assert fit(spelt.encode(), size) == (meant, replaced)


def test_of_characters_that_are_none_too():
    assert fit("<a>\ufffe, \uffff\x01 and \ufffd, \uff01, \uffef</a>".encode()) == (
        "<a>\ufffd, \ufffd\ufffd and \ufffd, \uff01, \uffef</a>", 3)


def test_nothing_is_noted_where_nothing_is_replaced():
    notes = Counter()
    assert b"".join(encoding.fit_for_xml([b"&#55357;&#56832;"], notes)) == "\U0001f600".encode()
    assert not list(notes)


def test_every_reference_is_left_that_xml_allows():
    """What is a character: https://www.w3.org/TR/xml/#charsets."""
    for number in range(0x10FFFE, 0x110000), range(0x12000):
        for point in number:
            allowed = point in (9, 10, 13) or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or point > 0xFFFF
            for reference in (f"&#{point};", f"&#x{point:x};", f"&#X00{point:X};"):
                assert fit(reference.encode()) == ((reference, 0) if allowed else ("\ufffd", 1)), reference


def test_every_control_character_is_seen():
    for byte in range(0x80):
        allowed = byte >= 0x20 or byte in (9, 10, 13)
        assert fit(b"a" * 200_000 + bytes([byte]) + b"a") == (
            "a" * 200_000 + (chr(byte) if allowed else "\ufffd") + "a", 0 if allowed else 1)


@given(st.text(st.sampled_from("&#x;d8D30556f1 \x01"), max_size=80), SIZES)
def test_chunks_do_not_matter_to_what_xml_forbids(text, size):
    assert fit(text.encode(), size) == fit(text.encode())


@given(st.lists(st.sampled_from(["#", "&", "&#", "1;", "10;", "&#1;", "&#x1F;", "&#55357;", "&#56832;", "&#xD83D;"]),
                max_size=12), st.sampled_from([0, 1, 2, encoding.SIGNS]))
def test_references_looked_for_from_their_signs_are_those_that_an_expression_finds(parts, most):
    text, notes = "".join(parts).encode(), (Counter(), Counter())
    wanted = encoding._REFERENCES.sub(partial(encoding._referred, notes[0]), text)
    with mock.patch.object(encoding, "SIGNS", most):
        assert encoding._spelt(text, notes[1]) == wanted
    assert notes[0] == notes[1]
