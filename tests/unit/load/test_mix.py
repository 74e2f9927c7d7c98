from __future__ import annotations

import random
from collections import Counter

import pytest

from app.errors import LoadError
from app.example.journeys import JOURNEYS, MIX
from app.load.mix import Mix


def test_journeys_are_chosen_by_weight() -> None:
    mix = Mix.parse("browse=6, buy=2,message=0", tuple(JOURNEYS))
    dice = random.Random(3)  # noqa: S311 - chance that can be repeated
    chosen = Counter(mix.choose(dice) for _ in range(8000))
    assert set(chosen) == {"browse", "buy"} == set(mix.journeys)
    assert 5800 < chosen["browse"] < 6200
    assert mix.share("browse") == 0.75
    assert mix.share("message") == 0


def test_the_default_makes_every_journey() -> None:
    assert set(Mix.parse(MIX, tuple(JOURNEYS)).journeys) == set(JOURNEYS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("brows=1", "no journey 'brows'; there are browse, buy"),
        ("", "no journey ''"),
        ("browse", "'browse' has no weight: write it as browse=2"),
        ("browse=-1", "has no weight"),
        ("browse=nan", "has no weight"),
        ("browse=1,browse=2", "names browse twice"),
        ("browse=0,buy=0.0", "nobody would come"),
    ],
)
def test_what_is_no_mix_is_said(text: str, said: str) -> None:
    with pytest.raises(LoadError, match=said):
        Mix.parse(text, tuple(JOURNEYS))
