"""Any encoding to valid UTF-8, as a stream: marks, declarations, invalid bytes replaced and counted."""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial

import numpy as np

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))  # 32 first: its mark begins like 16's
_LETTER = rb"[\t\n\r -~]"
ZEROS = tuple((re.compile(pattern.replace(b".", _LETTER)), name) for pattern, name in (
    (rb"(?:.\0\0\0){2}", "utf-32-le"), (rb"(?:\0\0\0.){2}", "utf-32-be"), (rb"(?:.\0){4}", "utf-16-le"),
    (rb"(?:\0.){4}", "utf-16-be")))  # no mark, but zero bytes between the first characters
LOOK, MANY = 1 << 15, 1 << 17  # bytes
SIGNS = 500  # of a chunk that are looked at each: of more, one expression for the rest is faster
FORBIDDEN = "characters that XML forbids: replaced"
_CONTROL = r"\0-\x08\x0b\x0c\x0e-\x1f"
REPLACEMENT = b"\xef\xbf\xbd"
_NONCHARACTERS = b"\xef\xbf\xbe", b"\xef\xbf\xbf"  # U+FFFE and U+FFFF
_RAW = re.compile(rf"[{_CONTROL}]".encode() + rb"|%s|%s" % _NONCHARACTERS)
_NO_XML = re.compile(rf"[{_CONTROL}\ufffd-\uffff]")
# References to what is no character of XML: among them surrogates, D800 to DFFF (55296 to 57343), first ones to DBFF.
_SURROGATE = rb"[dD][89a-fA-F][0-9a-fA-F]{2}", rb"55(?:29[6-9]|[3-9]\d\d)|56\d{3}|57(?:[0-2]\d\d|3[0-3]\d|34[0-3])"
_FIRST = rb"[dD][89abAB][0-9a-fA-F]{2}", rb"55(?:29[6-9]|[3-9]\d\d)|56(?:[0-2]\d\d|3[01]\d)"
_NO_CHARACTER = rb"&#(?:[xX]0{0,9}(?:[0-8bcefBCEF]|1[0-9a-fA-F]|%s|[fF]{3}[efEF])" \
                rb"|0{0,9}(?:[0-8]|1[124-9]|2\d|3[01]|%s|6553[45]));" % _SURROGATE
_REFERENCES = re.compile(rb"%s(?:%s)*" % (_NO_CHARACTER, _NO_CHARACTER))  # begins with a literal: ten times as fast
_HALF = re.compile(rb"(?:&#(?:[xX]0{0,9}%s|0{0,9}(?:%s));)?(?:&(?:#(?:[xX]?[0-9a-fA-F]{0,15})?)?)?\Z" % _FIRST)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")


def of(begin: bytes) -> tuple[str, int]:
    """The encoding that a file's beginning shows (mark, zero bytes, XML declaration, else UTF-8); the mark's length."""
    for mark, name in MARKS:
        if begin.startswith(mark):
            return name, len(mark)
    if begin[1:2] == b"\0" and begin[:1] in (b"{", b"[", b"<", b'"'):
        return ("utf-32-le" if begin[2:4] == b"\0\0" else "utf-16-le"), 0
    if begin[:1] == b"\0" and begin.lstrip(b"\0")[:1] in (b"{", b"[", b"<", b'"'):
        return ("utf-32-be" if begin[1:3] == b"\0\0" else "utf-16-be"), 0
    if zeros := next((name for pattern, name in ZEROS if pattern.match(begin)), ""):
        return zeros, 0
    declared = _DECLARED.match(begin[:400])
    name = declared[1].decode().lower() if declared else "utf-8"
    try:
        codec = codecs.lookup(name)
        usable = codec._is_text_encoding and codecs.getincrementaldecoder(name)("replace").decode(b"<?") == "<?"
    except (LookupError, UnicodeError):  # unknown, or one that can't replace (idna, undefined)
        return "utf-8", 0
    return (codec.name if usable else "utf-8"), 0  # not: base64, zip, and UTF-16 of what began with `<?`


def clean(begin: bytes) -> bool:
    """Is it valid UTF-8, as far as it goes?"""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(begin)
        return True
    except UnicodeDecodeError:
        return False


