"""HTML's tags, comments and entities in texts: which `<` begins one, and how they are taken out.

Upstreams give plain texts as HTML too, and in these `a <b && c`, `vector<int>` and the `<script>` of a sentence are
words; an HTML parser takes the first for a tag and all behind the last for a script.
"""

import html as entities
import re


def set_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


BLOCKS = set_of("""address article aside blockquote body br caption dd details div dl dt figcaption figure footer form
    h1 h2 h3 h4 h5 h6 head header hr html li main nav ol p pre section summary table tbody td tfoot th thead title
    tr ul""")
INLINE = set_of("""a abbr b big center cite code del em font i ins kbd mark q s samp small span strike strong sub sup
    tt u var""")
# Tags even where they stand bare and alone: the `<path>` of "cp <path> ." is a word.
SURE = BLOCKS | INLINE | set_of("area blink col embed img wbr")
UNCLOSED = set_of("br hr p li tr td th dd dt")  # which need no end tag
RAW = set_of("script style title textarea iframe xmp noembed noframes noscript template plaintext")  # up to their end
SWITCHES = set_of("""async autofocus autoplay checked compact controls default defer disabled hidden ismap itemscope
    loop multiple muted noshade novalidate nowrap open readonly required reversed selected""")  # without a value
_FRAMEWORKS = re.compile("(?:data|aria|v|ng|x|_ng[a-z]*|hx|xmlns)[-:].+")  # attributes that need no value either
SPECIAL = ("!--", "?xml", "!doctype")

NAMED = r"(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
_ENTITY = re.compile(f"&{NAMED}")
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)(\s[^<>/][^<>]*)?\s?/?>")
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto):[^<>\s|]+)(?:\|([^<>|\n]+))?>")  # with words: Slack's
_SCRIPT = re.compile(r"""(?:^|[\s"'])on[a-z]{3,20}\s{0,9}=|javascript:(?!\s{0,9}(?:void\b|;|["']|$))""", re.I)
# A number, or a letter alone: the end of an identifier (CVE-2014-0160, v1.2) is none.
_BASE = re.compile(r"(?:\A|[^\w.:-]|(?:\A|[\s(])[-\u2212])(?:[0-9]{1,9}(?:[.,][0-9]{1,9})?|([^\W\d_]))\Z")
_RAISED = re.compile(r"[+\u2212-]?[0-9]{1,9}|[^\W\d_]")
BASE_IN = 24  # characters in which it stands
_BARE = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)\s?/?>")
_LIKE_TAG = re.compile(r"<([a-z][^\s<>/\"'=&;]*+)([^<>]*+)>", re.I)
_END_TAG = re.compile(r"</([a-z][^\s<>/]*+)", re.I)
# A name and an attribute, to the end of its value or of the tag. Possessive, for time that is linear.
_VALUED = (r"""[a-z][\w:.-]*+\s++[a-z_:@*\[(][^\s<>"'/=]*+\s*+=\s*+"""
           r"""(?:"[^"]*"|'[^']*'|[^\s"'<>][^<>]*+(?:>|\Z)|["'][^"'<>]*+\Z)""")
# A `<` that may begin no tag: where all bare tags of the text have sure names, and where they have not.
_DOUBTFUL, _DOUBTFUL_OR_BARE = (
    re.compile(rf"<(?!/?{names}\s?/?>|/[a-z][^\s<>/]*+\s*+>|(?!(?:{'|'.join(sorted(RAW))})\b){_VALUED})", re.I)
    for names in ("[a-z][a-z0-9]*", f"(?:{'|'.join(sorted(SURE - RAW))})"))


def true_tags(text: str) -> str:
    """The text with every `<` that begins no tag as an entity."""
    last: dict[str, int] = {}  # end tag of each name

    def mark(less: re.Match[str]) -> str:
        at = less.start()
        if not last:
            last.update({"!--": text.rfind("-->"), "?xml": text.rfind(">"), "!doctype": text.rfind(">")})
            last.update({end[1].lower(): end.start() for end in _END_TAG.finditer(text)})
        begin = text[at + 1:at + 9].lower()
        if special := next(filter(begin.startswith, SPECIAL), ""):
            return "<" if last[special] > at else "&lt;"
        tag = _LIKE_TAG.match(text, at)
        return "<" if tag and _begins(tag, last.get(tag[1].lower(), -1)) else "&lt;"
    bare = set(_BARE.findall(text))  # asked once for each name instead of at each place: half as long
    return (_DOUBTFUL if bare <= SURE else _DOUBTFUL_OR_BARE).sub(mark, text)


