"""Text fields to plain text: markup goes, words and identifiers stay.

Formats: `plain` (nothing but white space, NFC and control characters), `words` (the same, of a text taken apart),
`wrapped` (also lines to paragraphs), `html`, `markdown` (also the inline HTML that Markdown allows, and ATT&CK's
citation marks), `wiki` (MediaWiki), `bbcode` (forums), and `auto` for fields nobody has described: links, citation
marks and formatting tags go, while the `<script>` in a sentence about cross-site scripting stays.

Never altered, whatever the format: CVE and CWE numbers, hashes, addresses, defanged indicators such as hxxp://,
[.] and [at]. Not covered: the layout of tables. Every step takes time linear in the text's length.
"""

import re
from collections.abc import Callable

from cybersieve import hard_wrapped
from cybersieve.folding import fold, indented, line_ends
from cybersieve.html_text import html, unprefixed
from cybersieve.tags import autolinks, cut_out, mentioned, set_of, unescaped, without_tags
from cybersieve.wiki import wiki

_WRAP = re.compile(r"(?<!\n)\n(?![ \t]*\n)[ \t]*")
CODE_FROM = 4  # characters farther in than the text around it
_ITEM = re.compile(r"[ \t]*(?:[-*+\u2022$#>]|[0-9]{1,2}[.)])[ \t]")  # a line of a list, or behind a prompt
_LINES = re.compile(rf"```|~~~|\n(?:{_ITEM.pattern}| {{{CODE_FROM}}}|[ \t]*\t)")  # where lines may mean something
_PAGE = re.compile(r"\A\s*<(?:p|div|h[1-6]|ul|ol|table|section|article|blockquote|pre)\b"
                   r"|</(?:p|div|li|td|h[1-6])\s?>|<br\s?/?>", re.I)
_COMMENT = re.compile(r"<!--(?!#)")  # `<!--#exec` is what a sentence may be about
_LINE_COMMENT = re.compile(r"^[ \t]*<!--(?!#)", re.M)


def plain(text: str, format: str = "auto") -> str:
    """The text without markup: NFC, single spaces, no control characters or empty lines, none farther in but code's."""
    return fold(FORMATS[format](line_ends(text)))


_CITATION = re.compile(r"\s?\(Citation: [^()]*(?:\([^()]*\)[^()]*)*\)|\s?\[citation needed\]")
_LINK = re.compile(r"(?<!\\)!?\[([^\[\]\n]*)\]\("
                   r"[ ]*<?(?:[a-zA-Z][a-zA-Z0-9+.-]*:|[/#.?])[^()\s<>]*(?:\([^()\s<>]*\)[^()\s<>]*)*>?"
                   r"(?:[ ]+(?:\"[^\"\n]*\"|'[^'\n]*'))?[ ]*\)")
