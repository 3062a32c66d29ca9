"""make bench: every comparison in one run on one machine, written to bench/results.json and docs/benchmarks.md.

    python -m bench.all                      # a quarter of an hour on 2 quiet cores; needs .venv-bench (make bench)
    python -m bench.all --quick              # minutes: small sizes, the last run's data/, no installation
    python -m bench.all --full               # a million records as well: a quarter of an hour more
    python -m bench.all --only cascade       # some parts; the others stay as they were measured before
    python -m bench.all --page               # only docs/benchmarks.md again, from bench/results.json

What a size is in each mode: SIZES. A part that fails is named in the results, the others go on, the exit code is 1.
"""

import argparse
import datetime
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import after, cascade, common, depth, growth, install, page, peers, worth
from bench.common import PEERS, ROOT, Figures
from cybersieve import records


@dataclass(frozen=True)
class Sizes:
    """How much of everything one mode takes."""

    repeats: int = 3  # of short measurements; long ones are made once
    large_mb: tuple[int, ...] = (35, 175, 1000)  # one JSON file; the claim is of what takes 2 to 4 GB the old way
    asked_slowly: int = 4  # records asked by generate, one by one
    words_times: int = 2  # the corpus so many times over, for the job with 25 words
    rules_sample: int = 1500  # records, for the job with all rules
    growth: tuple[int, ...] = (10_000, 30_000, 100_000)
    verifier: tuple[int, int, int] = (256, 4, 4)  # texts: ours, by generate, by batch_generate; 0: the last ones
    whole: bool = True  # a run of the pipeline with an empty cache; else the last run's data/
    install: bool = True


SIZES = {"default": Sizes(),
         "quick": Sizes(1, (5,), 1, 1, 300, (1000, 4000), (0, 0, 0), whole=False, install=False),
         "full": replace(Sizes(), growth=(10_000, 100_000, 1_000_000))}


@dataclass
class Bench:
    """One run: where it works, how large, and what it has found so far."""

    folder: Path
    sizes: Sizes
    found: dict[str, Figures] = field(default_factory=dict)
    margins: Figures = field(default_factory=dict)  # the LLM's, of the labelled records
    run: Path = ROOT / "data"  # parsed, scored, verdicts, counts of a run of the pipeline

    def whole(self) -> Figures:
        if not self.sizes.whole:
            return {"missing": "only without --quick"}
        figures = after.whole(self.folder)
        self.run = self.folder / "run" / "stages"
        return figures

    def calls(self) -> Figures:
        return after.calls(self.run) | {"patterns_alone": worth.corpus_share(self.run)}

    def reading(self) -> Figures:
        return after.reading(self._new("reading"), self.sizes.repeats)

    def large(self) -> Figures:
        return {"files": after.large(self._new("large"), list(self.sizes.large_mb))}

    def worth(self) -> Figures:
        self.margins = worth.cost(self._new("worth"), self.run)
        return worth.measured(self.run, self.margins)

    def asking(self) -> Figures:
        return after.asking(self.run, self._new("asking"), self.sizes.asked_slowly, self.margins)

    def start(self) -> Figures:
        return after.start(self._new("start"), self.sizes.repeats)

    def lines(self) -> Figures:
        return after.lines()

    def install(self) -> Figures:
        return install.measured(self._new("install"), self.sizes.install)

    def peers(self) -> Figures:
        sizes = self.sizes
        return peers.measured(self.run, self._new("peers"), sizes.words_times, sizes.rules_sample, sizes.repeats)

    def verifier(self) -> Figures:
        texts, slow, batched = self.sizes.verifier
        output = ROOT / "bench" / "verify.json"  # where `make bench-verify` writes, too
        if not texts:
            return dict(records.load_json(output)) | {"taken_from": "bench/verify.json"}
        packages = sysconfig.get_paths()["purelib"]  # ours first, llama.cpp from the peers' environment
        python = PEERS if PEERS.exists() else Path(sys.executable)
        common.watched([python, ROOT / "bench" / "verify.py", "--texts", texts, "--slow", slow, "--batched", batched,
                        "--parsed-dir", self.run / "parsed", "--output", output], PYTHONPATH=f"{ROOT}:{packages}")
        return dict(records.load_json(output))

    def depth(self) -> Figures:
        return {"settings": depth.measured(self.run, self._new("depth"))}

    def growth(self) -> Figures:
        points = growth.measured(self._new("growth"), list(self.sizes.growth), self.sizes.repeats)
        by_stage = {name: growth.slopes(points, name) for name in points[0]["stages"]}
        return {"sizes": points, "cpu_seconds_per_1000_more": growth.slopes(points), "by_stage": by_stage}

    def cascade(self) -> Figures:
        return cascade.measured(self.run)

    def _new(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder


PARTS: tuple[str, ...] = ("whole", "calls", "reading", "large", "worth", "asking", "start", "lines", "install", "peers",
                          "verifier", "depth", "growth", "cascade")


def measure(bench: Bench, parts: list[str]) -> Figures:
    """Run the parts in their order; each notes its seconds and how busy the machine was."""
    for name in parts:
        work: Callable[[], Figures] = getattr(bench, name)
        started, busy = time.perf_counter(), common.load()
        try:
            figures = work()
        except (Exception, SystemExit) as error:  # one part must not take the others with it
            figures = {"failed": " ".join(f"{type(error).__name__}: {error}".split())[-400:]}
        seconds = round(time.perf_counter() - started, 1)
        bench.found[name] = figures | {"took": seconds, "load": max(busy, common.load())}
        print(f"{name:10} {seconds:7.1f} s  {figures.get('failed', '')}", file=sys.stderr, flush=True)
    return bench.found


def about(mode: str) -> Figures:
    from bench import verify

    versions = {name: common.version(name) for name in ("mlx", "mlx-lm", "pyarrow", "google-re2", "dvc")}
    return {"mode": mode, "day": datetime.date.today().isoformat(), "machine": verify.processor(),
            "python": sys.version.split()[0], "versions": versions}


def together(run: Figures, found: Figures, output: Path) -> Figures:
    """This run's parts, with the others of the run that is in `output`; these parts then say which run is theirs."""
    earlier = records.load_json(output) if output.exists() and found.keys() < set(PARTS) else None
    if not earlier:
        return run | {"parts": found}
    return earlier | {"parts": earlier["parts"] | {name: part | {"run": run} for name, part in found.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_const", dest="mode", const="quick", default="default")
    size.add_argument("--full", action="store_const", dest="mode", const="full")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS),
                        help="only these parts; the others stay in the output")
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page again")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results.json", metavar="FILE")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs" / "benchmarks.md", metavar="FILE")
    args = parser.parse_args()
    if not args.page:
        parts = [name for name in PARTS if name in args.only or (name == "worth" and "asking" in args.only)]
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            found = measure(Bench(Path(folder), SIZES[args.mode]), parts)
        records.save_json(args.output, together(about(args.mode), found, args.output))
    results = records.load_json(args.output)
    page.write(results, args.docs)
    failed = [name for name, figures in results["parts"].items() if "failed" in figures]
    if failed:
        sys.exit(f"bench: failed: {', '.join(failed)} (see {args.output})")


if __name__ == "__main__":
    main()
