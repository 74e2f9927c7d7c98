"""A connection that notices its own end at once: RESP over asyncio, parsed by hiredis.

redis-py's connections learn that a peer is gone when they are next used. The guardian has to know the moment its Redis
dies, in a process of a few megabytes; that is what this page is for.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import hiredis

from app.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.guardian.settings import Credentials, Tls

Command = tuple[str | int, ...]

_MOST_UNREAD: Final = 4 << 20


class Away(Exception):
    """The other side can't be used now.

    Attributes:
        refused: its machine answered that nothing listens there.
    """

    def __init__(self, why: str, *, refused: bool = False) -> None:
        self.refused = refused
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Door:
    """How to reach a server.

    Attributes:
        host: where it listens.
        port: where it listens.
        name: for TLS: the name in its certificate, unless ``tls`` says it; the host if empty.
        credentials: user and password.
        tls: certificates; None for plain text.
        database: to select; 0 for none.
    """

    host: str
    port: int
    credentials: Credentials
    tls: Tls | None = None
    name: str = ""
    database: int = 0

    @property
    def certified(self) -> str:
        """The name that its certificate is checked for."""
        return (self.tls.name if self.tls else "") or self.name or self.host


class _Stream(asyncio.Protocol):
    def __init__(self, lost: Callable[[], None]) -> None:
        self._lost = lost
        self._reader = hiredis.Reader(encoding="utf-8", errors="replace")
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._transport: asyncio.Transport | None = None
        self._unread = 0
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_connection gives
        self._transport = transport
        self.open = True

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not False:
                self._unread = 0
                self._answer(reply)
        except (hiredis.ProtocolError, IndexError):  # not RESP, or an answer that nobody asked for
            self.close()
        if self._unread > _MOST_UNREAD:
            self.close()

    def _answer(self, reply: Any) -> None:
        waiting = self._waiting.popleft()
        if not waiting.done():
            waiting.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(Away(str(exc or "the connection was closed")))
                waiting.exception()  # whoever waited may have gone
        self._waiting.clear()
        self._lost()

    def send(self, commands: tuple[Command, ...]) -> list[asyncio.Future[Any]]:
        assert self._transport is not None  # noqa: S101 - connected before anything is sent
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in commands]
        self._waiting.extend(futures)
        self._transport.write(b"".join(hiredis.pack_command(command) for command in commands))  # type: ignore[arg-type]
        return futures

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Link:
    """A kept connection to one server, made when it is needed.

    Args:
        door: how to reach it.
        lost: called when an open connection ends.
    """

    def __init__(self, door: Door, lost: Callable[[], None] = lambda: None) -> None:
        self.door = door
        self.connects = 0
        self._lost = lost
        self._stream: _Stream | None = None
        self._connecting = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether it is connected."""
        return self._stream is not None and self._stream.open

    async def call(self, *commands: Command, within: float) -> list[Any]:
        """Send commands in one go and return their replies; an error reply is an hiredis.ReplyError in its place.

        Args:
            commands: each with its arguments.
            within: seconds for everything, a new connection included. It is closed when they are over.

        Raises:
            Away: no connection, or no answer in time.
        """
        try:
            async with asyncio.timeout(within):
                stream = await self._open()
                return [await future for future in stream.send(commands)]
        except TimeoutError:
            self.close()
            raise Away(f"no answer within {within:g} s") from None
        except asyncio.CancelledError:
            self.close()
            raise

    async def one(self, *command: str | int, within: float = 1.0) -> Any:
        """Send one command and return its reply.

        Raises:
            Away: no connection, or no answer in time.
            hiredis.ReplyError: the server's own error.
        """
        [reply] = await self.call(command, within=within)
        if isinstance(reply, hiredis.ReplyError):
            raise reply
        return reply

    async def _open(self) -> _Stream:
        async with self._connecting:
            if self._stream is not None and self._stream.open:
                return self._stream
            door = self.door
            try:
                _, stream = await asyncio.get_running_loop().create_connection(
                    lambda: _Stream(self._lost),
                    door.host,
                    door.port,
                    ssl=client_context(door.tls.ca, door.tls.cert, door.tls.key) if door.tls else None,
                    server_hostname=door.certified if door.tls else None,
                )
            except ConnectionRefusedError as error:
                raise Away(str(error), refused=True) from None
            except (OSError, ssl.SSLError) as error:
                raise Away(str(error)) from None
            self._stream = stream
            self.connects += 1
            greeting = self._greeting()
            for command, future in zip(greeting, stream.send(greeting), strict=True):
                reply = await future
                if isinstance(reply, hiredis.ReplyError):
                    self.close()
                    raise Away(f"{command[0]}: {reply}")
            return stream

    def _greeting(self) -> tuple[Command, ...]:
        user, password = self.door.credentials.user, self.door.credentials.password
        greeting: list[Command] = []
        if password:
            greeting.append(("AUTH", user, password) if user else ("AUTH", password))
        if self.door.database:
            greeting.append(("SELECT", self.door.database))
        return tuple(greeting)

    def close(self) -> None:
        """Close the connection; the next call makes a new one."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
