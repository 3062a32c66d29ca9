"""params.yaml, read once into frozen dataclasses: one block a stage.

Every key is known, present and in range, and none contradicts another, or `load` raises ParamsError with the key's full
name: the first stage refuses what would stop a later one after hours.
"""

import difflib
import types
import typing
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import yaml

from cybersieve import chat_formats
from cybersieve.errors import ParamsError

WORDS = {float: "a number", int: "a whole number", str: "text", bool: "true or false", list: "a list [a, b]",
         dict: "a block {a: b}"}
NO_ENDPOINT = "verify.endpoints: verify.backend openai wants at least one base URL"
PROMPT = "Is this about cybersecurity?"  # verify.prompt as it comes


@dataclass(frozen=True)
class Bounds:
    """What values a setting may take, both ends included."""

    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What one input file may cost; beyond it the file is an error that names the limit."""

    max_file_mb: Annotated[float, Bounds(least=0.001)]  # unpacked size of one file, archive members added up
    max_ratio: Annotated[float, Bounds(least=1)]  # unpacked / packed, judged after the first 10 MB
    max_record_mb: Annotated[float, Bounds(least=0.001)]  # raw size of one record
    max_depth: Annotated[int, Bounds(least=4, most=10_000)]  # nesting of JSON or XML
    max_text_chars: Annotated[int, Bounds(least=100)]  # longer texts are cut, and counted

    @property
    def max_record_bytes(self) -> int:
        return int(self.max_record_mb * 1e6)


@dataclass(frozen=True)
class Parse:
    on_error: Annotated[str, Bounds(choices=("stop", "skip"))]
    drop_status: list[str]
    limits: Limits
    sources: list[dict[str, Any]]
    folder_files: Annotated[int, Bounds(least=1)] = 1000


@dataclass(frozen=True)
class Dedup:
    enabled: bool
    threshold: Annotated[float, Bounds(least=0.5, most=1)]
    shingle: Annotated[int, Bounds(least=1, most=20)]
    min_words: Annotated[int, Bounds(least=1)]
    against: str | None


@dataclass(frozen=True)
class Score:
    rules: str
    extra_rules: str | None
    trust: dict[str, Annotated[float, Bounds(least=-1e6, most=1e6)]]  # as rules.MOST_WEIGHT


@dataclass(frozen=True)
class Calibrate:
    mode: Annotated[str, Bounds(choices=("certified", "fixed"))]
    target_precision: Annotated[float, Bounds(least=0.5, most=1)]
    target_recall: Annotated[float, Bounds(least=0.5, most=1)]
    delta: Annotated[float, Bounds(least=1e-6, most=0.5)]
    accept: Annotated[float, Bounds(least=0, most=1)]  # used when mode is fixed, or no label tells better
    reject: Annotated[float, Bounds(least=0, most=1)]
    ask_share: Annotated[float, Bounds(least=0, most=1)]  # ask about at least this share of the records


@dataclass(frozen=True)
class Verify:
    backend: Annotated[str, Bounds(choices=("mlx", "openai"))]
    model: str
    revision: str | None
    adapter: str | None
    batch_size: Annotated[int, Bounds(least=1, most=4096)]
    max_tokens: Annotated[int, Bounds(least=8, most=100_000)]
    prompt: str
    examples: list[dict[str, Any]]
    max_failed: Annotated[float, Bounds(least=0, most=1)]
    keep_from: Annotated[float, Bounds(least=0, most=1)] = 0.5
    # for backend openai
    endpoints: list[str] = field(default_factory=list)
    concurrency: Annotated[int, Bounds(least=1, most=256)] = 8
    timeout: Annotated[float, Bounds(least=0.1, most=3600)] = 120.0
    retries: Annotated[int, Bounds(least=0, most=20)] = 5
    request: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for i, example in enumerate(self.examples):
            if not isinstance(example.get("text"), str) or example.get("label") not in (0, 1):
                raise ParamsError(f"verify.examples[{i}]: text and label (1 or 0) are wanted, found {_shown(example)}")


@dataclass(frozen=True)
class Splits:
    train: Annotated[float, Bounds(least=0, most=1)]
    validation: Annotated[float, Bounds(least=0, most=1)]
    test: Annotated[float, Bounds(least=0, most=1)]


@dataclass(frozen=True)
class Mask:
    secrets: bool
    personal: bool


@dataclass(frozen=True)
class Licences:
    deny: list[str]


@dataclass(frozen=True)
class Export:
    formats: list[Annotated[str, Bounds(choices=("parquet", "jsonl"))]]
    splits: Splits
    templates: dict[str, dict[str, Any]]
    mask: Mask
    decontaminate: list[str]
    licences: Licences
    min_chars: Annotated[int, Bounds(least=0)]


@dataclass(frozen=True)
class Params:
    parse: Parse
    dedup: Dedup
    score: Score
    calibrate: Calibrate
    verify: Verify
    export: Export
    engine: Annotated[str, Bounds(choices=("local", "ray"))]


def load(path: Path | str) -> Params:
    """Read and check a params file.

    Raises ParamsError: no such file, not YAML, a key unknown, missing, given twice, of the wrong type or out of range,
    or at odds with another.
    """
    try:
        tree = read_yaml(path)
    except FileNotFoundError:
        raise ParamsError(f"{path}: no such file (name yours with --params)") from None
    try:
        found = typing.cast(Params, _build(Params, tree, ""))
        if found.score.extra_rules is None and Path(path).with_name("dvc.yaml").exists():  # where it is a dep
            raise ParamsError("score.extra_rules: a file's name is wanted, found nothing; without rules of your own, "
                              "own_rules.yaml as it comes, which holds `rules: []`")
        check_calibrate(found.calibrate)
        check_export(found.export)
        if found.verify.backend == "openai" and not found.verify.endpoints:
            raise ParamsError(NO_ENDPOINT)
        return found
    except ParamsError as error:
        raise ParamsError(f"{error} (in {path})") from None


def check_calibrate(settings: Calibrate) -> None:
    """Raises ParamsError where the bands would overlap."""
    if settings.reject >= settings.accept:
        raise ParamsError(f"calibrate.reject: {settings.reject} must be below calibrate.accept ({settings.accept})")


def check_export(settings: Export) -> None:
    """Raises ParamsError where nothing would be written, shares are not 1 in all, or a template is none."""
    if not settings.formats and not settings.templates:
        raise ParamsError("export.formats: empty, and export.templates too: nothing would be written; name parquet or "
                          "jsonl")
    shares = {name: share for name, share in asdict(settings.splits).items() if share}
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise ParamsError(f"export.splits: shares that add up to 1 are wanted, found {shares}")
    for name, given in settings.templates.items():
        chat_formats.read(name, given)


def read_yaml(path: Path | str) -> Any:
    """A YAML file's content. Raises ParamsError: not YAML, or a key given twice; OSError."""
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506  (a safe loader)
    except yaml.MarkedYAMLError as error:
        parts = (error.context, error.context_mark), (error.problem, error.problem_mark)
        said = ", ".join(f"{what} in line {mark.line + 1}" for what, mark in parts if what and mark)
        raise ParamsError(f"{path}: not YAML: {said or error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path}: not YAML: {getattr(error, 'reason', error)}") from None
    except ParamsError as error:
        raise ParamsError(f"{path}: {error}") from None


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Refuses a key given twice, as DVC does; PyYAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                if key.value in lines:
                    raise ParamsError(f"{key.value}: given twice, in line {lines[key.value]} and in line {line}")
                lines[key.value] = line
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def _build(kind: type, tree: object, name: str) -> object:
    """One dataclass from one mapping."""
    if not isinstance(tree, dict):
        raise ParamsError(f"{name or 'params'}: a block of settings is wanted, found {_shown(tree)}")
    prefix = f"{name}." if name else ""
    known = [spec.name for spec in fields(kind)]
    for key in tree:
        if key not in known:
            near = meant(key, known, prefix)
            raise ParamsError(f"{prefix}{key}: unknown setting{near} (known: {', '.join(sorted(known))})")
    for key in known:
        if key not in tree:
            raise ParamsError(f"{prefix}{key}: missing setting")
    hints = typing.get_type_hints(kind, include_extras=True)
    return kind(**{key: _checked(tree[key], hints[key], prefix + key) for key in known})


