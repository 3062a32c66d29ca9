"""Questions among the fields of records: where they stand before their answers, and which of these is right."""

import re
from typing import Any

from cybersieve import leaves
from cybersieve.field_names import ANSWERS, ASKING, CHOICES, FIRM, MARKS, RIGHT, plain
from cybersieve.leaves import Leaf
from cybersieve.sample_fields import MOST, Fields

_COLUMN = re.compile("[A-Ea-e]|(?:op(?:tion)?|choice|answer)[ _]?(?:[A-Ja-j]|[0-9]{1,2})", re.I)  # of answers
_QUESTION = re.compile(r"[^\n]{9,1000}\?(?:\n|$)")
WRONG = re.compile(r"(?:^|[_-])(?:rejected|(?:non[_-]?|dis|un)preferred|incorrect|wrong|distractor)(?![a-z])", re.I)


def in_order(seen: Fields, texts: list[Leaf], more: list[Leaf]) -> list[Leaf]:
    """The texts with `more` of them, each before the first text that is an answer or follows it in the records."""
    order = {leaf: at for at, leaf in enumerate(seen.found)}
    for leaf in more:
        behind = (at for at, other in enumerate(texts)
                  if leaves.name(other) in ANSWERS or _choice(other) or order[other] > order[leaf])
        texts = [*texts[:(at := next(behind, len(texts)))], leaf, *texts[at:]]
    return texts


def with_choices(seen: Fields, texts: list[Leaf]) -> list[Leaf]:
    """The texts, questions among them before their answers, with the answers to choose from, and the right one."""
    columns = [leaf for leaf in seen.found if len(leaf) == 1 and _COLUMN.fullmatch(leaf[0])]
    choices = columns if len(columns) > 2 else [leaf for leaf in texts if _choice(leaf)]
    texts = [leaf for leaf in texts if leaf not in columns or leaf not in choices]
    asked = [leaf for leaf in texts if leaves.name(leaf).startswith("question") or leaf[0] == "input"]
    texts = in_order(seen, [leaf for leaf in texts if leaf not in asked], asked)
    around = {leaves.above(leaf)[:depth] for leaf in choices for depth in range(len(leaf))}
    right = [leaf for leaf in seen.named(RIGHT) if leaves.above(leaf) in around and not seen.parts(leaf)]
    why = [leaf for leaf in texts if choices and leaf not in choices and leaves.name(leaf) in ANSWERS - CHOICES]
    return list(dict.fromkeys([*(leaf for leaf in texts if leaf not in why), *choices, *right[:1], *why]))


def _choice(leaf: Leaf) -> bool:
    """Is it called like answers to choose from, or does it stand in one of these?"""
    return leaves.name(leaf) in CHOICES or not CHOICES.isdisjoint(map(plain, leaves.above(leaf)[-1:]))


def marked_right(seen: Fields, texts: list[Leaf], paths: list[Any]) -> list[Any]:
    """The texts' paths, behind those of answers to choose from one that tells which of these is marked as right."""
    marks = {leaf[:-1]: leaf[-1] for leaf, told in seen.found.items() if plain(leaf[-1]) in MARKS
             and leaves.SIMPLE.fullmatch(leaf[-1]) and {*"\n".join(told).split("\n")} == {"true", "false"}}
    for leaf in filter(_choice, texts):
        if (mark := marks.pop(leaf[:-1], "")) and (path := leaves.path(leaf)) in paths:
            right = f"{leaves.path(leaf[:-1])}[{mark}=true].{leaves.path(leaf[-1:])}"
            paths.insert(paths.index(path) + 1, f"Correct: {{{right}}}")
    return paths


def item_by_item(seen: Fields, texts: list[Leaf], paths: list[Any]) -> list[Any]:
    """The texts' paths; those of several in each item of a list (question and answer) as one, item by item."""
    rooms: dict[Leaf, list[str]] = {}
    for leaf in sorted(seen.found, key=lambda leaf: leaves.name(leaf) not in (*ASKING, "question", "query", "input")):
        if leaf in texts and leaves.path(leaf) in paths and len(leaf) > 1 and seen.several(leaf) and (
                type(leaf[-1]) is str):
            rooms.setdefault(leaf[:-1], []).append(leaf[-1])
    for room, names in rooms.items():
        if len(names) > 1:
            told = [leaves.path((*room, name)) for name in names]
            paths.insert(min(map(paths.index, told)), f"{leaves.path(room)}.*[={'|'.join(names)}]")
            paths = [path for path in paths if path not in told]
    return paths


def answered(seen: Fields, texts: list[Leaf]) -> list[Leaf]:
    """Questions and answers in a list, whatever they are called, and the headings of texts in one."""
    told = [leaf for leaf in seen.found if len(leaf) > 1 and seen.several(leaf) and seen.language(leaf)
            and seen.varied(leaf) and not seen.of_another(leaf) and not any(map(WRONG.search, leaf))]
    rooms = [leaf[:-1] for leaf in told]
    rooms += {text[:depth] for text in texts for depth in range(1, len(text) - 1)}  # of what has answers below
    asked = {leaf[:-1] for leaf in told if seen.begins(leaf, _QUESTION) and (
        rooms.count(leaf[:-1]) > 1 or leaves.name(leaf) == "question")}
    return [leaf for leaf in told if leaf[:-1] in asked][:MOST] + [
        leaf for leaf in seen.found if heads(seen, leaf, texts)]


def asks(seen: Fields, leaf: Leaf, first: bool, texts: list[Leaf]) -> bool:
    """Does a title, the first or a further one, rather ask? In a list it does; else it must be a question about what
    has a title of its own."""
    if not seen.several(leaf):
        return not first and seen.asks(leaf)
    return seen.asks(leaf) or (not first and heads(seen, leaf, texts)) or (
        leaves.name(leaf) not in FIRM and seen.language(leaf))


def heads(seen: Fields, leaf: Leaf, texts: list[Leaf]) -> bool:
    """Is it called like a title, and stands beside a text in each item of a list?"""
    return leaves.name(leaf) in FIRM and seen.several(leaf) and any(
        leaf[:-1] == text[:-1] and seen.several(text) for text in texts)
