"""The per-user cache folder: prepared models, the BLAS copy and the verifier's answers. All of it can be deleted."""

import os
import sys
from pathlib import Path


def folder() -> Path:
    """`CYBERSIEVE_CACHE`, or the platform's folder for caches with `cybersieve` under it. May not exist yet."""
    chosen = os.environ.get("CYBERSIEVE_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "cybersieve"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cybersieve"
