"""Certificates are renewed under running servers: nobody notices, and never two Sentinels are away."""

from __future__ import annotations

import shutil
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from app.guardian.acl import Users
from app.guardian.certificates import CHECK, leaf_of
from app.guardian.settings import Tls
from app.local import RedisCluster
from tests.integration.engines import need
from tests.integration.guardian.audit import Audited
from tests.integration.guardian.conftest import store_of
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


@dataclass
class Seen:
    """Who ended, in their order, and how many were away at a time."""

    ended: list[int] = field(default_factory=list)
    most: int = 0


@contextmanager
def kept(cluster: RedisCluster) -> Iterator[Seen]:
    """Start a Sentinel that has ended, as a kubelet does."""
    seen, over = Seen(), threading.Event()

    def keep() -> None:
        while not over.wait(0.05):
            away = [ordinal for ordinal in (1, 2, 3) if not cluster.sentinel(ordinal).alive]
            seen.most = max(seen.most, len(away))
            seen.ended += away
            for ordinal in away:
                cluster.sentinel(ordinal).start()

    with ThreadPoolExecutor(1) as pool:
        keeping = pool.submit(keep)
        try:
            yield seen
        finally:
            over.set()
        keeping.result()


@pytest.fixture
def secret(tmp_path: Path) -> Secret:
    return Secret(tmp_path / "secret")


@pytest.fixture
def cluster(secret: Secret, tmp_path: Path) -> Iterator[RedisCluster]:
    engine = need("debian-redis")
    with RedisCluster(tmp_path / "cluster", binary=engine.path, users=Users(), tls=secret.tls) as made:
        yield made


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
    store = store_of(cluster)
    with kept(cluster) as seen, Audited(cluster, store, "renewal") as book:
        before = secret.leaf
        assert [shown(server) for server in servers] == [before] * 6
        secret.renew()
        until(lambda: [shown(node) for node in cluster.nodes] == [secret.leaf] * 3, CHECK * 2)
        until(lambda: len(seen.ended) == 3, CHECK * 6)
        until(lambda: [shown(server) for server in servers] == [secret.leaf] * 6, 10)
        cluster.wait_healthy(30)
    store.close()
    assert (seen.ended, seen.most) == ([1, 2, 3], 1)
    assert [node.pid for node in cluster.nodes] == runs
    assert book.writer.errors == []


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
    with kept(cluster) as seen:
        until(lambda: seen.ended == [1, 2, 3], CHECK * 6)


def test_files_that_do_not_fit_leave_what_is_served(cluster: RedisCluster, secret: Secret) -> None:
    cluster.wait_healthy(60)
    before = shown(cluster.nodes[0])
    shutil.copy(secret.tls.cert, f"{secret.tls.key}.new")  # a certificate in the key's place
    Path(f"{secret.tls.key}.new").replace(secret.tls.key)
    until(lambda: "can't be renewed" in cluster.guardian(1).log.read_text(), CHECK * 2)
    assert shown(cluster.nodes[0]) == before
    cluster.wait_healthy(30)


def test_what_was_written_in_plain_text_is_there_after_a_change_to_tls(secret: Secret, tmp_path: Path) -> None:
    engine, users, place = need("debian-redis"), Users(), tmp_path / "cluster"
    for tls in (None, secret.tls, None):
        with RedisCluster(place, binary=engine.path, users=users, tls=tls) as cluster:
            cluster.wait_healthy(60)
            store = store_of(cluster)
            with store.durable(repeatable=True) as pipeline:
                pipeline.set(f"written:{tls}", "1")
            assert store.redis.get("written:None") == "1"
            store.close()
