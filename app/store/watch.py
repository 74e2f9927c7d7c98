"""Hears what the Sentinels tell of: of +switch-master, so that connections to a former primary are dropped at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.store.sentinel import connect_options, interrupt
from app.store.topology import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.connection import Connection

    Heard = Callable[[Address, str, str], None]

LISTEN = 5.0  # seconds of silence after which the link is tested
RETRY_AFTER = 1.0
_SWITCH_WORDS = 5


class SentinelWatcher:
    """Listens at every Sentinel, a daemon thread each; a Sentinel that is away is asked again every second.

    Args:
        sentinels: where to listen.
        channels: what to listen to.
        options: connection options for Sentinels.
        heard: called with the Sentinel's address, the channel and the text.
        tls: whether to use TLS.
    """

    def __init__(
        self,
        sentinels: Sequence[Address],
        channels: Sequence[str],
        options: dict[str, Any],
        heard: Heard,
        *,
        tls: bool,
    ) -> None:
        self._channels = channels
        self._options = options
        self._heard = heard
        self._tls = tls
        self._stopped = threading.Event()
        self._connections: list[Connection] = []
        self._threads = [
            threading.Thread(target=self._listen, args=(address,), name=f"haven-watch-{address}", daemon=True)
            for address in sentinels
        ]

    def start(self) -> None:
        """Begin to listen."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End now: nothing is reported any more. The threads are daemons and are not waited for."""
        self._stopped.set()
        for connection in self._connections:
            interrupt(connection)

    def _listen(self, address: Address) -> None:
        connection = connect_options(address, self._options, tls=self._tls)
        self._connections.append(connection)
        while not self._stopped.is_set():
            try:
                connection.send_command("SUBSCRIBE", *self._channels)
                while not self._stopped.is_set():
                    self._hear(address, connection)
            except (RedisError, OSError):
                connection.disconnect()
                self._stopped.wait(RETRY_AFTER)
        connection.disconnect()

    def _hear(self, address: Address, connection: Any) -> None:
        try:
            message = connection.read_response(push_request=True, timeout=LISTEN, disconnect_on_error=False)
        except RedisTimeoutError:
            connection.send_command("PING")  # a vanished host would otherwise never be noticed
            return
        except ResponseError:
            return
        if isinstance(message, list) and message[0] == "message" and not self._stopped.is_set():
            self._heard(address, message[1], message[2])


class Switch(NamedTuple):
    """What a +switch-master tells.

    Attributes:
        name: the primary's at the Sentinels.
        before: its former address.
        now: its address.
    """

    name: str
    before: Address
    now: Address

    @classmethod
    def read(cls, text: str) -> Switch | None:
        """Read one; None if it is none."""
        parts = text.split(" ")
        if len(parts) != _SWITCH_WORDS:
            return None
        name, *addresses = parts
        return cls(name, Address(addresses[0], int(addresses[1])), Address(addresses[2], int(addresses[3])))
