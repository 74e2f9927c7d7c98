from __future__ import annotations

import pytest

from app.guardian.facts import Opinion
from app.guardian.memory import HOLD_MS
from app.guardian.verdict import judge
from tests.unit.guardian.worlds import look, names


@pytest.mark.parametrize(
    ("sentinels", "named"),
    [
        (names(1, 1, 1), 1),
        (names(1, 1, 2), 1),
        ((*names(1, 1), None), 1),
        ((*names(1, 2), None), None),
        ((*names(1), None, None), None),
        ((None, None, None), None),
    ],
)
def test_only_a_majority_of_all_sentinels_names_a_primary(
    sentinels: tuple[Opinion | None, ...], named: int | None
) -> None:
    assert judge(look([], sentinels), HOLD_MS).named == named


def test_the_epoch_is_the_one_that_a_majority_knows() -> None:
    """The leader of a failover raises its epoch at the promotion while it may still name the former primary."""
    verdict = judge(look([], [Opinion(0, 9, busy=True), *names(0, 0, epoch=1)]), HOLD_MS)
    assert (verdict.named, verdict.epoch, verdict.top) == (0, 1, 9)


def test_a_failover_is_under_way_until_its_result_has_reached_the_majority() -> None:
    assert not judge(look([], names(0, 0, 0)), HOLD_MS).moving
    assert judge(look([], [Opinion(0, 1, busy=True), *names(0, 0)]), HOLD_MS).moving
    assert judge(look([], [*names(1, epoch=2), *names(0, 0)]), HOLD_MS).moving
    assert not judge(look([], [*names(1, 1, epoch=2), *names(0)]), HOLD_MS).moving


def test_a_hold_is_one_by_a_majority() -> None:
    held = Opinion(0, 1, down_after=HOLD_MS)
    assert judge(look([], [held, held, *names(0)]), HOLD_MS).held
    assert not judge(look([], [held, *names(0, 0)]), HOLD_MS).held
