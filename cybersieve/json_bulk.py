"""Elasticsearch's bulk files: JSON Lines in which a line says what to do, and the next one holds what it is done to.

    {"index": {"_index": "advisories", "_id": "17"}}
    {"title": "A worm spreads", "body": "..."}
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

_BEGIN = re.compile(rb'\s*\{\s*"(?:index|create|update|delete)"\s*:\s*\{\s*(?:"_(?:id|index|type)"|\})')
_DELETED = re.compile(rb'(?:\s*\{\s*"delete"\s*:\s*\{[^{}]*\}\s*\})*+')  # these have no next line
_ACTIONS = frozenset(["index", "create", "update", "delete"])
_NAMES = frozenset(["routing", "version", "version_type", "pipeline", "require_alias", "dynamic_templates"])


def begins(begin: bytes) -> bool:
    """Is this the beginning of such a file?"""
    return _BEGIN.match(begin) is not None


def shown(begin: bytes) -> bytes:
    """The beginning of such a file behind what it says of documents that are deleted."""
    deleted = _DELETED.match(begin)
    return begin[deleted.end():] if deleted else begin


def documents(found: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The documents among lines, each with a locator, with the ids (`_id`) that the lines before give them."""
    told: dict[str, Any] = {}
    for locator, tree in found:
        if (action := _action(tree)) is not None:
            told = action
            continue
        if "_id" in told and isinstance(tree, dict):
            tree = {"_id": told["_id"], **tree}
        told = {}
        yield locator, tree


def _action(tree: Any) -> dict[str, Any] | None:
    """What a line says of the next one; None for a document."""
    if not isinstance(tree, dict) or len(tree) != 1 or not (_ACTIONS & tree.keys()):
        return None
    told = next(iter(tree.values()))
    ours = isinstance(told, dict) and all(name[:1] == "_" or name in _NAMES for name in told)
    return told if ours else None
