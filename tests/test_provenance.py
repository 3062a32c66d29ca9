"""The commands that repeat a run."""

from cybersieve import provenance
from tests.conftest import ROOT, run


def test_commit_changes_data_and_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw_data.dvc").write_text("outs:\n- md5: 0123.dir\n  path: raw_data\n")
    (tmp_path / "params.yaml").write_text("a: 1\n")
    run("git", "init", "-q", cwd=tmp_path)
    run("git", "config", "user.email", "test@example.org", cwd=tmp_path)
    run("git", "config", "user.name", "test", cwd=tmp_path)
    run("git", "add", "-A", cwd=tmp_path)
    run("git", "commit", "-qm", "one", cwd=tmp_path)
    commit = run("git", "rev-parse", "HEAD", cwd=tmp_path).stdout.strip()
    lines = provenance.commands()
    assert lines[0] == f"git checkout {commit}" and lines[-1] == "dvc repro"
    assert any("0123.dir" in line for line in lines) and not any("not committed" in line for line in lines)
    (tmp_path / "params.yaml").write_text("a: 2\n")
    assert "not committed: params.yaml" in provenance.commands()[1]
    assert provenance.commands("cybersieve filter")[-1] == "cybersieve filter"
    (tmp_path / "params.yaml").unlink()
    assert "not committed: params.yaml" in provenance.commands()[1]
    assert provenance.commands(name_commit=False) == lines[1:]  # nothing of the checkout in what DVC tracks


def test_a_repository_without_a_commit_names_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("git", "init", "-q", cwd=tmp_path)
    assert not any("git checkout" in line for line in provenance.commands())


def test_only_the_sample_corpus_is_said_to_be_prepared(tmp_path, monkeypatch):
    def lines(md5):
        (tmp_path / "raw_data.dvc").write_text(f"outs:\n- md5: {md5}\n  path: raw_data\n")
        return provenance.commands(name_commit=False)
    monkeypatch.chdir(tmp_path)
    assert "python stages/prepare_corpus.py" in lines(provenance.SAMPLE)
    assert "dvc pull raw_data" in lines("0123.dir") and not any("prepare_corpus" in line for line in lines("0123.dir"))
    (tmp_path / "raw_data.dvc").unlink()
    assert not any("prepare_corpus" in line for line in provenance.commands(name_commit=False))


def test_the_sample_corpus_is_known_by_its_md5():
    assert f"md5: {provenance.SAMPLE}" in (ROOT / "raw_data.dvc").read_text()


def test_without_git_the_commit_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert not any("git checkout" in line for line in provenance.commands())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.commands("x") == ["pip install -r requirements_optimized.txt -c constraints.txt", "x"]
