"""Mask secrets and people's addresses in records; leave indicators of compromise as they are.

    [SECRET]   tokens and keys of known services (detect-secrets' patterns, and NEWER), private keys, passwords in URLs
    [EMAIL]    e-mail addresses of people
    [PHONE]    phone numbers of people

An address is a person's unless it is a role's (security@, abuse@), of a domain reserved for examples, or the words
around it are about an attack: the sender of a phishing mail, the mailbox in a ransom note (cues.yaml has the words).
Where both kinds of words stand near it, those of its own sentence count before others, and of those the nearest.
"Write to us" speaks for a person, but in a ransom note for an attacker.

Never touched: hashes, IP addresses, domains, URLs without a password, defanged forms, CVE numbers, file names, wallets.
Not covered: passwords in prose (`the default password is admin` is what an advisory is about), names, postal addresses.
"""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import detect_secrets.plugins
import orjson
import re2
import yaml
from detect_secrets.plugins.base import RegexBasedDetector

from cybersieve.params import Mask
from cybersieve.records import Row

_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BODY = re.compile(r"(?:\s{0,2}[A-Za-z0-9+/=]{32,})+(?:\s[A-Za-z0-9+/]{1,63}={0,2}(?=\s|$))?")
NEWER = {  # forms that detect-secrets does not know, and short keys: the group is the secret, which may have no digit
    "AWS Access Key": r"((?:AKIA|ASIA)[A-Z2-7]{16})",
    "AWS Secret Key": r"""(?i:secret_?access_?key|aws_?secret(?:_?key)?)["']?\s{0,3}(?:=>?|:)\s{0,3}["']?"""
                      r"([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    "Anthropic Token": r"(sk-ant-[a-z]{3,10}\d\d-[\w-]{80,120})",
    "Basic Auth Credentials": r"""://[^\s:/?#\[\]@<>"'{]*:(?!\d{1,5}[,;()&])([^\s:/?#\[\]@<>"']{1,200})@""",
    "GitHub Token": r"(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})",
    "GitLab Token": r"(gl(?:pat|dt|ft|soat|rt)-(?=[a-z_-]*[A-Z\d])[\w-]{20,50})(?![\w-])",
    "Google API Key": r"(AIza[\w-]{35})(?![\w-])",
    "Hugging Face Token": r"(hf_[A-Za-z]{34})",
    "NPM tokens": r"(npm_[A-Za-z0-9]{36})",
    "OpenAI Token": r"(sk-(?:proj|svcacct|admin)-[\w-]{40,200})",
    "Stripe Access Key": r"([rs]k_live_[0-9a-zA-Z]{24,100})",
}
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}", re.I)

_EMAIL = re.compile(r"(?:(?<![\w.+%/:@-])|(?<=:)(?i:(?<=mail:)|(?<=to:)|(?<=cc:)|(?<=by:)|(?<=from:)|(?<=contact:)))"
                    r"[\w.+%-]{1,64}(?:'(?![^\s']{1,200}')[\w.+%-]{1,64})?@"  # O'Neil@, not the u of u'neil@…'
                    r"((?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![\w@-]|\.\w)")
_NUMBER = r"\(?\d{1,5}\)?(?:[ .\-/]{0,2}\(?\d{2,5}\)?){1,5}(?![\w%-])"
_PHONE = re.compile(
    rf"(?<![\w+/.:=-])(?P<international>\+[1-9]\d{{0,2}}[ .\-]?{_NUMBER})"
    r"|(?<![\w.+:/-])(?P<american>(?:\([2-9]\d\d\) ?|[2-9]\d\d-)[2-9]\d\d-\d{4}(?![\w.-]*\d))"
    r"|(?i:(?<![\w-])(?:phone|telephone|tel|mobile|cell|fax|whatsapp|signal|call|called|dial)"
    r"(?: (?:number|no|me|us|him|her|at|on|is|directly))*[.:]?\s{0,2})" rf"(?P<national>\+?{_NUMBER})")
_DIGITS = re.compile(r"\d(?:[ .\-/()]{0,4}\d){8}")  # those that _is_no_phone lets pass, at a tenth of the cost
_TOLL_FREE = re.compile(r"(?:\+?1)?8(?:00|33|44|55|66|77|88)\d{7}")
_SENTENCE = re.compile(r"[.!?]\s+(?=[A-Z\"'(])|;\s|\n")
BEFORE, AFTER = 200, 100  # characters around an address that are looked at


