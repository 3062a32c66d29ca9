"""What a licence is, however it is written: its short name, whom to credit, where its terms stand, its name on the hub.

    http://creativecommons.org/licenses/by-nc/4.0/, CC BY-NC 4.0,
    Creative Commons Attribution-NonCommercial 4.0 International     -> CC-BY-NC-4.0
"""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import yaml

_BESIDE = re.compile(r"https?://(?:www\.)?|\b(?:the|international|unported|generic|universal|public|licen[cs]e|"
                     r"deed(?:\.\w+)?|legalcode)\b|\(CC[^()]*\)\s*$", re.I)
_WORDS = [(re.compile(pattern, re.I), short) for pattern, short in (
    (r"creativecommons\.org/licenses/", "CC "), (r"creativecommons\.org/publicdomain/zero", "CC0"),
    (r"creative\s*commons", "CC"), (r"attribution", "BY"), (r"non[\s-]?commercial", "NC"),
    (r"share[\s-]?alike", "SA"), (r"no[\s-]?deriv\w*", "ND"))]
_CC = re.compile(r"CC[\s_-]*(?:(0|zero)|(BY(?:[\s_-]+(?:NC|ND|SA))*))(?:[\s_/-]*v?(\d\.\d))?[\s_./-]*", re.I)
# among other words; without CC only with hyphens, as in Attribution-NonCommercial
_INSIDE = re.compile(r"(?<![^\W_])(?:CC[\s_-]*(0|zero)|(?:CC[\s_:-]*BY|BY(?=[_-](?:NC|ND|SA)(?![^\W\d_])))"
                     r"((?:[\s_,/(-]+(?:NC|ND|SA))*))(?:[\s_/-]*v?(\d)[._](\d))?(?![^\W\d_])", re.I)
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_BY = re.compile(r"CC-(BY(?:-(?:NC|ND|SA))*)(?:-(\d\.\d))?")
TERMS = "https://creativecommons.org/licenses/"
HUB = {"by": ("2.0", "2.5", "3.0", "4.0"), "by-sa": ("3.0", "4.0"), "by-nc": ("2.0", "3.0", "4.0"), "by-nd": ("4.0",),
       "by-nc-nd": ("3.0", "4.0"), "by-nc-sa": ("2.0", "3.0", "4.0")}  # the versions that have a name there


@lru_cache(maxsize=1000)
def named(licence: str) -> str:
    """A Creative Commons licence by its short name (SPDX's); others as they are."""
    found = _CC.fullmatch(_shortened(_BESIDE.sub(" ", licence)))
    if not found:
        return licence
    zero, kind, version = found.groups()
    parts = ["CC0"] if zero else ["CC", *re.split(r"[\s_-]+", kind.upper())]
    return "-".join([*parts, *([version] if version else [])])


def _shortened(text: str) -> str:
    text = _DASHES.sub("-", text)
    for pattern, short in _WORDS:
        text = pattern.sub(short, text)
    return " ".join(text.split())


@lru_cache(maxsize=1000)
def inside(licence: str) -> list[str]:
    """The Creative Commons licences that a sentence names, by their short names, NC before ND and SA."""
    return ["-".join(["CC0"] if found[1] else ["CC", "BY", *sorted(set(re.findall("NC|ND|SA", found[2].upper())))])
            + (f"-{found[3]}.{found[4]}" if found[3] else "")
            for found in _INSIDE.finditer(_shortened(licence))]


def fits(licence: str, pattern: str) -> bool:
    """Does the licence, as written or by its short name, or one that it names among other words, fit a pattern (`*`,
    `?` as in file names, in any case)?"""
    return _is(licence, pattern) or any(_like(name, pattern) for name in inside(licence))


def stated(meta: Mapping[str, Any]) -> list[str]:
    """A record's licences as upstream or its source's description name them; `unknown` where neither does."""
    found = meta.get("licence")
    return [str(name) for name in (found if isinstance(found, list) else [found])] if found else ["unknown"]


def denied(meta: Mapping[str, Any], patterns: Sequence[str]) -> str | None:
    """The first of a record's licences that fits one of the patterns."""
    return next((name for name in (stated(meta) if patterns else ()) if any(fits(name, one) for one in patterns)), None)


def _is(licence: str, pattern: str) -> bool:
    """Hyphens for its spaces make it fit as well: `CC BY 4.0, see NOTICE` fits `CC-BY*`."""
    return any(_like(name, pattern) for name in (licence, named(licence), "-".join(licence.split())))


def _like(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name.casefold(), pattern.casefold())


@cache
def known() -> list[dict[str, str]]:
    file = resources.files("cybersieve").joinpath("licences.yaml")
    return list(yaml.safe_load(file.read_text("utf-8")))


def about(licence: str) -> dict[str, str]:
    """What licences.yaml says about a licence; a Creative Commons one's hub and terms go by kind and version."""
    entry = next(entry for entry in known() if _is(licence, entry["pattern"]))
    if not (found := _BY.fullmatch(named(licence))):
        return {"hub": "other", "terms": TERMS} | entry
    kind, version = found[1].lower(), found[2]
    hub = "cc" if not version else f"cc-{kind}-{version}" if version in HUB.get(kind, ()) else "other"
    return entry | {"hub": hub, "terms": f"{TERMS}{kind}/{version}/" if version else TERMS}
