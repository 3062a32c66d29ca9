"""The fields of sample records, and what stands in them: how long it is, sentences or numbers, somebody else's."""

import re
from typing import Any

from cybersieve import extract, fields, leaves
from cybersieve.field_names import (
    CLASSES,
    CODE,
    FIRM,
    IDS,
    LABELS,
    OTHERS,
    PUBLIC,
    ROOMS,
    SPEAKERS,
    TEXTS,
    TITLES,
    about,
    encoded,
    has_words,
    owner,
    parts,
    plain,
    textual,
    unspaced,
)
from cybersieve.leaves import Leaf

LONGEST_TITLE = 300  # characters; longer sentences are a text, whatever they are called
MOST = 6  # texts by name, and further ones beside them
SAYS_SOMETHING = 60  # characters of a value that is no title, from which on it is a text
BEGINNING = 1000  # characters, by which language is told
BOILERPLATE_FROM = 5  # records, from which on a text that says the same in most of them is not their own
_YES = re.compile(r"(?:true|false|yes|no|[ynt01f]|null|none|never|n/a|x|)$"
                  r"|[0-9]{4}-[0-9]{2}|[0-9]{9,}|[a-z]{3},? [0-9a-z]", re.I)  # yes, no, or the beginning of a time
# A few words that are no names, and a sentence's end; scripts without spaces say more in fewer characters.
_SENTENCE = re.compile(r"(?s)(?=.*\b[^\W\d_A-Z]{2,}[,;:]? [^\W\d_A-Z]+[,;:]? [^\W\d_A-Z]{2,}).*[.!?](?:\s|<|$)"
                       r"|(?=.*[\u3040-\u30ff\u3400-\u9fff]{6}).*[。！？，]")
_ASKS = re.compile(r"(?:what|who|whose|which|when|why|how|is|are|was|were|do|does|did|can|could|should)\b.{0,99}? \w",
                   re.I)
_OF_CODE = re.compile(r"[|=;{}<>\\$*#]|//")  # hardly ever in language
_CODED = re.compile(r"[0-9]+|[0-9A-Fa-f-]{32,}|\+[0-9][0-9 ()./-]{4,30}")


def language(text: str) -> bool:
    """Is it a sentence or a question, with hardly a sign of code in it?"""
    return bool(_SENTENCE.match(text) or _ASKS.match(text)) and 100 * len(_OF_CODE.findall(text)) <= len(text)


