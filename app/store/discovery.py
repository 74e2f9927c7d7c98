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
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from redis.exceptions import RedisError

from app.errors import NoPrimary
from app.ops import metrics
from app.store.nodes import info_of
from app.store.sentinel import SentinelLink, View, connect_options
from app.store.watch import SentinelWatcher, Switch
from app.tidings import SWITCH, TIDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.store.topology import Address
    from app.store.watch import Heard

T = TypeVar("T")
log = structlog.get_logger(__name__)


def newest(views: Iterable[View]) -> View:
    """The answer with the highest configuration epoch; among equals the one most Sentinels give."""
    ranked = list(views)
    votes = {view.primary: sum(other.primary == view.primary for other in ranked) for view in ranked}
    return max(ranked, key=lambda view: (view.epoch, votes[view.primary]))


def held_for_down(views: Sequence[View], primary: Address) -> bool:
    """Whether a majority of those who name this primary hold it for down."""
    naming = [view.down for view in views if view.primary == primary]
    return sum(naming) * 2 > len(naming)


class SentinelTopology:
    """Asks the Sentinels at every connect.

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
        self._sentinels = tuple(sentinels)
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
        self._links = self._make_links()
        self._executor: ThreadPoolExecutor | None = None
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

    def views(self) -> list[View]:
        """What the Sentinels say now: everyone's answer, or those of an agreeing majority as soon as it is there."""
        executor = self._warm_up()
        pending = {executor.submit(link.ask) for link in self._links}
        end = time.monotonic() + 2 * self._timeout
        found: list[View] = []
        while pending:
            done, pending = wait(pending, max(0.0, end - time.monotonic()), FIRST_COMPLETED)
            if not done:
                break
            found += [view for view in (future.result() for future in done) if view is not None]
            if found:
                best = newest(found)
                agreeing = sum(
                    (view.primary, view.epoch, view.down) == (best.primary, best.epoch, best.down) for view in found
                )
                if agreeing * 2 > len(self._links):
                    break
        return found

    def everyone(self) -> dict[Address, View | str]:
        """What each Sentinel says now, or why it says nothing; on new links, as a slow answer may occupy a kept one."""
        said = self._ask_each(SentinelLink.ask)
        return {link.address: view or link.trouble for link, view in said.items()}

    def infos(self, nodes: Iterable[Address]) -> dict[Address, dict[str, Any] | str]:
        """What INFO says at each node, or why it says nothing in time; asked as in :meth:`everyone`."""
        links = {node: connect_options(node, self._node_options, tls=self._tls) for node in sorted(nodes)}
        with ThreadPoolExecutor(len(links) or 1) as executor:
            return dict(zip(links, executor.map(info_of, links.values()), strict=True))

    def tilted(self) -> list[Address]:
        """The Sentinels that act on nothing now, as their clock seems to have jumped (TILT)."""
        return [link.address for link, tilted in self._ask_each(SentinelLink.tilted).items() if tilted]

    def _ask_each(self, ask: Callable[[SentinelLink], T]) -> dict[SentinelLink, T]:
        links = self._make_links()
        with ThreadPoolExecutor(len(links)) as executor:
            said = dict(zip(links, executor.map(ask, links), strict=True))
        for link in links:
            link.close()
        return said

    def _make_links(self) -> list[SentinelLink]:
        return [SentinelLink(address, self._name, self._sentinel_options, tls=self._tls) for address in self._sentinels]

    def close(self) -> None:
        """End the watcher and close every link."""
        if self._watcher:
            self._watcher.stop()
            self._watcher = None
        if self._executor:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None
        for link in self._links:
            link.close()

    def _find(self) -> Address:
        views = self.views()
        if not views:
            reasons = "; ".join(f"{link.address}: {link.trouble}" for link in self._links)
            raise NoPrimary(f"no Sentinel says where {self._name!r} is ({reasons})")
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
        return dict(zip(names, self._warm_up().map(self._role, names), strict=True))

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

    def _warm_up(self) -> ThreadPoolExecutor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(2 * len(self._links) + 2, thread_name_prefix="haven-discovery")
            self._watcher = self._watch((SWITCH,), self._heard_switch)
        return self._executor

    def tidings(self, heard: Heard) -> SentinelWatcher:
        """Tell of everything that the Sentinels do, until the watcher is stopped.

        Args:
            heard: called in threads of the watcher's with the Sentinel's address, the channel and the text.
        """
        return self._watch(TIDINGS, heard)

    def _watch(self, channels: Sequence[str], heard: Heard) -> SentinelWatcher:
        watcher = SentinelWatcher(self._sentinels, channels, self._sentinel_options, heard, tls=self._tls)
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
