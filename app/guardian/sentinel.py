"""What the Sentinels are told: their settings, and two of them changed for a moment."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import hiredis
import structlog

from app.guardian.memory import HOLD_MS
from app.guardian.peers import pairs
from app.guardian.wire import Away, Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.guardian.peers import SentinelPeer
    from app.guardian.settings import Settings

log = structlog.get_logger(__name__)

HINT_MS: Final = 10
"""down-after-milliseconds and info-period during a hint: what is known to be dead need not be waited for."""
OUT_OF_REACH: Final = 100
"""A quorum that no number of Sentinels reaches; a leader needs a majority of votes in any case."""
TIMEOUT: Final = 0.3
_WATCH: Final = 0.02
_ASKED_AGAIN: Final = 1.3


def timings(settings: Settings) -> Command:
    """The periods that Sentinel forgets at every start."""
    times = settings.timings
    return (
        *("SENTINEL", "DEBUG", "ping-period", times.ping_period, "ask-period", times.ask_period),
        *("info-period", times.info_period, "publish-period", times.publish_period),
    )


def usual(settings: Settings) -> tuple[Command, ...]:
    """What a hint or a hold changes, as it should be."""
    times = settings.timings
    return (
        ("SENTINEL", "DEBUG", "info-period", times.info_period),
        ("SENTINEL", "SET", settings.master, "down-after-milliseconds", times.down_after),
        ("SENTINEL", "SET", settings.master, "quorum", settings.quorum),
    )


async def tell(sentinels: Sequence[SentinelPeer], *commands: Command) -> int:
    """Send the same commands to all Sentinels; how many took all of them."""

    async def one(peer: SentinelPeer) -> bool:
        try:
            replies = await peer.link.call(*commands, within=TIMEOUT)
        except Away:
            return False
        errors = [reply for reply in replies if isinstance(reply, hiredis.ReplyError)]
        for error in errors:
            log.warning("sentinel.refused", sentinel=peer.link.door.port, error=str(error))
        return not errors

    return sum(await asyncio.gather(*(one(peer) for peer in sentinels)))


async def hold(sentinels: Sequence[SentinelPeer], settings: Settings) -> None:
    """Keep the Sentinels from beginning a failover: nothing is down for a minute, and roles are asked at every turn."""
    await tell(
        sentinels,
        ("SENTINEL", "SET", settings.master, "down-after-milliseconds", HOLD_MS),
        ("SENTINEL", "DEBUG", "info-period", HINT_MS),
    )


async def release(sentinels: Sequence[SentinelPeer], settings: Settings) -> None:
    """End a hold or a hint."""
    await tell(sentinels, *usual(settings))


async def hint(sentinels: Sequence[SentinelPeer], settings: Settings, first: SentinelPeer) -> bool:
    """Let the Sentinels find out at once what is known: that the primary is dead, or says that it is a replica.

    They look at it, and at the replicas' offsets, within a tick and vote as ever. The hint ends when one of them has
    begun its failover, or after a while: one that stays would make the next primary look down as well.

    As all are told at the same moment, all would begin at the same moment, now and then within one tick, and each vote
    for itself: found by a drill, as 4.5 s without a primary. So the others' quorum is out of reach meanwhile: they hold
    the primary for down, and vote, but do not begin.

    Args:
        sentinels: all of them.
        settings: the guardian's.
        first: the one that is to begin.

    Returns:
        Whether a failover began.
    """
    if not await _candidate_known(sentinels):
        await _await_candidate(sentinels, settings)
    end = time.monotonic() + settings.hint / 1000
    hinted: tuple[Command, ...] = (
        ("SENTINEL", "DEBUG", "info-period", HINT_MS),
        ("SENTINEL", "SET", settings.master, "down-after-milliseconds", HINT_MS),
    )
    followers = [peer for peer in sentinels if peer is not first]
    waiting = ("SENTINEL", "SET", settings.master, "quorum", OUT_OF_REACH)
    await asyncio.gather(tell(followers, waiting, *hinted), tell([first], *hinted))
    before = max((int(peer.fields.get("config-epoch", 0)) for peer in sentinels), default=0)
    begun = False
    try:
        while not begun and time.monotonic() < end:
            await asyncio.sleep(_WATCH)
            begun = any(await asyncio.gather(*(_has_begun(peer, before) for peer in sentinels)))
    finally:
        await release(sentinels, settings)
    return begun


async def _candidate_known(sentinels: Sequence[SentinelPeer]) -> bool:
    """Whether every Sentinel that answers knows a replica that it may promote."""

    async def one(peer: SentinelPeer) -> bool:
        try:
            replicas = await peer.link.one("SENTINEL", "REPLICAS", peer.master, within=TIMEOUT)
        except (Away, hiredis.ReplyError):
            return True
        return any(int(pairs(fields)["slave-priority"]) > 0 for fields in replicas)

    return all(await asyncio.gather(*(one(peer) for peer in sentinels)))


async def _await_candidate(sentinels: Sequence[SentinelPeer], settings: Settings) -> None:
    """Hold the Sentinels until they have asked their replicas again.

    A replica has become fit a moment ago, and its INFO comes only once a second after a time without a link. A failover
    that finds nobody to promote blocks the next one for twice the failover-timeout.
    """
    await hold(sentinels, settings)
    end = time.monotonic() + _ASKED_AGAIN
    known = False
    while not known and time.monotonic() < end:
        await asyncio.sleep(_WATCH)
        known = await _candidate_known(sentinels)


async def _has_begun(peer: SentinelPeer, before: int) -> bool:
    try:
        opinion = await peer.look(TIMEOUT)
    except Away:
        return False
    return opinion.busy or opinion.epoch > before
