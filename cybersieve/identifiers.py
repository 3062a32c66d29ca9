"""The public identifier that a record goes by: a CVE, CWE or CAPEC number, an ATT&CK number, an advisory's."""

import re
from collections.abc import Mapping
from typing import Any

_APART = re.compile(r"~[0-9a-f]{16}$")  # parse tells apart records of one id by a hash behind it
_PUBLIC = re.compile(r"[A-Z]{1,8}-?\d[\d.:-]*|GHSA(?:-\w{4}){3}")  # CVE-2014-0160, T1059.001, RHSA-2014:0376, S0002


def public(id: str, meta: Mapping[str, Any]) -> str | None:
    """The record's id or what upstream calls it beside (`external_id`, `aliases`), if it is of a public scheme.

    A CVE number before others, else the first. None for uuids, hashes, plain numbers and names.
    """
    names: list[Any] = [id.partition("~")[0]]  # parse tells apart records of one id by "~" and a hash
    for key in ("external_id", "aliases"):
        value = meta.get(key) or []
        names += value if isinstance(value, list) else [value]
    found = [name for name in (_spelled(name) for name in names if isinstance(name, str)) if _PUBLIC.fullmatch(name)]
    return min(found, key=lambda name: not name.startswith("CVE-"), default=None)


def shared(id: str) -> str:
    """The id that the record has in common with others of its file, without what tells it apart."""
    return _APART.sub("", id)


def _spelled(name: str) -> str:
    """CVE numbers in capitals: some dumps have them in small letters."""
    return name.upper() if name[:4].upper() == "CVE-" else name
