"""Before the Sentinel beside us first starts: which primary it is to watch."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from app.guardian import seed
from app.guardian.accounts import catch_up
from app.guardian.facts import STRANGER, Opinion
from app.guardian.moved import follow
from app.guardian.peers import SentinelPeer
from app.guardian.wire import Away

if TYPE_CHECKING:
    from app.guardian.settings import Address, Settings

log = structlog.get_logger(__name__)
_TIMEOUT: Final = 1.0
_AGAIN: Final = 2.0


async def ensure_seeded(settings: Settings) -> None:
    """Write sentinel.conf unless there is one already, whose nodes may have moved; retried for ever."""
    while settings.conf:
        try:
            for moved in follow(settings):
                log.warning("sentinel.node_moved", moved=moved)
            if settings.users and not await _listens(settings.own_sentinel) and catch_up(settings):
                log.info("sentinel.users_followed", conf=settings.conf)
            if Path(settings.conf).exists():  # noqa: ASYNC240 - nothing else goes on yet
                return
            primary, epoch = await _known(settings)
            seed.write(settings, primary=primary, epoch=epoch)
        except (OSError, ValueError) as error:
            remedy = "make the directory writable"
            log.critical("sentinel.not_seeded", error=str(error), remedy=remedy, conf=settings.conf)
            await asyncio.sleep(_AGAIN)
        else:
            log.info("sentinel.seeded", conf=settings.conf, primary=settings.named(primary), epoch=epoch)


async def _listens(address: Address) -> bool:
    """Whether somebody does there; one that runs is told by and by (``accounts.py``)."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            _, writer = await asyncio.open_connection(*address)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _known(settings: Settings) -> tuple[int, int]:
    """What the other Sentinels name under the highest epoch; on a first install, the first node.

    All guardians must come to the same name when no Sentinel knows anything, because Sentinels that begin with
    different primaries at one epoch never agree. If the first node is not the freshest, the guardians put that right.
    """

    async def ask(place: int) -> Opinion | None:
        peer = SentinelPeer(settings, place, lambda: None)
        try:
            return await peer.look(_TIMEOUT)
        except Away:
            return None
        finally:
            peer.link.close()

    others = [place for place in range(len(settings.names)) if place != settings.me]
    opinions = [opinion for opinion in await asyncio.gather(*map(ask, others)) if opinion is not None]
    known = [opinion for opinion in opinions if opinion.primary != STRANGER]
    if not known:
        return 0, 0
    newest = max(known, key=lambda opinion: opinion.epoch)
    return newest.primary, newest.epoch
