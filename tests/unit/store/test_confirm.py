from __future__ import annotations

from typing import Any

import pytest

from app.errors import PrimaryInDoubt
from app.store.confirm import make_certain
from app.store.topology import Address

REPLICAS = 2


class Doubted:
    """Stands in for a connection and its topology: says in turn whether the node is primary, and who has confirmed."""

    address = Address("redis", 6379)
    replicas = REPLICAS

    def __init__(self, *, holds: list[bool], confirmed: list[int]) -> None:
        self.topology = self
        self._holds = holds
        self._confirmed = confirmed

    def holds(self, address: Address, sent: float) -> bool:
        assert (address, sent) == (self.address, 1.0)
        return self._holds.pop(0)

    def ask(self, packed: bytes) -> int:
        assert b"WAIT" in packed
        return self._confirmed.pop(0)


def check(holds: list[bool], confirmed: list[int], before: int = 1) -> None:
    connection: Any = Doubted(holds=holds, confirmed=confirmed)
    make_certain(connection, 1.0, before, 0.3)
    assert holds == []
    assert confirmed == []


def test_what_the_sentinels_vouch_for_is_certain() -> None:
    check([True], [])


def test_what_every_replica_has_is_certain() -> None:
    check([False], [], REPLICAS)
    check([False], [REPLICAS])


def test_the_sentinels_are_asked_once_more_before_it_is_written_again() -> None:
    check([False, True], [1])
    check([False, False], [1, REPLICAS])


def test_what_nobody_vouches_for_is_in_doubt() -> None:
    with pytest.raises(PrimaryInDoubt, match=f"1 of {REPLICAS} replicas confirmed"):
        check([False, False], [1, 1])
