"""Dedup's quality on pairs made by known edits, and its speed and memory on records repeated with changes.

    python bench/dedup.py --parsed-dir data/parsed [--records 100000]
    python bench/dedup.py --unique-dir data/unique --docs docs/dataset.md      # also writes both tables there

Quality: texts of the parsed folder, each with a copy in which words were replaced, removed, added or moved at rates
from 0.5 % to 60 %, titles left as they are. A pair's true similarity is the Jaccard similarity of its sets of shingles
as strings. Recall: share of the pairs at or above the threshold whose two records end under one canonical record, among
all texts; precision: share, among the pairs found, of those at or above 0.5. Figures are left alone by the edits,
because records that differ in figures are to be kept apart whatever their similarity.

Memory: --records records, made of the folder's by changing up to a third of the words, through the stage script in a
process of its own, with one worker; bytes a record are the growth of its peak between a tenth of them and all.

Prints a table, and one JSON line at the end.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cybersieve import cli, dedup, minhash, params, records
from cybersieve.records import Record, Row

STAGE = Path(__file__).resolve().parent.parent / "stages" / "dedup.py"
RATES = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.35, 0.6]  # share of the words that are changed
BINS = [0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.01]


def texts(parsed_dir: Path) -> list[tuple[str, str]]:
    """Title and text of the live records that are long enough for near duplicates."""
    found = [(row["title"], row["text"]) for shard in records.shards(parsed_dir)
             for row in records.read(shard.path, ["title", "text", "dropped"]) if row["dropped"] is None]
    return [(title, text) for title, text in found if len(text.split()) >= 12]


def edited(words: list[str], rate: float, vocabulary: list[str], draw: random.Random) -> list[str]:
    """The words with about `rate` of them replaced, removed, moved or followed by another; figures stay."""
    result = list(words)
    for _ in range(max(1, round(len(words) * rate))):
        at = draw.randrange(len(result))
        if minhash.figures(result[at]):
            continue
        kind = draw.choice(["replace", "remove", "add", "move"])
        if kind == "replace":
            result[at] = draw.choice(vocabulary)
        elif kind == "add":
            result.insert(at, draw.choice(vocabulary))
        elif len(result) > 8:
            word = result.pop(at)
            if kind == "move":
                result.insert(draw.randrange(len(result)), word)
    return result


def truth(one: str, other: str, length: int) -> float:
    """Jaccard similarity of the sets of shingles, as tuples of words."""
    sets = []
    for text in (one, other):
        words = minhash.folded(text).split()
        sets.append({tuple(words[i:i + length]) for i in range(len(words) - length + 1)})
    return minhash.jaccard(*sets)


def stand_ins(sources: dict[str, list[Record]], settings: params.Dedup) -> dict[str, str]:
    """For every record, as source#id, the one that stands for it: itself or its canonical record."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, made in sources.items():
            records.write(Path(scratch, "parsed", f"{name}.parquet"), (row.row() for row in made), records.PARSED)
        dedup.dedup_folder(Path(scratch, "parsed"), Path(scratch, "unique"), settings)
        rows = [row for shard in records.shards(Path(scratch, "unique")) for row in records.read(shard.path)]
    return {f"{row['source']}#{row['id']}": row["duplicate_of"] or f"{row['source']}#{row['id']}" for row in rows}


def quality(corpus: list[tuple[str, str]], settings: params.Dedup, pairs: int) -> dict[str, Any]:
    """Recall and precision on edited copies of `pairs` texts that are all different."""
    draw = random.Random(7)
    vocabulary = [word for _, text in draw.sample(corpus, min(2000, len(corpus))) for word in text.split()
                  if not minhash.figures(word)]
    unique = list({minhash.folded(records.full_text(*pair)): pair for pair in corpus}.values())
    chosen = draw.sample(unique, min(pairs, len(unique)))
    changed = [(title, " ".join(edited(text.split(), draw.choice(RATES), vocabulary, draw))) for title, text in chosen]
    stands = stand_ins({"one": [Record(str(i), "one", "", *pair) for i, pair in enumerate(chosen)],
                        "two": [Record(str(i), "two", "", *pair) for i, pair in enumerate(changed)]}, settings)
    found = []  # (true similarity, was it found?)
    for i, (one, two) in enumerate(zip(chosen, changed, strict=True)):
        similarity = truth(records.full_text(*one), records.full_text(*two), settings.shingle)
        found.append((similarity, stands[f"one#{i}"] == stands[f"two#{i}"]))
    near = [joined for similarity, joined in found if similarity >= settings.threshold]
    joined = [similarity for similarity, joined in found if joined]
    bins = {f"{low} to {min(high, 1.0)}": [joined for similarity, joined in found if low <= similarity < high]
            for low, high in zip(BINS, BINS[1:], strict=False)}
    return {"pairs": len(found), "recall": round(sum(near) / len(near), 4),
            "precision": round(sum(similarity >= 0.5 for similarity in joined) / len(joined), 4),
            "bins": {name: [len(pairs), sum(pairs)] for name, pairs in bins.items()}}


