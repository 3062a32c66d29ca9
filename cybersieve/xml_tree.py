"""An XML element as the kind of tree that JSON has, and what of it is read."""

import re
from functools import lru_cache
from itertools import groupby, islice
from typing import Any

from cybersieve import field_names, html_text, tags
from cybersieve.fields import LAST, Wanted

XHTML = "{http://www.w3.org/1999/xhtml}"
# Blocks of which one shows that its element is a text, and those that are part of such a text.
SURE = tags.set_of("""p para simpara paragraph h1 h2 h3 h4 h5 h6 blockquote ul ol itemizedlist orderedlist variablelist
    unorderedlist containerblockelement pre programlisting literallayout codeblock""")
SECTIONS = tags.set_of("section sec sect1 sect2 sect3 sect4 sect5 simplesect")
FLOW = SURE | SECTIONS | html_text.PREFORMATTED | tags.set_of("""t dl div
    list def-list disp-formula disp-quote boxed-text table-wrap table informaltable fig figure informalfigure note tip
    warning caution important steps code formalpara example informalexample procedure hr br""")
CODE = html_text.PREFORMATTED | {"code"}
SECTIONS_IN = 5  # levels of sections that are looked into for a sure block
PARAGRAPHS = tags.set_of("p para simpara")
PROSE = 40  # characters of each line but the last, from which on these are a paragraph wherever its element begins
_CODE = re.compile(r"<(?:pre|code|textarea)\b|```", re.I)  # whose lines are its own, whoever writes them
_ITEM = re.compile(r"\s*(?:[-*+\u2022$#>]|\w{1,3}[.)])\s")  # a line of a list, or behind a prompt


