from __future__ import annotations

from app.store.discovery import held_for_down, newest
from app.store.sentinel import View
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
