"""What a guardian reads from its own Redis for those who look on."""

from __future__ import annotations

import pytest

from app.guardian import vitals
from app.guardian.peers import parse_tilt

WELL = {
    "role": "master",
    "min_slaves_good_slaves": "2",
    "used_memory": "600",
    "mem_not_counted_for_evict": "100",
    "maxmemory": "1000",
    "maxmemory_policy": "noeviction",
    "sync_full": "3",
    "aof_enabled": "1",
    "aof_last_write_status": "ok",
    "aof_last_bgrewrite_status": "ok",
    "rdb_last_bgsave_status": "ok",
}


def test_what_counts_against_the_limit_is_without_what_replicas_wait_for() -> None:
    found = vitals.read(WELL)
    assert (found.memory_used, found.memory_limit, found.full_resyncs) == (500, 1000, 3)
    assert (found.failing, found.refuses, found.refused, found.unsaved_for) == ("", "", 0, 0.0)
    assert vitals.read({**WELL, "errorstat_OOM": "count=12"}).refused == 12


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"min_slaves_good_slaves": "0"}, "too few replicas"),
        ({"used_memory": "1100"}, "memory is at the limit"),
        ({"aof_last_write_status": "err"}, "can't be written"),
        ({"used_memory": "1099"}, ""),
        ({"used_memory": "9000", "maxmemory": "0"}, ""),
        ({"used_memory": "9000", "maxmemory_policy": "allkeys-lru"}, ""),
        ({"min_slaves_good_slaves": "0", "role": "slave"}, ""),
        ({"aof_last_write_status": "err", "aof_enabled": "0"}, ""),
    ],
)
def test_a_primary_refuses_writes_for_want_of_replicas_memory_or_a_disk(fields: dict[str, str], why: str) -> None:
    refuses = vitals.read({**WELL, **fields}).refuses
    assert why in refuses
    assert bool(why) == bool(refuses)


def test_one_that_needs_no_replica_does_not_count_them_and_refuses_nothing() -> None:
    assert vitals.read({name: value for name, value in WELL.items() if name != "min_slaves_good_slaves"}).refuses == ""


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"aof_last_write_status": "err"}, "append-only file can't be written"),
        ({"aof_last_bgrewrite_status": "err"}, "can't be rewritten"),
        ({"rdb_last_bgsave_status": "err"}, "snapshot"),
        ({"aof_last_bgrewrite_status": "err", "aof_enabled": "0"}, ""),
    ],
)
def test_a_disk_fails_by_the_last_write_rewrite_or_snapshot(fields: dict[str, str], what: str) -> None:
    failing = vitals.read({**WELL, **fields}).failing
    assert what in failing
    assert bool(what) == bool(failing)


@pytest.mark.parametrize(
    ("fields", "age"),
    [
        ({"aof_last_write_status": "err"}, None),
        ({"aof_enabled": "0", "rdb_changes_since_last_save": "0", "rdb_last_save_time": "10"}, 0.0),
        (
            {
                "aof_enabled": "0",
                "rdb_changes_since_last_save": "5",
                "rdb_last_save_time": "1000",
                "server_time_usec": "1060000000",
            },
            60.0,
        ),
    ],
)
def test_what_a_restart_would_find_is_as_old_as_the_last_save_by_that_servers_clock(
    fields: dict[str, str], age: float | None
) -> None:
    assert vitals.read({**WELL, **fields}).unsaved_for == age


@pytest.mark.parametrize(
    ("info", "tilt"),
    [
        ("# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\nsentinel_tilt_since_seconds:-1\r\n", False),
        ("# Sentinel\r\nsentinel_tilt:1\r\n", True),
        ("# Sentinel\r\n", None),
        (RuntimeError("NOPERM"), None),
    ],
)
def test_tilt_is_read_and_unknown_where_it_may_not_be_asked(info: object, tilt: bool | None) -> None:  # noqa: FBT001
    assert parse_tilt(info) is tilt
