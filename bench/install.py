"""What an installation holds: ours, and ours with the five packages that the project does without.

Packages and sizes of wheels are what uv resolves for this machine, nothing downloaded. Ours is also installed into a
new environment by pip, without its cache: seconds and size on disk. The other is not: the sizes say what it would take.
"""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from bench import common
from bench.common import PEERS, ROOT, Figures

LEFT_OUT = ["torch", "transformers", "datasets", "wandb", "tensorboard"]


def direct() -> list[str]:
    """The requirement lines of a run, without the project itself."""
    lines = (ROOT / "requirements_optimized.txt").read_text().splitlines()
    return [line.split("#")[0].strip() for line in lines if line.strip() and line[0] not in "#-"]


def measured(folder: Path, install: bool) -> Figures:
    """Both sets' packages and sizes, and our installation."""
    names = {line.split("[")[0].split(">")[0].split("=")[0].strip() for line in direct()}
    result: Figures = {"direct": len(names)}
    for name, lines in (("ours", direct()), ("with what was left out", direct() + LEFT_OUT)):
        try:
            result[name] = resolved(folder, lines)
        except (OSError, subprocess.CalledProcessError) as error:
            return result | {"missing": f"uv could not resolve {name}: {type(error).__name__}"}
    if install:
        result["installed"] = installed(folder)
    return result


def resolved(folder: Path, lines: list[str]) -> Figures:
    """Packages and the size of the wheels that this interpreter would take."""
    (folder / "wanted.in").write_text("\n".join(lines))
    target = folder / "pylock.toml"
    target.unlink(missing_ok=True)
    subprocess.run([PEERS.parent / "uv", "pip", "compile", "--quiet", "--python", sys.executable, "--format",
                    "pylock.toml", "--output-file", target, folder / "wanted.in"], check=True, capture_output=True)
    packages = tomllib.loads(target.read_text())["packages"]
    largest = sorted(((size(package), package["name"]) for package in packages), reverse=True)
    return {"packages": len(packages), "mb": round(sum(mb for mb, _ in largest)),
            "largest": [[name, round(mb)] for mb, name in largest[:3]]}


def size(package: dict[str, Any]) -> float:
    """MB of the wheel whose tags come first for this interpreter, else of the source."""
    order = {tag: i for i, tag in enumerate(sys_tags())}
    ranked = []
    for wheel in package.get("wheels", []):
        tags = parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]
        ranked += [(order[tag], wheel["size"]) for tag in tags if tag in order]
    chosen = min(ranked)[1] if ranked else package.get("sdist", {}).get("size", 0)
    return float(chosen) / 1e6


def installed(folder: Path) -> Figures:
    """A new environment by pip, its cache not used: seconds (the network's share is in them), MB on disk."""
    target = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", target], check=True)
    (folder / "ours.in").write_text("\n".join(direct()))
    run = common.watched([target / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-cache-dir",
                          "--disable-pip-version-check", "-r", folder / "ours.in", "-c", ROOT / "constraints.txt"])
    on_disk = sum(path.stat().st_size for path in target.rglob("*") if path.is_file() and not path.is_symlink())
    return {"seconds": run.seconds, "mb_on_disk": round(on_disk / 1e6)}
