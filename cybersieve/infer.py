"""Sources nobody has described: where records stand and which fields make id, title and text, by shape and name.

What is found has the form of an entry of sources.yaml, so that `parse.py --explain` can print it and a user can
correct it. Only the beginning of a file is looked at (cybersieve/peek.py).
"""

import re
from collections.abc import Iterator
from typing import Any

from cybersieve import fields, peek

Description = dict[str, Any]  # an entry of sources.yaml



def _names(text: str) -> list[str]:
    return text.split()


# Field names without case, "_", "-" and "@"; the earlier, the likelier.
IDS = _names("""id uuid guid cveid cve cvenumber identifier stixid recordid advisoryid ghsaid key number ref slug
    eventid accession doi""")
SURE_IDS = 6  # so many of these are ids wherever they stand at a record's top
TITLES = _names("""title name headline subject value label heading vulnerabilityname cvetitle shorttitle question
    displayname topic""")
TEXTS = _names("""description shortdescription longdescription fulldescription extendeddescription text content body
    abstract summary details detail message overview note notes post comment answer story article impact analysis
    solution mitigation remediation recommendation""")
META = {
    "published": _names("""published publishedat publisheddate datepublished datepublic pubdate created createdat
        creationdate dateadded released releasedate issued date timestamp added firstseen"""),
    "modified": _names("""modified modifiedat lastmodified lastmodifieddate updated updatedat datemodified dateupdated
        updatedate lastseen"""),
    "url": _names("url link permalink href webpage uri"),
    "references": _names("references refs reference urls links citations"),
    "authors": _names("author authors creator reporter byline"),
    "labels": _names("tags labels categories category keywords topics"),
    "severity": _names("severity level risk priority"),
    "licence": _names("license licence rights"),
}
STATUSES = _names("status state vulnstatus recordstatus")
FLAGS = {"revoked": _names("revoked isrevoked"), "withdrawn": _names("withdrawn"),
         "deprecated": _names("deprecated isdeprecated xmitredeprecated"), "rejected": _names("rejected isrejected")}
BEARS_PARENTS_NAME = ("#text", "_", "$", "value", "@value", "en", "rendered", "$oid", "$date")
FAMILY = 5  # arrays that differ in one key of their path, from which on any key will do
MAX_DEPTH = 5  # of record arrays in the document, and of fields in a record


def json_source(documents: list[Any], whole: bool) -> Description | None:
    """A description of JSON documents as `peek.json_documents` gives them; `whole`: nothing was cut off.

    None where there is nothing like a record.
    """
    records = _json_records(documents, whole)
    samples: list[Any] = []
    for path in records:
        if path in ("*", "*.*"):
            trees = documents if path == "*" else documents[0].values()
            samples += [{"@key": key, **item} for tree in trees for key, item in tree.items() if isinstance(item, dict)]
        else:
            found = peek.values(documents, fields.record_path(path))
            samples += [{"text": item} if isinstance(item, str) else item
                        for item in found if isinstance(item, dict | list | str)]
    described = _described("json", records, samples) if samples else None
    if described and records == [""] and len(documents) == 1 and not (described["title"] or described["text"]):
        return None  # an object that says nothing is no record
    return described


def _json_records(documents: list[Any], whole: bool) -> list[str]:
    """Paths of the records."""
    if len(documents) != 1:
        return [""]
    root = documents[0]
    if isinstance(root, list):
        return _inside("[]", root)
    if not isinstance(root, dict):
        return [""]
    values = list(root.values())
    if _alike(values) and _telling(values):
        return ["*"]
    arrays = _joined({path: items for path, items in _arrays(root, "", 0) if _wordy(items) >= 0.5})
    named = [path for path, items in arrays.items() if _named(items)]
    own_words = any(isinstance(v, str) and " " in v and _plain(k) in TEXTS for k, v in root.items())
    if named and not (own_words and whole and max(len(arrays[path]) for path in named) < 2):
        return [inner for path in named for inner in _inside(path, arrays[path])]
    if _alike(values):
        return ["*"]
    inner = [value for value in root.values() if isinstance(value, dict)]
    if len(inner) == len(root) and _alike([value for item in inner for value in item.values()]):
        return ["*.*"]
    if own_words and whole:
        return [""]
    return [max(arrays, key=lambda path: len(arrays[path]))] if arrays else [""]


