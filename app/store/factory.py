"""One factory for a single Redis, TLS and Sentinel."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError

from app.store import scripts
from app.store.client import ResilientRedis
from app.store.connection import PrimaryConnection, PrimarySSLConnection
from app.store.credentials import credentials
from app.store.discovery import SentinelTopology
from app.store.policy import Policy
from app.store.pool import BoundedPool
from app.store.topology import Address, Fixed, Topology

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.config import Config
    from app.store.pipeline import ResilientPipeline

LONGEST_BLOCK = 30.0


class Store:
    """Redis, as the patterns use it.

    Attributes:
        redis: for commands that answer at once.
        blocking: for commands that wait (XREADGROUP, BLPOP …) and for publish/subscribe; a pool of its own.
        topology: where the primary is.
        durable_replicas: how many replicas confirm a durable write; 0 with a single Redis.
    """

    def __init__(
        self, topology: Topology, redis: ResilientRedis, blocking: ResilientRedis, durable: tuple[int, float]
    ) -> None:
        self.topology = topology
        self.redis = redis
        self.blocking = blocking
        self.durable_replicas, self.durable_timeout = durable

    def run(
        self,
        name: str,
        keys: Sequence[str] = (),
        args: Sequence[Any] = (),
        *,
        repeatable: bool = False,
        durable: bool = False,
    ) -> Any:
        """Run a script of ``store/scripts``.

        Args:
            name: the file's name without ``.lua``.
            keys: the keys it touches.
            args: its other arguments.
            repeatable: whether running it twice does no harm, for example because it checks an id.
            durable: whether the replicas must confirm it before this returns.

        Raises:
            StoreUnavailable, OutcomeUnknown, NotConfirmed: see :mod:`app.store.policy`.
        """
        script = scripts.load(name)
        tail = (len(keys), *keys, *args)
        confirmation = self.confirmation if durable else None
        call = self.redis.call
        try:
            return call(("EVALSHA", script.sha, *tail), repeatable=repeatable, durable=confirmation, name=name)
        except NoScriptError:  # a new primary: nothing ran, and EVAL makes the script known
            return call(("EVAL", script.body, *tail), repeatable=repeatable, durable=confirmation, name=name)

    @contextmanager
    def durable(self, *, repeatable: bool | None = None) -> Iterator[ResilientPipeline]:
        """A pipeline whose writes are confirmed by the replicas when the block ends.

        Args:
            repeatable: as in :meth:`ResilientRedis.pipeline`.

        Raises:
            NotConfirmed: the primary has the writes, too few replicas confirmed them within the deadline.
        """
        with self.redis.pipeline(transaction=False, repeatable=repeatable) as pipeline:
            yield pipeline
            pipeline.execute(durable=self.confirmation)

    def close(self) -> None:
        """Close every connection and end the discovery's threads."""
        self.topology.close()
        for client in (self.redis, self.blocking):
            client.connection_pool.disconnect()

    @property
    def confirmation(self) -> tuple[int, float] | None:
        """How many replicas confirm a durable write, and seconds to wait for them; None: nobody is to."""
        return (self.durable_replicas, self.durable_timeout) if self.durable_replicas else None


def create_store(config: Config, *, role: str = "app") -> Store:
    """The store that a configuration describes; connections are made at first use.

    Args:
        config: the settings.
        role: what this process is, shown in CLIENT LIST as ``haven-<role>@<host>``.
    """
    tls = tls_options(config)
    node_options: dict[str, Any] = {**credentials(config, "redis"), **tls}
    topology: Topology
    if config.redis_sentinel_hosts and config.redis_sentinel_master:
        topology = SentinelTopology(
            [Address(*pair) for pair in config.redis_sentinel_hosts],
            config.redis_sentinel_master,
            timeout=config.redis_sentinel_timeout,
            sentinel_options={**credentials(config, "redis_sentinel"), **tls},
            node_options=node_options,
            tls=config.redis_ssl,
        )
    else:
        topology = Fixed(Address(config.redis_host, config.redis_port))

    def pool(name: str, *, wakes: bool) -> BoundedPool:
        made = BoundedPool(
            name=name,
            size=config.redis_pool_size,
            wait=config.redis_pool_wait,
            wakes=wakes,
            connection_class=PrimarySSLConnection if config.redis_ssl else PrimaryConnection,
            topology=topology,
            db=config.redis_db,
            client_name=f"haven-{role}@{socket.gethostname()}",
            driver_info=None,
            decode_responses=True,
            socket_timeout=config.redis_socket_timeout,
            socket_connect_timeout=config.redis_connect_timeout,
            **node_options,
        )
        if isinstance(topology, SentinelTopology):
            topology.on_switch(made.switched)
        return made

    policy = Policy(config.haven_deadline)
    return Store(
        topology,
        ResilientRedis(pool("main", wakes=False), policy),
        ResilientRedis(pool("blocking", wakes=True), policy, longest_block=LONGEST_BLOCK),
        (config.durable_replicas, config.haven_durable_timeout),
    )


def tls_options(config: Config) -> dict[str, Any]:
    """What a connection class needs to know of TLS; nothing without it."""
    if not config.redis_ssl:
        return {}
    return {
        "ssl_name": config.redis_ssl_name,
        "ssl_ca_certs": config.redis_ssl_ca,
        "ssl_certfile": config.redis_ssl_cert,
        "ssl_keyfile": config.redis_ssl_key,
    }
