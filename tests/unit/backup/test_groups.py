from __future__ import annotations

import inspect

import pytest

from app.backup.groups import CACHE, GROUPS, OTHERS, brought_back, group_of
from app.store import keys

MAKERS = [
    value
    for name, value in inspect.getmembers(keys, inspect.isfunction)
    if name != "channel"  # publish/subscribe stores nothing
]
CONSTANTS = [
    value
    for name, value in inspect.getmembers(keys)
    if isinstance(value, str) and value.startswith(f"{keys.PREFIX}:") and name.isupper()
]


@pytest.mark.parametrize("maker", MAKERS)
def test_every_kind_of_key_has_a_group(maker: object) -> None:
    assert callable(maker)
    name = maker(*["x"] * len(inspect.signature(maker).parameters))
    assert group_of(name.encode()) is not OTHERS


@pytest.mark.parametrize("name", CONSTANTS)
def test_every_fixed_key_has_one_too(name: str) -> None:
    assert group_of(name.encode()) is not OTHERS


@pytest.mark.parametrize(
    ("key", "group"),
    [
        (b"haven:tasks:gate:mail", "held tasks"),
        (b"haven:tasks:gates", "task state"),
        (b"haven:tasks:workers", "workers"),
        (b"haven:tasks:task:1", "tasks"),
        (b"haven:user:1:sessions", "users"),
        (b"haven:eventlog:all", "events"),
        (b"haven:eventcursor:subscriber", "event places"),
        (b"shop:cart:1", "others"),
        (b"\xff\x00", "others"),
    ],
)
def test_the_longest_beginning_decides(key: bytes, group: str) -> None:
    assert group_of(key).name == group


def test_what_belongs_to_the_old_installation_stays_there() -> None:
    plain, warm = brought_back(False), brought_back(True)
    assert {group.name for group in warm - plain} == {CACHE}
    left = {group.name for group in GROUPS} - {group.name for group in warm}
    assert left == {"workers", "leases", "presence", "guardian", "backups", "drills"}
    assert all(group.left_out for group in GROUPS if group not in plain)


def test_what_workers_begin_at_once_comes_last() -> None:
    assert {group.name for group in GROUPS if group.last} == {
        "waiting tasks", "delayed tasks", "held tasks", "dead tasks",
    }  # fmt: skip
