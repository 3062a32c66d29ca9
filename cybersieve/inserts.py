r"""Marks in a text for what its record tells elsewhere: `{{ insert: param, p1 }}` becomes `[that parameter]`.

In a source's description:

    inserts:
      mark: '\{\{ insert: param, ([\w.-]+) \}\}'  # a regular expression, with the name as its group
      of: [params, controls.params]    # where the record has what may be named
      name: [id]                       # paths in each of these: its name, and what it says, the first that has a value
      says: [label, select.choice]

A mark of which the record says nothing becomes `[…]`.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from cybersieve import fields, folding
from cybersieve.errors import ParamsError

KEYS = {"mark", "of", "name", "says"}
LONGEST = 200  # characters that are put in for a mark
UNKNOWN = "…"
Fill = Callable[[str, Any], str]  # a text and its record -> the text without marks


def compiled(tree: Any, place: str) -> Fill:
    """A function that fills the marks. Raises ParamsError."""
    if not isinstance(tree, dict) or tree.keys() != KEYS:
        raise ParamsError(f"{place}: a mapping with {', '.join(sorted(KEYS))} is wanted, found {tree!r}")
    try:
        mark = re.compile(tree["mark"])
        of, names, says = ([fields.values(path) for path in tree[key]] for key in ("of", "name", "says"))
    except (ParamsError, re.error, TypeError) as error:
        raise ParamsError(f"{place}: {error}") from None
    if mark.groups != 1:
        raise ParamsError(f"{place}.mark: one group is wanted, the name")

    def fill(text: str, record: Any) -> str:
        if not mark.search(text):
            return text
        told: dict[str, str] = {}
        for item in (item for find in of for item in find(record)):
            words = next((found for find in says if (found := find(item))), [])
            said = folding.one_line("; ".join(filter(None, map(fields.as_text, words)))[:LONGEST])
            told |= {fields.as_text(name): said for find in names for name in find(item)}

        def within(found: re.Match[str]) -> str:
            return mark.sub(UNKNOWN, told.get(found[1], "")) or UNKNOWN

        @cache
        def label(name: str) -> str:
            return f"[{mark.sub(within, told.get(name, ''))[:LONGEST] or UNKNOWN}]"

        filled: str = mark.sub(lambda found: label(found[1]), text)
        return filled
    return fill
