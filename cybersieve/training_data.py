"""What an adapter learns from: rows `{text, label, source, group, stratum}`, collected, cleaned and varied.

Two rules are enforced here and tested: a record with a uniform label, and any text that reads the same as one,
never enters training (the uniform labels carry the report's figures); and copies made of a text (shortened,
injected) carry their original's `group`, so that a split never has a text on one side and its copy on the other.
"""

import hashlib
import json
import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from cybersieve import injections, labels, records
from cybersieve.errors import InputError

Row = dict[str, Any]
BY_CONSTRUCTION = Path(__file__).with_name("by_construction.yaml")
LABELLED = 2.0  # weight of a labelled record of the corpus: read one by one, and from its doubtful files
LONG_ENOUGH = 5  # words from which a description alone identifies a record


def normalise(text: str) -> str:
    """A text's letters and digits, lower case, single spaces: two texts that read the same are the same."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def fingerprint(text: str) -> str:
    """Hex digest of the normalised text: a text's name in splits and in lists of what must not be learned."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()[:32]


def row(text: str, label: int, source: str, stratum: str = "", group: str | None = None, weight: float = 1.0) -> Row:
    return {"text": text, "label": label, "source": source, "stratum": stratum, "group": group or fingerprint(text),
            "weight": weight}


def share(group: str, salt: str = "") -> float:
    """A number in [0, 1) that belongs to a group once and for all; held-back parts are cut by it."""
    return int(hashlib.sha256((salt + group).encode()).hexdigest()[:8], 16) / 2**32


# ---------------------------------------------------------------- collecting

def read_jsonl(path: Path) -> Iterator[Row]:
    """`{text, label}` lines; a null label is skipped. Raises InputError with the line that is malformed."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    found = _checked(line, path, number)
                    if found is not None:
                        yield found
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, str(error)) from None


def _checked(line: str, path: Path, number: int) -> Row | None:
    try:
        tree = json.loads(line)
    except ValueError as error:
        raise InputError(path, f"not JSON: {error}", f"line {number}") from None
    text, label = (tree.get("text"), tree.get("label")) if isinstance(tree, dict) else (None, None)
    if not isinstance(text, str) or label not in (0, 1, None):
        raise InputError(path, "wants an object with a string `text` and a `label` of 1, 0 or null", f"line {number}")
    if label is None:
        return None
    text = records.full_text(str(tree.get("title") or ""), text)
    source, stratum = str(tree.get("source") or path.stem), str(tree.get("stratum") or "")
    weight, group = tree.get("weight", 1), tree.get("group")
    if type(weight) not in (int, float) or not 0 <= weight < 1e9:
        raise InputError(path, "`weight` is no number from 0", f"line {number}")
    return row(text, int(label), source, stratum, None if group is None else str(group), float(weight))


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for one in rows:
            file.write(json.dumps(one, ensure_ascii=False, sort_keys=True) + "\n")


def parsed(folder: Path, columns: Sequence[str] = ("id", "title", "text", "dropped")) -> Iterator[tuple[str, Row]]:
    """(source, record) for every live record of a parsed folder."""
    for shard in records.shards(folder):
        for record in records.read(shard.path, list(columns)):
            if record.get("dropped") is None:
                yield shard.source, record


def labelled(folder: Path, wanted: dict[labels.Key, int], as_source: str = "sample", weight: float = 1.0) -> list[Row]:
    """The texts of labelled records; the stratum is their file's base name."""
    found = []
    for source, record in parsed(folder):
        key = labels.key(source, record["id"])
        if key in wanted:
            text = records.full_text(record["title"], record["text"])
            found.append(row(text, wanted[key], as_source, key[0], weight=weight))
    return found


def by_construction(folder: Path, skip: set[labels.Key]) -> list[Row]:
    """Records whose label follows from where they stand (see the file's head); `skip` names labelled records."""
    rules = yaml.safe_load(BY_CONSTRUCTION.read_text(encoding="utf-8"))["sources"]
    chosen: dict[int, list[Row]] = defaultdict(list)
    for source, record in parsed(folder, ("id", "title", "text", "meta", "dropped")):
        if labels.key(source, record["id"]) in skip:
            continue
        text = records.full_text(record["title"], record["text"])
        for number, rule in enumerate(rules):
            if fnmatch(source, rule["source"]) and _fits(rule, text, record["meta"] or ""):
                chosen[number].append(row(text, rule["label"], rule["as"], labels.key(source, "")[0]))
    return [one for number in sorted(chosen)
            for one in sorted(chosen[number], key=lambda one: one["group"])[: rules[number]["most"]]]


