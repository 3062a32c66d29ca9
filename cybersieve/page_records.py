"""One decided record as a card: its text with the rule hits marked, the evidence, and why it went where it went."""

from cybersieve import highlight, markup
from cybersieve.markup import Html, el, join, visible
from cybersieve.records import Row
from cybersieve.rule_set import Rule
from cybersieve.rules import Rulebook, by_weight

TITLE, TEXT = 200, 900  # characters shown


def card(row: Row, record: Row, book: Rulebook) -> Html:
    """`row` is score and verdict, `record` the parsed record."""
    wanted = set(row["rules"] or ())
    hits = [rule for rule in book.rules if rule.id in wanted]
    title, more_title = markup.cut(record["title"], TITLE)
    text, more = markup.cut(record["text"], TEXT)
    return el(
        "article",
        el("h4", _marked(hits, title, "title"), "…" if more_title else "", dir="auto") if title else "",
        el("p", _marked(hits, text, "text"), el("span", f" … {more:,} more characters", class_="more") if more else "",
           dir="auto", class_="text") if text and text != title else "",
        el("p", visible(row["source"]), " · ", el("code", visible(markup.cut(row["id"], TITLE)[0])), " · ",
           visible(markup.cut(record["locator"], TITLE)[0]), class_="where"),
        el("p", el("strong", row["verdict"]), f" by {row['by']}: ", visible(markup.cut(row["reason"] or "", TITLE)[0]),
           class_="verdict"),
        el("p", evidence(row, book), class_="evidence") if row["score"] is not None else "",
        el("ul", *(el("li", f"{rule.id} {rule.weight:+.2f}", class_="for" if rule.weight >= 0 else "against")
                   for rule in by_weight(hits)), class_="hits") if hits else "")


def evidence(row: Row, book: Rulebook) -> Html:
    """Where the confidence comes from, and what the LLM said."""
    origin = book.source_log_odds(row["source"])
    parts = [f"confidence {row['confidence']:.3f}: text {row['score'] - origin:+.2f}, source {origin:+.2f}"]
    if row["margin"] is not None:
        parts.append(f"LLM margin {row['margin']:+.2f}, p_yes {row['p_yes']:.3f}")
    return join(parts, "; ")


def _marked(hits: list[Rule], text: str, field: str) -> Html:
    return highlight.html([rule for rule in hits if rule.field in ("both", field)], text)
