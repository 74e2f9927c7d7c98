"""`haven drill`: break something on purpose, and see whether clients are served as promised."""

# ruff: noqa: PLC0415 - commands import what they need, so that every other command starts quickly

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from app.errors import ExperimentError
from app.usage import WrongUsage, strict

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.drill.target import Target

_PATH: Final = click.Path(path_type=Path)
_OUT: Final = ".haven/drills"


class Strict(click.Group):
    """Ends with 64 for a wrong command line: 2 says that a drill was refused."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command.

        Raises:
            WrongUsage: the command line is wrong.
        """
        with strict():
            try:
                return super().invoke(ctx)
            except ExperimentError as error:
                raise WrongUsage(str(error)) from None


@click.group(cls=Strict)
def drill() -> None:
    """Rehearse failures: break something on purpose and see whether clients are served as promised."""


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--dir", "directory", type=_PATH, help="Of your own experiments."),
        click.option("--target", type=click.Choice(["local", "kube"]), default="local", help="Where it is run."),
click.option("--data", type=_PATH, default=".haven", envvar="HAVEN_DATA", help="local: of the stack."),
        click.option("--namespace", help="kube: of the release. It must be one of --allow."),
        click.option("--release", default="haven", show_default=True, help="kube: its name."),
        click.option("--context", help="kube: of kubectl's configuration."),
        click.option(
            "--allow", multiple=True, envvar="HAVEN_DRILL_NAMESPACES", metavar="NAMESPACE",
            help="kube: where drills may be run; may be given again, or as HAVEN_DRILL_NAMESPACES.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def _target(target: str, data: Path, **kube: Any) -> Target:
    if target == "local":
        from app.drill.local.target import LocalTarget

        return LocalTarget(data)
    from app.drill.kube.target import KubeTarget

    return KubeTarget(**kube)


@drill.command("list")
@click.option("--dir", "directory", type=_PATH, help="Of your own experiments.")
def list_drills(directory: Path | None) -> None:
    """Show which drills there are."""
    from app.drill.catalog import everything

    for experiment in everything(directory):
        click.echo(f"{experiment.name:<18} {'/'.join(experiment.targets):<11} {experiment.title}")


@drill.command()
@click.argument("name")
@_options
def plan(name: str, directory: Path | None, **where: Any) -> None:
    """Show what a drill would do, without doing it; NAME may be a file's path."""
    from app.drill.catalog import find
    from app.drill.plan import describe

    del where
    click.echo("\n".join(describe(find(name, directory))))


@drill.command()
@click.argument("name")
@_options
@click.option("--dry-run", is_flag=True, help="Stop before anything is broken: clients, preflight, steady state.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--max-duration", type=click.FloatRange(10, 3600), metavar="SECONDS", help="Instead of the experiment's.")
@click.option("--prometheus", default="", envvar="HAVEN_PROMETHEUS_URL", help="Asked for alerts.", metavar="URL")
@click.option("--out", type=_PATH, default=_OUT, show_default=True, help="Where reports go.")
def run(name: str, directory: Path | None, **options: Any) -> NoReturn:
    """Run a drill; NAME may be a file's path.

    Exit code: 0 held, 1 deviated, 2 refused by the preflight, 3 aborted by a guard, 4 the fault could not be undone or
    left something behind, 5 inconclusive, 64 usage, 130 interrupted after the fault was undone.
    """
    from app.drill.catalog import find
    from app.drill.command import Command

    sys.exit(Command(find(name, directory), options, _target).run())


@drill.command()
@click.argument("id", required=False, metavar="[ID]")
@click.option("--out", type=_PATH, default=_OUT, show_default=True, help="Where reports lie.")
def report(id: str | None, out: Path) -> None:  # noqa: A002 - as shown in the usage
    """Show the report of a drill on this machine: the last one, or the one with this id."""
    from app.drill.report.markdown import markdown
    from app.drill.report.shelf import load

    click.echo(markdown(load(out, id)))


@drill.command(hidden=True)
@click.option("--run", "run_id", required=True)
@click.option("--url", required=True)
@click.option("--events-url")
@click.option("--longest", type=float, required=True)
@click.option("--probes", required=True)
@click.option("--data", type=_PATH, default=".haven", envvar="HAVEN_DATA")
def probe(run_id: str, url: str, events_url: str | None, longest: float, probes: str, data: Path) -> None:
    """The clients of a drill; started by `haven drill run`."""
    import signal

    from app.drill.experiment import Probes
    from app.drill.probe.process import Probe
    from app.drill.probe.telling import Teller
    from app.local.target import find_target
    from app.ops.logs import configure_logs
    from app.runtime import build_runtime

    config = find_target(data).config
    configure_logs("warning", config.haven_log_format)
    runtime = build_runtime(config, role="drill")
    made = Probe(
        runtime, Probes.model_validate_json(probes), run_id, (url, events_url or url), longest, Teller(sys.stdout)
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: made.stop())
    made.run()
    runtime.close()
    sys.stdout.flush()
    import os

    os._exit(0)  # a listener may be waiting in a read


@drill.command(hidden=True)
@click.argument("what", type=click.Choice(["kill", "erase", "freeze", "busy", "fill", "empty", "sever", "silence"]))
@click.option("--seconds", type=click.FloatRange(0, 600), default=0.0)
def hand(what: str, seconds: float) -> None:
    """What is done within a Redis pod; started by `haven drill run --target kube`."""
    from app.config import load_config
    from app.drill.kube.hand import act

    act(load_config(), what, seconds)


@drill.command(hidden=True)
@click.option("--bytes", "size", type=int, required=True, help="What is read.")
def record(size: int) -> None:
    """Keep a record from standard input; started by `haven drill run --target kube`."""
    import json

    from app.config import load_config
    from app.drill.records import Record, keep
    from app.store import create_store

    told = json.loads(sys.stdin.buffer.read(size))
    store = create_store(load_config(), role="drill")
    made = Record(**told["record"])
    keep(store, made, told["report"])
    store.close()
    click.echo(f"kept {made.id}")
