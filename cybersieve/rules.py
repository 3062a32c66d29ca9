"""Rules: what a text says about itself. All patterns are matched in one pass (rule_set.py); weights add up to log-odds.

A rule is data (rules.yaml): an id, a pattern in RE2 syntax, the field it reads, a weight, a category and a note on
where it comes from. The weight is what one hit adds to the log-odds that the text belongs in the corpus. What is
known of the source file alone (`sources`) is added to that, and always told apart from the text's own evidence.
"""

import re
from collections.abc import Iterable
from math import exp, isfinite, nan
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from cybersieve import params, records
from cybersieve.errors import ParamsError, disk_says
from cybersieve.rule_set import NOTHING, Rule, RuleSet, places

FIELDS = ("both", "title", "text")
TOP = "bias", "silent", "categories", "sources", "rules"
KEYS = {"id", "pattern", "field", "weight", "category", "source", "prior"}
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # all but tabs and line ends, which texts may have
KNOWN = 50_000  # combinations of hits remembered: some 20 MB
MOST_WEIGHT = 1e6  # so that any sum of weights is a number
Evidence = tuple[tuple[int, ...], float]  # the rules that hit, and the text's log-odds


class Judgement(NamedTuple):
    """What the rules say of one record; confidence = logistic(text_log_odds + source_log_odds)."""

    hits: tuple[str, ...]  # ids of the rules that hit, in the rulebook's order
    text_log_odds: float  # bias + weights of the hits (+ silent where none of them speaks for it)
    source_log_odds: float  # what the source file alone tells; 0 for one never seen
    confidence: float  # 0 to 1


class Rulebook:
    """Rules, compiled. `judge` is pure; a rulebook is built once and shared by all records.

    `bias` is what every text starts from, `silent` what is added where no hit speaks for it, `sources` a weight by the
    source's base name or path, `categories` the weight expected of a category's rules: above 0 it is evidence for,
    below 0 against.
    """

    def __init__(self, rules: list[Rule], bias: float, sources: dict[str, float], categories: dict[str, float],
                 silent: float = 0.0) -> None:
        self.rules, self.bias, self.sources, self.categories = tuple(rules), bias, sources, categories
        self.silent = silent
        self.weights = [rule.weight for rule in rules]
        self.mute = {i for i, rule in enumerate(rules) if not self.speaks(rule)}
        self.ids = [rule.id for rule in rules]
        self.positions: list[int] = []  # the rule of every member of the sets; NOTHING for the first of each set
        self._sets = {field: RuleSet([(i, rule) for i, rule in enumerate(rules) if rule.field == field], self.positions)
                      for field in FIELDS}
        self._narrow = [field for field in ("title", "text") if self._sets[field].used]
        self._known = _Known(self)

    def hits(self, title: str, text: str) -> tuple[int, ...]:
        """Positions of the rules that hit, ascending; `both` reads title and text as one (records.full_text)."""
        return self._of(title, text)[0]

    def evidence(self, pairs: Iterable[tuple[bytes, bytes]]) -> list[Evidence]:
        """What each text (a title and a text, in UTF-8) says about itself."""
        match, full, known = self._sets["both"].match, records.full_text, self._known
        if not self._narrow:
            return [known[tuple(match(full(title, text)))] for title, text in pairs]
        result = []
        for title, text in pairs:
            found = match(full(title, text))
            for field in self._narrow:
                part = self._sets[field]
                found += [part.first + i for i in part.match(title if field == "title" else text)]
            result.append(known[tuple(found)])
        return result

    def _of(self, title: str, text: str) -> Evidence:
        return self.evidence([(title.encode(errors="replace"), text.encode(errors="replace"))])[0]  # lone surrogates

    def speaks(self, rule: Rule) -> bool:
        """Whether a hit is evidence for, by the rule's category or, where that may go either way, its weight."""
        return rule.weight > 0 or self.categories[rule.category] > 0

    def silence(self, hits: Iterable[Rule]) -> float:
        """What the hits add beside their weights: `silent` where none of them speaks for the text."""
        return 0.0 if any(map(self.speaks, hits)) else self.silent

    def source_log_odds(self, source: str) -> float:
        """The weight of a source: by its relative path, else by its base name, else 0."""
        return self.sources.get(source, self.sources.get(PurePosixPath(source).name, 0.0))

    def weighs(self, source: str) -> bool:
        """Whether there is a weight for a source."""
        return not self.sources.keys().isdisjoint((source, PurePosixPath(source).name))

    def judge(self, title: str, text: str, source: str = "") -> Judgement:
        (hits, own), origin = self._of(title, text), self.source_log_odds(source)
        return Judgement(tuple(self.ids[i] for i in hits), own, origin, confidence(own + origin))


