"""Markup to plain text: HTML, Markdown and wiki marks go, words and identifiers stay.

Formats: `plain` (only white space, NFC and control characters), `html`, `markdown` (also the inline HTML that
Markdown allows), `wiki` (MediaWiki), and `auto` for fields nobody has described: links, citation marks and
paired formatting tags go, while a lone `<script>` in a sentence about cross-site scripting stays.

Never altered, whatever the format: CVE and CWE numbers, hashes, addresses, defanged indicators such as
hxxp://, [.] and [at]. Not covered: tables keep their cells' order but not their layout.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree



def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BLOCKS = _words("""address article aside blockquote body br caption dd details div dl dt figcaption figure footer form
    h1 h2 h3 h4 h5 h6 head header hr html li main nav ol p pre section summary table tbody td tfoot th thead title tr ul""")
SILENT = _words("script style template noscript head")  # their content is no prose

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")
_CITATION = re.compile(r"\s?\((?:Citation|citation needed|Cited in):? [^()]*(?:\([^()]*\)[^()]*)*\)|\s?\[citation needed\]")
_LINK = re.compile(r"(?<!\\)!?\[([^\[\]\n]*)\]\(\s*<?(?:[a-zA-Z][a-zA-Z0-9+.-]*:|[/#.?])[^()\s<>]*(?:\([^()\s<>]*\)[^()\s<>]*)*>?"
                   r"(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\s*\)")
_REFERENCE_LINK = re.compile(r"(?<![\]\w])\[([^\[\]\n]{2,200})\]\[([^\[\]\n]{0,80})\](?!\()")
_REFERENCE = re.compile(r"^ {0,3}\[[^\[\]\n]+\]:\s+\S+[^\n]*$", re.M)
_HEADING = re.compile(r"^ {0,3}#{1,6} +(.*?)(?: +#+)? *$", re.M)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)[^\n`]*$", re.M)
_BOLD = re.compile(r"(?<![\w*])\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*(?![\w*])")
_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)([^`\n]+?)(?<!`)\1(?!`)")
_TAG = re.compile(r"</?(?:a|abbr|b|big|blockquote|br|center|cite|code|dd|div|dl|dt|em|font|h[1-6]|hr|i|ins|kbd|li|ol|p|pre|q|s"
                  r"|samp|small|span|strong|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul|var)(?:\s[^<>]*)?/?>", re.I)
_TAG_NAME = re.compile(r"</?([a-zA-Z0-9]+)")
_HTML_LIKELY = re.compile(r"<(?:/p|/div|/li|/ul|/ol|/a|/pre|/table|/h[1-6]|/blockquote|/strong|/em|/code|/b|/i|/span|/td)\s*>|<br\s*/?>", re.I)


def plain(text: str, format: str = "auto") -> str:
    """The text without markup, in NFC, horizontal white space folded to single spaces, lines trimmed, no empty lines."""
    return fold(FORMATS[format](text))


def fold(text: str) -> str:
    """NFC, no control characters, single spaces, no empty lines."""
    if not text.isprintable():
        text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = _LINES.sub("\n", _SPACES.sub(" ", text))
    elif "  " in text:
        text = _SPACES.sub(" ", text)
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


def html(text: str) -> str:
    """HTML to text: tags go, blocks become lines, entities become characters, scripts and styles vanish."""
    if "<" not in text and "&" not in text:
        return text
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    cleaned = _CONTROL.sub("", text)
    if not cleaned.strip():
        return ""
    tree = etree.fromstring(f"<div>{cleaned}</div>".encode(), parser)
    return "" if tree is None else element(tree)


def element(tree: Any) -> str:
    """Text of an HTML or XML element: white space folded as a browser would, blocks as lines, `pre` as it is."""
    return "".join(_pieces(tree)).strip()


def _pieces(tree: Any) -> Iterator[str]:
    """The element's text in order, without recursion: nesting may be deep."""
    skip, kept = 0, 0  # depth inside silent and inside preformatted elements
    for event, node in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        name = node.tag.rpartition("}")[2].lower() if isinstance(node.tag, str) else ""
        if event == "start":
            skip += name in SILENT
            kept += name == "pre"
            if name in BLOCKS and not skip:
                yield "\n"
            if node.text and not skip:
                yield node.text if kept else _SPACES.sub(" ", node.text.replace("\n", " "))
        elif event == "end":
            skip -= name in SILENT
            kept -= name == "pre"
            if name in BLOCKS and not skip:
                yield "\n" if name not in {"td", "th"} else " "
        if event != "start" and node is not tree and node.tail and not skip:
            yield node.tail if kept else _SPACES.sub(" ", node.tail.replace("\n", " "))


