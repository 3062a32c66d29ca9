"""Folders of many small files (the CVE list, GitHub's advisories, nuclei's templates), each read as one source.

Every source has a file of its own in each stage's folder. That costs some milliseconds a stage, and DVC as much, where
a short record costs a fraction of one.
"""

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from cybersieve.pieces import Piece

SMALL = 1_000_000  # bytes; larger files are sources of their own, which can be cut into pieces
HERE = "files"  # the source of those that lie in no folder
PIECE = 1000  # files, on average


def sources(folder: Path, names: Iterable[str], many: int) -> dict[str, list[str]]:
    """The files that each source is read from: itself, or the small ones in and below a folder of the input folder.

    `names` are paths in `folder`, sorted; a folder is a source if it has more than `many` small files.
    """
    within: dict[str, list[str]] = defaultdict(list)
    for name in names:
        within[name.partition("/")[0] if "/" in name else ""].append(name)
    result: dict[str, list[str]] = {}
    for top, files in within.items():
        small = [name for name in files if _size(folder / name) <= SMALL] if len(files) > many else []
        if len(small) <= many:
            small = []
        result |= {name: [name] for name in set(files).difference(small)}
        if small:
            result[top or _unlike({*within, *files})] = small
    return dict(sorted(result.items()))


def _unlike(taken: Collection[str]) -> str:
    """A name for the source of the files in no folder."""
    name = HERE
    while name in taken:
        name += "_"
    return name


def _size(path: Path) -> int:
    """Of what can't be looked at: more than small. To be reported by itself."""
    try:
        return path.stat().st_size
    except OSError:
        return SMALL + 1


def pieces(folder: Path, source: str, files: list[str]) -> list[Piece]:
    """The source in pieces, each a task and an entry in the cache of parsed files.

    They are cut before names with a certain checksum, so that a file more or less changes one piece only.
    """
    parts: list[list[str]] = [[]]
    for name in files:
        if parts[-1] and zlib.crc32(name.encode()) % PIECE == 0:
            parts.append([])
        parts[-1].append(name)
    return [Piece(source, number=number, last=number == len(parts) - 1, files=tuple(part)).noted(folder)
            for number, part in enumerate(parts)]
