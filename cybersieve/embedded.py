"""XML inside JSON strings (`{"xml_data": "<Catalog>…"}`), as a stream: a string may be as long as the file."""

import json
import re
from collections.abc import Iterable, Iterator
from math import inf

import ijson

from cybersieve.errors import InputError
from cybersieve.json_skeleton import Digits, long_number, too_large

_HTML = (b"html|head|body|p|br|div|span|a|b|i|u|em|strong|ul|ol|li|h[1-6]|table|tr|td|pre|code|img|hr|section|article"
         b"|script|font")
_SPACE = rb"(?:\s|\\[nrt]|\\ufeff)*"
_COMMENTS = rb"(?:<!--[^<>]{0,999}-->" + _SPACE + rb"){0,9}"
_TAG = (_COMMENTS + rb"<(?:\?xml\b|!DOCTYPE\b(?!(?:\s|\\[nrt])+(?i:html)\b)|(?!(?:" + _HTML
        + rb")\b)[A-Za-z][\w.-]*(?::[\w.-]+)?(?:\s|>|\\[nrt]))")
_KEY = rb'|"(?:[^"\\]|\\.)*")*?"((?:[^"\\]|\\.)*)"\s*:\s*"(?=' + _SPACE
_START = re.compile(rb'^\s*\{(?:[^{}\[\]"]' + _KEY + _TAG + rb")", re.S)
_WITHIN = re.compile(rb'^\s*\{(?:[^}\[\]"]' + _KEY + rb"<\?xml\s)", re.S)  # deeper: only what says that it is XML
_WHOLE = re.compile(rb'^\s*"(?=' + _SPACE + _TAG + rb")", re.S)  # a document that is nothing but a string
_TOKEN = re.compile(rb'("(?:[^"\\]|\\.)*+(?:"|\Z))\s*(:?)|[][{}]', re.S)
_DECLARES, _TAGGED = re.compile(rb'"' + _SPACE + rb"<\?xml\s"), re.compile(rb'"' + _SPACE + _TAG)
_WORD = re.compile(r"""[\u3040-\u30ff\u3400-\u9fff]{2}|(?<=[\s"(])[^\W\d_]{2,}(?=[,.:;?!)]?[\s"])""")
_CODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_FURTHER = re.compile(rb'[\[{,]\s{0,99}(?:"((?:[^"\\]|\\.){0,200})"\s{0,99}:\s{0,99})?'  # any string, and whether
                      rb'"(?=((?:\s|\\[nrt]|\\ufeff){0,9}<(\?xml\s)?)?)', re.S)  # XML begins it
_NEAR = 1000  # bytes: more than _FURTHER looks at
_SURROGATE, _BEGUN = re.compile(rb"\\u[dD][89a-fA-F]"), re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?\Z")  # escapes
_DEEPEST = 100  # objects and arrays down to the first of several strings
NOT_READ = "strings of XML without a record"
_STRING = re.compile(rb'[^"\\]*(?:\\(?:[^u]|u[0-9a-fA-F]{4})[^"\\]*)*', re.S)  # whole escapes only
_HALF = re.compile(rb"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2})$")  # the first half of a surrogate pair


def found(begin: bytes) -> tuple[str, int] | None:
    """Key and byte offset of a string of XML in the object that `begin` starts (in one within it, too), or None.

    A string that is the whole document has no key. One that is short beside prose is a record's field.
    """
    if whole := _WHOLE.match(begin):
        return "", whole.end()
    start = _START.match(begin) or _WITHIN.match(begin)
    try:
        return (_unescaped(start[1]), start.end()) if start and not _field(begin, start.end()) else None
    except json.JSONDecodeError:  # the key is no JSON: for the reader of JSON to complain about
        return None


def _field(begin: bytes, at: int) -> bool:
    """Does the string of XML at an offset end before half of what there is, and do others say something?"""
    end = _whole(begin[at:])
    others = (one[1] for one in _TOKEN.finditer(begin) if one[1] and not one[2] and not _TAGGED.match(one[1]))
    return 2 * end < len(begin) and any(map(_prose, others))


def listed(begin: bytes) -> tuple[str, int] | None:
    """Key and byte offset of the first of several strings of XML, in an array or on lines, or None.

    Each declares that it is XML, or its key says so, and none stands beside prose: else it is a record's field.
    """
    tokens, opened, key = _TOKEN.finditer(begin), b"", b'""'
    beside: list[bytes] = []
    since = 0  # where those begin that stand in the record
    for token in tokens:
        if token[2]:
            key = token[1]
        elif token[1] and opened and _is_xml(key, token[1]):
            break
        elif token[1]:
            beside.append(token[1])
        elif token[0] == b"]":
            opened = opened[:-1]
            since = since if b"[" in opened else 0
        else:
            since = len(beside) if token[0] == b"[" and b"[" not in opened else since
            opened, key = opened + token[0], b'""'
        if not opened or token[0] == b"}" or len(opened) > _DEEPEST:
            return None
    else:
        return None
    alike = (one for one in _FURTHER.finditer(begin, token.end()) if one[1] == key[1:-1] and one.end() < len(begin))
    beside = [*beside[since:], *_behind(tokens, opened)]
    if any(map(_prose, beside)) or not all(one[2] for one in alike):
        return None
    try:
        return str(json.loads(key)), token.start() + 1
    except ValueError:  # for the reader of JSON to complain about
        return None


