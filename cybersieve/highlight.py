"""Where the rules hit in a text, for people: the same text in pieces, each plain, a hit or a control character."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cybersieve import markup
from cybersieve.rule_set import Rule, places
from cybersieve.rules import by_weight

MOST = 200  # hits shown in one text; a text that repeats one word needs no more to be understood


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: `kind` is plain, hit or control; a hit names its rule."""

    text: str
    kind: str = "plain"
    rule: Rule | None = None


def spans(found: Iterable[Rule], text: str) -> list[tuple[int, int, Rule]]:
    """(start, end, rule) of the hits in a text, in its order; where hits overlap, the weightiest rule is shown.

    Unlike the rulebook's set this looks at one pattern at a time: meant for a few rules on a short text.
    """
    taken: list[tuple[int, int, Rule]] = []
    for rule in by_weight(found):
        for match in places(rule.pattern, text):
            start, end = match.span()
            if start < end and all(end <= a or b <= start for a, b, _ in taken):
                taken.append((start, end, rule))
            if len(taken) >= MOST:
                return sorted(taken, key=lambda span: span[0])
    return sorted(taken, key=lambda span: span[0])


def pieces(hits: Iterable[Rule], text: str) -> Iterator[Piece]:
    """The whole text in pieces; together they read as `text` with its control characters spelled out."""
    end = 0
    for start, stop, rule in spans(hits, text):
        yield from _plain(text[end:start])
        yield Piece("".join(part for part, _ in markup.split(text[start:stop])), "hit", rule)
        end = stop
    yield from _plain(text[end:])


def _plain(text: str) -> Iterator[Piece]:
    for part, control in markup.split(text):
        yield Piece(part, "control" if control else "plain")


def html(hits: Iterable[Rule], text: str) -> markup.Html:
    """The text as HTML, hits marked as evidence for or against, controls set apart."""
    return markup.join(shown(piece) for piece in pieces(hits, text))


def shown(piece: Piece) -> markup.Html:
    if piece.rule is not None:
        return markup.el("mark", piece.text, class_="for" if piece.rule.weight >= 0 else "against",
                         title=f"{piece.rule.id} {piece.rule.weight:+.2f}")
    return markup.el("span", piece.text, class_="control") if piece.kind == "control" else markup.text(piece.text)
