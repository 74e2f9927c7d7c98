"""A full copy of one node, as a replica gets it: PSYNC, its answer, and an RDB until its end.

It is all of the data at one moment, without access to the server's disk, and it asks for no right but a replica's.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, RedisError, ResponseError

from app.errors import BackupError, SourceLost
from app.store.direct import link

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from app.config import Config
    from app.store.topology import Address

SILENCE: Final = 60.0
"""Seconds without a byte after which a node has ended; while it makes its copy, it sends a newline every ten."""
_CONNECT: Final = 5.0
_CHUNK: Final = 256 * 1024
_LONGEST_LINE: Final = 1024
_MARK: Final = 40
_FORBIDDEN: Final = ("NOPERM", "NOAUTH")
_ENDED: Final = "ended the copy in the middle"


class Moment(NamedTuple):
    """Which moment of the data it is.

    Attributes:
        id: the replication id.
        offset: how far in the stream of that id.
        taken_at: seconds since 1970, by our clock.
    """

    id: str
    offset: int
    taken_at: float


class FullCopy:
    """One copy; connects at once, and is read once.

    Args:
        config: how one gets in.
        address: of the node.
        silence: seconds without a byte after which it has ended.

    Raises:
        BackupError: the node does not let this user have one.
        SourceLost: it can't give one now.
    """

    def __init__(self, config: Config, address: Address, silence: float = SILENCE) -> None:
        self._address = address
        self._user = config.redis_username or "default"
        self._silence = silence
        self._held = bytearray()
        self._connection = link(config, address, _CONNECT)
        try:
            self._greet()
            self._socket: socket.socket = self._connection._sock  # type: ignore[assignment] # noqa: SLF001 - what comes now is no reply
            self._socket.settimeout(silence)
            self.moment = self._begin()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave."""
        self._connection.disconnect()

    def __iter__(self) -> Iterator[bytes]:
        """The RDB's bytes.

        Raises:
            SourceLost: it ended before its end, or nothing came for too long.
        """
        header = self._line()
        if header.startswith(b"$EOF:"):
            yield from self._until(header[5:])
        elif header.startswith(b"$") and header[1:].isdigit():
            yield from self._so_many(int(header[1:]))
        else:
            raise SourceLost(f"{self._address} sent {header[:60]!r} in place of its data: is it a Redis or Valkey?")

    def _greet(self) -> None:
        connection = self._connection
        try:
            connection.connect()
            for words in (("capa", "eof", "capa", "psync2"), ("rdb-only", "1")):
                connection.send_command("REPLCONF", *words)
                try:
                    connection.read_response()
                except NoPermissionError:
                    raise
                except ResponseError as error:
                    if str(error).startswith(_FORBIDDEN):
                        raise
                    # an older one does not know the option, and does without
            connection.send_command("PSYNC", "?", "-1")
        except (AuthenticationError, AuthorizationError, ResponseError) as error:
            raise self._forbidden(str(error)) from None
        except (RedisError, OSError) as error:
            if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
                raise BackupError(f"{self._address} can't be reached by TLS ({error}): see REDIS_SSL_CA") from None
            raise SourceLost(f"{self._address} can't be reached: {error}") from None

    def _begin(self) -> Moment:
        line = self._line().decode(errors="replace")
        words = line.split()
        if words[:1] == ["+FULLRESYNC"] and len(words) == 3:  # noqa: PLR2004 - with id and offset
            return Moment(words[1], int(words[2]), time.time())
        if line[1:].startswith(_FORBIDDEN):
            raise self._forbidden(line[1:])
        if "unknown command" in line:
            raise BackupError(f"{self._address} gives nobody a copy ({line[1:]}): use the backups of whoever runs it")
        raise SourceLost(f"{self._address} gives no copy now: {line.lstrip('-')}")

    def _forbidden(self, answer: str) -> BackupError:
        return BackupError(
            f"{self._address} does not let the user {self._user!r} have a copy ({answer}): set REDIS_USERNAME and "
            "REDIS_PASSWORD to a user with +ping +replconf +psync, which is `replica` where Haven made the users"
        )

    def _line(self) -> bytes:
        """The next line that is not empty: newlines keep the connection alive while the node makes its copy."""
        while True:
            end = self._held.find(b"\n")
            if end < 0:
                if len(self._held) > _LONGEST_LINE:
                    raise SourceLost(f"{self._address} sent no answer of Redis: is it one?")
                self._held += self._receive()
                continue
            line = bytes(self._held[:end]).rstrip(b"\r")
            del self._held[: end + 1]
            if line:
                return line

    def _so_many(self, left: int) -> Iterator[bytes]:
        while left:
            chunk = self._rest() or self._receive()
            yield chunk[:left]
            left -= min(left, len(chunk))

    def _until(self, mark: bytes) -> Iterator[bytes]:
        if len(mark) != _MARK:
            raise SourceLost(f"{self._address} sent an end mark of {len(mark)} bytes: is it a Redis or Valkey?")
        held = self._rest()
        while not held.endswith(mark):
            if len(held) > _MARK:
                yield held[:-_MARK]
                held = held[-_MARK:]
            held += self._receive()
        yield held[:-_MARK]

    def _rest(self) -> bytes:
        rest = bytes(self._held)
        self._held.clear()
        return rest

    def _receive(self) -> bytes:
        try:
            received = self._socket.recv(_CHUNK)
        except TimeoutError:
            raise SourceLost(f"{self._address} {_ENDED}: nothing came for {self._silence:g} s") from None
        except OSError as error:
            raise SourceLost(f"{self._address} {_ENDED}: {error}") from None
        if not received:
            raise SourceLost(f"{self._address} {_ENDED}: it closed the connection")
        return received
