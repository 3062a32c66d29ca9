"""Chat and instruction files from records: alpaca, chatml, sharegpt and plain text, one JSON object a line.

A template is text with fields in braces, all from the record itself: {title}, {text}, {full_text} (both, as rules and
verifier read them), {id}, {identifier} (a public one: CVE, CWE, ATT&CK ...), {source}, {meta.NAME}. Where a part has
several templates, the first is taken whose fields the record has; a record without any is left out and counted.
"""

import json
from collections.abc import Callable
from typing import Any

from cybersieve import chat_formats, identifiers, records
from cybersieve.records import Row

LACKING = "records without the fields of template {}"  # the note on those that are left out
MAY_BE_EMPTY = {"input", "system"}
Format = Callable[[Row], str | None]  # a kept record -> its line without line break, None where a part can't be filled


def compiled(settings: dict[str, dict[str, Any]]) -> dict[str, Format]:
    """One function for each format asked for. Raises ParamsError: a format, part or field that there is not."""
    return {name: _format(name, parts) for name, parts in sorted(settings.items())}


def _format(name: str, given: dict[str, Any]) -> Format:
    parts = {part: [_filler(pieces) for pieces in choices] for part, choices in chat_formats.read(name, given).items()}

    def line(row: Row) -> str | None:
        filled = {part: next((text for fill in fills if (text := fill(row)) is not None), None)
                  for part, fills in parts.items()}
        if any(not text and part not in MAY_BE_EMPTY for part, text in filled.items()):
            return None
        tree = _shaped(name, {part: text or "" for part, text in filled.items()})
        return json.dumps({"id": f"{row['source']}#{row['id']}", **tree}, ensure_ascii=False)
    return line


def _filler(pieces: list[chat_formats.Piece]) -> Callable[[Row], str | None]:
    """A function that fills a template's fields, or says None where the record lacks one."""
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
