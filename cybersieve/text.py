"""Text fields to plain text: markup goes, words and identifiers stay.

Formats: `plain` (nothing but white space, NFC and control characters), `wrapped` (also lines to paragraphs),
`html`, `markdown` (also the inline HTML that Markdown allows, and ATT&CK's citation marks), `wiki` (MediaWiki),
`bbcode` (forums), and `auto` for fields nobody has described: links, citation marks and formatting tags go, while the
`<script>` in a sentence about cross-site scripting stays.

Never altered, whatever the format: CVE and CWE numbers, hashes, addresses, defanged indicators such as hxxp://,
[.] and [at]. Not covered: the layout of tables. Every step takes time linear in the text's length.
"""

import html as entities
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from html.entities import html5
from typing import Any

from lxml import etree

from cybersieve.tags import BLOCKS, NAMED, cut_out, mentioned, true_tags, unescaped, without_tags, words
from cybersieve.wiki import wiki

SILENT = words("script style template noscript head")  # their content is no prose
# Blocks of JATS, DocBook, DITA and patents that stand in mixed text, and what is `pre` there.
XML_BLOCKS = words("""list list-item def-list def-item disp-formula disp-quote boxed-text table-wrap fig sec para
    simpara formalpara listitem itemizedlist orderedlist variablelist varlistentry steps step substep cmd note claim
    claim-text paragraph item row entry t containerblockelement unorderedlist""")
FLOWING = words("item row entry note step cmd list screen paragraph t")  # which may as well be words of a sentence
PREFORMATTED = words("pre preformat programlisting screen sourcecode artwork literallayout codeblock")

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CONTROL_BYTES = bytes(code for code in range(128) if _CONTROL.match(chr(code)))
# May compose with what is before it (NFC_QC=Maybe of Unicode 15).
_JOINS = ("\u0300-\u036f\u0653-\u0655\u093c\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0c56\u0cc2\u0cd5\u0cd6"
          "\u0d3e\u0d57\u0dca\u0dcf\u0ddf\u102e\u1161-\u11c2\u1b35\u3099\u309a")
_PARTS = re.compile(f"[\x00-\x7f]*(?:[^\x00-\x7f]{{1,1000}}(?![{_JOINS}])|[^\x00-\x7f]{{1,1000}})?")
_WRAP = re.compile(r"(?<!\n)\n(?![ \t]*\n)[ \t]*")
CODE_FROM = 4  # characters farther in than the text around it
_ITEM = re.compile(r"[ \t]*(?:[-*+\u2022$#>]|[0-9]{1,2}[.)])[ \t]")  # a line of a list, or behind a prompt
_LINES = re.compile(rf"```|~~~|\n(?:{_ITEM.pattern}| {{{CODE_FROM}}}|[ \t]*\t)")  # where lines may mean something
_BARE_AND = re.compile(f"&(?!{NAMED})")  # libxml2 takes the &copy of ?a=1&copy=2 for an entity
_PAGE = re.compile(r"\A\s*<(?:p|div|h[1-6]|ul|ol|table|section|article|blockquote|pre)\b"
                   r"|</(?:p|div|li|td|h[1-6])\s?>|<br\s?/?>", re.I)
_ANY_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto):[^<>\s|]+)(?:\|([^<>|\n]+))?>")  # with words: Slack's
_COMMENT = re.compile(r"<!--(?!#)")  # `<!--#exec` is what a sentence may be about
_LINE_COMMENT = re.compile(r"^[ \t]*<!--(?!#)", re.M)
_HTML = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)


def plain(text: str, format: str = "auto") -> str:
    """The text without markup: NFC, single spaces, trimmed lines, no empty lines, no control characters."""
    return fold(FORMATS[format](_line_ends(text)))


def fold(text: str) -> str:
    """NFC, no control characters, horizontal white space as single spaces, no empty lines."""
    if not text.isprintable():
        text = "\n".join(filter(None, map(_line, _line_ends(text).split("\n"))))  # references may have spelt them
    elif "  " in text:
        text = " ".join(text.split())
    return (text if text.isascii() else _composed(text)).strip()


def _line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _composed(text: str) -> str:
    """NFC, in parts: the marks on one letter are sorted in quadratic time. Nothing composes with an ASCII character
    behind it; of others in a row a thousand are taken at once."""
    return "".join([unicodedata.normalize("NFC", part) for part in _PARTS.findall(text)])


