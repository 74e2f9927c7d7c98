from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.cache import MISS, Cache, cache_result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask


@pytest.fixture
def context(app: Flask) -> Iterator[Cache]:
    with app.app_context():
        found: Cache = app.extensions["haven"].cache
        yield found


def test_keyword_positional_and_default_arguments_are_the_same_call(context: Cache) -> None:
    calls = []

    @cache_result("area", ttl=60)
    def area(width: int, height: int = 2, *more: int, unit: str = "m", **rest: int) -> str:
        calls.append((width, height))
        return f"{width * height}{unit}{more}{rest}"

    first = area(1)
    for again in (area(1, 2), area(width=1), area(height=2, width=1), area(1, unit="m")):
        assert again == first
    assert len(calls) == 1
    others = {area(2, 1), area(1, 2, 3), area(1, unit="cm"), area(1, a=1, b=2)}
    assert len(others) == 4
    assert area(1, b=2, a=1) in others
    assert len(calls) == 5
    assert context.get("nothing") is MISS
    assert area.__name__ == "area"


@pytest.mark.usefixtures("context")
def test_equal_arguments_that_json_tells_apart_are_different_calls() -> None:
    @cache_result("thing", ttl=60)
    def thing(of: object, more: object = None) -> str:
        return repr(of) if more is None else repr((of, more))

    for _ in range(2):
        for pair in ((1, 2), (True, 2), (1, "2"), (0, 1), (False, True)):
            assert thing(*pair) == repr(pair)
        for each in (1, True, 1.0, "1", None, "null", 0, False, 0.0, -0.0, [1], [True], ""):
            assert thing(each) == repr(each)
    assert thing((1,)) == thing([1])


@pytest.mark.usefixtures("context")
def test_an_argument_that_json_can_not_say_gets_a_clear_error() -> None:
    @cache_result("thing", ttl=60)
    def thing(of: object) -> str:
        return str(of)

    for odd in (object(), {1, 2}, b"bytes", {(1, 2): 3}, {1: 1, "1": 2}):
        with pytest.raises(TypeError, match="arguments that JSON can say"):
            thing(odd)
    with pytest.raises(TypeError, match="missing"):
        thing()  # type: ignore[call-arg]


def test_tags_may_come_from_the_arguments(context: Cache) -> None:
    calls = []

    @cache_result("product", ttl=60, tags=lambda product_id: [f"product:{product_id}", "products"])
    def product(product_id: int) -> int:
        calls.append(product_id)
        return product_id

    assert [product(number) for number in (1, 2, 1, 2)] == [1, 2, 1, 2]
    assert calls == [1, 2]
    context.invalidate_by_tag("product:1")
    assert [product(1), product(2)] == [1, 2]
    assert calls == [1, 2, 1]
    context.invalidate_by_tag("products")
    assert [product(1), product(product_id=2)] == [1, 2]
    assert calls == [1, 2, 1, 1, 2]


@pytest.mark.usefixtures("context")
def test_a_function_that_raises_is_not_cached() -> None:
    calls = []

    @cache_result("broken", ttl=60, tags=["tag"])
    def broken() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise LookupError("not yet")
        return "now"

    for _ in range(2):
        with pytest.raises(LookupError):
            broken()
    assert broken() == broken() == "now"
    assert len(calls) == 3