# What an upstream that shortens its texts leaves of a citation mark or a link.
_CUT_CITATION = re.compile(r"\s?\((?:Citation:[^()]*(?:\([^()]*)?|Cita?t?i?o?n?(?:\.{3}|…))\Z")
_CUT_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\((?:[a-zA-Z][a-zA-Z0-9+.-]*:[^()\s<>]*|[a-zA-Z0-9/#.-]*(?:\.{3}|…))\Z")
_REFERENCE_LINK = re.compile(r"(?<![\]\w])\[([^\[\]\n]{2,200})\]\[([^\[\]\n]{0,80})\](?!\()")
_REFERENCE = re.compile(r"^ {0,3}\[[^\[\]\n]+\]:[ \t]+\S[^\n]*$", re.M)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+", re.M)
_SUBHEADING = re.compile(r"^ {0,3}#{2,6}[ \t]+(?=[A-Z])", re.M)  # one `#` may be a shell's
_FENCE = re.compile(r" {0,3}(`{3,}+|~{3,}+)([^`\n]*)")
_BOLD = re.compile(r"(?<![\w*])\*\*(?=\S)([^*\n]+)(?<=\S)\*\*(?![\w*])")
# The same where nothing else tells of Markdown: around words, apart from others, in no table. No glob (`**/a/**`),
# power, `f(**a, **b)` or NVD's `** REJECT **`.
_STRONG = re.compile(r"(?<![^\s(])(?<!\| )\*\*(?=\w|[\"'(\[\0])([^*\n|]*[^\s*\n|/\\=(\[{,])\*\*(?![^\s.,;:!?)]| \|)")
_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)([^`\n]+)\1(?!`)")
_HELD = re.compile("\0([0-9]+)\0")
_OTHER_LINES = [(re.compile(rf"<{name}\b[^<>]*+>"), f"</{name}>") for name in ("pre", "script", "style")]
_LISTED = re.compile(r"^(?:#{1,6} |[*+-] |[0-9]+\. |> |\|[ :-]*-{3})", re.M)  # a line of Markdown


def _links(text: str) -> str:
    for _ in range(2):  # a picture that is a link
        text = _LINK.sub(r"\1", text) if "](" in text else text
    return _CUT_LINK.sub(r"\1", text) if "](" in text else text


def _citations(text: str) -> str:
    if "(Cit" not in text and "[citation" not in text:
        return text
    return _CUT_CITATION.sub("", _CITATION.sub("", text))


def markdown(text: str) -> str:
    """Markdown to text: link targets, citation marks, and the marks of emphasis, headings and code go.

    What stands in code is left as it is, tags and entities too.
    """
    text, held = _citations(text), list[str]()
    if "```" in text or "~~~" in text:
        text = _fenced(text, held)
    if "`" in text:
        text = _hold(text, held, 2)
    text = unprefixed(autolinks(_links(text)))
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
            held.append(indented("\n".join(block)))
            fence, block = "", []
        else:
            (block if fence else lines).append(line)
    return "\n".join(lines + block)


def _hold(text: str, held: list[str], group: int = 0) -> str:
    """The text with a mark in the place of each piece of code between backquotes, held with them or (2) without."""
    def mark(found: re.Match[str]) -> str:
        held.append(found[group])
        return f"\0{len(held) - 1}\0"
    return _CODE.sub(mark, text if held else text.replace("\0", ""))


def _freed(text: str, held: list[str]) -> str:
    return _HELD.sub(lambda mark: held[int(mark[1])], text) if held else text


_BB_PICTURE = re.compile(r"\[img\b[^\[\]\n]{0,99}\][^\[\]\s]*\[/img(?::\w{1,12})?\]", re.I)
_BB_TAG = re.compile(r"\[(/?)([a-z]{1,10}|\*)(?::\w{1,12})?(?:=[^\[\]\n]{0,500})?\]", re.I)
BB_BLOCKS = set_of("quote code php html list center left right indent spoiler table tr")
BB_NAMES = BB_BLOCKS | set_of("b i u s url email size color colour font highlight sub sup td th")


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
JATS_BLOCKS = set_of("abstract disp-formula list list-item p sec title")


def auto(text: str) -> str:
    """What is safe without knowing the field: links, citation marks, headings, bold words, HTML where it is plainly a
    page's.

    Markdown is known by blocks of code between fences; with a page's tags in it, by its lists and headings.
    """
    if _written_as_markdown(text):
        return markdown(text)
    text = hard_wrapped.joined(text)
    held = list[str]()
    if "**" in text and not _PAGE.search(text):
        text = _freed(_STRONG.sub(r"\1", _hold(text, held)), held)
    if "<" in text and "`" in text and not _PAGE.search(text):
        held = []
        return _freed(_auto(_hold(text, held)), held)
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
    text = unprefixed(text)
    if "##" in text:
        text = _SUBHEADING.sub("", text)
    if "<!--" in text:
        text = cut_out(text, _LINE_COMMENT, "-->")
    if "<" not in text:  # where there is one that is no tag's, the text is no HTML
        return text if jats else unescaped(text)
    if _PAGE.search(text):
        return html(text)
    text = autolinks(text)
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
    "plain": str, "words": str, "wrapped": wrapped, "html": html, "markdown": markdown, "wiki": wiki, "bbcode": bbcode,
    "auto": auto}