def confidence(log_odds: float) -> float:
    """The probability for some log-odds, to 6 decimals, so that CPU types agree."""
    return round(1 / (1 + exp(-max(-700.0, log_odds))), 6)


class _Known(dict[tuple[int, ...], Evidence]):
    """The evidence by the members that hit: texts hit the same few thousand combinations over and over."""

    def __init__(self, book: Rulebook) -> None:
        super().__init__()
        self.book = book

    def __missing__(self, found: tuple[int, ...]) -> Evidence:
        if len(self) >= KNOWN:
            self.clear()
        book = self.book
        hits = tuple(sorted({book.positions[i] for i in found} - {NOTHING}))
        start = book.bias + (book.silent if book.mute.issuperset(hits) else 0.0)
        self[found] = result = hits, round(start + sum([book.weights[i] for i in hits]), 4)
        return result


def by_weight(rules: Iterable[Rule]) -> list[Rule]:
    """The weightiest first."""
    return sorted(rules, key=lambda rule: (-abs(rule.weight), rule.id))


def load(path: Path | str, extra: Path | str | None = None, trust: dict[str, float] | None = None) -> Rulebook:
    """Read a rules file, merge the user's own (`extra`: same id replaces, new id adds) and the user's trust in sources.

    Raises ParamsError: not a rules file, a rule without id, pattern or weight, a bad pattern, an unknown category
    or field, a key or an id twice, a weight against its category.
    """
    tree = _read(Path(path), "score.rules")
    categories = _numbers(tree, "categories", path)
    sources = _numbers(tree, "sources", path)
    merged = {rule.id: rule for rule in _rules(tree, categories, str(path))}
    if extra is not None:
        own = _read(Path(extra), "score.extra_rules")
        if shared := {"bias", "silent"} & own.keys():
            raise ParamsError(f"{extra}: {min(shared)} belongs to all rules and stands in {path}; "
                              "own rules have weights")
        added = _numbers(own, "categories", extra)
        if turned := sorted(name for name, weight in added.items() if weight * categories.get(name, 0) < 0):
            raise ParamsError(f"{extra}: categories: {turned[0]} is evidence of the other side in {path}; "
                              "name a new one")
        categories |= {"own": 0.0} | added
        sources |= _numbers(own, "sources", extra)
        merged |= {rule.id: rule for rule in _rules(own, categories, str(extra))}
    trusted = _numbers({"score.trust": trust}, "score.trust", "params")
    sources = {name: weight for name, weight in sources.items() if PurePosixPath(name).name not in trusted} | trusted
    bias, silent = (_number(tree.get(key, 0), f"{path}: {key}") for key in ("bias", "silent"))
    if silent > 0:
        raise ParamsError(f"{path}: silent is no evidence for, {silent} is")
    return Rulebook(list(merged.values()), bias, sources, categories, silent)


def _read(path: Path, setting: str) -> dict[str, Any]:
    """A rules file's content. Raises ParamsError; where it is no such file at all, with the `setting` that names it."""
    try:
        tree = params.read_yaml(path)
    except OSError as error:
        here = "" if path.is_absolute() else f" (looked for in {Path.cwd()}: start where it is, or give its whole path)"
        raise ParamsError(f"{setting}: {disk_says(error)}{here}") from None
    except ParamsError as error:
        raise ParamsError(f"{setting}: {error}") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("rules"), list):
        raise ParamsError(f"{setting}: {path}: a mapping with a list `rules` is wanted")
    unknown = sorted(map(str, set(tree) - set(TOP)))
    if unknown:
        raise ParamsError(f"{path}: unknown key {unknown[0]}{params.meant(unknown[0], TOP)} (known: {', '.join(TOP)})")
    return tree


def _numbers(tree: dict[str, Any], key: str, path: Path | str) -> dict[str, float]:
    """A mapping of names to numbers."""
    found = tree.get(key) or {}
    if not isinstance(found, dict):
        raise ParamsError(f"{path}: {key}: a mapping of names to numbers is wanted")
    return {str(name): _number(value, f"{path}: {key}.{name}") for name, value in found.items()}


def _number(value: Any, name: str) -> float:
    """A number within MOST_WEIGHT of 0, also one that YAML takes for a text, as 1e6. Raises ParamsError."""
    try:
        number = nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = nan
    if not isfinite(number):
        raise ParamsError(f"{name} is not a number: {repr(value)[:80]}")
    if abs(number) > MOST_WEIGHT:
        raise ParamsError(f"{name} must be within {MOST_WEIGHT:g} of 0")
    return number


