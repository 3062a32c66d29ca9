"""MediaWiki's markup to text: templates, references, files and categories go, links keep their words, code stays.

Templates that are words in another dress (`{{nowrap|a b}}`, `{{CVE|2014-0160}}`) become these; what other templates say
is not known here. Every step takes time linear in the text's length.
"""

import re
from collections.abc import Callable

from cybersieve.tags import cut_out, set_of, unescaped, without_tags

DEEPEST = 8  # levels of templates and links, innermost first; what is nested deeper is left as it stands
# Templates that show one of their arguments: the first, the last.
FIRST = set_of("""abbr code kbd samp var tt nowrap nobr em strong small big mono sub sup smaller larger not-a-typo quote
    blockquote cquote val url""")
LAST = set_of("lang transl nihongo w wikt font color visible")
ALL = {"convert": " ", "key press": "+"}  # two of them, with this between
SIGNS = {"snd": " \u2013 ", "spnd": " \u2013 ", "ndash": "\u2013", "mdash": "\u2014", "nbsp": " ", "!": "|", "=": "="}
GONE = ((re.compile("<!--"), "-->"), (re.compile(r"<ref\b(?:[^<>/]|/(?!>))*+>", re.I), "</ref>"),
        (re.compile(r"<timeline\b[^<>]*>", re.I), "</timeline>"), (re.compile(r"<score\b[^<>]*>", re.I), "</score>"),
        (re.compile(r"<math\b[^<>]*>", re.I), "</math>"), (re.compile(r"<gallery\b[^<>]*>", re.I), "</gallery>"))

_VERBATIM = re.compile(r"<(nowiki|syntaxhighlight|source|pre)\b[^<>/]*>", re.I)
_HELD = re.compile("\0([0-9]+)\0")
_TEMPLATE = re.compile(r"\{\{\{[^{}]*\}\}\}|\{\{([^{}]*)\}\}|\{\|[^{}]*\|\}")
_NAMED = re.compile(r"\s*[\w-]+\s*=(?!=)")  # an argument with its name
_LINK = re.compile(r"\[\[([^\[\]]*)\]\]")
_DROPPED = re.compile(r"\s*(?:file|image|media|category|datei|bild|kategorie|fichier|catégorie|archivo|categoría)\s*:",
                      re.I)
_OTHER_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,8})*:[^\s|][^|]*")
_URL = re.compile(r"\[(?:https?|ftp)://[^\s\[\]]+[ ]([^\[\]\n]+)\]")
_HEADING = re.compile(r"^={1,6}([^=\n]+)={1,6}[ \t]*$", re.M)
_TAGS = re.compile(r"<ref\b[^<>]*/>|__(?-i:[A-Z]{3,30})__"
                   r"|</?(?:references|nowiki|noinclude|includeonly|onlyinclude|poem|templatestyles|section)\b[^<>]*>",
                   re.I)
_QUOTES = re.compile("'{2,5}")


def wiki(text: str) -> str:
    """MediaWiki to text."""
    text, held = _hold(text.replace("\0", ""))
    for start, end in GONE:
        text = cut_out(text, start, end)
    text = _repeated(_LINK, _link, _repeated(_TEMPLATE, _template, text))
    text = _HEADING.sub(r"\1", _URL.sub(r"\1", text))
    text = unescaped(without_tags(_TAGS.sub("", _QUOTES.sub("", text))))
    return _HELD.sub(lambda mark: held[int(mark[1])], text) if held else text


def _hold(text: str) -> tuple[str, list[str]]:
    """The text with a mark in the place of each part that is no markup, and these parts."""
    parts: list[str] = []
    held: list[str] = []
    at, open_ended = 0, set[str]()
    while begin := _VERBATIM.search(text, at):
        name = begin[1].lower()
        end = None if name in open_ended else re.compile(f"</{name}\\s*>", re.I).search(text, begin.end())
        if end is None:
            open_ended.add(name)
            parts.append(text[at:begin.end()])
            at = begin.end()
            continue
        parts += [text[at:begin.start()], f"\0{len(held)}\0"]
        inner = text[begin.end():end.start()]
        held.append(unescaped(inner) if name in ("nowiki", "pre") else inner)
        at = end.end()
    return "".join([*parts, text[at:]]), held


def _repeated(pattern: re.Pattern[str], how: Callable[[re.Match[str]], str], text: str) -> str:
    """Replaced again and again, as what is replaced may stand in what is."""
    for _ in range(DEEPEST):
        text, found = pattern.subn(how, text)
        if not found:
            break
    return text


def _template(match: re.Match[str]) -> str:
    name, *rest = (match[1] or "").split("|")
    name, said = name.strip().lower(), [part.strip() for part in rest if not _NAMED.match(part)]
    if not said:
        return SIGNS.get(name, "")
    if name == "cve":
        return said[0] if said[0].startswith("CVE-") else f"CVE-{said[0]}"
    if name == "as of":
        return f"as of {said[0]}"
    if name in ALL:
        return ALL[name].join(said[:2])
    return said[0] if name in FIRST else said[-1] if name in LAST or name.startswith("lang-") else ""


def _link(match: re.Match[str]) -> str:
    target, _, label = match[1].partition("|")
    if _DROPPED.match(target) or (not label and _OTHER_LANGUAGE.fullmatch(target)):
        return ""
    return label.rpartition("|")[2] or target.removeprefix(":")
