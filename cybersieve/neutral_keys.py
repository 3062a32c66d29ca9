"""Keys that say nothing of what stands under them, as others that are the same in all records.

Records may have keys of their own (of packages, dates, files): what fields under these are like would be asked
for every one, though only names count. What gets the same names here is alike to cybersieve/infer_fields.py.
"""

import re
from functools import lru_cache
from typing import Any

from cybersieve.field_names import (
    CODE,
    FLAGS,
    INDICATORS,
    NAMED,
    OTHERS,
    PEOPLE,
    ROOMS,
    SPEAKERS,
    STATUSES,
    about,
    numeric,
    owner,
    plain,
    textual,
)
from cybersieve.fields import Step, quoted, sayable, steps
from cybersieve.infer_fields import beside
from cybersieve.leaves import ATTRIBUTES, BEARS_PARENTS_NAME, CHOICE

TELLING = NAMED.union(OTHERS, PEOPLE, ROOMS, SPEAKERS, CODE, INDICATORS, STATUSES, *FLAGS.values())
_DIGITS = re.compile("[0-9]+")
Place = tuple[Step, ...]  # keys down to a value


def places(found: dict[Place, int]) -> dict[Place, Place]:
    """Each place with other keys; `found`: how many of its keys, from the top, stay as they are."""
    names: dict[str, str] = {}
    result: dict[Place, Place] = {}
    for place, level in sorted(found.items()):
        like = [*place[:level]]
        for key, name, wanted in place[level:]:
            other = _called(key, len(like) + 1 == len(place), names) if name != "@name" and key != "*" else key
            like.append((other, name, wanted))
        result[place] = tuple(like)
    return result


def record(tree: Any, names: dict[str, str]) -> Any:
    """A record with other keys; `names` are filled with these, by what they stand for."""
    if isinstance(tree, list):
        return [record(item, names) for item in tree]
    if not isinstance(tree, dict):
        return tree
    return {_called(key, not isinstance(value, dict | list), names): record(value, names)
            for key, value in tree.items()}


def path(text: str, names: dict[str, str]) -> str:
    """A path with the keys that `names` has for others."""
    return ".".join((key if key == "*" else quoted(names.get(key, key))) + (f"[{name}={wanted}]" if name else "")
                    for key, name, wanted in steps(text))


def _called(key: str, last: bool, names: dict[str, str]) -> str:
    form = _form(key, last)
    return key if form == key else names.setdefault(key, form.format(len(names)))


@lru_cache(4096)
def _form(key: str, last: bool) -> str:
    """The key where it may say something, but for a number in it (`{0}`); else what stands for it."""
    name, one = plain(key), plain(key).removesuffix("s")
    if not sayable(key) or CHOICE.fullmatch(key) or key in BEARS_PARENTS_NAME or (last and numeric(key)):
        return key
    if numeric(key):
        return "9{0:05}"
    telling = last or key in ATTRIBUTES or textual(name) or textual(one) or not TELLING.isdisjoint((name, one))
    return _DIGITS.sub("{0}", key) if telling or owner(key) or about(key) or not beside(key) else "k{0:03}"
