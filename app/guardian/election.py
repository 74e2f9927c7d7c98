"""Elections of the Sentinels that came to nothing are begun again after a second instead of eleven.

When the primary's node goes, two Sentinels are left, and both votes are needed. If both begin at the same moment, each
votes for itself and none is elected; they give up after min(election-timeout, failover-timeout), and begin again only
after twice the failover-timeout. The same wait follows a failover that found nobody to promote. Source: Sentinel's
``sentinelFailoverWaitStart`` and ``sentinelStartFailoverIfNeeded``; found as a gap of 11.4 s after a power cut.

A short failover-timeout for a moment ends the old attempt and allows the next. The guardians do it one after the other,
in the order of their nodes, so that the next attempt meets no rival. It stays an election: the Sentinels vote.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import hiredis
import structlog

from app.guardian.facts import STRANGER
from app.guardian.wire import Away

if TYPE_CHECKING:
    from app.guardian.facts import Look
    from app.guardian.peers import SentinelPeer
    from app.guardian.settings import Settings
    from app.guardian.verdict import Verdict

log = structlog.get_logger(__name__)

PATIENCE: Final = 0.6
"""Seconds: from the agreement that the primary is down to an elected leader it takes 0.1 to 0.4."""
TURN: Final = 0.5
"""Seconds by which each guardian lets the one before it go first."""
AGAIN: Final = 2.5
_RETRY_MS: Final = 100
_LONGEST: Final = 1.5  # the next attempt begins within the second by which Sentinel scatters attempts
_WATCH: Final = 0.02
_CALL: Final = 0.3


def stands_still(look: Look, verdict: Verdict) -> bool:
    """Whether a majority of the Sentinels hold the primary for down, somebody can be promoted, and nobody leads."""
    named = verdict.named
    if named is None or named == STRANGER or verdict.held:
        return False
    opinions = [opinion for opinion in look.sentinels if opinion is not None]
    agreed = 2 * sum(opinion.down for opinion in opinions) > len(look.sentinels)
    led = any(opinion.busy and not opinion.electing for opinion in opinions)
    others = [node for place, node in enumerate(look.nodes) if node is not None and place != named]
    promoted = any(node.primary for node in others)
    promotable = any(node.fit and node.freshness is not None for node in others)
    return agreed and promotable and not led and not promoted


class Elections:
    """Watches for elections that come to nothing, and has this node's Sentinel begin another.

    Args:
        settings: the guardian's.
        peer: this node's Sentinel.
    """

    def __init__(self, settings: Settings, peer: SentinelPeer) -> None:
        self._settings = settings
        self._peer = peer
        self._since: float | None = None
        self._next = 0.0

    def due(self, look: Look, verdict: Verdict) -> bool:
        """Whether it is this guardian's turn to do something."""
        mine = look.sentinels[look.me]
        if mine is None or not mine.down or not stands_still(look, verdict):
            self._since = None
            return False
        since = self._since = look.now if self._since is None else self._since
        before_me = sum(opinion is not None and opinion.down for opinion in look.sentinels[: look.me])
        if look.now < max(self._next, since + PATIENCE + TURN * before_me):
            return False
        self._next = look.now + AGAIN
        return True

    async def begin_again(self) -> None:
        """Let this node's Sentinel end its attempt, if it has one, and begin the next."""
        peer, settings = self._peer, self._settings
        log.warning("guardian.election_again", reason="the primary is down, and nobody was elected")
        with suppress(Away, hiredis.ReplyError):  # without its Sentinel there is nothing to put back either
            await self._set(_RETRY_MS)
            try:
                await self._until_begun(peer)
            finally:
                await self._set(settings.timings.failover_timeout)

    @staticmethod
    async def _until_begun(peer: SentinelPeer) -> None:
        end = time.monotonic() + _LONGEST
        ended = False
        while time.monotonic() < end:
            await asyncio.sleep(_WATCH)
            opinion = await peer.look(_CALL)
            if opinion.busy and (ended or not opinion.electing):
                return
            ended = ended or not opinion.busy

    async def _set(self, milliseconds: int) -> None:
        await self._peer.link.one(
            "SENTINEL", "SET", self._settings.master, "failover-timeout", milliseconds, within=_CALL
        )
