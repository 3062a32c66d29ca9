"""Which fields of records nobody has described make id, title, text and dates: by name, place and length."""

import re
from typing import Any

from cybersieve import fields, held, infer_status, leaves, small_letters
from cybersieve.field_names import (
    ASKING,
    CLASSES,
    CODE,
    CVES,
    EITHER,
    FIRM,
    IDS,
    INDICATORS,
    LABELS,
    LONG,
    META,
    OTHERS,
    OTHERS_IDS,
    OTHERS_TITLES,
    PERSONS,
    SURE_IDS,
    TEXT_ENDS,
    TEXTS,
    TITLES,
    WHOLES,
    WORDS,
    about,
    address,
    owner,
    parts,
    plain,
)
from cybersieve.infer_answers import WRONG, answered, asks, in_order, item_by_item, marked_right, with_choices
from cybersieve.leaves import Leaf
from cybersieve.sample_fields import LONGEST_TITLE, MOST, Fields

Description = dict[str, Any]  # an entry of sources.yaml
# What a tool saw, signed or looks for (Grok), or a page's head: no prose. Data is none either, but may be what a field
# called text holds.
_CAPTURE = re.compile(r"HTTP/[0-9]|Mozilla/[0-9]\.[0-9] \(|(?:GET|POST|PUT|HEAD) /|-----BEGIN "
                      r"|(?:<!--[^>]{0,999}-->\s{0,99}){0,9}<(?:meta|link)\b"
                      r"|(?:\^[^\n{}]{0,200})?%\{[A-Z][A-Z0-9_]{0,40}[:}]")
_OTHERS_NUMBER = re.compile("(?:CVE|CWE|CAPEC)-")
_CVE = re.compile("CVE-[0-9]")
_BARE_CVE = re.compile("(?:199|20[0-9])[0-9]-[0-9]{4,7}")
_WEAKNESS = re.compile("(?:CWE|CAPEC)-")
_EXPRESSION = re.compile(r"(?:\[[a-z]\w*\(.*\)\]|\{\{.*\}\}|\$\{.*\})\S*\s*$")  # of a template
_PERSON = re.compile(r"(?:^| )by$|^(?:credits?|discoverer|finder|researchers?|submitter|acknowledge?ments?|from|sender"
                     r"|recipient|assigned|assignee|owner|maintainer|reviewer|analyst|contact)\b")
_REGEX = re.compile(r"[^\n]{0,200}?(?:\\[bBdDsSwW][*+?{(|\\]|\\[.()\[\]{}]|\(\?[:=!<]|\.[*+](?:\S|$)|\[\^)")
_SLUG = re.compile(r"(?=.*[\d_./-])[\w./:-]+$")
_DATA = re.compile(r'[\[{]\s*[\[{"]')
NO_TEXTS = ("label", "licen", "error", "raw")  # how names begin of what only looks like a text's
_TITLE = re.compile("^(?:tit|betreff|asunto|oggetto|sujet|nombre|nom)|(?:name|title|标题|名称|题名)$")
BESIDE = 60  # characters: sentences in the room of a text are one from then on, whatever they are called
ALONE = 100  # the same where there is but one record
# Words of names of what all records of an upstream may say alike, which one of them does not show.
_EVERYBODYS = re.compile(r"\b(?:how|to|where|contact|support|help|faq|reports?|reporting|polic(?:y|ies)|licen[cs]e"
                         r"|legal|copyright|disclaimers?|warnings?|usage|instructions?|readme|comments?|generat(?:ed|or)|schema"
                         r"|format|methodology|purpose|source|template|system|version|project|site|data)\b")
# Names of what is no part of a text: of persons, of the page around it, of what a tool saw; and its translations.
# Wrong answers (WRONG) are none, either.
_NOT_BESIDE = re.compile(r"(?:^|[_-])(?:bio|about|terms|footer|header|notice|credits?|agent|trace|sql|raw|quoted|alt"
                         r"|caption|bad|worst|judge)(?:$|[_-])"
                         r"|[_-](?:de|fr|es|it|pt|nl|ru|uk|pl|cs|tr|ar|zh|ja|ko|cn|jp|kr)$", re.I)
HEADING = 100  # characters: a longer summary is no title of what is only said of its parts
LONGEST_HEADING = 200  # characters of a title that is none by its name


