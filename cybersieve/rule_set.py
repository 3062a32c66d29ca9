"""The rules of one field as an RE2 set, which one pass over a text matches, and each rule's pattern by itself.

Limits: matching ignores case unless a pattern says (?-i), and how signs are set (spelling.py); `\\b` and `\\w` are
ASCII; RE2 has no look-around.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from cybersieve import patterns, spelling
from cybersieve.errors import ParamsError

NOTHING = -1  # the position that stands for no rule
MAX_MEM = 32 << 20  # bytes for the automaton: 16 are as fast, 256 no faster; two workers stay far below 300 MB


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    pattern: str  # RE2 syntax
    field: str  # title | text | both
    weight: float  # log-odds that one hit adds
    category: str
    source: str  # where the rule comes from
    prior: float  # the weight expected before any label was seen; fitting shrinks towards it
    path: str = ""  # the file that holds it

    @property
    def where(self) -> str:
        return f"{self.path}, rule {self.id}"


class RuleSet:
    """The rules of one field as an RE2 set. Its members get the places in `positions` from `first` on.

    The first member, the beginning that every text has, tells "nothing hit" from "out of memory". (An empty pattern
    would hit at every character, and take a quarter of the time.) The last ones mind case, but not in the set: with one
    case its automaton is smaller, and a fifth faster. What hit of them, a few literals each, is looked for once more.
    """

    def __init__(self, rules: list[tuple[int, Rule]], positions: list[int]) -> None:
        options = re2.Options()
        options.case_sensitive, options.log_errors, options.max_mem = False, False, MAX_MEM
        self._set, self.first, self.used = re2.Set.SearchSet(options), len(positions), bool(rules)
        self._set.Add(r"\A")
        positions.append(NOTHING)
        cased = []
        for position, rule in rules:
            try:
                for member in patterns.members(spelt(rule.pattern)):
                    if member.cased:
                        cased.append((position, member))
                        continue
                    self._set.Add(member.pattern)
                    positions.append(position)
            except re2.error:
                raise ParamsError(f"{rule.where}: its pattern is not RE2 "
                                  f"(github.com/google/re2/wiki/Syntax): {_reason(rule.pattern)}") from None
        self.cased = len(positions) - self.first  # the first of those that mind case
        self._exact = [member.exactly() for _, member in cased]
        for position, member in cased:
            self._set.Add(member.pattern)
            positions.append(position)
        try:
            self._set.Compile()
        except re2.error:
            raise ParamsError(_too_large([rule for _, rule in rules])) from None
        self._refuse_empty(dict(rules), positions)

    def _refuse_empty(self, rules: dict[int, Rule], positions: list[int]) -> None:
        """Raises ParamsError where a pattern hits nothing at all, and so every text."""
        for member in self._set.Match(b"") or ():
            if (rule := rules.get(positions[self.first + member])) is not None:
                raise ParamsError(f"{rule.where}: its pattern hits the empty text, and so every text")

    def match(self, text: bytes) -> list[int]:
        """The members that hit, counted from 0, in no order."""
        text = spelling.plain(text)
        found: list[int] | None = self._set.Match(text)
        if found is None:
            raise ParamsError(f"the rules need more than {MAX_MEM >> 20} MB on one text; shorten patterns")
        if max(found) < self.cased:
            return found
        return [i for i in found if i < self.cased or self._exact[i - self.cased].search(text)]


@lru_cache(maxsize=2048)
def compiled(pattern: str) -> Any:
    """A rule's pattern by itself, as the set reads it."""
    options = re2.Options()
    options.case_sensitive, options.log_errors = False, False
    return re2.compile(spelt(pattern), options)


def spelt(pattern: str) -> str:
    """A pattern in the spelling that texts are matched in."""
    return spelling.pattern(pattern.encode(errors="replace").decode())


def places(pattern: str, text: str) -> Iterator[Any]:
    """Where a pattern hits a text; not where something hidden had to go for it."""
    return iter(compiled(pattern).finditer(spelling.in_place(text)))


def _too_large(rules: list[Rule]) -> str:
    """What to do about rules that are too large together: one is to blame, or there are too many."""
    sizes = {rule: _size(rule.pattern) for rule in rules}
    together, largest = f"{len(rules)} rules need over {MAX_MEM >> 20} MB together; ", max(rules, key=sizes.__getitem__)
    if sizes[largest] > sum(sizes.values()) / 10:
        return (f"{together}shorten patterns, and what they repeat, first of all that of {largest.where} "
                f"({len(largest.pattern)} characters)")
    paths = Counter[str]()
    for rule in rules:
        paths[rule.path] += sizes[rule]
    path = paths.most_common(1)[0][0]
    return f"{together}have fewer: {sum(rule.path == path for rule in rules)} are of {path}"


def _size(pattern: str) -> int:
    """How large a pattern is once compiled: \\pL{99} is 99 times what 300 ranges of letters are."""
    try:
        return int(compiled(pattern).programsize)
    except re2.error:  # too large by itself
        return MAX_MEM


def _reason(pattern: str) -> str:
    try:
        compiled(pattern)
    except re2.error as error:
        reason = error.args[0]
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return "too large"