def masked(row: Row, settings: Mask, notes: Counter[str]) -> Row:
    """The row with `title`, `text` and the strings of `meta` (JSON) masked; what was found is counted in `notes`."""
    def clean(text: str, title: str = "") -> str:
        if settings.secrets:
            text = without_secrets(text, notes)
        return without_people(text, title, notes) if settings.personal else text

    title, text, meta = row["title"], row["text"], row["meta"]
    if "@" in meta or (_DIGITS.search(meta) and _PHONE.search(meta)) or settings.secrets and suspects(meta):
        meta = orjson.dumps(_walked(orjson.loads(meta), lambda value: clean(value, title)),
                            option=orjson.OPT_SORT_KEYS).decode()
    return row | {"title": clean(title), "text": clean(text, title), "meta": meta}


def _walked(tree: Any, clean: Callable[[str], str]) -> Any:
    """The tree with every string cleaned."""
    if isinstance(tree, str):
        return clean(tree)
    if isinstance(tree, list):
        return [_walked(item, clean) for item in tree]
    return {key: _walked(item, clean) for key, item in tree.items()} if isinstance(tree, dict) else tree


@dataclass(frozen=True, eq=False)
class Detector:
    """A form of secret."""

    kind: str
    patterns: list[re.Pattern[str]]
    confirms: Callable[[str], Iterable[str]]  # the detector's own analysis, which may know more than the patterns


@cache
def detectors() -> tuple[Detector, ...]:
    """NEWER, and detect-secrets' detectors that know a service's form of token.

    Left out: those of entropy (every hash is one), of key words (advisories speak of passwords), of public addresses
    (indicators), and of private keys' first lines (`without_secrets` masks whole keys). Patterns are made greedy at
    their end: a lazy end would leave the last part of the secret.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(detect_secrets.plugins.__path__))
    modules = [importlib.import_module(f"{detect_secrets.plugins.__name__}.{name}") for name in names
               if name not in ("base", "ip_public", "private_key")]
    kinds: list[Any] = [kind for module in modules for kind in vars(module).values()
             if isinstance(kind, type) and issubclass(kind, RegexBasedDetector) and kind.__module__ == module.__name__]
    newer = [Detector(kind, [re.compile(pattern)], lambda found: [found]) for kind, pattern in NEWER.items()]
    return tuple(newer + [Detector(kind.secret_type, [re.compile(re.sub(r"\*\?$", "*", pattern.pattern), pattern.flags)
                                                      for pattern in kind.denylist], kind().analyze_string)
                          for kind in kinds])


@cache
def _prefilter() -> tuple[re2.Set, list[int]]:
    """All detectors' patterns in one linear-time set, for most texts hold no secret; and which detector each is of.

    Look-arounds, which RE2 has not, are left out: the set finds more than the detectors, never less.
    """
    options = re2.Options()
    options.max_mem = 64 << 20
    patterns, owners = re2.Set.SearchSet(options), []
    for number, detector in enumerate(detectors()):
        for pattern in detector.patterns:
            plain = re.sub(r"\(\?(?:<=|<!|=|!)(?:[^()\[\]]|\[[^\]]*\])*\)", "", pattern.pattern).replace(",1024}", ",}")
            patterns.Add(f"(?i:{plain})" if pattern.flags & re.IGNORECASE else plain)
            owners.append(number)
    patterns.Compile()
    return patterns, owners


def suspects(text: str) -> list[Detector]:
    """The detectors that may find something in the text."""
    patterns, owners = _prefilter()
    return [detectors()[number] for number in sorted({owners[hit] for hit in patterns.Match(text) or ()})]


def without_secrets(text: str, notes: Counter[str]) -> str:
    """The text with [SECRET] for keys and tokens."""
    if "PRIVATE KEY" in text:
        text = _without_keys(text, notes)
    for detector in suspects(text):
        for pattern in detector.patterns:
            text = pattern.sub(lambda match, kind=detector: _secret_gone(match, kind, notes), text)  # type: ignore[misc]
    return text


def _secret_gone(match: re.Match[str], detector: Detector, notes: Counter[str]) -> str:
    """The match without its secret: the group that holds it, or the whole where groups are but parts of its form."""
    least = 1 if match[0].startswith("://") else 20  # a password in a URL may be short
    number = next((n for n, group in enumerate(match.groups(""), 1) if len(group) >= least), 0)
    start, end, text = *match.span(number), match.string
    secret = text[start:end]
    within = text[start - 1:start].isalnum() and start > 0 or text[end:end + 1].isalnum()  # a part of something longer
    form = number == 0 and not any(map(str.isdigit, secret))
    if within or form or _HASH.fullmatch(secret) or not any(detector.confirms(match[0])):
        return match[0]
    notes[f"masked secrets: {detector.kind}"] += 1
    return f"{text[match.start():start]}[SECRET]{text[end:match.end()]}"


def _without_keys(text: str, notes: Counter[str]) -> str:
    """The text without private keys; a key's first line alone, as detection rules quote it, stays."""
    at = 0
    while begin := _KEY_BEGIN.search(text, at):
        at = begin.end()
        end = _KEY_END.search(text, at)
        body = _KEY_BODY.search(text, at, end.start() if end else at + 400)
        if body:
            stop = end.end() if end else body.end()
            text = f"{text[:begin.start()]}[SECRET]{text[stop:]}"
            at = begin.start()
            notes["masked secrets: Private Key"] += 1
    return text


