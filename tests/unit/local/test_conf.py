from pathlib import Path

import pytest

from app.local.conf import DOWN_AFTER_MS, TIMINGS, quote, read_sentinel, render_redis, render_sentinel, sentinel_id


def test_a_member_boots_as_a_replica_of_nowhere_and_needs_a_replica_to_write(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(("text", "quoted"), [("a b", '"a b"'), ('"', '"\\""'), ("\\", '"\\\\"')])
def test_quoting(text: str, quoted: str) -> None:
    assert quote(text) == quoted


def test_what_a_sentinel_file_says_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.conf"
    path.write_text(render_sentinel(1, 7101, tmp_path, primary=7003, epoch=4))
    known = read_sentinel(path)
    assert known
    assert (known.port, known.primary, known.epoch) == (7101, 7003, 4)


def test_no_usable_sentinel_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.conf"
    assert read_sentinel(path) is None
    path.write_text("port 7101\n")
    assert read_sentinel(path) is None


def test_sentinel_ids_are_fixed_and_differ() -> None:
    assert sentinel_id(1) == sentinel_id(1)
    assert len({sentinel_id(ordinal) for ordinal in range(1, 10)}) == 9
    assert len(sentinel_id(1)) == 40


def test_the_timings_keep_clear_of_both_traps() -> None:
    assert 250 <= TIMINGS["ping-period"] <= DOWN_AFTER_MS / 2
