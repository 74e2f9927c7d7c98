from __future__ import annotations

import itertools

import pytest

from app.passwords import accepted, used
from scripts.rotate import STEPS, following


@pytest.mark.parametrize(
    ("text", "first", "every"),
    [
        ("", "", ()),
        ("\n", "", ()),
        ("one", "one", ("one",)),
        ("one\r\n", "one", ("one",)),
        ("new\nold\n", "new", ("new", "old")),
        ("\nnew\n\nold", "new", ("new", "old")),
        (" a b \n", " a b ", (" a b ",)),
    ],
)
def test_the_first_line_is_used_and_all_are_accepted(text: str, first: str, every: tuple[str, ...]) -> None:
    assert (used(text), accepted(text)) == (first, every)


@pytest.mark.parametrize("before", ["old", "old\n"])
def test_a_change_has_three_steps_in_which_two_that_are_one_step_apart_understand_each_other(before: str) -> None:
    values = [before]
    for step in STEPS:
        values.append(following(values[-1], step, "new"))
    assert values[1:] == ["old\nnew\n", "new\nold\n", "new"]
    for one, next_one in itertools.pairwise(values):
        assert used(one) in accepted(next_one)
        assert used(next_one) in accepted(one)
