"""Chat and instruction files from records: alpaca, chatml, sharegpt and plain text, one JSON object a line.

A template is text with fields in braces, all from the record itself: {title}, {text}, {full_text} (both, as rules and
verifier read them), {id}, {identifier} (a public one: CVE, CWE, ATT&CK ...), {source}, {meta.NAME}. Where a part has
several templates, the first is taken whose fields the record has; a record without any is left out and counted.
"""

import json
import string
from collections.abc import Callable
from typing import Any

from cybersieve import identifiers, records
from cybersieve.errors import ParamsError
from cybersieve.records import Row

ASK = ["What is {title}?", "Describe {identifier}."]
PARTS: dict[str, dict[str, list[str]]] = {  # the parts of each format, with their templates unless params say otherwise
    "alpaca": {"instruction": ASK, "input": [""], "output": ["{text}"]},
    "chatml": {"system": [""], "user": ASK, "assistant": ["{text}"]},
    "sharegpt": {"system": [""], "human": ASK, "gpt": ["{text}"]},
    "text": {"text": ["{full_text}"]},
}
LACKING = "records without the fields of template {}"  # the note on those that are left out
MAY_BE_EMPTY = {"input", "system"}
FIELDS = ("title", "text", "full_text", "id", "identifier", "source")
Format = Callable[[Row], str | None]  # a kept record -> its line without line break, None where a part can't be filled


def compiled(settings: dict[str, dict[str, Any]]) -> dict[str, Format]:
    """One function for each format asked for. Raises ParamsError: a format, part or field that there is not."""
    return {name: _format(name, parts) for name, parts in sorted(settings.items())}


def _format(name: str, given: dict[str, Any]) -> Format:
    if name not in PARTS:
        raise ParamsError(f"export.templates.{name}: unknown format (known: {', '.join(sorted(PARTS))})")
    for part in given:
        if part not in PARTS[name]:
            raise ParamsError(f"export.templates.{name}.{part}: unknown part (known: {', '.join(PARTS[name])})")
    parts = {}
    for part, default in PARTS[name].items():
        chosen = given.get(part, default)
        parts[part] = [_template(text, f"export.templates.{name}.{part}")
                       for text in (chosen if isinstance(chosen, list) else [chosen])]

    def line(row: Row) -> str | None:
        filled = {part: next((text for fill in fills if (text := fill(row)) is not None), None)
                  for part, fills in parts.items()}
        if any(not text and part not in MAY_BE_EMPTY for part, text in filled.items()):
            return None
        tree = _shaped(name, {part: text or "" for part, text in filled.items()})
        return json.dumps({"id": f"{row['source']}#{row['id']}", **tree}, ensure_ascii=False)
    return line


def _template(text: object, name: str) -> Callable[[Row], str | None]:
    """A function that fills the template's fields, or says None where the record lacks one."""
    if not isinstance(text, str):
        raise ParamsError(f"{name}: a template is a text, found {text!r}")
    try:
        pieces = [(literal, field) for literal, field, _, _ in string.Formatter().parse(text)]
    except ValueError as error:
        raise ParamsError(f"{name}: {error} (write {{{{ and }}}} for braces)") from None
    for _, field in pieces:
        if field is not None and field not in FIELDS and not field.startswith("meta."):
            raise ParamsError(f"{name}: unknown field {{{field}}} (known: {', '.join(FIELDS)}, meta.NAME)")

    def fill(row: Row) -> str | None:
        values = [(literal, "" if field is None else value(row, field)) for literal, field in pieces]
        if any(field is not None and not found for (_, field), (_, found) in zip(pieces, values, strict=True)):
            return None
        return "".join(literal + found for literal, found in values)
    return fill


def value(row: Row, field: str) -> str:
    """A record's field as text; lists are joined by commas; empty where the record has none."""
    if field == "full_text":
        return records.full_text(str(row["title"]), str(row["text"]))
    if field in ("title", "text", "id", "source"):
        return str(row[field])
    meta = json.loads(row["meta"])
    if field == "identifier":
        return identifiers.public(row["id"], meta) or ""
    for name in field.split(".")[1:]:
        meta = meta.get(name) if isinstance(meta, dict) else None
    if isinstance(meta, list):
        return ", ".join(str(item) for item in meta)
    return "" if meta is None or isinstance(meta, dict) else str(meta)


def _shaped(name: str, parts: dict[str, str]) -> dict[str, Any]:
    """The parts in the keys that trainers expect."""
    if name == "chatml":
        return {"messages": [{"role": role, "content": text} for role, text in parts.items() if text]}
    if name == "sharegpt":
        return {"conversations": [{"from": role, "value": text} for role, text in parts.items() if text]}
    return dict(parts)
