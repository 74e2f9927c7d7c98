"""The commands for the stack on this machine: `haven up`, `status`, `doctor`, `reset`."""

# ruff: noqa: PLC0415 - commands import what they need, so that every other command starts quickly

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

_PORT: Final = click.IntRange(1, 65_535)


def _data(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--data",
        type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
        default=".haven",
        envvar="HAVEN_DATA",
        show_default=True,
        show_envvar=True,
        help="Directory of the stack's data.",
    )(function)


@click.command()
@_data
@click.option("--http-port", type=_PORT, default=8000, show_default=True, help="Port of the web application.")
@click.option("--redis-port", type=_PORT, default=7001, show_default=True, help="First of three ports of Redis.")
@click.option("--sentinel-port", type=_PORT, default=7101, show_default=True, help="First of three ports of Sentinel.")
@click.option("--ops-port", type=_PORT, default=9101, show_default=True, help="First of two: worker, subscriber.")
@click.option("--guardian-port", type=_PORT, default=9201, show_default=True, help="First of three ports of guardians.")
@click.option("--demo", is_flag=True, help="With visitors, and with a Prometheus that has the chart's alerts.")
@click.option("--prometheus-port", type=_PORT, default=9090, show_default=True, help="Of Prometheus, with --demo.")
def up(data: Path, *, demo: bool, **ports: int) -> None:
    """Run the whole stack on this machine until Ctrl-C."""
    from app.local.options import Options
    from app.local.terminal import Terminal
    from app.local.up import up as run_stack

    sys.exit(run_stack(Options(data, demo=demo, **ports), Terminal()))


@click.command()
@_data
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(data: Path, *, as_json: bool) -> None:
    """Show roles, lag, Sentinels, queues and processes. Exit code: 0 healthy, 1 degraded, 2 nothing reachable."""
    from app.local.status import report, show
    from app.local.terminal import Terminal

    sys.exit(show(report(data), Terminal(), as_json=as_json))


@click.command()
@_data
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(data: Path, *, as_json: bool) -> None:
    """Check the configuration and what runs; say what is wrong and what to do. Exit code 1 on a failure."""
    from app.local.doctor import diagnose
    from app.local.terminal import Terminal

    sys.exit(diagnose(data, Terminal(), as_json=as_json))


@click.command()
@_data
@click.option("--yes", is_flag=True, help="Don't ask.")
def reset(data: Path, *, yes: bool) -> None:
    """Remove all data of the stack on this machine."""
    from app.local.errors import LocalError
    from app.local.state import ALREADY, Claim, running

    stack = running(data)
    if stack:
        click.echo(f"The stack runs (pid {stack.pid}): end it first, then reset.", err=True)
        sys.exit(ALREADY)
    if not data.exists():
        click.echo(f"Nothing to remove: {data} does not exist.")
        return
    if not (data / "redis-1").is_dir():
        raise click.ClickException(f"{data} is not the data of a stack (it has no redis-1): remove it by hand")
    if not yes:
        click.confirm(f"Remove {data} with all its data?", abort=True)
    try:
        claim = Claim(data)
    except LocalError as error:
        raise click.ClickException(str(error)) from error
    shutil.rmtree(data)
    claim.release()
    click.echo(f"Removed {data}.")
