"""What fitting reads and writes: labelled examples in; rules.yaml with new numbers and a report of every rule out."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from cybersieve import cli, labels, records, rules
from cybersieve.errors import InputError, ParamsError
from cybersieve.fit import Example, Fitted, hit_matrix
from cybersieve.rules import Rulebook

COLUMNS = ["id", "category", "weight", "prior", "corpus_hits", "corpus_share", "labelled_hits", "labelled_positive",
           "precision", "most_alike", "overlap", "conflict", "remark"]


def labelled_records(parsed_dir: Path, labels_dir: Path) -> list[Example]:
    """The corpus' records that weights may be fitted on (labels.for_fitting): never one with a uniform label.

    One for each label, of files of one name the first's: a twin on either side of a fold would be told by heart.
    Labels of no record are warned of.
    """
    wanted = labels.for_fitting(labels_dir)
    files = {name for name, _ in wanted}
    found, there = dict[labels.Key, Example](), set[labels.Key]()
    for shard in records.shards(parsed_dir):
        if Path(shard.source).name in files:
            for row in records.read(shard.path, ["id", "source", "title", "text", "dropped"]):
                if (key := labels.key(row["source"], row["id"])) in wanted:
                    there.add(key)
                    if row["dropped"] is None:
                        found.setdefault(key, Example(row["title"], row["text"], wanted[key], "labels", key[0]))
    if strange := labels.elsewhere(wanted.keys(), there, "weights"):
        cli.warn(strange)
    return list(found.values())


def labelled_texts(path: Path) -> list[Example]:
    """Examples of a JSONL file of {text, label, title?}; those whose label is null are left out."""
    found, number = [], 0
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for line in lines:
                number += 1
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row["text"], str) or not isinstance(row.get("title"), str | None):
                    raise TypeError("text and title are to be strings")
                if row["label"] not in (0, 1, None):
                    raise ValueError(f"1, 0 or null is wanted for a label, found {row['label']!r}")
                if row["label"] is not None:
                    found.append(Example(row.get("title") or "", row["text"], row["label"], path.stem))
    except OSError as error:
        raise InputError(path, str(error.strerror), remedy="name files of {text, label} lines") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(path, f"not lines of {{text, label}}: {error!r}", f"line {number}" if number else "") from None
    return found


def rewrite(path: Path, book: Rulebook, fitted: Fitted) -> None:
    """Put the fitted numbers into a rules file; every other character stays as it is.

    Raises ParamsError where a number has no place in the file, which then stays as it was.
    """
    bias, silent = round(fitted.bias, 3), round(fitted.silent, 3)
    weights = [round(float(weight), 2) + 0.0 for weight in fitted.weights]
    sources = {name: round(weight, 2) for name, weight in sorted(fitted.sources.items())}
    text = path.read_text(encoding="utf-8")
    numbers = f"bias: {bias:.3f}\nsilent: {silent:.3f}\n"
    text = re.sub(r"^bias:.*\n(?:silent:.*\n)?", numbers, text, count=1, flags=re.MULTILINE)
    lines = "".join(f"\n  {_key(name)}: {weight:.2f}" for name, weight in sources.items()) or " {}"
    text = re.sub(r"^sources:.*\n(?:  .*\n)*", lambda _: f"sources:{lines}\n", text, count=1, flags=re.MULTILINE)
    for rule, weight in zip(book.rules, weights, strict=True):
        spot = re.compile(rf"(\bid: {re.escape(rule.id)}\b(?![\w.-])(?:(?!\bid: ).)*?\bweight: )[-+.\w]+", re.DOTALL)
        text, count = spot.subn(rf"\g<1>{weight:.2f}", text, count=1)
        if not count:
            raise ParamsError(f"{path}: rule {rule.id}: no `weight:` after its id to write to")
    with records.replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
        if _content(partial) != (bias, silent, sources, weights, [rule.pattern for rule in book.rules]):
            raise ParamsError(f"{path}: left as it was, for want of places for the numbers: lines that begin with "
                              "`bias:` and `sources:`, and no `id:` or `weight:` within a pattern or a comment")


def _key(name: str) -> str:
    """A source's name as a key in YAML: plain where that reads as the name."""
    try:
        plain = yaml.safe_load(f"{name}: 0") == {name: 0}
    except yaml.YAMLError:
        plain = False
    return name if plain else json.dumps(name, ensure_ascii=False)


def _content(path: Path) -> tuple[object, ...] | None:
    """What scoring reads of a rules file; None of one that is none."""
    try:
        book = rules.load(path)
    except ParamsError:
        return None
    return book.bias, book.silent, book.sources, book.weights, [rule.pattern for rule in book.rules]


def report(path: Path, book: Rulebook, weights: Sequence[float], parsed_dir: Path, examples: Sequence[Example]) -> None:
    """A CSV of every rule: what it covers, how right it is, what it doubles and contradicts, and what is wrong with it.

    `precision` is the share of labelled hits on the rule's own side; `overlap` the share of its corpus hits that the
    rule `most_alike` hits as well; `conflict` the share that a rule of the other side hits as well.
    """
    x = hit_matrix(book, [(row["title"], row["text"]) for shard in records.shards(parsed_dir)
                          for row in records.read(shard.path, ["title", "text", "dropped"]) if row["dropped"] is None])
    hits = np.asarray(x.sum(axis=0)).ravel()
    both = np.asarray((x.T @ x).todense())
    np.fill_diagonal(both, 0)
    side = np.sign([book.categories[rule.category] for rule in book.rules])
    against = {way: np.asarray(x @ (side == -way).astype(float)).ravel() > 0 for way in (1.0, -1.0, 0.0)}
    labelled = hit_matrix(book, [(example.title, example.text) for example in examples])
    seen = np.asarray(labelled.sum(axis=0)).ravel()
    right = np.asarray(labelled.T @ np.array([example.label for example in examples], dtype=float)).ravel()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        out = csv.writer(lines, lineterminator="\n")
        out.writerow(COLUMNS)
        for i, rule in enumerate(book.rules):
            alike = int(both[i].argmax())
            clash = float(np.asarray(x[:, i].T @ against[side[i]]).ravel()[0])
            good = right[i] if side[i] >= 0 else seen[i] - right[i]
            out.writerow([rule.id, rule.category, f"{weights[i] + 0.0:.2f}", rule.prior, int(hits[i]),
                          f"{hits[i] / max(x.shape[0], 1):.4f}", int(seen[i]), int(right[i]),
                          f"{good / seen[i]:.3f}" if seen[i] else "", book.ids[alike] if both[i, alike] else "",
                          f"{both[i, alike] / hits[i]:.3f}" if hits[i] else "",
                          f"{clash / hits[i]:.3f}" if hits[i] else "",
                          _remark(int(hits[i]), int(seen[i]), int(good), float(weights[i]))])


def _remark(hits: int, seen: int, good: int, weight: float) -> str:
    """dead: never hits; harmful: more often wrong than right on 5 or more labelled texts; idle: fitted to nothing."""
    if hits + seen == 0:
        return "dead"
    if seen >= 5 and good < seen / 2:
        return "harmful"
    return "idle" if abs(weight) < 0.05 else ""
