"""Which ids a file has had: a set in little memory, and new ids that depend on content."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from cybersieve.ids import Ids


@given(st.lists(st.lists(st.text(max_size=2), max_size=9)))
def test_agrees_with_a_set(batches):
    ids, seen = Ids(), set()
    for names in batches:
        again = set(ids.add(names))
        for at, name in enumerate(names):
            assert (at in again) == (name in seen)
            seen.add(name)


def test_many_ids_in_little_memory():
    def batches(step=1):
        return ([f"CVE-{n}" for n in range(at, at + 2000, step)] for at in range(0, 400_000, 2000))
    tracemalloc.start()
    ids = Ids()
    assert not any(map(ids.add, batches()))
    assert all(len(ids.add(names)) == len(names) for names in batches(7))
    assert sum(map(len, ids.runs)) == 400_000 and len(ids.runs) < 20
    assert tracemalloc.get_traced_memory()[1] < 400_000 * 16
    tracemalloc.stop()


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
