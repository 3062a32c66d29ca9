"""params.yaml: every wrong key is an error that names it."""

import copy
import math
from pathlib import Path

import pytest
import yaml

from cybersieve import params
from cybersieve.errors import ParamsError
from tests.conftest import ROOT

TREE = yaml.safe_load((ROOT / "params.yaml").read_text())


def keys(tree: dict, prefix: str = "") -> list[str]:
    """Full names of all settings; free mappings (sources by name, and so on) count as one setting."""
    result = []
    for key, value in tree.items():
        result += keys(value, f"{prefix}{key}.") if isinstance(value, dict) and value else [prefix + key]
    return result


def changed(tmp_path: Path, name: str, change) -> Path:
    """A params file with the block that holds `name` changed in place."""
    tree = copy.deepcopy(TREE)
    *blocks, last = name.split(".")
    block = tree
    for key in blocks:
        block = block[key]
    change(block, last)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def check_error(path: Path, *words: str) -> None:
    with pytest.raises(ParamsError) as error:
        params.load(path)
    for word in words:
        assert word in str(error.value)


def test_the_shipped_file_loads():
    settings = params.load(ROOT / "params.yaml").verify
    assert settings.batch_size == 32 and settings.prompt == params.PROMPT and settings.examples == []


@pytest.mark.parametrize("name", keys(TREE))
def test_a_missing_key_is_named(tmp_path, name):
    check_error(changed(tmp_path, name, lambda block, key: block.pop(key)), name, "missing")


@pytest.mark.parametrize("name", keys(TREE))
def test_an_unknown_key_is_named(tmp_path, name):
    check_error(changed(tmp_path, name, lambda block, key: block.update({key + "x": 1})), name + "x", "unknown")


@pytest.mark.parametrize("name", keys(TREE))
def test_a_value_of_another_type_is_named(tmp_path, name):
    wrong = 3 if name in ("score.trust", "verify.request", "export.templates") else {"a": ["b"]}
    check_error(changed(tmp_path, name, lambda block, key: block.update({key: wrong})), name)


@pytest.mark.parametrize("name, value", [
    ("calibrate.delta", 0), ("calibrate.target_recall", 1.01), ("calibrate.accept", math.nan), ("verify.batch_size", 0),
    ("verify.max_failed", -0.1), ("parse.limits.max_depth", 1), ("parse.on_error", "shrug"), ("engine", "abacus"),
    ("verify.batch_size", True), ("export.formats", ["parquet", "papyrus"]), ("score.trust", {"a.json": "much"}),
    ("score.trust", {"a.json": math.inf}), ("verify.examples", [{"text": "x"}]),
    ("verify.examples", [{"text": None, "label": 1}]), ("verify.examples", [{"text": "x", "label": "yes"}]),
])
def test_a_value_out_of_range_is_named(tmp_path, name, value):
    check_error(changed(tmp_path, name, lambda block, key: block.update({key: value})), name)


@pytest.mark.parametrize(("name", "value", "words"), [
    ("calibrate.accept", "0,9", "calibrate.accept: a number is wanted, found text '0,9' (in "),
    ("calibrate.accept", None, "calibrate.accept: a number is wanted, found nothing"),
    ("dedup.enabled", 1, "dedup.enabled: true or false is wanted, found 1"),
    ("verify.endpoints", "http://a", "verify.endpoints: a list [a, b] is wanted, found text 'http://a'"),
    ("score.trust", {"a.json": math.nan}, "score.trust.a.json: a number is wanted, found nan"),
    ("calibrate.acept", 0.9, "calibrate.acept: unknown setting; is calibrate.accept meant?"),
])
def test_the_message_says_what_is_wanted_and_where(tmp_path, name, value, words):
    path = changed(tmp_path, name, lambda block, key: block.update({key: value}))
    check_error(path, words, str(path))


@pytest.mark.parametrize(("name", "value", "words"), [
    ("export.splits", {"train": 0.9, "validation": 0.05, "test": 0.1}, "export.splits: shares that add up to 1"),
    ("export.formats", [], "export.formats: empty"),
    ("export.templates", {"csv": {}}, "export.templates.csv: unknown format (known: alpaca"),
    ("export.templates", {"text": {"text": "{body}"}}, "export.templates.text.text: unknown field {body}"),
    ("calibrate.accept", 0.05, "calibrate.reject: 0.1 must be below calibrate.accept (0.05)"),
    ("verify.backend", "openai", "verify.endpoints: verify.backend openai wants at least one base URL"),
])
def test_settings_at_odds_with_each_other_are_named_by_whoever_reads_them_first(tmp_path, name, value, words):
    path = changed(tmp_path, name, lambda block, key: block.update({key: value}))
    check_error(path, words, str(path))


def test_no_format_is_enough_where_there_is_a_template(tmp_path):
    path = changed(tmp_path, "export.formats", lambda block, key: block.update({key: [], "templates": {"text": {}}}))
    assert params.load(path).export.formats == []


def test_no_file_of_own_rules_is_refused_where_dvc_looks_for_one(tmp_path):
    path = changed(tmp_path, "score.extra_rules", lambda block, key: block.update({key: None}))
    assert params.load(path).score.extra_rules is None
    (tmp_path / "dvc.yaml").touch()
    check_error(path, "score.extra_rules: a file's name is wanted, found nothing", "rules: []", str(path))


@pytest.mark.parametrize("content", ["", "- a\n", "a: [", "\tx: 1", "\x00"])
def test_what_is_no_mapping_is_an_error(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(ParamsError):
        params.load(path)


@pytest.mark.parametrize(("content", "said"), [
    ("a: b\nc: [", "params.yaml: not YAML: while parsing a flow node in line 3"), ("\x00", "params.yaml: not YAML: "),
    ("a: b\nc: d: e", "params.yaml: not YAML: mapping values are not allowed in this context in line 2")])
def test_what_is_no_yaml_is_named_with_its_line(tmp_path, content, said):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(ParamsError) as error:
        params.load(path)
    assert said in str(error.value) and "unicode string" not in str(error.value)


@pytest.mark.parametrize(("name", "again"), [
    ("mode", "calibrate:\n  mode: fixed\n"), ("engine", "engine: local\n"), ("parse", "parse: {on_error: skip}\n"),
    ("x", "more: {x: 1, x: 2}\n"),
])
def test_a_key_given_twice_is_named(tmp_path, name, again):
    path = tmp_path / "params.yaml"
    text = (ROOT / "params.yaml").read_text()
    path.write_text(text.replace("calibrate:\n", again) if name == "mode" else text + again)
    check_error(path, f"{name}: given twice, in line ", str(path))


def test_no_file_is_an_error(tmp_path):
    check_error(tmp_path / "absent.yaml", "absent.yaml", "--params")
