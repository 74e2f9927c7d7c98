"""Sentinel's settings: seeded once, kept as they should be, and two of them changed for a moment."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import hiredis
import structlog

from app.guardian.memory import HOLD_MS
from app.guardian.peers import pairs
from app.guardian.seed import has_password
from app.guardian.wire import Away, Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.guardian.facts import Look
    from app.guardian.peers import SentinelPeer
    from app.guardian.settings import Settings

log = structlog.get_logger(__name__)

HINT_MS: Final = 10
"""down-after-milliseconds and info-period during a hint: what is known to be dead need not be waited for."""
OUT_OF_REACH: Final = 100
"""A quorum that no number of Sentinels reaches; a leader needs a majority of votes in any case."""
_TEMPORARY: Final = frozenset({HINT_MS, HOLD_MS})
_LEFT_OVER: Final = 3.0
_TIMEOUT: Final = 0.3
_WATCH: Final = 0.02
_ASKED_AGAIN: Final = 1.3


def _timings(settings: Settings) -> Command:
    """The periods that Sentinel forgets at every start."""
    times = settings.timings
    return (
        *("SENTINEL", "DEBUG", "ping-period", times.ping_period, "ask-period", times.ask_period),
        *("info-period", times.info_period, "publish-period", times.publish_period),
    )


def _usual(settings: Settings) -> tuple[Command, ...]:
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
            replies = await peer.link.call(*commands, within=_TIMEOUT)
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
    await tell(sentinels, *_usual(settings))


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
            replicas = await peer.link.one("SENTINEL", "REPLICAS", peer.master, within=_TIMEOUT)
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
        opinion = await peer.look(_TIMEOUT)
    except Away:
        return False
    return opinion.busy or opinion.epoch > before


class Caretaker:
    """Keeps this node's Sentinel as it should be.

    Args:
        settings: the guardian's.
        peer: this node's Sentinel.
    """

    def __init__(self, settings: Settings, peer: SentinelPeer) -> None:
        self._settings = settings
        self._peer = peer
        self._connects = 0
        self._odd_since: float | None = None
        self._hinted_since: float | None = None

    async def end_stray_hint(self, look: Look) -> None:
        """End a hint whose giver did not live to do it: the next primary would look down after 10 ms.

        Found when a node went whose guardian had just seen its Redis die: two failovers, 6 s without a primary.
        """
        if self._peer.fields.get("down-after-milliseconds") != str(HINT_MS) or look.sentinels[look.me] is None:
            self._hinted_since = None
            return
        since = self._hinted_since = look.now if self._hinted_since is None else self._hinted_since
        begun = any(opinion is not None and opinion.busy for opinion in look.sentinels)
        if begun or look.now - since > self._settings.hint / 1000 + _TIMEOUT:
            await tell([self._peer], *_usual(self._settings))

    async def turn(self, named: int | None) -> None:
        """Put right what is not as it should be.

        Args:
            named: the primary as the majority names it, for a Sentinel that watches none.
        """
        try:
            await self._turn(named)
        except (Away, hiredis.ReplyError) as error:
            log.warning("sentinel.not_set", error=str(error))

    async def _turn(self, named: int | None) -> None:
        link, settings = self._peer.link, self._settings
        if link.connects != self._connects:  # it may have started anew, and then it has forgotten its periods
            await link.one(*_timings(settings))
            await self._password()
            self._connects = link.connects
        fields = self._peer.fields
        if not fields:
            await self._watch(named)
            return
        times = settings.timings
        wanted = {
            "quorum": settings.quorum,
            "down-after-milliseconds": times.down_after,
            "failover-timeout": times.failover_timeout,
            "parallel-syncs": 1,
        }
        wrong = {name: value for name, value in wanted.items() if int(fields[name]) != value}
        if int(fields["down-after-milliseconds"]) in _TEMPORARY and not self._left_over():
            wrong.pop("down-after-milliseconds", None)
            wrong.pop("quorum", None)
        elif "down-after-milliseconds" not in wrong:
            self._odd_since = None
        for name, value in wrong.items():
            log.info("sentinel.set", setting=name, was=fields[name], now=value)
            await link.one("SENTINEL", "SET", settings.master, name, value)
        if "down-after-milliseconds" in wrong:
            await link.one(*_timings(settings))

    def _left_over(self) -> bool:
        """Whether a hint or a hold has outlived whoever gave it."""
        now = time.monotonic()
        self._odd_since = now if self._odd_since is None else self._odd_since
        return now - self._odd_since > _LEFT_OVER

    async def _password(self) -> None:
        settings = self._settings
        credentials = settings.watch_credentials
        if not settings.conf or has_password(settings):
            return  # setting it drops its connections, so only when it is another one
        if credentials.user:
            await self._peer.link.one("SENTINEL", "SET", settings.master, "auth-user", credentials.user)
        await self._peer.link.one("SENTINEL", "SET", settings.master, "auth-pass", credentials.password)

    async def _watch(self, named: int | None) -> None:
        settings = self._settings
        if named is None or named < 0:
            return
        host, port = settings.redis[named]
        log.info("sentinel.monitor", primary=settings.named(named))
        await self._peer.link.one("SENTINEL", "MONITOR", settings.master, host, port, settings.quorum)
