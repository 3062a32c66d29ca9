"""Which fields of records nobody has described say what became of a record: its status, or that it was withdrawn."""

import re
from typing import Any

from cybersieve import leaves
from cybersieve.field_names import FLAGS, STATUSES, names_of, parts, plain
from cybersieve.leaves import Leaf
from cybersieve.sample_fields import Fields

_WITH_REASONS = ("deprecated", "obsolete", "withdrawn")  # whose texts say why
_COUNT = re.compile("[2-9]|[1-9][0-9]{1,7}")  # no yes, no, and no date
STATES = [*STATUSES, *names_of("name label title text display displayname code key type")]  # of an object, its word
LONGEST_STATE = 50  # characters
_PLACE = re.compile("[A-Z]{2,3}|[A-Z][a-z]+(?: [A-Za-z][a-z]+)*")
# Words that a status may end in, where it begins with a capital.
STATUS_WORDS = frozenset(names_of("""open opened reopened closed new active inactive enabled disabled draft published
    unpublished public private pending approved accepted rejected reject declined resolved unresolved fixed unfixed fix
    merged final interim triaged triage review reviewed acknowledged confirmed unconfirmed verified unverified dismissed
    duplicate invalid reserved disputed deprecated obsolete withdrawn retracted revoked removed deleted archived expired
    current stable experimental test testing production live alive dead hidden visible locked running stopped failed
    passed completed complete done started progress todo do blocked waiting submitted received modified analyzed
    analysis deferred cancelled canceled suspended retired superseded released available ready known unknown ok affected
    vulnerable assigned unassigned investigating mitigated ignored suppressed proposed candidate planned scheduled
    paused queued skipped outdated incomplete"""))


def paths(seen: Fields, near: set[Leaf]) -> list[Any]:
    """What goes under `status` in a description; `near`: where the record stands."""
    return [*map(leaves.path, _statuses(seen, near)), *_flags(seen, near)]


def _statuses(seen: Fields, near: set[Leaf]) -> list[Leaf]:
    """Words for what became of a record: in fields of such names, and one in an object of such a name."""
    own = [leaf for leaf in seen.named(STATUSES) if leaves.above(leaf) in near
           and not seen.parts(leaf) and not seen.of_another(leaf)]
    inside = [leaf for leaf in seen.named(STATES) if leaf not in own and leaves.bare(leaf)[:-2] in near
              and any(plain(key) in STATUSES for key in leaves.bare(leaf)[-2:-1])
              and not seen.parts(leaf) and seen.length(leaf) <= LONGEST_STATE]
    return [leaf for leaf in [*own, *inside[:1]] if not _place(seen, leaf)][:2]


def _place(seen: Fields, leaf: Leaf) -> bool:
    """Are these the states that something is in, as Ohio and DE, and no status among them?"""
    told = seen.found[leaf]
    if not any(plain(key) == "state" for key in leaves.bare(leaf)[-2:]) or not all(map(_PLACE.fullmatch, told)):
        return False
    return STATUS_WORDS.isdisjoint(parts(text)[-1] for text in told)


def _flags(seen: Fields, near: set[Leaf]) -> list[dict[str, str]]:
    """Words for fields that say so by yes or no or by a date; a text of such a name (a rejected answer) is none."""
    return [{word: leaves.path(leaf)} for word, names in FLAGS.items() for leaf in seen.named(names)
            if leaves.above(leaf) in near and not seen.parts(leaf) and not seen.of_another(leaf)
            and (word in _WITH_REASONS or (seen.length(leaf) <= 40 and not seen.wordy(leaf)))
            and not any(map(_COUNT.fullmatch, seen.found[leaf]))
            and (word != "deleted" or seen.yes(leaf))]
