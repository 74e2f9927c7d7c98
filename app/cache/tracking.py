"""A connection on which Redis tells of every change to values and tags (CLIENT TRACKING)."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import hiredis
import structlog
from hiredis import PushNotification
from redis.exceptions import RedisError

from app.backoff import jittered
from app.store import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.store import Store
    from app.store.connection import PrimaryConnection

log = structlog.get_logger(__name__)

BEAT: Final = 0.25
SILENCE: Final = 1.0
"""Seconds without an answer after which nothing is believed any more: so long, at most, is served what a frozen primary
can't take back."""
PAUSE_BASE: Final = 0.1
PAUSE_CAP: Final = 2.0
_WORDS: Final[tuple[Any, ...]] = (
    *("CLIENT", "TRACKING", "ON", "BCAST"),
    *("PREFIX", keys.cache("")),
    *("PREFIX", keys.cache_tag("")),
)
_TRACK: Final = hiredis.pack_command(_WORDS)
_PING: Final = hiredis.pack_command(("PING",))


class Tracker:
    """Listens in a thread, from the first use on. No error ends it.

    Args:
        store: to whose primary; a switch of the primary interrupts the connection.
        changed: gets the keys that changed; None: any may have.
    """

    def __init__(self, store: Store, changed: Callable[[Sequence[str] | None], None]) -> None:
        self._store = store
        self._changed = changed
        self._heard = -SILENCE
        self._pid = 0
        self._stopped = threading.Event()
        self._starting = threading.Lock()

    @property
    def stands(self) -> bool:
        """Whether all changes were told up to a moment ago."""
        if self._pid != os.getpid():
            self._start()
        return time.monotonic() < self._heard + SILENCE

    def close(self) -> None:
        """End it soon."""
        self._stopped.set()

    def _start(self) -> None:
        with self._starting:
            if self._pid != os.getpid():
                self._heard = -SILENCE
                self._pid = os.getpid()
                threading.Thread(target=self._run, name="haven-cache-tracking", daemon=True).start()

    def _run(self) -> None:
        failures = 0
        pool = self._store.blocking.connection_pool
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                connection: Any = pool.get_connection()
                try:
                    self._listen(connection)
                finally:
                    self._heard = -SILENCE
                    connection.disconnect()
                    pool.release(connection)
            except (RedisError, OSError) as error:
                if self._stopped.is_set():
                    return
                failures = 1 if time.monotonic() - began > PAUSE_CAP else failures + 1
                log.warning("cache.tracking_lost", error=str(error))
                self._stopped.wait(jittered(failures, base=PAUSE_BASE, cap=PAUSE_CAP))

    def _listen(self, connection: PrimaryConnection) -> None:
        connection.ask(_TRACK)
        while not self._stopped.is_set():
            asked = time.monotonic()
            connection.say(_PING)
            while isinstance(self._hear(connection, asked + SILENCE, needed=True), PushNotification):
                pass
            if self._heard < 0:
                self._changed(None)  # nothing that was read before counts
            self._heard = asked  # what changed before was told before the answer
            while time.monotonic() < asked + BEAT:
                self._hear(connection, asked + BEAT, needed=False)

    def _hear(self, connection: PrimaryConnection, until: float, *, needed: bool) -> Any:
        message = connection.hear(until - time.monotonic())
        if message is None and needed:
            raise TimeoutError(f"{connection.address} did not answer within {SILENCE:g} s")
        if isinstance(message, PushNotification) and message[0] == "invalidate":
            self._changed(message[1])
        return message