def described(kind: str, records: list[str], samples: list[Any]) -> Description:
    """Which fields make a record, from samples, as an entry of sources.yaml, with the samples themselves as `shown`."""
    if key := _wrapper(samples):
        inside = described(kind, records, [tree[key] for tree in samples])
        fields_ = ("id", "title", "text", "status", "meta")
        return inside | {name: _below(key, inside[name]) for name in fields_} | {"shown": samples}
    seen = Fields(samples)
    texts = _texts(seen)
    least = min((len(leaves.bare(leaf)) for leaf in texts), default=1)
    near = {bare[:-1] for bare in map(leaves.bare, texts) if len(bare) == least} | {()}  # where the record stands
    titles = _titles(seen, texts, near)
    texts = [leaf for leaf in texts if leaf not in titles]
    asked = [leaf for at, leaf in enumerate(titles) if texts and asks(seen, leaf, at == 0, texts)]
    titles, texts = [leaf for leaf in titles if leaf not in asked], in_order(seen, texts, asked)
    if not texts and len(titles) > 1 and seen.wordy(titles[1]):  # the value of a key, say
        titles, texts = titles[:1], titles[1:]
    beside = _beside(seen, texts, titles)
    above = [leaf for leaf in beside if len(leaf) == 1 and all(map(seen.parts, texts))]
    asked = [leaf for leaf in answered(seen, texts) if leaf not in (*beside, *texts, *titles)]
    beside = [leaf for leaf in beside if leaf not in above]
    texts = held.once(seen, [*in_order(seen, [*above, *texts], asked), *beside], titles)
    told = marked_right(seen, texts, _once(seen, texts))
    ids = _ids(seen, near)
    meta = {name: leaves.path(chosen[0]) for name, names in META.items() if (chosen := seen.named(names))}
    some = [leaf for leaf in seen.named(sorted(CVES)) if leaf not in ids and not seen.parts(leaf)
            and leaves.above(leaf) in near and seen.begins(leaf, _CVE)]  # that not all records have
    if cves := [*(leaf for leaf in ids[1:] if leaves.name(leaf) in CVES), *some]:
        meta.setdefault("aliases", _numbers(seen, cves[0])[0])
    return {"name": "unknown", "kind": kind, "records": records,
            "id": [path for leaf in ids for path in _numbers(seen, leaf)],
            "title": list(map(leaves.path, titles)), "text": item_by_item(seen, texts, told),
            "status": infer_status.paths(seen, near), "meta": meta,
            "format": "words" if texts and all(map(seen.taken_apart, texts)) else "auto", "shown": samples}


def _wrapper(samples: list[Any]) -> str:
    """The one key of all records, if all that they say stands under it (`{"cpe": {...}}`)."""
    keys = {next(iter(tree)) if isinstance(tree, dict) and len(tree) == 1 else "" for tree in samples}
    key = keys.pop() if len(keys) == 1 else ""
    return key if fields.sayable(key) and all(isinstance(tree[key], dict) for tree in samples if key) else ""


def _below(key: str, paths: Any) -> Any:
    """Paths of what stands under a key, as paths from above it."""
    if isinstance(paths, list):
        return [_below(key, path) for path in paths]
    if isinstance(paths, dict):
        return {word: _below(key, path) for word, path in paths.items()}
    room = f"{fields.quoted(key)}."
    return paths.replace("{", "{" + room) if "{" in paths else room + paths


def _texts(seen: Fields) -> list[Leaf]:
    """Texts by name, and what is far longer than these. Where a name only ends like a text's, they must be longer."""
    texts = [leaf for leaf in seen.named(TEXTS, TEXT_ENDS)
             if (seen.length(leaf) >= 20 and not all(map(address, seen.found[leaf])))
             or (seen.wordy(leaf) and leaves.name(leaf) in TEXTS and leaves.name(leaf) not in LONG)]
    texts = [leaf for leaf in texts if not leaves.name(leaf).startswith(NO_TEXTS) and not seen.begins(leaf, _CAPTURE)
             and not seen.rendered(leaf)
             and not any(map(WRONG.search, leaf))]  # the answer that a model is to learn not to give
    least = min((len(leaves.bare(leaf)) for leaf in texts), default=0)
    told = [leaf for leaf in texts if PERSONS.isdisjoint({*map(plain, leaf), *map(about, leaf)}) and (
        (len(leaves.bare(leaf)) == least and leaves.name(leaf) in TEXTS) or seen.own(leaf))]
    texts = [leaf for leaf in told if OTHERS.isdisjoint(map(plain, leaf)) and not seen.of_another(leaf)]
    texts = ([leaf for leaf in texts if not LABELS & set(map(plain, leaf[:-1]))] or texts)[:MOST]
    texts = [leaf for leaf in texts if not any(leaf[:at] in texts for at in range(1, len(leaf)))]  # a mixed one's parts
    others, rooms = _others(seen, texts), {leaves.above(leaf) for leaf in texts} or {()}
    texts = in_order(seen, texts, [leaf for leaf in others if seen.too_long(leaf) and not seen.parts(leaf)
                                    and leaves.above(leaf) in rooms and leaf not in texts])
    longest = max(others, default=None, key=lambda leaf: (seen.length(leaf) * len(seen.found[leaf]), leaf))
    if longest and longest not in texts and seen.length(longest) > 2 * max(map(seen.length, texts), default=0):
        texts[:0] = _at_all_depths(longest, others)
    if not texts:  # better than none
        code = [leaf for leaf in seen.found if seen.wordy(leaf)
                and (seen.source_code(leaf) or leaves.name(leaf) in CODE)]
        named = [leaf for leaf in seen.found if seen.wordy(leaf) and seen.length(leaf) >= HEADING
                 and seen.of_another(leaf) and PERSONS.isdisjoint(map(plain, leaf))]
        words = [leaf for leaf in seen.found if leaves.name(leaf) in WORDS and seen.taken_apart(leaf)]
        texts = told[:MOST] or words[:1] or code[:1] or named[:1]
    return with_choices(seen, texts)


