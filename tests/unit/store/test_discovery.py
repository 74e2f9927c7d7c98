from __future__ import annotations

import pytest

from app.errors import NoPrimary
from app.store.discovery import SentinelTopology
from app.store.sentinel import Replica, View, held_for_down, newest
from app.store.topology import Address

A, B, C = Address("a", 1), Address("b", 2), Address("c", 3)


def view(primary: Address, epoch: int = 1, *, down: bool = False) -> View:
    return View(primary, epoch, down, ())


def test_the_newest_answer_counts_even_against_a_majority() -> None:
    assert newest([view(A), view(A), view(B, epoch=2)]).primary == B


def test_among_equals_the_majority_counts() -> None:
    assert newest([view(A), view(B), view(B)]).primary == B


def test_a_primary_is_down_when_most_of_those_who_name_it_say_so() -> None:
    assert held_for_down([view(A, down=True), view(A, down=True), view(A)], A)
    assert not held_for_down([view(A, down=True), view(A)], A)
    assert not held_for_down([view(A, down=True), view(B, epoch=2)], B)


class Rehearsed(SentinelTopology):
    """A topology whose Sentinels and nodes say what the test wants; nothing is connected."""

    def __init__(self) -> None:
        super().__init__([A], "m", timeout=0.1, sentinel_options={}, node_options={}, tls=False)
        self.said = [view(A)]
        self.sentinels.views = lambda: self.said  # type: ignore[method-assign]
        self.masters: list[Address] = []
        self.moves: list[Address] = []
        self.on_switch(self.moves.append)

    def _masters(self, nodes: set[Address]) -> list[Address]:
        return [node for node in self.masters if node in nodes]

    def _warm_up(self) -> None:
        """No threads."""


def test_what_the_sentinels_name_is_no_news_until_the_node_confirms_it() -> None:
    topology = Rehearsed()
    topology.confirm(A)
    topology.confirm(B)  # found by its ROLE, before the Sentinels publish it
    assert topology.primary() == A  # the former primary is back, and still named
    assert topology.moves == [A, B]
    topology.close()


def test_a_named_node_that_says_no_lets_a_promoted_one_be_found() -> None:
    topology = Rehearsed()
    topology.said = [View(A, 1, down=False, replicas=(Replica(B), Replica(C)))]
    topology.masters = [B]
    topology.refute(A)
    assert topology.primary() == B
    topology.confirm(B)
    topology.masters = []
    topology.refute(A)
    with pytest.raises(NoPrimary, match="a:1"):
        topology.primary()
    assert topology.primary() == A  # asked again: it may be the primary by now
    topology.close()


def test_a_primary_held_for_down_is_not_used_even_if_it_answers() -> None:
    topology = Rehearsed()
    topology.said = [View(A, 1, down=True, replicas=(Replica(B), Replica(C)))] * 2
    topology.masters = [A]
    with pytest.raises(NoPrimary):
        topology.primary()
    topology.masters = [A, C]
    assert topology.primary() == C
    topology.close()