def one_line(text: str) -> str:
    """Single spaces for all white space, no control characters."""
    return " ".join((text if text.isprintable() else _CONTROL.sub("", text)).split())


def _line(line: str) -> str:
    if not line.isprintable():
        return " ".join(_CONTROL.sub("", line).split())
    return " ".join(line.split()) if "  " in line else line.strip()  # splitting costs more than to look for two spaces


def html(text: str) -> str:
    """HTML to text: tags go, blocks become lines, entities become characters, scripts and styles vanish.

    A `<` that begins no tag stays, as upstreams give plain texts as HTML too: `a <b && c`, `vector<int>`, the
    `<script>` of a sentence.
    """
    if "<" not in text and "&" not in text:
        return text
    if "<![CDATA[" in text:
        text = text.replace("<![CDATA[", "").replace("]]>", "")
    text = _unprefixed(text)
    if "<" in text:
        text = true_tags(_autolinks(text))
    if "&" in text:
        text = _BARE_AND.sub("&amp;", text)
    page = f"<div>{text}</div>".encode(errors="ignore").translate(None, _CONTROL_BYTES)
    tree = etree.fromstring(page, _HTML)
    if any("Excessive depth" in entry.message for entry in _HTML.error_log):  # what is nested deeper would be lost
        return unescaped(_ANY_TAG.sub(" ", text))
    return "" if tree is None else element(tree)


def _unprefixed(text: str) -> str:
    """XHTML with its prefix, as CWE's interface gives its texts, as HTML."""
    return text.replace("<xhtml:", "<").replace("</xhtml:", "</") if "xhtml:" in text else text


def element(tree: Any) -> str:
    """Text of an HTML or XML element: white space folded as a browser would, blocks as lines, `pre` as it is."""
    pieces: list[str] = []
    _gather(tree, pieces, False)
    return "".join(pieces).strip()


def _spaced(text: str) -> str:
    """White space as single spaces, those at the ends too."""
    if text.isprintable() and "  " not in text:  # no white space but single spaces
        return text
    if text.isspace():
        return " "
    return f"{' ' if text[0].isspace() else ''}{' '.join(text.split())}{' ' if text[-1].isspace() else ''}"


@lru_cache(4096)
def _role(tag: Any, flows: bool = False) -> tuple[bool, str, str, bool, bool]:
    """Is an element of that name silent; what stands before and after its text; is it preformatted; may it be?

    `flows`: the sentence that it stands in goes on behind it.
    """
    name = tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
    if flows and name in FLOWING:
        return False, "", "", False, False
    pre = name in PREFORMATTED
    around = ("\n", " " if name in {"td", "th"} else "\n") if pre or name in BLOCKS or name in XML_BLOCKS else ("", "")
    return not name or name in SILENT, *around, pre, name in {"code", "paragraph"}


def _gather(node: Any, pieces: list[str], kept: bool) -> None:
    """The element's text in order; libxml2 lets no element be nested deeper than 256. `kept`: in preformatted text."""
    tail = node.tail
    silent, before, after, pre, doubtful = _role(node.tag, bool(tail) and tail[0] in " ,.;:)" and not tail.isspace())
    if silent:
        if node.tag is etree.Entity:  # of a DTD that was not fetched: HTML's names are known, others stay as they stand
            pieces.append(_entity(node))
        return
    if doubtful and not kept and _preformatted(node):
        before, after, pre = "\n", "\n", True
    kept = kept or pre
    pieces.append(before)
    if text := node.text:
        pieces.append(text if kept else _spaced(text))
    for child in node:
        _gather(child, pieces, kept)
        if tail := child.tail:
            pieces.append(tail if kept else _spaced(tail))
    pieces.append(after)


def _preformatted(node: Any) -> bool:
    """Is this code of several lines that no sentence goes on behind, or a paragraph that says so (Nexpose's)?"""
    code, lines = node.tag[-4:].lower() == "code", "\n" in (node.text or "").strip()
    return (code and lines and not (node.tail or "").strip()) or node.get("preformat") == "true"


def _entity(node: Any) -> str:
    """HTML's character; what the document declares as something else by its bare name, which nothing may unescape."""
    known = entities.unescape(node.text)
    return known if known == node.text else _declared(node.getroottree().getroot()).get(node.text[1:-1], known)


@lru_cache(1)
def _declared(root: Any) -> dict[str, str]:
    """The entities of HTML's names that a document declares as something else, by their names."""
    dtd = root.getroottree().docinfo.internalDTD  # a copy, so once for a document
    return {} if dtd is None else {one.name: one.name for one in dtd.iterentities()
                                   if html5.get(f"{one.name};", one.content) != one.content}