def _arrays(tree: dict[str, Any], path: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Arrays of objects or of texts under an object, not those inside other arrays."""
    for key, value in tree.items():
        if not fields.sayable(key):
            continue
        below = f"{path}.{fields.quoted(key)}".removeprefix(".")
        if isinstance(value, list) and value:
            yield f"{below}[]", value
        elif isinstance(value, dict) and depth < MAX_DEPTH:
            yield from _arrays(value, below, depth + 1)


def _inside(path: str, items: list[Any]) -> list[str]:
    """The path of the items' own arrays of records, where the items are only rooms for those (findings by host)."""
    objects = [item for item in items if isinstance(item, dict)]
    if not objects or any(_says(item) or any(_plain(key) in IDS for key in item) for item in objects):
        return [path]
    below: dict[str, list[Any]] = {}
    for item in objects:
        for inner, found in _arrays(item, "", 0):
            below.setdefault(f"{path}.{inner}", []).extend(found)
    deeper: list[str] = []
    for inner, found in below.items():
        further = _inside(inner, found)
        if further != [inner] or (_telling(found) and _numbered(found)):
            deeper += further
    return deeper or [path]


def _says(tree: Any, names: frozenset[str] = frozenset((*TITLES, *TEXTS)), depth: int = 0) -> bool:
    """Has the object words in a title or text, itself or in an object of its own?"""
    return isinstance(tree, dict) and depth < MAX_DEPTH and any(
        (isinstance(value, str) and " " in value and _plain(key) in names) or _says(value, names, depth + 1)
        for key, value in tree.items())


def _numbered(items: list[Any]) -> bool:
    """Do objects have an id or a title of their own?"""
    own = [isinstance(item, dict) and any(_plain(key) in TITLES or _plain(key) in IDS or _plain(key).endswith("id")
                                          for key in item) for item in items]
    return sum(own) * 2 > len(own)


def _joined(arrays: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Arrays of one kind that differ in one key only, as one path with `*`: further on there will be other keys."""
    families: dict[str, list[str]] = {}
    for path in arrays:
        steps = fields.record_path(path)
        for at, step in enumerate(steps):
            if step != "[]":
                any_key = [fields.quoted(key) if key != "[]" else key for key in steps]
                any_key[at] = "*"
                families.setdefault(".".join(any_key).replace(".[]", "[]"), []).append(path)
    for family, paths in sorted(families.items(), key=lambda item: -len(item[1])):
        together = [item for path in paths if path in arrays for item in arrays[path][:2]]
        if len(paths) >= FAMILY and all(path in arrays for path in paths) and _alike(together):
            arrays = {family: together} | {path: items for path, items in arrays.items() if path not in paths}
    return arrays


def _telling(items: list[Any]) -> bool:
    """Do most of these objects say something in a text of their own, so that they are records, not rooms for them?"""
    said = [isinstance(item, dict) and any(isinstance(value, str) and " " in value and _plain(key) in TEXTS
                                           and key != "#text" for key, value in item.items()) for item in items]
    return sum(said) * 2 > len(said)


def _wordy(items: list[Any]) -> float:
    """The share of objects with a few words somewhere, or of texts."""
    def words(item: Any, depth: int = 0) -> bool:
        if isinstance(item, str):
            return item.count(" ") >= 2
        inner = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
        return depth < MAX_DEPTH and any(words(value, depth + 1) for value in inner)
    return sum(words(item) for item in items) / len(items)


def _named(items: list[Any]) -> bool:
    """Do the objects have fields that records have?"""
    known = {*IDS, *TITLES, *TEXTS}
    objects = [item for item in items if isinstance(item, dict)]
    return bool(objects) and sum(bool(known & {_plain(key) for path in _leaves(item) for key in path[:2]})
                                 for item in objects) >= len(objects) / 2


def _alike(values: list[Any]) -> bool:
    """Are these objects of one kind (an object of id -> record)?"""
    objects = [set(value) for value in values if isinstance(value, dict) and value]
    if len(objects) < 2 or len(objects) < 0.8 * len(values):
        return False
    shared = [len(a & b) / len(a | b) for a, b in zip(objects, objects[1:], strict=False)]
    return sum(shared) / len(shared) >= 0.5


def xml_source(elements: peek.Elements) -> Description | None:
    """A description of an XML document: the shallowest elements that come again and say something."""
    def says(name: str) -> bool:
        return any(_wordy([tree]) for tree in elements.samples.get(name, []))

    if not elements.root:
        return None
    repeated = [name for name, count in elements.counts.items() if count > 1 and elements.depths[name]]
    repeated = [name for name in repeated if not _field(name, elements.samples.get(name, []))] or repeated
    names = [name for name in repeated if says(name)]
    if not names and repeated and not any(map(says, elements.samples)):
        names = repeated
    elif not names:
        single = [name for name in elements.samples if says(name)]
        names = [elements.root] if not single or elements.whole else [max(single, key=lambda n: -elements.depths[n])]
    depth = min((elements.depths[name] for name in names), default=0)
    names = [name for name in names if elements.depths[name] == depth]
    rooms = [_inside("", _listed(elements.samples.get(name, []))) for name in names]
    inner = [path.rpartition(".")[2].removesuffix("[]").strip('"') for paths in rooms for path in paths if path]
    names = [name for name in inner if name in elements.samples] or names
    samples = [tree for name in names for tree in elements.samples.get(name, [])]
    described = _described("xml", names, samples) if samples else None
    if described and names == [elements.root] and not (described["title"] or described["text"]):
        return None  # an element that says nothing is no record
    return described


def _listed(trees: list[Any]) -> list[Any]:
    """Elements whose children of one name are a list in all of them, where they are in one."""
    elements = [tree for tree in trees if isinstance(tree, dict)]
    several = {key for tree in elements for key, value in tree.items() if isinstance(value, list)}
    return [{key: [value] if key in several and not isinstance(value, list) else value for key, value in tree.items()}
            if isinstance(tree, dict) else tree for tree in trees]


def _field(name: str, samples: list[Any]) -> bool:
    """Is this a title or a text in two languages, not a record?"""
    return _plain(name) in (*TITLES, *TEXTS) and all(isinstance(tree, str) or "@lang" in tree for tree in samples)


def table_source(kind: str, samples: list[Any]) -> Description | None:
    """A description of a table's rows or of YAML documents."""
    return _described(kind, [""] if kind == "yaml" else [], samples) if samples else None


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.rpartition(":")[2].lower())


Leaf = tuple[str, ...]


def _leaves(tree: Any, above: Leaf = ()) -> Iterator[Leaf]:
    if isinstance(tree, dict) and len(above) < MAX_DEPTH:
        for key, value in tree.items():
            if fields.sayable(key):
                yield from _leaves(value, (*above, key))
    elif isinstance(tree, list):
        for item in tree[:5]:
            yield from _leaves(item, above)
    elif above and tree not in (None, ""):
        yield above


def _values(tree: Any, leaf: Leaf) -> Iterator[Any]:
    if isinstance(tree, list):
        for item in tree:
            yield from _values(item, leaf)
    elif not leaf:
        yield tree
    elif isinstance(tree, dict) and leaf[0] in tree:
        yield from _values(tree[leaf[0]], leaf[1:])


class _Fields:
    """The leaves of sample records, with what stands in them."""

    def __init__(self, samples: list[Any]) -> None:
        self.count = len(samples)
        self.found: dict[Leaf, list[str]] = {}
        for leaf in dict.fromkeys(leaf for tree in samples for leaf in _leaves(tree)):
            per_record = [[str(v) for v in _values(tree, leaf) if v is not None] for tree in samples]
            self.found[leaf] = ["\n".join(texts) for texts in per_record if texts]

    def length(self, leaf: Leaf) -> float:
        texts = self.found[leaf]
        return sum(map(len, texts)) / len(texts)

    def wordy(self, leaf: Leaf) -> bool:
        return sum(" " in text for text in self.found[leaf]) * 2 >= len(self.found[leaf])

    def varied(self, leaf: Leaf) -> bool:
        return len(set(self.found[leaf])) * 2 > len(self.found[leaf])

    def named(self, names: list[str]) -> list[Leaf]:
        """Leaves of these names, shallow ones first, then in the order of `names`; `#text` bears its parent's name."""
        order = {name: rank for rank, name in enumerate(names)}
        ranked = [(len(leaf), order[name], leaf) for leaf in self.found if (name := self._name(leaf)) in order]
        return [leaf for _, _, leaf in sorted(ranked)]

    @staticmethod
    def _name(leaf: Leaf) -> str:
        last = leaf[-2] if leaf[-1] in BEARS_PARENTS_NAME and len(leaf) > 1 else leaf[-1]
        return _plain(last)


def _described(kind: str, records: list[str], samples: list[Any]) -> Description:
    """Which fields make a record, from samples of them."""
    leaves = _Fields(samples)
    texts = [leaf for leaf in leaves.named(TEXTS) if leaves.length(leaf) >= 20 or leaves.wordy(leaf)][:6]
    wordy = [leaf for leaf in leaves.found if leaves.wordy(leaf) and _plain(leaf[-1]) not in TITLES]
    longest = max(wordy, key=lambda leaf: (leaves.length(leaf) * len(leaves.found[leaf]), leaf), default=None)
    if longest and longest not in texts and (not texts or leaves.length(longest) > 2 * max(map(leaves.length, texts))):
        texts.insert(0, longest)
    titles = [leaf for leaf in leaves.named(TITLES) if leaves.length(leaf) <= 300 and leaf not in texts][:2]
    if not titles:
        short = [leaf for leaf in wordy
                 if leaf not in texts and 8 <= leaves.length(leaf) <= 200 and leaves.varied(leaf)]
        titles = sorted(short, key=lambda leaf: (len(leaf), leaf))[:1]
    ids = [leaf for leaf in dict.fromkeys([*leaves.named(IDS), ("@key",)])
           if leaf in leaves.found and _distinct(leaves, leaf)][:2]
    result: Description = {"name": "unknown", "kind": kind, "records": records}
    for name, chosen in (("id", ids), ("title", titles), ("text", texts)):
        result[name] = [_path(leaf) for leaf in chosen]
    result["status"] = [*(_path(leaf) for leaf in leaves.named(STATUSES)[:1]), *_flags(leaves)]
    result["meta"] = {name: _path(chosen[0]) for name, names in META.items() if (chosen := leaves.named(names))}
    result["format"] = "auto"
    return result


def _distinct(leaves: _Fields, leaf: Leaf) -> bool:
    """Can this be an id? At a record's top the name is enough: repeated ids are told apart later."""
    texts = leaves.found[leaf]
    named = len(leaf) == 1 and (leaf[0] == "@key" or _plain(leaf[0]) in IDS[:SURE_IDS])
    return len(texts) >= 0.8 * leaves.count and leaves.length(leaf) <= 200 and (named or len(set(texts)) == len(texts))


def _flags(leaves: _Fields) -> list[dict[str, str]]:
    return [{word: _path(chosen[0])} for word, names in FLAGS.items() if (chosen := leaves.named(names))]


def _path(leaf: Leaf) -> str:
    return ".".join(map(fields.quoted, leaf))
