"""One Sentinel, asked what it knows about the primary."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from app.store.secure import NamedSSLConnection
from app.store.topology import Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DOWN_FLAGS = frozenset({"s_down", "o_down", "failover_in_progress"})
_GONE_FLAGS = frozenset({"s_down", "o_down", "disconnected"})


@dataclass(frozen=True, slots=True)
class Replica:
    """A replica, as one Sentinel sees it.

    Attributes:
        address: where it is.
        down: whether the Sentinel holds it for down, or has no connection to it.
        linked: whether it says that its link to the primary is up.
        priority: of a promotion; 0 for never.
    """

    address: Address
    down: bool = False
    linked: bool = True
    priority: int = 100


@dataclass(frozen=True, slots=True)
class View:
    """What one Sentinel says.

    Attributes:
        primary: the address it names.
        epoch: the configuration epoch of that answer; the highest is the newest.
        down: whether it holds that primary for down, or is replacing it.
        replicas: those it knows.
        moving: whether it is carrying out a failover.
        peers: how many other Sentinels it knows.
        quorum: how many must hold the primary for down before one of them may replace it.
    """

    primary: Address
    epoch: int
    down: bool
    replicas: tuple[Replica, ...]
    moving: bool = False
    peers: int = 0
    quorum: int = 0

    @property
    def nodes(self) -> set[Address]:
        """Every Redis that it knows."""
        return {self.primary, *(replica.address for replica in self.replicas)}


def newest(views: Iterable[View]) -> View:
    """The answer with the highest configuration epoch; among equals the one most Sentinels give."""
    ranked = list(views)
    votes = {view.primary: sum(other.primary == view.primary for other in ranked) for view in ranked}
    return max(ranked, key=lambda view: (view.epoch, votes[view.primary]))


def held_for_down(views: Sequence[View], primary: Address) -> bool:
    """Whether a majority of those who name this primary hold it for down."""
    naming = [view.down for view in views if view.primary == primary]
    return sum(naming) * 2 > len(naming)


class SentinelLink:
    """A kept connection to one Sentinel: no retries, one short timeout, credentials of its own.

    Attributes:
        silent: it did not answer the last time.
        trouble: why.

    Args:
        address: where it listens.
        master_name: the primary's name there.
        options: redis-py connection options (timeouts, credentials, TLS).
        tls: whether to use TLS.
    """

    def __init__(self, address: Address, master_name: str, options: dict[str, Any], *, tls: bool) -> None:
        self.address = address
        self._name = master_name
        self._lock = threading.Lock()
        self.silent = False
        self.trouble = "not asked yet"
        self._connection = connect_options(address, options, tls=tls)

    def ask(self, wait: float = 0.0) -> View | None:
        """What it says now; None, with the reason in ``trouble``, when it does not say anything useful in time.

        Args:
            wait: seconds for another thread's question to it to be answered.
        """
        if not self._lock.acquire(timeout=wait):
            return None
        try:
            kept = self._connection.is_connected
            view = self._view()
            if view is None and kept:  # it may have started anew since it was asked last
                view = self._view()
        finally:
            self._lock.release()
        self.silent = view is None
        return view

    def _view(self) -> View | None:
        try:
            connection = self._connection
            connection.send_command("SENTINEL", "MASTER", self._name)
            master = _pairs(connection.read_response())
            connection.send_command("SENTINEL", "REPLICAS", self._name)
            replicas = [_pairs(entry) for entry in connection.read_response()]
        except (RedisError, OSError) as error:
            self._connection.disconnect()
            self.trouble = str(error) or type(error).__name__
            return None
        flags = set(master.get("flags", "").split(","))
        return View(
            primary=Address(master["ip"], int(master["port"])),
            epoch=int(master.get("config-epoch", 0)),
            down=bool(flags & _DOWN_FLAGS),
            replicas=tuple(_replica(entry) for entry in replicas),
            moving="failover_in_progress" in flags,
            peers=int(master.get("num-other-sentinels", 0)),
            quorum=int(master.get("quorum", 0)),
        )

    def tilted(self) -> bool:
        """Whether it acts on nothing now (TILT), by its INFO; false when it does not say, or may not be asked."""
        with self._lock:
            try:
                self._connection.send_command("INFO", "sentinel")
                return "sentinel_tilt:1" in str(self._connection.read_response())
            except (RedisError, OSError):
                self._connection.disconnect()
                return False

    def close(self) -> None:
        """Close the connection."""
        self._connection.disconnect()


def connect_options(address: Address, options: dict[str, Any], *, tls: bool) -> Connection:
    """A plain redis-py connection that does nothing on its own: no retries, no notifications."""
    cls = NamedSSLConnection if tls else Connection
    return cls(
        host=address.host,
        port=address.port,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
        driver_info=None,
        **options,
    )


def interrupt(connection: Connection) -> None:
    """End a read that another thread is waiting in; that thread gets a ConnectionError."""
    sock = connection._sock  # noqa: SLF001 - redis-py has no way to wake a reader
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _replica(fields: dict[str, str]) -> Replica:
    return Replica(
        Address(fields["ip"], int(fields["port"])),
        down=not _GONE_FLAGS.isdisjoint(fields.get("flags", "").split(",")),
        linked=fields.get("master-link-status") == "ok",
        priority=int(fields.get("slave-priority", 0)),
    )


def _pairs(reply: Any) -> dict[str, str]:
    """SENTINEL's field list as a dict: a map in RESP3, a flat list in RESP2."""
    if isinstance(reply, dict):
        return reply
    fields = iter(reply)
    return dict(zip(fields, fields, strict=True))
