"""Elements of HTML and XML as text: blocks on lines of their own, white space as a browser shows it, entities."""

import html as entities
import re
from functools import lru_cache
from html.entities import html5
from typing import Any

from lxml import etree

from cybersieve.folding import CONTROL, indented, printable
from cybersieve.tags import BLOCKS, NAMED, autolinks, power, set_of, true_tags, unescaped

SILENT = set_of("script style template noscript head")  # their content is no prose
# Blocks of JATS, DocBook, DITA and patents that stand in mixed text, and what is `pre` there.
XML_BLOCKS = set_of("""list list-item def-list def-item disp-formula disp-quote boxed-text table-wrap fig sec para
    simpara formalpara listitem itemizedlist orderedlist variablelist varlistentry steps step substep cmd note claim
    claim-text paragraph item row entry t containerblockelement unorderedlist""")
FLOWING = set_of("item row entry note step cmd list screen paragraph t")  # which may as well be words of a sentence
# What stands before an exponent, and before a key or a menu right behind another.
MARKS = {"sup": "^", "superscript": "^", "key": "+", "keycap": "+"} | dict.fromkeys(
    set_of("gui guimenu guimenuitem guisubmenu guibutton"), " > ")
PREFORMATTED = set_of("pre preformat programlisting screen sourcecode artwork literallayout codeblock")

_CONTROLS = bytes(code for code in range(128) if CONTROL.match(chr(code)))
_BARE_AND = re.compile(f"&(?!{NAMED})")  # libxml2 takes the &copy of ?a=1&copy=2 for an entity
_ANY_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
_HTML = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)


def html(text: str) -> str:
    """HTML to text: tags go, blocks become lines, entities become characters, scripts and styles vanish.

    A `<` that begins no tag stays, as upstreams give plain texts as HTML too: `a <b && c`, `vector<int>`, the
    `<script>` of a sentence.
    """
    if "<" not in text and "&" not in text:
        return text
    if "<![CDATA[" in text:
        text = text.replace("<![CDATA[", "").replace("]]>", "")
    text = unprefixed(text)
    if "<" in text:
        text = true_tags(autolinks(text))
    if "&" in text:
        text = _BARE_AND.sub("&amp;", text)
    page = f"<div>{text}</div>".encode(errors="ignore").translate(None, _CONTROLS)
    tree = etree.fromstring(page, _HTML)
    if any("Excessive depth" in entry.message for entry in _HTML.error_log):  # what is nested deeper would be lost
        return unescaped(_ANY_TAG.sub(" ", text))
    return "" if tree is None else element(tree)


def unprefixed(text: str) -> str:
    """XHTML with its prefix, as CWE's interface gives its texts, as HTML."""
    return text.replace("<xhtml:", "<").replace("</xhtml:", "</") if "xhtml:" in text else text


def element(tree: Any) -> str:
    """Text of an HTML or XML element: white space folded as a browser would, blocks as lines, `pre` as it is."""
    pieces: list[str] = []
    _gather(tree, pieces, False)
    return "".join(pieces).strip()


def _spaced(text: str) -> str:
    """White space as single spaces, those at the ends too."""
    if printable(text) and "  " not in text:  # no white space but single spaces
        return text
    if text.isspace():
        return " "
    return f"{' ' if text[0].isspace() else ''}{' '.join(text.split())}{' ' if text[-1].isspace() else ''}"


@lru_cache(4096)
def _role(tag: Any, flows: bool) -> tuple[bool, str, str, bool, bool]:
    """Is an element of that name silent; what stands before and after its text; is it preformatted; may it be another?

    `flows`: the sentence that it stands in goes on behind it.
    """
    name = tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
    if flows and name in FLOWING:
        return False, "", "", False, False
    pre = name in PREFORMATTED
    around = ("\n", " " if name in {"td", "th"} else "\n") if pre or name in BLOCKS or name in XML_BLOCKS else (
        MARKS.get(name, ""), "")
    return not name or name in SILENT, *around, pre, name in {"code", "paragraph", "insert", *MARKS}


def _gather(node: Any, pieces: list[str], kept: bool) -> None:
    """The element's text in order; libxml2 lets no element be nested deeper than 256. `kept`: in preformatted text."""
    tail = node.tail
    silent, before, after, pre, doubtful = _role(node.tag, bool(tail) and tail[0] in " ,.;:)" and not tail.isspace())
    if silent:
        if node.tag is etree.Entity:  # of a DTD that was not fetched: HTML's names are known, others stay as they stand
            pieces.append(_entity(node))
        return
    if doubtful and before in MARKS.values():
        before = before if _marked(node, before, pieces) else ""
    elif doubtful and (name := node.get("id-ref") or node.get("param-id")):  # OSCAL's, as in its Markdown
        pieces.append(f"{{{{ insert: param, {name} }}}}")
    elif doubtful and not kept and _preformatted(node):
        before, after, pre = "\n", "\n", True
    inside: list[str] = [] if pre and not kept else pieces
    kept = kept or pre
    pieces.append(before)
    if text := node.text:
        inside.append(text if kept else _spaced(text))
    for child in node:
        _gather(child, inside, kept)
        if tail := child.tail:
            inside.append(tail if kept else _spaced(tail))
    if inside is not pieces:
        pieces.append(indented("".join(inside)))
    pieces.append(after)


def _marked(node: Any, mark: str, pieces: list[str]) -> bool:
    """Is this an exponent, or a key or menu right behind another?"""
    if mark == "^":
        return not len(node) and power("".join(pieces[-6:]), node.text or "")
    other = node.getprevious()
    return other is not None and not other.tail and _role(other.tag, False)[1] == mark


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
