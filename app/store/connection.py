"""A connection that asks for the primary whenever it connects, and believes nobody but the node itself."""

from __future__ import annotations

import select
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from hiredis import PushNotification
from redis._parsers.hiredis import NOT_ENOUGH_DATA
from redis.connection import Connection
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.errors import NoPrimary
from app.ops import metrics
from app.store.secure import NamedSSLConnection
from app.store.topology import Address

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from app.store.topology import Topology


class _AsksForThePrimary:
    """Mixed into redis-py's connection classes.

    The greeting (HELLO, AUTH, ROLE …) runs under the connect timeout: a frozen node's kernel accepts connections too.
    """

    topology: Topology
    pool_name: str
    generation: int

    def __init__(self, *, topology: Topology, pool_name: str, **kwargs: Any) -> None:
        self.topology = topology
        self.pool_name = pool_name
        self.generation = 0
        super().__init__(**kwargs)

    @property
    def address(self) -> Address:
        """The node this connection is, or was last, connected to."""
        return Address(self.host, self.port)

    @contextmanager
    def reading_for(self, seconds: float) -> Iterator[None]:
        """Allow reads this much longer than a reply usually takes, for a command that blocks on the server."""
        sock = self._open_socket()
        sock.settimeout(None if seconds == float("inf") else seconds + self.socket_timeout)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            with suppress(OSError):  # the read may have ended because the socket was closed
                sock.settimeout(self.socket_timeout)  # type: ignore[attr-defined]

    def ask(self, packed: bytes) -> Any:
        """Send a command and read its reply: redis-py does it in a dozen calls, which cost as much as the server does.

        Raises:
            ConnectionError, TimeoutError: it broke, and is closed.
            ResponseError: the server's answer.
        """
        sock = self._open_socket()
        parser = self._parser  # type: ignore[attr-defined]
        reader, buffer = parser._reader, parser._buffer  # noqa: SLF001
        if reader is None:
            raise RedisConnectionError(f"the connection to {self.address} was closed meanwhile")
        try:
            sock.sendall(packed)
            while (reply := reader.gets()) is NOT_ENOUGH_DATA:
                received = sock.recv_into(buffer)
                if not received:
                    raise ConnectionResetError("the server closed it")  # noqa: TRY301 - as when the kernel says so
                reader.feed(buffer, 0, received)
        except TimeoutError as error:
            self.disconnect()  # type: ignore[attr-defined]
            raise RedisTimeoutError(f"{self.address} did not answer within {self.socket_timeout} s") from error  # type: ignore[attr-defined]
        except OSError as error:
            self.disconnect()  # type: ignore[attr-defined]
            raise RedisConnectionError(f"the connection to {self.address} broke: {error}") from error
        except BaseException:
            self.disconnect()  # type: ignore[attr-defined]
            raise
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, PushNotification):  # nobody asked for it, so it is not the reply
            return self.ask(b"")
        return reply

    def say(self, packed: bytes) -> None:
        """Send a command whose reply :meth:`hear` will bring.

        Raises:
            OSError, ConnectionError: it broke.
        """
        self._open_socket().sendall(packed)

    def hear(self, seconds: float) -> Any:
        """The next that the server says, asked or not; None when nothing came for so long.

        Raises:
            OSError, ConnectionError: it broke.
        """
        sock = self._open_socket()
        parser = self._parser  # type: ignore[attr-defined]
        reader, buffer = parser._reader, parser._buffer  # noqa: SLF001
        if reader is None:
            raise RedisConnectionError(f"the connection to {self.address} was closed meanwhile")
        end = time.monotonic() + seconds
        while (reply := reader.gets()) is NOT_ENOUGH_DATA:
            if not (self._pending() or self._poller.poll(max(0.0, end - time.monotonic()) * 1000)):
                return None
            received = sock.recv_into(buffer)
            if not received:
                raise ConnectionResetError("the server closed it")
            reader.feed(buffer, 0, received)
        return reply

    def has_more(self) -> bool:
        """Whether something came that nobody asked for, or its end: it is not to be used again."""
        parser = self._parser  # type: ignore[attr-defined]
        if parser._reader is None or parser._reader.has_data():  # noqa: SLF001
            return True
        return bool(self._poller.poll(0) or self._pending())

    def _connect(self) -> socket.socket:
        self.host, self.port = self.topology.primary()
        with self._doubting():
            sock: socket.socket = super()._connect()  # type: ignore[misc]
        sock.settimeout(self.socket_connect_timeout)  # type: ignore[attr-defined]
        metrics.STORE_CONNECTS.labels(self.pool_name).inc()
        self._poller = select.poll()
        self._poller.register(sock, select.POLLIN)
        self._pending = getattr(sock, "pending", int)  # counts bytes that TLS has decrypted already
        return sock

    def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's signature
        """Greet the node, and leave again when it is no primary."""
        with self._doubting():
            super().on_connect_check_health(check_health=check_health)  # type: ignore[misc]
        if self.topology.verifies_role:
            self.send_command("ROLE", check_health=False)  # type: ignore[attr-defined]
            role = self.read_response()[0]  # type: ignore[attr-defined]
            if role not in {"master", b"master"}:
                self.disconnect()  # type: ignore[attr-defined]
                self.topology.refute(self.address)
                raise NoPrimary(f"{self.address} was named as the primary, but its role is {role!r}")
            self.topology.confirm(self.address)
        self._open_socket().settimeout(self.socket_timeout)  # type: ignore[attr-defined]

    @contextmanager
    def _doubting(self) -> Iterator[None]:
        """A named node that can't be reached may have a successor already, before the Sentinels name it."""
        try:
            yield
        except AuthenticationError:
            raise
        except (OSError, RedisConnectionError, RedisTimeoutError):
            self.topology.refute(self.address)
            raise

    def _open_socket(self) -> socket.socket:
        """The socket; a connection that another thread closed meanwhile is an outage like any other."""
        sock: socket.socket | None = self._sock  # type: ignore[attr-defined]
        if sock is None:
            raise RedisConnectionError(f"the connection to {self.address} was closed meanwhile")
        return sock


class PrimaryConnection(_AsksForThePrimary, Connection):
    """To the primary, in the clear."""


class PrimarySSLConnection(_AsksForThePrimary, NamedSSLConnection):
    """To the primary, by TLS."""