def meant(key: object, known: Iterable[str], prefix: str = "") -> str:
    """Which of the known keys an unknown one may have been meant for, to go on with in a message."""
    return "".join(f"; is {prefix}{name} meant?" for name in difflib.get_close_matches(str(key), sorted(known), 1))


def _checked(value: object, kind: Any, name: str) -> object:
    """`value` if it is a `kind`, taken apart as far as the type says."""
    if is_dataclass(kind):
        return _build(typing.cast(type, kind), value, name)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return _bounded(_checked(value, inner[0], name), inner[1], name)
    if origin is types.UnionType:  # X | None
        return None if value is None else _checked(value, inner[0], name)
    if origin is list and isinstance(value, list):
        return [_checked(item, inner[0], f"{name}[{i}]") for i, item in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {str(key): _checked(item, inner[1], f"{name}.{key}") for key, item in value.items()}
    if kind is float and type(value) is int:
        value = float(value)
    if kind is not Any and (type(value) is not (origin or kind) or (isinstance(value, float) and not isfinite(value))):
        raise ParamsError(f"{name}: {WORDS[origin or kind]} is wanted, found {_shown(value)}")
    return value


def _bounded(value: Any, bounds: Bounds, name: str) -> object:
    """`value` if it is within bounds; the comparisons are written so that nan is not."""
    if bounds.choices and value not in bounds.choices:
        raise ParamsError(f"{name}: one of {', '.join(bounds.choices)} is wanted, found {_shown(value)}")
    if bounds.least is not None and not value >= bounds.least:
        raise ParamsError(f"{name}: {value} is below {bounds.least}")
    if bounds.most is not None and not value <= bounds.most:
        raise ParamsError(f"{name}: {value} is above {bounds.most}")
    return value


def _shown(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return f"{'text ' if isinstance(value, str) else ''}{text if len(text) <= 60 else text[:57] + '...'}"
