from __future__ import annotations

import pytest

from app.errors import LoadError
from app.load.objectives import DEFAULTS, Objective
from app.load.tally import Book

JOURNEYS = ("browse", "buy")


def book() -> Book:
    """A hundred who browsed: 98 in 0.1 s, one in 1 s, one who failed after 2 s; of four who wanted to buy one could."""
    book = Book(JOURNEYS)
    for number in range(100):
        book.send("browse")
        if number < 98:
            book.answer("browse", 0.1)
    book.answer("browse", 1.0)
    book.fail("browse", 2.0, "broken")
    for _ in range(3):
        book.send("buy")
    book.answer("buy", 0.2)
    book.limit("buy")
    book.drop("buy")
    return book


@pytest.mark.parametrize(
    ("text", "met", "said"),
    [
        ("browse:p50<101.1ms", True, "100 ms"),
        ("browse:p50<98ms", False, "100 ms"),
        ("browse:p99<1.02s", True, "1,000 ms"),
        ("browse:p99<0.9s", False, "1,000 ms"),
        ("browse:p99.5<1500ms", False, "2,000 ms"),
        ("max<2.1s", True, "2,000 ms"),
        ("max<2s", False, "2,000 ms"),
        ("failures<1%", True, "1 of 104 (0.962%)"),
        ("browse:failures<1%", False, "1 of 100 (1.000%)"),
        ("failures<1", False, "1 of 104"),
        ("failures < 2", True, "1 of 104"),
        ("buy:failures<0.001%", True, "0 of 4 (0.000%)"),
        ("buy:limited<25%", False, "1 of 4 (25.000%)"),
        ("buy:dropped<26%", True, "1 of 4 (25.000%)"),
        ("dropped<1", False, "1 of 104"),
    ],
)
def test_it_is_judged_and_said(text: str, *, met: bool, said: str) -> None:
    judgement = Objective.parse(text, JOURNEYS).judge(book().read())
    assert judgement.met is met
    assert judgement.said == said


@pytest.mark.parametrize("text", ["p99<1s", "max<1s", "failures<1%", "buy:p50<1s"])
def test_where_nobody_came_nothing_is_met(text: str) -> None:
    judgement = Objective.parse(text, JOURNEYS).judge(Book(JOURNEYS).read())
    assert judgement.value is None
    assert not judgement.met


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p99",
        "p99>1s",
        "p99<1",
        "p99<1%",
        "p0<1s",
        "p100<1s",
        "max<5",
        "failures<1ms",
        "errors<1%",
        "p99<-1ms",
        "p99<1m",
    ],
)
def test_what_can_not_be_read_is_said_with_an_example(text: str) -> None:
    with pytest.raises(LoadError, match="write it as p99<500ms"):
        Objective.parse(text, JOURNEYS)


def test_a_journey_that_nobody_makes_is_named() -> None:
    with pytest.raises(LoadError, match="nobody makes the journey 'report'; there are browse, buy"):
        Objective.parse("report:p99<1s", JOURNEYS)


def test_the_defaults_can_be_read() -> None:
    assert [Objective.parse(text, JOURNEYS).of for text in DEFAULTS] == ["total"] * 3
