"""How much sooner one large file is parsed on all cores than on one: docs/scale.md's table of what is cut into pieces.

    python bench/pieces.py --measure --docs docs/scale.md [--mb 760 --repeats 2]
    python bench/pieces.py --docs docs/scale.md           # the table from bench/pieces.json, no measurement

The files are the records of the corpus' galaxies again and again, with other ids, in every format. Each is parsed on
one core and on all of them in turns; the least of the runs counts, by the clock, start and end of Python among it. On
a machine that does other things as well both are longer, and the quotient says less: the CPU seconds stand beside them.
Ends with one JSON line.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import orjson

from cybersieve import cli, machine, params, pieces, records

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"<!-- pieces: .*?<!-- /pieces -->", re.S)
FORMATS = {  # file name: what it is
    "lines.jsonl": "JSON Lines", "row.json": "JSON documents in a row, over several lines",
    "array.json": "one array of records, alone or under a key", "items.xml": "XML, records in one element",
    "members.zip": "members of a zip",
}
BATCH = 50  # records of a zip's member


def copies(raw: Path, mb: float) -> Iterator[dict[str, Any]]:
    """The galaxies' records, again and again with other ids, until they are so many MB of JSON."""
    trees = [tree for path in sorted(raw.rglob("*.json")) for tree in _galaxy(path)]
    left, number = mb * 1e6, 0
    while trees and left > 0:
        for tree in trees:
            again = {**tree, "value": f"{tree.get('value')} {number}", "uuid": f"{tree.get('uuid')}-{number}"}
            left -= len(orjson.dumps(again))
            yield again
        number += 1


def _galaxy(path: Path) -> list[dict[str, Any]]:
    tree = orjson.loads(path.read_bytes())
    values = tree.get("values") if isinstance(tree, dict) else None
    return values if isinstance(values, list) else []


def write(path: Path, trees: Iterator[dict[str, Any]]) -> None:
    """One large file; its name says in which format."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            batch = []
            for number, tree in enumerate(trees, 1):
                batch.append(tree)
                if number % BATCH == 0:
                    archive.writestr(f"{number}.json", orjson.dumps({"values": batch}))
                    batch = []
        return
    if path.suffix == ".xml":
        with path.open("w", encoding="utf-8") as feed:
            feed.write("<rss><channel>\n")
            for tree in trees:
                words = {"guid": tree["uuid"], "title": tree["value"], "description": tree.get("description") or "",
                         "meta": orjson.dumps(tree.get("meta")).decode()}
                feed.write(f"<item>{''.join(f'<{key}>{escape(text)}</{key}>' for key, text in words.items())}</item>\n")
            feed.write("</channel></rss>\n")
        return
    option, between, around = {
        "lines.jsonl": (None, b"\n", (b"", b"\n")), "row.json": (orjson.OPT_INDENT_2, b"\n", (b"", b"\n")),
        "array.json": (orjson.OPT_INDENT_2, b",\n", (b'{"name": "galaxies", "values": [', b"]}"))}[path.name]
    with path.open("wb") as file:
        file.write(around[0])
        for number, tree in enumerate(trees):
            file.write((between if number else b"") + orjson.dumps(tree, option=option))
        file.write(around[1])


def run(folder: Path, cores: set[int]) -> tuple[float, float]:
    """Seconds by the clock and of the processors for parsing the folder on these cores."""
    env = os.environ | {"CYBERSIEVE_PARSE_CACHE": "off"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "stages/parse.py", "--input-dir", str(folder / "raw"), "--output-dir",
                    str(folder / "out")], cwd=ROOT, env=env, check=True,
                   preexec_fn=lambda: os.sched_setaffinity(0, cores))
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(raw: Path, mb: float, repeats: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    settings, cores = params.load(ROOT / "params.yaml").parse, os.sched_getaffinity(0)
    for name in FORMATS:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "raw").mkdir()
            write(folder / "raw" / name, copies(raw, mb))
            runs = [(run(folder, {min(cores)}), run(folder, cores)) for _ in range(repeats)]
            one, all_ = (tuple(min(run[which][what] for run in runs) for what in (0, 1)) for which in (0, 1))
            print(f"{name}: {one[0]:.1f} s on one core, {all_[0]:.1f} s on all", file=sys.stderr)
            found[name] = {"mb": round((folder / "raw" / name).stat().st_size / 1e6), "one": one, "all": all_,
                           "pieces": len(pieces.of(folder / "raw" / name, name, settings))}
    return {"files": found, "cores": machine.cores(), "load": round(os.getloadavg()[0], 1), "repeats": repeats}


def table(found: dict[str, Any]) -> str:
    cores, load = found["cores"], found["load"]
    lines = ["<!-- pieces: written by bench/pieces.py --docs from bench/pieces.json -->",
             f"| one large file | MB | pieces | seconds on 1 core | on {cores} | times as fast | CPU seconds of both |",
             "|---|---|---|---|---|---|---|"]
    for name, what in FORMATS.items():
        row = found["files"][name]
        (one, busy), (many, both) = row["one"], row["all"]
        lines.append(f"| {what} | {row['mb']:,} | {row['pieces']} | {one:.1f} | {many:.1f} | {one / many:.2f} | "
                     f"{busy:.1f}, {both:.1f} |")
    lines += ["", f"By the clock, on {cores} cores with a load of {load:.0f} at the end; runs in turns, the least of "
              f"{found['repeats']}.", "<!-- /pieces -->"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="measure anew")
    parser.add_argument("--input-dir", type=Path, default=ROOT / "raw_data", help="the corpus")
    parser.add_argument("--mb", type=float, default=760, help="of JSON in each file")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "pieces.json")
    parser.add_argument("--docs", type=Path, help="file whose table is replaced")
    args = parser.parse_args()
    if args.measure:
        records.save_json(args.output, measure(args.input_dir, args.mb, args.repeats))
    found = records.load_json(args.output)
    print(table(found))
    if args.docs:
        args.docs.write_text(MARKED.sub(lambda _: table(found), args.docs.read_text()))
    print(json.dumps({"bench": "pieces", **{name: round(row["one"][0] / row["all"][0], 2)
                                            for name, row in found["files"].items()}}))


if __name__ == "__main__":
    cli.run(main)
