"""Which ids a file has had: a set in little memory, and new ids that depend on content."""

import subprocess
import sys
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve.ids import FEW, Ids


@given(st.lists(st.lists(st.text(max_size=2), max_size=9)), st.sampled_from([0, 5, FEW]))
def test_agrees_with_a_set(batches, few):
    with mock.patch("cybersieve.ids.FEW", few):
        ids, seen = Ids(), set()
        for names in batches:
            again = set(ids.add(names))
            for at, name in enumerate(names):
                assert (at in again) == (name in seen)
                seen.add(name)
        assert len(ids.few) == (len(seen) if ids.many is None else 0) <= few


GROWTH = """
from cybersieve.ids import Ids
from cybersieve.measure import peak_memory_mb

def batches(first, last, step=1):
    return ([f"CVE-{n}" for n in range(at, at + 2000, step)] for at in range(first, last, 2000))

ids = Ids()
assert not any(map(ids.add, batches(0, 100_000)))
before = peak_memory_mb()
assert not any(map(ids.add, batches(100_000, 600_000)))
print(peak_memory_mb() - before)
assert all(len(ids.add(names)) == len(names) for names in batches(0, 600_000, 7))
"""


def test_memory_does_not_grow_with_the_ids():
    grown = subprocess.run([sys.executable, "-c", GROWTH], check=True, capture_output=True, text=True).stdout
    assert float(grown) < 2  # eight bytes each would be four


def test_a_full_disk_is_an_error_of_the_disk():
    ids = Ids()
    for at in range(0, FEW + 1, FEW // 2):
        ids.add([f"CVE-{n}" for n in range(at, at + FEW // 2)])
    ids.many.execute("PRAGMA max_page_count = 1")  # no less than there are
    with pytest.raises(OSError, match=r"temporary folder .*: database or disk is full"):
        ids.add([f"other-{n}" for n in range(FEW)])


def test_another_id_is_by_content_then_by_place():
    def row(text, locator="1"):
        return {"id": "X", "title": "", "text": text, "meta": "{}", "locator": locator}

    def another(ids, *rows):
        return list(ids.apart(["X"] * len(rows), rows.__getitem__).values())
    first, second = Ids(), Ids()
    assert another(first, row("a")) == another(second, row("z")) == []
    assert another(first, row("a")) == another(second, row("a", "other place"))
    assert another(first, row("b")) != another(second, row("a")) != another(second, row("a", "2"))
    again = another(first, *[row("a")] * 3)
    assert len({*again}) == 3 and all(name.startswith("X~") for name in again)
    one, more = ([row("z"), *(row("a", place) for place in places)] for places in ("12", "952"))
    assert another(Ids(), *one)[-1] == another(Ids(), *more)[-1]  # whatever stood before in other places


def test_many_that_say_the_same_in_one_place_take_no_longer():
    asked = []

    def row(at):
        asked.append(at)
        return {"id": "X", "title": "", "text": "a", "meta": "{}", "locator": "1"}
    ids, names = Ids(), set()
    for _ in range(5):
        names |= set(ids.apart(["X"] * 1000, row).values())
    assert len(names) == 4999 and len(asked) < 4 * 5000
