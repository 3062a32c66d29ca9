"""docs/benchmarks.md and its pictures, from bench/results.json. Every figure on the page comes from there.

Ratios stand first and are ours to theirs, more than 1 being in our favour; a row below 1 gets its reason from WHY.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench import plots
from bench.common import Figures, ratio
from bench.peer_jobs import JOBS

WHY = {
    "reading": "before keeps what it finds and looks for 25 words; parse finds out what a source is, cleans the texts, "
               "gives every record an id and a place, and checks what it reads; score weighs some 400 patterns",
    "start": "mlx_lm.server says that it is healthy before it has loaded a model; ours afterwards",
    "engine": "a call of mlx_lm.generate is shorter than any engine; ours is longer because it is faster",
    "small": "start-up: Arrow, RE2 and its patterns are loaded first, whatever the number of records",
    "small memory": "Arrow, RE2's automaton and numpy are in memory whatever the number of records",
    "quality": "within the interval of so few labels; the pipeline's promise is per band, not the best F1",
    "cascade": "few labels prove little: at high targets no band passes, and what is published promises less "
               "(one rate, "
               "measured against a large model's answers; ours are two rates, measured against people's or "
               "readers' labels)",
}


def times(value: float | None) -> str:
    return "–" if value is None else f"{value:g} ×"


def middle(found: Figures) -> str:
    """A median with its spread."""
    if found["runs"] == 1:
        return f"{found['median']:,g} (one run)"
    return f"{found['median']:,g} ({found['least']:,g} to {found['most']:,g})"


def rate(found: Figures) -> str:
    if found["value"] is None:
        return "–"
    low, high = found["interval"]
    return f"{found['value']:.3f} ({low:.3f} to {high:.3f})"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in rows])


def lost(value: float | None, why: str) -> str:
    """The reason, where the ratio is against us."""
    return f"**we lose:** {WHY[why]}" if value is not None and value < 1 else ""


class Page:
    """The parts of one results.json, each as Markdown; what is missing is said in its place."""

    def __init__(self, results: Figures) -> None:
        self.about, self.parts = results, results["parts"]

    def text(self) -> str:
        sections = [self.head(), self._part("The claims this project was started from", self.claims),
                    self._part("Before and after, on the same records", self.before),
                    self._part("Peers: the same filtering job", self.peers),
                    self._part("What each way of deciding is worth", self.worth),
                    self._part("The verifier", self.verifier), self._part("Growth", self.growth),
                    self._part("The cascade: calls saved against what is guaranteed", self.cascade), self.how()]
        return "\n\n".join(sections) + "\n"

    def _part(self, title: str, write: Callable[[], str]) -> str:
        try:
            return f"## {title}\n{write()}"
        except KeyError as missing:  # a part that was left out, or that failed
            name = str(missing).strip("'")
            said = self.parts.get(name, {})
            return f"## {title}\nNot measured in this run: {said.get('failed') or said.get('missing') or name}."

    def part(self, name: str) -> Figures:
        found: Figures = self.parts[name]
        if "failed" in found or "missing" in found:
            raise KeyError(name)
        return found

    def maybe(self, name: str) -> Figures | None:
        try:
            return self.part(name)
        except KeyError:
            return None

    def head(self) -> str:
        loads = [part["load"] for part in self.parts.values()]
        cores = int(self.about["machine"].split()[0])
        busy = (f"Others were at work on the machine (up to {max(loads):g} processes wanted its {cores} cores): read "
                "ratios, not seconds." if max(loads) > 1.75 * cores else
                f"Little else ran (at most {max(loads):g} processes wanted its {cores} cores).")
        mode = {"quick": "`--quick`: sizes so small that start-up is most of what is measured.",
                "default": "the default sizes.", "full": "`--full`."}[self.about["mode"]]
        since: dict[str, list[str]] = {}
        for name, part in self.parts.items():
            if run := part.get("run"):
                when = f"on {run['day']} ({run['machine']}, Python {run['python']}, sizes: {run['mode']})"
                since.setdefault(when, []).append(f"`{name}`")
        again = "".join(f" Measured again {when}: {', '.join(names)}." for when, names in since.items())
        return (f"# Benchmarks\nWritten by `make bench` from `bench/results.json`: one run on "
                f"{self.about['day']} on one "
                f"machine ({self.about['machine']}, Python {self.about['python']}), {mode}{again} {busy} Medians, "
                "least and most in brackets; a ratio above 1 is in this project's favour, and a row below 1 says why.")

    def claims(self) -> str:
        rows: list[Sequence[object]] = []
        if start := self.maybe("start"):
            of = ratio(start["mlx_lm answers"], start["ours answers"])
            behind = "**We lose:** " if of is not None and of < 1 else ""
            rows.append(("server start", "5 × (15 s → 3 s)", times(of),
                         f"{behind}to the first token {start['mlx_lm answers']} s by mlx_lm.server, "
                         f"{start['ours answers']} s by ours (to /health "
                         f"{start['mlx_lm healthy']} and {start['ours healthy']} s; {WHY['start']}). "
                         "The server that was claimed to take 15 s is not at hand; a plain one does not"))
        if large := self.maybe("large"):
            last = large["files"][-1]
            old, new = last["before"]["peak_memory_mb"], last["after"]["peak_memory_mb"]
            rows.append(("memory, large files", "10 × (2–4 GB → 200–400 MB)", times(ratio(old, new)),
                         f"{old:,.0f} MB and {new:,.0f} MB on a JSON file of {last['mb']:,} MB"))
        calls = self.part("calls")
        rows.append(("LLM calls", "80 % fewer", f"{calls['saved']:.1%} fewer",
                     f"{calls['before']:,} and {calls['after']:,} on the sample corpus, records that parse and dedup "
                     "set aside among those not asked about; the patterns named with the "
                     f"claim (CVE-…, exploit, malware) decide {calls['patterns_alone']:.1%} of it by themselves"))
        if install := self.maybe("install"):
            ours, other = install["ours"], install["with what was left out"]
            done = install.get("installed")
            took = f"ours took {done['seconds']:.0f} s and {done['mb_on_disk']:,} MB on disk; " if done else ""
            largest = ", ".join(f"{name} {mb:,} MB" for name, mb in other["largest"])
            rows.append(("installation", "2.5 × (10 → 4 minutes), 2 GB less",
                         f"{times(ratio(other['mb'], ours['mb']))} by download",
                         f"{other['mb']:,} MB in {other['packages']} packages with torch, transformers, "
                         f"datasets, wandb "
                         f"and tensorboard (largest: {largest}), {ours['mb']:,} MB in {ours['packages']} "
                         f"without; {took}"
                         "the other is too large to install here, so its time is not measured"))
            rows.append(("direct dependencies", "37 → 15", f"→ {install['direct']}", "requirements_optimized.txt"))
        lines = self.part("lines")
        engine, needs = lines["engine"], lines["with all it needs"]
        rows.append(("inference engine", "583 → 120 lines (80 % simpler)", f"→ {engine['lines']} lines",
                     f"mlx_engine.py, {engine['code']} of them code; with the {needs['files'] - 1} files that it is "
                     f"loaded, fed, cached and made fast by {needs['lines']:,} ({needs['code']:,} code). **We lose** "
                     f"against {lines['before.ask']['lines']} lines that call generate: {WHY['engine']}"))
        return table(("what", "claimed", "measured", "how"), rows)

    def before(self) -> str:
        """The rows of bench/after.py."""
        intro = ("Before: `bench/before.py`, the unoptimised way written out (json.load of whole files, keyword "
                 "points, "
                 "one generate call a record), with the same model, by the wheels as they come: on Linux without "
                 "OpenBLAS.")
        rows: list[Sequence[object]] = []
        reading = self.maybe("reading")
        for what, name, unit in (("seconds", "reading the corpus, rules or keywords, no LLM", "s"),
                                 ("cpu_seconds", "the same, all processors", "s"),
                                 ("peak_memory_mb", "the same, memory", "MB")):
            if reading:
                old, new = reading["before"][what], reading["after"][what]
                value = ratio(old["median"], new["median"])
                rows.append((times(value), f"{name}, {unit}", middle(old), middle(new),
                             lost(value, "small memory" if unit == "MB" else "reading")))
        for file in self.parts.get("large", {}).get("files", []):
            for what, unit in (("peak_memory_mb", "MB"), ("seconds", "s"), ("cpu_seconds", "s of all processors")):
                old, new = file["before"][what], file["after"][what]
                value = ratio(old, new)
                rows.append((times(value), f"one JSON file of {file['mb']:,} MB, {unit}", f"{old:,g}", f"{new:,g}",
                             lost(value, "small memory" if unit == "MB" else "reading")))
        if asking := self.maybe("asking"):
            old, new = asking["before"], asking["after"]
            rows.append((times(ratio(old["median"], new)), "seconds a question", f"{middle(old)}; {asking['sample']} "
                         "records drawn by a seed", f"{new:g}, {asking['records']} records in batches", ""))
            rows.append((times(ratio(asking["before_peak_memory_mb"], asking["after_peak_memory_mb"])),
                         "memory while asking, MB", f"{asking['before_peak_memory_mb']:,g}",
                         f"{asking['after_peak_memory_mb']:,g}",
                         "**we lose:** float32 weights and batches, which make it fast on a CPU"
                         if asking["before_peak_memory_mb"] < asking["after_peak_memory_mb"] else ""))
        if (calls := self.maybe("calls")) and asking:
            rows.append((times(ratio(calls["before"], calls["after"])), "LLM calls, sample corpus",
                         f"{calls['before']:,}", f"{calls['after']:,}", ""))
            whole, hours = self.maybe("whole"), calls["before"] * asking["before"]["median"] / 3600
            if whole:
                rows.append((times(ratio(hours * 3600, whole["seconds"])), "the whole corpus, nothing cached",
                             f"{hours:,.0f} hours, calculated: {calls['before']:,} × "
                             f"{asking['before']['median']:g} s",
                             f"{whole['seconds'] / 60:.1f} minutes, measured ({whole['peak_memory_mb']:,g} MB)", ""))
        if (worth := self.maybe("worth")) and asking:
            old, new = worth["ways"]["LLM on everything, as it comes"], worth["ways"]["the pipeline"]
            value = ratio(new["f1"]["value"], old["f1"]["value"]) if old["f1"]["value"] else None
            rows.append((times(value), f"F1 on {worth['records']} labelled records", rate(old["f1"]), rate(new["f1"]),
                         f"before's answers from one pass of the same model; of the {asking['sample']} "
                         f"generated ones "
                         f"{asking['agree']} agree. It was not made for a small model without an adapter"))
        if not rows:
            raise KeyError("reading")
        return intro + "\n\n" + table(("ratio", "what", "before", "after", "remarks"), rows)

    def peers(self) -> str:
        found = self.part("peers")
        parts = ["A text is kept where the weights of the patterns that occur in it add up; all ways keep the "
                 "same lines. "
                 "Seconds are of the whole process; start is the same for one record. Ours is `judge --rules-only`, "
                 "which writes every line with its verdict, its confidence and its rules."]
        if out := [name for name in JOBS if any(name not in job["ways"] for job in found.values()
                                                if isinstance(job, dict))]:
            parts.append(f"Not measured in this run: {', '.join(out)}.")
        for name, job in ((name, job) for name, job in found.items() if isinstance(job, dict)):
            ours = job["ways"]["cybersieve"]
            rows = []
            for way, row in job["ways"].items():
                value = ratio(row["cpu_seconds"]["median"], ours["cpu_seconds"]["median"])
                memory = ratio(row["peak_memory_mb"]["median"], ours["peak_memory_mb"]["median"])
                remark = "; ".join(filter(None, (lost(value, "small"), lost(memory, "small memory"))))
                rows.append((times(value), way, middle(row["cpu_seconds"]), middle(row["seconds"]), row["start"],
                             times(memory), middle(row["peak_memory_mb"]), remark))
            parts.append(f"**{name}, {job['records']:,} records ({job['mb']:g} MB), {job['kept']:,} kept**\n\n"
                         + table(("CPU ratio", "way", "CPU s", "s by the clock", "start, s", "memory ratio", "MB",
                                  "remarks"), rows))
        return "\n\n".join(parts)

    def worth(self) -> str:
        found = self.part("worth")
        best = max(found["ways"].values(), key=lambda row: row["f1"]["value"] or 0)
        rows = [(rate(row["f1"]), name, rate(row["precision"]), rate(row["recall"]), row["calls"],
                 "–" if row["seconds_per_1000"] is None else f"{row['seconds_per_1000']:g}")
                for name, row in found["ways"].items()]
        head = (f"{found['records']} labelled records of the sample corpus ({found['positive']} belong) on "
                f"which nothing "
                f"was fitted; TF-IDF saw {found['fitted_on']} others. 95 % intervals in brackets.")
        ours = found["ways"]["the pipeline"]
        said = "" if best is ours else f"\n\n**We lose** on F1 against the best row: {WHY['quality']}."
        shown = table(("F1", "way", "precision", "recall", "LLM calls", "s per 1,000 records"), rows)
        return f"{head}\n\n{shown}{said}"

    def verifier(self) -> str:
        found = self.part("verifier")
        rows = [(times(found.get("times", {}).get(name)), name, row["records"], row["records_per_second"],
                 row["tokens_per_second"], row["cpu_seconds"]) for name, row in found["ways"].items()]
        where = (f" Taken from `{found['taken_from']}`, a run of `bench/verify.py` on {found['machine']}."
                 if "taken_from" in found else "")
        ours = found["ways"]["cybersieve"]
        parts = [f"The same model asked the same texts in four ways (`bench/verify.py`).{where} generate and "
                 "batch_generate are given a chat with the whole text and generate five tokens from 4-bit weights, by "
                 "the wheels as they come: on a Linux CPU that is without the OpenBLAS that ours brings, which is most "
                 "of the difference ([verifier.md](verifier.md#where-the-time-goes)). llama.cpp reads the same GGUF, "
                 "on all cores, and the tokens that ours reads, once. Ours has its adapter.",
                 table(("we are", "way", "records", "records/s", "tokens/s", "CPU s"), rows),
                 f"Ours reaches {ours['share_of_gemm']:.0%} of what its matrix products alone would allow, at "
                 f"{ours['peak_memory_mb']:,g} MB; from start to first answer {found['start_seconds']:g} s.",
                 "![Questions a second](pictures/bench_verifier.svg)"]
        if depth := self.maybe("depth"):
            rows = [(row["auc"], rate(row["f1"]), row["layers"], row["tokens"], row["seconds"], rate(row["precision"]),
                     rate(row["recall"])) for row in depth["settings"]]
            parts += ["Fewer layers or fewer tokens, nothing trained anew (kept from margin 0, the LLM alone):",
                      table(("AUC", "F1", f"layers of {depth['settings'][0]['of']}", "tokens of a text", "seconds",
                             "precision", "recall"), rows)]
        return "\n\n".join(parts)

    def growth(self) -> str:
        found = self.part("growth")
        slopes = ["–", *found["cpu_seconds_per_1000_more"]]
        rows = [(slope, f"{row['records']:,}", row["mb"], row["cpu_seconds"], row["seconds"], row["peak_memory_mb"])
                for slope, row in zip(slopes, found["sizes"], strict=True)]
        parts = ["The corpus' own records again and again under new ids, parse to report by rules alone, dedup "
                 "off, one core. Linear means that another 1,000 records cost the same at every size; flat, that "
                 "memory does not follow the records.",
                 table(("CPU s for 1,000 more", "records", "MB", "CPU s", "s", "peak MB"), rows)]
        if by_stage := found.get("by_stage"):
            steps = [f"{a['records']:,} to {b['records']:,}" for a, b in zip(found["sizes"], found["sizes"][1:],
                                                                            strict=False)]
            runs = " and ".join(str(row["runs"]) for row in found["sizes"])
            parts.append(f"The sizes ran {runs} times, in turns; a stage's time is the least of its runs, and the "
                         "records come in an order drawn once. CPU s for 1,000 more, by stage:\n\n"
                         + table(("from", *by_stage), list(zip(steps, *by_stage.values(), strict=True))))
        pairs = [b / a for a, b in zip(slopes[1:], slopes[2:], strict=False)]
        if pairs:
            off, grown = max(abs(1 - pair) for pair in pairs), rows[-1][5] / rows[-2][5]
            parts.append(f"The cost of 1,000 more changes by {off:.0%} from size to size "
                         f"({'within' if off <= 0.1 else '**beyond**'} 10 %); memory at the largest size is "
                         f"{grown:.2f} "
                         "times that at the size before.")
        else:
            grown = found["sizes"][-1]["peak_memory_mb"] / found["sizes"][0]["peak_memory_mb"]
            parts.append(f"Two sizes make one step, so nothing is said about linearity here (`--full` adds a third); "
                         f"memory at the larger is {grown:.2f} times that at the smaller.")
        return "\n\n".join([*parts, "![Growth](pictures/bench_growth.svg)"])

    def cascade(self) -> str:
        found = self.part("cascade")
        ours, published = found["ours"], found["published"]
        targets = [point["target"] for point in ours["sample corpus"]["points"]]
        best = published["BARGAIN"]
        rows: list[Sequence[object]] = [
            (name, *(f"{point['calls_saved']:.3f}" for point in figures["points"])) for name, figures in ours.items()]
        rows += [(f"{name}, published", *(values.get(str(target), "–") for target in targets))
                 for name, values in published.items()]
        lower = sorted({name for name, figures in ours.items() for point in figures["points"]
                        if point["calls_saved"] < best.get(str(point["target"]), 0)})
        parts = ["Share of LLM calls saved by the rules, by the precision and the recall that are both "
                 "guaranteed at once "
                 "(probability 0.95 over the draw of the labels). Published: averages over their own data sets, for "
                 "their own promises; a sense of scale, no contest. The rules' weights were fitted on other "
                 "labels of "
                 "the sample corpus, and on the gold texts themselves where these are shown.",
                 table(("corpus", *map(str, targets)), rows)]
        if lower:
            parts.append(f"**We lose** at some targets on {', '.join(lower)}: {WHY['cascade']}.")
        parts += ["What came of the promise among labels that set no threshold (right of those kept by rule; "
                  "lost of all "
                  "that belong):",
                  table(("corpus", *map(str, targets)),
                        [(f"{name}, {figures['labels']} labels set, {figures['checked_on']} check",
                          *(f"{point['kept_right'][0]} of {point['kept_right'][1]}; {point['lost'][0]} of "
                            f"{point['lost'][1]}" for point in figures["points"])) for name, figures
                         in ours.items()]),
                  "![Calls saved against target](pictures/bench_cascade.svg)"]
        return "\n\n".join(parts)

    def how(self) -> str:
        rows = [(name, part["took"], part["load"], part.get("failed") or part.get("missing") or "")
                for name, part in self.parts.items()]
        versions = ", ".join(f"{name} {version}" for name, version in self.about["versions"].items())
        return ("## How it was run\n`make bench` makes `.venv-bench` from requirements_bench.txt and runs "
                "`python -m bench.all`; `--quick` and `--full` (`make bench BENCH=--quick`) change the sizes, "
                f"`bench/all.py` says which are which. {versions}. Short measurements are repeated, the ways in "
                f"turns; "
                "long ones are made once. Load: processes that wanted a core, the mean of a minute.\n\n"
                + table(("part", "seconds", "load", "not measured"), rows))


def write(results: Figures, path: Path) -> None:
    """The page, and the pictures beside it that its parts have figures for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Page(results).text(), encoding="utf-8")
    pictures = path.parent / "pictures"
    pictures.mkdir(exist_ok=True)
    drawn: dict[str, Callable[[Any], str]] = {"verifier": plots.verifier, "growth": plots.growth,
                                              "cascade": plots.cascade}
    for name, draw in drawn.items():
        figures = results["parts"].get(name, {"missing": ""})
        if not {"failed", "missing"} & set(figures):
            (pictures / f"bench_{name}.svg").write_text(draw(figures), encoding="utf-8")
