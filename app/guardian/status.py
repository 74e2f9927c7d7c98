"""What a guardian shows: status for people and programs, and its metrics."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.guardian.facts import PRIMARY, REPLICA
from app.guardian.gauges import Gauges
from app.ops import metrics

if TYPE_CHECKING:
    from app.guardian.facts import Decision, Look, Seen
    from app.guardian.memory import Memory
    from app.guardian.outcome import Outcome
    from app.guardian.settings import Settings
    from app.guardian.verdict import Verdict


class Board:
    """Keeps the last look and decision, ready to be read from any thread.

    Args:
        settings: the guardian's.

    Attributes:
        status: plain data; replaced as a whole at each turn.
        ready: clients may be sent to this node's Redis.
        seeded: its Sentinel may start: it has its file.
        turned: monotonic seconds of the last turn.
        certificates: what this node's servers show, where they speak TLS.
        troubled: the named primary does not serve, or a failover is under way.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.status: dict[str, Any] = {"node": settings.name, "state": "away", "reason": "starting"}
        self.ready = False
        self.seeded = False
        self.turned = time.monotonic()
        self.troubled = True
        self.certificates: dict[str, Any] | None = None
        self._state_since = time.time()
        self._without_since: float | None = None
        self._named: int | None = None
        self._last_failover: float | None = None
        self._last_handover: Outcome | None = None
        self._beat_error = ""
        self._gauges = Gauges()

    def show(self, look: Look, verdict: Verdict, decision: Decision, memory: Memory) -> None:
        """Take in a turn."""
        self.turned = time.monotonic()
        served = self._served(look, verdict)
        self.troubled = verdict.moving or not served
        self._measure_failover(look, verdict, served=served)
        if decision.state != self.status["state"]:
            self._state_since = time.time()
        me = look.nodes[look.me]
        self.ready = decision.state in {PRIMARY, REPLICA} and me is not None
        lag = self._lag_ms(look, verdict)
        self.status = {
            "node": self._settings.name,
            "state": decision.state,
            "reason": decision.reason,
            "since": self._state_since,
            "primary": self._settings.named(verdict.named) if verdict.named is not None else None,
            "epoch": verdict.epoch,
            "rank": memory.rank,
            "failover_under_way": verdict.moving,
            "lag_ms": lag,
            "heartbeat_refused": self._beat_error,
            "certificates": self.certificates,
            "nodes": {name: _node(node) for name, node in zip(self._settings.names, look.nodes, strict=True)},
            "sentinels": {
                name: None if opinion is None else asdict(opinion) | {"primary": self._settings.named(opinion.primary)}
                for name, opinion in zip(self._settings.names, look.sentinels, strict=True)
            },
            "last_failover_seconds": self._last_failover,
            "last_handover": self._last_handover.as_dict() if self._last_handover else None,
        }
        self._gauges.show(look, verdict, decision.state, lag)

    @staticmethod
    def _served(look: Look, verdict: Verdict) -> bool:
        node = look.nodes[verdict.named] if verdict.named is not None and verdict.named >= 0 else None
        return node is not None and node.primary

    def _measure_failover(self, look: Look, verdict: Verdict, *, served: bool) -> None:
        """From the first look without the named primary to the first at which a majority names another that serves."""
        if not served:
            self._without_since = look.now if self._without_since is None else self._without_since
            return
        if self._named is not None and verdict.named != self._named:
            metrics.GUARDIAN_FAILOVERS.inc()
            if self._without_since is not None:
                self._last_failover = round(look.now - self._without_since, 3)
                metrics.GUARDIAN_LAST_FAILOVER.set(self._last_failover)
        self._named, self._without_since = verdict.named, None

    def _lag_ms(self, look: Look, verdict: Verdict) -> int | None:
        """How much older this node's last heartbeat is than the primary's."""
        me = look.nodes[look.me]
        source = look.nodes[verdict.named] if verdict.named is not None and verdict.named >= 0 else None
        if me is None or me.freshness is None or source is None or not source.freshness:
            return None
        return max(0, source.freshness.time_ms - me.freshness.time_ms)

    def hinted(self, *, begun: bool) -> None:
        """A hint is over."""
        metrics.GUARDIAN_HINTS.labels("failover" if begun else "none").inc()

    def promoted_itself(self) -> None:
        """This node took the role, because nobody else could."""
        metrics.GUARDIAN_PROMOTIONS.inc()

    def beat_refused(self, error: str) -> None:
        """The heartbeat could not be written; empty when it could."""
        self._beat_error = error

    def handed_over(self, outcome: Outcome) -> None:
        """A handover is over."""
        self._last_handover = outcome
        metrics.GUARDIAN_HANDOVERS.labels(outcome.result.replace(" ", "_")).inc()
        if "paused" in outcome.seconds:
            metrics.GUARDIAN_LAST_PAUSE.set(outcome.seconds["paused"])


def _node(node: Seen | None) -> dict[str, Any] | None:
    if node is None:
        return None
    fields = asdict(node)
    fields["freshness"] = node.freshness._asdict() if node.freshness is not None else None
    return fields
