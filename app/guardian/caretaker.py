"""Keeps a node's own Sentinel as it should be: its settings, its password, and no core kept busy with nothing."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import hiredis
import structlog

from app.guardian.memory import HOLD_MS
from app.guardian.seed import has_password
from app.guardian.sentinel import HINT_MS, TIMEOUT, tell, timings, usual
from app.guardian.spin import Spin
from app.guardian.wire import Away
from app.ops import metrics

if TYPE_CHECKING:
    from app.guardian.facts import Look
    from app.guardian.peers import SentinelPeer
    from app.guardian.settings import Settings

log = structlog.get_logger(__name__)

_TEMPORARY: Final = frozenset({HINT_MS, HOLD_MS})
_LEFT_OVER: Final = 3.0
_SOON: Final = 30.0
"""Seconds: a Sentinel that spins again so soon after its connections were renewed is to start anew."""
_SELDOM: Final = 600.0


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
        self._spin = Spin(settings.me)
        self._renewed = self._restarted = float("-inf")

    async def end_stray_hint(self, look: Look) -> None:
        """End a hint whose giver did not live to do it: the next primary would look down after 10 ms.

        Found when a node went whose guardian had just seen its Redis die: two failovers, 6 s without a primary.
        """
        if self._peer.fields.get("down-after-milliseconds") != str(HINT_MS) or look.sentinels[look.me] is None:
            self._hinted_since = None
            return
        since = self._hinted_since = look.now if self._hinted_since is None else self._hinted_since
        begun = any(opinion is not None and opinion.busy for opinion in look.sentinels)
        if begun or look.now - since > self._settings.hint / 1000 + TIMEOUT:
            await tell([self._peer], *usual(self._settings))

    async def end_spin(self, look: Look) -> None:
        """Renew the connections of a Sentinel that keeps a core busy with nothing; if that is no cure, end it.

        To be given its password makes it connect to the servers anew, and it is the same password; to the other
        Sentinels it connects anew at a start, which whoever runs it sees to.
        """
        share = self._spin.see(look, self._peer.usage)
        if share is None:
            return
        renew = look.now - self._renewed > _SOON
        if not renew and look.now - self._restarted < _SELDOM:
            return
        log.warning("sentinel.spins", share=round(share, 2), remedy="connections" if renew else "restart")
        metrics.GUARDIAN_SPINS.inc()
        try:
            if renew:
                self._renewed = look.now
                await self._renew_connections()
            else:
                self._restarted = look.now
                with suppress(Away):  # its way to say yes
                    await self._peer.link.one("SHUTDOWN", within=TIMEOUT)
        except (Away, hiredis.ReplyError) as error:
            log.warning("sentinel.not_set", error=str(error))

    async def _renew_connections(self) -> None:
        password = self._settings.watch_credentials.password
        await self._peer.link.one("SENTINEL", "SET", self._settings.master, "auth-pass", password)

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
            await link.one(*timings(settings))
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
            await link.one(*timings(settings))

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
        await self._renew_connections()

    async def _watch(self, named: int | None) -> None:
        settings = self._settings
        if named is None or named < 0:
            return
        host, port = settings.redis[named]
        log.info("sentinel.monitor", primary=settings.named(named))
        await self._peer.link.one("SENTINEL", "MONITOR", settings.master, host, port, settings.quorum)
