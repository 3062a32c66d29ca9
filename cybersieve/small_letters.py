"""Texts that were made ready for a model beside the texts that they were made of: small letters, stems, no stop words.

Data for training is full of them (`clean_text` beside `text`), and nobody wants to read, or train on, both.
"""

import re

from cybersieve import text
from cybersieve.leaves import Leaf

MOST = 0.9  # of the records that have both bear it out
RECORDS = 3  # at least
WORDS, SIZE, SHARED = 5, 0.3, 0.8  # words at least; of the other's number; share that the other has, too
STEM = 4  # letters by which a word is known
_NO_WORD = re.compile(r"[\W_]+")


class _Said:
    """What one record says in one field."""

    def __init__(self, words: str) -> None:
        plain = text.plain(words)
        self.small = plain.lower()
        self.has_case = plain != self.small
        self.words = {word[:STEM] for word in _NO_WORD.split(self.small) if word}

    def made_of(self, other: "_Said") -> bool:
        return (other.has_case and not self.has_case and len(self.words) >= max(WORDS, SIZE * len(other.words))
                and len(self.words & other.words) >= SHARED * len(self.words))


def groups(said: dict[Leaf, list[str]]) -> list[list[Leaf]]:
    """The fields, each with those that were made of it behind it. Of each field: what every record says, or ""."""
    columns = {leaf: {row: _Said(words) for row, words in enumerate(column) if words} for leaf, column in said.items()}
    origins = [leaf for leaf, column in columns.items() if len(column) >= RECORDS and any(
        one.has_case for one in column.values())]
    found: dict[Leaf, list[Leaf]] = {}
    for leaf, column in columns.items():
        small = len(column) >= RECORDS and not all(one.has_case for one in column.values())
        beside = (other for other in origins if other[:-1] == leaf[:-1]) if small else iter(())
        origin = next((other for other in beside if _made_of(column, columns[other])), leaf)
        found.setdefault(origin, [])
        if origin != leaf:
            found[origin].append(leaf)
    return [[leaf, *found[leaf]] for leaf in said if leaf in found]


def _made_of(column: dict[int, _Said], other: dict[int, _Said]) -> bool:
    both = column.keys() & other.keys()  # of hundreds of fields each record has few
    return len(both) >= RECORDS and sum(column[row].made_of(other[row]) for row in both) >= MOST * len(both)
