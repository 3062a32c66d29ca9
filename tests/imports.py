"""Which of the project's modules a script needs, found by reading its imports. DVC does not see them."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def direct(path: Path) -> set[Path]:
    """The package's modules that one file names in an import, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    files = {ROOT / (name.replace(".", "/") + ".py") for name in names if name.startswith("cybersieve.")}
    return {file for file in files if file.exists()}


def closure(path: Path) -> set[str]:
    """All modules that a script needs, directly or not, as paths relative to the project."""
    found: set[Path] = set()
    todo = {path}
    while todo:
        found |= todo
        todo = set().union(*map(direct, todo)) - found
    return {file.relative_to(ROOT).as_posix() for file in found - {path}}
