"""Before against after, on the same records of the sample corpus.

reading   the whole corpus: bench/before.py without its LLM against parse and score
large     one JSON file, of three sizes, the same two ways: memory and seconds
asking    seconds a question, one generate call each on a seeded sample
start     a server's process to /health and to the first token, beside mlx_lm.server (bench/server.py)
whole     the pipeline from raw files to the report, nothing in its cache
lines     of the inference engine
"""

import ast
import dataclasses
import json
import random
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from bench import before, common
from bench.common import ROOT, Figures
from cybersieve import records

RAW = ROOT / "raw_data"
LARGE = RAW / "misp-galaxy" / "sigma-rules.json"
ENGINE = ["mlx_engine"]
BESIDE = ["batches", "blas", "cpu_ops", "cpu_thread", "shortcuts", "dequantise", "prompt", "model", "gguf", "verify",
          "cache"]


def whole(folder: Path) -> Figures:
    """One run of everything; `folder`/run/stages is what the other parts read."""
    run = common.watched([sys.executable, "-m", "cybersieve", "filter", "--input-dir", RAW,
                          "--output-dir", folder / "run"], **common.empty_cache(folder))
    return run.figures() | {"load": common.load()}


def calls(run: Path) -> Figures:
    """Questions to the LLM: one a record before; after, those that neither rules nor parse nor dedup decided."""
    counts = records.load_json(run / "counts" / "verify.json")
    asked = sum(n for note, n in counts["notes"].items() if note.endswith("by llm")) + counts["failed"]
    return {"records": counts["read"], "before": counts["read"], "after": asked,
            "saved": round(1 - asked / counts["read"], 4)}


def reading(folder: Path, repeats: int) -> Figures:
    """The corpus from raw files to scored records: the clock, all processors, memory."""
    by_after(RAW, folder)
    common.watched([sys.executable, ROOT / "stages" / "dedup.py", "--input-dir", folder / "parsed",
                    "--output-dir", folder / "unique"])
    return common.rounds(repeats, {"before": partial(by_before, RAW, folder),
                                   "after": partial(by_after, RAW, folder, "--unique-dir", folder / "unique")})


def by_before(raw: Path, folder: Path) -> common.Run:
    """Dumps read, and kept by keywords."""
    return common.watched([sys.executable, "-m", "bench.before", "--input-dir", raw, "--no-llm",
                           "--output", folder / "before.json"])


def by_after(raw: Path, folder: Path, *options: object) -> common.Run:
    """Dumps read, and scored by the rules; `options` are score's."""
    parse = common.watched([sys.executable, ROOT / "stages" / "parse.py", "--input-dir", raw,
                            "--output-dir", folder / "parsed"], **common.empty_cache(folder))
    score = common.watched([sys.executable, ROOT / "stages" / "score.py", "--input-dir", folder / "parsed", *options,
                            "--output-dir", folder / "scored"])
    return common.Run(round(parse.seconds + score.seconds, 3), round(parse.cpu_seconds + score.cpu_seconds, 3),
                      max(parse.peak_memory_mb, score.peak_memory_mb), "")


def large(folder: Path, sizes: list[int]) -> list[Figures]:
    """Memory and seconds of one JSON file; its records are the corpus' own, again and again."""
    tree = json.loads(LARGE.read_text())
    result = []
    for size in sizes:
        source = folder / f"large{size}"
        source.mkdir()
        times = max(1, round(size * 1e6 / LARGE.stat().st_size))
        with (source / LARGE.name).open("w") as file:
            file.write('{"values": [')
            for number in range(times):
                for item in tree["values"]:
                    file.write(("" if number == 0 and item is tree["values"][0] else ",\n") + json.dumps(
                        item | {"uuid": f"{number}-{item['uuid']}"}))
            file.write("]}")
        old, new = by_before(source, folder), by_after(source, folder)
        megabytes = (source / LARGE.name).stat().st_size / 1e6
        result.append({"mb": round(megabytes), "records": times * len(tree["values"]),
                       "before": old.figures(), "after": new.figures()})
        shutil.rmtree(source)
    return result


