"""What must be so before a drill, and what ends it early."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from app.drill.alerts import HARMLESS
from app.drill.records import ABORTED, INTERRUPTED, REFUSED
from app.drill.stage import Halt

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.drill.alerts import Alerts
    from app.drill.experiment import Experiment
    from app.drill.feed import Feed
    from app.drill.timeline import TimeLine

HELLO: Final = 60.0
PREFLIGHT: Final = 20.0
SERVED: Final = 1.5
"""Clients are served when each kind of request went well within so many seconds."""
ALERT_EVERY: Final = 2.0
LOOK: Final = 0.05


class Checks:
    """Looks on while a drill runs.

    Args:
        experiment: with the guards.
        alerts: asked for what fires.
        line: gets what happens.
        longest: seconds of the whole drill.
        told: called again and again with the name of the phase and the feed, for whoever shows it.

    Attributes:
        interrupted: set it to end the drill early.
        broken: whether anything has been broken yet.
    """

    def __init__(
        self,
        experiment: Experiment,
        alerts: Alerts,
        line: TimeLine,
        longest: float,
        told: Callable[[str, Feed], None],
    ) -> None:
        self._experiment = experiment
        self._alerts = alerts
        self._line = line
        self._longest = longest
        self._told = told
        self._began = time.monotonic()
        self._asked = 0.0
        self.interrupted = False
        self.broken = False

    def await_clients(self, feed: Feed) -> None:
        """Wait until the probe has begun.

        Raises:
            Halt: it has not.
        """
        end = time.monotonic() + HELLO
        while feed.hello is None:
            self.look("clients start", feed)
            if time.monotonic() > end:
                raise Halt(REFUSED, f"the clients did not start within {HELLO:g} s")
            time.sleep(LOOK)

    def preflight(self, feed: Feed) -> None:
        """One primary, a quorum, replicas in step, clients served, no alert. What starts just now may take a moment.

        Raises:
            Halt: something is not in order.
            DrillError: Prometheus does not answer.
        """
        end = time.monotonic() + PREFLIGHT
        while not feed.healthy() or not feed.serves(SERVED):
            self.look("preflight", feed)
            if time.monotonic() > end:
                problems = feed.health.get("problems") or ["the clients are not served"]
                raise Halt(REFUSED, f"not everything is in order: {'; '.join(dict.fromkeys(problems))}")
            time.sleep(LOOK)
        firing = self._alerts.firing() - HARMLESS
        if firing:
            raise Halt(REFUSED, f"alerts fire: {', '.join(sorted(firing))}: look after them first")
        self._line.here("preflight passed", "one primary, a quorum, replicas in step")

    def steady(self, feed: Feed) -> None:
        """Nothing may fail while nothing is broken: a drill on shaky ground shows nothing.

        Raises:
            Halt: something failed.
        """
        bad = {name: feed.counts(name)[1] for name in feed.tracks}
        end = time.monotonic() + self._experiment.steady
        while time.monotonic() < end:
            self.look("steady state", feed)
            failed = [name for name in feed.tracks if feed.counts(name)[1] > bad.get(name, 0)]
            if failed:
                raise Halt(REFUSED, f"{', '.join(failed)} failed before anything was broken")
            time.sleep(LOOK)
        if not feed.healthy():
            raise Halt(REFUSED, f"not everything is in order: {'; '.join(feed.health.get('problems') or ['no news'])}")

    def look(self, phase: str, feed: Feed) -> None:
        """Look at everything that may end the drill; the guards count once something is broken.

        Raises:
            Halt: it is to end now.
        """
        self._told(phase, feed)
        if self.interrupted:
            raise Halt(INTERRUPTED, "interrupted; what was broken is undone")
        if feed.refused:
            raise Halt(ABORTED if self.broken else REFUSED, feed.refused)
        if feed.ended.is_set():
            raise Halt(ABORTED if self.broken else REFUSED, "the clients ended by themselves: see their log")
        if time.monotonic() - self._asked > ALERT_EVERY:
            self._asked = time.monotonic()
            self._alerts.look()
        if self.broken:
            self._guard(feed)

    def _guard(self, feed: Feed) -> None:
        limits = self._experiment.guards
        rate = feed.error_rate(limits.window)
        if rate > limits.error_rate:
            said = f"{rate:.0%} of what clients did in {limits.window:g} s failed"
            raise Halt(ABORTED, f"{said}, {limits.error_rate:.0%} is allowed")
        if time.monotonic() - self._began > self._longest:
            raise Halt(ABORTED, f"it took longer than {self._longest:g} s")
