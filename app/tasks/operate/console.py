"""What the commands of `haven tasks` share: how they reach the tasks, their options, and where they write."""

# ruff: noqa: PLC0415 - commands import what they need, so that every other command starts quickly

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from app.errors import HavenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.config import Config
    from app.tasks.operate.ledger import Ledger

NOTHING = 3
"""Exit code when nothing matched, or an id is unknown."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Span(click.ParamType[float]):
    """A span of time, such as `90s` or `2h`; in seconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([smhd])", value)
        if not found:
            self.fail(f"{value!r} is no span of time: give a number and s, m, h or d, such as 90s or 2h", param, ctx)
        return float(found[1]) * _SECONDS[found[2]]


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command."""
    data = click.option(
        "--data",
        type=click.Path(path_type=Path),
        default=".haven",
        envvar="HAVEN_DATA",
        show_default=True,
        help="Of the stack on this machine; what the environment configures when none runs there.",
    )
    return click.option("--json", "as_json", is_flag=True, help="For programs.")(data(function))


def configured(data: Path) -> Config:
    """The configuration of the stack that runs on this directory, or the environment's."""
    from app.local.target import find_target
    from app.ops.logs import configure_logs

    config = find_target(data).config
    configure_logs(config.haven_log_level, config.haven_log_format)
    return config


@contextmanager
def opened(config: Config) -> Iterator[Ledger]:
    """The tasks that a configuration leads to.

    Raises:
        ClickException: Redis refused something that no repetition makes right.
    """
    from redis.exceptions import RedisError

    from app.store import create_store
    from app.tasks.operate.ledger import Ledger

    store = create_store(config, role="tasks")
    try:
        yield Ledger(store, ttl=config.haven_task_ttl, lease=config.haven_task_lease)
    except RedisError as error:
        if isinstance(error, HavenError):
            raise
        raise click.ClickException(f"Redis does not do it: {error}") from None
    finally:
        store.close()


def document(body: Any) -> None:
    """Write one JSON document for a program."""
    click.echo(json.dumps(body, indent=2))


def say(text: str) -> None:
    """Tell the person something that is not the answer."""
    click.echo(text, err=True)


def sure(question: str, *, yes: bool) -> None:
    """Ask whether to go on, unless that was said already.

    Raises:
        Abort: no, or nobody is there to answer.
    """
    if yes:
        return
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort:
        say("Nothing was done. With --yes it is done without a question.")
        raise


def nothing(text: str) -> NoReturn:
    """End with the exit code for that.

    Raises:
        SystemExit: always.
    """
    say(text)
    sys.exit(NOTHING)