def _fits(rule: Row, text: str, meta: str) -> bool:
    if len(text.split()) < rule.get("least_words", 1):
        return False
    if "meta" in rule and not re.search(rule["meta"], meta):
        return False
    if "not_meta" in rule and re.search(rule["not_meta"], meta):
        return False
    return not ("not_text" in rule and re.search(rule["not_text"], text, re.IGNORECASE))


# ---------------------------------------------------------------- what must not be learned

def never(folder: Path, labels_dir: Path) -> set[str]:
    """Fingerprints of all texts of records with a uniform label: the whole, and the description where it is long."""
    uniform = labels.load_optional(labels_dir, labels.UNIFORM)
    result = set()
    for source, record in parsed(folder):
        if labels.key(source, record["id"]) in uniform:
            result.add(fingerprint(records.full_text(record["title"], record["text"])))
            if len(normalise(record["text"]).split()) >= LONG_ENOUGH:
                result.add(fingerprint(record["text"]))
    return result


def reads_like(one: Row, banned: set[str]) -> bool:
    """Whether a row, the original it was made from, or its text without the first line (the title) is banned."""
    head, _, body = one["text"].partition("\n")
    candidates = {fingerprint(one["text"]), one["group"]}
    if len(normalise(body).split()) >= LONG_ENOUGH:
        candidates.add(fingerprint(body))
    return not banned.isdisjoint(candidates)


def clean(rows: Iterable[Row], banned: set[str]) -> tuple[list[Row], Counter[str]]:
    """Rows that may be learned, each text once, and how many were left out by reason.

    A text that occurs with both labels is left out altogether: nothing can be learned from it.
    """
    kept: dict[str, Row] = {}
    contradicted: set[str] = set()
    left_out: Counter[str] = Counter()
    for one in rows:
        name = fingerprint(one["text"])
        if not normalise(one["text"]):
            left_out["empty"] += 1
        elif reads_like(one, banned):
            left_out["reads like a record with a uniform label"] += 1
        elif name in kept:
            left_out["same text again"] += 1
            if kept[name]["label"] != one["label"]:
                contradicted.add(name)
        else:
            kept[name] = one
    left_out["same text with both labels"] += len(contradicted)
    return [one for name, one in kept.items() if name not in contradicted], +left_out


# ---------------------------------------------------------------- varying

def shortened_copies(rows: Sequence[Row], portion: float) -> Iterator[Row]:
    """Titles alone, or the first 8 to 30 words, of a portion of the rows that are longer than that."""
    rng = random.Random(0)
    for one in rows:
        drawn, words, head = rng.random(), rng.randint(8, 30), one["text"].partition("\n")[0]
        if drawn >= portion:
            continue
        short = head if rng.random() < 0.5 and head != one["text"] else injections.shortened(one["text"], words)
        if short != one["text"] and len(short.split()) >= 3:
            yield one | {"text": short}


def injected_copies(rows: Sequence[Row], negatives: int, positives: int) -> Iterator[Row]:
    """Copies that carry an injection of the `train` kinds; the label stays the original's.

    Most argue for Yes on a negative text. Some stand in positive texts, some argue for No, so that neither the
    marker nor what it asks for tells the label: only the rest of the text does.
    """
    for label, count in ((0, negatives), (1, positives)):
        base = [one for one in rows if one["label"] == label]
        drawn = injections.variants([one["text"] for one in base], "train", label, injections.ANSWERS[label])
        for _, (index, kind, text) in zip(range(count), drawn, strict=False):
            yield base[index] | {"text": text, "stratum": f"injected:{kind}"}


def table(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """How many rows of each label come from each source, injected copies apart."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in rows:
        name = "injected" if one["stratum"].startswith("injected:") else one["source"]
        counts[name]["yes" if one["label"] else "no"] += 1
    return {name: dict(sorted(counts[name].items())) for name in sorted(counts)}
