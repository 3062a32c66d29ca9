"""README's headline table, from metrics.json and bench/verify.json: `python tests/readme.py`, or `make readme`."""

import json
import re
from pathlib import Path

from cybersieve import summary

ROOT = Path(__file__).resolve().parent.parent
BEFORE = "<!-- metrics: written by `make readme` from metrics.json and bench/verify.json -->\n"
AFTER = "<!-- /metrics -->"
PATTERN = re.compile(f"(?<={re.escape(BEFORE)}).*?(?={re.escape(AFTER)})", re.S)


SHOWN = ("kept", "asked to the LLM", "precision", "recall", "thresholds")  # README's first screen has no room for more


def headline() -> str:
    """The table as README must show it: figures on records that nothing was fitted on, with 95 % intervals."""
    rows = summary.lines(json.loads((ROOT / "metrics.json").read_text()), {})
    return summary.markdown([*(row for row in rows if row[0] in SHOWN), ("verifier", speed())]) + "\n"


def speed() -> str:
    """How fast the LLM is asked, beside two other ways, and what it takes."""
    found = json.loads((ROOT / "bench" / "verify.json").read_text())
    ours, times = found["ways"]["cybersieve"], found["times"]
    return (f"{times['generate']:.0f} x mlx_lm.generate, {times['llama.cpp']:.1f} x llama.cpp, "
            f"{ours['peak_memory_mb']:.0f} MB, first answer after {found['start_seconds']:.1f} s "
            f"({found['machine']}, {found['day']})")


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(PATTERN.sub(lambda _: headline(), readme.read_text()))
