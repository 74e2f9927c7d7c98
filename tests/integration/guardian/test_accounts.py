"""Passwords are changed under running servers: nobody is refused for a moment, the former ones are worth nothing."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import AuthenticationError

from app.guardian.accounts import CHECK
from app.guardian.acl import AT_REDIS, AT_SENTINEL, Users, digest
from app.local import RedisCluster
from app.local.nodes import Node, command, connect
from tests.integration.engines import need
from tests.integration.guardian.audit import Audited
from tests.integration.guardian.conftest import store_of
from tests.integration.guardian.test_secured import certificates, refusals, servers
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Files:
    """The passwords as a kubelet mounts them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.directory.mkdir()
        self.former, self.next = Users(), Users()
        self.hold(self.former)

    def hold(self, *several: Users) -> None:
        """Let each file have a line of each of these."""
        for each in fields(Users):
            text = "".join(f"{getattr(users, each.name)}\n" for users in several)
            draft = self.directory / f"{each.name}.new"
            draft.write_text(text)
            draft.replace(self.directory / each.name)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "passwords")


@pytest.fixture(params=["debian-redis", "debian-valkey"])
def cluster(request: pytest.FixtureRequest, files: Files, tmp_path: Path) -> Iterator[RedisCluster]:
    engine = need(request.param)
    tls = certificates(tmp_path)
    with RedisCluster(
        tmp_path / "cluster", binary=engine.path, users=files.former, tls=tls, passwords=files.directory
    ) as made:
        yield made


def accepts(node: Node, user: str, password: str) -> bool:
    """Whether a server knows a user by that password; asked, not tried, as it counts whom it refused."""
    reply = command(node.client, "ACL", "GETUSER", user)
    known = dict(zip(reply[::2], reply[1::2], strict=True))
    return digest(password) in known["passwords"]


def everywhere(cluster: RedisCluster, users: Users) -> list[bool]:
    """Whether each server knows each user by its password."""
    passwords = asdict(users)
    found = []
    for node in servers(cluster):
        rights = AT_REDIS if node in cluster.nodes else AT_SENTINEL
        found += [accepts(node, user, passwords[user]) for user in rights]
    return found


def test_all_passwords_are_changed_and_nobody_notices(cluster: RedisCluster, files: Files) -> None:
    cluster.wait_healthy(60)
    store = store_of(cluster)
    runs = [server.pid for server in servers(cluster)]
    with Audited(cluster, store, "rotation") as book:
        assert all(everywhere(cluster, files.former))
        assert not any(everywhere(cluster, files.next))
        files.hold(files.former, files.next)
        until(lambda: all(everywhere(cluster, files.next)), CHECK * 3)
        assert all(everywhere(cluster, files.former)), "what everybody still uses goes on"
        files.hold(files.next, files.former)
        store.redis.connection_pool.disconnect()  # connections come and go
        cluster.wait_healthy(30)
        assert refusals(cluster) == []
        files.hold(files.next)
        until(lambda: not any(everywhere(cluster, files.former)), CHECK * 3)
        assert all(everywhere(cluster, files.next))
        store.redis.connection_pool.disconnect()
        with pytest.raises(AuthenticationError):
            connect(cluster.nodes[0].port, replace(cluster.access, users=files.former, passwords=None)).ping()
        for node in cluster.nodes:
            command(node.client, "ACL", "LOG", "RESET")
        code, outcome = cluster.guardian(cluster.nodes.index(cluster.primary()) + 1).hand_over()
        assert code == 200, outcome
        cluster.wait_healthy(30)
    assert book.writer.errors == []
    assert refusals(cluster) == []
    store.close()
    assert [server.pid for server in servers(cluster)] == runs, "none was started again"

    for ordinal in (1, 2, 3):  # its own file is all that a Sentinel knows at its next start
        cluster.sentinel(ordinal).restart()
    cluster.wait_healthy(60)
    assert all(everywhere(cluster, files.next))
    assert not any(everywhere(cluster, files.former))


def test_passwords_that_change_at_once_are_taken_too_and_rights_of_a_new_version(
    cluster: RedisCluster, files: Files
) -> None:
    """Without the step between, the nodes do it each in its own time; the guardian remembers how it gets in."""
    cluster.wait_healthy(60)
    for ordinal in (1, 2, 3):  # as an older version left it
        client = cluster.sentinel(ordinal).client
        command(client, "ACL", "SETUSER", "app", "-info")
        command(client, "SENTINEL", "FLUSHCONFIG")
        cluster.guardian(ordinal).kill()
        cluster.guardian(ordinal).start()
    sentinels = [cluster.sentinel(ordinal) for ordinal in (1, 2, 3)]

    def may_ask() -> bool:
        return all(command(each.client, "ACL", "DRYRUN", "app", "INFO") == "OK" for each in sentinels)

    until(may_ask, CHECK * 3)
    files.hold(files.next)
    until(lambda: all(everywhere(cluster, files.next)), CHECK * 3)
    cluster.wait_healthy(60)
    assert not any(everywhere(cluster, files.former))