def utf8(chunks: Iterable[bytes], notes: Counter[str]) -> Iterator[bytes]:
    """The chunks in UTF-8 without a mark, none empty; what can't be decoded becomes U+FFFD and is counted."""
    source = iter(chunks)
    first = b""
    while len(first) < 400 and (chunk := next(source, b"")):
        first += chunk
    name, mark = of(first)
    decoder, clean = codecs.getincrementaldecoder(name)("replace"), True
    chunk = first[mark:]
    while chunk:
        sound = _sound(chunk) if clean and name == "utf-8" else 0
        if sound and len(chunk) - sound < 4:  # what is left may be a character that goes on in the next chunk
            yield chunk[:sound]
            chunk = chunk[sound:] + next(source, b"")
            continue
        held = decoder.getstate()[0]  # of a character that the chunk before began
        if text := decoder.decode(chunk):
            yield _encoded(text, held + chunk, notes)
        clean = name == "utf-8" and not decoder.getstate()[0]
        chunk = next(source, b"")
    if rest := decoder.decode(b"", final=True):
        yield _encoded(rest, b"", notes)


def fit_for_xml(chunks: Iterable[bytes], notes: Counter[str]) -> Iterator[bytes]:
    """The chunks, of whole characters, each that XML forbids, raw or as a reference (`&#1;`), replaced by U+FFFD and
    counted.

    Characters beyond U+FFFF that are spelt as a pair of references, as some phones do, become these characters.
    """
    room = np.empty(MANY, np.uint8)  # one for all: fresh memory costs more than to look at the bytes
    held = b""
    for chunk in chunks:
        if _controls(chunk, room) or (b"\xef" in chunk and any(raw in chunk for raw in _NONCHARACTERS)):
            chunk, count = _RAW.subn(REPLACEMENT, chunk)
            notes[FORBIDDEN] += count
        chunk = held + chunk if held else chunk
        half = _HALF.search(chunk, max(len(chunk) - 40, 0))
        assert half
        chunk, held = chunk[:half.start()], half[0]
        if chunk:
            yield _spelt(chunk, notes)
    if held:
        yield _spelt(held, notes)


def _spelt(chunk: bytes, notes: Counter[str]) -> bytes:
    """The chunk without references to what is no character of XML: looked for from each `#`, as most have few."""
    parts: list[bytes] = []
    done, at, replaced = 0, -1, partial(_referred, notes)
    for _ in range(SIGNS):
        at = chunk.find(b"#", max(at + 1, done))
        if at < 0:
            return b"".join([*parts, chunk[done:]]) if done else chunk
        if found := _REFERENCES.match(chunk, max(at - 1, 0)):
            parts += chunk[done:at - 1], replaced(found)
            done = found.end()
    return b"".join([*parts, _REFERENCES.sub(replaced, chunk[done:])])


def _referred(notes: Counter[str], references: re.Match[bytes]) -> bytes:
    """What becomes of references to what is no character of XML."""
    numbers = [int(number[1:], 16) if number[:1] in b"xX" else int(number)
               for number in references[0][2:-1].split(b";&#")]
    pairs = "".join(map(chr, numbers)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text, count = _NO_XML.subn("\ufffd", pairs)
    if count:  # none of pairs
        notes[FORBIDDEN] += count
    return text.encode()


def _controls(chunk: bytes, room: np.ndarray) -> bool:
    """Does a chunk of UTF-8 hold control characters but tabs and line ends? (An unsigned 0 less 9 is 247.)"""
    values = np.frombuffer(chunk, np.uint8)
    for at in range(0, len(chunk), MANY):
        part = values[at:at + MANY]
        into = room[:len(part)]
        if np.subtract(part, 14, out=into).min() < 32 - 14 or np.subtract(part, 9, out=into).max() > 246:
            return True
    return b"\x0b" in chunk or b"\x0c" in chunk


def _sound(chunk: bytes) -> int:
    """How many bytes at its beginning are valid UTF-8: looked at a little at a time, so as to touch little memory."""
    if chunk.isascii():
        return len(chunk)
    at = 0
    with suppress(UnicodeDecodeError):
        while read := codecs.utf_8_decode(chunk[at:at + LOOK])[1]:
            at += read
    return at


def _encoded(text: str, chunk: bytes, notes: Counter[str]) -> bytes:
    """The text as UTF-8; counts the replacement characters that the chunk did not have itself."""
    data = text.encode("utf-8", "replace")
    if "\ufffd" in text and (replaced := text.count("\ufffd") - chunk.count(REPLACEMENT)) > 0:
        notes["invalid bytes replaced"] += replaced
    return data
