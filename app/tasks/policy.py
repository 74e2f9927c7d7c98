"""What is decided per task: how often it is tried, how long it may take, how many at once, how it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.backoff import jittered
from app.errors import InvalidTask
from app.store import keys

if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS = 5
SECONDS = 600.0


def known_priority(priority: str) -> str:
    """A priority that there is.

    Raises:
        InvalidTask: there is none of that name: no worker would ever look there.
    """
    if priority not in keys.PRIORITIES:
        raise InvalidTask(f"priority {priority!r} is not one of {', '.join(keys.PRIORITIES)}")
    return priority


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds until the next attempt: exponential with full jitter.

    Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/

    Attributes:
        base: at most so long after the first attempt.
        cap: at most so long ever.
    """

    base: float = 2.0
    cap: float = 300.0

    def delay(self, attempt: int) -> float:
        """Seconds to wait after this attempt, counted from 1."""
        return jittered(attempt, base=self.base, cap=self.cap)


@dataclass(frozen=True, slots=True)
class Limit:
    """How many of a task may run, over all workers; the others wait in front of their queue, by priority and time.

    Attributes:
        concurrency: at once; 0 for any number.
        rate: so many …
        per: … in so many seconds; a rate of 0 for any number.
        burst: how many may start at once after a pause; by default the rate.
    """

    concurrency: int = 0
    rate: int = 0
    per: float = 1.0
    burst: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be meant.

        Raises:
            ValueError: a number is negative, or nothing is limited.
        """
        if min(self.concurrency, self.rate, self.burst) < 0 or self.per <= 0:
            raise ValueError(f"{self}: a limit has no negative numbers, and per is more than 0")
        if not self.concurrency and not self.rate:
            raise ValueError(f"{self} limits nothing: give concurrency, or rate and per")

    def spec(self) -> str:
        """As the scripts read it: how many at once, ms between two, how many in a burst."""
        interval = max(1, round(self.per * 1000 / self.rate)) if self.rate else 0
        return f"{self.concurrency} {interval} {self.burst or max(1, self.rate)}"


@dataclass(frozen=True, slots=True)
class Options:
    """How a task is treated.

    Attributes:
        priority: high, normal or low, where the caller does not say.
        attempts: how often it is tried when it raises.
        backoff: how long until the next attempt.
        retry_on: only these errors are tried again.
        give_up_on: these are not.
        seconds: it is ended when it runs longer; None for no limit.
        durable: whether enqueueing waits until a replica has it, and a worker until one knows who runs it.
        keep: seconds its result can be looked up; None: HAVEN_TASK_TTL.
        expires: seconds after which it is not worth running any more; None for never.
        unique: whether of those with the same arguments one waits or runs at a time; or a function that makes the key.
        limit: how many run, over all workers.
    """

    priority: str = "normal"
    attempts: int = ATTEMPTS
    backoff: Backoff = field(default_factory=Backoff)
    retry_on: tuple[type[BaseException], ...] = (BaseException,)
    give_up_on: tuple[type[BaseException], ...] = ()
    seconds: float | None = SECONDS
    durable: bool = True
    keep: float | None = None
    expires: float | None = None
    unique: bool | Callable[..., Any] = False
    limit: Limit | None = None

    @property
    def plain(self) -> bool:
        """Whether a task asks for nothing but to be run."""
        return not self.unique and self.limit is None and self.expires is None

    def tries_again(self, error: BaseException, attempt: int) -> bool:
        """Whether another attempt follows after this one failed so."""
        return attempt < self.attempts and isinstance(error, self.retry_on) and not isinstance(error, self.give_up_on)
