"""Prose that was broken into lines of one width, as mail and terminals have it, to paragraphs: rules look for words
that stand side by side.

Told by how it was made: a filler breaks a line where the next word does not fit in any more, and nowhere else. Lines of
lists, logs, code, poems and addresses end where they like. In doubt the lines stay: all of a paragraph's must look like
prose, most go on in small letters, and there must be several such breaks.

Not covered: texts of two lines, paragraphs that begin farther in, quotations, lists, scripts without spaces.
"""

import re

NARROW, WIDE = 50, 100  # characters of the width
SLACK = 6  # characters by which the first of two lines may be longer than all others
ALIKE = 0.4  # of the words of two lines, from which on these are of one form: a log's, an access list's
LOOKED_AT = 12  # lines, by which that is told
SURE = 3  # breaks that show how a text was made, or one less where a line ends in a word that no item ends in
# How a line of prose begins, and one of a list or a log does not.
_BEGINS = re.compile(r"""(?!\w{1,3}[.)]\s|[0-9][0-9:./-]+\s)["'(\[]?\w""")
_LETTER = re.compile(r"""["'(\[]?([^\W\d_])""")
_ENDS = re.compile(r"[.:!?][\"')\]]*$")  # how a sentence does, and with it perhaps a paragraph
_CODE, _COLUMNS = re.compile(r"[{};=|<>\\\t]"), re.compile(r"[^\s.:!?]  +\S")  # hardly ever in prose
_LINKS = re.compile(r"(?:,|\b(?:an?|the|of|to|in|on|and|or|by|for|with|is|are|was|be|that|this|as|at|from|which|not))$")
_WORD = re.compile(r"[^\W\d]+|\d")
_KEY = re.compile(r"[\w-]+: ")
_BLOCKS = ("```", "~~~", "<p>", "<pre", "<br", "</")
Lines = list[str]


def joined(text: str) -> str:
    """The text with the lines of such paragraphs as one; any other as it is."""
    if text.count("\n") < SURE - 1 or any(mark in text for mark in _BLOCKS):
        return text
    paragraphs = [paragraph.split("\n") for paragraph in text.split("\n\n")]
    widths = [_width(lines) for lines in paragraphs]
    breaks = [_breaks(lines, width) if width else [] for lines, width in zip(paragraphs, widths, strict=True)]
    width = max((width for width, found in zip(widths, breaks, strict=True) if found), default=0)
    links = any(_LINKS.search(lines[at]) for lines, found in zip(paragraphs, breaks, strict=True) for at in found)
    if sum(map(len, breaks)) < SURE - links:
        return text
    return "\n\n".join(_one(lines, found or _of_two(lines, width))
                       for lines, found in zip(paragraphs, breaks, strict=True))


def _width(lines: Lines) -> int:
    """The length of the longest line; 0 where it is no width that texts are broken to, or tells nothing."""
    width = max(map(len, map(str.rstrip, lines))) if len(lines) > 2 else 0
    return width if NARROW <= width <= WIDE else 0


def _breaks(lines: Lines, width: int) -> list[int]:
    """The lines behind which a filler broke a paragraph; none where another break is not the end of a sentence."""
    if not all(map(_BEGINS.match, lines)) or any(map(_CODE.search, lines)) or any(
            "  " in line and _COLUMNS.search(line) for line in lines):
        return []
    found, small = list[int](), 0
    for at, (line, following) in enumerate(zip(lines, lines[1:], strict=False)):
        line, goes_on = line.rstrip(), _goes_on(following)
        if not at and not goes_on and not _LINKS.search(line):
            continue  # the first line may be a heading
        if len(line) <= width <= len(line) + len(following.partition(" ")[0]) and " " in line:
            found.append(at)
            small += goes_on
        elif not _ENDS.search(line):
            return []
    return found if small * 2 >= len(found) and not (found and _of_one_form(lines)) else []


def _goes_on(line: str) -> bool:
    """Does it begin with a letter that is no capital?"""
    begins = _LETTER.match(line)
    return begins is not None and not begins[1].isupper()


def _of_one_form(lines: Lines) -> bool:
    """Do keys or speakers stand before several, or has each many of its words and digits from the one before? Lines of
    a log are as long as one another, too."""
    said = [set(_WORD.findall(line.lower())) for line in lines[:LOOKED_AT]]
    shared = [len(one & other) / max(len(one), len(other)) for one, other in zip(said, said[1:], strict=False)]
    return sum(shared) >= ALIKE * len(shared) or sum(map(bool, map(_KEY.match, lines))) > 1


def _of_two(lines: Lines, width: int) -> list[int]:
    """The same of two lines, which tell nothing of a width."""
    if len(lines) != 2 or max(map(len, lines)) > WIDE:
        return []
    return _breaks(lines, max(width, min(len(lines[0].rstrip()), width + SLACK)))


def _one(lines: Lines, breaks: list[int]) -> str:
    inner = set(breaks)
    return "".join(line.rstrip() + " " if at in inner else line + "\n" for at, line in enumerate(lines))[:-1]
