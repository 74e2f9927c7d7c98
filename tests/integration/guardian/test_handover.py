"""A planned handover: no lost write, a short gap, and clear words when it can't be done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.integration.guardian.audit import Audited, ordinal, primaries, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local import RedisCluster
    from app.local.guardians import GuardianNode


def of_primary(cluster: RedisCluster) -> GuardianNode:
    return cluster.guardian(ordinal(cluster, cluster.primary()))


def handover_when_calm(cluster: RedisCluster, to: str | None = None) -> tuple[int, dict[str, Any]]:
    """The Sentinel that led the last failover may still be at its end."""
    end = time.monotonic() + 20
    while True:
        code, body = of_primary(cluster).hand_over(to)
        if "under way" not in body["reason"] or time.monotonic() > end:
            return code, body
        time.sleep(0.2)


def haven(
    cluster: RedisCluster, *words: str, guardian: int | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    hosts = ",".join(f"127.0.0.1:{each.port}" for each in cluster.guardians)
    own = {"HAVEN_GUARDIAN_HOSTS": hosts, "HAVEN_GUARDIAN_TOKEN": cluster.token, "HAVEN_DATA": "/nonexistent"}
    if guardian is not None:
        own["HAVEN_OPS_PORT"] = str(cluster.guardian(guardian).port)
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "handover", *words],
        env={**os.environ, **own, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_to_the_node_of_choice_without_a_lost_write(cluster: RedisCluster, audited: Callable[[], Audited]) -> None:
    old = cluster.primary()
    with audited() as book:
        for _ in range(2):
            before = cluster.primary()
            to = next(node for node in cluster.nodes if node is not before)
            since = time.monotonic()
            code, body = handover_when_calm(cluster, to.name)
            assert (code, body["result"], body["after"]) == (200, "done", to.name), body
            assert cluster.primary() is to
            assert not before.is_primary
            assert book.writer.gap(since) < 1.5  # typically 0.2 s; see `make bench-failover`
            cluster.wait_healthy()
    assert book.writer.errors == []
    for node in cluster.nodes:  # nothing is left of the marks that the handover makes
        assert node.client.config_get("replica-priority")["replica-priority"] == "100"
    assert cluster.guardian(ordinal(cluster, old)).report()["last_handover"]["result"] == "done"


def test_the_command_says_what_it_did_and_exits_with_it(cluster: RedisCluster) -> None:
    before = cluster.primary()
    until(lambda: not of_primary(cluster).report()["failover_under_way"])
    done = haven(cluster)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "done: redis-" in done.stdout
    until(lambda: cluster.primary() is not before)
    cluster.wait_healthy()
    unknown = haven(cluster, "--to", "redis-9", "--json")
    assert unknown.returncode == 3
    assert json.loads(unknown.stdout)["reason"] == "there is no node 'redis-9': choose one of redis-1, redis-2, redis-3"
    same = haven(cluster, "--to", cluster.primary().name)
    assert same.returncode == 3
    assert "is the primary already" in same.stdout
    wrong = haven(cluster, HAVEN_GUARDIAN_TOKEN="x" * 20)
    assert wrong.returncode == 1
    assert "wrong token" in wrong.stderr
    nobody = haven(cluster, HAVEN_GUARDIAN_HOSTS="127.0.0.1:1")
    assert nobody.returncode == 1
    assert "no guardian answers at 127.0.0.1:1" in nobody.stderr


def test_the_hook_hands_over_only_from_the_primary(cluster: RedisCluster) -> None:
    primary = cluster.primary()
    replica = next(place for place in (1, 2, 3) if cluster.node(place) is not primary)
    idle = haven(cluster, "--if-primary", guardian=replica)
    assert (idle.returncode, "nothing to hand over" in idle.stdout) == (0, True)
    assert cluster.primary() is primary
    until(lambda: not of_primary(cluster).report()["failover_under_way"])
    done = haven(cluster, "--if-primary", guardian=ordinal(cluster, primary))
    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: cluster.primary() is not primary)


def test_it_is_refused_when_no_replica_is_fit(cluster: RedisCluster, audited: Callable[[], Audited]) -> None:
    primary = cluster.primary()
    others = [node for node in cluster.nodes if node is not primary]
    for node in others:
        node.kill()
    until(lambda: of_primary(cluster).report()["nodes"][others[0].name] is None)
    code, body = of_primary(cluster).hand_over()
    assert code == 409
    assert body["result"] == "refused"
    assert f"{others[0].name} does not answer" in body["reason"]
    assert primary.is_primary
    for node in others:
        node.start()
    with audited() as book:
        book.writer.until_back(time.monotonic(), 20)
    assert cluster.primary() is primary


def test_a_guardian_of_a_replica_refuses(cluster: RedisCluster) -> None:
    place = next(place for place in (1, 2, 3) if cluster.node(place) is not cluster.primary())
    code, body = cluster.guardian(place).hand_over()
    assert code == 409
    assert "is not the primary" in body["reason"]


def test_a_candidate_that_freezes_in_the_middle_costs_time_and_no_write(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    primary = cluster.primary()
    candidate = next(node for node in cluster.nodes if node is not primary)
    sentinel = cluster.sentinel(ordinal(cluster, candidate))
    answers: list[tuple[int, dict[str, Any]]] = []
    with audited() as book:
        book.least = 20
        thread = threading.Thread(target=lambda: answers.append(handover_when_calm(cluster, candidate.name)))
        thread.start()
        until(lambda: "failover_in_progress" in sentinel.view()["flags"])
        candidate.freeze()  # the Sentinel has chosen it, and it may have been told already or not
        thread.join(40)
        candidate.thaw()
        time.sleep(3)
    assert answers[0][1]["result"] in {"done", "timed out"}
    assert len(primaries(cluster)) == 1


def test_a_guardian_killed_in_the_middle_leaves_no_pause_behind(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    primary = cluster.primary()
    guardian = of_primary(cluster)
    with audited() as book:
        since = time.monotonic()
        thread = threading.Thread(target=swallow, args=(guardian.hand_over,))
        thread.start()
        until(lambda: "handover.begins" in guardian.log.read_text().rpartition("handover.ended")[2])
        time.sleep(0.1)
        guardian.kill()
        thread.join(10)
        book.writer.until_back(since, 20)
        guardian.start()
    assert len(primaries(cluster)) == 1
    assert primary.alive


def swallow(call: Callable[[], object]) -> None:
    try:
        call()
    except Exception:  # noqa: BLE001 - its other end was killed
        return


def test_two_at_once_are_one(cluster: RedisCluster) -> None:
    until(lambda: not of_primary(cluster).report()["failover_under_way"])
    guardian = of_primary(cluster)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(guardian.hand_over()[0])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409]


def test_nobody_hands_over_without_the_token(cluster: RedisCluster) -> None:
    primary = cluster.primary()
    url = f"http://127.0.0.1:{of_primary(cluster).port}/handover"
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": cluster.token[:-1]}):
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="POST", headers=headers), timeout=5)
        except urllib.error.HTTPError as error:
            assert error.code == 401  # noqa: PT017 - the answer is in the error
        else:
            raise AssertionError("it was let in")
    assert cluster.primary() is primary