def _behind(tokens: Iterator[re.Match[bytes]], opened: bytes) -> Iterator[bytes]:
    """Strings, but for keys and XML, of all the records: up to where the first array is closed, or on all lines."""
    depth = len(opened[opened.find(b"["):]) if b"[" in opened else _DEEPEST
    key = b""
    for token in tokens:
        depth += (token[0] in (b"[", b"{")) - (token[0] in (b"]", b"}"))
        if depth <= 0:
            return
        if token[2]:
            key = token[1]
        elif token[1] and not _is_xml(key, token[1]):
            yield token[1]


def _is_xml(key: bytes, string: bytes) -> bool:
    return bool(_DECLARES.match(string) or (b"xml" in key.lower() and _TAGGED.match(string)))


def _prose(string: bytes) -> bool:
    text = _CODE.sub(lambda code: chr(int(code[1], 16)), string.decode(errors="replace"))
    return len(_WORD.findall(text)) > 3


class Strings:
    """The strings of XML in a document, one after the other: key and text, unescaped, as UTF-8, to be read as it comes.

    The first begins at an offset; a further one has its key, or says that it is XML, as in `listed`. What stands around
    them is checked. Raises InputError with the byte where a string or the document is no JSON.
    """

    def __init__(self, chunks: Iterable[bytes], first: tuple[str, int], name: str, lines: bool = False,
                 max_bytes: float = inf) -> None:
        (self.key, self.offset), self.name = first, name
        self.source, self.held, self.at = iter(chunks), b"", 0  # `at`: offset of `held` in the stream
        self.others = 0  # strings that have the first's key, and are no XML
        self.events, self.digits = ijson.sendable_list(), Digits()
        self.max_bytes, self.silent = max_bytes, 0  # bytes since ijson said something: it holds a text until it ends
        self.outside = ijson.basic_parse_coro(self.events, multiple_values=lines)

    def __iter__(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        key: str | None = self.key
        while len(self.held) < self.offset and self._more():
            pass
        self._pass(self.offset)
        while key is not None:
            text = self._text()
            yield key, text
            for _ in text:  # what was left of it
                pass
            key = self._next()

    def _text(self) -> Iterator[bytes]:
        while not self.held.startswith(b'"'):
            cut = _whole(self.held)
            try:
                piece = _unescaped(self.held[:cut]).encode("utf-8", "replace")
            except json.JSONDecodeError as error:
                raise self._fault(error) from None
            if piece:
                yield piece
            self.held, self.at = self.held[cut:], self.at + cut
            if not self.held.startswith(b'"') and (len(self.held) > 12 or not self._more()):
                raise InputError(self.name, "a string without an end, or with a wrong escape", f"byte {self.at}",
                                 "fetch it again")

    def _next(self) -> str | None:
        """The key of the next string, which is come to; None for none."""
        more = True
        while True:
            done = len(self.held) - _NEAR
            for start in _FURTHER.finditer(self.held):
                if more and start.start() > done:  # what stands there may go on
                    break
                key = self._key(start[1] or b"")
                if start[2] and (start[3] or (key and (key == self.key or "xml" in key.lower()))):
                    self._pass(start.end())
                    return key
                self.others += key == self.key != "" and self.held[start.end():start.end() + 1] != b'"'
                done = max(done, start.end())
            whole = _BEGUN.sub(b"", self.held[:max(done, 0)])
            self._pass(len(whole) if more else len(self.held), ends=not more)
            if not more:
                return None
            more = self._more()

    def _key(self, raw: bytes) -> str:
        try:
            return _unescaped(raw)
        except json.JSONDecodeError as error:
            raise self._fault(error) from None

    def _more(self) -> bool:
        chunk = next(self.source, b"")
        self.held += chunk
        return bool(chunk)

    def _pass(self, size: int, ends: bool = False) -> None:
        """What stands around the strings."""
        passed = self.held[:size]
        if self.digits.too_many(passed):
            raise long_number(self.name, self.at)
        try:
            if passed:  # nothing would be the end to ijson
                self.outside.send(_SURROGATE.sub(rb"\\u00", passed))  # lone ones are no text to ijson
            if ends:
                self.outside.close()
        except ArithmeticError:  # an exponent that Decimal() refuses
            raise long_number(self.name, self.at) from None
        except ijson.JSONError as error:
            raise self._fault(error) from None
        self.silent = 0 if self.events else self.silent + len(passed)
        if self.silent > self.max_bytes:
            raise too_large(self.name, int(self.max_bytes), f"near byte {self.at}")
        self.events.clear()
        self.held, self.at = self.held[len(passed):], self.at + len(passed)

    def _fault(self, error: Exception) -> InputError:
        return InputError(self.name, f"not JSON: {' '.join(str(error).split())[:200]}", f"near byte {self.at}",
                          "fetch it again or mend it")


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
