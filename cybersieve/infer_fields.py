"""Which fields of records nobody has described make id, title, text, dates and status: by name, place and length."""

import re
from collections.abc import Iterator
from typing import Any

from cybersieve import fields

Description = dict[str, Any]  # an entry of sources.yaml
Leaf = tuple[str, ...]  # keys down to a value


def names_of(text: str) -> list[str]:
    return text.split()


# Field names without case, "_", "-" and "@"; the earlier, the likelier.
IDS = names_of("""id identifier vulnerabilityid uuid guid cveid cve cvenumber stixid recordid advisoryid ghsaid key
    number ref slug eventid accession doi pmid identifiers shortcode""")
SURE_IDS = 7  # so many of these are ids wherever they stand at a record's top
OTHERS_IDS = names_of("""parent thread user author owner account org organisation organization team channel guild group
    source product vendor category creator sender reply project link subreddit gravatar license licence session""")
TITLES = names_of("""title name headline subject value label heading vulnerabilityname cvetitle shorttitle question
    displayname topic alert rule rulename commonname term""")
CLASSES = frozenset(names_of("label value topic"))  # titles, unless a few of them come again and again
FIRM = names_of("title headline subject heading question")  # titles wherever they stand; a name may be a product's
TEXTS = names_of("""description shortdescription longdescription fulldescription extendeddescription desc definition
    text content body abstract summary synopsis details detail message msg overview diagnosis note notes post comment
    answer story article impact consequence analysis solution mitigation remediation recommendation statement
    instruction prompt context input output response completion extract cooked discussion guidance rationale
    explanation choices answers proofofconcept""")
TEXT_ENDS = ("description", "descript", "desc", "abstract", "text", "article", "summary", "details", "notes", "steps",
             "message", "statement", "procedure", "impact", "explanation", "rationale", "analysis", "remediation",
             "recommendation", "content", "body")
EITHER = names_of("summary synopsis shortdescription shortdesc instruction prompt")  # titles of a longer text
# What these hold is not about what the record is about.
OTHERS = frozenset(names_of("""license licence licenses licences copyright copyrights copyrighttext licensecomments
    legal disclaimer reference references sources milestone
    citation citations affiliation affiliations rawaffiliationstrings author authors authorships creator reporter byline
    highlight highlightresult header headers annotations relationships journal venue booktitle publisher"""))
OTHERS_TITLES = OTHERS - {"header", "headers"}
CODE = frozenset(names_of("""raw query search command commands code condition range signature sourcedata rawoutput
    rawrequest rawresponse codeblock snippet codesnippet"""))
INDICATORS = names_of("sha256 sha256hash sha512 sha1 sha1hash md5 md5hash iocid ioc iocvalue indicator")  # the last ids
META = {
    "published": names_of("""published publishedat publisheddate datepublished datepublic pubdate created createdat
        creationdate dateadded released releasedate issued date timestamp added firstseen firstpublished publicdate
        publicationdate publicationtime publisheddatetime pluginpublicationdate submissiondate disclosedat
        disclosuredate createdutc creationtime time"""),
    "modified": names_of("""modified modifiedat lastmodified lastmodifieddate updated updatedat datemodified dateupdated
        updatedate lastseen lastupdated modificationdate modificationtime pluginmodificationdate"""),
    "url": names_of("htmlurl weburl url link permalink href webpage uri"),
    "aliases": names_of("aliases alias cves cveids cvelist"),
    "references": names_of("references refs reference urls links citations seealso"),
    "authors": names_of("author authors creator reporter byline"),
    "labels": names_of("tags labels categories category keywords topics"),
    "severity": names_of("severity level risk priority"),
    "licence": names_of("license licence rights"),
}
LABELS = frozenset(META["labels"])
NAMED = frozenset([*IDS, *TITLES, *TEXTS, *EITHER, *(name for names in META.values() for name in names)])
MAP_FROM = 3  # objects alike under keys that are no names of fields
STATUSES = names_of("status state vulnstatus recordstatus")
FLAGS = {"deleted": names_of("deleted isdeleted dead"),
         "revoked": names_of("revoked isrevoked"), "withdrawn": names_of("withdrawn withdrawnat"),
         "deprecated": names_of("deprecated isdeprecated xmitredeprecated"),
         "rejected": names_of("rejected isrejected")}