def _begins(tag: re.Match[str], end: int) -> bool:
    """Does what looks like one begin a tag? `end`: where the last end tag of its name stands."""
    name, rest = tag[1].lower(), tag[2].lower()
    if name in RAW:
        return end > tag.start()
    if "=" in rest:  # a value without a name, or a name without a value: only of a tag's
        return name in SURE and "&" not in rest
    if words := rest.replace("/", " ").split():
        return all(word in SWITCHES or (name in SURE and _FRAMEWORKS.fullmatch(word)) for word in words)
    return "/" in rest or end >= 0 or bool(re.fullmatch("[a-z0-9]+:[a-z0-9]+", name))


def power(before: str, raised: str) -> bool:
    """Is what is raised behind these words an exponent (2^128, x^n)? Marks of footnotes stand behind words or in
    brackets; some letters make a number an ordinal (1o, 2e, 3r), or stand in a short word (No, Me).
    """
    base = _BASE.search(before[-BASE_IN:]) if _RAISED.fullmatch(raised) else None
    return base is not None and raised not in ("o" if base[1] and base[1].islower() else "aeor")


def unescaped(text: str) -> str:
    """Entities as characters, only those that end with a semicolon: `&copy=1` in a URL is none."""
    return _ENTITY.sub(lambda entity: entities.unescape(entity[0]), text) if "&" in text else text


def autolinks(text: str) -> str:
    """Links between angle brackets as their words or address."""
    there = "<http" in text or "<ftp" in text or "<mailto" in text
    return _AUTOLINK.sub(lambda link: link[2] or link[1], text) if there else text


def without_tags(text: str, kept: frozenset[int] = frozenset()) -> str:
    """Formatting tags go but those that begin at `kept`; other angle brackets may be what the sentence is about."""
    def mark(tag: re.Match[str]) -> str:
        name = tag[1].lower()
        if tag.start() in kept or (tag[2] and "=" not in tag[2]):  # words, not attributes: "a <b and c> d"
            return tag[0]
        if name == "sup" and tag[0][1] != "/":
            raised, end, _ = text[tag.end():tag.end() + BASE_IN].partition("<")
            return "^" if end and power(_TAG.sub("", text[max(tag.start() - BASE_IN, 0):tag.start()]), raised) else ""
        return "\n" if name in BLOCKS else "" if name in INLINE else tag[0]
    return _TAG.sub(mark, text) if "<" in text else text


def mentioned(text: str) -> frozenset[int]:
    """Where tags begin that the text is about: with a script in an attribute, and their end tags; or bare and closed
    nowhere, as words."""
    tags, kept = list(_TAG.finditer(text)), []
    closed = UNCLOSED | {tag[1].lower() for tag in tags if tag[0][1] == "/"}
    within: list[tuple[str, bool]] = []  # scripted elements that have not ended, and those of their name in them
    for tag in tags:
        name, inside = tag[1].lower(), bool(within) and within[-1][0] == tag[1].lower()
        if tag[0][1] == "/":
            stays = inside and within.pop()[1]
        else:
            scripted = bool(_SCRIPT.search(tag[2] or ""))
            stays = scripted or (tag[0][-2] != "/" and not tag[2] and name not in closed and _as_word(text, tag))
            if name in closed and (scripted or inside):
                within.append((name, scripted))
        if stays:
            kept.append(tag.start())
    return frozenset(kept)


def _as_word(text: str, tag: re.Match[str]) -> bool:
    """Does white space, or punctuation, part the tag from what stands around it?"""
    before, after = text[max(tag.start() - 1, 0):tag.start()], text[tag.end():tag.end() + 1]
    return not before.isalnum() and not after.isalnum()


def cut_out(text: str, start: re.Pattern[str], end: str) -> str:
    """The text without what stands between each start and its end; a start without an end stays."""
    kept, at = [], 0
    while (begin := start.search(text, at)) and (stop := text.find(end, begin.end())) >= 0:
        kept.append(text[at:begin.start()])
        at = stop + len(end)
    return "".join([*kept, text[at:]])
