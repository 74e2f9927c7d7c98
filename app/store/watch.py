"""Hears the Sentinels' +switch-master, so that connections to a former primary are dropped at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.store.sentinel import connect_options, interrupt
from app.store.topology import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.connection import Connection

LISTEN = 5.0  # seconds of silence after which the link is tested
RETRY_AFTER = 1.0
MESSAGE_PARTS = 5


class SwitchWatcher:
    """Listens at every Sentinel, a daemon thread each; a Sentinel that is away is asked again every second.

    Args:
        sentinels: where to listen.
        master_name: whose switches are reported.
        options: connection options for Sentinels.
        report: called with the new primary's address.
        tls: whether to use TLS.
    """

    def __init__(
        self,
        sentinels: Sequence[Address],
        master_name: str,
        options: dict[str, Any],
        report: Callable[[Address], None],
        *,
        tls: bool,
    ) -> None:
        self._name = master_name
        self._options = options
        self._report = report
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
                connection.send_command("SUBSCRIBE", "+switch-master")
                while not self._stopped.is_set():
                    self._hear(connection)
            except (RedisError, OSError):
                connection.disconnect()
                self._stopped.wait(RETRY_AFTER)
        connection.disconnect()

    def _hear(self, connection: Any) -> None:
        try:
            message = connection.read_response(push_request=True, timeout=LISTEN, disconnect_on_error=False)
        except RedisTimeoutError:
            connection.send_command("PING")  # a vanished host would otherwise never be noticed
            return
        except ResponseError:
            return
        parts = message[2].split(" ") if isinstance(message, list) and message[0] == "message" else []
        if len(parts) == MESSAGE_PARTS and parts[0] == self._name and not self._stopped.is_set():
            self._report(Address(parts[3], int(parts[4])))
