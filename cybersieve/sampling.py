"""Draw records to label into a CSV: uniform (for thresholds and the report) or by file (for fitting weights).

    python -m cybersieve sample-labels -n 300
    python -m cybersieve sample-labels -n 300 --stratified

Fill the `label` column with 1 (belongs in the corpus), 0 (does not) or u (the words don't decide it), then save it as
labels/sample_uniform.csv or labels/sample_stratified.csv, or append file, id and label to what is there. The draw is
by a hash of seed, file and id: the same on every machine, and a larger n holds the smaller one. Records of the corpus
that an earlier stage set aside are not drawn, nor such as have a label of that use; title and text are there to read,
and may be removed.
"""

import csv
import errno
import hashlib
import heapq
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from cybersieve import cli, labels, records
from cybersieve.errors import InputError
from cybersieve.labels import Key

SHOWN = 600  # characters of a text: enough to judge it

Candidate = tuple[Key, str, str]  # record, title, text
Drawn = tuple[int, Key, str, str]  # place in the draw, record, title, text


def place(key: Key, seed: int) -> int:
    """A record's place in the draw, uniform over 2^256 and independent of labels.half."""
    return int.from_bytes(hashlib.sha256(f"draw {seed}\t{key[0]}\t{key[1]}".encode()).digest())


def draw(candidates: Iterable[Candidate], n: int, seed: int) -> list[Drawn]:
    """The n records that come first in the draw, in its order; constant memory."""
    rows = ((place(key, seed), key, title, text[:SHOWN]) for key, title, text in candidates)
    return heapq.nsmallest(n, rows)


def shares(sizes: dict[str, int], n: int) -> dict[str, int]:
    """n spread over files as evenly as their sizes allow."""
    result, left, names = dict.fromkeys(sizes, 0), n, sorted(sizes, key=lambda name: (sizes[name], name))
    for number, name in enumerate(names):  # the smallest first: what they can't give goes to the others
        result[name] = min(sizes[name], -(-left // (len(names) - number)))
        left -= result[name]
    return result


def eligible(parsed_dir: Path, scored_dir: Path, known: set[Key]) -> Iterator[tuple[str, Iterator[Candidate]]]:
    """For each file its live records without a label: key, title, text."""
    for shard in records.shards(scored_dir):
        def rows(shard: records.Shard = shard) -> Iterator[Candidate]:
            both = records.side_by_side((shard.path, ["id", "confidence"]),
                                        (parsed_dir / shard.name, ["id", "source", "title", "text"]))
            for scored, row in both:
                if "confidence" not in scored or "text" not in row:
                    raise InputError(parsed_dir if "confidence" in scored else scored_dir, "is of another stage",
                                     remedy="--parsed-dir is what parse wrote, --scored-dir what score wrote")
                key = labels.key(row["source"], row["id"])
                if scored["confidence"] is not None and key not in known:
                    yield key, row["title"], row["text"]
        yield shard.source, rows()


def check_names(scored_dir: Path) -> None:
    """Raises InputError where a label could be of either of two records, before any is given."""
    alike: dict[str, list[records.Shard]] = {}
    for shard in records.shards(scored_dir):
        alike.setdefault(labels.key(shard.source, "")[0], []).append(shard)
    for shards in alike.values():
        seen: dict[str, str] = {}
        for shard in shards if len(shards) > 1 else ():
            for row in records.read(shard.path, ["id", "confidence"]):
                first = shard.source if row.get("confidence") is None else seen.setdefault(row["id"], shard.source)
                if first != shard.source:
                    raise labels.ambiguous(first, shard.source, row["id"])


def sample(parsed_dir: Path, scored_dir: Path, labels_dir: Path, n: int, stratified: bool, seed: int) -> list[Drawn]:
    """Draw n records, uniformly or evenly by file. Uniform ones may bear a stratified label: else it would show."""
    check_names(scored_dir)
    known = set(labels.load_optional(labels_dir, labels.UNIFORM))
    if not stratified:
        files = eligible(parsed_dir, scored_dir, known)
        return draw((row for _, rows in files for row in rows), n, seed)
    known |= set(labels.load_optional(labels_dir, labels.STRATIFIED))
    found = {name: draw(rows, n, seed) for name, rows in eligible(parsed_dir, scored_dir, known)}
    wanted = shares({name: len(rows) for name, rows in found.items()}, n)
    return [row for name in sorted(found) for row in found[name][: wanted[name]]]


def write(rows: list[Drawn], path: Path) -> None:
    """The CSV to label, guarded against spreadsheets as label files are: whole or not at all, and over no other."""
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as lines:
            out = csv.writer(lines, lineterminator="\n")
            out.writerow(["file", "id", "label", "title", "text"])
            out.writerows(map(labels.guarded, (file, name, "", title, text)) for _, (file, name), title, text in rows)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def main(arguments: list[str]) -> None:
    parser = cli.command("sample-labels", __doc__)
    parser.add_argument("-n", type=int, default=300, help="how many records (default 300)")
    parser.add_argument("--stratified", action="store_true", help="as many from every file, instead of uniformly")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws others (default 0)")
    for name, default in (("parsed-dir", "data/parsed"), ("scored-dir", "data/scored"), ("labels", "labels"),
                          ("output", "to_label.csv")):
        kind = cli.label_folder if name == "labels" else Path
        parser.add_argument(f"--{name}", type=kind, default=Path(default), metavar="PATH", help=f"default {default}")
    args = parser.parse_args(arguments)
    if args.n < 1:
        parser.error(f"-n: {args.n} is below 1")
    rows = sample(args.parsed_dir, args.scored_dir, args.labels, args.n, args.stratified, args.seed)
    try:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        write(rows, args.output)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(args.output, str(error), remedy="name another file with --output") from None
    use = args.labels / (labels.STRATIFIED if args.stratified else labels.UNIFORM)
    then = f"append file,id,label to {use}" if use.exists() else f"save it as {use}"
    print(f"{len(rows)} records to label with 1, 0 or u in {args.output}; then {then}", file=sys.stderr)
