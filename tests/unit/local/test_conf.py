from pathlib import Path

from app.local.conf import names_ports, render_redis


def test_a_member_boots_as_a_replica_of_nowhere_that_nobody_promotes(tmp_path: Path) -> None:
    lines = render_redis(7001, tmp_path).splitlines()
    for line in (
        "bind 127.0.0.1",
        "port 7001",
        "appendonly yes",
        "appendfsync everysec",
        "min-replicas-to-write 1",
        "min-replicas-max-lag 2",
        "repl-backlog-size 64mb",
        "maxmemory-policy noeviction",
        "replicaof 127.0.0.1 1",
        "replica-priority 0",
    ):
        assert line in lines
    assert not any("requirepass" in line for line in lines)


def test_a_single_server_is_a_primary(tmp_path: Path) -> None:
    text = render_redis(7001, tmp_path, replica=False)
    assert "replicaof" not in text
    assert "min-replicas" not in text


def test_a_password_is_for_clients_and_for_replication(tmp_path: Path) -> None:
    text = render_redis(7001, tmp_path, 'a"b')
    assert 'requirepass "a\\"b"' in text
    assert 'masterauth "a\\"b"' in text


def test_what_a_sentinel_file_says_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.conf"
    path.write_text("port 7101\nsentinel monitor haven 127.0.0.1 7003 2\n")
    assert names_ports(path) == (7101, 7003)
    path.write_text("port 0\ntls-port 7102\nsentinel monitor haven 127.0.0.1 7003 2\n")
    assert names_ports(path) == (7102, 7003)


def test_no_usable_sentinel_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.conf"
    assert names_ports(path) is None
    path.write_text("port 7101\n")
    assert names_ports(path) is None
