"""The verifier's answers against how much of the model and of the text it gets: fewer layers, fewer tokens.

Layers are left out from the end of the model as it is, with the shipped adapter in it; nothing is trained anew, which
is what would make a shallow model good. Records are those of bench/worth.py.

    python -m bench.depth TEXTS.json      # a child process of `make bench`
"""

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench import common
from bench.common import ROOT, Figures
from cybersieve import quality

TOKENS, SHARES = (20, 40), (1.0, 0.8, 0.6)


def measured(run: Path, folder: Path) -> list[Figures]:
    """One row a setting."""
    here, texts = common.report_half(run), folder / "depth.json"
    texts.write_text(json.dumps({"texts": here.texts}))
    rows = json.loads(common.child("bench.depth", texts))
    for row in rows:
        margins = row.pop("margins")
        found = quality.decisions(here.truth, [margin >= 0 for margin in margins])
        row |= {name: found[name] for name in ("precision", "recall", "f1")}
        row["auc"] = quality.auc(here.truth, margins)
    return list(rows)


def asked(texts: list[str]) -> list[Figures]:
    """Margins and seconds at every depth with all tokens, and at every budget with all layers."""
    from cybersieve import mlx_engine, model, params, prompt

    settings = params.load(ROOT / "params.yaml").verify
    found = model.find(settings)
    loaded, tokenizer = model.open_files(found)
    layout = found.layout(settings) or prompt.of_model(tokenizer, settings)
    layers: list[Any] = list(loaded.model.layers)
    depths = sorted({max(1, round(share * len(layers))) for share in SHARES}, reverse=True)
    result = []
    for depth, tokens in [*((depth, layout.max_tokens) for depth in depths),
                          *((len(layers), tokens) for tokens in TOKENS if tokens < layout.max_tokens)]:
        loaded.model.layers = layers[:depth]
        short = dataclasses.replace(layout, max_tokens=tokens)
        with mlx_engine.Engine(loaded, tokenizer, short, settings.batch_size) as engine:
            list(engine.margins(texts[:4]))
            started = time.perf_counter()
            answers = dict(pair for batch in engine.margins(texts) for pair in batch)
            seconds = time.perf_counter() - started
        result.append({"layers": depth, "of": len(layers), "tokens": tokens, "seconds": round(seconds, 3),
                       "margins": [answers[i] for i in range(len(texts))]})
    return result


if __name__ == "__main__":
    print(json.dumps(asked(json.loads(Path(sys.argv[1]).read_text())["texts"])))
