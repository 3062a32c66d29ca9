"""What parse recognises in one file, as an entry for `parse.sources` that a user can correct, and its first records."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from cybersieve import parse, records, sources
from cybersieve.errors import InputError
from cybersieve.params import Parse

RECORDS, CHARS = 3, 300  # shown


def lines(path: Path, settings: Parse) -> Iterator[str]:
    """The explanation, line by line. Raises InputError where the file can't be read, is broken, or has no record."""
    if not path.is_file():
        raise InputError(path, "is no file", remedy="name one raw file")
    notes: Counter[str] = Counter()
    first = list(islice(parse.found(path, path.name, settings, notes), RECORDS))
    if not first:
        raise InputError(path, "no record found", remedy="describe where they are in parse.sources")
    yours = {source.name for source in sources.users(settings.sources)}
    for name in dict.fromkeys(source.name for source, _, _ in first):
        source = next(source for source, _, _ in first if source.name == name)
        told = "by its shape" if source.inferred else "from parse.sources" if name in yours else "a known source"
        yield f"{path}: {told}. As an entry of parse.sources in params.yaml:"
        yield ""
        yield from _entry(source.described, path.name)
        yield ""
    rows = parse.rows(iter(first), path.name, settings, records.Counts(notes=notes))
    for row in rows:
        yield from _shown(row)
    for note, count in sorted(notes.items()):
        yield f"noted: {note}: {count}"


def _entry(described: dict[str, Any], name: str) -> list[str]:
    tree = {key: value for key, value in described.items() if value not in ([], {}, None)}
    text = yaml.safe_dump([{"file": [name], **tree}], sort_keys=False, allow_unicode=True, default_flow_style=None,
                          width=110)
    return ["    " + line for line in text.rstrip().split("\n")]


def _shown(row: records.Row) -> Iterator[str]:
    yield f"{row['id']}  ({row['locator']})" + (f"  set aside: {row['dropped']}" if row["dropped"] else "")
    for key in ("title", "text", "meta"):
        text = row[key].replace("\n", " / ")
        yield f"    {key:5s} {text if len(text) <= CHARS else text[:CHARS - 3] + '...'}"
