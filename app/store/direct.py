"""A client of one known server, Redis or Sentinel: for looking at it and for drills, not for the application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.connection import Connection, UnixDomainSocketConnection
from redis.retry import Retry

from app.store.credentials import credentials
from app.store.factory import tls_options
from app.store.secure import NamedSSLConnection
from app.store.sentinel import connect_options

if TYPE_CHECKING:
    from app.config import Config
    from app.store.topology import Address

_LOADING: Final = 60.0


def direct(
    config: Config,
    address: tuple[str, int],
    *,
    username: str | None,
    password: str | None,
    db: int = 0,
    timeout: float = 1.0,
) -> Redis:
    """Return a client that repeats nothing and gives up at the first error.

    Args:
        config: says whether there is TLS, and how the server's certificate is checked.
        address: of the server.
        username: of the ACL user; None for the default one.
        password: of it; None for none.
        db: number of the database.
        timeout: seconds for an answer, and for a connection at most one.
    """
    pool = ConnectionPool(
        connection_class=NamedSSLConnection if config.redis_ssl else Connection,
        host=address[0],
        port=address[1],
        db=db,
        username=username,
        password=password,
        protocol=2,
        decode_responses=True,
        socket_timeout=timeout,
        socket_connect_timeout=min(timeout, 1.0),
        retry=Retry(NoBackoff(), 0),
        **tls_options(config),
    )
    return Redis.from_pool(pool)


def link(config: Config, address: Address, timeout: float) -> Connection:
    """A bare connection with the rights of ``REDIS_USERNAME``, for what is no command and answer: a replica's stream.

    Args:
        config: how one gets in.
        address: of the server.
        timeout: seconds for an answer, and for a connection.
    """
    options = {
        "protocol": 2,
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        **credentials(config, "redis"),
        **tls_options(config),
    }
    return connect_options(address, options, tls=config.redis_ssl)


def engine(where: tuple[str, int] | Path, db: int = 0) -> Redis:
    """A client of a throw-away server on this machine, without a password. What it stores comes as bytes.

    Args:
        where: host and port, or its socket's path.
        db: number of the database.
    """
    place = {"path": str(where)} if isinstance(where, Path) else {"host": where[0], "port": where[1]}
    pool = ConnectionPool(
        connection_class=UnixDomainSocketConnection if isinstance(where, Path) else Connection,
        db=db,
        protocol=2,
        socket_timeout=_LOADING,
        retry=Retry(NoBackoff(), 0),
        **place,
    )
    return Redis.from_pool(pool)
