"""Carrying out what is ordered of the Redis beside this guardian."""

from __future__ import annotations

import importlib.resources
import time
from typing import TYPE_CHECKING, Final

import hiredis
import structlog

from app.guardian.facts import STRANGER, Beat, Follow, Pause, Promote, SetFit
from app.guardian.handover import USUAL
from app.guardian.peers import NOWHERE

if TYPE_CHECKING:
    from app.guardian.settings import Settings
    from app.guardian.status import Board
    from app.guardian.wire import Link

log = structlog.get_logger(__name__)

OwnOrder = Follow | Promote | SetFit | Beat | Pause
_CALL: Final = 0.5
_PAUSE_MS: Final = 500


class Hands:
    """What a guardian does to its Redis.

    Args:
        settings: the guardian's.
        redis: the connection to it.
        board: told what came of it.
    """

    def __init__(self, settings: Settings, redis: Link, board: Board) -> None:
        self._settings = settings
        self._redis = redis
        self._board = board
        self._next_beat = 0.0
        self._script = importlib.resources.files("app.guardian").joinpath("heartbeat.lua").read_text("utf-8")

    async def do(self, order: OwnOrder) -> None:
        """Carry out one order.

        Raises:
            Away: it does not answer.
            hiredis.ReplyError: it refuses.
        """
        match order:
            case Beat(epoch=epoch):
                await self._beat(epoch)
            case Follow(node=node):
                await self._follow(node)
            case Promote():
                log.warning("guardian.promote")
                await self._redis.one("REPLICAOF", "NO", "ONE", within=_CALL)
                self._board.promoted_itself()
            case SetFit(fit=fit):
                log.info("guardian.fit", fit=fit)
                await self._redis.one("CONFIG", "SET", "replica-priority", USUAL if fit else 0, within=_CALL)
            case Pause():  # ends by itself, should this guardian end
                await self._redis.one("CLIENT", "PAUSE", _PAUSE_MS, "WRITE", within=_CALL)

    async def _follow(self, node: int) -> None:
        host, port = self._settings.redis[node] if node != STRANGER else NOWHERE
        log.warning("guardian.follow", primary=self._settings.named(node))
        commands = ("REPLICAOF", host, port), ("CLIENT", "UNPAUSE")  # whoever waits is to look elsewhere
        refused, _ = await self._redis.call(*commands, within=_CALL)
        if isinstance(refused, hiredis.ReplyError):
            raise refused

    async def _beat(self, epoch: int) -> None:
        now = time.monotonic()
        if now < self._next_beat:
            return
        self._next_beat = now + self._settings.beat
        key, _ = self._settings.heartbeat
        try:
            await self._redis.one("EVAL", self._script, 1, key, max(0, epoch), within=_CALL)
        except hiredis.ReplyError as error:  # no replica in reach, say: then nothing is acknowledged either
            self._board.beat_refused(str(error))
        else:
            self._board.beat_refused("")
