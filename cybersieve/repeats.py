"""What a record of a source that nobody has described says twice: in two fields, or in a field and in parts of it."""

import re

SENTENCE, SEGMENTS = 40, 3  # characters, and how many: what is shorter, or one alone, may well stand in another text
MOST_OF_IT = 0.6  # of a text: an answer is shorter than the context it stands in
MOST_LOOKED_THROUGH = 10_000_000  # characters of a record's texts for parts that one of them repeats
_GOES_ON = re.compile(r"(?:\u2026|\.{3}|\[\u2026\]|\[\.{3}\])$")  # behind a text that does so elsewhere


def without(parts: list[str], alone: set[str]) -> list[str]:
    """The parts of a text, each once, however it is broken into lines and tokens, without what the longest one holds.

    That is several sentences (a transcript's segments). Of two that each are `alone` in their field, it is the
    beginning of the other, and several are if they make most of it (a prompt and its answer, beside both as one).
    """
    if len(parts) < 2 or len(parts) * sum(map(len, parts)) > MOST_LOOKED_THROUGH:
        return parts
    bare: dict[str, str] = {}  # by what they are without white space
    for part in parts:
        letters = "".join(part.split())
        bare[letters] = min(bare.get(letters, part), part, key=lambda one: (len(one), -one.count("\n")))
    longest, *others = sorted(bare, key=len, reverse=True)
    held, rest = set(), longest
    for one in others:
        if len(bare[one]) >= SENTENCE and one in rest:
            held.add(one)
            rest = rest.replace(one, "", 1)
    fields = alone.issuperset(bare[one] for one in (longest, *held))
    if len(held) < SEGMENTS and not (fields and len(rest) <= (1 - MOST_OF_IT) * len(longest)):
        held = {one for one in others if alone.issuperset((bare[longest], bare[one]))
                and len(bare[one]) >= SENTENCE and _begins(bare[longest], bare[one])}
    return [part for one, part in bare.items() if one not in held]


def _begins(longest: str, part: str) -> bool:
    """Is this the text's beginning: a teaser, with dots where it is cut, or else up to the end of a word?"""
    longest, part = " ".join(longest.split()), " ".join(part.split())
    begin = _GOES_ON.sub("", part).rstrip()
    return longest.startswith(begin) and (begin != part or not longest[len(begin):len(begin) + 1].isalnum())