def repeated(corpus: list[tuple[str, str]], number: int) -> Iterator[Row]:
    """`number` records: the corpus again and again, each time with other words changed."""
    draw = random.Random(11)
    vocabulary = [f"word{n}" for n in range(50_000)]
    for at in range(number):
        title, text = corpus[at % len(corpus)]
        words = text.split()[:200]
        for _ in range(int(len(words) * draw.random() / 3) if at >= len(corpus) else 0):
            words[draw.randrange(len(words))] = draw.choice(vocabulary)
        yield Record(f"{at:032x}", "", str(at), title, " ".join(words)).row()


def memory(corpus: list[tuple[str, str]], number: int) -> dict[str, float]:
    """Seconds, records a second and peak memory of the stage script on `number` records."""
    with tempfile.TemporaryDirectory() as scratch:
        rows = repeated(corpus, number)
        for part in range(10):
            target = Path(scratch, "parsed", f"{part}.parquet")
            records.write(target, (next(rows) for _ in range(number // 10)), records.PARSED)
        command = ["taskset", "-c", "0"] if sys.platform == "linux" else []
        command += [sys.executable, str(STAGE), "--input-dir", f"{scratch}/parsed", "--output-dir", f"{scratch}/unique",
                    "--counts", f"{scratch}/counts.json", "--performance", f"{scratch}/performance.json"]
        subprocess.run(command, check=True)
        figures: dict[str, float] = json.loads(Path(scratch, "performance.json").read_text())
        counts = json.loads(Path(scratch, "counts.json").read_text())
        return figures | {"duplicates": sum(counts["dropped"].values())}


def quality_table(result: dict[str, Any]) -> str:
    rows = [f"| {name} | {pairs} | {found / max(pairs, 1):.3f} |" for name, (pairs, found) in result["bins"].items()]
    return "\n".join(["| Jaccard similarity | pairs | found |", "|---|---|---|", *rows])


def found_table(unique_dir: Path) -> str:
    """What the last run found, by source of the duplicate and of the record that stands for it."""
    rows = [f"| {' | '.join(map(str, row.values()))} |" for row in dedup.table(unique_dir)]
    return "\n".join(["| duplicates in | of records in | same words | alike, or a part |", "|---|---|---|---|", *rows])


def write_docs(path: Path, blocks: dict[str, str]) -> None:
    """Put each block between its marks, `<!-- NAME -->` and `<!-- /NAME -->`."""
    text = path.read_text(encoding="utf-8")
    for name, block in blocks.items():
        begin, end = re.search(f"<!-- {name}[^>]*-->\n", text), f"<!-- /{name} -->"
        if begin and end in text:
            text = text[:begin.end()] + block + "\n" + text[text.index(end):]
    path.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parsed-dir", type=Path, default=Path("data/parsed"), metavar="PATH")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="FILE")
    parser.add_argument("--pairs", type=int, default=6000)
    parser.add_argument("--records", type=int, default=0, help="0: no measurement of memory")
    parser.add_argument("--unique-dir", type=Path, metavar="PATH", help="as dedup wrote it: prints what was found")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="Markdown whose marked blocks are replaced")
    args = parser.parse_args()
    corpus, settings = texts(args.parsed_dir), params.load(args.params).dedup
    result: dict[str, Any] = quality(corpus, settings, args.pairs)
    blocks = {"quality": quality_table(result)} | ({"found": found_table(args.unique_dir)} if args.unique_dir else {})
    print("\n\n".join(blocks.values()))
    print(f"recall at or above {settings.threshold}: {result['recall']:.4f}; precision: {result['precision']:.4f}")
    if args.records:
        small, large = (memory(corpus, number) for number in (args.records // 10, args.records))
        grown = (large["peak_memory_mb"] - small["peak_memory_mb"]) * 1e6 / (0.9 * args.records)
        result |= {"records": args.records, "seconds": large["seconds"], "peak_memory_mb": large["peak_memory_mb"],
                   "duplicates": large["duplicates"], "bytes_per_record": round(grown, 1)}
        print(f"{args.records:,} records: {large['seconds']} s, peak {large['peak_memory_mb']} MB, "
              f"{result['bytes_per_record']} bytes a record, {large['duplicates']} duplicates")
    if args.docs:
        write_docs(args.docs, blocks)
    print(json.dumps(result))


if __name__ == "__main__":
    cli.run(main)
