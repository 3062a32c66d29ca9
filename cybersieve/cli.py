"""What every script does before and after its work: arguments, errors as one line, progress on a terminal."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import NoReturn, TypeVar

from cybersieve.errors import CybersieveError, InputError, disk_says

T = TypeVar("T")
_ended_by: int = signal.SIGINT

PATHS = {
    "input-dir": "folder to read",
    "output-dir": "folder to write; replaced as a whole when the stage ends well",
    "parsed-dir": "records as parse wrote them",
    "unique-dir": "what dedup found: canonical records and their duplicates",
    "scored-dir": "rule hits and confidence as score wrote them",
    "verdicts-dir": "verdicts as verify wrote them",
    "rejected-dir": "folder for what was not kept, with reasons; replaced as a whole",
    "counts-dir": "folder of the stages' counts (JSON)",
    "labels": "folder of label files (CSV: file,id,label)",
    "thresholds": "thresholds.json as calibrate wrote it",
}

FILES = {
    "params": "settings (default params.yaml)",
    "counts": "where to write the stage's counts (JSON)",
    "performance": "where to write seconds and memory (JSON)",
}

ROOM, PLACE = " (make room on the disk)", " (see who may write there, or name another place)"
REMEDIES = {errno.ENOENT: " (correct the path, or run the stage before)", errno.ENOSPC: ROOM, errno.EDQUOT: ROOM,
            errno.EACCES: PLACE, errno.EROFS: PLACE}


def local(text: str) -> Path:
    """A path, where a URL would be taken for one."""
    if "://" in text:
        raise argparse.ArgumentTypeError("URLs are for the folders of parse, export and `cybersieve filter`")
    return Path(text)


def label_folder(text: str) -> Path:
    """A folder of labels that somebody names. Raises InputError where there is none: it would pass for one without any.

    The default `labels` is not looked at: a corpus may have no labels yet.
    """
    path = local(text)
    if not path.is_dir():
        raise InputError(path, "is a file" if path.is_file() else "is no folder",
                         remedy="name the folder that holds label files")
    return path


def parser(doc: str | None, *paths: str, kind: Callable[[str], object] = local,
           required: bool = True) -> argparse.ArgumentParser:
    """An argument parser with the module's docstring as help; each of `paths` is a `--NAME PATH`, `required` or not.

    `kind` makes a path of an argument (remote.place: or a URL). Those of `paths` that are FILES may be left out.
    """
    lines = (doc or "").strip()
    result = argparse.ArgumentParser(description=lines, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)  # or --counts would pass for --counts-dir
    result.register("type", Path, local)
    for name in paths:
        if name in FILES:
            usual = Path("params.yaml") if name == "params" else None
            result.add_argument(f"--{name}", type=Path, default=usual, metavar="FILE", help=FILES[name])
        else:
            wanted = label_folder if name == "labels" else kind
            result.add_argument(f"--{name}", type=wanted, required=required, metavar="PATH", help=PATHS[name])
    return result


def command(name: str, doc: str | None) -> argparse.ArgumentParser:
    """The parser of `cybersieve NAME`, with a docstring as help."""
    result = argparse.ArgumentParser(prog=f"cybersieve {name}", description=(doc or "").strip(),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    result.register("type", Path, local)
    return result


def arguments(doc: str | None, *paths: str) -> argparse.Namespace:
    return parser(doc, *paths).parse_args()


def run(main: Callable[[], None]) -> None:
    """Run a script: the package's and the disk's errors become one line and exit code 1, Ctrl-C a line and 130.

    What else asks a program to end (kill, a closed terminal, a scheduler) ends it as Ctrl-C does, with a code of its
    own; what the caller had told it to ignore (nohup) stays ignored.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _asked_to_end)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a locale without a sign that is shown is no error
    try:
        main()
    except CybersieveError as error:
        sys.exit(f"{name()}: {printable(str(error))}")
    except BrokenPipeError:  # `… | head` is no error; without this Python prints a traceback at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:  # a full disk, a folder that may not be written to, a file that vanished
        sys.exit(f"{name()}: {printable(' '.join(disk_says(error).split()))}; nothing half-written is kept" +
                 REMEDIES.get(error.errno or 0, ""))
    except MemoryError:
        sys.exit(f"{name()}: out of memory; nothing half-written is kept (close other programs)")
    except KeyboardInterrupt as stop:
        interrupted(*stop.args)


def _asked_to_end(number: int, _: object) -> NoReturn:
    global _ended_by
    _ended_by = number
    signal.signal(number, signal.SIG_IGN)  # a closed terminal asks twice, which would cut the cleaning up short
    raise KeyboardInterrupt


def name() -> str:
    """What was called: the script, or `cybersieve` where it was `python -m cybersieve`."""
    return Path(sys.argv[0]).name.replace("__main__.py", "cybersieve")


def interrupted(kept: str = "nothing half-written is kept") -> NoReturn:
    """Leave after Ctrl-C as shells expect it, at once: no thread or worker is waited for."""
    with suppress(OSError):  # the terminal itself was closed
        print(f"{name()}: interrupted; {kept}", file=sys.stderr, flush=True)
    os._exit(128 + _ended_by)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Ctrl-C before `run`, while modules are imported, is no bug to be traced either; of workers the parent tells."""
    if issubclass(kind, KeyboardInterrupt):
        from multiprocessing import parent_process

        if parent_process():
            os._exit(130)
        interrupted()
    _former(kind, error, trace)


_former, sys.excepthook = sys.excepthook, _uncaught
# Where it is closed, print would write to stdout instead, and libraries into the file that is opened next.
sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


def progress(
    items: Iterable[T], title: str, total: float | None = None, size: Callable[[T], float] | None = None
) -> Iterator[T]:
    """Pass `items` through with a progress bar on stderr; silent where stderr is no terminal.

    `size` gives an item's share of `total` (default: 1 each).
    """
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        for item in items:
            yield item
            bar.advance(task, size(item) if size else 1)


def warn(message: str) -> None:
    """One line on stderr; for what a user should know though the run goes on."""
    print(f"warning: {printable(message)}", file=sys.stderr)


def printable(message: str) -> str:
    """The message with what would steer a terminal, or turn text around, spelt out: names of files may hold it."""
    return message if message.isprintable() else "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode() for char in message)
