"""Folders of many small dumps as one row of a report: a repository of advisories may have 300,000 files."""

from collections.abc import Iterable

MANY = 200  # rows of a folder; with more, what lies in it is told together


def rows(sources: Iterable[str], many: int = MANY) -> dict[str, str]:
    """For each dump's path the row that tells of it: the path, or a folder that it lies in (with a slash at its end).

    From the deepest folder up: where one has more than `many` rows, each of the folders in it becomes one row, and
    where that is not enough it becomes one itself (`./`: the input folder).
    """
    paths = {source: source.split("/") for source in sources}
    row = {source: source for source in paths}
    for depth in range(max(map(len, paths.values()), default=0) - 1, -1, -1):
        for level in (depth + 1, depth):
            inside: dict[str, set[str]] = {}
            for source, path in paths.items():
                if len(path) > depth:
                    inside.setdefault("/".join(path[:depth]), set()).add(row[source])
            crowded = {folder for folder, found in inside.items() if len(found) > many}
            for source, path in paths.items() if crowded else ():
                if len(path) > level and "/".join(path[:depth]) in crowded:
                    row[source] = f"{'/'.join(path[:level]) or '.'}/"
    return row
