"""params.yaml, read once into frozen dataclasses: one block a stage.

Every key is known, present and in range, or `load` raises ParamsError with the key's full name.
"""

import types
import typing
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import yaml

from cybersieve.errors import ParamsError


def _setting(*, least: float | None = None, most: float | None = None, choices: tuple[str, ...] = ()) -> Any:
    return field(metadata={"least": least, "most": most, "choices": choices})


@dataclass(frozen=True)
class Limits:
    """What one input file may cost; beyond it the file is an error that names the limit."""

    max_file_mb: float = _setting(least=0.001)  # unpacked size of one file, archive members added up
    max_ratio: float = _setting(least=1)  # unpacked / packed, judged after the first 10 MB
    max_record_mb: float = _setting(least=0.001)  # raw size of one record
    max_depth: int = _setting(least=4, most=10_000)  # nesting of JSON or XML
    max_text_chars: int = _setting(least=100)  # longer texts are cut, and counted


@dataclass(frozen=True)
class Parse:
    on_error: str = _setting(choices=("stop", "skip"))
    drop_status: list[str]
    limits: Limits
    sources: list[dict[str, Any]]


@dataclass(frozen=True)
class Score:
    rules: str
    extra_rules: str | None
    trust: dict[str, float]


@dataclass(frozen=True)
class Calibrate:
    mode: str = _setting(choices=("certified", "fixed"))
    target_precision: float = _setting(least=0.5, most=1)
    target_recall: float = _setting(least=0.5, most=1)
    delta: float = _setting(least=1e-6, most=0.5)
    accept: float = _setting(least=0, most=1)  # used when mode is fixed
    reject: float = _setting(least=0, most=1)


@dataclass(frozen=True)
class Verify:
    backend: str = _setting(choices=("mlx",))
    model: str
    revision: str | None
    adapter: str | None
    batch_size: int = _setting(least=1, most=4096)
    max_tokens: int = _setting(least=8, most=100_000)
    prompt: str
    examples: list[dict[str, Any]]
    max_failed: float = _setting(least=0, most=1)


@dataclass(frozen=True)
class Export:
    formats: list[str]


@dataclass(frozen=True)
class Params:
    parse: Parse
    score: Score
    calibrate: Calibrate
    verify: Verify
    export: Export
    engine: str = _setting(choices=("local",))


def load(path: Path | str) -> Params:
    """Read and check a params file.

    Raises ParamsError: no such file, not YAML, a key unknown, missing, of the wrong type or out of range.
    """
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"{path}: no such file (copy params.yaml from the project, or name yours with --params)") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    return typing.cast(Params, _build(Params, tree, ""))


def _build(kind: type, tree: object, name: str) -> object:
    """One dataclass from one mapping."""
    if not isinstance(tree, dict):
        raise ParamsError(f"{name or 'params'}: a block of settings is wanted, found {_shown(tree)}")
    prefix = f"{name}." if name else ""
    known = {f.name: f for f in fields(kind)}
    for key in tree:
        if key not in known:
            raise ParamsError(f"{prefix}{key}: unknown setting (known: {', '.join(sorted(known))})")
    hints = typing.get_type_hints(kind)
    values = {}
    for key, spec in known.items():
        if key not in tree and spec.default is MISSING and spec.default_factory is MISSING:
            raise ParamsError(f"{prefix}{key}: missing setting")
        if key in tree:
            values[key] = _checked(tree[key], hints[key], prefix + key, spec.metadata)
    return kind(**values)


def _checked(value: object, kind: Any, name: str, rule: Any) -> object:
    """`value` as `kind`, within the bounds in `rule`."""
    if is_dataclass(kind):
        return _build(typing.cast(type, kind), value, name)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        if value is None:
            return None
        kind = inner[0]
    if origin is list:
        if not isinstance(value, list):
            raise ParamsError(f"{name}: a list is wanted, found {_shown(value)}")
        return [_checked(item, inner[0], f"{name}[{i}]", {}) for i, item in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            raise ParamsError(f"{name}: a mapping is wanted, found {_shown(value)}")
        return {str(key): _checked(item, inner[1], f"{name}.{key}", {}) for key, item in value.items()}
    if kind is Any:
        return value
    if typing.get_origin(kind) is dict or typing.get_origin(kind) is list:
        return _checked(value, kind, name, rule)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise ParamsError(f"{name}: {kind.__name__} is wanted, found {_shown(value)}")
    least, most, choices = rule.get("least"), rule.get("most"), rule.get("choices")
    if choices and value not in choices:
        raise ParamsError(f"{name}: one of {', '.join(choices)} is wanted, found {_shown(value)}")
    if least is not None and not least <= typing.cast(float, value):  # written so that nan fails too
        raise ParamsError(f"{name}: {value} is below {least}")
    if most is not None and not typing.cast(float, value) <= most:
        raise ParamsError(f"{name}: {value} is above {most}")
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"
