"""Texts become batches: every one once, of about one length, within the bounds, small ones only at the very end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import batches, prompt
from cybersieve.batches import CHUNK, LEAST, Batches

LAYOUT = prompt.Layout("Text: ", "?", 50, ("yes",), ("no",))
TEXTS = st.lists(st.integers(0, 60).map(lambda length: "x" * length), max_size=300)


@pytest.fixture(autouse=True)
def a_letter_is_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches.prompt, "text_tokens",
                        lambda _, layout, texts: [[len(text)] * min(len(text), layout.max_tokens) for text in texts])


def cut(texts: list[str], size: int, tokens: int, tapering: bool = False) -> list[tuple[list[int], batches.Rows]]:
    return list(Batches(None, LAYOUT, [1, 2], [3], size, tokens, tapering)(texts))


@given(TEXTS, st.integers(1, 40), st.integers(1, 500), st.booleans())
def test_every_text_once_in_its_batch(texts: list[str], size: int, tokens: int, tapering: bool) -> None:
    found = cut(texts, size, tokens, tapering)
    assert sorted(i for indices, _ in found for i in indices) == list(range(len(texts)))
    for indices, rows in found:
        assert 0 < len(rows) <= size and len(rows) == len(indices)
        assert len(rows) * max(map(len, rows)) <= tokens or len(rows) == 1
        assert rows == [[1, 2, *[len(texts[i])] * min(len(texts[i]), 50), 3] for i in indices]


@given(TEXTS, st.sampled_from([1, 300]))
def test_the_longest_come_first(texts: list[str], size: int) -> None:
    widths = [len(row) for _, rows in cut(texts, size, 10**9) for row in rows]
    assert widths == sorted(widths, reverse=True)


def test_only_the_last_batches_are_small() -> None:
    texts = ["x" * 10] * (2 * CHUNK * 8 + 41)
    sizes = [len(rows) for _, rows in cut(texts, 8, 10**9, tapering=True)]
    assert sizes[: 2 * CHUNK] == [8] * (2 * CHUNK), "chunks before the last end in whole batches"
    assert sizes[2 * CHUNK :] == [8, 8, 8, 8, 4, LEAST, 1], "half of what is left, where that is less"
    assert [len(rows) for _, rows in cut(texts, 8, 10**9)] == [8] * (2 * CHUNK + 5) + [1]
    assert [len(rows) for _, rows in cut(texts[: CHUNK * 8], 8, 10**9, tapering=True)] == [8] * (CHUNK - 1) + [4, 4]


def test_a_smaller_size_holds_from_then_on() -> None:
    all_ = Batches(None, LAYOUT, [], [], 8, 10**9, False)
    found = []
    for indices, _ in all_(["x"] * 30):
        found.append(len(indices))
        all_.size = 2
    assert found == [8, *[2] * 11]
