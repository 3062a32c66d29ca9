"""`filter`: the whole pipeline without DVC gives what DVC gives, on any folder."""

import json

import pytest

from cybersieve import records
from tests import corpus
from tests.conftest import ROOT, run
from tests.test_dvc import outputs, reproduced  # noqa: F401  (a fixture)


def filtered(folder, **paths):
    arguments = [part for name, path in paths.items() for part in (f"--{name}", path)]
    return run("python", "-m", "cybersieve", "filter", *arguments, cwd=folder)


def test_it_is_the_same_as_under_dvc(reproduced, tmp_path):  # noqa: F811
    shown = filtered(reproduced, **{"input-dir": reproduced / "raw_data", "output-dir": tmp_path / "out"}).stdout
    assert "precision" in shown
    assert (tmp_path / "out" / "metrics.json").read_bytes() == (reproduced / "metrics.json").read_bytes()
    under_dvc = {name.removeprefix("data/"): content for name, content in outputs(reproduced).items()}
    for part in ("filtered", "rejected"):
        files = [path for path in (tmp_path / "out" / part).rglob("*") if path.is_file() and path.name != "README.md"]
        assert files
        for path in files:
            assert path.read_bytes() == under_dvc[path.relative_to(tmp_path / "out").as_posix()]
    measured, there = (json.loads((at / "performance.json").read_text()) for at in (tmp_path / "out", reproduced))
    assert {stage: figures.keys() for stage, figures in measured.items()} == {
        stage: figures.keys() for stage, figures in there.items()}
    assert measured["parse"]["mb"] == there["parse"]["mb"]
    assert {"asked", "cached", "tokens"} <= measured["verify"].keys()


def test_a_second_run_over_the_same_folder_replaces_the_first(reproduced, tmp_path):  # noqa: F811
    corpus.write(tmp_path / "raw", copies=1)
    paths = {"input-dir": tmp_path / "raw", "output-dir": tmp_path / "out", "labels": tmp_path}
    filtered(reproduced, **paths)
    first = {path: path.read_bytes() for path in (tmp_path / "out" / "filtered").rglob("*") if path.is_file()}
    filtered(reproduced, **paths)
    assert first == {path: path.read_bytes() for path in (tmp_path / "out" / "filtered").rglob("*") if path.is_file()}
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["precision"] is None and metrics["records"] == len(corpus.pairs(1))
    rows = [row for shard in records.shards(tmp_path / "out" / "filtered") for row in records.read(shard.path)]
    assert len(rows) == metrics["kept"]


def test_a_broken_file_that_is_left_out_is_told_everywhere(tmp_path):
    """Also: the card tells no path of this disk, and the report's commands are about this run."""
    corpus.write(tmp_path / "raw", copies=1)
    notes = (tmp_path / "raw" / "notes.jsonl").read_text().splitlines()
    (tmp_path / "raw" / "<b>torn.json").write_text(f"[{','.join(notes)}, {{")
    settings = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(settings.replace("on_error: stop", "on_error: skip"))
    shown = filtered(ROOT, **{"input-dir": tmp_path / "raw", "output-dir": tmp_path / "out",
                              "labels": tmp_path / "raw" / "..", "params": tmp_path / "params.yaml"}).stdout
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    parsed = json.loads((tmp_path / "out" / "stages" / "counts" / "parse.json").read_text())
    assert metrics["failed"] == parsed["failed"] == len(notes)
    assert metrics["records"] == metrics["kept"] + metrics["rejected"] + metrics["failed"] == parsed["read"]
    assert f"1 file, {len(notes)} records (<b>torn.json" in " ".join(shown.replace("│", " ").split())
    card = (tmp_path / "out" / "filtered" / "README.md").read_text()
    assert f"Left out as broken: 1 file, {len(notes)} records (&#60;b&#62;torn.json: byte" in card
    assert f"filter --input-dir raw --output-dir OUTPUT --params params.yaml --labels {tmp_path.name}\n" in card
    assert str(tmp_path) not in card
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"Left out: 1 file, {len(notes)} records (&lt;b&gt;torn.json: byte" in page
    assert '<th scope="row">&lt;b&gt;torn.json</th>' in page
    option = f"--data {tmp_path}/out/stages"
    assert f"cybersieve why ID {option}" in page and f"cybersieve review {option}" in page
    for data in ("out", "out/stages"):
        assert "note-0" in run("python", "-m", "cybersieve", "why", "note-0", "--data", tmp_path / data).stdout


@pytest.mark.parametrize("where", ["out", "raw"])
def test_an_empty_folder_is_an_error_and_the_input_is_never_written_to(reproduced, tmp_path, where):  # noqa: F811
    (tmp_path / "raw").mkdir()
    result = run("python", "-m", "cybersieve", "filter", "--input-dir", tmp_path / "raw",
                 "--output-dir", tmp_path / where, cwd=reproduced, code=1)
    assert "Traceback" not in result.stderr
    assert list((tmp_path / "raw").glob("*.parquet")) == []


@pytest.mark.parametrize(("was", "becomes", "name"), [
    ("train: 0.9 ", "train: 0.5 ", "export.splits"), ("templates: {}", "templates: {x: {}}", "export.templates.x"),
    ("rules: rules.yaml", "rules: there.yaml", "score.rules: there.yaml: No such file or directory (looked for in /"),
    ("adapter: auto", "adapter: nowhere", "verify.adapter"), ("backend: mlx", "backend: openai", "verify.endpoints")])
def test_settings_of_late_stages_are_looked_at_before_any_work(tmp_path, was, becomes, name):
    corpus.write(tmp_path / "raw", copies=1)
    text = (ROOT / "params.yaml").read_text()
    assert was in text
    (tmp_path / "params.yaml").write_text(text.replace(was, becomes))
    result = run("python", "-m", "cybersieve", "filter", "--input-dir", tmp_path / "raw", "--output-dir",
                 tmp_path / "out", "--params", tmp_path / "params.yaml", cwd=ROOT, code=1)
    assert name in result.stderr and not (tmp_path / "out").exists()


@pytest.mark.parametrize(("there", "said"), [
    ("filtered/mine.txt", "filtered/mine.txt: is not a stage's output"), ("plots/mine.png", "plots/mine.png: is not a"),
    ("dvc.yaml", "out: is a DVC project")])
def test_a_folder_that_holds_something_else_is_refused_before_any_work(tmp_path, there, said):
    corpus.write(tmp_path / "raw", copies=1)
    mine = tmp_path / "out" / there
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    result = run("python", "-m", "cybersieve", "filter", "--input-dir", tmp_path / "raw", "--output-dir",
                 tmp_path / "out", cwd=ROOT, code=1)
    assert said in result.stderr and mine.read_text() == "mine" and not (tmp_path / "out" / "stages").exists()
