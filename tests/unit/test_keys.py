from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

from app.store import keys

if TYPE_CHECKING:
    from collections.abc import Callable

MAKERS = [value for _, value in inspect.getmembers(keys, inspect.isfunction)]
CONSTANTS = ["TASK_DELAYED", "TASK_DEAD"]


def make(maker: Callable[..., str], text: str) -> str:
    return maker(*[text] * len(inspect.signature(maker).parameters))


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("text", ["", "x", "a:b", "🏮", "*", "two\nlines"])
def test_every_key_is_in_the_products_space_and_a_domain(maker: Callable[..., str], text: str) -> None:
    product, domain, rest = make(maker, text).split(":", 2)
    assert product == "haven"
    assert domain.isalpha()
    assert text in rest


def test_fixed_keys_are_in_the_products_space_too() -> None:
    for name in CONSTANTS:
        assert getattr(keys, name).startswith("haven:")


def test_no_two_kinds_of_keys_meet() -> None:
    made = [make(maker, "x") for maker in MAKERS] + [getattr(keys, name) for name in CONSTANTS]
    assert len(set(made)) == len(made)
