"""Which fields hold what a model is to read instead of the text beside them."""

import pytest

from cybersieve import small_letters

TEXT, CLEAN = ("text",), ("clean",)
SAID = "The Worm spreads by its Mail, in Europe"
MADE = "worm spread mail its europe"


def grouped(said: list[str], made: list[str], text: tuple[str, ...] = TEXT, clean: tuple[str, ...] = CLEAN) -> bool:
    """Are the two one group, in whatever order they come? If not, each is one by itself."""
    found = small_letters.groups({text: said, clean: made})
    assert small_letters.groups({clean: made, text: said}) == (found if len(found) == 1 else found[::-1])
    assert found in ([[text, clean]], [[text], [clean]])
    return len(found) == 1


def test_three_records_bear_it_out() -> None:
    assert grouped([SAID] * 3, [MADE] * 3)
    assert not grouped([SAID] * 2, [MADE] * 2)
    assert not grouped([SAID, SAID, SAID, ""], [MADE, MADE, "", MADE]), "two say both"
    assert grouped([SAID] * 4, [MADE, "", MADE, MADE])


def test_nine_in_ten_of_those_with_both_do() -> None:
    for other, one in ((1, True), (2, False)):
        made = [MADE] * (10 - other) + ["a recipe for bread and cakes"] * other
        assert grouped([*[SAID] * 10, ""], [*made, MADE]) == one


@pytest.mark.parametrize(("said", "made", "one"), [
    (SAID, "worm spread mail europe", False),  # four words
    (SAID, "worm spreading mail its bread", True), (SAID, "worm spread mail cake bread", False),  # four, three shared
    (SAID, "Worm spread mail its europe", False),  # a capital
    (SAID.lower(), MADE, False),  # no capital where it would come from
    ("A " + " ".join(f"b{n}c" for n in range(15)), "b1c b2c b3c b4c b5c", True),  # five of sixteen
    ("A " + " ".join(f"b{n}c" for n in range(16)), "b1c b2c b3c b4c b5c", False),  # five of seventeen
    (SAID, "worm, spread - mail! its: europe;", True), (SAID, "<p>worm spread mail its europe</p>", True)])
def test_what_is_made_of_a_text(said: str, made: str, one: bool) -> None:
    assert grouped([said] * 3, [made] * 3) == one


def test_only_fields_side_by_side_are_compared() -> None:
    assert grouped([SAID] * 3, [MADE] * 3, ("a", "text"), ("a", "clean"))
    assert not grouped([SAID] * 3, [MADE] * 3, ("a", "text"), ("b", "clean"))
    assert not grouped([SAID] * 3, [MADE] * 3, ("text",), ("text", "clean"))


def test_each_is_behind_what_it_was_made_of() -> None:
    other = "A Recipe for Bread with rye flour"
    said = {CLEAN: [MADE] * 3, ("title",): [other] * 3, ("bread",): [other.lower()] * 3, TEXT: [SAID] * 3,
            ("stems",): [MADE + " by"] * 3, ("none",): [""] * 3}
    assert small_letters.groups(said) == [[("title",), ("bread",)], [TEXT, CLEAN, ("stems",)], [("none",)]]
