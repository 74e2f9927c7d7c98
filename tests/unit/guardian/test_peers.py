from __future__ import annotations

import pytest

from app.guardian.facts import Freshness
from app.guardian.peers import coordinates, parse_freshness


def test_a_heartbeat_is_read_as_it_was_written() -> None:
    assert parse_freshness("3 17 1795539612335") == Freshness(3, 17, 1_795_539_612_335)


@pytest.mark.parametrize("reply", [None, "", "3 17", "a b c", "1 2 3 4", 7, RuntimeError("LOADING")])
def test_anything_else_is_no_data_of_ours(reply: object) -> None:
    assert parse_freshness(reply) == Freshness()


def test_the_clock_decides_nothing() -> None:
    assert Freshness(1, 2, 9_999).rank == Freshness(1, 2, 0).rank
    assert Freshness(2, 0).rank > Freshness(1, 999).rank


@pytest.mark.parametrize(
    ("version", "knows"), [("8.1.4", False), ("9.0.0", False), ("9.0.1", True), ("9.1.2", True), ("", False)]
)
def test_only_valkey_from_9_0_1_on_coordinates(version: str, knows: bool) -> None:  # noqa: FBT001
    assert coordinates(version) is knows


@pytest.mark.parametrize(
    ("mark", "count"), [("41", 41), (None, 0), ("", 0), ("x", 0), (7, 0), (RuntimeError("NOPERM"), 0)]
)
def test_the_mark_counts_durable_writes_and_nothing_else_is_one(mark: object, count: int) -> None:
    assert parse_freshness("3 17 5", mark) == Freshness(3, 17, 5, count)
    assert parse_freshness(None, mark).rank == (0, 0, count)