BEARS_PARENTS_NAME = ("#text", "_", "$", "value", "@value", "en", "rendered", "$oid", "$date", "$numberLong", "S", "N",
                      "*", "str")
ATTRIBUTES = frozenset(("$", "@", "attr", "attrs", "_attributes", "@attributes"))  # an XML element's, turned into JSON
MAX_DEPTH = 5  # of record arrays in the document, and of fields in a record
BOILERPLATE_FROM = 5  # records, from which on a text that says the same in most of them is not their own

PUBLIC = re.compile(r"[A-Z]{2,10}(?:-[A-Z]{2,8})*[-:]\d[\w.:-]{0,30}|GHSA(?:-\w{4}){3}")  # CVE-2014-0160
_ADVISORY = re.compile(r"(?:[A-Z]+-)+\d{4}[-:]\w+|GHSA(?:-\w{4}){3}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:")
_OF_DATES = re.compile(r"\b(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|jan(?:uary)?"
                       r"|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
                       r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|[ap]m|gmt|utc|[ecmp][sd]?t|cest|at|of)\b"
                       r"|(?<=\d)(?:st|nd|rd|th|t|z)\b", re.I)
_CHOICE = re.compile("(?:option_?)?(?:[A-Ja-j]|[0-9])")  # answers to choose from
LONGEST_DATE = 50  # characters
_CAPTURE = re.compile(r"HTTP/[0-9]|(?:GET|POST|PUT|HEAD) /|-----BEGIN ")  # what a tool saw or signed, no prose
_SIMPLE = re.compile(r"[\w .:/-]+")
_CODED = re.compile(r"[0-9]+|[0-9A-Fa-f-]{32,}")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{6}")  # six letters in a row of scripts that put no spaces


def words(text: str) -> bool:
    """Has the text several words? A time has none, nor has a range of versions (> 5.13.15, < 6.4.6)."""
    return bool((" " in text and _LETTERS.search(text) and not _TIME.match(text) and not _date(text))
                or _UNSPACED.search(text))


def _date(text: str) -> bool:
    """Is this a date in words: Apr 15, 2025, 8:30:58 PM?"""
    return len(text) <= LONGEST_DATE and any(map(str.isdigit, text)) and not _LETTERS.search(_OF_DATES.sub("", text))


def plain(key: str) -> str:
    """A key as it is compared."""
    word = key.rpartition(":")[2].lower()
    return word if word.isascii() and word.isalnum() else re.sub(r"[\W_]", "", word)


def advisory(tree: dict[str, Any]) -> bool:
    """Has the object an advisory's public number (CVE-2014-0160, RHSA-2014:0376) for its own?"""
    return any(isinstance(value, str) and _ADVISORY.fullmatch(value) and plain(key) in (*IDS, *TITLES)
               for key, value in tree.items())


def alike(values: list[Any]) -> bool:
    """Are these objects of one kind (an object of id -> record)?"""
    objects = [set(value) for value in values if isinstance(value, dict) and value]
    if len(objects) < 2 or len(objects) < 0.8 * len(values):
        return False
    shared = [len(a & b) / len(a | b) for a, b in zip(objects, objects[1:], strict=False)]
    return sum(shared) / len(shared) >= 0.5


class Chosen(str):
    """A field whose name is an element's attribute: `<column name="title">` is `title`."""

    step: str  # of its path

    @classmethod
    def of(cls, key: str, name: str) -> "Chosen":
        chosen = cls(name)
        chosen.step = f"{fields.quoted(key)}[@name={name}]"
        return chosen


def chosen_fields(tree: dict[str, Any]) -> dict[Chosen, list[Any]]:
    """The fields that bear their names as attributes: two or more, and no others."""
    found: dict[Chosen, list[Any]] = {}
    for key, value in tree.items():
        for item in value if isinstance(value, list) else [value]:
            name = item.get("@name") if isinstance(item, dict) else None
            if isinstance(name, str) and _SIMPLE.fullmatch(name) and fields.sayable(key):
                found.setdefault(Chosen.of(key, name), []).append({k: v for k, v in item.items() if k != "@name"})
            elif isinstance(item, dict):
                return {}
    return found if len(found) > 1 else {}


