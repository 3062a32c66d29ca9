"""Short texts of our own, written out from templates (synthetic.yaml): `{a|b}` picks one, `<name>` a slot's word.

Beside them stands written.jsonl: texts in 25 registers, each written by itself, a good part of them hard to tell.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

TEMPLATES = Path(__file__).with_name("synthetic.yaml")
WRITTEN = Path(__file__).with_name("written.jsonl")
CHOICE = re.compile(r"\{([^{}]*)\}")
SLOT = re.compile(r"<([a-z]+)>")


def expand(template: str, slots: dict[str, list[str]], rng: random.Random) -> str:
    """One text of a template: innermost choices first, then slots; unknown `<name>`s stay as they are."""
    while CHOICE.search(template):
        template = CHOICE.sub(lambda found: rng.choice(found[1].split("|")), template, count=1)
    return SLOT.sub(lambda found: rng.choice(slots[found[1]]) if found[1] in slots else found[0], template)


def texts(per_template: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """`{text, label, source, stratum}` rows: up to `per_template` different texts of each template, always the same."""
    tree = yaml.safe_load(TEMPLATES.read_text(encoding="utf-8"))
    rng = random.Random(seed)
    for side, label in (("positive", 1), ("negative", 0)):
        for register, templates in tree[side].items():
            for template in templates:
                made = {expand(template, tree["slots"], rng): None for _ in range(per_template)}
                for text in made:
                    yield {"text": text, "label": label, "source": "synthetic", "stratum": register}
