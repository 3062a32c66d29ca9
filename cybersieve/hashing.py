"""The hash that the project knows files by."""

import hashlib
from pathlib import Path


def of_file(path: Path) -> str:
    """A file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
