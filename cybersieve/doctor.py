"""What this machine has for a run, and a remedy for each fault.

    python -m cybersieve doctor
    python -m cybersieve doctor --params params.yaml && dvc repro     # exit code 1 where a run would fail

Looks, and changes nothing: no model is downloaded, no stage run. A note (!) costs speed or waits for the first run; a
fault (✗) stops a run or makes it many times slower. Takes some seconds: matrix products are timed, DVC is asked.
"""

import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from cybersieve import blas, cache, claims, cli, endpoint, machine, model, params, ray_engine, rules
from cybersieve.errors import CybersieveError

ROOT = Path(__file__).resolve().parent.parent  # the project, where the requirements files are
INSTALL = "pip install -r requirements_optimized.txt -c constraints.txt"
SLOW = 3.0  # times the reference's speed; OpenBLAS has some 50, so less means that it isn't in use
SPARE = 5e9  # bytes of disk; below it a note
GB = 1e9


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    name: str
    found: str
    remedy: str = ""
    fault: bool = False  # with a remedy and no fault: a note

    @property
    def mark(self) -> str:
        return "✗" if self.fault else "!" if self.remedy else "✓"


def findings(settings_file: Path) -> Iterator[Finding]:
    """Everything that was looked at, in the order in which a run needs it."""
    yield from packages(ROOT / "requirements_optimized.txt", ROOT / "constraints.txt")
    yield readers()
    device = yield from mlx()
    sound = False
    try:
        settings = params.load(settings_file)
        book = rules.load(settings.score.rules, settings.score.extra_rules)
    except CybersieveError as error:
        yield Finding("settings", str(error), "mend it: the message names the place", fault=True)
    else:
        sound = True
        yield Finding("settings", f"{settings_file}, {len(book.ids)} rules")
        yield from model_and_memory(settings.verify, device)
        yield where_work_runs(settings)
    yield from caches()
    yield from dvc(Path.cwd(), sound)


