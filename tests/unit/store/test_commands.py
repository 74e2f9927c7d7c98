from __future__ import annotations

from typing import Any

import pytest

from app.store.commands import REPEATABLE, block_seconds, is_repeatable


@pytest.mark.parametrize(
    "args",
    [
        ("GET", "a"),
        ("SET", "a", "1"),
        ("SET", "a", "NX"),  # a value that looks like an option
        ("SET", "a", "1", "PX", 5),
        ("HSET", "a", "b", "c"),
        ("DEL", "a"),
        ("ZADD", "z", 1, "m"),
        ("CONFIG GET", "maxmemory"),
    ],
)
def test_reads_and_idempotent_writes_may_be_repeated(args: tuple[Any, ...]) -> None:
    assert is_repeatable(args)


@pytest.mark.parametrize(
    "args",
    [
        ("INCR", "a"),
        ("LPUSH", "a", "1"),
        ("RPOP", "a"),
        ("SET", "a", "1", "NX"),
        ("SET", "a", "1", "EX", 5, "GET"),
        ("ZADD", "z", "INCR", 1, "m"),
        ("XADD", "s", "*", "f", "v"),
        ("EVALSHA", "abc", 0),
        ("PUBLISH", "c", "m"),
        ("GETDEL", "a"),
        ("SOMETHING NEW",),
    ],
)
def test_everything_else_is_not_repeated(args: tuple[Any, ...]) -> None:
    assert not is_repeatable(args)


def test_no_command_that_takes_something_away_counts_as_repeatable() -> None:
    taking = {"LPOP", "RPOP", "SPOP", "GETDEL", "LMOVE", "INCR", "APPEND", "RENAME", "XADD", "XREADGROUP", "XCLAIM"}
    assert not taking & REPEATABLE


@pytest.mark.parametrize(
    ("args", "seconds"),
    [
        (("GET", "a"), None),
        (("BLPOP", "a", "b", 2.5), 2.5),
        (("BRPOP", "a", 0), float("inf")),
        (("BLMPOP", 3, 1, "a", "LEFT"), 3.0),
        (("XREAD", "COUNT", 1, "BLOCK", 1500, "STREAMS", "s", "$"), 1.5),
        (("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"), None),
        (("XREAD", b"BLOCK", 0, b"STREAMS", "s", "$"), float("inf")),
    ],
)
def test_how_long_a_command_blocks(args: tuple[Any, ...], seconds: float | None) -> None:
    assert block_seconds(args) == seconds