def _links(text: str) -> str:
    return _LINK.sub(lambda link: link[1], text) if "](" in text else text


def _citations(text: str) -> str:
    return _CITATION.sub("", text) if "itation" in text or "(Cited" in text else text


def _formatting_tags(text: str) -> str:
    """Formatting tags go, all other angle brackets stay: they may be what the sentence is about."""
    def mark(tag: re.Match[str]) -> str:
        name = _TAG_NAME.match(tag[0])
        return "\n" if name and name[1].lower() in BLOCKS else ""
    return _TAG.sub(mark, text) if "<" in text else text


def markdown(text: str) -> str:
    """Markdown to text: link targets, emphasis, headings' and code's marks go; also ATT&CK's citation marks."""
    text = _citations(_links(text))
    if "][" in text:
        text = _REFERENCE_LINK.sub(r"\1", text)
    if "]:" in text:
        text = _REFERENCE.sub("", text)
    text = _HEADING.sub(r"\1", _FENCE.sub("", text))
    if "**" in text:
        text = _BOLD.sub(r"\1", text)
    if "`" in text:
        text = _CODE.sub(r"\2", text)
    return _entities(_formatting_tags(text)) if _HTML_LIKELY.search(text) else text


def _entities(text: str) -> str:
    import html as entities  # the standard library's, under a name that does not hide ours

    return entities.unescape(text) if "&" in text else text


_WIKI_REF = re.compile(r"<ref[^<>]*/>|<ref[^<>]*>[^<]*(?:<(?!/ref)[^<]*)*</ref>|<!--.*?-->", re.I | re.S)
_WIKI_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}|\{\|[^{}]*\|\}")
_WIKI_FILE = re.compile(r"\[\[(?:File|Image|Category|Datei|Bild|Kategorie):[^\[\]]*\]\]", re.I)
_WIKI_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]")
_WIKI_URL = re.compile(r"\[(?:https?|ftp)://[^\s\[\]]+\s+([^\[\]]+)\]")
_WIKI_HEADING = re.compile(r"^(={1,6})\s*(.*?)\s*\1\s*$", re.M)


def wiki(text: str) -> str:
    """MediaWiki to text: templates, references, files and categories go, links keep their words."""
    text = _WIKI_REF.sub("", text)
    for _ in range(8):  # innermost templates first; deeper nesting than this is left as it stands
        text, found = _WIKI_TEMPLATE.subn("", text)
        if not found:
            break
    text = _WIKI_LINK.sub(r"\1", _WIKI_LINK.sub(r"\1", _WIKI_FILE.sub("", text)))
    text = _WIKI_HEADING.sub(r"\2", _WIKI_URL.sub(r"\1", text))
    return _entities(_formatting_tags(re.sub(r"'{2,5}", "", text)))


def auto(text: str) -> str:
    """What is safe without knowing the field: links, citation marks, and HTML where it is plainly formatting."""
    text = _citations(_links(text))
    return _entities(_formatting_tags(text)) if "<" in text and _HTML_LIKELY.search(text) else text


FORMATS: dict[str, Callable[[str], str]] = {"plain": str, "html": html, "markdown": markdown, "wiki": wiki, "auto": auto}