def packages(requirements: Path, constraints: Path) -> Iterator[Finding]:
    """Python and the direct requirements: there and in range, and as they were tested."""
    if not requirements.is_file():
        yield Finding("packages", f"no {requirements.name} beside the package: not looked at")
        return
    wrong, other = [], []
    tested = dict(re.findall(r"^([\w.-]+)==(\S+)", constraints.read_text(), re.M)) if constraints.is_file() else {}
    tested = {_plain(name): version for name, version in tested.items()}
    wanted = [Requirement(line.partition(" #")[0]) for line in requirements.read_text().splitlines()
              if line and line[0] not in "#-"]
    wanted = [one for one in wanted if one.marker is None or one.marker.evaluate()]
    for one in wanted:
        try:
            version = importlib.metadata.version(one.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{one.name} is missing")
            continue
        if not one.specifier.contains(version, prereleases=True):
            wrong.append(f"{one.name} is {version}, wanted {one.specifier}")
        elif version != tested.get(_plain(one.name), version):
            other.append(f"{one.name} {version} (tested: {tested[_plain(one.name)]})")
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {len(wanted)} packages"
    if wrong:
        yield Finding("packages", f"{found}: {'; '.join(wrong)}", INSTALL, fault=True)
    elif other:
        yield Finding("packages", f"{found}, other versions than tested: {', '.join(other)}",
                      f"where one gives trouble: {INSTALL}")
    else:
        yield Finding("packages", f"{found}, all as tested")


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def readers() -> Finding:
    """Whether JSON is read by ijson's C library; where that is missing Python takes its place without a word."""
    import ijson

    if ijson.backend_name == "python":
        return Finding("JSON reader", "ijson in pure Python, many times slower",
                       "pip install --force-reinstall ijson: its wheels carry the C library", fault=True)
    return Finding("JSON reader", f"ijson with {ijson.backend_name}")


def mlx() -> Generator[Finding, None, dict[str, Any]]:
    """MLX's backend, on a CPU the BLAS under it with its speed beside the bundled reference's; returns the device."""
    try:
        device = blas.product("device")
    except CybersieveError as error:
        yield Finding("MLX", f"can't be used: {error}", INSTALL, fault=True)
        return {}
    version = importlib.metadata.version("mlx")
    if device["device"] == "gpu":
        yield Finding("MLX", f"{version} on {'Metal' if sys.platform == 'darwin' else 'CUDA'}")
        return device
    gpu = {"darwin": "no Metal", "linux": "an NVIDIA GPU, unused" if Path("/dev/nvidiactl").exists() else ""}
    idle = gpu.get(sys.platform, "")
    remedy = {"darwin": "arm64 Python on macOS 14 or newer gives Metal",
              "linux": 'pip install "mlx-lm[cuda13]"'}[sys.platform] if idle else ""
    yield Finding("MLX", f"{version} on {machine.cores()} CPU cores{idle and f', {idle}'}", remedy)
    if sys.platform == "linux":
        yield blas_speed(blas.product("plain"), blas.product("fast"))
    return device


def blas_speed(plain: dict[str, Any], fast: dict[str, Any]) -> Finding:
    """What two timed products say."""
    found = f"{fast['gflops']:.0f} GFLOP/s, {fast['gflops'] / plain['gflops']:.1f} x the bundled reference"
    if fast["library"] is None:
        return Finding("BLAS", f"no OpenBLAS: {found}", blas.REMEDY, fault=True)
    slow = fast["gflops"] < SLOW * plain["gflops"]
    return Finding("BLAS", f"{fast['library']}: {found}", slow and "look again when nothing else runs on the machine; "
                   "if it stays so: python -m cybersieve cache info, and delete its folder blas" or "")


def model_and_memory(settings: params.Verify, device: dict[str, Any]) -> Iterator[Finding]:
    """The model that verify would ask, its adapter, and whether the weights fit into memory, or into the GPU's."""
    if settings.backend == "openai":
        try:
            found = endpoint.Found(settings)
            yield Finding("endpoints", f"{settings.model} at {', '.join(settings.endpoints)}: {found.card()['id']}")
        except CybersieveError as error:
            yield Finding("endpoints", str(error), "start the servers, or correct verify.endpoints", fault=True)
        return
    folder, finding = local_model(settings)
    yield finding
    try:
        adapter = model.adapter_of(settings)
    except CybersieveError as error:
        yield Finding("adapter", str(error), "correct verify.adapter", fault=True)
    else:
        yield Finding("adapter", str(adapter)) if adapter else Finding(
            "adapter", f"none for {settings.model}: small models guess without one",
            "python -m cybersieve adapt (docs/adapter.md)" if settings.adapter else "")
    if folder and device.get("device") == "gpu":
        yield gpu_memory(model.weights_size(folder, on_cpu=False), device["memory"])
    elif folder:
        yield memory(model.weights_size(folder), *machine.memory())


def local_model(settings: params.Verify) -> tuple[Path | None, Finding]:
    """The model's folder if it is here and whole; nothing is downloaded."""
    prepare = "python stages/prepare_model.py --output models/model.json"
    if settings.model == model.DEFAULT:
        folder = model.default_folder()
        if model.whole(folder):
            return folder, Finding("model", f"{settings.model} in {folder}")
        if folder.exists():
            return None, Finding("model", f"{folder} is damaged", prepare, fault=True)
        return None, Finding("model", f"{settings.model}: not prepared yet", f"{prepare} (or the first run)")
    path = Path(settings.model).expanduser()
    if path.is_file():
        return None, Finding("model", f"{path}, to be converted", prepare)
    if path.is_dir():
        if (path / "config.json").exists() and list(path.glob(model.WEIGHTS)):
            return path, Finding("model", str(path))
        return None, Finding("model", f"{path} holds no MLX model", "correct verify.model", fault=True)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(settings.model, revision=settings.revision, local_files_only=True))
        return folder, Finding("model", f"{settings.model} in {folder}")
    except (LocalEntryNotFoundError, HfHubHTTPError):
        return None, Finding("model", f"{settings.model}: not in the hub's cache", f"{prepare} (needs the network)")
    except HFValidationError:
        return None, Finding("model", f"{settings.model}: no folder, no hub id", "correct verify.model", fault=True)


def memory(weights: float, total: float, available: float) -> Finding:
    found = f"{available / GB:.1f} of {total / GB:.1f} GB free, the model's weights take {weights / GB:.1f} as float32"
    if weights > 0.7 * available:  # the rest: a batch's activations, and the other programs
        return Finding("memory", found, "a smaller model, or verify.backend: openai (docs/server.md)", fault=True)
    return Finding("memory", found)


def gpu_memory(weights: float, most: float | None) -> Finding:
    """`most`: what programs may take of it, as mlx says; of a Mac's memory some three quarters."""
    found = f"the model's weights take {weights / GB:.1f} GB as they are"
    if most is None:
        return Finding("memory", found)
    found = f"{most / GB:.1f} GB for the GPU, {found}"
    if weights > 0.9 * most:  # where mlx-lm warns, too
        return Finding("memory", found, "a smaller model, or verify.backend: openai (docs/server.md)", fault=True)
    return Finding("memory", found)


def where_work_runs(settings: params.Params) -> Finding:
    """The engine of parse, dedup, score and export; a cluster is only knocked at."""
    if settings.engine == "local":
        return Finding("engine", f"local, {machine.cores()} cores")
    if importlib.util.find_spec("ray") is None:
        return Finding("engine", "ray is not installed", "pip install -r requirements_cluster.txt", fault=True)
    address = os.environ.get("RAY_ADDRESS", "")
    try:
        ray_engine.reach(address)
    except OSError as error:
        return Finding("engine", f"no Ray cluster at RAY_ADDRESS={address}: {error}",
                       "ray start --head --port 6379 there", fault=True)
    return Finding("engine", f"ray at {address or 'this machine'}", "" if address else
                   "export RAY_ADDRESS=HEAD:6379 (docs/scale.md), or engine: local")


