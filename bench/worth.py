"""What each way of deciding is worth, on the labelled records that nothing was fitted on and no threshold set by.

Patterns and words decide by themselves; TF-IDF with logistic regression is fitted on the labels that our rules may be
fitted on; the LLM is asked about every record, as it comes and with the shipped adapter; the pipeline's verdicts are
those of the run. Every way decides the same records.
"""

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path

from bench import before, common
from bench.common import ROOT, Figures
from cybersieve import labels, quality, records

SEEDS = re.compile(r"\bCVE-\d{4}-\d+|exploit|malware", re.I)
WORD = re.compile("|".join(before.WORDS), re.I)


def measured(run: Path, asked: Figures) -> Figures:
    """Quality, questions to the LLM and seconds a thousand records; `asked` has the LLM's margins."""
    here, fit = common.report_half(run), common.labelled(run, labels.for_fitting(ROOT / "labels"), False)
    texts, truth, n = here.texts, here.truth, len(here.rows)
    rows: Figures = {}

    def row(name: str, kept: Sequence[bool], calls: int, seconds: float | None) -> None:
        per = None if seconds is None else round(1000 * seconds / n, 3)
        rows[name] = quality.decisions(truth, kept) | {"calls": calls, "seconds_per_1000": per}

    started = time.perf_counter()
    row("CVE-…, exploit, malware", [bool(SEEDS.search(text)) for text in texts], 0, time.perf_counter() - started)
    started = time.perf_counter()
    row("25 words", [bool(WORD.search(text)) for text in texts], 0, time.perf_counter() - started)
    for name, with_source in (("TF-IDF + logistic regression", False), ("the same, told the source", True)):
        kept, seconds = tf_idf(fit, here, with_source)
        row(name, kept, 0, seconds)
    row("LLM on everything, as it comes", [margin >= 0 for margin in asked["plain"]["margins"]], n,
        asked["plain"]["seconds"])
    row("LLM on everything, with our adapter", [margin >= 0 for margin in asked["adapter"]["margins"]], n,
        asked["adapter"]["seconds"])
    row("our rules alone", [found["confidence"] >= 0.5 for found in here.rows], 0, None)
    row("the pipeline", [found["verdict"] == "kept" for found in here.rows],
        sum(found["by"] == "llm" for found in here.rows), None)
    return {"records": n, "positive": sum(truth), "fitted_on": len(fit.rows), "ways": rows}


def tf_idf(fit: common.Labelled, here: common.Labelled, with_source: bool) -> tuple[list[bool], float]:
    """Words and pairs of words, balanced weights; seconds are those of deciding, not of fitting."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    def seen(found: common.Labelled) -> list[str]:
        sources = ["source" + re.sub(r"\W", "", row["source"]) if with_source else "" for row in found.rows]
        return [f"{source} {text}" for source, text in zip(sources, found.texts, strict=True)]

    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
                          LogisticRegression(C=10, class_weight="balanced", max_iter=1000))
    model.fit(seen(fit), fit.truth)
    started = time.perf_counter()
    kept = model.predict(seen(here)).tolist()
    return [bool(one) for one in kept], time.perf_counter() - started


def corpus_share(run: Path) -> float:
    """Share of all records that CVE-…, exploit or malware decide without the LLM."""
    texts = [records.full_text(row["title"], row["text"]) for shard in records.shards(run / "parsed")
             for row in records.read(shard.path, ["title", "text"])]
    return round(sum(bool(SEEDS.search(text)) for text in texts) / len(texts), 4)


def cost(folder: Path, run: Path) -> Figures:
    """Margins and seconds of the LLM with and without adapter, each in a process of its own."""
    texts = folder / "worth.json"
    texts.write_text(json.dumps({"texts": common.report_half(run).texts}))
    return {way: json.loads(common.child("bench.after", way, texts)) for way in ("plain", "adapter")}
