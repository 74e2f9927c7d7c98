"""The metrics of a guardian's turn: what it sees, and how its own Redis and Sentinel are doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.guardian.facts import STATES, Freshness
from app.ops import metrics

if TYPE_CHECKING:
    from app.guardian.facts import Look, Seen
    from app.guardian.verdict import Verdict
    from app.guardian.vitals import Vitals

UNKNOWN: Final = float("nan")
"""No number, so that no comparison with it is true."""
REFUSED_LATELY: Final = 30.0
"""For so many seconds a refused write counts: between a look and the next there need not be another."""


class Gauges:
    """Sets them. Redis says neither when its disk began to fail nor which of its counters began anew; this does."""

    def __init__(self) -> None:
        self._unlinked_since: float | None = None
        self._saved_at: float | None = None
        self._refused_at = float("-inf")
        self._run = ""
        self._resyncs = 0
        self._refused = 0

    def show(self, look: Look, verdict: Verdict, state: str, lag_ms: int | None) -> None:
        """Take in a turn.

        Args:
            look: everything observed.
            verdict: what the Sentinels say together.
            state: what this node is; one of STATES.
            lag_ms: milliseconds by which this node's data are older than the primary's; None when unknown.
        """
        for each in STATES:
            metrics.GUARDIAN_STATE.labels(each).set(int(each == state))
        answering = [node for node in look.nodes if node is not None]
        metrics.GUARDIAN_EPOCH.set(verdict.epoch)
        metrics.GUARDIAN_CONFIGURED.set(len(look.nodes))
        metrics.GUARDIAN_SENTINELS.set(verdict.answered)
        metrics.GUARDIAN_NODES.set(len(answering))
        metrics.GUARDIAN_PRIMARIES.set(sum(node.primary for node in answering))
        metrics.GUARDIAN_FIT_REPLICAS.set(sum(node.linked and node.fit for node in answering))
        me = look.nodes[look.me]
        metrics.GUARDIAN_FIT.set(int(me is not None and me.fit))
        metrics.GUARDIAN_LAG.set(UNKNOWN if lag_ms is None else lag_ms / 1000)
        beat = me.freshness if me is not None and me.freshness else Freshness()
        metrics.GUARDIAN_BEAT.set(beat.time_ms / 1000)
        opinion = look.sentinels[look.me]
        tilt = None if opinion is None else opinion.tilt
        metrics.GUARDIAN_TILT.set(UNKNOWN if tilt is None else int(tilt))
        self._links(look.now, me)
        self._vitals(look.now, me)

    def _links(self, now: float, me: Seen | None) -> None:
        metrics.GUARDIAN_LINKED.set(me.replicas if me is not None and me.primary else UNKNOWN)
        if me is None or me.primary or me.linked:
            self._unlinked_since = None
        elif self._unlinked_since is None:
            self._unlinked_since = now
        if me is None or me.primary:
            metrics.GUARDIAN_LINK_DOWN.set(UNKNOWN)
        else:
            metrics.GUARDIAN_LINK_DOWN.set(0 if self._unlinked_since is None else now - self._unlinked_since)

    def _vitals(self, now: float, me: Seen | None) -> None:
        vitals = me.vitals if me is not None else None
        if me is None or vitals is None:
            for gauge in (metrics.GUARDIAN_MEMORY, metrics.GUARDIAN_MEMORY_LIMIT, metrics.GUARDIAN_RESTORE_AGE):
                gauge.set(UNKNOWN)
            metrics.GUARDIAN_FAILING.set(UNKNOWN)
            metrics.GUARDIAN_REFUSES.set(UNKNOWN)
            return
        metrics.GUARDIAN_MEMORY.set(vitals.memory_used)
        metrics.GUARDIAN_MEMORY_LIMIT.set(vitals.memory_limit)
        metrics.GUARDIAN_FAILING.set(int(bool(vitals.failing)))
        metrics.GUARDIAN_RESTORE_AGE.set(self._restore_age(now, vitals))
        if me.run == self._run:
            if vitals.refused > self._refused:
                self._refused_at = now
            metrics.GUARDIAN_RESYNCS.inc(max(0, vitals.full_resyncs - self._resyncs))
        elif self._run:  # it started anew, and counts from nothing
            metrics.GUARDIAN_RESYNCS.inc(vitals.full_resyncs)
        self._run, self._resyncs, self._refused = me.run, vitals.full_resyncs, vitals.refused
        lately = me.primary and now - self._refused_at < REFUSED_LATELY
        metrics.GUARDIAN_REFUSES.set(int(lately or bool(vitals.refuses)))

    def _restore_age(self, now: float, vitals: Vitals) -> float:
        if vitals.unsaved_for is not None:
            self._saved_at = now - vitals.unsaved_for
        elif self._saved_at is None:  # it has failed since before this guardian
            self._saved_at = now
        return now - self._saved_at
