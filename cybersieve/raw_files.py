"""The files of a folder of raw dumps: which are data, which are passed over and why, which can't be read."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from cybersieve import kinds, records
from cybersieve.errors import InputError
from cybersieve.sources import Source

MAX_NAME = 230  # bytes of a file's name: those that stand behind it in the output fit in the usual 255


def listed(folder: Path, own: Sequence[Source] = ()) -> tuple[list[str], dict[str, str]]:
    """Relative paths of the data files in the folder, sorted, and why the others are passed over.

    What a Mac leaves in folders is in neither. Links to folders are not followed, links to files only where they stay
    in the folder. Hidden folders are not looked into: that of a clone's history holds many files. What the user's
    `own` sources name may be data, too (kinds.is_data).
    """
    if not folder.is_dir():
        raise InputError(folder, "is not a folder", remedy="name the folder of raw dumps")
    names: list[str] = []
    skipped, top = {}, folder.resolve()

    def unread(error: OSError) -> None:
        names.append(os.path.relpath(error.filename, folder))  # for unusable() to complain about
    for place, folders, found in os.walk(folder, onerror=unread):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        hidden = [name for name in folders if name.startswith(kinds.HIDDEN) and name not in links]
        folders[:] = [name for name in folders if name not in hidden]
        for base in sorted(name for name in [*found, *links, *hidden] if not name.startswith(records.LITTER)):
            path = Path(place) / base
            name = path.relative_to(folder).as_posix()
            if reason := ("not data" if base in hidden else _not_data(path, name, top, own)):
                skipped[name] = reason
            else:
                names.append(name)
    return sorted(names), skipped


def unusable(path: Path, name: str) -> InputError | None:
    """Why a file can't be read, or no output be written for it, before any work; None where it can."""
    try:
        name.encode()
        with path.open("rb"):
            pass
    except UnicodeEncodeError:
        return InputError(shown(str(path)), "a name that is not UTF-8", remedy="rename it")
    except OSError as error:
        return InputError(path, f"can't be read: {error.strerror}", remedy="permit it, or take it out of the folder")
    if len(path.name.encode()) > MAX_NAME:
        return InputError(path, f"a name of more than {MAX_NAME} bytes", remedy="rename it")
    return None


def in_the_way(folder: Path, names: list[str]) -> dict[str, InputError]:
    """Files whose output would have the name of another's folder."""
    folders = {str(above) for name in names for above in PurePosixPath(name).parents}
    return {name: InputError(folder / name, f"its output would take the place of the folder {name}.parquet",
                             remedy="rename one of the two") for name in names if f"{name}.parquet" in folders}


def shown(name: str) -> str:
    """A name that can be written as text, whatever bytes it has."""
    return name.encode("utf-8", "backslashreplace").decode()


def _not_data(path: Path, name: str, top: Path, own: Sequence[Source]) -> str:
    """Why a file is passed over; empty where it is to be parsed."""
    if os.path.islink(path) and top not in Path(os.path.realpath(path)).parents:  # resolve() raises where links loop
        return "a link out of the folder"
    if os.path.isdir(path):
        return "a link to a folder"
    if not os.path.isfile(path):
        return "no regular file" if os.path.lexists(path) else ""  # "": its folder keeps it from being looked at
    if not kinds.is_data(name, own):
        return "not data"
    return "" if path.stat().st_size else "empty file"


def size_mb(folder: Path, own: Sequence[Source] = ()) -> float:
    """Size of the folder's data files, as they are packed, in MB (10^6 bytes)."""
    paths = map(folder.joinpath, listed(folder, own)[0])  # one by one: there may be hundreds of thousands
    return round(sum(path.stat().st_size for path in paths if os.path.isfile(path)) / 1e6, 3)
