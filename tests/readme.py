"""README's headline table, written from metrics.json: `python tests/readme.py`, or `make readme`."""

import json
import re
from pathlib import Path

from cybersieve import summary

ROOT = Path(__file__).resolve().parent.parent
BEFORE, AFTER = "<!-- metrics: written by `make readme` from metrics.json -->\n", "<!-- /metrics -->"
PATTERN = re.compile(f"(?<={re.escape(BEFORE)}).*?(?={re.escape(AFTER)})", re.S)


def headline() -> str:
    """The table as README must show it."""
    return summary.markdown(summary.lines(json.loads((ROOT / "metrics.json").read_text()), {})) + "\n"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(PATTERN.sub(lambda _: headline(), readme.read_text()))
