"""Giving the primary's role to a replica without losing a write.

1. The candidate is marked as Sentinel's first choice, and its Sentinel has seen that.
2. Writes are paused (CLIENT PAUSE WRITE), for a bounded time: if this process dies, they go on by themselves.
3. The candidate has everything: its replication offset is the primary's.
4. SENTINEL FAILOVER, on a Sentinel beside another node than ours.
5. The moment the candidate says that it is primary, ours becomes its replica and the pause ends: whoever waited is told
   READONLY, asks again, and finds the new primary. SENTINEL FAILOVER alone leaves the old one writable until Sentinel
   converts it: 1.3 s of acknowledged writes are lost each time.
6. Done when a majority of the Sentinels name the candidate.

Valkey 9 and newer do steps 2 to 5 themselves (SENTINEL FAILOVER … COORDINATED).
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import hiredis
import structlog

from app.guardian.candidate import Refused, choose_when_calm
from app.guardian.memory import HOLD_MS
from app.guardian.outcome import DONE, REFUSED, TIMED_OUT, Outcome
from app.guardian.peers import RedisPeer, SentinelPeer, pairs
from app.guardian.sentinel import HINT_MS
from app.guardian.verdict import Verdict, judge
from app.guardian.wire import Away

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.guardian.facts import Look
    from app.guardian.settings import Settings

log = structlog.get_logger(__name__)

FIRST: Final = 1
USUAL: Final = 100
_CALL: Final = 0.5
_WATCH: Final = 0.005
_PAUSE_MS: Final = 2_000
_SEEN: Final = 1.5
_SYNCED: Final = 0.5
_AGREED: Final = 5.0
_SPARE: Final = 1.0
_EARLIEST_MS: Final = 44


class TimedOut(Exception):
    """A step did not come to its end; writes go on at the old primary."""


class Handover:
    """One handover.

    Args:
        settings: the guardian's.
        nodes: the Redis servers.
        sentinels: the Sentinels.
        look: observes everything now.
    """

    def __init__(
        self,
        settings: Settings,
        nodes: list[RedisPeer],
        sentinels: list[SentinelPeer],
        look: Callable[[], Awaitable[Look]],
    ) -> None:
        self._settings = settings
        self._nodes = nodes
        self._sentinels = sentinels
        self._look = look
        self._own = nodes[settings.me].link
        self._seconds: dict[str, float] = {}

    async def run(self, to: str | None = None) -> Outcome:
        """Hand over.

        Args:
            to: the name of the node that is to be primary; None for the fittest.

        Returns:
            The outcome; never raises for what may go wrong on the way.
        """
        settings, started = self._settings, time.monotonic()
        outcome = Outcome(REFUSED, "", settings.name, seconds=self._seconds)
        try:
            choice = await choose_when_calm(settings, self._look, to)
            candidate, sentinel = choice.candidate, self._sentinels[choice.beside]
            outcome.after = settings.named(candidate)
            log.info("handover.begins", to=outcome.after)
            await self._mark(candidate, sentinel)
            try:
                await self._move(candidate, sentinel, coordinated=choice.coordinated)
                await self._agree(candidate)
            finally:
                await self._unmark(candidate, sentinel)
            outcome.result, outcome.reason = DONE, f"{outcome.after} is primary"
        except Refused as error:
            outcome.reason = str(error)
        except (TimedOut, Away, hiredis.ReplyError) as error:
            outcome.result = TIMED_OUT
            outcome.reason = f"{error}; {settings.name} goes on as primary unless the Sentinels say otherwise"
        self._seconds["total"] = time.monotonic() - started
        log.info("handover.ended", **outcome.as_dict())
        return outcome

    async def _mark(self, candidate: int, sentinel: SentinelPeer) -> None:
        """Make it the Sentinel's first choice, and wait until the Sentinel knows."""
        await self._nodes[candidate].link.one("CONFIG", "SET", "replica-priority", FIRST, within=_CALL)
        started = time.monotonic()
        await sentinel.link.one("SENTINEL", "DEBUG", "info-period", HINT_MS, within=_CALL)
        while not (await self._knows(candidate, sentinel) and await self._is_replica_to_all(candidate)):
            if time.monotonic() - started > _SEEN:
                await self._unmark(candidate, sentinel)
                raise Refused(f"the Sentinel beside it does not see {self._settings.named(candidate)} as a fit replica")
            await asyncio.sleep(_WATCH)
        self._seconds["seen"] = time.monotonic() - started

    async def _knows(self, candidate: int, sentinel: SentinelPeer) -> bool:
        fields = await self._told_of(candidate, sentinel)
        return bool(fields) and int(fields["slave-priority"]) == FIRST and fields["flags"] == "slave"

    async def _is_replica_to_all(self, candidate: int) -> bool:
        """Whether no Sentinel remembers it as a primary: one that does makes it a replica again, promoted or not."""
        for peer in self._sentinels:
            try:
                fields = await self._told_of(candidate, peer)
            except (Away, hiredis.ReplyError):
                continue
            if fields.get("role-reported", "slave") != "slave":
                return False
        return True

    async def _told_of(self, candidate: int, sentinel: SentinelPeer) -> dict[str, str]:
        """What a Sentinel knows about the candidate; empty if it does not know it."""
        replies = await sentinel.link.one("SENTINEL", "REPLICAS", self._settings.master, within=_CALL)
        known = (pairs(reply) for reply in replies)
        named = (fields for fields in known if self._settings.node(fields["ip"], int(fields["port"])) == candidate)
        return next(named, {})

    async def _just_before_its_turn(self, candidate: int, sentinel: SentinelPeer) -> None:
        """Wait, before writes are paused, until the Sentinel's next turn is near.

        It takes one step of a failover a turn, and its turns come 53 to 100 ms apart at random (10 to 19 a second,
        sentinelTimer in sentinel.c). With the short info-period each turn asks for INFO, so the age of the last one
        tells when the last turn was. This only shortens the pause; nothing else depends on it.
        """
        age = int((await self._told_of(candidate, sentinel)).get("info-refresh", _EARLIEST_MS))
        await self._usual_period(sentinel)
        await asyncio.sleep(max(0, _EARLIEST_MS - age) / 1000)

    async def _usual_period(self, sentinel: SentinelPeer) -> None:
        """End the short info-period: a Sentinel promotes only whose INFO is younger than three of them."""
        await sentinel.link.one("SENTINEL", "DEBUG", "info-period", self._settings.timings.info_period, within=_CALL)

    async def _unmark(self, candidate: int, sentinel: SentinelPeer) -> None:
        period = ("SENTINEL", "DEBUG", "info-period", self._settings.timings.info_period)
        for link, command in (
            (self._nodes[candidate].link, ("CONFIG", "SET", "replica-priority", USUAL)),
            (sentinel.link, period),
        ):
            try:
                await link.one(*command, within=_CALL)
            except (Away, hiredis.ReplyError) as error:
                log.warning("handover.not_undone", command=command[0], error=str(error))

    async def _move(self, candidate: int, sentinel: SentinelPeer, *, coordinated: bool) -> None:
        if coordinated and await self._coordinated(candidate, sentinel):
            return
        await self._just_before_its_turn(candidate, sentinel)
        paused = time.monotonic()
        try:
            await self._pause()
            await self._synced(candidate)
            await self._begin(sentinel)
            await self._promoted(candidate, paused, pause=True)
            host, port = self._settings.redis[candidate]
            await self._own.one("REPLICAOF", host, port, within=_CALL)
        finally:
            await self._own.one("CLIENT", "UNPAUSE", within=_CALL)
            self._seconds["paused"] = time.monotonic() - paused

    async def _coordinated(self, candidate: int, sentinel: SentinelPeer) -> bool:
        """Let the servers do it; False if this Sentinel does not know how, and nothing was begun."""
        started = time.monotonic()
        await self._usual_period(sentinel)
        try:
            await sentinel.link.one("SENTINEL", "FAILOVER", self._settings.master, "COORDINATED", within=_CALL)
        except hiredis.ReplyError as error:
            log.info("handover.not_coordinated", error=str(error))
            return False
        await self._promoted(candidate, started)
        return True

    async def _begin(self, sentinel: SentinelPeer) -> None:
        try:
            await sentinel.link.one("SENTINEL", "FAILOVER", self._settings.master, within=_CALL)
        except hiredis.ReplyError as error:
            raise Refused(f"the Sentinel beside it refuses: {error}") from None

    async def _pause(self) -> None:
        await self._own.one("CLIENT", "PAUSE", _PAUSE_MS, "WRITE", within=_CALL)

    async def _synced(self, candidate: int) -> None:
        """Wait until the candidate has every write: replication offsets move no more once writes are paused."""
        end = time.monotonic() + _SYNCED
        me, it = await asyncio.gather(self._nodes[self._settings.me].look(_CALL), self._nodes[candidate].look(_CALL))
        while it.offset < me.offset:
            if time.monotonic() > end:
                missing = me.offset - it.offset
                raise TimedOut(f"{self._settings.named(candidate)} was {missing} bytes behind after {_SYNCED:g} s")
            await asyncio.sleep(_WATCH)
            it = await self._nodes[candidate].look(_CALL)

    async def _promoted(self, candidate: int, started: float, *, pause: bool = False) -> None:
        """Wait until the candidate says that it is primary.

        Once it was begun, Sentinel promotes within its failover-timeout or gives up. Writes stay paused until one of
        both is certain: whatever this primary took in between would be lost.
        """
        end = started + self._settings.timings.failover_timeout / 1000 + _SPARE
        renewed = time.monotonic()
        while not await self._is_primary(candidate):
            now = time.monotonic()
            if now > end:
                raise TimedOut(f"{self._settings.named(candidate)} was not promoted within {now - started:.1f} s")
            if pause and now - renewed > _PAUSE_MS / 2000:
                await self._pause()
                renewed = now
            await asyncio.sleep(_WATCH)

    async def _is_primary(self, place: int) -> bool:
        try:
            role: str = (await self._nodes[place].link.one("ROLE", within=_CALL))[0]
        except (Away, hiredis.ReplyError):
            return False
        return role == "master"

    async def _agree(self, candidate: int) -> None:
        started = time.monotonic()
        while True:
            verdict: Verdict = judge(await self._look(), HOLD_MS)
            if verdict.named == candidate:
                break
            if time.monotonic() - started > _AGREED:
                raise TimedOut(
                    f"{self._settings.named(candidate)} is primary, but no majority of the Sentinels names it"
                )
            await asyncio.sleep(_WATCH * 4)
        self._seconds["agreed"] = time.monotonic() - started
