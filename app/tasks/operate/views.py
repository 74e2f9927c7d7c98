"""What single commands of `haven tasks` show to people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from app.local.terminal import Terminal
from app.local.words import span
from app.tasks.operate.console import say
from app.tasks.operate.tables import ago, count, moment, table, tidy, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.tasks.operate.ledger import Details
    from app.tasks.operate.overview import Overview, Timing


def details(found: Details) -> None:
    """One task, a line for each thing that is known."""
    info = found.info
    at = {"enqueued": info.enqueued_at, "ended": info.finished_at}
    lines: dict[str, object] = {
        "id": info.id,
        "task": info.name,
        "status": f"{info.status}, was told to stop" if found.cancelling else info.status,
        "queue": info.queue,
        "attempts": info.attempts,
        "worker": info.worker,
        "limit": found.limit,
        **{name: seconds and f"{moment(seconds)} ({ago(seconds)} ago)" for name, seconds in at.items()},
        "due": found.due_at and f"{moment(found.due_at)} ({until(found.due_at)})",
        "arguments": None if info.args is None else json.dumps(info.args, ensure_ascii=False),
        "result": json.dumps(info.result, ensure_ascii=False) if info.status == "done" else None,
        "error": info.error,
    }
    for name, value in lines.items():
        if value is not None:
            click.echo(f"{name:<10} {tidy(value)}")
    if found.replayable:
        say(f"haven tasks retry {info.id} runs it again.")


def overview(found: Overview) -> None:
    """The queues and everything else in numbers."""
    terminal = Terminal()
    rows = [
        (
            *(state.queue, f"{state.waiting:,}", f"{state.running:,}"),
            "-" if state.oldest_seconds is None else span(state.oldest_seconds),
            "paused" if state.paused else "",
        )
        for state in found.queues
    ]
    table(terminal, ("QUEUE", "WAITING", "RUNNING", "OLDEST WAITS", ""), rows)
    terminal.line()
    numbers = (found.delayed, sum(found.held.values()), found.dead, len(found.workers))
    table(terminal, ("DELAYED", "HELD", "DEAD", "WORKERS"), [[f"{number:,}" for number in numbers]])
    for limit, number in found.held.items():
        if number:
            terminal.line(f"The limit of {limit} holds {count(number, 'task')}.")
    if not found.workers:
        say("No worker is alive: start one with haven worker.")


def timings(found: Sequence[Timing]) -> None:
    """The schedules and their ticks."""
    rows = [
        (
            *(each.name, each.cron or "(not in this code)", each.zone or "-", each.task or "-"),
            *(moment(each.last_at), ago(each.last_at), moment(each.next_at)),
            until(each.next_at) if each.next_at else "",
        )
        for each in found
    ]
    heads = ("SCHEDULE", "CRON", "ZONE", "TASK", "LAST TICK", "AGE", "NEXT TICK", "")
    table(Terminal(), heads, rows)
