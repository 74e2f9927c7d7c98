"""``haven``: every process and every tool of the product is a command of this one program."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
import structlog

from app.errors import ConfigError, HavenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.config import Config
    from app.ops.heart import Heart
    from app.runtime import Runtime
    from app.serving import Role

log = structlog.get_logger("haven")


class Group(click.Group):
    """Turns Haven's errors into one clear message; a stack trace helps nobody who typed a command."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command.

        Raises:
            ClickException: instead of any error of Haven.
        """
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            raise click.ClickException(f"{error}\nEvery setting is described in docs/settings.md.") from None
        except HavenError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="haven")
def main() -> None:
    """Flask on Redis with high availability: run it, look at it, rehearse its failures."""


_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=".haven",
    envvar="HAVEN_DATA",
    show_default=True,
    help="Directory of the stack's data.",
)


def _load(data: Path | None = None) -> Config:
    """The environment's configuration; with the data's directory that of the stack which runs on it, if one does."""
    from app.config import load_config
    from app.local.target import find_target
    from app.ops.logs import configure_logs

    config = find_target(data).config if data else load_config()
    configure_logs(config.haven_log_level, config.haven_log_format)
    for caution in config.cautions():
        log.warning("config.caution", caution=caution)
    return config


def _on_stop(stop: Callable[[], None]) -> None:
    """Call ``stop`` at SIGTERM and SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())


def _runtime(role: str, config: Config) -> tuple[Runtime, Heart]:
    from app.ops.collectors import collectors
    from app.ops.heart import Heart, HeartFile
    from app.ops.server import serve_ops
    from app.runtime import build_runtime

    runtime = build_runtime(config, role=role)
    file = HeartFile(Path(config.haven_heart_file)) if config.haven_heart_file else None
    if file:
        file.make_place()
    heart = Heart(grace=config.haven_ready_grace, file=file)
    if config.haven_ops_port:
        serve_ops(
            config.haven_ops_host,
            config.haven_ops_port,
            heart,
            *collectors(runtime.store),
        )
    return runtime, heart


def _serve(role: Role) -> NoReturn:
    from app.ops import metrics_files
    from app.serving import serving

    config = _load()  # say everything that is wrong now, once, and not from every worker
    directory = config.haven_metrics_dir
    if directory:
        try:
            metrics_files.wipe(Path(directory))
        except OSError as error:
            raise ConfigError(
                [f"HAVEN_METRICS_DIR={directory!r}: {error}; give a directory that can be written"]
            ) from None
        os.environ[metrics_files.VARIABLE] = directory
    os.execv(sys.executable, [sys.executable, *serving(config, role).command])  # noqa: S606


@main.command()
def web() -> NoReturn:
    """Serve the web application with gunicorn."""
    _serve("web")


@main.command()
def realtime() -> NoReturn:
    """Serve the web application to many event streams (server-sent events, WebSocket)."""
    _serve("realtime")


@main.command()
@click.option("--queues", metavar="NAMES", default="high,normal,low", show_default=True, help="The most urgent first.")
@click.option("--member", is_flag=True, hidden=True, help="One process of a crew.")
def worker(queues: str, *, member: bool) -> None:
    """Run tasks."""
    from app.tasks.worker.process import chosen_queues, needs_crew, run_crew, run_worker

    config = _load()
    names = chosen_queues(queues)
    if needs_crew(config) and not member:
        run_crew(config, names, _on_stop)
        return
    runtime, heart = _runtime("worker", config)
    late = run_worker(runtime, heart, names, _on_stop)
    runtime.close()
    if late:  # threads that outlast the grace would keep the process; their tasks belong to others now
        sys.stderr.flush()
        os._exit(0)


@main.command()
def subscriber() -> None:
    """Handle events."""
    from app.events import Subscriber
    from app.example import events

    runtime, heart = _runtime("subscriber", _load())
    events.register(runtime)
    running = Subscriber(runtime.store, heart)
    _on_stop(running.stop)
    running.run()
    runtime.close()


@main.command()
def guardian() -> NoReturn:
    """Guard the Redis beside this process: roles, failover hints, handovers."""
    from app.guardian.launch import become, settings_from
    from app.guardian.prepare import prepare

    config = _load()
    become(prepare(settings_from(config), config))


