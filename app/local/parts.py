"""What the supervisor runs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.local.backoff import Backoff
from app.local.loglines import Filter, any_line
from app.local.process import Process


def _nothing() -> None:
    pass


def _blank() -> str:
    return ""


@dataclass(slots=True, kw_only=True)
class Part:
    """A process that is to run, or a task that is to run once.

    Attributes:
        name: as shown to people.
        process: what to run.
        ready: whether it serves; asked again and again after a start, so it must answer within a second.
        address: where it listens, to show.
        role: what it is now, to show.
        once: it runs to its end, which must be exit code 0.
        timeout: seconds to get ready (or to end, if `once`).
        grace: seconds to end after SIGTERM.
        remedy: what to try when it does not come up.
        keep: what to show of its log.
    """

    name: str
    process: Process
    ready: Callable[[], bool] = field(default=lambda: True)
    address: str = ""
    role: Callable[[], str] = _blank
    once: bool = False
    timeout: float = 30.0
    grace: float = 2.0
    remedy: str = ""
    keep: Filter = any_line
    restarts: int = 0
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(slots=True)
class Stage:
    """Parts that start at the same time, and what to do once all are ready. Stages end in the opposite order."""

    parts: list[Part]
    then: Callable[[], None] = _nothing
