"""What is installed is what was tested, byte for byte, under licences that fit; no file that is read can run code."""

import ast
import json
import re
import subprocess
import sys

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from cybersieve import model
from cybersieve.errors import ModelError
from tests import corpus, licences, tiny
from tests.conftest import ROOT
from tests.licences import normal

FILES = sorted(path.stem.removeprefix("requirements_") for path in ROOT.glob("requirements_*.txt"))
ENTRY = re.compile(r"^([\w.-]+)==([^\s;]+)(?: *; *(.*?))? \\\n((?:    --hash=\S+(?: \\)?\n)*)", re.M)
PINS = {normal(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)$",
                                                            (ROOT / "constraints.txt").read_text(), re.M)}


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_locked_with_hashes(name):
    """Run `make lock` where this fails."""
    text = (ROOT / "locks" / f"{name}.txt").read_text()
    locked: dict[str, set[str]] = {}
    for package, version, _, hashes in ENTRY.findall(text):
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}\b", hashes), f"{package} has no hash"
        locked.setdefault(normal(package), set()).add(version)
    assert text.count("==") >= len(locked) and not re.search(r"^[\w.-]+(?!==)[<>~@]", text, re.M)
    for line in licences.requirements(name):
        wanted = Requirement(line)
        versions = locked.get(normal(wanted.name), set())
        assert versions and all(wanted.specifier.contains(version) for version in versions), f"{line}: run `make lock`"
    for package, versions in locked.items():
        assert PINS.get(package) is None or PINS[package] in versions, f"{package}: run `make lock`"


def test_what_is_locked_is_what_make_installs():
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^LOCKED := .*--require-hashes", makefile, re.M)
    assert re.search(r"\$\(LOCKED\) -r locks/optimized\.txt", makefile)


@pytest.mark.parametrize("name", licences.SETS)
def test_the_licences_of_all_that_is_locked_are_listed(name):
    """For Linux and macOS, whatever of it is installed here."""
    listed = licences.PAGE.read_text()
    for package, _, marker, _ in ENTRY.findall((ROOT / "locks" / f"{name}.txt").read_text()):
        wanted = not marker or any(Marker(marker).evaluate({"sys_platform": system}) for system in ("linux", "darwin"))
        assert not wanted or f"| {normal(package)} |" in listed, f"{package}: run `make licences`"


@pytest.mark.parametrize("name", licences.SETS)
def test_licences_fit(name):
    listed = licences.PAGE.read_text()
    found = licences.needed(licences.requirements(name))
    for package, distribution in found.items():
        said = licences.licence(distribution)
        assert licences.compatible(said), f"{package}: {said}"
        assert f"| {package} |" in listed, f"{package} is not in docs/licences.md: run `make licences`"


@pytest.mark.parametrize(("said", "fits"), [
    ("MIT", True), ("GPL-3.0-only", False), ("MIT AND GPL-3.0-only", False), ("GPLv2 | EPLv1", True),
    ("not said", False), ("Proprietary", False), ("AGPL-3.0", False), ("BSD-3-Clause AND MIT", True),
    ("LGPL-2.1+", True)])
def test_which_licences_fit(said, fits):
    assert licences.compatible(said) == fits


# no file that is read can run code

UNSAFE = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "torch", "jsonpickle"}
CALLS = {"eval", "exec", "yaml.unsafe_load", "yaml.full_load", "yaml.unsafe_load_all", "pd.read_pickle"}
OURS = sorted([*(ROOT / "cybersieve").glob("*.py"), *(ROOT / "stages").glob("*.py")])


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_nothing_is_unpickled_or_evaluated(path):
    text = path.read_text()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert not {name.partition(".")[0] for name in names} & UNSAFE, f"{path.name}:{node.lineno}"
        elif isinstance(node, ast.Call):
            name, keywords = ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}
            assert name not in CALLS, f"{path.name}:{node.lineno}: {name}"
            assert name not in ("yaml.load", "yaml.load_all") or "Loader" in keywords, f"{path.name}:{node.lineno}"
            assert {keywords.get("allow_pickle"), keywords.get("trust_remote_code")} <= {None, "False"}
    assert all("Safe" in name for name in re.findall(r"\byaml\.(\w*Loader)\b", text))


WATCHED = """
import runpy, sys
def watch(event, arguments):
    if event == "pickle.find_class":
        print("UNPICKLED", *arguments, file=sys.stderr)
sys.addaudithook(watch)
sys.argv = ["cybersieve", *sys.argv[1:]]
runpy.run_module("cybersieve", run_name="__main__")
"""


def test_a_whole_run_unpickles_nothing(tmp_path, own_cache, prepared_model):
    """The interpreter itself tells of every class that a pickle names."""
    corpus.write(tmp_path / "raw", copies=1)
    done = subprocess.run([sys.executable, "-c", WATCHED, "filter", "--input-dir", tmp_path / "raw", "--output-dir",
                           tmp_path / "out", "--labels", tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "UNPICKLED" not in done.stderr, done.stderr
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["records"] == len(corpus.pairs(1))


def test_weights_are_safetensors_only(tmp_path, verify_settings):
    assert model.WEIGHTS.endswith(".safetensors")
    folder = tiny.write(tmp_path / "own")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="holds no MLX model"):
        model.find(model.params.Verify(**(vars(verify_settings) | {"model": str(folder), "adapter": None})))


def test_a_models_own_code_is_not_run(tmp_path, verify_settings):
    folder = tiny.write(tmp_path / "own")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_file": "evil.py", "auto_map": {"AutoModel": "evil"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'was_here')!r}, 'w')\n")
    with pytest.raises(ModelError, match="own"):
        model.load(model.params.Verify(**(vars(verify_settings) | {"model": str(folder), "adapter": None})))
    assert not (tmp_path / "was_here").exists()