def caches() -> Iterator[Finding]:
    """The per-user cache: can it be written, are the answers whole, is there room."""
    folder = cache.folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    answers = folder / cache.NAME
    closed = there if there.is_file() else _closed(there, answers, folder / claims.NAME)
    if closed:
        yield Finding("cache", f"{closed} can't be written", "see who may write it, or name another folder in "
                      "CYBERSIEVE_CACHE", fault=True)
        return
    free, known = shutil.disk_usage(there).free, "no answers yet"
    damaged = len(list(folder.glob(cache.NAME + ".damaged-*")))
    try:
        if answers.exists():
            known = f"{cache.count(answers)} answers"
    except (OSError, sqlite3.Error, cache.Damaged) as error:
        locked = isinstance(error, OSError | sqlite3.OperationalError)
        yield Finding("cache", f"{answers}: {error}", "see who may write it, or name another folder in CYBERSIEVE_CACHE"
                      if locked else "the next run sets it aside and asks anew; or restore a copy", fault=True)
        return
    remedy = f"{damaged} damaged files: python -m cybersieve cache prune --days 365" if damaged else ""
    remedy = "make room: less than 5 GB of disk are free" if free < SPARE else remedy
    yield Finding("cache", f"{folder}: {known}, {free / GB:.0f} GB of disk free", remedy)


def _closed(*paths: Path) -> Path | None:
    """The first of them that is there and can't be written."""
    return next((path for path in paths if path.exists() and not os.access(
        path, os.W_OK | os.X_OK if path.is_dir() else os.W_OK)), None)


def dvc(folder: Path, sound: bool = True) -> Iterator[Finding]:
    """Whether DVC tracks this folder, the raw data is there, and what a `dvc repro` would run.

    `sound`: the settings, which dvc.yaml takes names of files from.
    """
    if importlib.util.find_spec("dvc") is None:
        yield Finding("DVC", "not installed", INSTALL, fault=True)
        return
    version = importlib.metadata.version("dvc")
    if not (folder / ".dvc").is_dir():
        yield Finding("DVC", f"{version}; {folder} is no DVC project",
                      "cd to the checkout, or git init && dvc init; `cybersieve filter` works without")
        return
    if closed := _closed(folder, folder / ".dvc", folder / ".dvc" / "tmp", folder / "data"):
        yield Finding("DVC", f"{version}; {closed} can't be written", "see who may write there", fault=True)
        return
    if not (folder / "raw_data").exists():
        yield Finding("raw data", "raw_data/ is not there", "python stages/prepare_corpus.py, or dvc pull, or dumps of "
                      "your own: README.md", fault=True)
        return
    done = subprocess.run([sys.executable, "-m", "dvc", "status", "--json"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = " ".join(done.stderr.split())
        busy = "acquire lock" in said
        remedy = "another dvc command is running: wait for it" if busy else \
            "git init, or dvc config --local core.no_scm true (then without experiments and diffs)" \
            if "not a git repository" in said else \
            "mend what it names (of a file: git checkout FILE); dvc status tells more"
        yield Finding("DVC", f"{version}: {said[:200]}", remedy if sound else
                      "mend the settings first: DVC reads them, too", fault=sound and not busy)
        return
    told = json.loads(done.stdout or "{}")
    if gone := _deleted(told):
        yield Finding("DVC", f"{version}; not there, though dvc.yaml wants it: {', '.join(sorted(gone))}",
                      f"git checkout {' '.join(sorted(gone))}, or take it out of dvc.yaml", fault=True)
        return
    changed = list(told)
    yield Finding("DVC", f"{version}; {'changed: ' + ', '.join(changed) if changed else 'everything is up to date'}",
                  "dvc repro" if changed else "")


def _deleted(told: dict[str, Any]) -> set[str]:
    """What `dvc status` misses of stages' deps and no stage makes: `dvc repro` would end there."""
    parts = [part for stage in told.values() for part in stage if isinstance(part, dict)]
    gone = {path for part in parts for path, state in part.get("changed deps", {}).items() if state == "deleted"}
    return gone - {path for part in parts for path in part.get("changed outs", {})}


def main(arguments: list[str]) -> None:
    parser = cli.command("doctor", __doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="FILE", help="settings")
    found = list(findings(parser.parse_args(arguments).params))
    show(found)
    faults = sum(one.fault for one in found)
    if faults:
        raise CybersieveError(f"{faults} fault{'s' if faults > 1 else ''}, marked ✗ above")


def show(found: list[Finding]) -> None:
    """The table; remedies under what they are for."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    colours = {"✓": "green", "!": "yellow", "✗": "red"}
    for one in found:
        table.add_row(Text(one.mark, style=colours[one.mark]), Text(one.name, style="bold"),
                      Text(one.found, overflow="fold"))
        if one.remedy:
            table.add_row("", "", Text(f"→ {one.remedy}", style=colours[one.mark], overflow="fold"))
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(table)
