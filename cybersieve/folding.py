"""White space, control characters and Unicode's composed form (NFC): what every text is brought to."""

import re
import unicodedata

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# May compose with what is before it (NFC_QC=Maybe of Unicode 15).
_JOINS = ("\u0300-\u036f\u0653-\u0655\u093c\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0c56\u0cc2\u0cd5\u0cd6"
          "\u0d3e\u0d57\u0dca\u0dcf\u0ddf\u102e\u1161-\u11c2\u1b35\u3099\u309a")
_PARTS = re.compile(f"[\x00-\x7f]*(?:[^\x00-\x7f]{{1,1000}}(?![{_JOINS}])|[^\x00-\x7f]{{1,1000}})?")


def fold(text: str) -> str:
    """NFC, no control characters, horizontal white space as single spaces, no empty lines."""
    if not text.isprintable():
        text = "\n".join(filter(None, map(_line, line_ends(text).split("\n"))))  # references may have spelt them
    elif "  " in text:
        text = " ".join(text.split())
    return (text if text.isascii() else _composed(text)).strip()


def line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _composed(text: str) -> str:
    """NFC, in parts: the marks on one letter are sorted in quadratic time. Nothing composes with an ASCII character
    behind it; of others in a row a thousand are taken at once."""
    return "".join([unicodedata.normalize("NFC", part) for part in _PARTS.findall(text)])


def one_line(text: str) -> str:
    """Single spaces for all white space, no control characters."""
    return " ".join((text if text.isprintable() else CONTROL.sub("", text)).split())


def _line(line: str) -> str:
    if not line.isprintable():
        return " ".join(CONTROL.sub("", line).split())
    return " ".join(line.split()) if "  " in line else line.strip()  # splitting costs more than to look for two spaces
