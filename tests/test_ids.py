"""Which ids a file has had: a set in little memory, and new ids that depend on content."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from cybersieve.ids import Ids


@given(st.lists(st.text(max_size=3)))
def test_agrees_with_a_set(names):
    ids, seen = Ids(), set()
    for name in names:
        assert ids.add(name) == (name not in seen)
        seen.add(name)


def test_many_ids_in_little_memory():
    tracemalloc.start()
    ids = Ids()
    assert all(ids.add(f"CVE-{n}") for n in range(200_000))
    assert not any(ids.add(f"CVE-{n}") for n in range(0, 200_000, 7))
    assert tracemalloc.get_traced_memory()[1] < 200_000 * 16
    tracemalloc.stop()


def test_another_id_is_by_content_then_by_place():
    def row(text, locator="1"):
        return {"id": "X", "title": "", "text": text, "meta": "{}", "locator": locator}
    first, second = Ids(), Ids()
    assert first.another(row("a")) == second.another(row("a", "other place"))
    assert first.another(row("b")) != second.another(row("a")) != second.another(row("a", "2"))
    again = {first.another(row("a")) for _ in range(3)}
    assert len(again) == 3 and all(name.startswith("X~") for name in again)
