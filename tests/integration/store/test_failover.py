from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Self

import pytest
import redis
from pydantic import SecretStr

from app.config import load_config
from app.errors import NoPrimary, NotConfirmed, StoreError, StoreUnavailable
from app.store import Store, create_store, deadline
from app.store.topology import Address

if TYPE_CHECKING:
    from app.config import Config
    from app.local import RedisCluster


class Writer:
    """Writes numbered keys, durably, as fast as they are confirmed; what it was told is what it believes."""

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.name = name
        self.acknowledged: list[int] = []
        self.errors: list[Exception] = []
        self.longest = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        time.sleep(0.3)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _write(self) -> None:
        number = 0
        while not self._stopped.is_set():
            number += 1
            started = time.monotonic()
            try:
                with self.store.durable() as pipe:
                    pipe.set(f"{self.name}:{number}", number)
                self.acknowledged.append(number)
            except StoreError as error:
                self.errors.append(error)
            self.longest = max(self.longest, time.monotonic() - started)
            time.sleep(0.005)

    def missing(self) -> list[int]:
        keys = [f"{self.name}:{number}" for number in self.acknowledged]
        found: Any = self.store.redis.mget(keys)
        return [number for number, value in zip(self.acknowledged, found, strict=True) if value is None]


def test_the_primary_is_found_by_asking(cluster: RedisCluster, cluster_store: Store) -> None:
    assert cluster_store.topology.primary().port == cluster.primary_port()
    assert cluster_store.durable_replicas == 1


def test_a_killed_primary_costs_no_write(cluster: RedisCluster, cluster_store: Store) -> None:
    before = cluster.primary()
    with Writer(cluster_store, "killed") as writer:
        before.kill()
        time.sleep(4)
    before.restart()
    assert writer.errors == []
    assert writer.missing() == []
    assert writer.longest < 4
    assert cluster_store.topology.primary().port != before.port


def test_a_frozen_primary_costs_no_write_not_even_when_it_wakes(cluster: RedisCluster, cluster_store: Store) -> None:
    before = cluster.primary()
    with Writer(cluster_store, "frozen") as writer:
        before.freeze()
        time.sleep(5)
        before.thaw()
        time.sleep(1)
    assert writer.errors == []
    assert writer.missing() == []
    assert writer.longest < 4


def test_a_frozen_sentinel_does_not_slow_a_connect(cluster: RedisCluster, cluster_config: Config) -> None:
    cluster.wait_healthy(60)
    cluster.sentinel(1).freeze()
    store = create_store(cluster_config)
    try:
        started = time.monotonic()
        assert store.redis.ping()
        assert time.monotonic() - started < 1.0
    finally:
        cluster.sentinel(1).thaw()
        store.close()


def test_no_sentinel_at_all_names_those_that_were_asked(cluster: RedisCluster, cluster_config: Config) -> None:
    config = cluster_config.model_copy(update={"redis_sentinel_hosts": (("127.0.0.1", 1), ("127.0.0.1", 2))})
    store = create_store(config)
    with deadline(0.3), pytest.raises(NoPrimary, match=r"127\.0\.0\.1:1: .*refused.*127\.0\.0\.1:2: "):
        store.redis.ping()
    store.close()
    assert cluster.primary_port()


def test_the_sentinels_have_credentials_of_their_own(cluster: RedisCluster, cluster_config: Config) -> None:
    clients = [redis.Redis(host=host, port=port) for host, port in cluster.sentinels]
    for client in clients:
        client.execute_command("ACL", "SETUSER", "asker", "on", ">secret", "&*", "+@all")
    login = {"redis_sentinel_username": "asker", "redis_sentinel_password": SecretStr("secret")}
    store = create_store(cluster_config.model_copy(update=login))
    assert store.redis.ping()
    users = {user["user"] for client in clients for user in client.client_list()}
    assert "asker" in users
    store.close()
    wrong = create_store(cluster_config.model_copy(update={**login, "redis_sentinel_password": SecretStr("wrong")}))
    with deadline(0.3), pytest.raises(NoPrimary, match=r"invalid username-password"):
        wrong.redis.ping()
    wrong.close()
    unknown = create_store(cluster_config.model_copy(update={"redis_sentinel_master": "nobody"}))
    with deadline(0.3), pytest.raises(NoPrimary, match=r"'nobody' is .*No such master"):
        unknown.redis.ping()
    unknown.close()
    for client in clients:
        client.execute_command("ACL", "DELUSER", "asker")
        client.close()


def test_a_primary_without_replicas_refuses_and_the_write_waits(cluster: RedisCluster, cluster_store: Store) -> None:
    replicas = [node for node in cluster.nodes if node.port != cluster.primary_port()]
    for node in replicas:
        node.freeze()
    time.sleep(3.5)  # longer than min-replicas-max-lag
    try:
        with deadline(0.5), pytest.raises(StoreError, match="NOREPLICAS"):
            cluster_store.redis.incr("refused")
        for node in replicas:
            threading.Timer(0.5, node.thaw).start()
        assert cluster_store.redis.incr("refused") == 1  # not even an increment was lost or doubled
    finally:
        for node in replicas:
            node.thaw()


def test_a_single_redis_that_is_a_replica_says_so(cluster: RedisCluster) -> None:
    cluster.wait_healthy(60)
    replica = next(node for node in cluster.nodes if node.port != cluster.primary_port())
    store = create_store(load_config({"REDIS_PORT": str(replica.port)}))
    with deadline(0.4), pytest.raises(StoreUnavailable, match="read only replica"):
        store.redis.incr("a")
    store.close()


def test_a_write_that_no_replica_confirms_is_told(cluster: RedisCluster, cluster_store: Store) -> None:
    replicas = [node for node in cluster.nodes if node.port != cluster.primary_port()]
    cluster_store.redis.set("warm", "1")
    for node in replicas:
        node.freeze()
    try:
        with deadline(0.8), pytest.raises(NotConfirmed) as caught, cluster_store.durable() as pipe:
            pipe.set("lonely", "1")
        assert (caught.value.confirmed, caught.value.wanted) == (0, 1)
    finally:
        for node in replicas:
            node.thaw()


def test_a_blocked_read_is_woken_by_a_switch(cluster: RedisCluster, cluster_store: Store) -> None:
    before = cluster.primary()
    woken: list[float] = []

    def wait() -> None:
        started = time.monotonic()
        cluster_store.blocking.xread({"nothing": "$"}, block=12_000)
        woken.append(time.monotonic() - started)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.5)
    pool: Any = cluster_store.blocking.connection_pool
    connection = next(iter(pool._busy))
    assert connection.address == Address("127.0.0.1", before.port)
    before.freeze()
    end = time.monotonic() + 6
    while connection.address.port == before.port and time.monotonic() < end:
        time.sleep(0.05)
    assert connection.address.port != before.port
    before.thaw()
    thread.join(20)
    assert woken


def test_idle_connections_to_a_former_primary_are_not_used(cluster: RedisCluster, cluster_store: Store) -> None:
    pool: Any = cluster_store.redis.connection_pool
    held = [pool.get_connection(1.0) for _ in range(5)]
    for connection in held:
        pool.release(connection)
    before = cluster.primary()
    before.freeze()
    time.sleep(3)
    before.thaw()
    cluster_store.redis.set("after", "1")
    assert cluster_store.redis.get("after") == "1"
    ports = {connection.address.port for connection in [pool.get_connection(1.0) for _ in range(5)]}
    assert before.port not in ports
