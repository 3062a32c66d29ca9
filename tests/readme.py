"""README's headline table, written from metrics.json: `python tests/readme.py`, or `make readme`."""

import json
import re
from pathlib import Path

from cybersieve import summary

ROOT = Path(__file__).resolve().parent.parent
BEFORE, AFTER = "<!-- metrics: written by `make readme` from metrics.json -->\n", "<!-- /metrics -->"
PATTERN = re.compile(f"(?<={re.escape(BEFORE)}).*?(?={re.escape(AFTER)})", re.S)


SHOWN = ("kept", "asked to the LLM", "precision", "recall", "thresholds")  # README's first screen has no room for more


def headline() -> str:
    """The table as README must show it: figures on records that nothing was fitted on, with 95 % intervals."""
    rows = summary.lines(json.loads((ROOT / "metrics.json").read_text()), {})
    return summary.markdown([row for row in rows if row[0] in SHOWN]) + "\n"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(PATTERN.sub(lambda _: headline(), readme.read_text()))
