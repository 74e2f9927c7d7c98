"""The guarded cluster as it is deployed: users with the least rights each, and TLS where the server can do it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest
import trustme
from redis.exceptions import RedisError

from app.config import load_config
from app.guardian import transport
from app.guardian.acl import Users
from app.guardian.settings import Tls
from app.local import LocalError, RedisCluster
from app.local.access import Access
from app.local.nodes import Node, command, connect
from app.ops.console.watch import Watch
from app.smoke.sentinels import Sentinels
from app.store import create_store, deadline
from tests.integration.engines import need
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.store import Store

KINDS = ("debian-redis", "debian-valkey", "redis", "valkey")
KEY = "haven:test:secured"
NAME = "redis.haven.test"
REFUSED = re.compile(r".*(?:NOPERM|NOAUTH|WRONGPASS|no permissions|AUTH failed|Unable to AUTH).*")


class Secured(NamedTuple):
    cluster: RedisCluster
    users: Users
    tls: Tls | None


@pytest.fixture(scope="module", params=KINDS)
def secured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    engine = need(request.param)
    directory = tmp_path_factory.mktemp(engine.name)
    users, tls = Users(), certificates(directory) if engine.has_tls else None
    with RedisCluster(directory / "cluster", binary=engine.path, users=users, tls=tls) as cluster:
        yield Secured(cluster, users, tls)
        assert refusals(cluster) == []


@pytest.fixture
def store(secured: Secured) -> Iterator[Store]:
    secured.cluster.wait_healthy(60)
    hosts = ",".join(f"{host}:{port}" for host, port in secured.cluster.sentinels)
    where = {"REDIS_SENTINEL_HOSTS": hosts, "REDIS_SENTINEL_MASTER": secured.cluster.master_name}
    where["HAVEN_DEADLINE"] = "15"
    # the application shows no certificate
    access = Access(users=secured.users, tls=replace(secured.tls, cert="", key="") if secured.tls else None)
    made = create_store(load_config({**where, **access.of_app()}))
    yield made
    made.close()


def certificates(directory: Path) -> Tls:
    authority = trustme.CA()
    issued = authority.issue_cert(NAME)  # as on Kubernetes, where no certificate holds the addresses
    tls = Tls(str(directory / "ca.pem"), str(directory / "cert.pem"), str(directory / "key.pem"), NAME)
    authority.cert_pem.write_to_path(tls.ca)
    issued.cert_chain_pems[0].write_to_path(tls.cert)
    issued.private_key_pem.write_to_path(tls.key)
    return tls


def write(store: Store, value: str) -> None:
    with deadline(15), store.durable(repeatable=True) as pipeline:
        pipeline.set(KEY, value)


def refusals(cluster: RedisCluster) -> list[str]:
    """What the servers refused to anybody, by their own account and in every log."""
    found = []
    for server in servers(cluster):
        found += [f"{server.name}: {entry}" for entry in command(server.client, "ACL", "LOG")]
    logs = [process.log for process in (*servers(cluster), *cluster.guardians)]
    for log in logs:
        found += [f"{log}: {line}" for line in REFUSED.findall(log.read_text())]
    return found


def servers(cluster: RedisCluster) -> list[Node]:
    return [*cluster.nodes, *(cluster.sentinel(ordinal) for ordinal in (1, 2, 3))]


def may(node: Node, user: str, line: str) -> bool:
    return bool(command(node.client, "ACL", "DRYRUN", user, *line.split()) == "OK")


def test_the_operations_page_sees_nodes_and_sentinels_with_the_applications_rights(store: Store) -> None:
    watch = Watch(store, 1)
    watch.enter()
    try:
        until(lambda: watch.picture and sum(node.linked for node in watch.picture.nodes) == 3, 20)
        assert watch.picture
        assert [node.role for node in watch.picture.nodes] == ["primary", "replica", "replica"]
        assert all(node.memory and node.version for node in watch.picture.nodes)
        assert [sentinel.trouble for sentinel in watch.picture.sentinels] == ["", "", ""]
    finally:
        watch.leave()


def test_a_killed_primary_is_replaced_and_comes_back_as_a_replica(secured: Secured, store: Store) -> None:
    cluster = secured.cluster
    write(store, "before")
    old = cluster.primary()
    old.kill()
    write(store, "after")

    def replaced() -> bool:
        try:
            return cluster.primary() is not old
        except LocalError:
            return False

    until(replaced, 20)
    old.restart()
    cluster.wait_healthy(30)
    assert not old.is_primary
    until(lambda: old.client.get(KEY) == "after", 5)
    assert refusals(cluster) == []


def test_what_scripts_and_transactions_wrote_is_there_after_a_stop_of_everything(
    secured: Secured, store: Store
) -> None:
    """Found on Kubernetes: Redis reads its append-only file as the default user, and refuses what that user may not do.

    What stands between MULTI and EXEC in the file, so all that a script did, was then left out without an error.
    """
    cluster = secured.cluster
    cluster.primary().client.bgrewriteaof()
    with deadline(15), store.durable(repeatable=True) as pipeline:
        pipeline.eval("redis.call('SET', KEYS[1], '1') redis.call('SET', KEYS[2], '2')", 2, f"{KEY}:s1", f"{KEY}:s2")
    with deadline(15), store.redis.pipeline(repeatable=True) as pipeline:
        pipeline.set(f"{KEY}:m1", "3")
        pipeline.set(f"{KEY}:m2", "4")
        pipeline.execute(durable=(2, 5.0))
    for node in cluster.nodes:
        node.kill()
    for node in cluster.nodes:
        node.start()
    cluster.wait_healthy(60)
    names = [f"{KEY}:{name}" for name in ("s1", "s2", "m1", "m2")]
    assert cluster.primary().client.mget(names) == ["1", "2", "3", "4"]
    assert not [node.name for node in cluster.nodes if "AOF-loading" in node.log.read_text(errors="replace")]
    assert refusals(cluster) == []


def test_a_handover_needs_no_more_than_these_rights(secured: Secured, store: Store) -> None:
    cluster = secured.cluster
    write(store, "before")
    old = cluster.primary()
    code, outcome = cluster.guardian(cluster.nodes.index(old) + 1).hand_over()
    assert code == 200, outcome
    write(store, "after")
    cluster.wait_healthy(30)
    assert cluster.primary().name == outcome["after"] != old.name
    until(lambda: old.client.get(KEY) == "after", 5)
    assert refusals(cluster) == []


def test_the_application_gets_at_data_and_at_nothing_else(secured: Secured, store: Store) -> None:
    assert store.redis.eval("return redis.call('INCR', KEYS[1])", 1, f"{KEY}:count") == 1
    assert Sentinels(store.topology).quorum().startswith("3 of 3 Sentinels name")
    node, sentinel = secured.cluster.primary(), secured.cluster.sentinel(1)
    for line in ("XADD s * a 1", "PUBLISH haven:events:a b", "WAIT 1 1", "ROLE", "INFO"):
        assert may(node, "app", line), line
    hello, take_over = "PUBLISH __sentinel__:hello x", "REPLICAOF NO ONE"
    for line in ("CONFIG GET *", "FLUSHALL", "KEYS *", "SELECT 15", "SCRIPT FLUSH", hello, take_over):
        assert not may(node, "app", line), line
    for line in (f"GET {KEY}", "FLUSHALL", "CONFIG GET *", "SHUTDOWN", "KEYS *"):
        assert not any(may(node, user, line) for user in ("guardian", "sentinel", "replica")), line
    for line in ("SENTINEL SET haven quorum 1", "SENTINEL FAILOVER haven", "SHUTDOWN"):
        assert not may(sentinel, "app", line), line


def test_a_sentinels_kept_file_says_what_it_was_told(secured: Secured) -> None:
    """However the server writes it down; one that seemed to differ would be written anew under a running Sentinel."""
    secured.cluster.wait_healthy(60)
    for ordinal in (1, 2, 3):
        sentinel = secured.cluster.sentinel(ordinal)
        kept = (sentinel.directory / "sentinel.conf").read_text()
        assert transport.follow(kept, sentinel.port, secured.tls) is None, kept


def test_nobody_gets_in_without_a_password_or_in_plain_text(secured: Secured, tmp_path: Path) -> None:
    for server in servers(secured.cluster):
        with pytest.raises(RedisError, match=r"NOAUTH|Authentication required"):
            connect(server.port, Access(tls=secured.tls)).ping()
        if secured.tls is None:  # this server was built without
            continue
        with pytest.raises(RedisError):
            connect(server.port, Access(users=secured.users)).ping()
        of_another_authority = Access(users=secured.users, tls=Tls(ca=certificates(tmp_path).ca, name=NAME))
        with pytest.raises(RedisError, match="certificate"):
            connect(server.port, of_another_authority).ping()
