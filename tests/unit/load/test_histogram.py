from __future__ import annotations

import math

from hypothesis import example, given
from hypothesis import strategies as st

from app.load.histogram import ERROR, LONGEST, SHORTEST, Histogram

durations = st.floats(SHORTEST, LONGEST)


def of(values: list[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@given(st.lists(durations, min_size=1, max_size=200), st.floats(0.001, 100))
@example([SHORTEST], 50)
@example([LONGEST], 50)
@example([0.1, 0.2], 50)
@example([0.1] * 99 + [9.0], 99)
def test_a_percentile_is_off_by_the_stated_error_at_most(values: list[float], percent: float) -> None:
    true = sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]
    found = of(values).percentile(percent)
    assert found is not None
    assert abs(found - true) <= true * ERROR * (1 + 1e-9)


@given(st.lists(durations, max_size=50), st.lists(durations, max_size=50))
def test_merged_is_as_if_counted_together(one: list[float], other: list[float]) -> None:
    merged = of(one)
    merged.merge(of(other))
    together = of(one + other)
    assert (merged.count, merged.longest) == (together.count, together.longest)
    assert [merged.percentile(p) for p in (1, 50, 99, 100)] == [together.percentile(p) for p in (1, 50, 99, 100)]


def test_the_longest_is_exact_and_no_percentile_is_beyond_it() -> None:
    histogram = of([1.2345])
    assert histogram.longest == 1.2345
    assert histogram.percentile(99) <= 1.2345  # type: ignore[operator]


def test_what_is_out_of_range_is_counted_at_its_end() -> None:
    histogram = of([0, 1e9])
    assert histogram.count == 2
    assert histogram.percentile(1) <= SHORTEST * 1.02  # type: ignore[operator]
    assert histogram.longest == 1e9


def test_of_nothing_there_is_no_percentile() -> None:
    assert Histogram().percentile(50) is None


def test_the_memory_does_not_grow() -> None:
    histogram = Histogram()
    before = len(histogram._buckets)
    for number in range(10_000):
        histogram.add(number / 7)
    assert len(histogram._buckets) == before == 871
