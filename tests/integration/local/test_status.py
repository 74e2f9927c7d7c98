import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.local import RedisCluster, RedisServer
from app.local.cli import doctor, reset, status
from app.local.ports import free_ports
from app.local.state import Claim
from app.store import keys


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("REDIS_SENTINEL_HOSTS", "REDIS_SENTINEL_MASTER", "HAVEN_ENV", "HAVEN_DATA", "REDIS_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'haven.db'}")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path / "redis", password="hunter2") as started:
        hosts = ",".join(f"{host}:{port}" for host, port in started.sentinels)
        monkeypatch.setenv("REDIS_SENTINEL_HOSTS", hosts)
        monkeypatch.setenv("REDIS_SENTINEL_MASTER", started.master_name)
        monkeypatch.setenv("REDIS_PASSWORD", "hunter2")
        yield started


def run_status() -> Result:
    return CliRunner().invoke(status, ["--json"])


def test_a_healthy_and_a_degraded_cluster_from_the_environment(cluster: RedisCluster) -> None:
    client = cluster.primary().client
    client.xadd(keys.task_stream("high"), {"task": "1"})
    client.zadd(keys.TASK_DELAYED, {"later": 1})
    done = run_status()
    found = json.loads(done.output)
    assert (done.exit_code, found["status"], found["problems"]) == (0, "healthy", [])
    assert sorted(node["role"] for node in found["redis"]) == ["primary", "replica", "replica"]
    # a busy disk holds replicas up for seconds: what counts is that their lag is known, and a lag rather than a time
    assert all(0 <= node["lag_seconds"] < 30 for node in found["redis"] if node["role"] == "replica")
    assert [sentinel["quorum"] for sentinel in found["sentinels"]] == [2, 2, 2]
    depths = {queue["name"]: queue["depth"] for queue in found["queues"]}
    assert depths == {"high": 1, "normal": 0, "low": 0, "delayed": 1}
    assert found["queues"][0]["age"] < 30

    checked = CliRunner().invoke(doctor, ["--json"])
    failed = [check["name"] for check in json.loads(checked.output)["checks"] if check["level"] == "fail"]
    assert failed == ["database"]
    assert checked.exit_code == 1

    table = CliRunner().invoke(status, []).output
    for words in ("REDIS", "primary", "SENTINEL", "2 of 3", "QUEUE", "healthy"):
        assert words in table

    cluster.node(3).kill()
    assert run_status().exit_code == 1


def test_a_single_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RedisServer(tmp_path / "single") as server:
        monkeypatch.setenv("REDIS_PORT", str(server.port))
        assert run_status().exit_code == 0
        output = CliRunner().invoke(doctor, []).output
    assert "one primary" in output
    assert "-> haven migrate" in output


def test_nothing_reachable_and_a_wrong_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PORT", str(free_ports(1)[0]))
    assert run_status().exit_code == 2
    monkeypatch.setenv("REDIS_PORT", "many")
    assert run_status().exit_code == 2
    checked = CliRunner().invoke(doctor, [])
    assert checked.exit_code == 1
    assert "REDIS_PORT" in checked.output


def test_a_silent_redis_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("REDIS_PORT", str(silent.getsockname()[1]))
        assert run_status().exit_code == 2


def test_reset_asks_and_removes_only_what_is_ours(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "redis-1").mkdir(parents=True)
    assert CliRunner().invoke(reset, ["--data", str(data)], input="n\n").exit_code == 1
    assert data.exists()
    claim = Claim(data)
    assert CliRunner().invoke(reset, ["--data", str(data), "--yes"]).exit_code != 0
    assert data.exists()
    claim.release()
    assert CliRunner().invoke(reset, ["--data", str(data), "--yes"]).exit_code == 0
    assert not data.exists()
    assert CliRunner().invoke(reset, ["--data", str(data), "--yes"]).exit_code == 0
    (tmp_path / "photos").mkdir()
    refused = CliRunner().invoke(reset, ["--data", str(tmp_path / "photos"), "--yes"])
    assert refused.exit_code == 1
    assert (tmp_path / "photos").exists()
