"""What `export.templates` may say: the formats, their parts, and the fields that a template may name."""

import string
from typing import Any

from cybersieve.errors import ParamsError

ASK = ["What is {title}?", "Describe {identifier}."]
PARTS: dict[str, dict[str, list[str]]] = {  # the parts of each format, with their templates unless params say otherwise
    "alpaca": {"instruction": ASK, "input": [""], "output": ["{text}"]},
    "chatml": {"system": [""], "user": ASK, "assistant": ["{text}"]},
    "sharegpt": {"system": [""], "human": ASK, "gpt": ["{text}"]},
    "text": {"text": ["{full_text}"]},
}
FIELDS = ("title", "text", "full_text", "id", "identifier", "source")
Piece = tuple[str, str | None]  # words as they stand, and the field after them


def read(name: str, given: dict[str, Any]) -> dict[str, list[list[Piece]]]:
    """The templates of each part of a format, taken apart. Raises ParamsError: no such format, part or field."""
    if name not in PARTS:
        raise ParamsError(f"export.templates.{name}: unknown format (known: {', '.join(sorted(PARTS))})")
    for part in given:
        if part not in PARTS[name]:
            raise ParamsError(f"export.templates.{name}.{part}: unknown part (known: {', '.join(PARTS[name])})")
    parts = {}
    for part, default in PARTS[name].items():
        chosen = given.get(part, default)
        parts[part] = [_pieces(text, f"export.templates.{name}.{part}")
                       for text in (chosen if isinstance(chosen, list) else [chosen])]
    return parts


def _pieces(text: object, name: str) -> list[Piece]:
    if not isinstance(text, str):
        raise ParamsError(f"{name}: a template is a text, found {text!r}")
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ParamsError(f"{name}: {error} (write {{{{ and }}}} for braces)") from None
    for _, field, form, conversion in parts:
        if form or conversion:
            raise ParamsError(f"{name}: {{{field}}} takes no format beside its name")
        if field is not None and field not in FIELDS and not (field.startswith("meta.") and all(field.split("."))):
            raise ParamsError(f"{name}: unknown field {{{field}}} (known: {', '.join(FIELDS)}, meta.NAME)")
    return [(literal, field) for literal, field, _, _ in parts]
