"""A Sentinel that goes round with nothing to do, as a real one does after a host was unreachable for a moment."""

from __future__ import annotations

import asyncio
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import hiredis
import pytest

from app.guardian.caretaker import Caretaker
from app.guardian.facts import STRANGER, Look, Opinion, Seen
from app.guardian.peers import SentinelPeer
from app.guardian.settings import Settings
from app.guardian.wire import Away
from app.local.binaries import find_redis
from app.local.ports import free_ports
from tests.integration.guardian.distance import THERE, Distance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REDIS = (THERE, 6379)
SENTINEL = ("127.0.0.1", free_ports(1)[0])
SETTINGS = Settings(
    names=("redis-0",),
    me=0,
    redis=(REDIS,),
    sentinels=(SENTINEL,),
    own_redis=REDIS,
    own_sentinel=SENTINEL,
    master="haven",
    quorum=1,
)
ANSWERS = Seen(primary=True, follows=STRANGER, linked=False, freshness=None, fit=True, run="a")


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[SentinelPeer]:
    """A Sentinel whose first attempt to reach its Redis was answered with "host unreachable", and the second not."""
    binary = find_redis().path
    conf = tmp_path / "sentinel.conf"
    watched = f"sentinel monitor haven {THERE} 6379 1\nsentinel down-after-milliseconds haven 600\n"
    conf.write_text(f"bind 127.0.0.1\nport {SENTINEL[1]}\ndir {tmp_path}\n{watched}", encoding="utf-8")
    with Distance() as distance:
        running = [distance.serve(binary, tmp_path)]
        try:
            running.append(subprocess.Popen((binary, conf, "--sentinel"), stdout=subprocess.DEVNULL))
            time.sleep(0.5)
            distance.arrive()
            yield SentinelPeer(SETTINGS, 0, lambda: None)
        finally:
            for process in reversed(running):
                process.kill()
                process.wait(10)


async def opinion(peer: SentinelPeer) -> Opinion | None:
    with suppress(Away, hiredis.ReplyError):
        return await peer.look(1.0)
    return None


async def used(peer: SentinelPeer, seconds: float) -> float:
    """The share of a core that the Sentinel uses for so long."""
    await opinion(peer)
    assert peer.usage
    before, began = peer.usage.cpu, time.monotonic()
    await asyncio.sleep(seconds)
    await opinion(peer)
    return (peer.usage.cpu - before) / (time.monotonic() - began)


async def watch(peer: SentinelPeer) -> float:
    """Let its guardian's caretaker see to it; the share of a core that it uses afterwards."""
    caretaker = Caretaker(SETTINGS, peer)
    end = time.monotonic() + 12
    while time.monotonic() < end:
        look = Look(time.monotonic(), 0, (ANSWERS,), (await opinion(peer),))
        await caretaker.end_spin(look)
        await asyncio.sleep(0.5)
    return await used(peer, 3)


def test_a_sentinel_that_spins_is_cured_by_new_connections(peer: SentinelPeer) -> None:
    async def story() -> tuple[float, float]:
        end = time.monotonic() + 20
        while (answer := await opinion(peer)) is None or answer.down:
            assert time.monotonic() < end, "the Sentinel never reached its Redis"
            await asyncio.sleep(0.1)
        spins = await used(peer, 2)
        cured = await watch(peer)
        peer.link.close()
        await asyncio.sleep(0)
        return spins, cured

    before, after = asyncio.run(story())
    if before < 0.1:
        pytest.skip(f"this kernel or this Redis has not the defect: the Sentinel uses {before:.0%} of a core")
    assert after < before / 5
