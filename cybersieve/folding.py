"""White space, control characters and Unicode's composed form (NFC): what every text is brought to.

How far in a line of code begins may say what it does, and is kept where the text's markup shows that it is code.
"""

import re
import unicodedata

TAB, FARTHEST = 4, 100  # spaces; no line begins farther in: long rows of them take expressions ages
CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")  # those between are white space to str.split
# May compose with what is before it (NFC_QC=Maybe of Unicode 15).
_JOINS = ("\u0300-\u036f\u0653-\u0655\u093c\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0c56\u0cc2\u0cd5\u0cd6"
          "\u0d3e\u0d57\u0dca\u0dcf\u0ddf\u102e\u1161-\u11c2\u1b35\u3099\u309a")
_PARTS = re.compile(f"[\x00-\x7f]*(?:[^\x00-\x7f]{{1,1000}}(?![{_JOINS}])|[^\x00-\x7f]{{1,1000}})?")
LONG = 100  # characters
_PRINTABLE = bytes(range(32, 127))
INDENT = "\U000fab1e"  # stands for a space before a line of code: of a private area, which no text holds


def indented(code: str) -> str:
    """Code, no farther in than it must be, with INDENT for each space before its lines."""
    lines = [(line, line.lstrip(" \t")) for line in code.split("\n")]
    far = [len(line[:len(line) - len(rest)].expandtabs(TAB)) for line, rest in lines]
    least = min((spaces for spaces, (_, rest) in zip(far, lines, strict=True) if rest.strip()), default=0)
    return "\n".join(INDENT * min(spaces - least, FARTHEST) + rest if rest.strip() else ""
                     for spaces, (_, rest) in zip(far, lines, strict=True))


def fold(text: str) -> str:
    """NFC, no control characters, horizontal white space as single spaces, no empty lines; `indented` lines stay so."""
    if INDENT in text:
        return "\n".join(filter(None, map(_spaced, _folded(text).split("\n")))).strip()
    return _folded(text)


def _spaced(line: str) -> str:
    """A line with spaces where INDENT stands before it, and one where a text had that character itself."""
    rest = line.lstrip(INDENT)
    said = " ".join(rest.replace(INDENT, " ").split())
    return " " * min(len(line) - len(rest), FARTHEST) + said if said else ""


def printable(text: str) -> bool:
    """`isprintable`, which asks for each character; of long ASCII the bytes are looked at, four times as fast."""
    if len(text) > LONG and text.isascii():
        return not text.encode().translate(None, _PRINTABLE)
    return text.isprintable()


def _folded(text: str) -> str:
    if not printable(text):
        text = "\n".join(filter(None, map(_line, line_ends(text).split("\n"))))  # references may have spelt them
    elif "  " in text:
        text = " ".join(text.split())
    return (text if text.isascii() else _composed(text)).strip()


def line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _composed(text: str) -> str:
    """NFC, in parts: the marks on one letter are sorted in quadratic time. Nothing composes with an ASCII character
    behind it; of others in a row a thousand are taken at once."""
    return "".join([unicodedata.normalize("NFC", part) for part in _PARTS.findall(text)])


def one_line(text: str) -> str:
    """Single spaces for all white space, no control characters."""
    return " ".join((text if text.isprintable() else CONTROL.sub("", text).replace(INDENT, " ")).split())


def _line(line: str) -> str:
    if not line.isprintable():
        return " ".join(CONTROL.sub("", line).split())
    return " ".join(line.split()) if "  " in line else line.strip()  # splitting costs more than to look for two spaces
