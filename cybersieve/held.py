"""Texts that are in a record twice, by itself and within another: what a prompt was made of, and marked words.

Sets of questions for models tell a case, its question and its choices, and beside them the prompt that joins these.
Sets of marked texts list the words that mean something beside the text in which they stand.
"""

from cybersieve import leaves
from cybersieve.field_names import ANSWERS, ASKING, CHOICES, RIGHT, plain
from cybersieve.leaves import Leaf
from cybersieve.sample_fields import Fields

WORDS = 9  # characters that say something
LEAST = 3  # records that bear it out, or marked words of one, unless it is told where these begin
MOST_LOOKED_THROUGH = 10_000_000  # characters of a field for the lines of another
_PLACES = ("start", "begin", "offset")
ASKED = ASKING | {"question", "input"}
_ANSWERS = (ANSWERS | {*RIGHT}) - CHOICES  # which of the words in the text are right is said only here


def once(seen: Fields, texts: list[Leaf], titles: list[Leaf]) -> list[Leaf]:
    """The texts without those that another holds word for word in all records; without the prompt, if what it says
    besides these and the title comes again and again."""
    for prompt in list(texts):
        if made_of := _made_of(seen, prompt, [*texts, *titles]):
            besides = {_besides(seen, prompt, made_of, row) for row in range(seen.count)} - {""}
            if leaves.name(prompt) == "text" and max(map(len, besides), default=0) < WORDS:
                continue  # it was cut into these, maybe within a word
            template = 2 * len(besides) <= len(seen.found[prompt]) and not {*made_of}.isdisjoint(texts)
            texts = [leaf for leaf in texts if (leaf != prompt if template else leaf not in made_of)]
    whole = [leaf for leaf in texts if not seen.parts(leaf)]
    return [leaf for leaf in texts if leaf in whole or not any(_holds(seen, other, leaf) for other in whole)]


def _made_of(seen: Fields, prompt: Leaf, others: list[Leaf]) -> list[Leaf]:
    """What a prompt holds word for word, or a text of what is asked and of the answer."""
    name = leaves.name(prompt)
    if name != "text" and not name.endswith(tuple(ASKING)):
        return []
    found = [leaf for leaf in others if leaf != prompt and _holds(seen, prompt, leaf, answers=name == "text")]
    names = set(map(leaves.name, found))
    return found if name != "text" or not (names.isdisjoint(ASKED) or names.isdisjoint(_ANSWERS)) else []


def _holds(seen: Fields, other: Leaf, leaf: Leaf, answers: bool = False) -> bool:
    if not answers and not _ANSWERS.isdisjoint(map(plain, leaf)):
        return False
    both = [(_line(whole), list(map(_line, part.split("\n"))))
            for whole, part in zip(seen.said[other], seen.said[leaf], strict=True) if whole and part]
    marked = sum(len(lines) for _, lines in both) if seen.parts(leaf) else 0
    enough = max(marked, len(both)) >= LEAST or (marked and any(
        name.startswith(_PLACES) for name in seen.rooms[leaves.above(leaf)]))
    enough = enough and sum(len(whole) * len(lines) for whole, lines in both) <= MOST_LOOKED_THROUGH
    return bool(enough) and all(line in whole and line != whole for whole, lines in both for line in lines)


def _besides(seen: Fields, prompt: Leaf, made_of: list[Leaf], row: int) -> str:
    """What a record's prompt says besides its other texts."""
    rest = _line(seen.said[prompt][row])
    for line in sorted((_line(line) for leaf in made_of for line in seen.said[leaf][row].split("\n")), key=len)[::-1]:
        rest = rest.replace(line, "", 1) if line else rest
    return rest


def _line(text: str) -> str:
    return " ".join(text.split())
