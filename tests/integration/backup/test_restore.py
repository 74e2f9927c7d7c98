"""Bringing a backup back: what comes, what stays away, what is refused, and what happens when the target fails."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.backup import archive, transfer
from app.backup.bring import Refused, Wishes, bring
from app.backup.make import make as take
from app.backup.table import lines
from app.config import load_config
from app.errors import BackupError, StoreFull
from app.events import Publisher
from app.local import RedisServer
from app.local.access import Access
from app.local.nodes import RedisNode
from app.local.ports import free_ports
from app.ratelimit import Limiter
from app.sessions import Sessions
from app.store import create_store, keys
from app.tasks import Queue, Registry
from app.tasks.delivery import Deliveries
from tests.integration.backup.conftest import restore, settings, table
from tests.integration.engines import need
from tests.integration.guardian.test_secured import certificates
from tests.integration.helpers import until
from tests.integration.tasks.queueing import end, take_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from app.config import Config
    from app.local import RedisCluster
    from app.store import Store


PROMPT = ("repl-diskless-sync-delay 0",)


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("other"), password="sesame") as running:
        yield running


@pytest.fixture
def target(other: RedisServer) -> Config:
    return load_config({"REDIS_PORT": str(other.port), "REDIS_PASSWORD": "sesame", "HAVEN_DEADLINE": "2"})


def fill(store: Store) -> Queue:
    """Some of everything."""
    sessions = Sessions(store, 600)
    for user in range(5):
        sessions.create(user)
    tasks = Registry()

    @tasks.task()
    def note() -> None:
        """Nothing."""

    queue, deliveries = Queue(store, 60, tasks), Deliveries(store, lease=30, most_deliveries=3, ttl=60)
    deliveries.join()
    for outcome in ("done", "retry", "dead", "", "pending"):
        queue.enqueue("note", {}, task_id=outcome or "waiting")
        if outcome == "pending":
            take_one(deliveries)
        elif outcome:
            end(deliveries, take_one(deliveries), outcome, delay=60_000)  # type: ignore[arg-type]
    Publisher(store).to_user(1, "made", {})
    Limiter(store).hit("view", "ada", "1/minute, 1/hour exact, 1/day burst 1")
    store.redis.hset("shop:cart:1", mapping={"lamp": 2, "bytes": b"\xff\x00"})
    store.redis.zadd("shop:ranks", {"a": 1.5})
    store.redis.execute_command("SETBIT", b"shop:\xff\x00", 7, 1)
    for name in (keys.cache("x"), keys.cache_lease("x"), keys.presence(1), keys.DRILL_LOCK, keys.GUARDIAN_HEARTBEAT):
        store.redis.set(name, "1")
    return queue


def contents(server: RedisServer) -> dict[bytes, tuple[bytes | None, int]]:
    client = server.node.client
    pool = {**client.connection_pool.connection_kwargs, "decode_responses": False}
    raw = type(client)(**{name: pool[name] for name in ("host", "port", "password", "protocol", "decode_responses")})
    found = {key: (raw.dump(key), raw.pexpiretime(key)) for key in raw.scan_iter()}
    raw.close()
    return found


def test_values_and_ends_are_the_same_to_the_millisecond(
    server: RedisServer, store: Store, config: Config, other: RedisServer, target: Config, tmp_path: Path
) -> None:
    fill(store)
    path, manifest = take(config, tmp_path)
    outcome = restore(target, path)

    before, after = contents(server), contents(other)
    left = {key for key in before if key not in after}
    assert left == {
        name.encode()
        for name in (
            *(keys.cache("x"), keys.cache_lease("x"), keys.presence(1), keys.DRILL_LOCK),
            *(keys.GUARDIAN_HEARTBEAT, keys.TASK_WORKERS),
        )
    } & set(before)
    assert {key: before[key] for key in after} == after
    assert outcome.missing == 0
    assert manifest.groups is not None
    assert table(outcome)["sessions"] == (5, 5, 5)
    assert table(outcome)["waiting tasks"] == (2, 2, 2)  # one of them is pending
    assert table(outcome)["delayed tasks"] == (1, 1, 1)
    assert table(outcome)["dead tasks"] == (1, 1, 1)
    assert lines(outcome)[-1] == "everything that still lives is there"
    assert any("left out: the database may say" in line for line in lines(outcome))


def test_the_cache_comes_if_it_is_wanted(
    store: Store, config: Config, other: RedisServer, target: Config, tmp_path: Path
) -> None:
    store.redis.set(keys.cache("x"), "1", px=60_000)
    path, _ = take(config, tmp_path)
    assert restore(target, path, with_cache=True).missing == 0
    assert 0 < other.node.client.pttl(keys.cache("x")) <= 60_000


def test_what_has_ended_since_is_counted_apart(
    store: Store, config: Config, other: RedisServer, target: Config, tmp_path: Path
) -> None:
    store.redis.set(keys.session("long"), "1", px=60_000)
    store.redis.set(keys.session("short"), "1", px=400)
    path, manifest = take(config, tmp_path)
    assert manifest.groups == {"sessions": 2}
    time.sleep(0.5)
    outcome = restore(target, path)
    assert table(outcome) == {"sessions": (2, 1, 1)}
    assert outcome.missing == 0
    assert "ended since" in lines(outcome)[0]
    assert other.node.client.keys("*") == [keys.session("long")]


def test_a_target_with_data_is_refused_until_somebody_says_who_wins(
    store: Store, config: Config, other: RedisServer, target: Config, tmp_path: Path
) -> None:
    store.redis.mset({keys.session("both"): "backup", keys.session("gone"): "backup"})
    path, _ = take(config, tmp_path)
    client = other.node.client
    client.mset({keys.session("both"): "target", keys.session("new"): "target"})
    with pytest.raises(Refused, match=r"2 sessions.*--into-nonempty replace or --into-nonempty keep"):
        restore(target, path)
    assert not client.exists(keys.session("gone"))

    outcome = restore(target, path, onto="keep")
    assert client.mget(keys.session("both"), keys.session("gone"), keys.session("new")) == [
        "target",
        "backup",
        "target",
    ]
    assert [row.kept for row in outcome.rows] == [1]
    restore(target, path, onto="replace")
    assert client.mget(keys.session("both"), keys.session("new")) == ["backup", "target"]


def test_what_every_new_installation_has_does_not_stand_in_the_way(
    store: Store, config: Config, other: RedisServer, target: Config, tmp_path: Path
) -> None:
    fill(store)
    path, _ = take(config, tmp_path)
    fresh = create_store(target)
    Deliveries(fresh, lease=30, most_deliveries=3, ttl=60).join()  # a worker has begun
    fresh.redis.set(keys.GUARDIAN_HEARTBEAT, "1")
    fresh.close()
    assert other.node.client.exists(keys.task_stream("normal"))
    assert restore(target, path).missing == 0


def test_a_dry_run_writes_nothing(
    store: Store, config: Config, other: RedisServer, target: Config, tmp_path: Path
) -> None:
    fill(store)
    take(config, tmp_path)
    outcome = restore(target, tmp_path, dry=True)
    assert outcome.dry
    assert outcome.missing == 0
    assert table(outcome)["sessions"] == (5, 5, 0)
    assert "nothing was written" in lines(outcome)[-1]
    assert other.node.client.dbsize() == 0


def test_a_dry_run_counts_for_a_target_in_use_and_says_that_it_would_be_refused(
    store: Store, config: Config, other: RedisServer, target: Config, tmp_path: Path
) -> None:
    fill(store)
    path, _ = take(config, tmp_path)
    other.node.client.set(keys.session("mine"), "1")
    told: list[str] = []
    outcome = bring(target, path, Wishes(dry=True), told.append, lambda _: None)
    assert table(outcome)["sessions"] == (5, 5, 0)
    assert any("would be refused" in line and "1 sessions" in line for line in told)
    assert other.node.client.keys() == [keys.session("mine")]


def test_what_does_not_arrive_is_missed(
    store: Store, config: Config, other: RedisServer, target: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.redis.mset({keys.session(str(each)): "1" for each in range(3)})
    path, _ = take(config, tmp_path)
    audit = transfer.Transfer.audit

    def late(self: transfer.Transfer) -> object:
        other.node.client.delete(keys.session("1"))
        return audit(self)

    monkeypatch.setattr(transfer.Transfer, "audit", late)
    outcome = restore(target, path)
    assert outcome.missing == 1
    assert "1 MISSING" in lines(outcome)[1]
    assert "begin again with --into-nonempty replace" in lines(outcome)[-1]


def test_large_keys_go_alone_and_memory_stays_bounded(
    store: Store, config: Config, target: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in range(3):
        store.redis.set(f"big:{each}", os.urandom(3_000_000))
        store.redis.set(f"small:{each}", "1")
    path, _ = take(config, tmp_path)
    sizes: list[int] = []
    bring_some = transfer.Transfer._bring

    def noted(self: transfer.Transfer, some: list[tuple[bytes, object]]) -> None:
        sizes.append(sum(3_000_000 for key, _ in some if key.startswith(b"big")))
        bring_some(self, some)  # type: ignore[arg-type]

    monkeypatch.setattr(transfer.Transfer, "_bring", noted)
    assert restore(target, path).missing == 0
    assert max(sizes) == 3_000_000


def test_it_goes_on_across_a_failover(
    cluster: RedisCluster, cluster_store: Store, server: RedisServer, config: Config, tmp_path: Path
) -> None:
    """The primary dies in the middle: what was confirmed is on the next one, and the rest follows."""
    with server.node.client.pipeline(transaction=False) as pipe:
        for each in range(6000):
            pipe.set(keys.session(str(each)), "x" * 300, px=600_000)
        pipe.execute()
    path, _ = take(config, tmp_path)
    before = cluster.primary_port()
    killed = threading.Event()

    def kill(number: int) -> None:
        if number >= 2000 and not killed.is_set():
            killed.set()
            cluster.primary().kill()

    outcome = bring(settings(cluster, "admin"), path, Wishes(), lambda _: None, kill)
    assert killed.is_set()
    assert table(outcome)["sessions"] == (6000, 6000, 6000)
    assert cluster_store.topology.primary().port != before


def test_the_application_s_own_user_may_not(
    cluster: RedisCluster, server: RedisServer, config: Config, tmp_path: Path
) -> None:
    until(lambda: not cluster.trouble())
    server.node.client.set(keys.session("x"), "1")
    path, _ = take(config, tmp_path)
    with pytest.raises(BackupError, match=r"\+restore, which is `admin`"):
        restore(settings(cluster, "app"), path)


def test_a_full_target_says_so(
    store: Store, config: Config, other: RedisServer, target: Config, tmp_path: Path
) -> None:
    store.redis.set("big", os.urandom(1_000_000))
    path, _ = take(config, tmp_path)
    other.node.client.config_set("maxmemory", 1)
    with pytest.raises(StoreFull, match="raise maxmemory, and begin again"):
        restore(target, path)


def test_an_rdb_that_the_engine_can_not_read_names_both(store: Store, config: Config, tmp_path: Path) -> None:
    store.redis.set("x", "1")
    path, manifest = take(config, tmp_path)
    path.write_bytes(b"REDIS0099" + path.read_bytes()[9:])
    with archive.Draft(tmp_path / "new.rdb") as draft:
        draft.write([path.read_bytes()])
        draft.keep(replace(manifest, sha256=draft.sha256, release="99.0.0", rdb=99))
    with pytest.raises(
        BackupError, match=r"redis \S+ can't read \S+, which redis 99\.0\.0 \(RDB version 99\) wrote.*--engine"
    ):
        restore(config, tmp_path / "new.rdb", onto="replace")


def test_into_a_managed_redis_by_tls_and_a_password(store: Store, config: Config, tmp_path: Path) -> None:
    fill(store)
    path, _ = take(config, tmp_path)
    tls = certificates(tmp_path)
    engine = need("debian-redis")
    access = Access(password="sesame", tls=tls)
    (port,) = free_ports(1)
    node = RedisNode("managed", engine.path, port, tmp_path / "managed", access, replica=False)
    node.start()
    try:
        node.wait_ready()
        managed = load_config({"REDIS_PORT": str(port), **access.of_app()})
        assert restore(managed, path).missing == 0
        assert node.client.hget("shop:cart:1", "lamp") == "2"
    finally:
        node.stop(2)
        node.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], RedisNode]]:
    """An empty server of a kind, made once."""
    made: dict[str, RedisNode] = {}

    def empty(name: str) -> RedisNode:
        if name not in made:
            engine = need(name.partition("/")[0])
            place = tmp_path_factory.mktemp(engine.kind)
            made[name] = RedisNode(name, engine.path, free_ports(1)[0], place, replica=False, more=PROMPT)
            made[name].start()
            made[name].wait_ready()
        made[name].client.flushall()
        return made[name]

    yield empty
    for node in made.values():
        node.kill()
        node.close()


@pytest.mark.parametrize(
    ("source", "engine", "target"),
    [
        ("valkey", "redis", "redis"),
        ("valkey", "debian-valkey", "debian-valkey"),
        ("debian-valkey", "debian-valkey", "redis"),
        ("redis", "redis", "debian-redis"),
    ],
)
def test_from_one_server_to_another(
    servers: Callable[[str], RedisNode], source: str, engine: str, target: str, tmp_path: Path
) -> None:
    """What docs/backup.md says of Redis and Valkey."""
    first, loads, second = servers(f"{source}/from"), servers(f"{engine}/engine"), servers(f"{target}/to")
    where = load_config({"REDIS_PORT": str(first.port)})
    store = create_store(where)
    fill(store)
    store.close()
    path, _ = take(where, tmp_path, engine=f"127.0.0.1:{loads.port}")
    assert loads.client.dbsize() == 0
    outcome = restore(load_config({"REDIS_PORT": str(second.port)}), path, engine=f"127.0.0.1:{loads.port}")
    assert outcome.missing == 0
    assert table(outcome)["sessions"] == (5, 5, 5)


@pytest.mark.parametrize(
    ("source", "engine", "target", "said"),
    [
        ("redis", "redis", "valkey", r"valkey \S+ can't read what redis \S+ writes.*give --engine a valkey"),
        ("valkey", "valkey", "redis", r"redis \S+ can't read what valkey \S+ writes.*give --engine a redis"),
        ("redis", "valkey", "valkey", r"valkey \S+ can't read \S+, which redis \S+ \(RDB version 12\) wrote"),
    ],
)
def test_what_can_not_be_read_names_both_servers_and_the_remedy(
    servers: Callable[[str], RedisNode], source: str, engine: str, target: str, said: str, tmp_path: Path
) -> None:
    first, loads, second = servers(f"{source}/from"), servers(f"{engine}/engine"), servers(f"{target}/to")
    first.client.set("x", "1")
    path, _ = take(load_config({"REDIS_PORT": str(first.port)}), tmp_path, counted=False)
    with pytest.raises(BackupError, match=said):
        restore(load_config({"REDIS_PORT": str(second.port)}), path, engine=f"127.0.0.1:{loads.port}")
    assert second.client.dbsize() == 0
