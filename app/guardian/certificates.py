"""Certificates that are renewed: Redis takes them as it runs, a Sentinel has to start again, one after the other.

Redis reads its certificates once more at a CONFIG SET. A Sentinel knows no such command, and what it serves ends some
day; so it is asked to end and whoever keeps it running starts it with the new ones. It forgets nothing by that. Only
one at a time does so, and only while all the others answer, so that a failover has its majority.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import hiredis
import structlog

from app.guardian.wire import Away
from app.ops import metrics
from app.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.guardian.peers import RedisPeer, SentinelPeer
    from app.guardian.settings import Settings, Tls
    from app.guardian.status import Board
    from app.guardian.wire import Door

log = structlog.get_logger(__name__)

CHECK: Final = 5.0
"""Seconds between two looks. A mounted Secret follows its change within about a minute."""
_HANDSHAKE: Final = 2.0
_CALL: Final = 2.0


@dataclass(frozen=True, slots=True)
class Served:
    """What a server shows to those who connect.

    Attributes:
        answers: it does so at all.
        leaf: its own certificate, DER; None if it was refused or none was seen.
        ends: when that one ends, seconds of Unix time.
        refused: why it was refused; empty if it was not.
    """

    answers: bool
    leaf: bytes | None = None
    ends: float | None = None
    refused: str = ""


class Certificates:
    """Keeps what a node's Redis and Sentinel serve in step with the files.

    Args:
        settings: the guardian's.
        tls: the files.
        redis: this node's.
        sentinels: all of them, in the order of the nodes.
        board: shows what is served; says whether a failover is under way.
    """

    def __init__(
        self, settings: Settings, tls: Tls, redis: RedisPeer, sentinels: Sequence[SentinelPeer], board: Board
    ) -> None:
        self._settings = settings
        self._tls = tls
        self._redis = redis
        self._sentinels = sentinels
        self._board = board
        self._taken = b""
        self._restarted_for = b""
        self._shown = ""

    async def run(self) -> None:
        """Look again and again, whatever goes wrong."""
        while True:
            try:
                await self.turn()
            except (OSError, ValueError, Away, hiredis.ReplyError) as error:
                self._tell(f"the certificates can't be renewed: {error}")
            except Exception:  # what nobody thought of must not end it either
                log.exception("certificates.turn_failed")
            await asyncio.sleep(CHECK)

    async def turn(self) -> None:
        """Look once, and do what has to be done.

        Raises:
            OSError, ValueError: a file can't be read, or holds no certificate.
            Away: Redis does not answer.
            hiredis.ReplyError: Redis refuses the files; it goes on with what it has.
        """
        leaf = leaf_of(self._tls.cert)
        await self._reload()
        own = self._sentinels[self._settings.me]
        redis, sentinel = await asyncio.gather(served(self._redis.link.door), served(own.link.door))
        self._show(redis=redis, sentinel=sentinel)
        if sentinel.answers and leaf not in {sentinel.leaf, self._restarted_for}:
            await self._restart(leaf)

    async def _reload(self) -> None:
        """Let Redis read the files, when they are others than those it was last told of."""
        files = {"tls-ca-cert-file": self._tls.ca, "tls-cert-file": self._tls.cert, "tls-key-file": self._tls.key}
        digest = digest_of(files.values())
        if digest == self._taken:
            return
        words = [word for pair in files.items() for word in pair]
        await self._redis.link.one("CONFIG", "SET", *words, within=_CALL)
        log.info("certificates.redis_reloaded", again=bool(self._taken))
        self._taken = digest

    async def _restart(self, leaf: bytes) -> None:
        """Let the Sentinel start again, when it is its turn."""
        me, names = self._settings.me, self._settings.names
        found = await asyncio.gather(*(served(peer.link.door) for peer in self._sentinels))
        silent = [names[place] for place, seen in enumerate(found) if not seen.answers]
        before = [names[place] for place, seen in enumerate(found[:me]) if seen.leaf != leaf]
        if self._board.troubled:
            self._tell("the Sentinel will start again with its new certificate when the failover is over")
        elif silent:
            self._tell(f"the Sentinel will start again with its new certificate when {silent[0]}'s answers")
        elif before:
            self._tell(f"the Sentinel will start again with its new certificate after {before[0]}'s")
        else:
            self._tell("the Sentinel starts again with its new certificate")
            with suppress(Away):  # its way to say yes
                await self._sentinels[me].link.one("SHUTDOWN", within=_CALL)
            self._restarted_for = leaf

    def _show(self, **seen: Served) -> None:
        for server, found in seen.items():
            metrics.GUARDIAN_CERTIFICATE.labels(server).set(found.ends or 0)
        self._board.certificates = {server: _as_dict(found) for server, found in seen.items()}

    def _tell(self, what: str) -> None:
        if what != self._shown:
            self._shown = what
            log.warning("certificates", what=what)


def digest_of(paths: Iterable[str]) -> bytes:
    """What tells the contents of these files from others.

    Raises:
        OSError: one of them can't be read.
    """
    return hashlib.sha256(b"".join(Path(path).read_bytes() for path in paths)).digest()


def leaf_of(path: str) -> bytes:
    """The first certificate of a PEM file, DER.

    Raises:
        OSError: it can't be read.
        ValueError: it holds none.
    """
    begin, text = "-----BEGIN CERTIFICATE-----", Path(path).read_text("ascii")
    end = "-----END CERTIFICATE-----"
    if begin not in text or end not in text:
        raise ValueError(f"{path} holds no certificate: put one in PEM form there")
    return ssl.PEM_cert_to_DER_cert(text[text.index(begin) : text.index(end) + len(end)])


async def served(door: Door) -> Served:
    """Look at the certificate that a server serves now, by a connection of its own.

    Args:
        door: how to reach it, with TLS.
    """
    assert door.tls is not None  # noqa: S101 - only asked with TLS
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_HANDSHAKE):
            transport, _ = await loop.create_connection(
                asyncio.Protocol,
                door.host,
                door.port,
                ssl=client_context(door.tls.ca, door.tls.cert, door.tls.key),
                server_hostname=door.certified,
            )
    except ssl.SSLCertVerificationError as error:
        return Served(answers=True, refused=error.verify_message)
    except (OSError, TimeoutError):
        return Served(answers=False)
    try:
        shown: ssl.SSLObject = transport.get_extra_info("ssl_object")
        facts = shown.getpeercert() or {}
        ends = ssl.cert_time_to_seconds(str(facts["notAfter"])) if "notAfter" in facts else None
        return Served(answers=True, leaf=shown.getpeercert(binary_form=True), ends=ends)
    finally:
        transport.abort()


def _as_dict(seen: Served) -> dict[str, Any]:
    return {"answers": seen.answers, "ends": seen.ends, "refused": seen.refused}
