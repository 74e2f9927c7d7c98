"""`haven drill run`, from the question to the files."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from app.drill.alerts import Alerts
from app.drill.live import Live, summary
from app.drill.plan import describe
from app.drill.records import EXIT_CODES, REFUSED
from app.drill.report.html import html
from app.drill.report.shelf import save
from app.drill.runner import Runner
from app.drill.timeline import TimeLine
from app.errors import DrillError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.drill.experiment import Experiment
    from app.drill.journal import Journal
    from app.drill.target import Target

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command:
    """One call of it.

    Args:
        experiment: what is to be done.
        options: of the command line.
        target: makes the target from them.
    """

    def __init__(self, experiment: Experiment, options: dict[str, Any], target: Callable[..., Target]) -> None:
        self._experiment = experiment
        self._dry, self._yes, self._out = (options.pop(name) for name in ("dry_run", "yes", "out"))
        self._longest = options.pop("max_duration") or experiment.guards.seconds
        self._prometheus = options.pop("prometheus")
        self._where = options
        self._make = target

    def run(self) -> int:
        """Do it; the exit code."""
        click.echo("\n".join(describe(self._experiment)) + "\n")
        try:
            target = self._make(**self._where)
        except DrillError as error:
            return _refused(str(error))
        try:
            return self._run_on(target, Alerts(self._prometheus or target.prometheus))
        except DrillError as error:
            return _refused(str(error))
        finally:
            target.close()

    def _run_on(self, target: Target, alerts: Alerts) -> int:
        problems = self._problems(target)
        if problems:
            return _refused("\n         ".join(problems))
        where = ", ".join(f"{name} {value}" for name, value in target.describe().items())
        if not self._yes and not self._dry and not self._agreed(f"Run it on {target.name} ({where})?"):
            click.echo("nothing was done")
            return EXIT_CODES[REFUSED]
        return self._finish(target, self._go(target, alerts))

    def _problems(self, target: Target) -> list[str]:
        experiment = self._experiment
        if target.name not in experiment.targets:
            return [f"{experiment.name} can be run on {', '.join(experiment.targets)} only: give --target"]
        return target.refusals(experiment.fault)

    def _go(self, target: Target, alerts: Alerts) -> Journal:
        live = Live(longest=self._longest)
        runner = Runner(
            self._experiment, target, alerts, TimeLine(live.moment), self._longest, live.told, dry=self._dry
        )

        def interrupt(*_: object) -> None:
            runner.interrupt()

        before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
        try:
            return runner.run().journal()
        finally:
            live.end()
            for number, old in before.items():
                signal.signal(number, old)

    def _finish(self, target: Target, journal: Journal) -> int:
        click.echo("\n".join(summary(journal)))
        place = save(self._out, journal)
        click.echo(f"\n  {place}/report.html, report.md, journal.json, junit.xml")
        if journal.fault_at is not None:
            try:
                target.record(journal.record(), html(journal))
            except (DrillError, StoreError) as error:
                click.echo(f"  the record could not be kept for metrics and the page of operations: {error}", err=True)
        return EXIT_CODES[journal.result]

    @staticmethod
    def _agreed(question: str) -> bool:
        if not sys.stdin.isatty():
            click.echo("nobody can be asked here: give --yes", err=True)
            return False
        return click.confirm(question)


def _refused(why: str) -> int:
    click.echo(f"refused: {why}", err=True)
    return EXIT_CODES[REFUSED]