def leaves(tree: Any, above: Leaf = ()) -> Iterator[Leaf]:
    """The keys down to each value of a record."""
    if isinstance(tree, dict) and len(above) < MAX_DEPTH:
        if above and len(tree) > 1 and all(map(_CHOICE.fullmatch, tree)) and all(
                isinstance(value, str) for value in tree.values()):
            yield (*above, "*")
            return
        if above and len(tree) >= MAP_FROM and alike(list(tree.values())) and NAMED.isdisjoint(map(plain, tree)):
            for value in tree.values():  # by ids that no other record has
                yield from leaves(value, (*above, "*"))
            return
        chosen = chosen_fields(tree)
        for name, items in chosen.items():
            yield from leaves(items, (*above, name))
        for key, value in tree.items():
            if fields.sayable(key) and not (chosen and isinstance(value, dict | list)):
                yield from leaves(value, (*above, key))
    elif isinstance(tree, list):
        for item in tree[:5]:
            yield from leaves(item, above)
    elif above and tree not in (None, ""):
        yield above


def _values(tree: Any, leaf: Leaf) -> Iterator[Any]:
    if isinstance(tree, list):
        for item in tree:
            yield from _values(item, leaf)
    elif not leaf:
        yield tree
    elif isinstance(tree, dict) and isinstance(leaf[0], Chosen):
        yield from _values(chosen_fields(tree).get(leaf[0]), leaf[1:])
    elif isinstance(tree, dict) and leaf[0] == "*":
        for item in tree.values():
            yield from _values(item, leaf[1:])
    elif isinstance(tree, dict) and leaf[0] in tree:
        yield from _values(tree[leaf[0]], leaf[1:])


def _bare(leaf: Leaf) -> Leaf:
    """The leaf without what says nothing: `title.#text` is the title, and so is `attr.@_title`."""
    while len(leaf) > 1 and leaf[-1] in BEARS_PARENTS_NAME:
        leaf = leaf[:-1]
    return tuple(key for key in leaf[:-1] if key not in ATTRIBUTES) + leaf[-1:]


def _name(leaf: Leaf) -> str:
    return plain(_bare(leaf)[-1])


class _Fields:
    """The leaves of sample records, with what stands in them."""

    def __init__(self, samples: list[Any]) -> None:
        self.samples, self.count = samples, len(samples)
        self.found: dict[Leaf, list[str]] = {}
        for leaf in dict.fromkeys(leaf for tree in samples for leaf in leaves(tree)):
            per_record = [[fields.words(v) for v in _values(tree, leaf) if v is not None] for tree in samples]
            self.found[leaf] = ["\n".join(texts) for texts in per_record if texts]
        self.names = {leaf: _name(leaf) for leaf in self.found}

    def length(self, leaf: Leaf) -> float:
        texts = self.found[leaf]
        return sum(map(len, texts)) / len(texts)

    def wordy(self, leaf: Leaf) -> bool:
        return sum(map(words, self.found[leaf])) * 2 >= len(self.found[leaf])

    def varied(self, leaf: Leaf) -> bool:
        return len(set(self.found[leaf])) * 2 > len(self.found[leaf])

    def own(self, leaf: Leaf) -> bool:
        """Does it say something of its own in most records, as far as a few of them can tell?"""
        return len(self.found[leaf]) < BOILERPLATE_FROM or self.varied(leaf)

    def lettered(self, leaf: Leaf) -> bool:
        """Are these more than numbers and hashes?"""
        return not all(map(_CODED.fullmatch, self.found[leaf]))

    def captured(self, leaf: Leaf) -> bool:
        """Is it what a tool saw?"""
        return sum(map(bool, map(_CAPTURE.match, self.found[leaf]))) * 2 > len(self.found[leaf])

    def public(self, leaf: Leaf) -> bool:
        """Are these public numbers?"""
        return all(PUBLIC.fullmatch(line) for text in self.found[leaf] for line in text.split("\n"))

    def parts(self, leaf: Leaf) -> bool:
        """Does it stand in the items of a list, so that a record may have many of it? Not of a list of its own name."""
        for tree in self.samples:
            for at, key in enumerate(leaf[:-1]):
                tree = tree.get(key) if isinstance(tree, dict) else None
                if isinstance(tree, list):
                    return not plain(leaf[at]).startswith(_name(leaf))
        return False

    def named(self, names: list[str], ends: tuple[str, ...] = ()) -> list[Leaf]:
        """Leaves of these names, shallow ones first, then in the order of `names`, then those of such endings."""
        ranked = [(len(_bare(leaf)), names.index(name) if name in names else len(names), len(leaf), leaf)
                  for leaf, name in self.names.items() if name in names or (ends and name.endswith(ends))]
        return [leaf for *_, leaf in sorted(ranked)]

    def prose(self, leaf: Leaf) -> bool:
        """Words that are no licence, query, reference, label or name of a person."""
        return self.wordy(leaf) and _name(leaf) not in TITLES and not (OTHERS | CODE | LABELS) & set(map(plain, leaf))


