"""Which rules matter in a run: how often each hit, how many verdicts rest on it, and what labels say to its hits."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from cybersieve import rules
from cybersieve.records import Row
from cybersieve.rules import Rulebook


@dataclass
class RuleUse:
    """Counts over the records that reached the rules."""

    book: Rulebook
    accept: float | None
    reject: float | None
    hits: Counter[str] = field(default_factory=Counter)
    decisive: Counter[str] = field(default_factory=Counter)
    labelled: Counter[tuple[str, int]] = field(default_factory=Counter)  # (rule, label)

    def __post_init__(self) -> None:
        self._weights = {rule.id: rule.weight for rule in self.book.rules}
        self._speaks = {rule.id for rule in self.book.rules if self.book.speaks(rule)}

    def add(self, row: Row, label: int | None) -> None:
        """Count a scored record; a hit is decisive if without it the record would have gone another way."""
        speaking = self._speaks.intersection(row["rules"] or ())
        for name in row["rules"] or ():
            self.hits[name] += 1
            if label is not None:
                self.labelled[name, label] += 1
            without = row["score"] - self._weights.get(name, 0.0) + (self.book.silent if speaking == {name} else 0.0)
            self.decisive[name] += self._way(rules.confidence(without)) != self._way(row["confidence"])

    def _way(self, confidence: float) -> str:
        if self.accept is not None and confidence >= self.accept:
            return "kept"
        return "rejected" if self.reject is not None and confidence <= self.reject else "asked"

    def table(self) -> list[dict[str, Any]]:
        """All rules, the most decisive first."""
        result = [{"id": rule.id, "category": rule.category, "weight": rule.weight, "hits": self.hits[rule.id],
                   "decisive": self.decisive[rule.id], "yes": self.labelled[rule.id, 1],
                   "no": self.labelled[rule.id, 0]} for rule in self.book.rules]
        return sorted(result, key=lambda row: (-row["decisive"], -row["hits"], row["id"]))
