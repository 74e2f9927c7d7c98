import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from redis.exceptions import RedisError

from app.local import LocalError, RedisCluster, RedisServer
from app.local.nodes import RedisNode, command


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path) as started:
        yield started


def until(condition: Callable[[], bool], timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while True:
        with suppress(LocalError, RedisError):
            if condition():
                return
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def primary_besides(cluster: RedisCluster, old: RedisNode) -> RedisNode:
    until(lambda: cluster.primary() is not old)
    return cluster.primary()


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_single_server_keeps_its_data_and_asks_for_its_password(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, password="hunter2 \" \\ '")
    with server:
        server.node.client.set("kept", "yes")
    with server:
        assert server.node.client.get("kept") == "yes"
        assert server.node.is_primary
    assert not server.node.alive


def test_a_server_that_refuses_to_end_for_a_moment_is_asked_again(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        client = server.node.client
        client.mset({f"key:{number}": "value" for number in range(50)})
        client.config_set("appendonly", "no")
        client.config_set("rdb-key-save-delay", 10_000)  # half a second for the first append-only file
        client.config_set("appendonly", "yes")
    assert "Writing initial AOF, can't exit" in server.node.log.read_text()
    assert server.node.status == 0


def test_a_new_cluster_has_its_first_node_as_primary_and_its_timings_set(cluster: RedisCluster) -> None:
    assert cluster.primary() is cluster.node(1)

    def timings(ordinal: int) -> tuple[str, str, str]:
        flat = command(cluster.sentinel(ordinal).client, "SENTINEL", "DEBUG")
        known = dict(zip(flat[::2], flat[1::2], strict=True))
        return known["PING-PERIOD"], known["INFO-PERIOD"], cluster.sentinel(ordinal).view()["down-after-milliseconds"]

    # the first primary takes its role with the Sentinels held, and releases them once each has heard of it
    until(lambda: [timings(ordinal) for ordinal in (1, 2, 3)] == [("300", "500", "600")] * 3, 10)


def test_a_killed_primary_is_replaced_and_comes_back_as_a_replica(cluster: RedisCluster) -> None:
    old = cluster.primary()
    old.client.set("kept", "yes")
    command(old.client, "WAIT", 2, 1000)
    old.kill()
    new = primary_besides(cluster, old)
    assert new.client.get("kept") == "yes"
    old.restart()
    cluster.wait_healthy()
    assert cluster.primary() is new
    assert not old.is_primary


def test_a_frozen_primary_returns_as_a_replica(cluster: RedisCluster) -> None:
    old = cluster.primary()
    old.freeze()
    new = primary_besides(cluster, old)
    old.thaw()
    cluster.wait_healthy()
    assert cluster.primary() is new


def test_a_primary_restarted_at_once_leaves_one_primary(cluster: RedisCluster) -> None:
    cluster.primary().client.set("kept", "yes")
    cluster.primary().restart()
    cluster.wait_healthy()
    assert cluster.primary().client.get("kept") == "yes"


def test_all_servers_killed_under_living_sentinels_recover_with_their_data(cluster: RedisCluster) -> None:
    cluster.primary().client.set("kept", "yes")
    for node in cluster.nodes:
        node.kill()
    for node in cluster.nodes:
        node.restart()
    cluster.wait_healthy()
    assert cluster.primary().client.get("kept") == "yes"


def test_a_primary_that_lost_its_disk_never_empties_the_others(cluster: RedisCluster) -> None:
    old = cluster.primary()
    until(lambda: old.heartbeat().sequence > 0)
    old.client.set("kept", "yes")
    command(old.client, "WAIT", 2, 1000)
    for node in cluster.nodes:
        node.kill()
    for file in (old.directory / "appendonlydir").iterdir():
        file.unlink()
    for node in cluster.nodes:
        node.restart()
    cluster.wait_healthy(60)
    assert cluster.primary() is not old
    assert cluster.primary().client.get("kept") == "yes"
    assert old.client.get("kept") == "yes"


def test_a_cold_start_keeps_the_data_and_the_primary(tmp_path: Path) -> None:
    cluster = RedisCluster(tmp_path, password="hunter2")
    with cluster:
        old = cluster.primary()
        old.kill()
        primary = primary_besides(cluster, old)
        old.restart()
        cluster.wait_healthy()
        primary.client.set("kept", "yes")
    with cluster:
        assert cluster.primary() is primary
        assert primary.client.get("kept") == "yes"


def test_a_cold_start_after_the_primary_lost_its_disk_takes_the_freshest(tmp_path: Path) -> None:
    cluster = RedisCluster(tmp_path)
    with cluster:
        old = cluster.primary()
        old.client.set("kept", "yes")
        until(lambda: cluster.node(2).heartbeat().sequence > 0 and cluster.node(3).heartbeat().sequence > 0)
    for file in (old.directory / "appendonlydir").iterdir():
        file.unlink()
    with cluster:
        assert cluster.primary() is not old
        assert old.client.get("kept") == "yes"


def test_the_data_moves_to_other_ports(tmp_path: Path) -> None:
    with RedisCluster(tmp_path) as cluster:
        cluster.primary().client.set("kept", "yes")
    with RedisCluster(tmp_path) as cluster:
        assert cluster.primary().client.get("kept") == "yes"


def test_stopping_twice_leaves_no_process(tmp_path: Path) -> None:
    cluster = RedisCluster(tmp_path)
    cluster.start()
    processes = [*cluster.nodes, *(cluster.sentinel(ordinal) for ordinal in (1, 2, 3))]
    cluster.node(2).freeze()
    cluster.stop()
    cluster.stop()
    assert all(process.pid and gone(process.pid) for process in processes)


def test_the_servers_die_with_a_killed_parent(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, time, threading\n"
        "from app.local import RedisCluster\n"
        "cluster = RedisCluster(pathlib.Path(sys.argv[1]))\n"
        "starter = threading.Thread(target=cluster.start)\n"
        "starter.start(); starter.join()\n"
        "print('up', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "up\n"
        pids = [int(file.read_text()) for file in tmp_path.glob("redis-*/*/pid")]
        assert len(pids) == 9
        assert not any(gone(pid) for pid in pids)
        parent.send_signal(signal.SIGKILL)
    until(lambda: all(gone(pid) for pid in pids), 5)
