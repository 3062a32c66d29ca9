"""One filtering job, done by libraries that people use for it: JSON Lines in, the kept lines out.

    python -m bench.peer_jobs pandas RULES.json INPUT.jsonl OUTPUT.jsonl

RULES.json holds a bias, patterns and their weights; a text is kept where the bias and the weights of the patterns that
occur in it add up to 0 or more, case ignored. Each way is what its library's documentation would have one write.
Nothing of this project is imported: these run in an environment of their own (requirements_bench.txt).
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FLAGS = re.IGNORECASE | re.ASCII


def decider(rules: Path) -> Callable[[str], bool]:
    """Text in, kept or not out."""
    tree = json.loads(rules.read_text())
    loop = [(re.compile(pattern, FLAGS), weight) for pattern, weight in tree["patterns"]]
    bias = tree["bias"]

    def decide(text: str) -> bool:
        return round(bias + sum(weight for pattern, weight in loop if pattern.search(text)), 4) >= 0

    return decide


def plain(rules: Path, source: Path, target: Path) -> None:
    """A loop over lines in Python."""
    decide = decider(rules)
    with source.open() as lines, target.open("w") as kept:
        for line in lines:
            if decide(json.loads(line)["text"]):
                kept.write(line)


def pandas(rules: Path, source: Path, target: Path) -> None:
    """The whole file as a frame, a column of hits for each pattern."""
    import pandas as pd

    frame = pd.read_json(source, lines=True, dtype=False)
    tree = json.loads(rules.read_text())
    score = pd.Series(tree["bias"], index=frame.index)
    for pattern, weight in tree["patterns"]:
        score += weight * frame["text"].str.contains(re.compile(pattern, FLAGS))
    frame[score.round(4) >= 0].to_json(target, orient="records", lines=True)


def datatrove(rules: Path, source: Path, target: Path) -> None:
    """Reader, filter, writer, one task."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.filters import LambdaFilter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    decide = decider(rules)
    LocalPipelineExecutor(pipeline=[
        JsonlReader(str(source.parent), glob_pattern=source.name),
        LambdaFilter(lambda document: decide(document.text)),
        JsonlWriter(str(target.parent), output_filename=target.name, compression=None),
    ], tasks=1, workers=1, logging_dir=str(target.parent / "logs"), skip_completed=False).run()


def datasets(rules: Path, source: Path, target: Path) -> None:
    """A data set on disk, mapped into memory, filtered."""
    from datasets import load_dataset

    decide = decider(rules)
    found = load_dataset("json", data_files=str(source), split="train", cache_dir=str(target.parent / "cache"))
    found.filter(lambda row: decide(row["text"])).to_json(str(target))


def data_juicer(rules: Path, source: Path, target: Path) -> None:
    """An operator of one's own: a Filter that first writes statistics beside the texts, then decides by them.

    One thing of the library is left out: after each operator it empties the GPU's memory of models, and where torch is
    not installed it installs it for that. No model is loaded here.
    """
    from data_juicer.core.data import NestedDataset
    from data_juicer.ops import base_op
    from data_juicer.utils.constant import Fields
    from datasets import load_dataset

    base_op.free_models = lambda: None
    decide = decider(rules)

    class Weighed(base_op.Filter):  # type: ignore[misc]
        _batched_op = True

        def compute_stats_batched(self, samples: Any, *_: Any, **__: Any) -> Any:
            for text, stats in zip(samples["text"], samples[Fields.stats], strict=True):
                stats["fits"] = decide(text)
            return samples

        def process_batched(self, samples: Any) -> list[bool]:
            return [stats["fits"] for stats in samples[Fields.stats]]

    found = load_dataset("json", data_files=str(source), split="train", cache_dir=str(target.parent / "cache"))
    kept = Weighed(num_proc=1).run(NestedDataset(found))
    kept.remove_columns(Fields.stats).to_json(str(target))


JOBS = {"plain Python": plain, "pandas": pandas, "datatrove": datatrove, "datasets": datasets,
        "data-juicer": data_juicer}

if __name__ == "__main__":
    name, *paths = sys.argv[1:]
    JOBS[name](*map(Path, paths))
