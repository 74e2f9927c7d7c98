"""Whether a node is still the primary for certain, so that what it and a replica confirmed stays.

A frozen primary that wakes while its successor is being promoted still has a replica that follows it, until somebody
tells that one otherwise: it confirms writes which nobody has a moment later. Measured: 10 ms with guardians, most of a
second without. Nothing in Redis' answers tells these writes from others, so the time between the answers must.

The Sentinels elect a leader only against a primary that has not answered them for down-after-milliseconds. So from a
moment at which the primary was alive, and no failover was under way, it is safe for that long; and each answer within
the time is such a moment again. After a longer silence, the Sentinels are asked. One that leads a failover says so from
before it asks for votes to after the promotion, and it needs the votes of a majority.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from app.store.sentinel import held_for_down, newest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.store.sentinel import View
    from app.store.topology import Address

SAFE_FOR: Final = 0.25
"""Seconds. The least down-after is 500 ms, by ``app/guardian/timings.py``, and an answer may be a ping period older."""


class _Known(NamedTuple):
    """What is known of a primary, and of which moment (monotonic seconds)."""

    primary: Address | None = None
    moment: float = float("-inf")
    good: bool = True


class Tenure:
    """What one process knows about who is primary, by the answers to its writes.

    Args:
        ask: returns what the Sentinels say from now on, of all that answer in time.
        sentinels: how many there are.
    """

    def __init__(self, ask: Callable[[], Sequence[View]], sentinels: int) -> None:
        self._ask = ask
        self._sentinels = sentinels
        self._alive = _Known()
        self._asked = _Known()
        self._asking = threading.Lock()

    def holds(self, address: Address, sent: float) -> bool:
        """Whether no other node can have been promoted before now.

        Args:
            address: the node that has just answered.
            sent: when it was sent what it answered, monotonic seconds: it was alive at that time or later.
        """
        now = time.monotonic()
        if not self._continued(address, now) and not self._vouched(address, now):
            return False
        self._alive = _Known(address, sent)  # another thread may put an older moment there, which is as true
        return True

    def answered(self, address: Address, sent: float) -> None:
        """A write of any kind was done there: that prolongs a tenure, but is no reason to ask whether it holds.

        Not so an answer to a read, which a primary gives also while a handover holds its writes back.

        Args:
            address: the node that has just answered.
            sent: when it was sent what it answered, monotonic seconds.
        """
        if self._continued(address, time.monotonic()):
            self._alive = _Known(address, sent)

    def _continued(self, address: Address, now: float) -> bool:
        alive = self._alive
        return alive.primary == address and now - alive.moment <= SAFE_FOR

    def _vouched(self, address: Address, since: float) -> bool:
        """Whether the Sentinels, asked after `since`, say so; threads that wait meanwhile share the answer."""
        with self._asking:
            asked = self._asked
            if asked.primary != address or asked.moment < since:
                moment = time.monotonic()
                asked = self._asked = _Known(address, moment, self._named(address))
            return asked.good

    def _named(self, address: Address) -> bool:
        views = self._ask()
        if 2 * len(views) <= self._sentinels:
            return False
        best = newest(views).primary
        replaced = any(view.moving for view in views if view.primary == best)
        if best == address:
            return not replaced and not held_for_down(views, best)
        return replaced  # by this node, then: it is primary, and they name it in a moment
