"""The command `haven load`."""

# ruff: noqa: PLC0415 - commands import what they need, so that every other command starts quickly

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import click

from app.errors import HavenError, LoadError
from app.load.verdict import COULD_NOT_RUN, INTERRUPTED
from app.usage import WrongUsage, strict

_RATE: Final = click.FloatRange(0, 10_000, min_open=True)


class _CouldNotRun(click.ClickException):
    exit_code = COULD_NOT_RUN


class _Command(click.Command):
    """Wrong usage ends with 64, so that it is told from a run that could not begin."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        with strict():
            return super().make_context(*args, **options)


@click.command(cls=_Command)
@click.option("--url", help="Of the web application.  [default: that of the stack on --data, else localhost:8000]")
@click.option("--rate", type=_RATE, default=5.0, show_default=True, help="Visitors a second.")
@click.option("--duration", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="By default until Ctrl-C.")
@click.option("--mix", "mix_text", metavar="JOURNEY=WEIGHT,...", help="How often which journey is made.")
@click.option("--objective", "wanted", multiple=True, metavar="BOUND", help="Such as 'p99<500ms', 'buy:failures<0.1%'.")
@click.option("--users", type=click.IntRange(2, 10_000), help="How many users.  [default: as many as sign-ins need]")
@click.option(
    "--concurrency", type=click.IntRange(1, 5_000), help="Visitors under way at most.  [default: 10 s' worth]"
)
@click.option("--json", "result", type=click.Path(dir_okay=False, path_type=Path), help="File for the result.")
@click.option("--every", type=click.FloatRange(0.1), default=5.0, show_default=True, help="Seconds from line to line.")
@click.option("--name", default="load", show_default=True, help="Of its users; another one for a second load.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=".haven",
    envvar="HAVEN_DATA",
    show_default=True,
    help="Directory of the stack's data.",
)
def load(data: Path, mix_text: str | None, wanted: tuple[str, ...], **options: Any) -> None:
    """Send visitors at a steady rate, show what they wait, and judge it.

    Its users and products are its own, put into the database as `haven smoke` does it, and removed at the end.
    Journeys: browse, buy, message, report, sign-in. Durations count from the moment a visitor was due.

    Exit code: 0 every objective met, 1 one missed, 2 it could not begin, 64 wrong usage, 130 interrupted.
    """
    from app.load.command import Wish, plan, run

    try:
        todo = plan(Wish(data=data, mix=mix_text, objectives=wanted, **options))
    except LoadError as error:
        raise WrongUsage(str(error)) from None
    try:
        sys.exit(run(todo))
    except KeyboardInterrupt:  # before there was a load to stop
        sys.exit(INTERRUPTED)
    except (HavenError, OSError) as error:
        raise _CouldNotRun(str(error)) from None