def asking(run: Path, folder: Path, sample: int, asked: Figures) -> Figures:
    """Seconds a question both ways on labelled records; `asked` has all of them through the engine.

    Five generated tokens a record would take hours for all of them, so what before's questions are worth is told from
    the same model's yes against its no in one pass; `agree` says how often that is what it generated.
    """
    labelled = common.report_half(run)
    drawn = sorted(random.Random(0).sample(range(len(labelled.rows)), sample))
    texts = folder / "texts.json"
    texts.write_text(json.dumps({"texts": labelled.texts, "drawn": drawn}))
    old = json.loads(common.child("bench.after", "generate", texts))
    plain, new = asked["plain"], asked["adapter"]
    agree = sum((plain["margins"][i] >= 0) == answer for i, answer in zip(drawn, old["answers"], strict=True))
    return {"before": common.spread(old["seconds"]), "after": round(new["seconds"] / len(labelled.rows), 4),
            "sample": sample, "records": len(labelled.rows), "before_peak_memory_mb": old["peak_memory_mb"],
            "after_peak_memory_mb": new["peak_memory_mb"], "generated_yes": sum(old["answers"]), "agree": agree}


def generate(texts: list[str], drawn: list[int]) -> Figures:
    """The drawn texts by before's own calls, on the wheels as they come (no OpenBLAS)."""
    from mlx_lm import load

    from cybersieve import model as models

    model, tokenizer = load(str(models.prepare_default()))
    seconds, answers = [], []
    for text in [texts[i] for i in drawn]:
        started = time.perf_counter()
        answers.append(before.ask(model, tokenizer, text))
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds, "answers": answers}


def margins(texts: list[str], adapter: str | None) -> Figures:
    """All texts through the engine, with the adapter or the model as it comes; loading is not counted."""
    from cybersieve import mlx_engine, model, params, prompt

    settings = dataclasses.replace(params.load(ROOT / "params.yaml").verify, adapter=adapter)
    found = model.find(settings)
    loaded, tokenizer = model.open_files(found)
    layout = found.layout(settings) or prompt.of_model(tokenizer, settings)
    with mlx_engine.Engine(loaded, tokenizer, layout, settings.batch_size) as engine:
        list(engine.margins(texts[:4]))
        started = time.perf_counter()
        answers = dict(pair for batch in engine.margins(texts) for pair in batch)
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "margins": [answers[i] for i in range(len(texts))]}


def start(folder: Path, rounds: int) -> Figures:
    """Medians of seconds from bench/server.py."""
    output = folder / "ready.json"
    subprocess.run([sys.executable, ROOT / "bench" / "server.py", "--only", "ready", "--rounds", str(rounds),
                    "--output", output], check=True, capture_output=True, cwd=ROOT)
    return dict(records.load_json(output)["ready"]) | {"rounds": rounds}


def lines() -> Figures:
    """Lines of the files, and of code in them (no comments, docstrings, blank lines)."""
    package = ROOT / "cybersieve"
    naive = Path(before.__file__).read_text()
    return {"engine": counted([package / f"{name}.py" for name in ENGINE]),
            "with all it needs": counted([package / f"{name}.py" for name in ENGINE + BESIDE]),
            "before.ask": {"lines": sum(len(part.splitlines()) for part in (
                ast.get_source_segment(naive, node) or "" for node in ast.parse(naive).body
                if isinstance(node, ast.FunctionDef) and node.name in ("ask", "prompt")))}}


def counted(paths: list[Path]) -> Figures:
    return {"files": len(paths), "lines": sum(len(path.read_text().splitlines()) for path in paths),
            "code": sum(code_lines(path.read_text()) for path in paths)}


def code_lines(source: str) -> int:
    """Lines that are neither blank nor a comment nor part of a docstring."""
    described = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            described |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return sum(bool(line.strip()) and not line.strip().startswith("#") and i not in described
               for i, line in enumerate(source.splitlines(), 1))


def main() -> None:
    """A child process: `python -m bench.after WAY TEXTS.json`."""
    from cybersieve import measure

    way, tree = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    if way == "generate":
        found = generate(tree["texts"], tree["drawn"])
    else:
        found = margins(tree["texts"], "auto" if way == "adapter" else None)
    print(json.dumps(found | {"peak_memory_mb": round(measure.peak_memory_mb(), 1)}))


if __name__ == "__main__":
    main()
