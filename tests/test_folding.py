"""White space and composition, in linear time."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from cybersieve import folding, repeats


def test_long_text_beyond_ascii_is_composed():
    """Letters and marks that a thousand others in a row may part."""
    for word in "か\u3099", "e\u0301", "\u1112\u1161\u11ab", "\u0b47\u0b3e":
        for before in "", "é", "éé":
            assert folding.fold(before + word * 2000) == unicodedata.normalize("NFC", before + word * 2000)


@given(st.text(st.sampled_from("ae \u0301\u0316\u0327\u00e9\uac00\u11a8\u1100\u1161"), max_size=60))
def test_text_is_composed(words):
    assert folding.fold(words) == unicodedata.normalize("NFC", folding.fold(words))


def test_control_characters_that_part_words_are_white_space():
    for parting in "\x0b", "\x0c", "\x1c", "\x1f", "\x85", "\u2028":
        assert folding.fold(f"one{parting}two\x00\x1b") == folding.one_line(f"one{parting}two\x7f") == "one two"


def test_no_line_of_code_begins_so_far_in_that_it_takes_long():
    code = folding.fold(folding.indented("  a\n\tb\n" + " " * 90_000 + "z" * 50))
    assert code == "a\n  b\n" + " " * folding.FARTHEST + "z" * 50
    assert folding.fold(f"a{folding.INDENT * 9}b\n{folding.INDENT * 9}") == "a b"
    parts = ["x" * 100 + "\n" + " " * 90_000 + mark for mark in ("y", "z" * 50)]
    assert repeats.without(parts, set(parts)) == parts


@given(st.text(st.sampled_from("ab \t\n\x00\x1f\x7f~\u00e9\u200b\ufffd"), max_size=3), st.integers(0, 2 * folding.LONG))
def test_long_ascii_is_told_printable_as_python_tells_it(text, length):
    padded = "a" * length + text
    assert folding.printable(padded) == padded.isprintable()
