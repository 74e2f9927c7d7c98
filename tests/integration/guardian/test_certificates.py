"""Certificates are renewed under running servers: nobody notices, and never two Sentinels are away."""

from __future__ import annotations

import shutil
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
import trustme

from app.config import load_config
from app.guardian.acl import Users
from app.guardian.certificates import CHECK, leaf_of
from app.guardian.settings import Tls
from app.local import RedisCluster
from app.store import create_store
from tests.bench.writing import Writer
from tests.integration.engines import need
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.local.nodes import Node


class Secret:
    """Certificates as a kubelet mounts them: all change in the same moment."""

    def __init__(self, directory: Path) -> None:
        self._authority = trustme.CA()
        self._directory = directory
        self._number = 0
        self._now = directory / "now"
        self.renew()
        self.tls = Tls(*(str(self._now / name) for name in ("ca.pem", "cert.pem", "key.pem")))

    def renew(self) -> None:
        self._number += 1
        made = self._directory / str(self._number)
        made.mkdir(parents=True)
        authority = self._authority
        authority.cert_pem.write_to_path(str(made / "ca.pem"))
        issued = authority.issue_cert("127.0.0.1")
        issued.cert_chain_pems[0].write_to_path(str(made / "cert.pem"))
        issued.private_key_pem.write_to_path(str(made / "key.pem"))
        following = self._directory / "next"
        following.symlink_to(made)
        following.rename(self._now)

    @property
    def leaf(self) -> bytes:
        return leaf_of(self.tls.cert)


class Keeper:
    """Starts a Sentinel that has ended, as a kubelet does; remembers who was away when."""

    def __init__(self, cluster: RedisCluster) -> None:
        self.ended: list[int] = []
        self.most = 0
        self._cluster = cluster
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(0.05):
            away = [ordinal for ordinal in (1, 2, 3) if not self._cluster.sentinel(ordinal).alive]
            self.most = max(self.most, len(away))
            for ordinal in away:
                self.ended.append(ordinal)
                self._cluster.sentinel(ordinal).start()


@pytest.fixture
def secret(tmp_path: Path) -> Secret:
    return Secret(tmp_path / "secret")


@pytest.fixture
def cluster(secret: Secret, tmp_path: Path) -> Iterator[RedisCluster]:
    engine = need("debian-redis")
    with RedisCluster(tmp_path / "cluster", binary=engine.path, users=Users(), tls=secret.tls) as made:
        yield made


def environment(cluster: RedisCluster) -> dict[str, str]:
    hosts = ",".join(f"{host}:{port}" for host, port in cluster.sentinels)
    where = {"REDIS_SENTINEL_HOSTS": hosts, "REDIS_SENTINEL_MASTER": cluster.master_name}
    return {**where, **cluster.access.of_app()}


def shown(node: Node) -> bytes:
    """The certificate that it serves; empty while it is starting."""
    try:
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", node.port), timeout=5))
    except ConnectionRefusedError:
        return b""


def test_a_renewed_certificate_is_served_by_everyone_and_nobody_notices(cluster: RedisCluster, secret: Secret) -> None:
    servers: list[Node] = [*cluster.nodes, *(cluster.sentinel(ordinal) for ordinal in (1, 2, 3))]
    cluster.wait_healthy(60)
    runs = [node.pid for node in cluster.nodes]
    store = create_store(load_config(environment(cluster)))

    def write(key: str) -> None:
        with store.durable() as pipeline:
            pipeline.set(key, "v")

    with Keeper(cluster) as keeper, Writer(write, "renewal:") as writer:
        before = secret.leaf
        assert [shown(server) for server in servers] == [before] * 6
        secret.renew()
        until(lambda: [shown(node) for node in cluster.nodes] == [secret.leaf] * 3, CHECK * 2)
        until(lambda: len(keeper.ended) == 3, CHECK * 6)
        until(lambda: [shown(server) for server in servers] == [secret.leaf] * 6, 10)
        cluster.wait_healthy(30)
    assert (keeper.ended, keeper.most) == ([1, 2, 3], 1)
    assert [node.pid for node in cluster.nodes] == runs
    assert (writer.errors, writer.missing(store.redis.mget)) == ([], 0)
    store.close()


def test_a_sentinel_waits_while_another_is_away(cluster: RedisCluster, secret: Secret) -> None:
    cluster.wait_healthy(60)
    away = cluster.sentinel(3)
    away.freeze()
    secret.renew()
    until(lambda: [shown(node) for node in cluster.nodes] == [secret.leaf] * 3, CHECK * 2)
    log = cluster.guardian(1).log
    until(lambda: "when redis-3's answers" in log.read_text(), CHECK * 2)
    assert [cluster.sentinel(ordinal).alive for ordinal in (1, 2)] == [True, True]
    away.thaw()
    with Keeper(cluster) as keeper:
        until(lambda: keeper.ended == [1, 2, 3], CHECK * 6)


def test_files_that_do_not_fit_leave_what_is_served(cluster: RedisCluster, secret: Secret) -> None:
    cluster.wait_healthy(60)
    before = shown(cluster.nodes[0])
    shutil.copy(secret.tls.cert, f"{secret.tls.key}.new")  # a certificate in the key's place
    Path(f"{secret.tls.key}.new").replace(secret.tls.key)
    until(lambda: "can't be renewed" in cluster.guardian(1).log.read_text(), CHECK * 2)
    assert shown(cluster.nodes[0]) == before
    cluster.wait_healthy(30)