def _at_all_depths(leaf: Leaf, others: list[Leaf]) -> list[Leaf]:
    """A text of objects that hold others of their kind (`controls.controls.prose`), in each of these."""
    named = [one for one in others if one[-1] == leaf[-1]]
    keys = {key for one in named if len(set(one)) < len(one) for key in one}
    return sorted({leaf, *(one for one in named if keys.issuperset(one))}, key=lambda one: (len(one), one))


def _others(seen: Fields, texts: list[Leaf]) -> list[Leaf]:
    """What may be a text whatever it is called."""
    return [leaf for leaf in seen.found if seen.prose(leaf) and not seen.classed(leaf)
            and not seen.begins(leaf, _CAPTURE)
            and not (texts and (seen.begins(leaf, _DATA) or (seen.begins(leaf, _REGEX) and not seen.sentences(leaf))))
            and (seen.too_long(leaf) or not leaves.name(leaf).endswith(("name", "title")))
            and not any(map(WRONG.search, leaf))]


def _beside(seen: Fields, texts: list[Leaf], titles: list[Leaf]) -> list[Leaf]:
    """Sentences in the very room of a text, or at the record's top where all texts are in its parts, of which every
    record has its own, in the records' order.

    Where there is one record, nothing shows whether they are but their length and that no boilerplate is called so.
    """
    def own(leaf: Leaf) -> bool:
        if seen.count > 1:
            return len(seen.found[leaf]) > 1 and seen.varied(leaf) and seen.weight(leaf) >= BESIDE
        name = " ".join(parts(leaf[-1]))
        return (seen.weight(leaf) >= ALONE and not seen.parts(leaf) and len(leaf) < leaves.MAX_DEPTH
                and not _EVERYBODYS.search(name))

    rooms = {(leaves.above(leaf), seen.room(leaf)) for leaf in texts}
    rooms |= {((), "")} if texts and all(map(seen.parts, texts)) else set()
    return [leaf for leaf in _others(seen, texts)
            if leaf not in (*texts, *titles) and (leaves.above(leaf), seen.room(leaf)) in rooms
            and seen.sentences(leaf) and own(leaf) and not _NOT_BESIDE.search(leaf[-1])][:MOST]


def _once(seen: Fields, texts: list[Leaf]) -> list[Any]:
    """The paths of the texts; those made of others, a raw one among them, are read only where these say nothing."""
    raw = [leaf for leaf in seen.found if leaf not in texts and leaves.name(leaf).startswith("raw")
           and any(leaf[:-1] == other[:-1] for other in texts)]
    groups = small_letters.groups({leaf: seen.said[leaf] for leaf in [*texts, *raw]})
    return [leaves.path(group[0]) if len(group) == 1 else list(map(leaves.path, group))
            for group in groups if not set(group) <= set(raw)]


