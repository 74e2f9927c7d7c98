"""The two ways the one application is served: ``haven web`` for requests, ``haven realtime`` for event streams.

A stream stays open for up to an hour. In a web process it holds a thread. Where there are many, they get processes of
their own, with greenlets in place of threads: then they never take the threads of requests, and are scaled by
themselves. The greenlets are there before anything else is imported: what had taken a lock of the other kind before
could stop a whole process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from app.config import Config

Role = Literal["web", "realtime"]

SPARE: Final = 16
"""Connections of a realtime process beyond those of its streams: probes, scrapes, refusing one stream too many."""
_GREENLETS: Final = ("-m", "gevent.monkey", "--module")


@dataclass(frozen=True, slots=True)
class Serving:
    """How many of what.

    Attributes:
        role: what the processes are, also for CLIENT LIST.
        workers: gunicorn's processes.
        threads: of each; of realtime, whose connections are greenlets: connections.
        streams: open at once in each.
    """

    role: Role
    workers: int
    threads: int
    streams: int

    @property
    def command(self) -> list[str]:
        """What Python is called with."""
        served = [
            "--config",
            "python:app.gunicorn_conf",
            "--workers",
            str(self.workers),
            f"app.wsgi:make({self.role!r})",
        ]
        if self.role == "realtime":
            kind = ["--worker-class", "gevent", "--worker-connections", str(self.threads)]
            return [*_GREENLETS, "gunicorn", *kind, *served]
        return ["-m", "gunicorn", "--worker-class", "gthread", "--threads", str(self.threads), *served]


def serving(config: Config, role: Role) -> Serving:
    """What the configuration says about this role."""
    if role == "realtime":
        streams = config.haven_realtime_streams
        return Serving(role, config.haven_realtime_workers, streams + SPARE, streams)
    return Serving(role, config.haven_web_workers, config.haven_web_threads, config.haven_web_streams)
