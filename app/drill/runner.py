"""Runs one drill: preflight, steady state, fault, recovery, audit, residue, verdict."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from app.drill.checks import LOOK, SERVED, Checks
from app.drill.feed import Feed
from app.drill.probe.watcher import PRIMARY
from app.drill.records import ABORTED, HELD, REFUSED, RESIDUE
from app.drill.stage import Halt, Stage
from app.drill.verdict import conclude, judge
from app.errors import DrillError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.drill.alerts import Alerts
    from app.drill.experiment import Experiment
    from app.drill.target import Clients, Fault, Target
    from app.drill.timeline import TimeLine

FIRES: Final = 10.0
AUDIT: Final = 120.0


class Runner:
    """One run of an experiment.

    Args:
        experiment: what is done.
        target: where.
        alerts: asked for what fires.
        line: gets what happens.
        longest: seconds after which the fault is undone and the drill given up.
        told: called again and again with the name of the phase and the feed, for whoever shows it.
        dry: end before anything is broken.

    Attributes:
        stage: what is known so far; all of it when :meth:`run` has returned.
    """

    def __init__(
        self,
        experiment: Experiment,
        target: Target,
        alerts: Alerts,
        line: TimeLine,
        longest: float,
        told: Callable[[str, Feed], None] = lambda *_: None,
        *,
        dry: bool = False,
    ) -> None:
        self._experiment = experiment
        self._target = target
        self._alerts = alerts
        self._line = line
        self._longest = longest
        self._told = told
        self._dry = dry
        self._checks = Checks(experiment, alerts, line, longest, told)
        self._before = ""  # the primary's name before the fault
        self.stage = Stage(experiment, target.name, time.time())

    def interrupt(self) -> None:
        """End early: the fault is undone. Safe in a signal handler."""
        self._checks.interrupted = True

    def run(self) -> Stage:
        """Run it; whatever happens, the fault is undone. A drill that was refused or given up is an answer as well."""
        stage, clients = self.stage, None
        try:
            problems = self._target.refusals(self._experiment.fault)
            if problems:
                stage.conclude(REFUSED, "; ".join(problems))
                return stage
            stage.about = self._target.describe()
            clients = self._target.clients(stage.id, self._experiment.probes, self._longest + self._experiment.recover)
            self._drill(clients)
        except Halt as halt:
            stage.conclude(halt.result, halt.reason)
        except DrillError as error:
            stage.conclude(ABORTED if self._checks.broken else REFUSED, str(error))
        finally:
            if clients:
                clients.close()
            stage.take(self._line, self._alerts)
        return stage

    def _drill(self, clients: Clients) -> None:
        stage = self.stage
        feed = stage.feed = Feed(clients, self._line, self._target.node)
        self._checks.await_clients(feed)
        self._checks.preflight(feed)
        self._checks.steady(feed)
        if self._dry:
            stage.conclude(HELD, "it could be run; nothing was broken, as this was a dry run")
            return
        self._before = self._target.node(feed.health["primary"] or "")
        fault = self._target.fault(self._experiment.fault, self._before)
        halt, fired = self._break(fault, feed)
        recovered, later = self._recover(fault, feed)
        self._audit(clients, feed)
        stage.residue += self._left(fault)
        halt = halt or later
        if stage.residue:
            stage.conclude(RESIDUE, "; ".join(stage.residue))
        elif halt:
            stage.conclude(halt.result, halt.reason)
        else:
            moved = bool(self._promotions())
            stage.conclude(*conclude(self._experiment, stage.judged, fired=fired, recovered=recovered, moved=moved))

    def _break(self, fault: Fault, feed: Feed) -> tuple[Halt | None, bool]:
        """Make the fault, let it stay, undo it: why the drill is to end early, and whether the fault took effect."""
        fired = False
        self._checks.broken = True
        self.stage.fault_at = self._now()
        try:
            said = self.stage.fault = fault.begin()
            self.stage.fault_at = fault.made_at + self._line.offset if fault.made_at else self.stage.fault_at
            self._line.here("fault", said)
            fired = self._fires(fault, feed)
            end = time.monotonic() + self._experiment.fault.seconds
            while time.monotonic() < end or not fault.done():
                self._checks.look("fault", feed)
                time.sleep(LOOK)
        except Halt as halt:
            return halt, fired
        except DrillError as error:
            return Halt(ABORTED, str(error)), fired
        finally:
            self._mend(fault)
        return None, fired

    def _fires(self, fault: Fault, feed: Feed) -> bool:
        end = time.monotonic() + FIRES
        while not fault.fired():
            self._checks.look("fault", feed)
            if time.monotonic() > end:
                self._line.here("fault did not take effect")
                return False
            time.sleep(LOOK / 2)
        return True

    def _mend(self, fault: Fault) -> None:
        try:
            fault.end()
        except DrillError as error:
            self.stage.residue.append(str(error))
        finally:
            self.stage.mended_at = self._now()
        if self._experiment.fault.seconds:
            self._line.here("fault undone")

    def _recover(self, fault: Fault, feed: Feed) -> tuple[bool, Halt | None]:
        """Wait until all is in order, clients are served and nothing is left; also after an early end, for the audit.

        Returns:
            Whether it came to that in time, and why the drill is to end early if that is only known now.
        """
        since, later = time.monotonic(), None
        while time.monotonic() < since + self._experiment.recover:
            try:
                self._checks.look("recovery", feed)
            except Halt as halt:
                later = later or halt
                if feed.ended.is_set() or not feed.fresh:
                    break
            good = feed.healthy(self.stage.mended_at or 0.0) and feed.serves(SERVED)
            # a fault that Sentinel has not found yet is no recovery
            if good and (self._promotions() or not self._experiment.moves) and not self._left(fault):
                self._line.here("all in order")
                self.stage.figures["recovery_seconds"] = round(time.monotonic() - since, 3)
                return True, later
            time.sleep(LOOK)
        return False, later

    def _promotions(self) -> list[float]:
        """When a Redis that was none before began to say that it is primary, since the fault."""
        since = self.stage.fault_at or float("inf")
        return [
            moment.at
            for moment in self._line.moments
            if moment.at >= since
            and moment.what == PRIMARY
            and moment.source.startswith("redis")
            and moment.source != f"redis {self._before}"
        ]

    def _audit(self, clients: Clients, feed: Feed) -> None:
        clients.stop()
        end = time.monotonic() + AUDIT
        while not feed.ended.is_set() and feed.figures is None and time.monotonic() < end:
            self._told("audit", feed)
            time.sleep(LOOK)
        stage = self.stage
        stage.figures = {**(feed.figures or {}), **stage.figures}
        promotions = self._promotions()
        if promotions and stage.fault_at:
            stage.figures["failover_seconds"] = round(promotions[0] - stage.fault_at, 3)
        stage.judged = judge(self._experiment, stage.figures)

    @staticmethod
    def _left(fault: Fault) -> list[str]:
        try:
            return fault.residue()
        except DrillError as error:
            return [f"what is left could not be seen: {error}"]

    def _now(self) -> float:
        return time.time() + self._line.offset