def _titles(seen: Fields, texts: list[Leaf], near: set[Leaf]) -> list[Leaf]:
    """Titles by name, beside a text before others; else a short text beside a longer one, else a few words.

    A public number is only the title where nothing else is.
    """
    def away(leaf: Leaf) -> bool:  # from where the record stands
        return leaves.above(leaf) not in near

    titles = [leaf for leaf in _called_titles(seen, texts) if not away(leaf) or (
        not seen.parts(leaf) and not seen.of_another(leaf)
        and (leaves.name(leaf) in FIRM or leaves.name(leaf).endswith("title")))]
    constant = [leaf for leaf in titles if seen.constant(leaf)]
    titles = [leaf for leaf in titles if leaf not in constant or leaves.name(leaf) in FIRM]
    titles = sorted(titles, key=lambda leaf: (away(leaf), any(map(owner, leaf))))
    if titles and seen.begins(titles[0], _SLUG):  # words before it, if they are a title's
        titles.sort(key=lambda leaf: not seen.wordy(leaf) or leaves.name(leaf) in CLASSES)
    either = _titles_of_longer(seen, texts)
    titles = [*(either[:1] if titles and seen.public(titles[0]) else []), *titles]
    return titles[:2] or either[:1] or _few_words(seen, texts, near) or (
        [] if texts else constant[:1] or _of_links(seen))


def _called_titles(seen: Fields, texts: list[Leaf]) -> list[Leaf]:
    """Titles by name, wherever they stand. A name beside a user's name is a person's."""
    persons = [(*leaves.above(leaf), "name") for leaf in seen.named(["username"])]
    return [leaf for leaf in seen.named([*TITLES, "query"], ("title", "subject"))
            if seen.length(leaf) <= LONGEST_TITLE and leaf not in texts and not seen.rendered(leaf)
            and (leaves.name(leaf) != "query" or seen.language(leaf))
            and not OTHERS_TITLES & {*map(plain, leaf), *map(owner, leaf)}
            and leaves.bare(leaf) not in persons and seen.lettered(leaf)
            and not seen.begins(leaf, _EXPRESSION) and not seen.begins(leaf, _REGEX)
            and (leaves.name(leaf) not in CLASSES or seen.own(leaf))]


def _of_links(seen: Fields) -> list[Leaf]:
    """The titles of what records lead to that say nothing themselves (lists of posts elsewhere)."""
    return [leaf for leaf in _called_titles(seen, []) if leaves.name(leaf) in FIRM and seen.wordy(leaf)
            and plain(seen.room(leaf)) in META["references"]][:1]


def _titles_of_longer(seen: Fields, texts: list[Leaf]) -> list[Leaf]:
    """Short texts called as a summary is, with a longer text beside them."""
    def beside(leaf: Leaf, other: Leaf) -> bool:
        room = leaves.above(leaf)
        return (other != leaf and leaves.bare(other)[:len(room)] == room
                and (seen.length(leaf) <= HEADING or not seen.parts(other))
                and (leaves.name(leaf) in ASKING or seen.length(leaf) <= max(HEADING, seen.length(other))))

    return [leaf for leaf in seen.named(EITHER) if leaf in texts and seen.length(leaf) <= LONGEST_HEADING
            and any(beside(leaf, other) for other in texts)]


def _few_words(seen: Fields, texts: list[Leaf], near: set[Leaf]) -> list[Leaf]:
    """The likeliest title among those whose names tell nothing: a few words that differ from record to record, no
    sentences if there are others."""
    short = [leaf for leaf in seen.found if leaf not in texts and leaves.above(leaf) in near and seen.prose(leaf)
             and 8 <= seen.length(leaf) <= LONGEST_HEADING and seen.varied(leaf) and not seen.begins(leaf, _CAPTURE)
             and not seen.begins(leaf, _DATA)
             and (seen.count < 2 or all(seen.said[leaf] != seen.said[text] for text in texts))
             and not _PERSON.search(" ".join(parts(leaf[-1]))) and not any(map(WRONG.search, leaf))]
    forms = small_letters.groups({leaf: seen.said[leaf] for leaf in [*texts, *short]}) if texts and short else []
    short = [leaf for leaf in short if not any(leaf in group[1:] for group in forms)]  # the text in small letters
    least = min((seen.length(leaf) for leaf in short if not seen.sentences(leaf)), default=0)
    short = [leaf for leaf in short if seen.length(leaf) <= least or not seen.sentences(leaf)] or short
    return sorted(short, key=lambda leaf: (not _TITLE.search(leaves.name(leaf)), len(leaf)))[:1]


