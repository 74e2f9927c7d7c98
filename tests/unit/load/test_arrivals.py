from __future__ import annotations

import random
from itertools import islice

import pytest

from app.load.arrivals import arrivals


@pytest.mark.parametrize("rate", [0.5, 5, 200])
def test_the_rate_holds_over_any_span_and_nobody_comes_twice_in_a_slot(rate: float) -> None:
    times = list(islice(arrivals(rate, random.Random(1)), 1000))  # noqa: S311 - chance that can be repeated
    assert [int(at * rate + 1e-9) for at in times] == list(range(1000))


def test_they_come_at_random_moments_of_their_slots() -> None:
    places = [at * 10 % 1 for at in islice(arrivals(10, random.Random(2)), 2000)]  # noqa: S311 - chance that can be repeated
    tenths = [sum(low / 10 <= place < (low + 1) / 10 for place in places) for low in range(10)]
    assert all(140 < count < 260 for count in tenths), tenths


def test_chance_can_be_repeated() -> None:
    first, again = (list(islice(arrivals(3, random.Random(7)), 50)) for _ in range(2))  # noqa: S311 - chance that can be repeated
    assert first == again
