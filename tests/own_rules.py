"""Rules of our own for tests that need a few, whatever else a rule may hold."""

from dataclasses import fields

from cybersieve.rule_set import Rule
from cybersieve.rules import Rulebook


def rule(name: str, pattern: str, weight: float, field: str = "both") -> Rule:
    known = {"id": name, "pattern": pattern, "field": field, "weight": weight, "category": "own", "source": "ours"}
    return Rule(**known, **{part.name: 0.0 for part in fields(Rule) if part.name not in known})


def book(*rules: Rule, bias: float = 0.0, sources: dict[str, float] | None = None, silent: float = 0.0) -> Rulebook:
    return Rulebook(list(rules), bias, sources or {}, {"own": 0.0}, silent)
