"""Hits in a text: found where the rulebook finds them, and the text stays whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import highlight, rules
from tests.conftest import ROOT
from tests.own_rules import rule

MALWARE = rule("malware", r"\bmalware\b", 1.5)
LONG = rule("malware-family", r"malware family", 0.5)
FARM = rule("farm", r"farms?", -1.0)


def test_hits_in_order_and_the_weightier_where_they_overlap():
    text = "A farm of Malware family trees and more malware"
    found = [(text[a:b], rule.id) for a, b, rule in highlight.spans([LONG, FARM, MALWARE], text)]
    assert found == [("farm", "farm"), ("Malware", "malware"), ("malware", "malware")]


def test_places_count_characters_not_bytes():
    text = "Zwölf Geräte 🦊 mit Malware"
    [(start, end, _)] = highlight.spans([MALWARE], text)
    assert text[start:end] == "Malware"


@given(st.text(alphabet="malware fr<&\u202e\n", max_size=80))
def test_the_pieces_are_the_whole_text(text):
    joined = "".join(piece.text for piece in highlight.pieces([MALWARE, FARM], text))
    assert joined == text.replace("\u202e", "U+202E")


@pytest.mark.parametrize("text", [
    "CVE-2031-0001: a buffer overflow lets attackers run code", "Phishing e-mails with a ransomware payload",
    "An ECDSA signature is checked before the firmware boots", "wheat farming", ""])
def test_what_the_rulebook_hits_is_marked(text):
    book = rules.load(ROOT / "rules.yaml")
    hits = [book.rules[i] for i in book.hits("", text) if book.rules[i].field in ("both", "text")]
    assert bool(highlight.spans(hits, text)) == bool(hits)


def test_a_text_of_one_word_a_thousand_times_is_marked_up_to_a_limit():
    assert len(highlight.spans([MALWARE], "malware " * 1000)) == highlight.MOST


def test_markup_in_a_hit_is_escaped():
    tag = rule("tag", r"<b>x", -1.0)
    marked = '<mark class="against" title="tag -1.00">&lt;b&gt;x</mark>'
    assert highlight.html([tag], "a <b>x</b>") == f"a {marked}&lt;/b&gt;"
