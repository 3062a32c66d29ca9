"""How fast texts are scored by the rules in rules.yaml, on one core, in MB of UTF-8 text a second.

    python bench/score.py [--data ../shared/data] [--workers 2]

Measured in one run over the same texts (arXiv abstracts of about 1 kB, CVE descriptions of about 300 bytes; without
those files, the texts of data/parsed): (a) a loop of compiled `re` patterns, on a part of the texts because it is so
slow, with the same hits; (b) one RE2 set of the patterns as they stand; (c) ours, the same set with patterns spelt
out (cybersieve/patterns.py); (d) the whole of scoring from Parquet to Parquet, with ours, over the texts repeated to
200 MB, what `start` tells included: the seconds that reading and compiling the rules takes, whatever the corpus.

`first` is the first pass over texts never seen, in which RE2 builds the states of its automaton as it meets them;
`steady` the best of three later passes, where a large corpus ends up. Seconds are of CPU time of this process, which
other programs on the machine still lengthen by taking its caches: `trivial`, a set of one word that never occurs, is
what the machine gives at that moment.
"""

import argparse
import gzip
import json
import lzma
import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import re2

from cybersieve import cli, measure, records, rule_set, rules, score, spelling

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "rules.yaml"
LARGE = 200e6  # bytes of text for the whole stage: the texts again and again
Text = tuple[str, str]


def texts(data: Path) -> dict[str, list[Text]]:
    """Titles and texts by kind."""
    arxiv, nvd = data / "arxiv-2019-metadata.jsonl.xz", data / "nvdcve-1.1-2018.json.gz"
    if not (arxiv.exists() and nvd.exists()):
        return {"data/parsed": [(row["title"], row["text"]) for shard in records.shards(ROOT / "data" / "parsed")
                                for row in records.read(shard.path, ["title", "text"])]}
    with lzma.open(arxiv, "rt", encoding="utf-8") as lines:
        abstracts = [(row["title"], row["abstract"]) for row in map(json.loads, lines)]
    with gzip.open(nvd) as feed:
        items = json.load(feed)["CVE_Items"]
        cves = [("", item["cve"]["description"]["description_data"][0]["value"]) for item in items]
    return {"arXiv abstracts": abstracts, "CVE descriptions": cves}


def rate(work: Callable[[str], object], sample: list[Text], passes: int = 4) -> tuple[float, float]:
    """MB/s of work on each text: of the first pass, and of the best later one."""
    return rate_of_all(lambda texts: [work(records.full_text(*text)) for text in texts], sample, passes)


def rate_of_all(work: Callable[[list[Text]], object], sample: list[Text], passes: int = 4) -> tuple[float, float]:
    size, seconds = sum(len(records.full_text(*text).encode()) for text in sample), []
    for _ in range(passes):
        start = time.process_time()
        work(sample)
        seconds.append(time.process_time() - start)
    return size / seconds[0] / measure.MB, size / min(seconds[1:] or seconds) / measure.MB


def plain_set(patterns: list[str]) -> re2.Set:
    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, rule_set.MAX_MEM
    result = re2.Set.SearchSet(options)
    for pattern in patterns:
        result.Add(pattern)
    result.Compile()
    return result


def stage(sample: list[Text], workers: int) -> float:
    """MB/s of score_folder on LARGE bytes a process: by CPU time with one process, by the clock with more."""
    size = sum(len(records.full_text(*text).encode()) for text in sample)
    sample, size = sample * int(1 + LARGE / size), size * int(1 + LARGE / size)
    with tempfile.TemporaryDirectory() as folder:
        for part in range(workers):
            rows = (records.Record(str(i), f"{part}.json", str(i), *text).row() for i, text in enumerate(sample))
            records.write(Path(folder, "parsed", f"{part}.json.parquet"), rows, records.PARSED)
        score.ROWS_A_WORKER = 1 if workers > 1 else 10**9
        clock = time.perf_counter if workers > 1 else time.process_time
        start = clock()
        score.score_folder(Path(folder, "parsed"), Path(folder, "scored"), settings())
        return workers * size / (clock() - start) / measure.MB


def plain(title: str, text: str) -> str:
    return spelling.plain(records.full_text(title, text).encode()).decode()


def settings() -> score.params.Score:
    return score.params.Score(rules=str(RULES), extra_rules=None, trust={})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("CYBERSIEVE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder of real dumps")
    parser.add_argument("--workers", type=int, default=1, help="processes for the whole stage (more: by the clock)")
    args = parser.parse_args()
    patterns = [rule_set.spelt(rule.pattern) for rule in rules.load(RULES).rules]
    loop = [re.compile(pattern, re.IGNORECASE | re.ASCII) for pattern in patterns]
    found: dict[str, object] = {"bench": "score", "rules": len(patterns)}
    start = time.process_time()
    rules.load(RULES)
    found["start"] = round(time.process_time() - start, 3)
    print(f"{len(patterns)} rules, {found['start']} s to start")
    print(f"{'':34}{'first':>9}{'steady':>9}  MB/s on one core")
    for kind, sample in texts(args.data).items():
        book, set_of_patterns, trivial = rules.load(RULES), plain_set(patterns), plain_set(["qqzzqqzz"])
        part = sample[:: max(1, len(sample) // 200)]
        same = all(book.hits(*text) == tuple(i for i, one in enumerate(loop) if one.search(plain(*text)))
                   for text in part)
        book = rules.load(RULES)
        rates = {"loop of re": rate(lambda text: [one.search(text) for one in loop], part, 1),
                 "trivial set": rate(trivial.Match, sample), "set of patterns": rate(set_of_patterns.Match, sample),
                 "ours": rate_of_all(lambda texts, one=book: one.evidence(
                     [(title.encode(), text.encode()) for title, text in texts]), sample)}
        for name, (first, steady) in rates.items():
            print(f"{kind:17} {name:16}{first:9.2f}{steady:9.2f}")
        whole = stage(sample, args.workers)
        print(f"{kind:17} {'whole stage':16}{'':9}{whole:9.2f}  (processes: {args.workers})")
        found[kind] = {name: [round(value, 2) for value in values] for name, values in rates.items()} | {
            "whole stage": round(whole, 2), "same hits as loop of re": same}
    print(json.dumps(found))


if __name__ == "__main__":
    cli.run(main)