_CITATION = re.compile(r"\s?\(Citation: [^()]*(?:\([^()]*\)[^()]*)*\)|\s?\[citation needed\]")
_LINK = re.compile(r"(?<!\\)!?\[([^\[\]\n]*)\]\("
                   r"[ ]*<?(?:[a-zA-Z][a-zA-Z0-9+.-]*:|[/#.?])[^()\s<>]*(?:\([^()\s<>]*\)[^()\s<>]*)*>?"
                   r"(?:[ ]+(?:\"[^\"\n]*\"|'[^'\n]*'))?[ ]*\)")
_REFERENCE_LINK = re.compile(r"(?<![\]\w])\[([^\[\]\n]{2,200})\]\[([^\[\]\n]{0,80})\](?!\()")
_REFERENCE = re.compile(r"^ {0,3}\[[^\[\]\n]+\]:[ \t]+\S[^\n]*$", re.M)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+", re.M)
_SUBHEADING = re.compile(r"^ {0,3}#{2,6}[ \t]+(?=[A-Z])", re.M)  # one `#` may be a shell's
_FENCE = re.compile(r" {0,3}(`{3,}+|~{3,}+)([^`\n]*)")
_BOLD = re.compile(r"(?<![\w*])\*\*(?=\S)([^*\n]+)(?<=\S)\*\*(?![\w*])")
_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)([^`\n]+)\1(?!`)")
_HELD = re.compile("\0([0-9]+)\0")
_OTHER_LINES = [(re.compile(rf"<{name}\b[^<>]*+>"), f"</{name}>") for name in ("pre", "script", "style")]
_LISTED = re.compile(r"^(?:#{1,6} |[*+-] |[0-9]+\. |> |\|[ :-]*-{3})", re.M)  # a line of Markdown


def _links(text: str) -> str:
    for _ in range(2):  # a picture that is a link
        text = _LINK.sub(r"\1", text) if "](" in text else text
    return text


def _autolinks(text: str) -> str:
    there = "<http" in text or "<ftp" in text or "<mailto" in text
    return _AUTOLINK.sub(lambda link: link[2] or link[1], text) if there else text


def _citations(text: str) -> str:
    return _CITATION.sub("", text) if "itation" in text else text


def markdown(text: str) -> str:
    """Markdown to text: link targets, citation marks, and the marks of emphasis, headings and code go.

    What stands in code is left as it is, tags and entities too.
    """
    text, held = _citations(text), list[str]()
    if "```" in text or "~~~" in text:
        text = _fenced(text, held)
    if "`" in text:
        text = _hold(_CODE, text, held, 2)
    text = _autolinks(_links(text))
    if "<!--" in text:
        text = cut_out(text, _COMMENT, "-->")
    if "][" in text:
        text = _REFERENCE_LINK.sub(r"\1", text)
    if "]:" in text:
        text = _REFERENCE.sub("", text)
    if "#" in text:
        text = _HEADING.sub("", text)
    if "**" in text:
        text = _BOLD.sub(r"\1", text)
    return _freed(unescaped(without_tags(text)), held)


def _fenced(text: str, held: list[str]) -> str:
    """The text with a mark in the place of each block of code between fences; a fence left open only goes itself."""
    lines: list[str] = []
    fence, block = "", list[str]()
    for line in text.replace("\0", "").split("\n"):
        mark = _FENCE.fullmatch(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not mark[2].strip():
            lines.append(f"\0{len(held)}\0")
            held.append("\n".join(block))
            fence, block = "", []
        else:
            (block if fence else lines).append(line)
    return "\n".join(lines + block)


def _hold(code: re.Pattern[str], text: str, held: list[str], group: int = 0) -> str:
    """The text with a mark in the place of each piece of code."""
    def mark(found: re.Match[str]) -> str:
        held.append(found[group])
        return f"\0{len(held) - 1}\0"
    return code.sub(mark, text if held else text.replace("\0", ""))


def _freed(text: str, held: list[str]) -> str:
    return _HELD.sub(lambda mark: held[int(mark[1])], text) if held else text


_BB_PICTURE = re.compile(r"\[img\b[^\[\]\n]{0,99}\][^\[\]\s]*\[/img(?::\w{1,12})?\]", re.I)
_BB_TAG = re.compile(r"\[(/?)([a-z]{1,10}|\*)(?::\w{1,12})?(?:=[^\[\]\n]{0,500})?\]", re.I)
BB_BLOCKS = words("quote code php html list center left right indent spoiler table tr")
BB_NAMES = BB_BLOCKS | words("b i u s url email size color colour font highlight sub sup td th")


def bbcode(text: str) -> str:
    """BBCode to text: pictures go, and tags whose names are opened and closed; `arr[i]` and `[/home]` stay."""
    if "[/" not in text:
        return text
    text = _BB_PICTURE.sub("", text)
    opened, closed = set[str](), set[str]()
    for tag in _BB_TAG.finditer(text):
        if not tag[1]:
            if not (tag.start() and text[tag.start() - 1].isalnum()):  # `arr[i]` opens none
                opened.add(tag[2].lower())
        elif tag[2].lower() in opened & BB_NAMES:
            closed.add(tag[2].lower())

    def mark(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        if name == "*":
            return "\n" if "list" in closed else tag[0]
        return tag[0] if name not in closed else "\n" if name in BB_BLOCKS else ""
    return _BB_TAG.sub(mark, text) if closed else text


_JATS = re.compile(r"</?jats:([a-z-]+)(?:\s[^<>]*)?>")  # of papers' abstracts, as Crossref has them
JATS_BLOCKS = words("abstract disp-formula list list-item p sec title")


def auto(text: str) -> str:
    """What is safe without knowing the field: links, citation marks, headings, HTML where it is plainly a page's.

    Markdown is known by blocks of code between fences; with a page's tags in it, by its lists and headings.
    """
    if _written_as_markdown(text):
        return markdown(text)
    if "<" in text and "`" in text and not _PAGE.search(text):
        held: list[str] = []
        return _freed(_auto(_hold(_CODE, text, held)), held)
    return _auto(text)


def _written_as_markdown(text: str) -> bool:
    if "```" in text or "~~~" in text:
        closed: list[str] = []
        _fenced(text, closed)
        if closed:
            return True
    if "<" not in text or "\n\n" not in text or not _PAGE.search(text):
        return False
    for start, end in _OTHER_LINES:
        text = cut_out(text, start, end)
    return bool(_LISTED.search(text))


def _auto(text: str) -> str:
    text = bbcode(_citations(_links(text)))
    jats = "<jats:" in text
    if jats:
        text = unescaped(_JATS.sub(lambda tag: "\n" if tag[1] in JATS_BLOCKS else "", text))
    text = _unprefixed(text)
    if "##" in text:
        text = _SUBHEADING.sub("", text)
    if "<!--" in text:
        text = cut_out(text, _LINE_COMMENT, "-->")
    if "<" not in text:  # where there is one that is no tag's, the text is no HTML
        return text if jats else unescaped(text)
    if _PAGE.search(text):
        return html(text)
    text = _autolinks(text)
    tagless = without_tags(text, mentioned(text))
    return text if tagless == text else unescaped(tagless)


def wrapped(text: str) -> str:
    """Text broken into lines: an empty line ends a paragraph, an item of a list a line behind a colon or another item.
    The lines of code stay: between fences, and in paragraphs that begin farther in than others.
    """
    if "\n" not in text:
        return text
    if not _LINES.search(text):
        return _WRAP.sub(" ", text)
    base = min((_indent(line) for line in text.split("\n")[1:] if line.strip()), default=0)
    lines, before, fence, code, listed = list[list[str]](), "", "", False, False
    for line in text.split("\n"):
        mark, item = _FENCE.fullmatch(line), bool(_ITEM.match(line))
        begins = not before or (item and (listed or before.endswith(":")))
        before = line.rstrip()
        if fence or mark:
            fence = "" if mark and fence and mark[1].startswith(fence) else fence or (mark[1] if mark else "")
            lines.append([line])
            before = ""
        elif begins or code or not before:
            lines.append([line])
            code, listed = bool(before) and (code or _indent(line) >= base + CODE_FROM), item
        else:
            lines[-1].append(line.lstrip())
    return "\n".join(map(" ".join, lines))


def _indent(line: str) -> int:
    """How far in it begins, in characters."""
    return len(line) - len(line.lstrip())


FORMATS: dict[str, Callable[[str], str]] = {
    "plain": str, "wrapped": wrapped, "html": html, "markdown": markdown, "wiki": wiki, "bbcode": bbcode,
    "auto": auto}
