"""Token buckets in this process, for limits that go on without Redis: each process allows its share."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from app.ratelimit.decision import Decision, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.ratelimit.limit import Limit
    from app.ratelimit.limiter import Rule

MOST_KEYS: Final = 10_000


class LocalBuckets:
    """Decides as a token bucket, on this process's share of each limit: the limit by the number of processes.

    At most so many keys are known; whose request is longest ago is forgotten first.

    Args:
        share: how many processes there are.
        most: keys at once.
        clock: monotonic seconds.
    """

    def __init__(self, share: int, most: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def decide(self, rule: Rule, names: Sequence[str], cost: int) -> Decision:
        """Count a request in all limits of a rule, if all allow it.

        Args:
            rule: the limits.
            names: the key of each.
            cost: how many requests it counts as; one that is beyond a whole share takes all of it.
        """
        with self._lock:
            now = self._clock()
            levels = [self._level(name, limit, now) for name, limit in zip(names, rule.limits, strict=True)]
            free = [self._size(limit) - level for limit, level in zip(rule.limits, levels, strict=True)]
            wanted = [min(float(cost), self._size(limit)) for limit in rule.limits]
            allowed = all(room >= want for room, want in zip(free, wanted, strict=True))
            if cost:
                for name, level in zip(names, levels, strict=True):
                    self._keep(name, (level + cost, now) if allowed else self._levels.get(name, (0.0, now)))
        return Decision(
            allowed,
            tuple(
                State(
                    limit,
                    name,
                    int(max(0.0, room - cost if allowed else room)),
                    max(0.0, want - room) * limit.window * self._share / limit.limit,
                    room < want,
                )
                for limit, name, room, want in zip(rule.limits, names, free, wanted, strict=True)
            ),
        )

    def _size(self, limit: Limit) -> float:
        return max(1.0, limit.most / self._share)

    def _level(self, name: str, limit: Limit, now: float) -> float:
        level, measured = self._levels.get(name, (0.0, now))
        return max(0.0, level - (now - measured) * limit.limit / limit.window / self._share)

    def _keep(self, name: str, level: tuple[float, float]) -> None:
        self._levels[name] = level
        self._levels.move_to_end(name)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)
