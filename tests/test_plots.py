"""`dvc plots show` and `dvc plots diff`: every plot is drawn, in a real browser, without the network."""

import shutil

import pytest
import yaml

from tests.conftest import ROOT, run
from tests.test_page import rows, write_run

PLOTS = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """The drawing script, as this checkout has it or as the wheel brings it."""
    target = tmp_path_factory.mktemp("vega") / "vega.js"
    try:
        run("python", ROOT / "stages" / "prepare_plots.py", "--output", target)
    except AssertionError as error:
        pytest.skip(f"needs the drawing script: {error}")
    return target


@pytest.fixture(scope="module")
def project(tmp_path_factory, script):
    """A DVC project with our templates and two committed runs, the first without a single label."""
    folder = tmp_path_factory.mktemp("project")
    run("git", "init", "-q", cwd=folder)
    run("git", "config", "user.email", "test@example.org", cwd=folder)
    run("git", "config", "user.name", "test", cwd=folder)
    run("dvc", "init", "-q", cwd=folder)
    for name in ("plots.html", "config"):
        shutil.copy(ROOT / ".dvc" / name, folder / ".dvc" / name)
    shutil.copytree(ROOT / ".dvc" / "plots", folder / ".dvc" / "plots", dirs_exist_ok=True)
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"plots": PLOTS}))
    shutil.copy(script, folder / ".dvc" / "tmp" / "vega.js")
    for part in (rows()[:5], rows()):
        work = folder / f"run{len(part)}"
        write_run(work, part)
        shutil.copytree(work / "plots", folder / "plots", dirs_exist_ok=True)
        shutil.rmtree(work)
        run("git", "add", "-A", cwd=folder)
        run("git", "commit", "-qm", f"{len(part)} records", cwd=folder)
    return folder


def test_every_plot_that_the_report_writes_is_defined(project):
    assert {name for plot in PLOTS for name in plot} == {f"plots/{path.name}" for path in project.glob("plots/*.csv")}


@pytest.mark.parametrize("command", [("show",), ("diff", "HEAD~1", "HEAD")])
def test_they_are_drawn_offline(project, browser, command):
    shown = run("dvc", "plots", *command, cwd=project)
    assert "ERROR" not in shown.stderr
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    asked, said = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.goto((project / "dvc_plots" / "index.html").as_uri())
    empty = [name for plot in PLOTS for name in plot if len((project / name).read_text().splitlines()) == 1]
    drawn = len(PLOTS) - len(empty)
    tab.wait_for_function(f"document.querySelectorAll('main canvas').length == {drawn}")
    assert tab.get_by_text("no data in this run").count() == len(empty)
    assert all(url.startswith(project.as_uri()) for url in asked)
    assert said == []
    assert tab.locator("#missing").is_hidden()
    marks = tab.evaluate("[...document.querySelectorAll('main canvas')].map(c => c.width * c.height)")
    assert min(marks) > 10_000
    tab.close()


def test_without_the_script_the_page_says_what_to_run(project, browser):
    (project / ".dvc" / "tmp" / "vega.js").rename(project / "vega.js")
    run("dvc", "plots", "show", "-o", "elsewhere", cwd=project)
    tab = browser.new_page()
    tab.goto((project / "elsewhere" / "index.html").as_uri())
    assert tab.get_by_text("prepare_plots.py").is_visible()
    tab.close()
    (project / "vega.js").rename(project / ".dvc" / "tmp" / "vega.js")


def test_a_script_that_is_not_the_tested_one_is_replaced(tmp_path, script):
    target = tmp_path / "vega.js"
    target.write_text("alert('another')")
    run("python", ROOT / "stages" / "prepare_plots.py", "--output", target)
    assert target.read_bytes() == script.read_bytes()
    failed = run("python", ROOT / "stages" / "prepare_plots.py", "--output", tmp_path / "new.js", code=1,
                 CYBERSIEVE_WHEELS=str(tmp_path))
    assert "pip could not download" in failed.stderr and not (tmp_path / "new.js").exists()
    assert "Traceback" not in failed.stderr
