"""HTML that can't be broken by data: `el` escapes every child and attribute that is not `Html` already.

Text from a dump may hold tags, `javascript:` links, right-to-left overrides or a megabyte without a space. It is
shown as text: cut to a limit, with control characters spelled out (U+202E), and never becomes a link.
"""

import html
import re
from collections.abc import Iterable, Iterator

# What changes or hides other text: controls but tab and line feed, line and paragraph separators, bidi controls,
# invisible characters, interlinear annotations, tag characters. Joiners (U+200C, U+200D) are part of some scripts.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
                      "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")


class Html(str):
    """A string that is HTML, not text."""

    __slots__ = ()


def text(value: object) -> Html:
    """A value as HTML: escaped unless it is Html; None is nothing."""
    if isinstance(value, Html):
        return value
    return Html("" if value is None else html.escape(str(value)))


def join(parts: Iterable[object], between: str = "") -> Html:
    return Html(between.join(text(part) for part in parts))


def el(name: str, /, *children: object, **attributes: object) -> Html:
    """An element. `class_` and `for_` lose their underscore, others become dashes; None and False leave one out."""
    shown = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{html.escape(str(value))}"')
        for key, value in attributes.items() if value is not None and value is not False)
    if name in ("br", "meta", "input", "col"):
        return Html(f"<{name}{shown}>")
    return Html(f"<{name}{shown}>{join(children)}</{name}>")


def split(value: str) -> Iterator[tuple[str, bool]]:
    """The text in parts, each with whether it is a control character, which then is spelled out as U+XXXX."""
    end = 0
    for found in CONTROLS.finditer(value):
        if found.start() > end:
            yield value[end:found.start()], False
        yield f"U+{ord(found.group()):04X}", True
        end = found.end()
    if end < len(value):
        yield value[end:], False


def visible(value: str) -> Html:
    """A text from data, its control characters spelled out and set apart."""
    return join(el("span", part, class_="control") if control else part for part, control in split(value))


def plain(value: str) -> str:
    """The same for a terminal: no escape sequence or override of the data reaches it."""
    return "".join(f"<{part}>" if control else part for part, control in split(value))


def cut(value: str, limit: int) -> tuple[str, int]:
    """At most `limit` characters of a text, and how many are left out."""
    return value[:limit], max(0, len(value) - limit)


def table(caption: str, head: Iterable[object], rows: Iterable[Iterable[object]], numeric: int = 1,
          sortable: bool = False) -> Html:
    """A table with a caption and a scope for every heading; from column `numeric` on cells are numbers.

    A cell is a value, or (value to show, number to sort by). The first column heads its row.
    """
    def cell(column: int, value: object) -> Html:
        shown, key = value if isinstance(value, tuple) else (value, value if isinstance(value, int | float) else None)
        if isinstance(shown, int) and not isinstance(shown, bool):
            shown = f"{shown:,}"
        kind = "number" if column >= numeric else None
        if column == 0:
            return el("th", shown, scope="row", class_=kind)
        return el("td", shown, class_=kind, data_key=key if sortable else None)

    def heading(column: int, name: object) -> Html:
        inside = el("button", name, type="button") if sortable else name
        return el("th", inside, scope="col", class_="number" if column >= numeric else None)

    return el("div", el(
        "table", el("caption", caption),
        el("thead", el("tr", *(heading(i, name) for i, name in enumerate(head)))),
        el("tbody", *(el("tr", *(cell(i, value) for i, value in enumerate(row))) for row in rows)),
        class_="sortable" if sortable else None), class_="wide", role="region", tabindex="0", aria_label=caption)
