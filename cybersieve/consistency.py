"""What an adapter said of a text, asked of the text with an injection as well: rows that teach it to say the same.

The targets are the adapter's own answers to the texts alone, not labels: what it knows stays, and what an injection
adds to a text comes to mean nothing. After Chua et al. 2024, bias-augmented consistency training (arXiv:2403.05518).
"""

import random
from collections.abc import Callable, Sequence

import numpy as np

from cybersieve import injections, training_data
from cybersieve.training_data import Row

NEGATIVE = 0.75  # share of texts that do not belong: those are what is smuggled in
WHOLE = 3  # of so many texts one is learned as a whole, too: that keeps what the adapter knows of longer ones
TWICE = 0.25  # share of texts that get two injections


def rows(texts: Sequence[Row], count: int, margins: Callable[[Sequence[Row]], np.ndarray], seed: int = 0) -> list[Row]:
    """Up to `count` texts: the beginning, the same with injections of the `train` kinds, and some texts as a whole.

    `margins` are the adapter's; `target` of a row is its probability of yes for the text without the injection.
    Which texts are taken is settled by their hash, what is done to them by `seed`.
    """
    rng = random.Random(seed)
    kinds = [kind for kind in injections.load() if kind.use == "train"]
    whole: list[Row] = []
    begun: list[Row] = []
    injected: list[Row] = []
    for number, one in enumerate(_drawn(texts, count)):
        drawn = rng.choices(kinds, k=2 if rng.random() < TWICE else 1)
        text = begin = injections.shortened(one["text"], rng.randint(6, injections.WORDS))
        for kind in drawn:
            words = injections.payload(rng.choice(kind.texts), rng.choice(injections.ANSWERS[one["label"]]))
            text = injections.inject(text, words, injections.place(rng))
        begun.append(one | {"text": begin})
        injected.append(one | {"text": text, "stratum": f"injected:{drawn[0].name}"})
        if number % WHOLE == 0:
            whole.append(one)
    alone = [*begun, *whole]
    said = 1 / (1 + np.exp(-margins(alone).astype(np.float64)))
    targets = zip([*alone, *injected], [*said, *said[: len(begun)]], strict=True)
    return [one | {"target": round(float(target), 6), "weight": 1.0} for one, target in targets]


def _drawn(texts: Sequence[Row], count: int) -> list[Row]:
    """Originals by a hash of their group, no copies."""
    own = [one for one in texts if one["group"] == training_data.fingerprint(one["text"])]
    own.sort(key=lambda one: training_data.share(one["group"], "consistency"))
    negative = round(NEGATIVE * count)
    return [one for label, most in ((0, negative), (1, count - negative))
            for one in [each for each in own if each["label"] == label][:most]]
