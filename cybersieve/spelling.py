"""Texts in the spelling of patterns: plain hyphens and apostrophes, nothing hidden, spaces for underscores.

`cross‑site` with a hyphen that does not break, CVE–2021–44228 with dashes, a word with a soft hyphen or a ligature in
it and remote_code_execution are what their letters say. Only matching reads them so: no text is ever altered.
"""

import re

_INSTEAD = {"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2019": "'", "\xa0": " ",
            "\ufb01": "fi", "\ufb02": "fl"}
_INSTEAD |= dict.fromkeys("\xad\u200b\u200c\u200d\u2060\ufeff", "")  # hidden
_IN_PLACE = str.maketrans({sign: plain for sign, plain in _INSTEAD.items() if len(plain) == 1} | {"_": " "})
_BYTES = {sign.encode(): plain.encode() for sign, plain in _INSTEAD.items()}
# A search of its own for each first byte: `re` runs to that as fast as memory is read, but not to one of three.
_SIGNS = [(0xE2, re.compile(b"\xe2(?:\x80[\x8b-\x8d\x90-\x93\x99]|\x81\xa0)")), (0xC2, re.compile(b"\xc2[\xad\xa0]")),
          (0xEF, re.compile(b"\xef(?:\xac[\x81\x82]|\xbb\xbf)"))]

_ANY = _INSTEAD | {"_": " "}
_CODE = r"\\x(?:[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]{1,5}\})"
_NAMED = r"\\[pP]\{\^?\w+\}"  # may have an underscore
_ONE = rf"(?P<code>{_CODE})|(?P<one>\\.|[{''.join(_ANY)}])"
_PARTS = re.compile(r"(?P<quoted>\\Q.*?(?:\\E|\Z))|(?P<name>\(\?P?<\w+>)|"
                    r"(?P<open>\[\^?)(?P<inside>\]?(?:\[:\^?\w+:\]|\\.|[^\\\]])*)|" rf"{_NAMED}|{_ONE}", re.S)
_INSIDE = re.compile(rf"(?:{_CODE}|\\[^pPdDsSwW]|[^\\])-(?:{_CODE}|\\.|[^\\])|{_NAMED}|{_ONE}", re.S)


def plain(text: bytes) -> bytes:
    """A text in UTF-8."""
    text = text.replace(b"_", b" ")  # where there is none, faster than to ask
    return text if text.isascii() else _plain(text)


def _plain(text: bytes) -> bytes:
    for first, signs in _SIGNS:
        if first in text:  # asked for a number: ten times as fast as for a byte
            text = signs.sub(_instead, text)
    return text


def _instead(sign: re.Match[bytes]) -> bytes:
    return _BYTES[sign[0]]


def pattern(wanted: str) -> str:
    """A pattern in RE2 syntax that hits a `plain` text where `wanted` is for the text as it was; its groups go unnamed.

    A range of characters stays as it is: `plain` ones are not added to it.
    """
    return _PARTS.sub(_part, wanted)


def _part(found: re.Match[str]) -> str:
    if found["quoted"]:
        return plain(found[0].encode()).decode()
    if found["open"]:
        return found["open"] + _INSIDE.sub(_of_class, found["inside"])
    if found["name"]:
        return "(?:"
    sign = _sign(found)
    return found[0] if sign is None else sign if len(sign) == 1 else f"(?:{sign})"


def _of_class(found: re.Match[str]) -> str:
    """There a hyphen would make a range, and only single characters are to be had."""
    sign = _sign(found)
    return found[0] if not sign or len(sign) > 1 else "\\-" if sign == "-" else sign


def _sign(found: re.Match[str]) -> str | None:
    """What a plain text has instead of the character found; None where it may have that."""
    if code := found["code"]:
        return _ANY.get(chr(int(code[2:].strip("{}"), 16)))
    return _ANY.get((found["one"] or "").removeprefix("\\"))


def in_place(text: str) -> str:
    """The same where people are shown what hits: only what leaves all other characters in their places."""
    return text.translate(_IN_PLACE)
