"""README, docs and code must agree: stages, commands, settings and targets are described, figures are the run's."""

import re
import sys

import pytest
import yaml

from cybersieve.__main__ import COMMANDS
from tests import readme
from tests.conftest import ROOT, run
from tests.test_params import TREE, keys

README = (ROOT / "README.md").read_text()
DOCS = README + "".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def test_the_headline_figures_are_those_of_the_last_run():
    assert readme.PATTERN.search(README).group() == readme.headline(), "run `make readme`"


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_is_described_and_explains_itself(stage):
    assert f"| `{stage}` |" in README
    shown = run("python", STAGES[stage]["cmd"].split()[1], "--help").stdout
    assert f"python stages/{stage}.py" in shown, "its help has no example"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described_and_explains_itself(command):
    assert f"`{command}`" in README
    shown = run("python", "-m", "cybersieve", command, "--help").stdout
    assert f"cybersieve {command}" in shown, "its help has no example"


@pytest.mark.parametrize("name", keys(TREE))
def test_every_setting_has_a_word_on_it(name):
    """In a document, or as a comment beside it in params.yaml."""
    line = next(line for line in (ROOT / "params.yaml").read_text().splitlines()
                if re.match(rf"\s*{name.split('.')[-1]}:", line))
    assert "#" in line or f"`{name}`" in DOCS


def test_every_known_source_is_listed():
    page = (ROOT / "docs/parse.md").read_text()
    listed = page[page.index("### Known sources"):page.index("### Any other file")]
    names = {source["name"] for source in yaml.safe_load((ROOT / "cybersieve/sources.yaml").read_text())}
    assert set(re.findall(r"[\w.-]+(?=,| \|$)", listed.partition("| vulnerabilities |")[2], re.M)) >= names


def test_links_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_make_target_is_in_its_help():
    shown = run("make", "help").stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M).group(1).split()
    listed = {line.split()[0] for line in shown.splitlines() if line.strip()}
    assert set(phony) - {"help", "all"} <= listed


@pytest.mark.parametrize("version", ["(3, 10, 14)", "(3, 15, 2)"])
def test_make_refuses_a_python_without_the_locked_wheels(tmp_path, version):
    python = tmp_path / "python"
    python.write_text(f"""#!/bin/sh\n"{sys.executable}" -c "import sys; sys.version_info = {version}; $2"\n""")
    python.chmod(0o755)
    refused = run("make", f"{tmp_path}/.venv/bin/python", f"VENV={tmp_path}/.venv", f"PYTHON={python}", code=2)
    wanted = re.search(r"wants (Python 3\.\d+ to 3\.\d+)", refused.stderr).group(1)
    assert not (tmp_path / ".venv").exists() and wanted in README


def test_a_run_needs_at_most_15_direct_packages_and_no_torch():
    lines = (ROOT / "requirements_optimized.txt").read_text().splitlines()
    names = {re.match(r"[\w-]+", line).group() for line in lines if line and line[0] not in "#-"}
    assert {"dvc", "mlx", "mlx-lm", "ijson", "lxml", "pyyaml"} <= names and len(names) <= 15
    assert not any(line.lower().startswith("torch") for line in (ROOT / "constraints.txt").read_text().splitlines())


@pytest.mark.parametrize("script", sorted((ROOT / "stages").glob("*.py")), ids=lambda path: path.name)
def test_a_stage_only_wires(script):
    assert len(script.read_text().splitlines()) <= 120


def test_every_step_of_the_workflow_that_asks_the_remote_has_its_key():
    (text,) = re.findall(r"^```yaml\n(on: pull_request\n.*?)^```", (ROOT / "docs/dvc.md").read_text(), re.M | re.S)
    job = yaml.safe_load(text)["jobs"]["figures"]
    asks = [step for step in job["steps"] if re.search(r"dvc (pull|push|repro --pull)", step.get("run", ""))]
    assert asks and all("AWS_SECRET_ACCESS_KEY" in {**job.get("env", {}), **step.get("env", {})} for step in asks)
    assert all("||" in step["run"] for step in asks)  # a pull request from a fork has no key