def _rules(tree: dict[str, Any], categories: dict[str, float], path: str) -> list[Rule]:
    """The rules of one file, checked."""
    result: dict[str, Rule] = {}
    for number, row in enumerate(tree["rules"]):
        name = row.get("id") if isinstance(row, dict) else None
        where = f"{path}, rule {name or number}"
        unknown = next((key for key in row if key not in KEYS), None) if isinstance(row, dict) else None
        if not isinstance(row, dict) or unknown is not None or not {"id", "pattern", "weight"} <= set(row):
            told = "" if unknown is None else f"unknown key {unknown}{params.meant(unknown, KEYS) or ';'} "
            raise ParamsError(f"{where}: {told}id, pattern and weight are wanted, beside them field, category, source "
                              "and prior")
        if not isinstance(row["pattern"], str) or not row["pattern"] or not isinstance(row["id"], str | int):
            raise ParamsError(f"{where}: its id and its pattern must be texts, the pattern not an empty one")
        if control := CONTROL.search(row["pattern"]):
            raise ParamsError(f"{where}: its pattern holds the control character {control[0]!r}: between double quotes "
                              "YAML takes \\b and the like for one; put the pattern between single quotes")
        category, field = row.get("category", "own"), row.get("field", "both")
        if field not in FIELDS or not isinstance(category, str) or category not in categories:
            raise ParamsError(f"{where}: its field must be one of {', '.join(FIELDS)}, its category one of "
                              f"{', '.join(sorted(categories))}; found {field!r} and {category!r}")
        weight = _number(row["weight"], f"{where}: its weight")
        prior = _number(row.get("prior", categories[category]), f"{where}: its prior")
        rule = Rule(str(row["id"]), row["pattern"], field, weight, category, str(row.get("source", Path(path).name)),
                    prior, path)
        for kind, value in (("weight", rule.weight), ("prior", rule.prior)):
            if value * categories[category] < 0:
                side = "for" if categories[category] > 0 else "against"
                raise ParamsError(f"{where}: {category} is evidence {side}, its {kind} {value} is not")
        if re.fullmatch(r"[\w.-]+", rule.id) is None or result.setdefault(rule.id, rule) is not rule:
            raise ParamsError(f"{where}: ids are unique and made of letters, digits, dot, dash and underscore")
    return list(result.values())


def own_sources(extra: Path | str | None) -> dict[str, float]:
    """The weights of sources in the user's own rules."""
    return {} if extra is None else _numbers(_read(Path(extra), "score.extra_rules"), "sources", extra)


def strangers(trust: Iterable[str], sources: Iterable[str]) -> list[str]:
    """Those of `trust` that are no source's path or base name."""
    return sorted(set(trust) - {name for source in sources for name in (source, PurePosixPath(source).name)})


def explain(book: Rulebook, text: str, source: str = "", title: str = "") -> str:
    """A table for people: which rules hit where (in their field), what each adds, what the source adds, and the
    confidence."""
    # bytes of a command line that are no UTF-8 come as lone surrogates
    title, text = (words.encode(errors="replace").decode() for words in (title, text))
    hits, read = book.hits(title, text), {"title": title, "text": text, "both": records.full_text(title, text)}
    found = book.judge(title, text, source)
    lines = [f"{'weight':>7}  {'category':14} {'rule':24} where",
             f"{book.bias:+7.2f}  {'bias':14} (what every text starts from)"]
    if silence := book.silence(book.rules[i] for i in hits):
        lines.append(f"{silence:+7.2f}  {'silent':14} (nothing speaks for it)")
    for rule in by_weight(book.rules[i] for i in hits):
        words = read[rule.field]
        match = next(places(rule.pattern, words), None)
        where = f"{match.start()}: {words[match.start():match.end()]!r}" if match else ""
        lines.append(f"{rule.weight:+7.2f}  {rule.category:14} {rule.id:24} {where}")
    unweighted = " (no file of that name has a weight)" if source and not book.weighs(source) else ""
    lines += [f"{found.text_log_odds:+7.2f}  = the text's own evidence",
              f"{found.source_log_odds:+7.2f}  the source {source or '(none given: --source NAME)'}{unweighted}",
              f"{found.text_log_odds + found.source_log_odds:+7.2f}  log-odds = confidence {found.confidence:.3f}"]
    return "\n".join(lines)
