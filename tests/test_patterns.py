"""Patterns spelt out as literals hit exactly what the patterns hit."""

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import re2
from hypothesis import example, given
from hypothesis import strategies as st

from cybersieve import patterns, rules

ROOT = Path(__file__).resolve().parent.parent


def hits(pattern: str, text: str, cased: bool = False) -> bool:
    options = re2.Options()
    options.case_sensitive, options.log_errors = cased, False
    return re2.compile(pattern, options).search(text) is not None


@pytest.mark.parametrize(("pattern", "expected"), [
    (r"\bboot(?:kit|sector)s?|worms?", [(r"\b(?:bootkit|bootsector)", False), ("worm", False)]),
    (r"\b(?:attack|attacks)\b", [(r"\b(?:attack\b|attacks\b)", False)]),
    (r"(?-i:\bXSS\b)|cross[- ]site", [(r"(?:cross\ site|cross\-site)", False), (r"\bXSS\b", True)]),
    (r"CVE|cve-x", [("cve", False)]),
])
def test_members(pattern: str, expected: list[tuple[str, bool]]) -> None:
    assert patterns.members(pattern) == expected


@pytest.mark.parametrize("pattern", [
    r"a\w+", r"\b", "x?", "(?i)foo", "(?P<n>foo)", r"ab\bc\bd", "a|", "[^a]b", "[a-z]x", "a{2}", "a??", "foo(?-i:Bar)",
    "(?:a", "a)", "müll", "Müll|Öl", r"ab\b-", "[ab", r"[\dx]y", "(?:a|b|c|d|e|f|g|h|i)(?:j|k|l|m|n|o|p)" * 3])
def test_what_is_no_short_list_of_literals_stays(pattern: str) -> None:
    assert patterns.members(pattern) == [(pattern, False)]


WORDS = st.sampled_from(["a", "B", "ab", " ", "-", "x.", "1", "_", "ſ"])
ATOMS = st.sampled_from(["a", "B", "ab", " ", "-", "1", "_", r"\b", r"\.", "[ab]", "[- ]", "a?", "(?-i:A)"])
PATTERNS = st.recursive(ATOMS, lambda inner: st.one_of(
    st.lists(inner, min_size=1, max_size=3).map("".join),
    st.lists(inner, min_size=1, max_size=3).map(lambda parts: "(?:" + "|".join(parts) + ")"),
    inner.map(lambda part: f"(?:{part})?")), max_leaves=8)


@given(PATTERNS, st.lists(WORDS, max_size=8).map("".join))
def test_members_hit_what_the_pattern_hits(pattern: str, text: str) -> None:
    assert any(hits(member.pattern, text, member.cased) for member in patterns.members(pattern)) == hits(pattern, text)


SIGNS = "aAbB -|()\\.1_\n"
EDGES = st.sampled_from(["", r"\b"])
CASED = st.lists(st.tuples(EDGES, st.text(SIGNS, min_size=1, max_size=4).map(re2.escape), EDGES).map("".join),
                 min_size=1, max_size=4).map("|".join)


@given(CASED, st.text(SIGNS, max_size=8))
@example(r"\babA\b|\babB", "abA")  # one member of two words
@example(r"\babA\b|\babB", "abB")
@example(r"abA|abB", "a")
def test_members_that_mind_case_hit_the_same_in_pythons_re(pattern: str, text: str) -> None:
    found = patterns.members(f"(?-i:{pattern})")
    exact = [member.exactly().search(text.encode()) is not None for member in found if member.cased]
    assert exact == [hits(member.pattern, text, cased=True) for member in found if member.cased]


def test_the_rulebook_is_nearly_all_literals_and_hits_as_its_patterns_do() -> None:
    book = rules.load(ROOT / "rules.yaml")
    kept = [rule.id for rule in book.rules if "*" in str(patterns.members(rule.pattern))]
    assert len(kept) < len(book.rules) / 20
    draw = random.Random(1)
    members = [member.pattern for rule in book.rules for member in patterns.members(rule.pattern)]
    plain = [member.replace("\\b", "").replace("\\", "") for member in members]
    spoken = [word.strip("(?:)") for member in plain for word in member.split("|")]
    for _ in range(40):
        words = [draw.choice(spoken) + draw.choice(["", "s", "ing", "1"]) for _ in range(12)]
        text = " ".join(draw.choice([str, str.lower, str.upper])(word) for word in words)
        assert list(book.judge("", text).hits) == [rule.id for rule in book.rules if hits(rule.pattern, text)]


def test_one_pass_is_far_faster_than_a_loop_of_re_with_the_same_hits() -> None:
    book = rules.load(ROOT / "rules.yaml")
    loop = [re.compile(rule.pattern, re.IGNORECASE | re.ASCII) for rule in book.rules]
    texts = [f"Report {i}: the installer drops a back door, and mail servers leak passwords." for i in range(60)]

    def seconds(work: Callable[[str], tuple[int, ...]]) -> tuple[float, list[tuple[int, ...]]]:
        start = time.process_time()
        found = [work(text) for text in texts]
        return time.process_time() - start, found

    slow, expected = seconds(lambda text: tuple(i for i, one in enumerate(loop) if one.search(text)))
    fast, found = seconds(lambda text: book.hits("", text))
    assert found == expected and len(expected[0]) >= 3
    assert slow > 20 * fast
