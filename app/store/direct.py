"""A client of one known server, Redis or Sentinel: for looking at it and for drills, not for the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry

from app.store.factory import tls_options
from app.store.secure import NamedSSLConnection

if TYPE_CHECKING:
    from app.config import Config


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
