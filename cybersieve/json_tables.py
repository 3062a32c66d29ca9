"""Tables in JSON whose rows are no objects: lists of cells beside or below the columns' names, or whole columns.

    {"columns": ["id", "text"], "data": [["1", "a"], ["2", "b"]]}     rows at `data[]`, columns [id, text]
    [["id", "text"], ["1", "a"], ["2", "b"]]                           rows at `[]`; also as lines, also without names
    {"id": {"0": "1", "1": "2"}, "text": {"0": "a", "1": "b"}}         the whole document is one table, columns KEYS
    {"id": ["1", "2"], "text": ["a", "b"]}                             the same
    [["a text", {"entities": [[2, 6, "WORD"]]}]]                       rows of texts and of what is marked in them

Not covered: rows before their columns' names, and whole columns of which the first look shows only one list.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from cybersieve import fields
from cybersieve.field_names import IDS, TEXTS, TITLES, has_words, plain
from cybersieve.leaves import pair
from cybersieve.tables import LONGER

KEYS = ["*"]  # a document's own keys are the columns
NAMES = {"columns", "cols", "fields", "fieldnames", "columnnames", "header", "headers", "schema"}  # of the columns
NAME = {"name", "columnname", "field", "fieldname", "label", "title", "id"}  # of a column that is an object
MARKED = {"entities", "spans", "cats"}  # in a text
MAX_COLUMNS = 1000  # that are turned: each row asks each of them
DEPTH = 3  # objects and arrays down to a table
KNOWN = {*IDS, *TITLES, *TEXTS}


class Table(NamedTuple):
    """Where the rows of a table stand, and what its columns are called."""

    path: str
    columns: list[str]


def found(documents: list[Any], whole: bool) -> Table | None:
    """The table that the beginning of a document shows; `whole`: nothing was cut off."""
    root = documents[0] if len(documents) == 1 else None
    items, path = (documents, "") if len(documents) > 1 else (root, "[]")
    if isinstance(items, list):
        columns = _header(items) or (_numbers(items) if _nameless(items) or _marked(items) else [])
        return Table(path, columns) if columns else None
    if not isinstance(root, dict):
        return None
    return Table("", KEYS) if _columns(root, whole) else _inner(root, (), [])


def rows(trees: Iterable[tuple[str, Any]], columns: list[str], notes: Counter[str]) -> Iterator[tuple[str, Any]]:
    """Locator and tree of every row, from the locators and trees of what was read; cells beyond the columns' names are
    in columns called by their number, and noted."""
    for locator, tree in trees:
        if columns == KEYS:
            yield from _turned(locator, tree)
        elif not isinstance(tree, list):
            yield locator, tree
        elif tree != columns:  # the row that holds the names
            if len(tree) > len(columns):
                notes[LONGER] += 1
            yield locator, dict(zip([*columns, *_numbers([tree])[len(columns):]], tree, strict=False))


def _inner(tree: dict[str, Any], place: tuple[str | None, ...], names: list[str]) -> Table | None:
    """Names and rows side by side in an object or in one within it; `place`: the keys that lead there, None for a
    list's first item; `names`: those above it."""
    names = next((found for key, value in tree.items() if plain(key) in NAMES and (found := _names(value))), names)
    for key, value in tree.items():
        if not isinstance(value, dict | list) or not fields.sayable(key):
            continue
        inner, below = value, (*place, key)
        if isinstance(value, list):
            if names and _rows(value, names):
                return Table(_path(below), names)
            if columns := _header(value):
                return Table(_path(below), columns)
            if _marked(value):
                return Table(_path(below), _numbers(value))
            inner, below = value[0] if value else value, (*below, None)
        if isinstance(inner, dict) and len(place) - place.count(None) < DEPTH and (
                table := _inner(inner, below, names)):
            return table
    return None


def _path(place: tuple[str | None, ...]) -> str:
    """The path of the rows in a list; made only for those that are found."""
    path = ""
    for key in place:
        path = f"{path}[]" if key is None else fields.below(path, key)
    return f"{path}[]"


def _names(value: Any) -> list[str]:
    """The columns' names: texts, or what objects have for a name; none where one has none."""
    if isinstance(value, dict):
        value = value.get("fields", [])
    names: list[Any] = [next((name for key, name in item.items() if plain(key) in NAME), None)
                        if isinstance(item, dict) else item for item in (value if isinstance(value, list) else [])]
    return names if _named(names, 1) else []


def _named(names: Any, least: int = 2) -> bool:
    """Are these names of columns, some of them as records have them?"""
    return isinstance(names, list) and all(isinstance(name, str) and len(name) < 80 for name in names) and \
        len(set(names)) == len(names) and sum(plain(name) in KNOWN for name in names) >= least


def _rows(items: list[Any], names: list[str]) -> bool:
    """Are these rows of so many cells? The last may be cut off."""
    return all(isinstance(item, list) for item in items) and {len(item) for item in items[:-1] or items} == {len(names)}


def _header(items: list[Any]) -> list[str]:
    """The columns' names, where they are the first of these lists; else none."""
    names = items[0] if items else []
    return names if _named(names) and _rows(items[1:], names) else []


def _numbers(items: list[Any]) -> list[str]:
    return [f"column {n}" for n in range(1, len(items[0]) + 1)]


def _nameless(items: list[Any]) -> bool:
    """Are these rows of cells that say something, without their columns' names?"""
    first = items[0] if items else None
    return isinstance(first, list) and len(first) > 1 and len(items) > 2 and _rows(items, first) and not any(
        isinstance(cell, dict | list) for row in items for cell in row) and any(
        has_words(cell) for row in items for cell in row)


def _marked(items: list[Any]) -> bool:
    """Are these texts with what is marked in each, as spaCy is trained on? The last may be cut off."""
    return bool(items) and all(pair(item) and has_words(item[0]) and not MARKED.isdisjoint(item[1])
                               for item in items[:-1] or items)


def _columns(root: dict[str, Any], whole: bool) -> bool:
    """Is every value a column: an object of row number -> cell, or a list of as many cells, known by their names?"""
    columns: list[Any] = list(root.values())
    if all(isinstance(column, dict) and column and all(map(str.isdigit, column)) for column in columns):
        return any(plain(name) in KNOWN for name in root) and not any(
            isinstance(cell, dict) for column in columns for cell in column.values())
    if not all(isinstance(column, list) and len(column) > 2 for column in columns) or not _named([*root]):
        return False
    sizes = set(map(len, columns if whole else columns[:-1]))
    return len(sizes) == 1 and not any(isinstance(cell, dict) for column in columns for cell in column)


def _turned(locator: str, columns: Any) -> Iterator[tuple[str, Any]]:
    """The rows of a table that stands there by columns, made one by one; anything else as it is.

    The first column says which rows there are; what others have besides comes after these.
    """
    cells = list(columns.values()) if isinstance(columns, dict) else []
    if 0 < len(cells) <= MAX_COLUMNS and all(isinstance(column, list) for column in cells):
        for number, row in enumerate(zip_longest(*cells)):
            yield f"row {number}", dict(zip(columns, row, strict=True))
    elif 0 < len(cells) <= MAX_COLUMNS and all(isinstance(column, dict) for column in cells):
        for number in cells[0]:
            yield f"row {number}", {name: column.get(number) for name, column in columns.items()}
        besides: dict[str, dict[str, Any]] = {}
        for name, column in columns.items():
            for number in column.keys() - cells[0].keys():
                besides.setdefault(number, {})[name] = column[number]
        yield from ((f"row {number}", besides[number]) for number in sorted(besides))
    else:
        yield locator, columns
