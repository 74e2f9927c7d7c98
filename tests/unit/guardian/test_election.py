"""When an election is begun again, and by whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from app.guardian.election import PATIENCE, TURN, Elections, stands_still
from app.guardian.facts import Look, Opinion
from app.guardian.memory import HOLD_MS
from app.guardian.verdict import judge
from tests.unit.guardian.worlds import booted, look, primary, replica

DOWN = Opinion(0, 1, down=True, down_after=600)
ELECTING = replace(DOWN, busy=True, electing=True, against=0)
LED = replace(ELECTING, electing=False)
AFTER_A_POWER_CUT = [None, replica(0), replica(0)]


def seen(sentinels: list[Opinion | None], nodes: list[Any] = AFTER_A_POWER_CUT, **other: Any) -> Look:
    return look(nodes, sentinels, **other)


def still(found: Look) -> bool:
    return stands_still(found, judge(found, HOLD_MS))


@pytest.mark.parametrize("sentinels", [[None, DOWN, DOWN], [None, ELECTING, DOWN], [None, ELECTING, ELECTING]])
def test_it_stands_still_while_all_agree_and_nobody_leads(sentinels: list[Opinion | None]) -> None:
    assert still(seen(sentinels))


@pytest.mark.parametrize(
    ("sentinels", "nodes"),
    [
        ([None, replace(DOWN, down=False), DOWN], AFTER_A_POWER_CUT),  # no majority holds it for down
        ([None, None, DOWN], AFTER_A_POWER_CUT),
        ([None, LED, DOWN], AFTER_A_POWER_CUT),
        ([None, DOWN, DOWN], [None, primary(), replica(0)]),  # promoted already
        ([None, DOWN, DOWN], [None, booted(), booted()]),  # nobody can be promoted
        ([None, DOWN, DOWN], [None, replica(0, None), booted()]),
        ([replace(DOWN, down_after=HOLD_MS)] * 3, AFTER_A_POWER_CUT),  # held on purpose
        ([None, replace(DOWN, primary=-1), replace(DOWN, primary=-1)], AFTER_A_POWER_CUT),
        ([None, DOWN, replace(DOWN, primary=2)], AFTER_A_POWER_CUT),  # no majority names anyone
    ],
)
def test_else_it_does_not(sentinels: list[Opinion | None], nodes: list[Any]) -> None:
    assert not still(seen(sentinels, nodes))


def moments(me: int, sentinels: list[Opinion | None], until: float = 4.0) -> list[float]:
    """When a guardian that looks ten times a second would act."""
    elections = Elections(cast("Any", None), cast("Any", None))
    found = []
    for tenth in range(int(until * 10)):
        now = tenth / 10
        view = seen(sentinels, me=me, now=now)
        if elections.due(view, judge(view, HOLD_MS)):
            found.append(now)
    return found


def test_the_guardians_act_one_after_the_other_and_not_again_at_once() -> None:
    sentinels = [None, DOWN, DOWN]
    assert moments(1, sentinels) == [pytest.approx(PATIENCE), pytest.approx(PATIENCE + 2.5)]
    assert moments(2, sentinels) == [
        pytest.approx(PATIENCE + TURN, abs=0.11),
        pytest.approx(PATIENCE + TURN + 2.5, abs=0.11),
    ]


def test_one_whose_sentinel_is_away_or_of_another_opinion_does_nothing() -> None:
    assert moments(0, [None, DOWN, DOWN]) == []
    assert moments(0, [replace(DOWN, down=False), DOWN, DOWN]) == []


def test_patience_begins_anew_when_somebody_was_elected() -> None:
    elections = Elections(cast("Any", None), cast("Any", None))

    def due(now: float, sentinels: list[Opinion | None]) -> bool:
        view = seen(sentinels, me=1, now=now)
        return elections.due(view, judge(view, HOLD_MS))

    assert not due(0.0, [None, DOWN, DOWN])
    assert not due(0.5, [None, LED, DOWN])
    assert not due(1.0, [None, DOWN, DOWN])
    assert due(1.0 + PATIENCE, [None, DOWN, DOWN])
