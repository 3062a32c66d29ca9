"""Text from the data stays text."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import markup


@given(st.text())
def test_any_text_comes_back_from_html_as_it_was(value):
    shown = markup.text(value)
    assert not set("<>\"'") & set(shown)
    assert html.unescape(shown) == value


@given(st.text())
def test_an_attribute_can_not_be_left(value):
    assert markup.el("p", title=value).count('"') == 2


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\x1b", "\x00", "\ufeff", "\u2028", "\U000e0041"])
def test_what_hides_or_turns_text_is_spelled_out(character):
    code = f"U+{ord(character):04X}"
    assert markup.visible(f"a{character}b") == f'a<span class="control">{code}</span>b'
    assert markup.plain(f"a{character}b") == f"a<{code}>b"


def test_line_breaks_tabs_and_joiners_are_text():
    value = "one\n\ttwo \u200d three"
    assert markup.visible(value) == markup.plain(value) == value


def test_elements_and_attributes():
    assert markup.el("p", "a < b", None, markup.el("br"), 3, class_="x", hidden=True, id=None, data_key=0) == \
        '<p class="x" hidden data-key="0">a &lt; b<br>3</p>'
    assert markup.cut("abcdef", 4) == ("abcd", 2)


def test_a_table_names_its_rows_and_columns():
    shown = markup.table("Of <what>", ("name", "n"), [("a", 1200), ("b", ("–", -1))], sortable=True)
    assert "<caption>Of &lt;what&gt;</caption>" in shown and '<th scope="row">a</th>' in shown
    assert '<td class="number" data-key="1200">1,200</td>' in shown and 'data-key="-1">–</td>' in shown
