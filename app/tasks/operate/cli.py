"""`haven tasks`: see what waits, runs and died, and change its course."""

# ruff: noqa: PLC0415 - commands import what they need, so that every other command starts quickly

from __future__ import annotations

import sys
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from app.store.keys import PRIORITIES
from app.tasks.operate.cli_dead import dead
from app.tasks.operate.console import NOTHING, common, configured, document, nothing, opened, say, sure
from app.tasks.operate.ledger import STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.tasks.operate.ledger import Ledger

_QUEUE = click.argument("queue", type=click.Choice(PRIORITIES))
_IDS = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@click.group()
def tasks() -> None:
    """See the tasks that wait, run and died; run them again, cancel them, hold queues.

    Exit code: 0 done, 1 an error, 2 wrong usage, 3 nothing matched or an id is unknown.
    """


tasks.add_command(dead)


@tasks.command("list")
@click.option("--queue", type=click.Choice(PRIORITIES), help="Only of this queue.")
@click.option("--status", type=click.Choice(STATUSES), help="Only these; delayed ones include retries.")
@click.option("--task", "name", metavar="NAME", help="Only of this function.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Of each status.")
@common
def list_tasks(
    queue: str | None, status: str | None, name: str | None, limit: int, data: Path, *, as_json: bool
) -> None:
    """List tasks that have not ended, and dead ones. Exit code 0, also when there are none."""
    from app.local.terminal import Terminal
    from app.tasks.operate.tables import HEADS, table, task_cells

    found, more = [], []
    with opened(configured(data)) as ledger:
        for each in STATUSES:
            if status in {None, each}:
                rows = list(islice(ledger.rows(each, queue, name), limit + 1))
                found += rows[:limit]
                more += [each] if len(rows) > limit else []
    if as_json:
        document({"tasks": [asdict(row) for row in found], "more": more})
        return
    if found:
        table(Terminal(), HEADS, map(task_cells, found))
    else:
        say("No such tasks.")
    if more:
        say(f"There are more: {', '.join(more)}. See them with --limit, count them with haven tasks queues.")


@tasks.command()
@click.argument("task_id", metavar="ID")
@common
def show(task_id: str, data: Path, *, as_json: bool) -> None:
    """Show all that is known about a task."""
    from app.tasks.operate.views import details

    with opened(configured(data)) as ledger:
        found = ledger.find(task_id)
    if found is None:
        nothing(f"No task {task_id!r} is known: it never was, or it ended longer ago than HAVEN_TASK_TTL.")
    if as_json:
        document(found.as_dict())
    else:
        details(found)


@tasks.command()
@_IDS
@common
def retry(ids: tuple[str, ...], data: Path, *, as_json: bool) -> None:
    """Run tasks now: dead ones, those that wait for their time or a retry, and those that a limit holds."""
    words = {
        "waiting": "waits for the next free worker",
        "running": "runs",
        "held": "waits behind the limit of its task; retry it again to let it past",
        "dead": "is dead, and its letter is gone: enqueue it again",
    }
    _each(ids, data, lambda ledger: ledger.retry, words, {"waiting", "running", "held"}, as_json=as_json)


@tasks.command()
@_IDS
@common
def cancel(ids: tuple[str, ...], data: Path, *, as_json: bool) -> None:
    """Keep tasks from running; those that run are told to stop."""
    words = {"cancelled": "is cancelled", "asked": "runs, and was told to stop"}
    _each(ids, data, lambda ledger: ledger.cancel, words, {"cancelled", "asked"}, as_json=as_json)


@tasks.command()
@_QUEUE
@click.option("--yes", is_flag=True, help="Don't ask.")
@common
def purge(queue: str, data: Path, *, yes: bool, as_json: bool) -> None:
    """Throw away what waits in a queue. What runs, is delayed or held stays."""
    from app.tasks.operate.tables import count

    gone = 0
    with opened(configured(data)) as ledger:
        waiting = next(state.waiting for state in ledger.overview().queues if state.queue == queue)
        if waiting:
            sure(f"Throw away {count(waiting, 'task')} of {queue} for good?", yes=yes)
        try:
            for step in ledger.purge(queue):
                gone += step
        except BaseException:
            say(f"Stopped after {count(gone, 'task')} of {queue}; do it again for the others.")
            raise
    if as_json:
        document({"queue": queue, "purged": gone})
    else:
        click.echo(f"Threw away {count(gone, 'task')} of {queue}.")


@tasks.command()
@common
def schedule(data: Path, *, as_json: bool) -> None:
    """Show what the clock enqueues: the schedules of HAVEN_TASK_MODULES and their ticks."""
    from app.tasks.operate.views import timings
    from app.tasks.worker.process import import_tasks

    config = configured(data)
    import_tasks(config)
    with opened(config) as ledger:
        found = ledger.timings()
    if as_json:
        document({"schedules": [asdict(each) for each in found]})
    elif found:
        timings(found)
    else:
        say("No schedules: declare one with registry.schedule(…) in a module of HAVEN_TASK_MODULES.")


@tasks.command()
@common
def queues(data: Path, *, as_json: bool) -> None:
    """Show how long the queues are, what is held and dead, and who is there to work."""
    from app.tasks.operate.views import overview

    with opened(configured(data)) as ledger:
        found = ledger.overview()
    if as_json:
        document(asdict(found))
    else:
        overview(found)


@tasks.command()
@_QUEUE
@common
def pause(queue: str, data: Path, *, as_json: bool) -> None:
    """Let nobody take from a queue, until it is resumed. Workers notice within a second; what runs goes on."""
    with opened(configured(data)) as ledger:
        ledger.pause(queue)
    _paused(queue, f"{queue} is paused: haven tasks resume {queue} ends that.", paused=True, as_json=as_json)


@tasks.command()
@_QUEUE
@common
def resume(queue: str, data: Path, *, as_json: bool) -> None:
    """Let workers take from a queue again."""
    with opened(configured(data)) as ledger:
        ledger.resume(queue)
    _paused(queue, f"{queue} is not paused.", paused=False, as_json=as_json)


def _paused(queue: str, text: str, *, paused: bool, as_json: bool) -> None:
    if as_json:
        document({"queue": queue, "paused": paused})
    else:
        click.echo(text)


def _each(
    ids: tuple[str, ...],
    data: Path,
    step: Callable[[Ledger], Callable[[str], str]],
    words: dict[str, str],
    good: set[str],
    *,
    as_json: bool,
) -> None:
    """Do something with each task, and say of each what came of it as soon as it is done."""
    answers: list[dict[str, Any]] = []
    with opened(configured(data)) as ledger:
        for task_id in dict.fromkeys(ids):
            answer = step(ledger)(task_id)
            answers.append({"id": task_id, "result": answer})
            unknown = "is unknown" if answer == "unknown" else f"is {answer}: there is nothing to do"
            text = f"{task_id} {words.get(answer, unknown)}"
            if not as_json or answer not in good:
                click.echo(text, err=answer not in good)
    if as_json:
        document({"tasks": answers})
    if any(answer["result"] not in good for answer in answers):
        sys.exit(NOTHING)
