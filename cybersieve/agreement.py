"""How far labellers agree: Cohen's kappa with an interval, and the records on which they differ.

    python -m cybersieve agreement
    python -m cybersieve agreement mine.csv yours.csv

Who labelled is told by the column `labeller`, where a file has none by the file's name (with its folder, where two
have the same). Kappa is agreement beyond chance (Cohen 1960), 1 for perfect, 0 for chance; u counts as an answer of its
own.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from cybersieve import cli, labels, markup
from cybersieve.errors import InputError
from cybersieve.labels import Key

LABELS = ("1", "0", "u")
FEW = 20  # shared records below which a bootstrap's interval is too narrow to be told
DRAWS = 2000
SHOWN = 40  # disagreements printed for a pair of labellers


def kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen's kappa of two labellers on the same records; None where chance agreement is 1 (one label only)."""
    a, b = (np.array([[label == name for name in LABELS] for label in said], dtype=float) for said in (first, second))
    observed = float((a * b).sum() / len(a))
    by_chance = float(a.mean(axis=0) @ b.mean(axis=0))
    return None if by_chance >= 1 - 1e-12 else (observed - by_chance) / (1 - by_chance)


def interval(first: Sequence[str], second: Sequence[str]) -> tuple[float, float] | None:
    """95 % percentile-bootstrap interval of kappa over records (Efron 1979); seed fixed.

    None where it can't be told: of FEW records, or where no draw differs from another (one never disagrees, or says
    nothing but one label).
    """
    if len(first) < FEW:
        return None
    random = np.random.default_rng(0)
    pairs = [(x, y) for x in LABELS for y in LABELS]
    cells = np.array([sum(pair == (x, y) for pair in zip(first, second, strict=True)) for x, y in pairs])
    found = []
    for drawn in random.multinomial(cells.sum(), cells / cells.sum(), size=DRAWS):
        table = drawn.reshape(len(LABELS), len(LABELS)) / drawn.sum()
        by_chance = float(table.sum(axis=1) @ table.sum(axis=0))
        if by_chance < 1 - 1e-12:
            found.append((float(np.trace(table)) - by_chance) / (1 - by_chance))
    low, high = (float(at) for at in np.quantile(found or [0.0], (0.025, 0.975)))
    return (low, high) if low < high else None


def by_labeller(paths: Sequence[Path]) -> dict[str, dict[Key, str]]:
    """Everybody's answers. Raises InputError where one labeller contradicts himself across files."""
    result: dict[str, dict[Key, str]] = {}
    stems = Counter(path.stem for path in paths)
    for path in paths:
        for answer in labels.answers(path):
            name = answer.labeller or (path.stem if stems[path.stem] == 1 else str(path))
            own = result.setdefault(name, {})
            if own.setdefault(answer.key, answer.label) != answer.label:
                raise InputError(path, f"{name} has labelled {answer.id} differently elsewhere",
                                 remedy="settle it: delete one of the two rows")
    return result


def compare(one: str, other: str, everybody: dict[str, dict[Key, str]]) -> list[str]:
    """What to print of two labellers: shared records, agreement, kappa, disagreements."""
    first, second = everybody[one], everybody[other]
    shared = sorted(first.keys() & second.keys())
    if not shared:
        return []
    a, b = [first[key] for key in shared], [second[key] for key in shared]
    same = sum(x == y for x, y in zip(a, b, strict=True))
    value, bounds = kappa(a, b), interval(a, b)
    between = f"95% interval {bounds[0]:.3f} to {bounds[1]:.3f}" if bounds else "too few, or too alike, for an interval"
    shown = "kappa not defined: one label only" if value is None else f"kappa {value:.3f} ({between})"
    lines = [f"{one} and {other}: {len(shared)} records in common, {same / len(shared):.1%} agree, {shown}"]
    apart = [key for key, x, y in zip(shared, a, b, strict=True) if x != y]
    lines += [f"  {first[key]} {second[key]}  {markup.plain(key[0])}  {markup.plain(key[1])}" for key in apart[:SHOWN]]
    if len(apart) > SHOWN:
        lines.append(f"  and {len(apart) - SHOWN} more")
    return lines


def main(arguments: list[str]) -> None:
    parser = cli.command("agreement", __doc__)
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE.csv", help="label files (default: labels/*.csv)")
    paths = parser.parse_args(arguments).files or sorted(Path("labels").glob("[!.]*.csv"))
    if not paths:
        raise InputError("labels", "holds no label file", remedy="name some, or label: python -m cybersieve review")
    everybody = by_labeller(paths)
    lines = [line for one, other in combinations(sorted(everybody), 2) for line in compare(one, other, everybody)]
    print("\n".join(lines) or "No two labellers share a record. A second one: "
          "python -m cybersieve review --queue labels/sample_uniform.csv --labeller NAME")
