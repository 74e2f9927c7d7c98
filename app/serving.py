"""The two ways the one application is served: ``haven web`` for requests, ``haven realtime`` for event streams.

A stream holds a thread for up to an hour. Where there are many, they get processes of their own: then they never take
the threads of requests, and are scaled by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from app.config import Config

Role = Literal["web", "realtime"]

SPARE_THREADS: Final = 16
"""Of a realtime process, beyond those of its streams: for probes, scrapes, and refusing one stream too many."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How many of what.

    Attributes:
        role: what the processes are, also for CLIENT LIST.
        workers: gunicorn's processes.
        threads: of each.
        streams: open at once in each.
    """

    role: Role
    workers: int
    threads: int
    streams: int

    @property
    def arguments(self) -> list[str]:
        """What gunicorn is called with."""
        counts = ["--workers", str(self.workers), "--threads", str(self.threads)]
        return ["--config", "python:app.gunicorn_conf", *counts, f"app.wsgi:make({self.role!r})"]


def serving(config: Config, role: Role) -> Serving:
    """What the configuration says about this role."""
    if role == "realtime":
        streams = config.haven_realtime_streams
        return Serving(role, config.haven_realtime_workers, streams + SPARE_THREADS, streams)
    return Serving(role, config.haven_web_workers, config.haven_web_threads, config.haven_web_streams)
