"""What a run can be repeated from: the commit, the data's hash, and the commands in order."""

import subprocess
from pathlib import Path

import yaml

SAMPLE = "775b0c3af412deee89e2767ac8caf805.dir"  # DVC's md5 of what prepare_corpus.py puts into raw_data
# what decides a run
OURS = ("params.yaml", "rules.yaml", "own_rules.yaml", "dvc.yaml", "labels", "stages", "cybersieve", "models")


def _git(*arguments: str) -> str | None:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def commands(run: str | None = None, name_commit: bool = True) -> list[str]:
    """Shell lines that repeat a run in this checkout: `dvc repro`, or the command `run`. Without git no commit.

    What DVC tracks must not name the commit: the commit holds dvc.lock, and dvc.lock that output's hash.
    """
    lines = []
    commit = _git("rev-parse", "HEAD") if name_commit else None
    if commit:
        lines.append(f"git checkout {commit}")
        changed = [name for name in OURS if _git("status", "--porcelain", "--", name)]
        if changed:
            lines.append(f"# and the changes of this checkout that are not committed: {', '.join(changed)}")
    lines.append("pip install -r requirements_optimized.txt -c constraints.txt")
    if run is not None:
        return [*lines, run]
    return [*lines, *_raw_data(), "python stages/prepare_model.py --output models/model.json", "dvc repro"]


def _raw_data() -> list[str]:
    """How to come by the run's dumps."""
    if not Path("raw_data.dvc").exists():
        return ["# raw_data/: your dumps, as they were"]
    md5 = yaml.safe_load(Path("raw_data.dvc").read_text(encoding="utf-8"))["outs"][0].get("md5")
    if md5 == SAMPLE:
        return [f"# raw_data/ must have DVC's md5 {md5}; the sample corpus has:", "python stages/prepare_corpus.py"]
    return [f"# raw_data/: your dumps with DVC's md5 {md5}, from where you keep them or, with a DVC remote, by:",
            "dvc pull raw_data"]
