"""The package's exceptions. Each message names the place and the remedy; `cli.run` prints it as one line.

    CybersieveError
    ├── InputError     a raw file, label file or stage output that can't be used
    ├── ParamsError    params.yaml, rules.yaml or an argument is wrong
    └── ModelError     the verifier's model can't be had, loaded or asked
"""

import re

ERRNO = re.compile(r"\[errno -?\d+\] ", re.IGNORECASE)


def disk_says(error: OSError) -> str:
    """An error of the disk, with the path once and without a number."""
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else ERRNO.sub("", str(error))


class CybersieveError(Exception):
    """Base of all errors that a user can act on."""


class ParamsError(CybersieveError):
    """A setting is wrong; the message starts with the setting's full name."""


class ModelError(CybersieveError):
    """A model or adapter is missing, damaged or does not answer."""


class InputError(CybersieveError):
    """An input file is wrong: `path`, where in it (byte offset, line, XML path), why, and what to do."""

    def __init__(self, path: object, reason: str, place: str = "", remedy: str = "") -> None:
        reason = ERRNO.sub("", reason).replace(f": {str(path)!r}", "")  # of an OSError: the path stands before it
        reason = " ".join(reason.split())  # a library's may be of several lines
        super().__init__(path, reason, place, remedy)
        self.path, self.reason, self.place, self.remedy = str(path), reason, place, remedy

    def __str__(self) -> str:
        where = f"{self.path}, {self.place}" if self.place else self.path
        return f"{where}: {self.reason}" + (f" ({self.remedy})" if self.remedy else "")
