from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from app.guardian.caretaker import Caretaker
from app.guardian.settings import Settings
from app.guardian.spin import APART, MOST_ASKED, WINDOW, Spin, Usage, parse_usage
from tests.unit.guardian.worlds import look, names, primary, replica

if TYPE_CHECKING:
    from app.guardian.facts import Look
    from app.guardian.peers import SentinelPeer

INFO = (
    "# CPU\r\nused_cpu_sys:1.500000\r\nused_cpu_user:0.250000\r\nused_cpu_sys_children:0.000000\r\n"
    "used_cpu_user_main_thread:0.2\r\n\r\n# Stats\r\ntotal_connections_received:4\r\ntotal_commands_processed:1234\r\n"
)
NODES = (primary(), replica(0), replica(0))
SETTINGS = Settings(
    names=("a", "b", "c"),
    me=0,
    redis=(("a", 1), ("b", 1), ("c", 1)),
    sentinels=(("a", 2), ("b", 2), ("c", 2)),
    own_redis=("a", 1),
    own_sentinel=("a", 2),
    master="haven",
    quorum=2,
)


def calm(now: float) -> Look:
    return look(NODES, names(0, 0, 0), now=now)


def test_what_a_sentinel_has_used_is_read() -> None:
    assert parse_usage(INFO) == Usage(1.75, 1234)


@pytest.mark.parametrize("info", [None, "", "used_cpu_sys:1.0\r\n", INFO.replace("1.500000", "1.5.0"), Exception("no")])
def test_what_is_no_usage_is_unknown(info: object) -> None:
    assert parse_usage(info) is None


def shares(spin: Spin, *readings: tuple[Look, Usage | None]) -> list[float | None]:
    return [spin.see(*reading) for reading in readings]


def test_a_core_used_for_nothing_is_noticed_after_a_window_and_anew_for_each() -> None:
    readings = [(calm(second), Usage(second * 0.5, second)) for second in range(12)]
    assert shares(Spin(0), *readings) == [0.5 if second in {5, 10} else None for second in range(12)]
    elsewhere = shares(Spin(2), *readings)
    assert elsewhere.index(0.5) == WINDOW + 2 * APART


def test_work_and_rest_are_no_spin() -> None:
    assert shares(Spin(0), *((calm(second), Usage(second * 0.2, 0)) for second in range(7))) == [None] * 7
    asked = int(MOST_ASKED)
    assert shares(Spin(0), *((calm(second), Usage(second * 0.9, second * asked)) for second in range(7))) == [None] * 7


@pytest.mark.parametrize(
    "disturbed",
    [
        pytest.param(look((None, *NODES[1:]), names(0, 0, 0), now=3), id="a Redis is away"),
        pytest.param(look(NODES, (*names(0, 0), None), now=3), id="a Sentinel is away"),
        pytest.param(look(NODES, (*names(0, 0), replace(names(0)[0], busy=True)), now=3), id="a failover is under way"),
        pytest.param(look(NODES, (*names(0, 0), replace(names(0)[0], down=True)), now=3), id="one holds it for down"),
    ],
)
def test_a_disturbance_begins_the_window_anew(disturbed: Look) -> None:
    spin = Spin(0)
    assert shares(spin, (calm(0), Usage(0, 0)), (disturbed, Usage(3, 0))) == [None, None]
    assert shares(spin, (calm(4), Usage(4, 0)), (calm(8), Usage(8, 0)), (calm(9), Usage(9, 0))) == [None, None, 1.0]


def test_a_sentinel_that_started_anew_or_says_nothing_begins_the_window_anew() -> None:
    for usage in (Usage(1, 0), None):
        spin = Spin(0)
        assert shares(spin, (calm(0), Usage(9, 0)), (calm(4), usage), (calm(6), Usage(9, 0))) == [None] * 3


class Asked:
    """Stands in for a Sentinel and the link to it: spins whatever it is told."""

    def __init__(self) -> None:
        self.link = self
        self.usage = Usage(0.0, 0)
        self.told: list[tuple[object, ...]] = []

    async def one(self, *command: object, within: float = 1.0) -> str:
        assert within
        self.told.append(command)
        return "OK"


def test_its_connections_are_renewed_and_if_that_was_no_cure_it_is_ended_but_seldom() -> None:
    peer = Asked()
    caretaker = Caretaker(SETTINGS, cast("SentinelPeer", cast("Any", peer)))

    async def care() -> None:
        for second in range(700):
            peer.usage = Usage(float(second), 0)
            await caretaker.end_spin(calm(float(second)))

    asyncio.run(care())
    renewed = ("SENTINEL", "SET", "haven", "auth-pass", "")
    assert peer.told[:3] == [renewed, ("SHUTDOWN",), renewed]
    assert peer.told.count(("SHUTDOWN",)) == 2
    assert peer.told.count(renewed) < 30
