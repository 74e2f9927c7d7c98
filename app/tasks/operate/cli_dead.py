"""`haven tasks dead`: look through the dead letters, let them run again, or throw them away."""

# ruff: noqa: PLC0415 - commands import what they need, so that every other command starts quickly

from __future__ import annotations

import sys
import time
from collections import defaultdict
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Literal, TextIO

import click

from app.tasks.operate.console import NOTHING, Span, common, configured, document, nothing, opened, say, sure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from app.tasks.operate.ledger import Ledger
    from app.tasks.operate.letters import Action, Filter, Letter

PROGRESS = 2.0
MOST_KINDS = 20
_DONE = {"replay": "Replayed", "drop": "Dropped"}
_TO_DO = {"replay": "will run again from their first attempt on", "drop": "will be thrown away for good"}


@click.command(short_help="Look through dead tasks, replay or drop them.")
@click.argument("action", type=click.Choice(["list", "replay", "drop"]), default="list")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option("--task", "name", metavar="NAME", help="Only of this function.")
@click.option("--error", metavar="TEXT", help="Only with this in their error, in whatever case.")
@click.option("--older-than", "older", type=Span(), help="Only those that died longer ago, such as 2h.")
@click.option("--younger-than", "younger", type=Span(), help="Only those that died since, such as 1h.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Of a list.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@common
def dead(  # noqa: PLR0913 - one per option
    action: Literal["list", "replay", "drop"],
    ids: tuple[str, ...],
    *,
    name: str | None,
    error: str | None,
    older: float | None,
    younger: float | None,
    limit: int,
    data: Path,
    every: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Look through the dead tasks (list), let them run again (replay), or throw them away (drop).

    Which: those with these IDs, or those that fit every option, or --all. More than one are replayed or dropped only
    after a question. What dies meanwhile is not touched. It may be interrupted at any time: each task is either
    replayed or still there; the same command does the rest.
    """
    from app.tasks.operate.letters import Filter

    wanted = Filter(frozenset(ids), name, error, older, younger)
    if every and wanted != Filter():
        raise click.UsageError("--all and a choice contradict each other: leave --all away, or the ids and filters.")
    if action != "list" and not every and wanted == Filter():
        raise click.UsageError(f"Which? Give ids, or filters such as --task, or --all: haven tasks dead {action} --all")
    with opened(configured(data)) as ledger:
        if action == "list":
            _list(ledger, wanted, limit, as_json=as_json)
        else:
            _settle(ledger, action, wanted, dry_run=dry_run, yes=yes, as_json=as_json)


def _list(ledger: Ledger, wanted: Filter, limit: int, *, as_json: bool) -> None:
    from app.local.terminal import Terminal
    from app.tasks.operate.tables import HEADS, table, task_cells

    found = [letter.row for letter in islice(ledger.letters.find(wanted), limit + 1)]
    rows, more = found[:limit], len(found) > limit
    if as_json:
        document({"tasks": [asdict(row) for row in rows], "more": ["dead"] if more else []})
        return
    if rows:
        table(Terminal(), HEADS, map(task_cells, rows))
    else:
        say("No such dead tasks.")
    if more:
        say("There are more: see them with --limit.")


def _settle(ledger: Ledger, action: Action, wanted: Filter, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """What was found before the question is what is done after it."""
    found = list(ledger.letters.find(wanted))
    missing = sorted(wanted.ids - {letter.row.id for letter in found})
    for task_id in missing:
        say(f"No dead task {task_id!r} fits.")
    if found:
        _preview(action, found, sys.stdout if dry_run and not as_json else sys.stderr)
    done = 0
    if found and not dry_run:
        if len(found) > 1:
            sure(f"{action.capitalize()} them?", yes=yes)
        done = _apply(ledger, action, [letter.entry for letter in reversed(found)])
    if as_json:
        ids = [letter.row.id for letter in reversed(found)]
        document({"action": action, "dry_run": dry_run, "matched": len(found), "done": done, "ids": ids})
    elif found and not dry_run:
        click.echo(f"{_DONE[action]} {done:,} of {len(found):,}.{_gone(len(found) - done)}")
    if not found:
        nothing("No dead task fits: nothing was done.")
    if missing:
        sys.exit(NOTHING)


def _preview(action: Action, found: Sequence[Letter], stream: TextIO) -> None:
    """Say what will be done, by task and kind of error."""
    from app.local.terminal import Terminal
    from app.tasks.operate.tables import count, moment, table

    terminal = Terminal(stream)
    terminal.line(f"{count(len(found), 'dead task')} {_TO_DO[action]}:")
    kinds: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for letter in found:
        kinds[letter.row.name, (letter.row.error or "").partition(":")[0]].append(letter.row.since_at)
    most = sorted(kinds.items(), key=lambda kind: -len(kind[1]))[:MOST_KINDS]
    rows = [(name, f"{len(died):,}", moment(min(died)), moment(max(died)), error) for (name, error), died in most]
    table(terminal, ("TASK", "NUMBER", "FIRST DIED", "LAST DIED", "ERROR"), rows)
    if len(kinds) > MOST_KINDS:
        terminal.line(f"and {len(kinds) - MOST_KINDS} more kinds")
    late = sum(0 < letter.expires_at < time.time() for letter in found)
    if late and action == "replay":
        terminal.line(f"{late:,} of them had a time to begin in, which is over: workers will end them as expired.")


def _apply(ledger: Ledger, action: Action, entries: Sequence[str]) -> int:
    """The oldest first; how many were still there."""
    done = 0
    told = time.monotonic()
    try:
        for step in ledger.letters.apply(action, entries):
            done += step
            if time.monotonic() - told > PROGRESS:
                told = time.monotonic()
                say(f"{_DONE[action]} {done:,} of {len(entries):,} …")
    except BaseException:
        say(
            f"Stopped: {_DONE[action].lower()} at least {done:,} of {len(entries):,}; the same command does the others."
        )
        raise
    return done


def _gone(number: int) -> str:
    """Why some were not there any more."""
    if not number:
        return ""
    return f" {number:,} were gone: somebody else was quicker, or Redis had done it before the connection broke."
