"""Any encoding to valid UTF-8, as a stream: marks, declarations, invalid bytes replaced and counted."""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))  # 32 first: its mark begins like 16's
_LETTER = rb"[\t\n\r -~]"
ZEROS = tuple((re.compile(pattern.replace(b".", _LETTER)), name) for pattern, name in (
    (rb"(?:.\0\0\0){2}", "utf-32-le"), (rb"(?:\0\0\0.){2}", "utf-32-be"), (rb"(?:.\0){4}", "utf-16-le"),
    (rb"(?:\0.){4}", "utf-16-be")))  # no mark, but zero bytes between the first characters
LOOK = 1 << 15  # bytes
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
    if "\ufffd" in text and (replaced := text.count("\ufffd") - chunk.count(b"\xef\xbf\xbd")) > 0:
        notes["invalid bytes replaced"] += replaced
    return data