class Fields:
    """The leaves of sample records, with what stands in them."""

    def __init__(self, samples: list[Any]) -> None:
        self.samples, self.count = samples, len(samples)
        self.found: dict[Leaf, list[str]] = {}
        self.said: dict[Leaf, list[str]] = {}  # what every record says there, "" for nothing
        self.many: set[Leaf] = set()  # of which a record has several
        for leaf in leaves.all_of(samples):
            whole = textual(leaf[-1]) or len(leaf) == leaves.MAX_DEPTH  # else an object is looked into, and no text
            told = [[v for v in leaves.values(tree, leaf) if v is not None and (whole or type(v) is not dict)
                     and not extract.gone(v)] for tree in samples]
            number = plain(leaf[-1]) in IDS or plain(leaf[-1]).endswith("id")  # may look like base64
            per_record = [[fields.as_text(v) for v in values if number or not encoded(v)] for values in told]
            if sum(map(len, per_record)) * 2 > sum(map(len, told)):  # else base64
                self.found[leaf] = ["\n".join(texts) for texts in per_record if texts]
                self.said[leaf] = ["\n".join(texts) for texts in per_record]
                self.many |= {leaf} if max(map(len, per_record)) > 1 else set()
        self.names = {leaf: leaves.name(leaf) for leaf in self.found}
        self.rooms: dict[Leaf, dict[str, Leaf]] = {}  # leaves by the names that stand beside one another
        for leaf, name in self.names.items():
            self.rooms.setdefault(leaves.above(leaf), {}).setdefault(name, leaf)

    def length(self, leaf: Leaf) -> float:
        texts = self.found[leaf]
        return sum(map(len, texts)) / len(texts)

    def weight(self, leaf: Leaf) -> float:
        """How long it is, scripts without spaces counted thrice: they say as much in a third of the characters."""
        return self.length(leaf) * (3 if all(map(unspaced, self.found[leaf])) else 1)

    def wordy(self, leaf: Leaf) -> bool:
        return sum(map(has_words, self.found[leaf])) * 2 >= len(self.found[leaf])

    def varied(self, leaf: Leaf) -> bool:
        return len(set(self.found[leaf])) * 2 > len(self.found[leaf])

    def sentences(self, leaf: Leaf) -> bool:
        """Are these sentences, rather than titles or names?"""
        return self.begins(leaf, _SENTENCE)

    def language(self, leaf: Leaf) -> bool:
        """Are these sentences or questions, with hardly a sign of code among them?"""
        return leaves.most(map(language, self._beginnings(leaf)))

    def _beginnings(self, leaf: Leaf) -> list[str]:
        return [text[:BEGINNING] for text in self.found[leaf]]

    def too_long(self, leaf: Leaf) -> bool:
        """Is it called like a title (or a query, which may be a question), but sentences that are too long for one?"""
        name = leaves.name(leaf)
        return (name in TITLES or name == "query") and self.length(leaf) > LONGEST_TITLE and (
            leaves.most(map(_SENTENCE.match, self._beginnings(leaf))) if name in FIRM else self.language(leaf))

    def asks(self, leaf: Leaf) -> bool:
        """Is it what is asked, or a value that says something, so that it is a text where it is not the title?"""
        name = leaves.name(leaf)
        return (name in ("question", "query") and self.wordy(leaf)) or self.says(leaf)

    def several(self, leaf: Leaf) -> bool:
        """Has a record more than one of it?"""
        return leaf in self.many

    def says(self, leaf: Leaf) -> bool:
        """Is it called like a class, but sentences that say something?"""
        return leaves.name(leaf) in CLASSES and self.length(leaf) >= SAYS_SOMETHING and self.language(leaf)

    def own(self, leaf: Leaf) -> bool:
        """Does it say something of its own in most records, as far as a few of them can tell?"""
        return len(self.found[leaf]) < BOILERPLATE_FROM or self.varied(leaf)

    def classed(self, leaf: Leaf) -> bool:
        """Is it one of a few words that come again and again?"""
        texts = self.found[leaf]
        return len(texts) >= BOILERPLATE_FROM and len(set(texts)) < max(3, len(texts) / 5)

    def constant(self, leaf: Leaf) -> bool:
        """Is it the same in all records?"""
        return len(self.found[leaf]) >= BOILERPLATE_FROM and len(set(self.found[leaf])) == 1

    def rendered(self, leaf: Leaf) -> bool:
        """Is it another field beside it in another form (`body_html` of `body`)?"""
        name = leaves.name(leaf)
        others = TEXTS if name == "html" else [
            name.removesuffix("html"), name.removeprefix("html"), name.removeprefix("rendered"),
            name.removeprefix("formatted"), name.removesuffix("map")]
        beside = self.rooms.get(leaves.above(leaf), {})
        return any(other != name and other in beside and len(self.found[beside[other]]) >= len(self.found[leaf])
                   and self.length(leaf) < 3 * self.length(beside[other]) + 100 for other in others)

    def lettered(self, leaf: Leaf) -> bool:
        """Are these (of several the first) more than numbers, hashes and telephone numbers?"""
        return not all(_CODED.fullmatch(text.partition("\n")[0]) for text in self.found[leaf])

    def begins(self, leaf: Leaf, pattern: re.Pattern[str]) -> bool:
        """Do most of its texts begin like this?"""
        return leaves.most(map(pattern.match, self.found[leaf]))

    def yes(self, leaf: Leaf) -> bool:
        """Are these yes, no or times, and not how much was removed and added?"""
        return "added" not in self.rooms[leaves.above(leaf)] and all(map(_YES.match, self.found[leaf]))

    def public(self, leaf: Leaf) -> bool:
        """Are these public numbers?"""
        return all(PUBLIC.fullmatch(line) for text in self.found[leaf] for line in text.split("\n"))

    def parts(self, leaf: Leaf) -> bool:
        """Does it stand in the items of a list, so that a record may have many of it? Not of a list of its own name."""
        room = self.room(leaf)
        return bool(room) and not plain(room).startswith(leaves.name(leaf))

    def room(self, leaf: Leaf) -> str:
        """The key of the list in whose items it stands, if it does."""
        for tree in self.samples:
            for key in leaf[:-1]:
                tree = tree.get(key) if isinstance(tree, dict) else None
                if isinstance(tree, list):
                    return key
        return ""

    def named(self, names: list[str], ends: tuple[str, ...] = ()) -> list[Leaf]:
        """Leaves of these names, shallow ones first, then in the order of `names`, then those of such endings.

        Texts and titles, which have endings, stand as in the records where these say nothing, those of any key first:
        they are more than can be named one by one.
        """
        ranked = [(len(leaves.bare(leaf)), names.index(name) if name in names else len(names), len(leaf),
                   at * ("*" not in leaf) if ends else 0, leaf) for at, (leaf, name) in enumerate(self.names.items())
                  if name in names or (ends and name.endswith(ends))]
        return [leaf for *_, leaf in sorted(ranked)]

    def prose(self, leaf: Leaf) -> bool:
        """Words that are no licence, query, reference, label or name of a person, nor a title that may be one."""
        others = self.source_code(leaf) or self.of_another(leaf) or self.rendered(leaf)
        too_long = self.too_long(leaf)
        names = {*map(plain, leaf[:-1] if too_long else leaf), *map(owner, leaf)}
        names -= {"snippet"} if plain(leaf[-1]) != "snippet" else set()  # an object of this name is no code
        title = leaves.name(leaf) in TITLES and not too_long and not self.says(leaf)
        return self.wordy(leaf) and not title and not others and (
            OTHERS | CODE | LABELS).isdisjoint(names)

    def of_another(self, leaf: Leaf) -> bool:
        """Does it stand in a room of somebody or something that the record only names?"""
        rooms = (ROOMS & set(map(plain, leaf[:-1]))) | set(filter(None, map(about, leaf)))
        return bool(rooms) and not (rooms == {"user"} and any(plain(one[0]) in SPEAKERS for one in self.found))

    def taken_apart(self, leaf: Leaf) -> bool:
        """Are these the words of texts, one by one?"""
        return leaves.most(" " not in text and text.count("\n") > 2 and _SENTENCE.match(text.replace("\n", " "))
                           for text in self._beginnings(leaf))

    def source_code(self, leaf: Leaf) -> bool:
        """Is it called like source code (func, func_before, insecure_code)?"""
        return "func" in parts(leaf[-1]) or leaves.name(leaf).startswith("func") or leaves.name(leaf).endswith("code")
