"""XML inside a JSON string (`{"xml_data": "<Catalog>…"}`), as a stream: the string may be as long as the file."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain

import ijson

from cybersieve.errors import InputError
from cybersieve.json_skeleton import Digits, long_number

_HTML = (b"html|head|body|p|br|div|span|a|b|i|u|em|strong|ul|ol|li|h[1-6]|table|tr|td|pre|code|img|hr|section|article"
         b"|script|font")
_SPACE = rb"(?:\s|\\[nrt]|\\ufeff)*"
_COMMENTS = rb"(?:<!--[^<>]{0,999}-->" + _SPACE + rb"){0,9}"
_TAG = _COMMENTS + rb"<(?:\?xml\b|!DOCTYPE\b|(?!(?:" + _HTML + rb")\b)[A-Za-z][\w.-]*(?::[\w.-]+)?(?:\s|>|\\[nrt]))"
_KEY = rb'|"(?:[^"\\]|\\.)*")*?"((?:[^"\\]|\\.)*)"\s*:\s*"(?=' + _SPACE
_START = re.compile(rb'^\s*\{(?:[^{}\[\]"]' + _KEY + _TAG + rb")", re.S)
_WITHIN = re.compile(rb'^\s*\{(?:[^}\[\]"]' + _KEY + rb"<\?xml\s)", re.S)  # deeper: only what says that it is XML
_WHOLE = re.compile(rb'^\s*"(?=' + _SPACE + _TAG + rb")", re.S)  # a document that is nothing but a string
_STRING = re.compile(rb'[^"\\]*(?:\\(?:[^u]|u[0-9a-fA-F]{4})[^"\\]*)*', re.S)  # whole escapes only
_HALF = re.compile(rb"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2})$")  # the first half of a surrogate pair


def found(begin: bytes) -> tuple[str, int] | None:
    """Key and byte offset of a string of XML in the object that `begin` starts (in one within it, too), or None.

    A string that is the whole document has no key.
    """
    if whole := _WHOLE.match(begin):
        return "", whole.end()
    start = _START.match(begin) or _WITHIN.match(begin)
    try:
        return (_unescaped(start[1]), start.end()) if start else None
    except json.JSONDecodeError:  # the key is no JSON: for the reader of JSON to complain about
        return None


def text(chunks: Iterable[bytes], offset: int, name: str) -> Iterator[bytes]:
    """The string that begins at `offset`, unescaped, as UTF-8; at its end the document around it is checked.

    Raises InputError with the byte where the string or the document is no JSON.
    """
    outside, digits = ijson.basic_parse_coro(ijson.sendable_list()), Digits()
    source, held, at = iter(chunks), b"", 0  # `at`: offset of `held` in the stream
    try:
        while len(held) < offset and (chunk := next(source, b"")):
            held += chunk
        if digits.too_many(held[:offset]):
            raise long_number(name, 0)
        outside.send(held[:offset])
        held, at = held[offset:], offset
        while not held.startswith(b'"'):
            cut = _whole(held)
            if piece := held[:cut]:
                yield _unescaped(piece).encode("utf-8", "replace")
            held, at = held[cut:], at + cut
            if not held.startswith(b'"'):
                chunk = next(source, b"")
                if not chunk or len(held) > 12:
                    raise InputError(name, "a string without an end, or with a wrong escape", f"byte {at}",
                                     "fetch it again")
                held += chunk
        for chunk in chain([held], source):
            if digits.too_many(chunk):
                raise long_number(name, at)
            outside.send(chunk)
            at += len(chunk)
        outside.close()
    except ArithmeticError:  # an exponent that Decimal() refuses
        raise long_number(name, at) from None
    except (ijson.JSONError, json.JSONDecodeError) as error:
        raise InputError(name, f"not JSON: {' '.join(str(error).split())[:200]}", f"near byte {at}",
                         "fetch it again or mend it") from None


def _unescaped(piece: bytes) -> str:
    return str(json.loads(f'"{piece.decode()}"'))  # of bytes, json would guess the encoding


def _whole(data: bytes) -> int:
    """How much of `data` can be unescaped by itself: up to the closing quote, no half escape, pair or character."""
    string = _STRING.match(data)
    end = string.end() if string else 0
    if data[end:end + 1] == b'"':
        return end
    if half := _HALF.search(data, max(0, end - 4096), end):
        return half.start(1)
    begin = end - 1  # of the last character, which may go on in the next chunk
    while begin > end - 4 and begin > 0 and data[begin] & 0xC0 == 0x80:
        begin -= 1
    return begin if end and data[begin] >= 0xC0 else end
