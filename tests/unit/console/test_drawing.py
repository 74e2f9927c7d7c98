from __future__ import annotations

from itertools import combinations

import pytest

from app.ops.console.drawing import BOX, TALL, WIDTH, draw
from app.ops.console.look import Node, Picture, Sentinel


def replicas(count: int, of: str = "a:1") -> tuple[Node, ...]:
    return tuple(Node(f"r:{number}", "replica", follows=of, linked=number > 0) for number in range(count))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 8])
def test_nothing_overlaps_or_stands_outside(count: int) -> None:
    sentinels = tuple(Sentinel(f"s:{number}", "a:1") for number in range(count))
    drawing = draw(Picture(0.0, (Node("a:1", "primary", named=count), *replicas(count)), sentinels))
    boxes = [*drawing.sentinels, *drawing.nodes]
    assert len(boxes) == 1 + 2 * count
    for box in boxes:
        assert 0 <= box.x <= WIDTH - BOX
        assert 0 <= box.y <= drawing.height - TALL
    for one, other in combinations(boxes, 2):
        assert abs(one.x - other.x) >= BOX or abs(one.y - other.y) >= TALL


def test_a_named_primary_that_is_dead_stands_beside_the_one_that_took_over() -> None:
    dead, new = Node("a:1", named=3, trouble="refused"), Node("b:2", "primary")
    seen = tuple(Sentinel(f"s:{number}", "a:1", down=True) for number in range(3))
    drawing = draw(Picture(0.0, (dead, new, *replicas(1, of="b:2")), seen))
    places = {box.shows.address: box for box in drawing.nodes}
    assert places["a:1"].y == places["b:2"].y < places["r:0"].y
    assert {line.x2 for line in drawing.names} == {places["a:1"].middle}
    assert all(line.broken for line in drawing.names)
    assert [(line.x2, line.broken) for line in drawing.links] == [(places["b:2"].middle, True)]


def test_a_replica_of_nobody_known_has_no_line() -> None:
    assert draw(Picture(0.0, replicas(2, of="gone:1"))).links == []
