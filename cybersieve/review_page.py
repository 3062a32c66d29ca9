"""The labelling page: markup, and the guideline as part of it."""

from cybersieve.markup import Html, el, join
from cybersieve.page import asset, policy

KEYS = [("y", "1", "Yes, security"), ("n", "0", "No"), ("u", "u", "Cannot tell")]


def document(file: str, labeller: str, blind: bool, guideline: str) -> tuple[str, str]:
    """The page and its content security policy."""
    style, script = asset("style.css"), asset("review.js")
    head = el("head", el("meta", charset="utf-8"),
              el("meta", name="viewport", content="width=device-width, initial-scale=1"),
              el("meta", name="color-scheme", content="light dark"),
              el("title", "cybersieve: label records"), el("style", style))
    buttons = [el("button", name, " ", el("kbd", key), type="button", data_label=label, class_=f"answer {key}")
               for key, label, name in KEYS]
    others = [el("button", name, " ", el("kbd", key), type="button", id=name.lower())
              for name, key in (("Undo", "z"), ("Skip", "s"), ("Scores", "b"), ("Guideline", "g"))]
    body = el(
        "body",
        el("header", el("h1", "Is this about cybersecurity?"),
           el("p", el("span", id="count"), " into ", el("code", file), " as ", el("strong", labeller),
              el("span", id="left")), el("progress", id="progress", max=1, value=0, aria_label="labelled")),
        el("main", el("p", id="note", role="status", class_="note"),
           el("article", el("h2", id="title", dir="auto"), el("p", id="text", class_="text", dir="auto"),
              el("p", id="more", class_="more"), el("ul", id="run", class_="run", hidden=True), id="record",
              aria_live="polite"),
           el("div", *buttons, class_="answers"), el("div", *others, class_="answers other")),
        el("dialog", el("form", el("button", "Close ", el("kbd", "Esc")), method="dialog"), _prose(guideline),
           id="help", aria_label="Guideline"),
        el("script", script), data_blind="1" if blind else "0", class_="review")
    text = "<!doctype html>\n" + el("html", head, body, lang="en") + "\n"
    return text, policy(style, script) + "; connect-src 'self'; frame-ancestors 'none'"


def _prose(markdown: str) -> Html:
    """Headings, lists and paragraphs; all a guideline needs."""
    parts: list[Html] = []
    for block in markdown.strip().split("\n\n"):
        lines = block.splitlines()
        if lines[0].startswith("#"):
            parts.append(el("h2" if lines[0].startswith("# ") else "h3", lines[0].lstrip("# ")))
            lines = lines[1:]
        if lines and all(line.startswith(("- ", "  ")) for line in lines):
            items = "\n".join(lines).removeprefix("- ").split("\n- ")
            parts.append(el("ul", *(el("li", _code(item)) for item in items)))
        elif lines:
            parts.append(el("p", _code(" ".join(lines))))
    return el("div", *parts)


def _code(line: str) -> Html:
    """What stands between backquotes as code."""
    return join(el("code", part) if odd % 2 else part for odd, part in enumerate(" ".join(line.split()).split("`")))
