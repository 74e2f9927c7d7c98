"""Gives a file to a server as a primary gives its data to a replica: no directory that both can reach is needed."""

from __future__ import annotations

import secrets
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

import hiredis

if TYPE_CHECKING:
    from pathlib import Path

_SILENCE: Final = 60.0
_CHUNK: Final = 1 << 20


class Feed:
    """Listens on loopback for one replica, which has to know a password made for it.

    Args:
        file: the RDB.

    Attributes:
        port: where it listens.
        secret: the password.
        asked: how often a replica asked for the data: twice when it could not read it.
    """

    def __init__(self, file: Path) -> None:
        self._path = file
        self.secret = secrets.token_urlsafe(24)
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._replica: socket.socket | None = None
        self._thread = threading.Thread(target=self._accept, daemon=True, name="haven-feed")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, self._replica):
            with suppress(OSError):
                if each:
                    each.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._listener.close()
        self._thread.join(_SILENCE)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._replica = connection
            with connection, suppress(OSError, hiredis.ProtocolError):
                connection.settimeout(_SILENCE)
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        reader = hiredis.Reader()
        trusted = False
        while received := connection.recv(_CHUNK):
            reader.feed(received.lstrip(b"\n"))  # while it loads, it sends newlines to keep the connection alive
            while (words := reader.gets()) is not False:
                name = bytes(words[0]).upper()
                if name == b"AUTH":
                    trusted = secrets.compare_digest(words[-1], self.secret.encode())
                if not trusted:
                    connection.sendall(b"-NOAUTH this feed is for one replica\r\n")
                elif name == b"PSYNC":
                    self._send(connection)
                else:
                    # what a replica tells of itself; an acknowledgement wants no answer
                    connection.sendall(
                        b"" if words[1:2] == [b"ACK"] else b"+PONG\r\n" if name == b"PING" else b"+OK\r\n"
                    )

    def _send(self, connection: socket.socket) -> None:
        self.asked += 1
        if self.asked > 1:
            return
        size = self._path.stat().st_size
        connection.sendall(b"+FULLRESYNC %s 0\r\n$%d\r\n" % (secrets.token_hex(20).encode(), size))
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                connection.sendall(chunk)
