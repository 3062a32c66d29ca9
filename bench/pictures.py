"""Make the pictures of README and docs: docs/pictures/*.webp, each at most 200 KB.

    python bench/pictures.py --run . --output docs/pictures

report*.webp: the beginning of the last run's report.html, which holds figures and no text of the corpus.
labelling*.webp: the labelling page on texts of our own, scored by the project's rules.
Needs a run (make), requirements_dev.txt and Chromium (CYBERSIEVE_CHROMIUM names one that is not on the PATH).
"""

import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from cybersieve import records, rules
from cybersieve.records import Record, Row

MOST = 200_000  # bytes
TEXTS = [
    ("Stolen session cookies open the mail archive", "An infostealer copies browser cookies from the profile folder. "
     "The attacker replays them from another country and reads the mail archive without a password or a second factor. "
     "Detection: the same session token from two networks within minutes, followed by mass export of messages."),
    ("Beetles of the northern heath", "Ground beetles hunt at night and hide under stones by day."),
    ("Backups that an intruder can not delete", "Copies are kept offline, or under a lock that nobody can lift."),
]


def capture(page: Page, path: Path) -> None:
    """What the window shows, as WebP."""
    session = page.context.new_cdp_session(page)
    found = session.send("Page.captureScreenshot", {"format": "webp", "quality": 88})
    path.write_bytes(base64.b64decode(found["data"]))
    size = path.stat().st_size
    print(json.dumps({"picture": path.name, "bytes": size}))
    if size > MOST:
        sys.exit(f"{path}: {size} bytes are more than {MOST}")


def window(browser: Browser, width: int, height: int, scheme: str = "light") -> Page:
    return browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]


def report(browser: Browser, path: Path, output: Path) -> None:
    for name, width, height, scheme in (("report", 1280, 1180, "light"), ("report_dark", 1280, 1180, "dark"),
                                        ("report_phone", 390, 1000, "light")):
        page = window(browser, width, height, scheme)
        page.goto(path.resolve().as_uri())
        capture(page, output / f"{name}.webp")
        page.close()


def decided(folder: Path) -> None:
    """A run of our own texts, as the stages would leave it."""
    book = rules.load("rules.yaml")
    parsed: list[Row] = []
    scored: list[Row] = []
    verdicts: list[Row] = []
    for number, (title, text) in enumerate(TEXTS):
        found = book.judge(title, text, "notes.jsonl")
        key = {"id": f"note-{number}", "source": "notes.jsonl"}
        kept = found.confidence >= 0.5
        parsed.append(Record(key["id"], key["source"], str(number), title, text).row())
        scored.append(key | {"rules": list(found.hits), "score": round(found.text_log_odds + found.source_log_odds, 4),
                             "confidence": found.confidence})
        verdicts.append(key | {"verdict": "kept" if kept else "rejected", "by": "rule", "p_yes": None, "margin": None,
                               "reason": f"confidence {found.confidence:.2f} {'>=' if kept else '<'} 0.50"})
    name = "notes.jsonl.parquet"
    records.write(folder / "parsed" / name, parsed, records.PARSED)
    records.write(folder / "scored" / name, scored, records.SCORED)
    records.write(folder / "verdicts" / name, verdicts, records.VERDICTS)


def labelling(browser: Browser, output: Path) -> None:
    """The page as it opens (blind), and with what the run thinks of the record."""
    scratch = Path(tempfile.mkdtemp())
    decided(scratch / "data")
    listed = scratch / "list.csv"
    listed.write_text("file,id\n" + "".join(f"notes.jsonl,note-{n}\n" for n in range(len(TEXTS))))
    server = subprocess.Popen(
        [sys.executable, "-m", "cybersieve", "review", "--data", scratch / "data", "--queue", listed, "--labels",
         scratch / "sample_uniform.csv", "--labeller", "ann"],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"BROWSER": "true"})
    try:
        assert server.stdout is not None
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found is not None, "the labelling page did not start"
        for name, width, height, scheme, opened in (("labelling", 1000, 620, "light", True),
                                                    ("labelling_phone", 390, 760, "dark", False)):
            page = window(browser, width, height, scheme)
            page.goto(found.group())
            page.locator("#count:not(:empty)").wait_for()
            if opened:
                page.keyboard.press("b")
                page.locator("#run").wait_for()
            capture(page, output / f"{name}.webp")
            page.close()
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(scratch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path(), metavar="DIR", help="holds report.html (default: here)")
    parser.add_argument("--output", type=Path, default=Path("docs/pictures"), metavar="DIR", help="gets the pictures")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CYBERSIEVE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        report(browser, args.run / "report.html", args.output)
        labelling(browser, args.output)
        browser.close()


if __name__ == "__main__":
    main()