def without_people(text: str, title: str, notes: Counter[str]) -> str:
    """The text with [EMAIL] and [PHONE] for addresses of people."""
    if "@" in text:
        text = _replaced(text, title, _EMAIL, "[EMAIL]", _is_role, "e-mail addresses", notes)
    if _DIGITS.search(text):
        text = _replaced(text, title, _PHONE, "[PHONE]", _is_no_phone, "phone numbers", notes)
    return text


def _replaced(text: str, title: str, pattern: re.Pattern[str], mask: str, is_none: Callable[[re.Match[str]], bool],
              name: str, notes: Counter[str]) -> str:
    note = cache(lambda: bool(cues()["note"].search(text)))

    def choose(match: re.Match[str]) -> str:
        if is_none(match):
            return match[0]
        if about_an_attack(text, *match.span(match.lastgroup or 0), title, note()):
            notes[f"{name} left as indicators"] += 1
            return match[0]
        notes[f"masked {name}"] += 1
        start = match.start(match.lastgroup or 0) - match.start()
        found = match[0][start:]
        closing = ")" if found.endswith(")") and found.count("(") < found.count(")") else ""  # of what stands around it
        return match[0][:start] + mask + closing

    return pattern.sub(choose, text)


@cache
def cues() -> dict[str, re.Pattern[str]]:
    """cues.yaml: words around an address (`person`, `writer`, `attack`) or in a text (`note`), and addresses of nobody
    (`role`, `reserved`)."""
    tree = yaml.safe_load(resources.files("cybersieve").joinpath("cues.yaml").read_text("utf-8"))
    return {name: re.compile("|".join(f"(?:{part})" for part in parts), re.I) for name, parts in tree.items()}


def _is_role(match: re.Match[str]) -> bool:
    return bool(cues()["role"].fullmatch(match[0].partition("@")[0]) or cues()["reserved"].fullmatch(match[1]))


def _is_no_phone(match: re.Match[str]) -> bool:
    digits = "".join(filter(str.isdigit, match[match.lastgroup or 0]))
    return not 9 <= len(digits) <= 15 or bool(_TOLL_FREE.fullmatch(digits))


def about_an_attack(text: str, start: int, end: int, title: str, note: bool) -> bool:
    """Do the words around text[start:end] say that it is an indicator rather than a person's?

    `note`: the text is a ransom note or quotes one, and whoever says "write to us" in it is an attacker.
    """
    persons, attacks = (("person",), ("attack", "writer")) if note else (("person", "writer"), ("attack",))
    before, after = text[max(start - BEFORE, 0):start], text[end:end + AFTER]
    sentence = [*_SENTENCE.finditer(before)]
    near = before[sentence[-1].end():] if sentence else before
    stop = _SENTENCE.search(after)
    for left, right in ((near, after[:stop.start()] if stop else after), (before, after)):
        person, attack = (min(_distance(kind, left, right) for kind in kinds) for kinds in (persons, attacks))
        if min(person, attack) <= BEFORE:
            return attack < person
    return note or bool(cues()["attack"].search(title))


def _distance(kind: str, left: str, right: str) -> int:
    """Characters between an address and the nearest cue, double after it; more than BEFORE where there is none."""
    found = [len(left) - cue.end() for cue in cues()[kind].finditer(left)]
    first = cues()[kind].search(right)
    return min([*found, *([2 * first.start()] if first else []), BEFORE + 1])
