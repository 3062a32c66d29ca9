"""What parse recognises in one file, as an entry for `parse.sources` that a user can correct, and its first records."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from cybersieve import fields, kinds, parse_file, records, sources
from cybersieve.errors import InputError
from cybersieve.params import Parse

RECORDS, CHARS, UNREAD = 3, 300, 20  # shown


def lines(path: Path, settings: Parse) -> Iterator[str]:
    """The explanation, line by line. Raises InputError where the file can't be read, is broken, or has no record."""
    if not path.is_file():
        raise InputError(path, "is no file", remedy="name one raw file")
    notes: Counter[str] = Counter()
    own = sources.users(settings.sources)
    relative = _relative(path, own)
    first = list(islice(parse_file.trees(path, relative, settings, notes), RECORDS))
    yours = {source.name for source in own}
    if not first:
        wanted = next((source.place for source in own if source.named(relative)), None)
        raise InputError(path, "no record found", remedy=f"correct {wanted}, which is for this file" if wanted else
                         "describe where they are in parse.sources")
    for name in dict.fromkeys(source.name for source, _, _ in first):
        source = next(source for source, _, _ in first if source.name == name)
        told = "by its shape" if source.inferred else "from parse.sources" if name in yours else "a known source"
        unfit = ", as no entry of parse.sources is for it" if yours and name not in yours else ""
        yield f"{path}: {told}{unfit}. As an entry of parse.sources in params.yaml:"
        yield ""
        yield from _entry(source.described, path.name)
        yield ""
        left = dict.fromkeys(unread for source, _, tree in first if source.name == name and source.wanted
                             for unread in _unread(tree, source.wanted))
        if left:
            more = f" and {len(left) - UNREAD} more" if len(left) > UNREAD else ""
            yield f"not read: {', '.join(list(left)[:UNREAD])}{more}"
            yield ""
    rows = parse_file.rows(iter(first), relative, settings, records.Counts(notes=notes))
    for row in rows:
        yield from _shown(row)
    for note, count in sorted(notes.items()):
        yield f"noted: {note}: {count}"
    if not kinds.is_data(relative, own):
        yield "noted: a run passes it over by its name: rename it, to .json say, or name its ending in parse.sources"


def _relative(path: Path, own: Sequence[sources.Source]) -> str:
    """The file's path in the folder of dumps, as the user's sources name it: which folder that is, is not known.

    The first of those given is it, or lies above it.
    """
    parts = path.parts[1:] or path.parts
    tails = ["/".join(parts[-depth:]) for depth in range(1, len(parts) + 1)]
    return next((tail for tail in tails for source in own if source.named(tail)), path.name)


def _entry(described: dict[str, Any], name: str) -> list[str]:
    tree = {key: value for key, value in described.items() if value not in ([], {}, None)}
    text = yaml.safe_dump([{"file": [name], **tree}], sort_keys=False, allow_unicode=True, default_flow_style=None,
                          width=110)
    return ["    " + line for line in text.rstrip().split("\n")]


def _unread(tree: Any, read: fields.Wanted, path: str = "") -> Iterator[str]:
    """Paths to what a record says and nothing reads, as far as its reader kept it (of XML little else)."""
    if isinstance(tree, list):
        for item in tree:
            yield from _unread(item, read, path)
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if read.get(key) != {}:  # all of it
                yield from _unread(value, read.get(key, {}), fields.below(path, key))
    elif not read and tree not in (None, ""):
        yield path


def _shown(row: records.Row) -> Iterator[str]:
    yield f"{row['id']}  ({row['locator']})" + (f"  set aside: {row['dropped']}" if row["dropped"] else "")
    for key in ("title", "text", "meta"):
        text = row[key].replace("\n", " / ")
        yield f"    {key:5s} {text if len(text) <= CHARS else text[:CHARS - 3] + '...'}"
