"""Which of the project's files a script needs, found by reading its imports. DVC does not see them."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def direct(path: Path) -> set[Path]:
    """The package's modules that one file names in an import, and its data files that it names in a string."""
    if path.suffix != ".py":
        return set()
    names, files = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and str(node.value).endswith((".yaml", ".css", ".js")):
            files.add(ROOT / "cybersieve" / str(node.value))
    files |= {ROOT / (name.replace(".", "/") + ".py") for name in names if name.startswith("cybersieve.")}
    return {file for file in files if file.is_file()}


def closure(path: Path) -> set[str]:
    """All modules and data files that a script needs, directly or not, as paths relative to the project."""
    found: set[Path] = set()
    todo = {path}
    while todo:
        found |= todo
        todo = set().union(*map(direct, todo)) - found
    return {file.relative_to(ROOT).as_posix() for file in found - {path}}


def with_deps(text: str) -> str:
    """dvc.yaml's text with every stage's deps in cybersieve/ and stages/ replaced by what its script needs."""
    lines: list[str] = []
    script, inside = "", False
    for line in text.splitlines():
        words = line.split()
        if "python" in words and words[words.index("python") + 1].startswith("stages/"):
            script = words[words.index("python") + 1]
        if inside and not line.startswith("      - "):
            inside = False
            lines += [f"      - {name}" for name in [script, *sorted(closure(ROOT / script))]]
        if not (inside and line.split()[-1].startswith(("cybersieve/", "stages/"))):
            lines.append(line)
        inside = inside or line == "    deps:"
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    pipeline = ROOT / "dvc.yaml"
    pipeline.write_text(with_deps(pipeline.read_text()))
