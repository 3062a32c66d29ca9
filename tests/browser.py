"""A real, headless Chromium for tests of pages: the system's own, or the one that Playwright installed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox"]  # Chromium refuses to run as root with one, and CI is root


def _executable(playwright) -> str:
    """The system's Chromium, or Playwright's own; skips where there is none."""
    found = os.environ.get("CYBERSIEVE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    found = found or playwright.chromium.executable_path
    if not Path(found).exists():
        pytest.skip("needs Chromium: apt-get install chromium, or playwright install chromium")
    return found


@contextmanager
def chromium() -> Iterator[object]:
    """A Playwright browser; skips the test where there is no Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install -r requirements_dev.txt")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_executable(playwright), args=ARGUMENTS)
        browser.playwright = playwright
        yield browser
        browser.close()


def another(browser) -> object:
    """A second browser, of its own processes."""
    return browser.playwright.chromium.launch(executable_path=_executable(browser.playwright), args=ARGUMENTS)


def axe(page) -> list[str]:
    """What axe-core finds wrong with a page's accessibility, contrast included: rule, place, reason."""
    page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    return [f"{rule['id']}: {node['html'][:120]}: {node['failureSummary']}"
            for rule in found["violations"] for node in rule["nodes"]]


def fits(page) -> bool:
    """No sideways scrolling of the page as a whole."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def crash(browser) -> None:
    """End the browser as a power cut would, with no chance to save anything."""
    from playwright.sync_api import Error

    with suppress(Error):
        browser.new_browser_cdp_session().send("Browser.crash")
    assert not browser.is_connected()
