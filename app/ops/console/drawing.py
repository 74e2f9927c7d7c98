"""Where everything stands in the picture of the topology: Sentinels above, primaries in the middle, replicas below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ops.console.look import Node, Picture, Sentinel

WIDTH: Final = 360  # as wide as a small phone, so that its letters are as large there as they are meant
BOX: Final = 112
TALL: Final = 54
_IN_A_ROW: Final = 3
_GAP: Final = (WIDTH - _IN_A_ROW * BOX) // (_IN_A_ROW + 1)
_BETWEEN: Final = 36


@dataclass(frozen=True, slots=True)
class Box:
    """A server, and the upper left corner of its box."""

    x: int
    y: int
    shows: Node | Sentinel

    @property
    def middle(self) -> int:
        """Of its width."""
        return self.x + BOX // 2


@dataclass(frozen=True, slots=True)
class Line:
    """From one box to another; broken where there is no link, or where the Sentinel doubts."""

    x1: int
    y1: int
    x2: int
    y2: int
    broken: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and lines."""

    height: int
    sentinels: list[Box]
    nodes: list[Box]
    names: list[Line]
    links: list[Line]


def draw(picture: Picture) -> Drawing:
    """Lay it out."""
    leaders = [node for node in picture.nodes if node.leads]
    others = [node for node in picture.nodes if not node.leads]
    sentinels, y = _rows(picture.sentinels, 1)
    middle, y = _rows(leaders, y)
    below, y = _rows(others, y)
    places = {box.shows.address: box for box in (*middle, *below)}
    names = [
        Line(box.middle, box.y + TALL, places[seen.names].middle, places[seen.names].y, broken=seen.down)
        for box, seen in zip(sentinels, picture.sentinels, strict=True)
        if seen.names in places
    ]
    links = [
        Line(box.middle, box.y, places[node.follows].middle, places[node.follows].y + TALL, broken=not node.linked)
        for box, node in zip(below, others, strict=True)
        if node.follows in places
    ]
    return Drawing(max(y - _BETWEEN + 1, TALL), sentinels, [*middle, *below], names, links)


def _rows(servers: Sequence[Node | Sentinel], y: int) -> tuple[list[Box], int]:
    """Three in a row, in the middle of the width; and where the next row begins."""
    boxes: list[Box] = []
    for start in range(0, len(servers), _IN_A_ROW):
        row = servers[start : start + _IN_A_ROW]
        x = (WIDTH - len(row) * BOX - (len(row) - 1) * _GAP) // 2
        boxes += [Box(x + place * (BOX + _GAP), y, server) for place, server in enumerate(row)]
        y += TALL + (_BETWEEN if start + _IN_A_ROW >= len(servers) else _GAP * 2)
    return boxes, y