def described(kind: str, records: list[str], samples: list[Any]) -> Description:
    """Which fields make a record, from samples of them, as an entry of sources.yaml."""
    if key := _wrapper(samples):
        inside = described(kind, records, [tree[key] for tree in samples])
        fields_ = ("id", "title", "text", "status", "meta")
        return inside | {name: _below(key, inside[name]) for name in fields_}
    all_ = _Fields(samples)
    texts = _texts(all_)
    least = min((len(_bare(leaf)) for leaf in texts), default=1)
    near = {_bare(leaf)[:-1] for leaf in texts if len(_bare(leaf)) == least} | {()}  # where the record itself stands
    titles = _titles(all_, texts, near)
    texts = [leaf for leaf in texts if leaf not in titles]
    result: Description = {"name": "unknown", "kind": kind, "records": records}
    for name, chosen in (("id", _ids(all_, near)), ("title", titles), ("text", texts)):
        result[name] = [_path(leaf) for leaf in chosen]
    result["status"] = [*map(_path, [leaf for leaf in all_.named(STATUSES) if _bare(leaf)[:-1] in near][:1]),
                        *_flags(all_, near)]
    result["meta"] = {name: _path(chosen[0]) for name, names in META.items() if (chosen := all_.named(names))}
    result["format"] = "auto"
    return result


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
    return f"{fields.quoted(key)}.{paths}"


def _texts(all_: _Fields) -> list[Leaf]:
    """Texts by name, and what is far longer than these. Where a name only ends like a text's, they must be longer."""
    texts = [leaf for leaf in all_.named(TEXTS, TEXT_ENDS)
             if all_.length(leaf) >= 20 or (all_.wordy(leaf) and _name(leaf) in TEXTS)]
    texts = [leaf for leaf in texts if not _name(leaf).startswith("label") and not all_.captured(leaf)
             and "rejected" not in map(plain, leaf[:-1])]  # the answer that a model is to learn not to give
    least = min((len(_bare(leaf)) for leaf in texts), default=0)
    texts = [leaf for leaf in texts if not OTHERS & set(map(plain, leaf)) and (
        (len(_bare(leaf)) == least and _name(leaf) in TEXTS) or all_.own(leaf))]
    texts = ([leaf for leaf in texts if not LABELS & set(map(plain, leaf[:-1]))] or texts)[:6]
    texts = [leaf for leaf in texts if not any(leaf[:at] in texts for at in range(1, len(leaf)))]  # a mixed one's parts
    others = [leaf for leaf in all_.found if all_.prose(leaf) and all_.own(leaf) and not all_.captured(leaf)
              and not _name(leaf).endswith("name")]
    longest = max(others, default=None, key=lambda leaf: (all_.length(leaf) * len(all_.found[leaf]), leaf))
    if longest and longest not in texts and all_.length(longest) > 2 * max(map(all_.length, texts), default=0):
        texts.insert(0, longest)
    return texts