def _ids(seen: Fields, near: set[Leaf]) -> list[Leaf]:
    """Ids by name at a record's top, its key, public numbers, names that end in `id`; else deeper ids, names, pages."""
    named = seen.named(IDS)
    top = [leaf for leaf in seen.found if len(leaves.bare(leaf)) == 1]
    ending = [leaf for leaf in top if leaves.name(leaf).endswith(("id", "identifier")) and not any(
        other in leaves.name(leaf) for other in OTHERS_IDS)]
    ending.sort(key=lambda leaf: any(whole in leaves.name(leaf) for whole in WHOLES))
    ending += [leaf for leaf in top if (leaves.name(leaf).endswith("number") or leaf[-1].endswith("#"))
               and seen.lettered(leaf)]
    public = [leaf for leaf in top if seen.public(leaf)
              and (leaf in ending or leaves.name(leaf) in (*TITLES, "reference")
                   or leaves.name(leaf).startswith("column") or not leaves.name(leaf).isascii())]
    bare = [leaf for leaf in seen.named(TITLES[:2]) if leaf in top and not seen.wordy(leaf)]
    pages = [leaf for leaf in seen.named(META["url"]) if leaf in top]
    aliases = [leaf for leaf in seen.named(META["aliases"]) if leaf in top and seen.public(leaf)]
    own = [leaf for leaf in named if leaves.above(leaf) in near and not seen.parts(leaf)
           and leaf[0] != "_id"]  # a database's comes later
    indicators = [leaf for leaf in seen.named(INDICATORS) if leaf in top]
    numbers = [leaf for leaf in public if leaf in ending and not seen.begins(leaf, _OTHERS_NUMBER)
               and len(set(seen.found[leaf])) == len(seen.found[leaf])
               and _numbers_its_own(leaf[-1], seen.found[leaf][0])]  # upstream's own, before a CVE's
    if own and (leaves.name(own[0]) in CVES or not seen.lettered(own[0])):
        own = [*numbers, *own]
    kinds = [leaf for leaf in public if leaf in ending and seen.begins(leaf, _WEAKNESS)
             and len(set(seen.found[leaf])) < len(seen.found[leaf])]  # of weakness, not its own
    public, ending = ([leaf for leaf in some if leaf not in kinds] for some in (public, ending))
    if own and leaves.name(own[0]) not in IDS[:SURE_IDS] and not seen.public(own[0]):
        own = [*public, *own]
    order = [*own, ("@key",), *public, *(leaf for leaf in named if leaf in top), *ending, *kinds, *aliases,
             *(leaf for leaf in named if not seen.parts(leaf) or _of_record(seen, leaf)), *bare, *pages, *indicators]
    return [leaf for leaf in dict.fromkeys(order) if leaf in seen.found and _distinct(seen, leaf)
            and not seen.begins(leaf, _EXPRESSION)][:2]


def _of_record(seen: Fields, leaf: Leaf) -> bool:
    """Is what stands in a list the record's all the same: a public number of it, or one of its identifiers? A part's
    (a step's, an operand's) is not."""
    return plain(seen.room(leaf)).endswith(("ids", "identifiers")) or (
        seen.public(leaf) and not seen.begins(leaf, _WEAKNESS))


def _numbers(seen: Fields, leaf: Leaf) -> list[str]:
    """The path of an id; a CVE's number without these letters gets them where the field is called so."""
    path, bare = leaves.path(leaf), leaves.name(leaf) in CVES and all(map(_BARE_CVE.fullmatch, seen.found[leaf]))
    return [f"CVE-{{{path} ~ ^[12]}}", path] if bare else [path]


def _numbers_its_own(key: str, number: str) -> bool:
    """Is this an advisory's number, or one that bears the field's name, as ZDI-31-001 in zdi_id does?"""
    name = plain(key)
    return "advisory" in name or "bulletin" in name or name.startswith(number[:3].lower())


def _distinct(seen: Fields, leaf: Leaf) -> bool:
    """Can this be an id? At a record's top the name, else a public number is enough: repeats are told apart later."""
    texts = seen.found[leaf]
    named = len(leaf) == 1 and (leaf[0] == "@key" or plain(leaf[0]) in IDS[:SURE_IDS]) or seen.public(leaf)
    enough = 0.2 if plain(leaf[0]) in IDS[:3] else 0.8  # records of two kinds have ids of two names
    return len(texts) >= enough * seen.count and seen.length(leaf) <= 200 and (named or len(set(texts)) == len(texts))


def captured(text: str) -> bool:
    """Is this what a tool saw or signed, and no text whatever its field is called?"""
    return bool(_CAPTURE.match(text))


def beside(name: str) -> bool:
    """May sentences of this name be a part of the text that they stand beside?"""
    return not (_NOT_BESIDE.search(name) or WRONG.search(name)) and plain(name) not in OTHERS | CODE | LABELS
