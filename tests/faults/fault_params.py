"""params.yaml with every key wrong in turn, in every way that its type allows to be wrong: the error names the key."""

import copy
import types
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest
import yaml

from cybersieve import params
from cybersieve.errors import ParamsError
from tests.faults.conftest import check_clean_error
from tests.test_params import TREE

ANYTHING = [None, True, 7, -7, 0.5, float("nan"), float("inf"), "x", "", [], [1], [None], {}, {"a": 1}, {1: None}]


def wrong(kind) -> list[object]:
    """Values that no setting of this type may have."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        bounds, number = inner[1], inner[0]
        values = wrong(number)
        if bounds.least is not None:
            values += [number(bounds.least - 1), -(10**30)]
        if bounds.most is not None:
            values += [number(bounds.most + 1), 10**30]
        return values + ([float("nan")] if number is float else []) + (["x", ""] if bounds.choices else [])
    if origin is types.UnionType:
        return [value for value in wrong(inner[0]) if value is not None]
    plain = origin or kind
    right = (int, float) if plain is float else (plain,)
    values = [value for value in ANYTHING if type(value) not in right]
    if plain is list and inner[0] is not typing.Any:
        values += [[value] for value in wrong(inner[0])]
    if plain is dict and inner[1] is not typing.Any:
        values += [{"a": value} for value in wrong(inner[1])]
    return values


def settings(kind, name="") -> Iterator[tuple[str, object]]:
    """Every setting's full name and type, blocks included."""
    hints = typing.get_type_hints(kind, include_extras=True)
    for spec in fields(kind):
        full = f"{name}.{spec.name}" if name else spec.name
        yield full, hints[spec.name]
        if is_dataclass(hints[spec.name]):
            yield from settings(hints[spec.name], full)


def with_value(name: str, value: object) -> str:
    """params.yaml's text with one setting changed; `del` takes it out."""
    tree = copy.deepcopy(TREE)
    *blocks, last = name.split(".")
    block = tree
    for key in blocks:
        block = block[key]
    if value is del_:
        del block[last]
    else:
        block[last] = value
    return yaml.safe_dump(tree)


del_ = object()


def test_every_key_wrong_in_turn(told, tmp_path):
    path, tried, keys = tmp_path / "params.yaml", 0, 0
    for name, kind in settings(params.Params):
        values = [del_, *([value for value in ANYTHING if not isinstance(value, dict)] if is_dataclass(kind)
                          else wrong(kind))]
        keys += 1
        for value in values:
            path.write_text(with_value(name, value))
            with pytest.raises(ParamsError) as error:
                params.load(path)
            assert name in str(error.value), f"{value!r}: {error.value}"
            tried += 1
    told("wrong settings", f"params.yaml, all {keys} keys and blocks",
         f"{tried} wrong values, by their types and bounds", "the error names the key")


@pytest.mark.parametrize("stage, name, value", [
    ("parse", "parse.sources", [{"nonsense": 1}]), ("score", "score.rules", "nowhere.yaml"),
    ("score", "score.extra_rules", "nowhere.yaml"), ("dedup", "dedup.against", "nowhere"),
    ("calibrate", "calibrate.reject", 0.95), ("verify", "verify.model", "nowhere/at-all"),
    ("verify", "verify.adapter", "nowhere"), ("export", "export.splits.train", 0.5),
    ("export", "export.templates", {"nonsense": {}}),
    ("export", "export.decontaminate", ["nowhere.jsonl"]), ("prepare_model", "verify.model", "nowhere/at-all")])
def test_settings_that_only_a_stage_can_judge(project, told, stage, name, value):
    tree = yaml.safe_load((project.folder / "params.yaml").read_text())
    *blocks, last = name.split(".")
    block = tree
    for key in blocks:
        block = block[key]
    block[last] = value
    (project.folder / "params.yaml").write_text(yaml.safe_dump(tree))
    project.forget()
    done = project.run(stage, env={"HF_HUB_OFFLINE": "1"})
    named = name.removesuffix(".train")
    check_clean_error(done, *([named] if "nowhere" not in str(value) else []))
    assert named in done.stderr or "nowhere" in done.stderr
    told("wrong settings", stage, f"`{name}: {value}`", "one line that names the key or the file")
