"""What a limit is: so many requests in a time, counted in one of three ways."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    By = Callable[..., str | bytes | int]
    """Says whose request it is: without parameters, or with those of the view."""

Kind = Literal["counter", "log", "bucket"]

MOST: Final = 1_000_000
MOST_EXACT: Final = 10_000
"""Every place of an exact limit takes 14 bytes while it is taken."""
LONGEST: Final = 31 * 86_400.0
SHORTEST: Final = 0.001
UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TEXT = re.compile(r"(\d+)\s*/\s*(\d+)?\s*(second|minute|hour|day|s|m|h|d)s?(?:\s+(exact)|\s+burst\s+(\d+))?")
_REMEDY = "write it as 5/minute, 100/12h, 5/minute exact or 100/minute burst 20"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in a window that slides.

    Plain, it is a sliding counter, which is as small however high the limit. ``exact`` keeps the time of every request.
    With ``burst`` it is a token bucket: that many at once, and from then on as evenly as the limit says.

    Attributes:
        limit: requests per window, 1 to a million; exact ones 10,000.
        window: seconds, up to 31 days.
        exact: whether it is kept as a log.
        burst: requests at once; makes it a token bucket.
        by: whose requests are counted together; None: as the declaration says for all its limits.
        name: in headers and keys; by default after the window: ``minute``, ``30s``.

    Raises:
        ValueError: one of them makes no limit.
    """

    limit: int
    window: float
    exact: bool = False
    burst: int | None = None
    by: By | None = None
    name: str = ""

    def __post_init__(self) -> None:
        _check_number("limit", self.limit, MOST_EXACT if self.exact else MOST)
        if not SHORTEST <= self.window <= LONGEST:
            raise ValueError(f"window={self.window!r}: seconds, {SHORTEST} to {LONGEST:.0f} (31 days)")
        if self.burst is not None:
            _check_number("burst", self.burst, MOST)
            if self.exact:
                raise ValueError("exact=True and burst=…: a log and a token bucket are two kinds of limit, choose one")
        if self.by is not None and not callable(self.by):
            raise ValueError(f"by={self.by!r}: a function that says who is asking, such as who.address")
        if self.name == "":
            object.__setattr__(self, "name", _name_of(self.window))
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name={self.name!r}: 1 to 64 letters, digits, dots, dashes and underscores")

    @classmethod
    def per_second(cls, limit: int, **options: Any) -> Self:
        """So many a second."""
        return cls(limit, UNITS["second"], **options)

    @classmethod
    def per_minute(cls, limit: int, **options: Any) -> Self:
        """So many a minute."""
        return cls(limit, UNITS["minute"], **options)

    @classmethod
    def per_hour(cls, limit: int, **options: Any) -> Self:
        """So many an hour."""
        return cls(limit, UNITS["hour"], **options)

    @classmethod
    def per_day(cls, limit: int, **options: Any) -> Self:
        """So many a day."""
        return cls(limit, UNITS["day"], **options)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A limit in words: ``5/minute``, ``100/12h``, ``5/minute exact``, ``100/minute burst 20``.

        Raises:
            ValueError: it says no limit.
        """
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"limit {text!r}: {_REMEDY}")
        number, times, unit, exact, burst = found.groups()
        seconds = next(length for name, length in UNITS.items() if name.startswith(unit))
        return cls(int(number), int(times or 1) * seconds, exact=bool(exact), burst=int(burst) if burst else None)

    @property
    def kind(self) -> Kind:
        """How it is counted."""
        return "log" if self.exact else "counter" if self.burst is None else "bucket"

    @property
    def most(self) -> int:
        """The most a single request may cost: what is there when nobody came for long."""
        return self.limit if self.burst is None else self.burst

    def __str__(self) -> str:
        more = " exact" if self.exact else f" burst {self.burst}" if self.burst else ""
        return f"{self.limit}/{_name_of(self.window)}{more}"


def limits_of(declared: Sequence[object]) -> tuple[Limit, ...]:
    """Limits as they may be declared: objects, or texts with one or more, comma separated.

    Raises:
        ValueError: there is none, one is none, or two have the same name.
    """
    found: list[Limit] = []
    for each in declared:
        if isinstance(each, Limit):
            found.append(each)
        elif isinstance(each, str):
            found += [Limit.parse(text) for text in each.split(",")]
        else:
            raise ValueError(f"limit {each!r}: {_REMEDY}, or as Limit(5, 60)")  # noqa: TRY004 - as for every other wrong limit
    if not found:
        raise ValueError(f"there is no limit: {_REMEDY}")
    names = [limit.name for limit in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two limits are called {', '.join(sorted(twice))}: give each a name=…")
    return tuple(found)


def _name_of(window: float) -> str:
    return next((name for name, seconds in UNITS.items() if seconds == window), f"{window:.12g}s")


def _check_number(name: str, number: object, most: int) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
        raise ValueError(f"{name}={number!r}: a whole number, 1 to {most}")