def _titles(all_: _Fields, texts: list[Leaf], near: set[Leaf]) -> list[Leaf]:
    """Titles by name, beside a text before others; else a short text beside a longer one, else a few words.

    A name beside a user's name is a person's; a public number is only the title where nothing else is.
    """
    def rank(leaf: Leaf) -> bool:
        return _bare(leaf)[:-1] not in near

    persons = [(*_bare(leaf)[:-1], "name") for leaf in all_.named(["username"])]
    titles = [leaf for leaf in all_.named(TITLES, ("title",)) if all_.length(leaf) <= 300 and leaf not in texts
              and not OTHERS_TITLES & set(map(plain, leaf)) and _bare(leaf) not in persons and all_.lettered(leaf)
              and (_name(leaf) not in CLASSES or all_.own(leaf))
              and (not rank(leaf) or ((_name(leaf) in FIRM or _name(leaf).endswith("title")) and not all_.parts(leaf)))]
    either = [leaf for leaf in all_.named(EITHER) if leaf in texts and all_.length(leaf) <= 200 and any(
        other != leaf and _bare(other)[:len(_bare(leaf)) - 1] == _bare(leaf)[:-1] for other in texts)]
    short = [leaf for leaf in all_.found if leaf not in texts and not rank(leaf) and all_.prose(leaf)
             and 8 <= all_.length(leaf) <= 200 and all_.varied(leaf)]
    titles = [*(either[:1] if titles and all_.public(titles[0]) else []), *sorted(titles, key=rank)]
    return titles[:2] or either[:1] or sorted(short, key=lambda leaf: (len(leaf), leaf))[:1]


def _ids(all_: _Fields, near: set[Leaf]) -> list[Leaf]:
    """Ids by name at a record's top, its key, public numbers, names that end in `id`; else deeper ids, names, pages."""
    named = all_.named(IDS)
    top = [leaf for leaf in all_.found if len(_bare(leaf)) == 1]
    ending = [leaf for leaf in top if _name(leaf).endswith(("id", "identifier")) and not any(
        other in _name(leaf) for other in OTHERS_IDS)]
    public = [leaf for leaf in top if all_.public(leaf)
              and (leaf in ending or _name(leaf) in TITLES or _name(leaf).startswith("column")
                   or not _name(leaf).isascii())]
    bare = [leaf for leaf in all_.named(TITLES[:2]) if leaf in top and not all_.wordy(leaf)]
    pages = [leaf for leaf in all_.named(META["url"]) if leaf in top]
    aliases = [leaf for leaf in all_.named(META["aliases"]) if leaf in top and all_.public(leaf)]
    own = [leaf for leaf in named if _bare(leaf)[:-1] in near and leaf[0] != "_id"]  # a database's comes later
    indicators = [leaf for leaf in all_.named(INDICATORS) if leaf in top]
    order = [*own, ("@key",), *public, *(leaf for leaf in named if leaf in top), *ending, *aliases, *named, *bare,
             *pages, *indicators]
    return [leaf for leaf in dict.fromkeys(order) if leaf in all_.found and _distinct(all_, leaf)][:2]


def _distinct(all_: _Fields, leaf: Leaf) -> bool:
    """Can this be an id? At a record's top the name, else a public number is enough: repeats are told apart later."""
    texts = all_.found[leaf]
    named = len(leaf) == 1 and (leaf[0] == "@key" or plain(leaf[0]) in IDS[:SURE_IDS]) or all_.public(leaf)
    enough = 0.2 if plain(leaf[0]) in IDS[:3] else 0.8  # records of two kinds have ids of two names
    return len(texts) >= enough * all_.count and all_.length(leaf) <= 200 and (named or len(set(texts)) == len(texts))


def _flags(all_: _Fields, near: set[Leaf]) -> list[dict[str, str]]:
    """Words for fields that say so by yes or no or by a date; a text of such a name (a rejected answer) is none."""
    return [{word: _path(chosen[0])} for word, names in FLAGS.items()
            if (chosen := [leaf for leaf in all_.named(names) if _bare(leaf)[:-1] in near
                           and all_.length(leaf) <= 40 and not all_.wordy(leaf)])]


def _path(leaf: Leaf) -> str:
    return ".".join(key.step if isinstance(key, Chosen) else key if key == "*" else fields.quoted(key) for key in leaf)