@lru_cache(4096)
def local(tag: Any) -> str:
    """The name without its namespace; empty for comments and the like."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attributes(node: Any) -> dict[str, Any]:
    items = node.items()
    return {f"@{local(name)}": value for name, value in items} if items else {}


class Plan:
    """What of an element is read, as libxml2 looks for it: the other children need not be shown to Python."""

    def __init__(self, wanted: Wanted, seen: Wanted | None = None) -> None:
        """Children whose names are not among those `seen`, if any are told, are read as well."""
        names = [name for name in wanted if name and name[0] not in "@#-"]
        self.below = {name: Plan.of(wanted[name], seen.get(name) if seen else None) for name in names}
        self.tags = [f"{{*}}{name}" for name in names if LAST not in wanted[name]]
        self.last = [f"{{*}}{name}" for name in names if LAST in wanted[name]]  # of which only the last is read
        self.text = "#text" in wanted
        known = {*seen, *names} if seen and "#text" not in seen else None
        self.late = known and lru_cache(4096)(lambda tag: local(tag) not in known)

    @classmethod
    def of(cls, wanted: Wanted, seen: Wanted | None = None) -> "Plan | None":
        """None where all of it is wanted."""
        return cls(wanted, seen) if wanted and "*" not in wanted else None

    def children(self, node: Any) -> list[Any]:
        found = list(node.iterchildren(*self.tags)) if self.tags else []
        for tag in self.last:
            found += islice(node.iterchildren(tag, reversed=True), 1)
        if late := self.late:
            found += [child for child in node.iterchildren("*") if late(child.tag)]
        return found


def tree(node: Any, plan: Plan | None = None) -> Any:
    """An element as a tree: attributes as `@name`, children by local name (only those planned), several as a list.

    An element without attributes and children is its text. Mixed content (text between children, or XHTML) is
    plain text, block elements on lines of their own, and so are paragraphs beside lists or code; beside attributes and
    other children it stands under `#text`. Where there is a plan without `#text`, it is not asked whether it is mixed.
    """
    inner = len(node)
    if plan and plan.text and inner:
        plan = None
    result = attributes(node)
    children = plan.children(node) if plan else list(node.iterchildren("*")) if inner else []
    if plan and not children and not plan.text:
        return result
    if not children or (not plan and _mixed(node, children)):
        words = node.text or ""
        words = _text(node) if "\n" in words or inner else words.strip()
        if not result:
            return words
        if words:
            result["#text"] = words
        return result
    flow = "" if plan else _flow(node, children)
    for child in children:
        if flow and _block(child.tag):
            result["#text"] = flow
            continue
        name = local(child.tag)
        value = tree(child, plan and plan.below.get(name))
        if name not in result:
            result[name] = value
        elif isinstance(result[name], list):
            result[name].append(value)
        else:
            result[name] = [result[name], value]
    return flow if flow and len(result) == 1 else result


def _text(node: Any) -> str:
    """All text of an element: folded where there are elements in it."""
    if len(node):
        return html_text.element(node)
    words = node.text or ""
    own = "\n" not in words or local(node.tag).lower() in CODE or _CODE.search(words)
    return (words if own else _unwrapped(words, node)).strip()


def _unwrapped(words: str, node: Any) -> str:
    """The text without the line ends of a pretty-printer: of paragraphs whose lines stand equally far in, as far as the
    element itself or farther, or are long ones of prose (at the margin, too, in what is called a paragraph). Others may
    be code, or lists.
    """
    anywhere = local(node.tag).lower() in PARAGRAPHS
    before, above = node.getprevious(), node.getparent()
    outside = (above.text if above is not None else "") if before is None else before.tail
    begins = bool(outside) and outside.isspace() and "\n" in outside  # the element, its line
    own = _indent(outside.rpartition("\n")[2]) if begins else 0
    result, first = [], True
    for blank, paragraph in groupby(words.split("\n"), lambda line: not line or line.isspace()):
        if blank:
            result.append("")
            continue
        lines = list(paragraph)
        indents = set(map(_indent, lines[first:]))
        prose = all(len(line.strip()) >= PROSE for line in lines[:-1])
        far = 0 if prose and anywhere else max(own, 1)
        even = len(indents) == 1 and min(indents) >= far
        wrapped = (begins or prose) and even and not any(map(_ITEM.match, lines[1:]))
        result += [" ".join(map(str.strip, lines))] if wrapped else lines
        first = False
    return "\n".join(result)


def _indent(line: str) -> int:
    """How far in it begins; who wraps lines may use other white space than who nests elements."""
    return len(line[:len(line) - len(line.lstrip())].expandtabs())


def _mixed(node: Any, children: list[Any]) -> bool:
    if (text := node.text) and not text.isspace():
        return True
    return any(((tail := child.tail) and not tail.isspace()) or child.tag.startswith(XHTML) for child in children)


@lru_cache(4096)
def _block(tag: Any) -> str:
    """Its name, if it is one of a block; else nothing."""
    name = local(tag).lower()
    return name if name in FLOW else ""


def _flow(node: Any, children: list[Any]) -> str:
    """The text of the blocks among the children, in their order; empty where none shows that they are one."""
    names = {_block(child.tag) for child in children}
    shown = not names.isdisjoint(SURE) or ("t" in names and (len(names - {""}) > 1 or _block(node.tag))) or (
        not names.isdisjoint(SECTIONS) and _bears_sections(node, names) and _prose(children, SECTIONS_IN))
    return "\n".join(filter(None, (_text(child) for child in children if _block(child.tag)))) if shown else ""


def _bears_sections(node: Any, names: set[str]) -> bool:
    """Has it a title beside its sections? Those of the document itself, or of a room for them, may be its records."""
    return node.getparent() is not None and ("" in names or bool(node.get("title") or node.get("name")))


def _prose(children: list[Any], levels: int) -> bool:
    """Is one of them a section with sure blocks, and no text in a field of its own, as controls have one?"""
    for section in (child for child in children if levels and _block(child.tag) in SECTIONS):
        inner = list(section.iterchildren("*"))
        blocks = {_block(child.tag) for child in inner}
        fields = any(field_names.textual(local(child.tag)) for child in inner if not _block(child.tag))
        if not fields and (not blocks.isdisjoint(SURE) or _prose(inner, levels - 1)):
            return True
    return False
