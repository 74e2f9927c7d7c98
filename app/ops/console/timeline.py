"""The time line: what the Sentinels tell of and what this process sees itself, with the time it was heard here."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from app.drill.timeline import clock
from app.store.watch import Switch
from app.tidings import SWITCH

if TYPE_CHECKING:
    from app.ops.console.look import Node, Picture

KEPT: Final = 200
_WORDS: Final = {
    "+sdown": "does not answer this Sentinel",
    "-sdown": "answers again",
    "+odown": "is held for down by enough Sentinels",
    "-odown": "is no longer held for down",
    "+try-failover": "is to be replaced: the Sentinels vote",
    "+elected-leader": "is replaced by this Sentinel, which won the vote",
    "+selected-slave": "was chosen",
    "+promoted-slave": "was promoted",
    "+failover-end": "has been replaced",
    "-failover-abort-not-elected": "is not replaced: no Sentinel won the vote",
    "-failover-abort-no-good-slave": "is not replaced: no replica is good enough",
    "-failover-abort-slave-timeout": "is not replaced: the chosen replica did not take over in time",
    "+convert-to-slave": "is turned into a replica",
    "+slave": "is known as a replica now",
    "+reboot": "was restarted",
    "+tilt": "This Sentinel's clock or host stalled: it acts on nothing for a while",
    "-tilt": "This Sentinel acts again",
}
_ABOUT: Final = re.compile(r"(master|slave|sentinel) \S+ (\S+) (\d+)")
_SUBJECTS: Final = {"master": "primary", "slave": "replica", "sentinel": "Sentinel"}


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened.

    Attributes:
        number: counts up in this process.
        at: when it was heard here, seconds since 1970.
        source: who says so.
        kind: a Sentinel's channel, or ``seen``.
        text: what, for people.
    """

    number: int
    at: float
    source: str
    kind: str
    text: str

    @property
    def key(self) -> str:
        """What tells it from others; two processes that heard the same of a Sentinel agree on it."""
        return f"{self.source}|{self.kind}|{self.text}"

    @property
    def clock(self) -> str:
        """The time in UTC, to the millisecond."""
        return clock(self.at)

    @property
    def iso(self) -> str:
        """The moment for machines."""
        return datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")


def utc(at: float) -> str:
    """A date and a time of day in UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


class TimeLine:
    """The last moments; may be written and read by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moments: deque[Moment] = deque(maxlen=KEPT)
        self._number = 0
        self._own = f"this page's process ({os.getpid()})"
        self._nodes: dict[str, Node] = {}

    def hear(self, source: str, kind: str, text: str) -> None:
        """A Sentinel says something."""
        self._add(f"Sentinel {source}", kind, told(kind, text))

    def see(self, text: str) -> None:
        """This process notices something itself."""
        self._add(self._own, "seen", text)

    def compare(self, now: Picture) -> None:
        """Note what has changed since each node was looked at last, also if a look between missed it."""
        for node in now.nodes:
            before = self._nodes.pop(node.address, node)
            for text in changes(before, node):
                self.see(text)
            self._nodes[node.address] = node if node.role else replace(before, trouble=node.trouble)
        for address in list(self._nodes)[:-KEPT]:
            del self._nodes[address]

    def forget(self) -> None:
        """The next look is the first again: what has changed meanwhile was not seen as it happened."""
        self._nodes.clear()

    def since(self, number: int = 0) -> list[Moment]:
        """The moments after that one, the oldest first."""
        with self._lock:
            return [moment for moment in self._moments if moment.number > number]

    def _add(self, source: str, kind: str, text: str) -> None:
        with self._lock:
            self._number += 1
            self._moments.append(Moment(self._number, time.time(), source, kind, text))


def changes(before: Node, now: Node) -> list[str]:
    """What has become of a node, a line each.

    Args:
        before: what it said last, with the trouble if it has fallen silent since.
        now: what it says.
    """
    if not now.role:
        return [] if before.trouble else [f"{now.address} does not answer: {now.trouble}"]
    other = f", and was a {before.role}" if before.role not in ("", now.role) else ""
    found = []
    if before.trouble:
        found.append(f"{now.address} answers again, as a {now.role}{other}")
    elif other:
        found.append(f"{now.address} says it is a {now.role}{other}")
    if now.role == before.role == "replica":
        if now.follows != before.follows:
            found.append(f"{now.address} follows {now.follows} now")
        if now.linked != before.linked:
            found.append(f"{now.address} has {'its link' if now.linked else 'no link'} to {now.follows}")
    return found


def told(kind: str, text: str) -> str:
    """A Sentinel's message in words."""
    switch = Switch.read(text) if kind == SWITCH else None
    if switch:
        return f"{switch.now} is the primary now; it was {switch.before}"
    says = _WORDS.get(kind, text)
    found = _ABOUT.match(text)
    if found:
        return f"{_SUBJECTS[found[1]]} {found[2]}:{found[3]} {says}"
    return says
