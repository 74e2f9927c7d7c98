"""A bounded pool that waits for a free connection, under Sentinel too, and drops what leads to a former primary."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from app.errors import PoolExhausted
from app.ops import metrics
from app.store.sentinel import interrupt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.store.connection import PrimaryConnection
    from app.store.topology import Address

SAMPLE_INTERVAL = 1.0


class BoundedPool(ConnectionPool):
    """At most ``size`` connections; the one used last is used next.

    It is a redis-py ``ConnectionPool``, so every library that takes a client works with it.

    Args:
        name: the label in the metrics.
        size: connections at most.
        wait: seconds to wait for a free one.
        wakes: whether a switch of the primary interrupts reads under way (for pools whose reads block for long).
        connection_kwargs: what :class:`PrimaryConnection` takes.
    """

    def __init__(self, *, name: str, size: int, wait: float, wakes: bool = False, **connection_kwargs: Any) -> None:
        self.name = name
        self.wait = wait
        self.wakes = wakes
        self._generation = 0
        self._current: Address | None = None
        self._in_use_gauge = metrics.POOL_IN_USE.labels(name)
        super().__init__(
            max_connections=size,
            pool_name=name,
            retry=Retry(NoBackoff(), 0),  # the policy repeats, with a deadline; nothing below it may
            maint_notifications_config=MaintNotificationsConfig(enabled=False),  # Sentinel tells, not the server
            **connection_kwargs,
        )

    def reset(self) -> None:
        """Forget every connection (also called in a forked child: the parent keeps them)."""
        self._idle: list[PrimaryConnection] = []
        self._unopened = [None] * self.max_connections  # a token for each connection that there may still be
        self._freed = threading.Condition(threading.Lock())
        self._waiting = 0
        self._busy: set[PrimaryConnection] = set()
        self._most = 0
        self._next_sample = 0.0
        self._available_connections = self._idle  # redis-py's own names, for its metrics and repr
        self._in_use_connections = self._busy
        metrics.POOL_SIZE.labels(self.name).set(self.max_connections)
        self.pid = os.getpid()

    def get_connection(self, command_name: float | str | None = None, *_: Any, **__: Any) -> PrimaryConnection:
        """A connection that is greeted, verified and has nothing unread.

        Args:
            command_name: seconds that the caller has left; libraries give a command's name here, which is ignored.

        Raises:
            PoolExhausted: none became free in time.
            NoPrimary: nobody names a living primary.
            ConnectionError, TimeoutError: the primary could not be reached.
        """
        if self.pid != os.getpid():
            self._checkpid()
        connection = self._free() or self._wait_for_one(command_name)
        try:
            self._busy.add(connection)
            self._make_ready(connection)
        except BaseException:
            connection.disconnect()
            self._busy.discard(connection)
            self._unopened.append(None)
            self._tell()
            raise
        self._sample()
        return connection

    def _free(self) -> PrimaryConnection | None:
        """The connection used last, or a new one, if there may be one. Lists pop in one step, so without a lock."""
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            self._unopened.pop()
        except IndexError:
            return None
        return self.make_connection()

    def _wait_for_one(self, left: float | str | None) -> PrimaryConnection:
        wait = self.wait
        if isinstance(left, (int, float)):
            wait = max(0.0, min(wait, left))
        metrics.POOL_WAITS.labels(self.name).inc()
        end = time.monotonic() + wait
        with self._freed:
            self._waiting += 1  # before looking again: whoever gives one back from now on sees it, and tells
            try:
                while (connection := self._free()) is None:
                    if not self._freed.wait(max(0.0, end - time.monotonic())) and time.monotonic() >= end:
                        raise PoolExhausted(
                            f"all {self.max_connections} connections of pool {self.name!r} were in use for "
                            f"{wait:.2f} s: raise REDIS_POOL_SIZE, or find what holds them"
                        )
            finally:
                self._waiting -= 1
        return connection

    def _tell(self) -> None:
        """One has become free."""
        if self._waiting:
            with self._freed:
                self._freed.notify()

    def make_connection(self) -> PrimaryConnection:
        """A new connection, not yet connected."""
        connection: PrimaryConnection = self.connection_class(**self.connection_kwargs)
        connection.generation = self._generation
        return connection

    def release(self, connection: PrimaryConnection) -> None:  # type: ignore[override]
        """Give a connection back; one of another process is only closed."""
        if self.pid != os.getpid():
            self._checkpid()
        if connection not in self._busy:
            connection.disconnect()
            return
        self._busy.discard(connection)
        if connection.should_reconnect():
            connection.disconnect()
        self._idle.append(connection)
        self._tell()

    def switched(self, primary: Address) -> None:
        """The primary moved: connections to other nodes are closed before they are used again."""
        self._current = primary
        self._generation += 1
        if self.wakes:
            for connection in list(self._busy):
                if connection.address != primary:
                    interrupt(connection)

    def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's signature
        """Close the idle connections, and those in use too unless told otherwise."""
        self._checkpid()
        busy: Iterable[PrimaryConnection] = list(self._busy) if inuse_connections else ()
        for connection in (*self._idle, *busy):
            connection.disconnect()

    def _make_ready(self, connection: PrimaryConnection) -> None:
        if connection.generation != self._generation:
            connection.generation = self._generation
            if connection.address != self._current:
                connection.disconnect()
        if connection.is_connected:
            # a closed or unread socket is found here, where trying again is still harmless
            try:
                stale = connection.has_more()
            except OSError:
                stale = True
            if stale:
                connection.disconnect()
        if not connection.is_connected:
            connection.connect()

    def _sample(self) -> None:
        busy = len(self._busy)
        self._most = max(self._most, busy)
        now = time.monotonic()
        if now >= self._next_sample:
            self._next_sample = now + SAMPLE_INTERVAL
            self._in_use_gauge.set(self._most)
            self._most = busy
