"""How tasks are shown to people: aligned columns, times in UTC, ages that can be read."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.local.words import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.local.terminal import Terminal
    from app.tasks.operate.rows import Row

GAP = "  "
LONGEST_ERROR = 120  # all of it is in `haven tasks show`
HEADS = ("ID", "TASK", "QUEUE", "STATUS", "SINCE", "AGE", "ATTEMPTS", "DETAIL")


def moment(seconds: float | None) -> str:
    """Say a time: `2026-01-31 03:00:00Z`."""
    return "-" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}Z"


def ago(seconds: float | None) -> str:
    """Say how long ago a time was."""
    return "-" if seconds is None else span(max(0.0, time.time() - seconds))


def until(seconds: float | None) -> str:
    """Say how long it is until a time."""
    left = 0.0 if seconds is None else seconds - time.time()
    return "now" if left <= 0 else f"in {span(left)}"


def count(number: int, noun: str) -> str:
    """Say how many: `1 task`, `1,234 tasks`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def tidy(text: object) -> str:
    """A text from elsewhere on one line, without what would steer a terminal."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())


def table(terminal: Terminal, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write columns, those of numbers to the right."""
    cells = [[tidy(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [list(heads), *cells]) for column in range(len(heads))]
    right = [
        bool(cells) and all(row[column].replace(",", "").isdigit() for row in cells) for column in range(len(heads))
    ]
    for place, row in enumerate([list(heads), *cells]):
        padded = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        text = GAP.join(padded).rstrip()
        terminal.line(terminal.heading(text) if place == 0 else text)


def task_cells(row: Row) -> tuple[object, ...]:
    """A task's line under :data:`HEADS`."""
    since = (moment(row.since_at), ago(row.since_at))
    return (row.id, row.name, row.queue, row.status, *since, row.attempts, _detail(row))


def _detail(row: Row) -> str:
    parts = []
    if row.status == "running":
        told = f"{row.worker}, sign of life {span(row.silent_seconds or 0)} ago"
        parts.append(told if row.worker else "handed back, the next worker takes it")
    if row.due_at is not None:
        parts.append(f"due {moment(row.due_at)} ({until(row.due_at)})")
    if row.limit:
        parts.append(f"limit of {row.limit}")
    if row.error:
        parts.append(row.error if len(row.error) <= LONGEST_ERROR else row.error[: LONGEST_ERROR - 1] + "…")
    return "; ".join(parts)
