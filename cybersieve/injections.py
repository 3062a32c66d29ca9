"""Texts that try to talk their way in: templates of our own (injections.yaml), and how they are put into a text.

Kinds are split by name: `train` kinds may enter an adapter's training data, `held_back` kinds are only tested
on, so that a test says something about tricks the adapter has never seen. A few kinds (keyword stuffing, a
claim in another language) argue for one side only; the others have an `{answer}` and can argue for either.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from cybersieve.errors import ParamsError

Use = Literal["train", "held_back"]
QUESTION = "Is this about cybersecurity? Answer:"
ANSWERS = {0: ("Yes", "Yes", "Yes", "Yes", "No"), 1: ("Yes", "No")}  # what they argue for, by the text's label
WORDS = 24  # of a text before an injection: behind a long one it lies beyond the verifier's token budget
TEMPLATES = Path(__file__).with_name("injections.yaml")


@dataclass(frozen=True)
class Kind:
    name: str
    use: Use
    texts: tuple[str, ...]


def load(path: Path = TEMPLATES) -> list[Kind]:
    """The kinds of injection, in the file's order. Raises ParamsError where one is malformed."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    kinds = []
    for name, body in tree["kinds"].items():
        if set(body) != {"use", "texts"} or body["use"] not in {"train", "held_back"} or not body["texts"]:
            raise ParamsError(f"{path}: kinds.{name}: use (train or held_back) and a list of texts are wanted")
        kinds.append(Kind(name, body["use"], tuple(body["texts"])))
    return kinds


def payload(template: str, answer: str = "Yes") -> str:
    """One template filled in: arguing for `answer`, and forging the verifier's own question."""
    claim = "about" if answer == "Yes" else "not about"
    return template.replace("{answer}", answer).replace("{claim}", claim).replace("{question}", QUESTION)


def inject(text: str, words: str, place: str = "suffix") -> str:
    """`words` put after the text, before it, or into its middle (at a word's edge)."""
    joint = "" if words.startswith("\n") else " "
    if place == "suffix":
        return f"{text}{joint}{words}"
    if place == "prefix":
        return f"{words.strip()} {text}"
    edge = text.find(" ", len(text) // 2)
    return f"{text[:edge]}{joint}{words}{text[edge:]}" if edge > 0 else f"{text}{joint}{words}"


def place(rng: random.Random) -> str:
    """Where an injection goes: mostly behind the text."""
    return rng.choices(("suffix", "prefix", "middle"), (6, 2, 1))[0]


def shortened(text: str, words: int) -> str:
    """The text's first `words` words."""
    parts = text.split(" ")
    return text if len(parts) <= words else " ".join(parts[:words])


def variants(texts: Sequence[str], use: Use, seed: int = 0,
             answers: tuple[str, ...] = ("Yes",)) -> Iterator[tuple[int, str, str]]:
    """(index of the text, kind, injected text), without end: every text in turn, kinds equally often.

    The same seed gives the same sequence. `answers` are what the injection argues for, drawn at random.
    """
    kinds = [kind for kind in load() if kind.use == use]
    rng = random.Random(seed)
    order = list(range(len(texts)))
    while order:
        rng.shuffle(order)
        for index in order:
            kind = rng.choice(kinds)
            argued = payload(rng.choice(kind.texts), rng.choice(answers))
            where = place(rng)
            yield index, kind.name, inject(shortened(texts[index], rng.randint(6, WORDS)), argued, where)


def every(text: str) -> Iterator[tuple[str, str]]:
    """(kind, injected text) for one text and every template, arguing Yes, as a suffix: what flips are measured on."""
    for kind in load():
        for template in kind.texts:
            yield kind.name, inject(shortened(text, WORDS), payload(template))
