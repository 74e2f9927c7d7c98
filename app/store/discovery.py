"""Finding the primary through the Sentinels: all are asked at once, the newest answer counts.

While a majority of the answers hold the named primary for down, or one of them carries out a failover, or the primary
says itself that it is a replica, another known node whose ROLE says master counts as found before the Sentinels
publish it: they confirm a promotion by an INFO they send once a second, so this saves up to 0.8 s of every failover.
The named node itself does not count then, not even when it answers: it may be a former primary that has just woken
up.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import RedisError

from app.errors import NoPrimary
from app.ops import metrics
from app.store.nodes import info_of
from app.store.panel import Panel
from app.store.sentinel import connect_options, held_for_down, newest
from app.store.tenure import Tenure
from app.store.watch import SentinelWatcher, Switch
from app.tidings import SWITCH, TIDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.store.topology import Address
    from app.store.watch import Heard

log = structlog.get_logger(__name__)


class SentinelTopology:
    """Asks the Sentinels at every connect.

    Attributes:
        sentinels: all of them, to be asked other things.

    Args:
        sentinels: their addresses.
        master_name: the primary's name there.
        timeout: seconds for one Sentinel's answer, and for one node's ROLE.
        sentinel_options: connection options for Sentinels (credentials, TLS files).
        node_options: connection options for Redis nodes.
        tls: whether both use TLS.
    """

    verifies_role = True

    def __init__(
        self,
        sentinels: Sequence[Address],
        master_name: str,
        *,
        timeout: float,
        sentinel_options: dict[str, Any],
        node_options: dict[str, Any],
        tls: bool,
    ) -> None:
        self._addresses = tuple(sentinels)
        self._name = master_name
        self._timeout = timeout
        limits = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
        self._sentinel_options = {**sentinel_options, **limits}
        self._node_options = {**node_options, **limits}
        self._tls = tls
        self._listeners: list[Callable[[Address], None]] = []
        self._current: Address | None = None
        self._refuted: Address | None = None
        self._start()

    def _start(self) -> None:
        """Fresh locks, links and threads; again in a forked child, which has none of its parent's threads."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._asking: Future[Address] | None = None
        self.sentinels = Panel(
            self._addresses, self._name, timeout=self._timeout, options=self._sentinel_options, tls=self._tls
        )
        self._tenure = Tenure(self.sentinels.all_views, len(self.sentinels))
        self._watcher: SentinelWatcher | None = None

    def on_switch(self, listener: Callable[[Address], None]) -> None:
        """Call ``listener`` with the new address whenever the primary moves."""
        self._listeners.append(listener)

    def primary(self) -> Address:
        """The primary's address now; callers that ask at the same moment share one answer.

        Raises:
            NoPrimary: no Sentinel answers, or the named primary is down and no other node has been promoted yet.
        """
        if self._pid != os.getpid():
            self._start()
        with self._lock:
            mine = self._asking is None
            asking: Future[Address] = self._asking or Future()
            self._asking = asking
            self._warm_up()
        if mine:
            try:
                asking.set_result(self._find())
            except BaseException as error:  # noqa: BLE001 - whoever waits for the answer gets it too
                asking.set_exception(error)
            finally:
                self._asking = None
        return asking.result()

    def confirm(self, address: Address) -> None:
        """A node says itself that it is the primary: what is connected elsewhere is stale."""
        self._refuted = None
        self._moved(address)

    def refute(self, address: Address) -> None:
        """The named node says that it is a replica, or is away: one of the others may have been promoted already."""
        self._refuted = address

    def holds(self, address: Address, sent: float) -> bool:
        """Whether no other node can have been promoted before now; see :mod:`app.store.tenure`."""
        return self._tenure.holds(address, sent)

    def answered(self, address: Address, sent: float) -> None:
        """A node has just done a write; see :mod:`app.store.tenure`."""
        self._tenure.answered(address, sent)

    @property
    def replicas(self) -> int:
        """How many other nodes the Sentinels have ever seen."""
        return len(self.sentinels.nodes) - 1

    def infos(self, nodes: Iterable[Address]) -> dict[Address, dict[str, Any] | str]:
        """What INFO says at each node, or why it says nothing in time; asked on connections of its own."""
        links = {node: connect_options(node, self._node_options, tls=self._tls) for node in sorted(nodes)}
        with ThreadPoolExecutor(len(links) or 1) as executor:
            return dict(zip(links, executor.map(info_of, links.values()), strict=True))

    def close(self) -> None:
        """End the watcher and close every link."""
        if self._watcher:
            self._watcher.stop()
            self._watcher = None
        self.sentinels.close()

    def _find(self) -> Address:
        views = self.sentinels.views()
        if not views:
            raise NoPrimary(f"no Sentinel says where {self._name!r} is ({self.sentinels.troubles()})")
        best = newest(views)
        doubted = held_for_down(views, best.primary) or best.primary == self._refuted
        if not doubted and not any(view.moving for view in views):
            return best.primary
        others = {node for view in views for node in view.nodes} - {best.primary}
        promoted = self._masters(others)
        if len(promoted) == 1:
            return promoted[0]
        if not doubted:
            return best.primary
        if best.primary == self._refuted:
            self._refuted = None  # ask it again: it may be the primary by now
        raise NoPrimary(
            f"{best.primary}, which the Sentinels name, is down or no primary, and no other node is one yet"
        )

    def roles(self, nodes: Iterable[Address]) -> dict[Address, str]:
        """What each node says of itself, master or slave; an empty text for one that says nothing in time."""
        names = sorted(nodes)
        return dict(zip(names, self.sentinels.executor.map(self._role, names), strict=True))

    def _masters(self, nodes: set[Address]) -> list[Address]:
        return [node for node, role in self.roles(nodes).items() if role == "master"]

    def _role(self, node: Address) -> str:
        connection = connect_options(node, self._node_options, tls=self._tls)
        try:
            connection.send_command("ROLE")
            return str(connection.read_response()[0])
        except (RedisError, OSError):
            return ""
        finally:
            connection.disconnect()

    def _warm_up(self) -> None:
        if self._watcher is None:
            self._watcher = self._watch((SWITCH,), self._heard_switch)

    def tidings(self, heard: Heard) -> SentinelWatcher:
        """Tell of everything that the Sentinels do, until the watcher is stopped.

        Args:
            heard: called in threads of the watcher's with the Sentinel's address, the channel and the text.
        """
        return self._watch(TIDINGS, heard)

    def _watch(self, channels: Sequence[str], heard: Heard) -> SentinelWatcher:
        watcher = SentinelWatcher(self._addresses, channels, self._sentinel_options, heard, tls=self._tls)
        watcher.start()
        return watcher

    def _heard_switch(self, _: Address, __: str, text: str) -> None:
        switch = Switch.read(text)
        if switch and switch.name == self._name:
            self._moved(switch.now)

    def _moved(self, address: Address) -> None:
        with self._lock:
            before, self._current = self._current, address
        if before == address:
            return
        if before is not None:
            metrics.STORE_FAILOVERS.inc()
            log.warning("primary.switched", before=str(before), now=str(address))
        for listener in self._listeners:
            listener(address)
