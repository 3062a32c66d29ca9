"""Parse's speed beside other ways to read the same dumps, and its memory on files of 76 MB, 760 MB and 3 GB.

    python bench/parse.py --json nvdcve-1.1-2018.json.gz --xml raw_data/cwe/cwec_v4.14.xml [--repeats 5] [--memory]
                          [--docs docs/parse.md]

Speed: each way runs in a process of its own, taking turns; seconds are processor time of the work alone (unpacking
included, interpreter start and imports not), the least of --repeats: on a machine that does other things too, seconds
by the clock say little. MB are of the unpacked file.

    parse     the whole stage: unpack, parse, clean, write Parquet
    before    json.load, a loop over the records, json.dump (XML: lxml.etree.parse, a loop, json.dump)
    bare      an ijson.items pass that does nothing (XML: lxml.iterparse that clears each record)

Memory: --memory writes the JSON file's records once, ten times and forty times into one file each (4 GB of disk, some
minutes), and parses each through the stage script, on one core: on several, each worker process has as much again.

Prints a table, and one JSON line at the end.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cybersieve import cli

ROOT = Path(__file__).resolve().parent.parent
LARGE = (1, 10, 40)  # times the file


def opened(path: Path) -> Any:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def parse(path: Path, output: Path) -> float:
    from cybersieve import params, parse_file, pieces

    settings = params.load(ROOT / "params.yaml").parse
    os.environ["CYBERSIEVE_CACHE"] = str(output / "cache")  # as on a first run: looked into, and filled
    start = time.process_time()
    outcome = parse_file.parse_piece(pieces.Piece(path.name), path.parent, output, settings)
    seconds = time.process_time() - start
    if outcome.error:
        raise outcome.error
    return seconds


def before(path: Path, output: Path) -> float:
    from lxml import etree

    start = time.process_time()
    with opened(path) as file, (output / "records.json").open("w") as target:
        if ".xml" in path.name:
            found = [{**node.attrib, **{child.tag: " ".join("".join(child.itertext()).split()) for child in node}}
                     for node in etree.parse(file).iter("{*}Weakness")]
        else:
            found = [{"id": item["cve"]["CVE_data_meta"]["ID"], **item} for item in json.load(file)["CVE_Items"]]
        json.dump(found, target)
    return time.process_time() - start


def bare(path: Path, output: Path) -> float:
    import ijson
    from lxml import etree

    start = time.process_time()
    with opened(path) as file:
        if ".xml" in path.name:
            for _, node in etree.iterparse(file, tag="{*}Weakness"):
                node.clear()
                while node.getprevious() is not None:
                    del node.getparent()[0]
        else:
            for _ in ijson.items(file, "CVE_Items.item"):
                pass
    return time.process_time() - start


WAYS = {"parse": parse, "before": before, "bare": bare}


def alone(way: str, path: Path) -> dict[str, float]:
    """Seconds and peak memory of one way in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--json", str(path)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(result.stdout))


def measured(way: str, path: Path) -> None:
    """What `alone` runs: prints seconds, and memory at its peak and at the start of the work."""
    from cybersieve import measure

    with tempfile.TemporaryDirectory() as folder:
        seconds = WAYS[way](path, Path(folder))
    print(json.dumps({"seconds": seconds, "peak_memory_mb": measure.peak_memory_mb()}))


def speed(path: Path, repeats: int) -> dict[str, Any]:
    with opened(path) as file:
        size = sum(len(chunk) for chunk in iter(lambda: file.read(1 << 20), b"")) / 1e6
    runs = [{way: alone(way, path) for way in WAYS} for _ in range(repeats)]
    rows = {way: {"seconds": round(min(run[way]["seconds"] for run in runs), 3),
                  "mb_per_second": round(size / min(run[way]["seconds"] for run in runs), 1),
                  "peak_memory_mb": round(max(run[way]["peak_memory_mb"] for run in runs), 1)} for way in WAYS}
    print(f"{path.name}, {size:.1f} MB unpacked")
    for way, row in rows.items():
        print(f"    {way:8s} {row['seconds']:7.2f} s {row['mb_per_second']:7.1f} MB/s {row['peak_memory_mb']:7.1f} MB")
    ratios = {f"of_{way}": round(rows[way]["seconds"] / rows["parse"]["seconds"], 2) for way in ("before", "bare")}
    print(f"    parse is {ratios['of_before']} x the speed of before, {ratios['of_bare']} x that of bare")
    return {"mb": round(size, 1), **rows, **ratios}


def memory(path: Path) -> dict[str, float]:
    """Peak memory of the stage, the process and its workers together, by size of the file in MB."""
    result = {}
    for times in LARGE:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "raw").mkdir()
            repeat(path, folder / "raw" / "large.json", times)
            own_cache = os.environ | {"CYBERSIEVE_CACHE": str(folder / "cache")}
            subprocess.run([sys.executable, ROOT / "stages" / "parse.py", "--input-dir", folder / "raw", "--output-dir",
                            folder / "parsed", "--params", ROOT / "params.yaml", "--performance", folder / "p.json"],
                           check=True, preexec_fn=one_core, env=own_cache)
            size = (folder / "raw" / "large.json").stat().st_size / 1e6
            result[f"{size:.0f}"] = json.loads((folder / "p.json").read_text())["peak_memory_mb"]
        print(f"{size:8.0f} MB: {result[f'{size:.0f}']:7.1f} MB at the peak", flush=True)
    return result


def one_core() -> None:
    """Keep this process and its children to one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def repeat(path: Path, target: Path, times: int) -> None:
    """A feed like `path` with its records so many times over."""
    with opened(path) as file:
        data = file.read()
    first, last = data.index(b"[", data.index(b'"CVE_Items"')) + 1, data.rindex(b"]")
    with target.open("wb") as large:
        large.write(data[:first])
        for number in range(times):
            large.write(b"," * (number > 0) + data[first:last])
        large.write(data[last:])


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = ["| file | way | seconds | MB/s | peak MB | its speed to parse's |", "|---|---|---|---|---|---|"]
    for name, found in figures.items():
        for way in WAYS if name != "memory_mb" else ():
            share = f"1 : {found[f'of_{way}']}" if way != "parse" else ""
            lines.append(f"| {name} | {way} | {found[way]['seconds']} | {found[way]['mb_per_second']} "
                         f"| {found[way]['peak_memory_mb']} | {share} |")
    for size, peak in figures.get("memory_mb", {}).items():
        lines.append(f"| {size} MB of JSON | the stage, one core | | | {peak} | |")
    return "\n".join(lines)


def write_docs(path: Path, figures: dict[str, Any]) -> None:
    """Replace the block of `path` that is marked as written by this script."""
    begin, end = "<!-- bench: written by bench/parse.py -->", "<!-- /bench -->"
    before_it, _, rest = path.read_text().partition(begin)
    path.write_text(f"{before_it}{begin}\n{table(figures)}\n{end}{rest.partition(end)[2]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="an NVD 1.1 feed, plain or .gz")
    parser.add_argument("--xml", type=Path, metavar="FILE", help="the CWE list")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="also parse files of up to 3 GB")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="Markdown whose marked block is replaced")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        measured(args.way, args.json)
        return
    figures: dict[str, Any] = {path.name: speed(path, args.repeats) for path in (args.json, args.xml) if path}
    if args.memory:
        figures["memory_mb"] = memory(args.json)
    if args.docs:
        write_docs(args.docs, figures)
    print(json.dumps(figures))


if __name__ == "__main__":
    cli.run(main)
