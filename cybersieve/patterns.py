"""Patterns spelt out as literals, sorted by how they begin: what makes a large RE2 set fast.

RE2 merges the common beginnings of a set's members only while they are plain strings. Hundreds of alternations stay
side by side, and every new state of the automaton then costs a walk over all of them: on texts never seen that is
four times slower. So `boot(?:kit|sector)s?|worms?` is given to the set as `boot(?:kit|sector)` and `worm` (the longer
spellings go, because a text that holds them holds the shorter ones). What is no finite list stays as it is.
"""

import re
from itertools import groupby
from typing import NamedTuple

import re2

MOST = 400  # literals a pattern may become; a pattern of more stays a pattern
SHARED = 2  # characters that the literals of one member begin with: the best of 1 to 4 and all (bench/score.py)
EDGE = "\0"  # stands for a word boundary while a pattern is being spelt out

_ALTERNATIVE = re.compile(r"(?:\\.|[^\\|])+", re.S)
_PLAIN = re.compile(r"[^\\|\[\](){}.^$*+?\0]+(?![?*+{])|[^\\|\[\](){}.^$*+?\0]")  # what is repeated stands alone
Spelling = tuple[str, bool]  # a literal, EDGE where a boundary is wanted; whether case matters


class _NotFiniteError(Exception):
    """The pattern holds more than literals, groups, small classes, `?` and `\\b`, or too many of them."""


class Member(NamedTuple):
    """One pattern of an RE2 set."""

    pattern: str  # RE2 syntax
    cased: bool = False  # all of its letters mind case; if not, as the set does

    def exactly(self) -> re.Pattern[bytes]:
        """The same for Python's `re`, of a cased member.

        A boundary before a word is looked for behind it: `re` is fast where a pattern begins with plain letters.
        """
        begin = "\\b" if self.pattern.startswith("\\b") else ""
        words = self.pattern.removeprefix(begin)
        words = words[3:-1] if words.startswith("(?:") else words
        return re.compile("|".join(f"{word}(?<={begin}{word})" for word in _ALTERNATIVE.findall(words)).encode())


def members(pattern: str) -> list[Member]:
    """What together hits what `pattern` hits (in a set that ignores case but for those `cased`), as plain as can be."""
    try:
        found, end = _either(pattern, 0, False)
        if end != len(pattern) or not pattern.isascii():  # beyond ASCII, case is more than upper and lower
            raise _NotFiniteError
        return [Member(_pattern(list(group)), cased) for (cased, _), group in
                groupby(_shortest(found), lambda one: (one[1], one[0][:SHARED + one[0].startswith(EDGE)]))]
    except (_NotFiniteError, IndexError, RecursionError):
        return [Member(pattern)]


def _shortest(spellings: list[Spelling]) -> list[Spelling]:
    """Sorted, without those that begin with another one that asks for no boundary at its end."""
    folded = {(text if cased else text.lower(), cased) for text, cased in spellings}
    kept: list[Spelling] = []
    short, its_case = "", False  # all that begins with it follows it
    for text, cased in sorted(folded, key=lambda one: (one[1], one[0])):
        if short and cased == its_case and text.startswith(short):
            continue
        kept.append((text, cased))
        if not text.endswith(EDGE):
            short, its_case = text, cased
    return kept


def _pattern(spellings: list[Spelling]) -> str:
    """Spellings with the same beginning as one pattern. Raises _NotFiniteError where one has a boundary inside."""
    lead = "\\b" if spellings[0][0].startswith(EDGE) else ""
    tails = [text.removeprefix(EDGE) for text, _ in spellings]
    if any(EDGE in tail[:-1] or tail in ("", EDGE) for tail in tails):
        raise _NotFiniteError
    plain = [tail if tail.isalnum() else re2.escape(tail.removesuffix(EDGE)) + ("\\b" if tail.endswith(EDGE) else "")
             for tail in tails]
    return lead + (plain[0] if len(plain) == 1 else f"(?:{'|'.join(plain)})")


def _either(pattern: str, at: int, cased: bool) -> tuple[list[Spelling], int]:
    """Spellings of alternatives a|b|c from `at`, and where they end."""
    result, at = _sequence(pattern, at, cased)
    while at < len(pattern) and pattern[at] == "|":
        more, at = _sequence(pattern, at + 1, cased)
        result += more
    return result, at


def _sequence(pattern: str, at: int, cased: bool) -> tuple[list[Spelling], int]:
    """Spellings of one alternative: atoms in a row, each perhaps with `?`."""
    result: list[Spelling] = [("", cased)]
    while at < len(pattern) and pattern[at] not in "|)":
        atoms, at = _atom(pattern, at, cased)
        if at < len(pattern) and pattern[at] == "?":
            atoms, at = [*atoms, ("", cased)], at + 1
        if at < len(pattern) and pattern[at] in "?*+{" or len(result) * len(atoms) > MOST:
            raise _NotFiniteError
        result = [_joined(left, right) for left in result for right in atoms]
    return result, at


def _joined(left: Spelling, right: Spelling) -> Spelling:
    """One spelling after the other; case matters for all letters of a literal, or for none."""
    if left[1] == right[1]:
        return left[0] + right[0], left[1]
    letters = [case for text, case in (left, right) if any(map(str.isalpha, text))]
    if len(set(letters)) == 2:
        raise _NotFiniteError
    return left[0] + right[0], letters[0] if letters else left[1]


def _atom(pattern: str, at: int, cased: bool) -> tuple[list[Spelling], int]:
    """Spellings of one run of plain characters, escape, class or group."""
    if run := _PLAIN.match(pattern, at):
        return [(run[0], cased)], run.end()
    sign = pattern[at]
    if sign == "\\":
        return [(_escaped(pattern[at + 1]), cased)], at + 2
    if sign == "[":
        return _class(pattern, at, cased)
    for opening, case in (("(?:", cased), ("(?-i:", True)):
        if pattern.startswith(opening, at):
            found, end = _either(pattern, at + len(opening), case)
            if pattern[end] != ")":
                raise _NotFiniteError
            return found, end + 1
    raise _NotFiniteError


def _escaped(sign: str) -> str:
    if sign == "b":
        return EDGE
    if sign.isalnum() or not sign.isascii():
        raise _NotFiniteError
    return sign


def _class(pattern: str, at: int, cased: bool) -> tuple[list[Spelling], int]:
    """A class of a few characters: [- ] or [0-9], but no negation, escape or named class."""
    end = pattern.index("]", at + 2) if "]" in pattern[at + 2:] else 0
    inside = pattern[at + 1:end]
    if not inside or inside[0] == "^" or "\\" in inside or "[" in inside:
        raise _NotFiniteError
    inside = inside.replace("0-9", "0123456789")
    if "-" in inside[1:-1]:
        raise _NotFiniteError
    return [(sign, cased) for sign in inside], end + 1