@main.command()
@click.option("--to", metavar="NODE", help="The node that is to be primary; by default the fittest replica.")
@click.option("--if-primary", is_flag=True, help="Ask only the guardian on this machine; nothing to do on a replica.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@_DATA
def handover(to: str | None, data: Path, *, if_primary: bool, as_json: bool) -> None:
    """Give the primary's role to a replica, without losing a write.

    Exit code: 0 done, 3 refused (nothing was changed), 4 timed out (the primary goes on), 1 no guardian to ask.
    """
    from app.guardian.command import hand_over
    from app.local.target import find_target

    answer = hand_over(find_target(data).config, to, only_here=if_primary)
    if as_json:
        click.echo(json.dumps(answer.body))
    else:
        took = answer.body.get("seconds", {}).get("paused")
        paused = f" (writes waited {took:.2f} s)" if took is not None else ""
        click.echo(f"{answer.body.get('result', 'failed')}: {answer.body.get('reason', '')}{paused}")
    sys.exit(answer.code)


@main.command()
@click.option("--patience", metavar="SECONDS", type=click.FloatRange(0), default=0.0, help="For one that starts.")
@click.option("--only-wait", is_flag=True, help="Change nothing: wait, as patiently, until another has done it.")
def migrate(patience: float, *, only_wait: bool) -> None:
    """Bring the database to this version's schema."""
    from app.db.migrate import await_schema, migrate_patiently

    step = await_schema if only_wait else migrate_patiently
    revision = step(_load().database_url.get_secret_value(), patience)
    log.info("migrate.done", revision=revision)


@main.command()
def users() -> None:
    """Say whether this node's Redis and Sentinel know the users by the passwords in their files, and by no others."""
    from app.guardian.inspect_users import differences

    found = differences(_load())
    for line in found or ["Redis and Sentinel know every user by its passwords, and by no others"]:
        click.echo(line)
    sys.exit(1 if found else 0)


@main.command()
def seed() -> None:
    """Fill an empty database with example data."""
    from app.db import Database
    from app.db.seed import seed as run

    config = _load()
    db = Database(config.database_url.get_secret_value())
    run(db, operators=config.haven_env == "development")
    db.close()


@main.group()
def operator() -> None:
    """Say who may see the operations page, /ops."""


def _set_operator(email: str, data: Path, *, operator: bool) -> None:
    from app.db import Database
    from app.db.operators import set_operator

    db = Database(_load(data).database_url.get_secret_value())
    try:
        changed = set_operator(db, email, operator=operator)
    finally:
        db.close()
    state = "an operator" if operator else "no operator"
    click.echo(f"{email} is {state} {'now' if changed else 'already'}.")


@operator.command()
@click.argument("email")
@_DATA
def grant(email: str, data: Path) -> None:
    """Let a user see the operations page and act there."""
    _set_operator(email, data, operator=True)


@operator.command()
@click.argument("email")
@_DATA
def revoke(email: str, data: Path) -> None:
    """Take that away; it holds from the next request on."""
    _set_operator(email, data, operator=False)


@main.command()
@click.option("--url", default="http://localhost:8000", show_default=True, help="Of the web application.")
@click.option("--events-url", help="Where its event streams are served; by default there as well.")
@click.option("--patience", metavar="SECONDS", type=click.FloatRange(0), default=120.0, help="For one that starts.")
@_DATA
def smoke(url: str, events_url: str | None, patience: float, data: Path) -> None:
    """Do once what a user does, with a user of its own: sign in, read, be counted, have a task done, hear an event.

    Then ask the Sentinels whether a failover could happen now.
    """
    from app.runtime import build_runtime
    from app.smoke import Smoke

    runtime = build_runtime(_load(data), role="smoke")
    try:
        Smoke(runtime.db, runtime.store.topology, url, events_url or url, patience).run(click.echo)
    finally:
        runtime.close()


def _add_local() -> None:
    from app.backup.cli import backup, restore
    from app.drill.cli import drill
    from app.load.cli import load
    from app.local.cli import doctor, reset, status, up
    from app.tasks.operate.cli import tasks

    for command in (up, status, doctor, reset, backup, restore, drill, load, tasks):
        main.add_command(command)


_add_local()

if __name__ == "__main__":
    main()
