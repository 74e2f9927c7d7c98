"""What each kind of limit is to do, in the plainest words: lists of times, and whole numbers."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.ratelimit import Limit


class Model(Protocol):
    def room(self, now: int) -> Fraction:
        """Return the places left."""

    def take(self, now: int, cost: int) -> None:
        """Count."""


class Log:
    """Every place that is taken, by time."""

    def __init__(self, limit: Limit) -> None:
        self.limit, self.window = limit.limit, round(limit.window * 1000)
        self.taken: list[int] = []

    def room(self, now: int) -> Fraction:
        if self.taken and self.taken[-1] > now:  # the clock was put back
            self.taken = [at - (self.taken[-1] - now) for at in self.taken]
        return Fraction(self.limit - sum(at > now - self.window for at in self.taken))

    def take(self, now: int, cost: int) -> None:
        self.taken = (self.taken + [now] * cost)[-self.limit :]


class Counter:
    """Two groups of requests, each of which is at most a window long; of the older one only ends and size are known."""

    def __init__(self, limit: Limit) -> None:
        self.limit, self.window = limit.limit, round(limit.window * 1000)
        self.group: list[int] = []
        self.before: list[int] = []

    def room(self, now: int) -> Fraction:
        if self.group and self.group[-1] > now:  # the clock was put back
            back = self.group[-1] - now
            self.group = [at - back for at in self.group]
            self.before = [at - back for at in self.before]
        group, before = self._groups(now)
        return self.limit - len(group) - self._left(before, now)

    def take(self, now: int, cost: int) -> None:
        group, self.before = self._groups(now)
        grown = min(len(group) + cost, self.limit)
        # whatever lay between the ends, it is taken to be evenly spread
        self.group = (group[:1] or [now]) + [now] * (grown - 1)

    def _groups(self, now: int) -> tuple[list[int], list[int]]:
        if self.group and now >= self.group[0] + self.window:
            return [], self.group
        return self.group, self.before

    def _left(self, group: list[int], now: int) -> Fraction:
        if not group or now >= group[-1] + self.window:
            return Fraction(0)
        first, last = group[0] + self.window, group[-1] + self.window
        if now < first:
            return Fraction(len(group))
        return 1 + Fraction((len(group) - 2) * (last - now), last - first)


class Bucket:
    """A level that falls."""

    def __init__(self, limit: Limit) -> None:
        self.burst, self.rate = limit.most, Fraction(limit.limit, round(limit.window * 1000))
        self.level, self.measured = Fraction(0), 0

    def room(self, now: int) -> Fraction:
        self.measured = min(self.measured, now)  # the clock was put back
        return self.burst - self._level(now)

    def take(self, now: int, cost: int) -> None:
        self.level, self.measured = min(self._level(now) + cost, Fraction(self.burst)), now

    def _level(self, now: int) -> Fraction:
        return max(Fraction(0), self.level - (now - self.measured) * self.rate)


KINDS: dict[str, type[Log | Counter | Bucket]] = {"log": Log, "counter": Counter, "bucket": Bucket}


class Limits:
    """Several limits: a request counts in all or in none."""

    def __init__(self, limits: list[Limit]) -> None:
        self.models = [KINDS[limit.kind](limit) for limit in limits]

    def hit(self, now: int, cost: int, act: str = "hit") -> tuple[bool, list[int]]:
        room = [model.room(now) for model in self.models]
        allowed = all(each >= cost for each in room)
        if cost and (act == "strict" or (act == "hit" and allowed)):
            for model in self.models:
                model.take(now, cost)
            room = [each - cost for each in room]
        return allowed, [max(0, floor(each)) for each in room]
