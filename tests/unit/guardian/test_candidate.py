from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.guardian import candidate
from app.guardian.candidate import Choice, Refused, choose, choose_when_calm
from app.guardian.settings import Settings
from tests.unit.guardian.worlds import booted, look, names, primary, replica

if TYPE_CHECKING:
    from app.guardian.facts import Look, Opinion, Seen

ADDRESSES = (("a", 1), ("b", 1), ("c", 1))
SETTINGS = Settings(
    names=("redis-0", "redis-1", "redis-2"),
    me=0,
    redis=ADDRESSES,
    sentinels=ADDRESSES,
    own_redis=ADDRESSES[0],
    own_sentinel=ADDRESSES[0],
    master="shop",
    quorum=2,
)
WELL = (primary(), replica(0, offset=10), replica(0, offset=11))


def refusal(nodes: tuple[Seen | None, ...], sentinels: tuple[Opinion | None, ...], to: str | None = None) -> str:
    with pytest.raises(Refused) as caught:
        choose(SETTINGS, look(nodes, sentinels), to)
    return str(caught.value)


def test_the_one_with_the_most_data_led_by_the_sentinel_beside_it() -> None:
    assert choose(SETTINGS, look(WELL, names(0, 0, 0)), None) == Choice(2, 2, coordinated=False)


def test_the_one_that_is_asked_for() -> None:
    assert choose(SETTINGS, look(WELL, names(0, 0, 0)), "redis-1") == Choice(1, 1, coordinated=False)


def test_another_sentinel_leads_when_the_one_beside_it_is_away_but_never_our_own() -> None:
    one, two = names(0, 0)
    assert choose(SETTINGS, look(WELL, (one, two, None)), "redis-2").beside == 1


def test_valkey_coordinates_itself() -> None:
    nodes = (primary(coordinates=True), *WELL[1:])
    assert choose(SETTINGS, look(nodes, names(0, 0, 0)), None).coordinated


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (None, "does not answer"),
        (primary(), "does not follow this primary"),
        (booted(), "does not follow this primary"),
        (replica(0, linked=False), "has no link to the primary"),
        (replica(0, fit=False), "was not in step with the primary"),
        (replica(0, ailing="the append-only file can't be written"), "can't be written"),
    ],
)
def test_who_is_not_fit_is_named_with_the_reason(node: Seen | None, why: str) -> None:
    said = refusal((primary(), node, node), names(0, 0, 0))
    assert said.startswith("no replica is fit: redis-1 ")
    assert "; redis-2 " in said
    assert said.count(why) == 2
    assert choose(SETTINGS, look((primary(), node, replica(0)), names(0, 0, 0)), None).candidate == 2


def test_the_end_of_the_last_failover_is_waited_for_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = look(WELL, tuple(replace(opinion, busy=True) for opinion in names(0, 0, 0)))
    looks = [busy, busy, look(WELL, names(0, 0, 0))]

    async def soon() -> Look:
        return looks.pop(0)

    async def never() -> Look:
        return busy

    assert asyncio.run(choose_when_calm(SETTINGS, soon, None)).candidate in {1, 2}
    assert looks == []
    monkeypatch.setattr(candidate, "PATIENCE", 0.2)
    with pytest.raises(Refused, match="under way"):
        asyncio.run(choose_when_calm(SETTINGS, never, None))


def test_only_the_named_primary_hands_over_and_not_in_the_middle_of_a_failover() -> None:
    assert "not the primary" in refusal((booted(), *WELL[1:]), names(0, 0, 0))
    assert "not the primary" in refusal(WELL, names(1, 1, 1))
    assert "not the primary" in refusal(WELL, (*names(0), None, None))
    busy = tuple(replace(opinion, busy=True) for opinion in names(0, 0, 0))
    assert "under way" in refusal(WELL, busy)
    assert "already" in refusal(WELL, names(0, 0, 0), "redis-0")
    assert "choose one of redis-0, redis-1, redis-2" in refusal(WELL, names(0, 0, 0), "redis-9")
