"""`haven drill probe`: the clients of one drill, from the first request to the audit."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.drill.probe.doing import AT_ONCE, Doing
from app.drill.probe.lock import Lock
from app.drill.probe.tasks import Tasks, longest_gap
from app.drill.probe.telling import AUDIT, BEAT, HELLO, REFUSED, Teller
from app.drill.probe.track import Track
from app.drill.probe.visitor import Events, Listener, Visitor, disorder
from app.drill.probe.watcher import Watcher
from app.drill.probe.writes import Writes
from app.errors import SmokeError, StoreError, TaskError
from app.ops.metrics import store_retries
from app.smoke.client import Client
from app.smoke.guest import make_guest

if TYPE_CHECKING:
    from app.drill.experiment import Probes
    from app.runtime import Runtime
    from app.smoke.guest import Guest

BEAT_EVERY: Final = 0.5
_TASKS: Final = 60.0
_EVENTS: Final = 15.0
_TRIAL: Final = 15.0
_DATABASE: Final = 15.0


class Probe:
    """The clients.

    Args:
        runtime: of the installation, as this process sees it.
        probes: what they do.
        run: names the drill's keys, tasks and lock.
        urls: of the web application, and of its event streams.
        longest: seconds after which it ends by itself, should whoever runs the drill be gone.
        teller: told of everything.
    """

    def __init__(
        self, runtime: Runtime, probes: Probes, run: str, urls: tuple[str, str], longest: float, teller: Teller
    ) -> None:
        self._runtime = runtime
        self._probes = probes
        self._run = run
        self._urls = urls
        self._longest = longest
        self._teller = teller
        self._stopped = threading.Event()
        self._web = Client(urls[0])
        self._user_id = 0

    def stop(self) -> None:
        """End the load, audit, and return from :meth:`run`."""
        self._stopped.set()

    def run(self) -> None:
        """Begin, go on until stopped, and tell what came of it. Nothing is raised: a refusal is told as well."""
        lock = Lock(self._runtime.store, self._run)
        try:
            lock.take()
            self._go_on()
        except (SmokeError, StoreError, TaskError, SQLAlchemyError) as error:
            self._teller.tell(REFUSED, reason=str(error).splitlines()[0])
        finally:
            self._leave()
            lock.leave()

    def _go_on(self) -> None:
        runtime, probes, teller = self._runtime, self._probes, self._teller
        guest = self._make_guest()
        self._user_id = guest.user_id
        # not by the log-in: that has a limit for each address, and several drills in a row would use it up
        self._web.session_id = session_id = runtime.sessions.create(guest.user_id, device="drill")
        watcher = Watcher(runtime.store, teller)
        watcher.start()
        track = {
            name: Track(name, 2 / rate if rate else 1.0, teller)
            for name, rate in {
                "requests": probes.requests,
                "writes": probes.writes,
                "tasks": probes.tasks,
                "events": probes.events,
                "stream": probes.events,
            }.items()
        }
        writes, tasks = Writes(runtime.store, self._run), Tasks(runtime.store, runtime.tasks, self._run)
        events = Events(runtime.events, guest.user_id)
        listener = Listener(self._urls[1], session_id, track["stream"])
        visitor = Visitor(self._urls[0], session_id, probes.paths)
        doing = [
            Doing(track["requests"], probes.requests, visitor.do, AT_ONCE),
            Doing(track["writes"], probes.writes, writes.do),
            Doing(track["tasks"], probes.tasks, tasks.do),
            Doing(track["events"], probes.events, events.do),
        ]
        if probes.events and not listener.start(_EVENTS):
            raise SmokeError(f"no event stream could be had at {self._urls[1]} within {_EVENTS:g} s")
        if probes.tasks and not tasks.are_run(_TRIAL):
            raise SmokeError(
                f"no worker ran a task within {_TRIAL:g} s: see that workers run, and by `haven tasks queues` that "
                "normal is not paused and nothing waits in it"
            )
        teller.tell(HELLO, version=version("haven"), redis=self._redis(), health=watcher.health)
        for each in doing:
            each.start()
        self._beat(track, watcher)
        for each in doing:
            each.stop()
        ended = time.time()
        heard = self._hear_out(events, listener)
        listener.stop()
        runs = tasks.await_all(_TASKS)
        teller.tell(AUDIT, figures=_figures(track, writes, tasks, events, heard, runs, ended), health=watcher.health)
        watcher.stop()
        writes.remove()
        tasks.remove()

    def _make_guest(self) -> Guest:
        """The user of the drill; a database, or a name of one, that comes back just now may take a moment."""
        end = time.monotonic() + _DATABASE
        while True:
            try:
                return make_guest(self._runtime.db, "Drill")
            except OperationalError:
                if time.monotonic() > end or self._stopped.wait(BEAT_EVERY):
                    raise

    def _beat(self, track: dict[str, Track], watcher: Watcher) -> None:
        end = time.monotonic() + self._longest
        while not self._stopped.wait(BEAT_EVERY) and time.monotonic() < end:
            tracks = {name: each.beat() for name, each in track.items()}
            self._teller.tell(BEAT, tracks=tracks, health=watcher.health, retries=store_retries())

    @staticmethod
    def _hear_out(events: Events, listener: Listener) -> list[int]:
        end = time.monotonic() + _EVENTS
        while set(events.acknowledged) - set(listener.heard) and time.monotonic() < end:
            time.sleep(0.1)
        return list(listener.heard)

    def _redis(self) -> str:
        info: Any = self._runtime.store.redis.info("server")
        return str(info.get("valkey_version") or info.get("redis_version"))

    def _leave(self) -> None:
        """Leave nothing behind: the user with its sessions."""
        with suppress(SmokeError):
            if self._user_id:
                self._web.call("DELETE", f"/api/users/{self._user_id}")


def _figures(
    track: dict[str, Track],
    writes: Writes,
    tasks: Tasks,
    events: Events,
    heard: list[int],
    runs: dict[int, list[float]],
    ended: float,
) -> dict[str, float | int]:
    found: dict[str, float | int] = {
        "writes": track["writes"].good,
        "write_gap_seconds": track["writes"].final_gap(ended),
        "failed_writes": track["writes"].bad,
        "lost_writes": writes.lost(),
        "requests": track["requests"].good,
        "request_gap_seconds": track["requests"].final_gap(ended),
        "failed_requests": track["requests"].bad,
        "longest_request_seconds": track["requests"].longest,
        "tasks": track["tasks"].good,
        "task_gap_seconds": longest_gap(runs),
        "failed_tasks": track["tasks"].bad,
        "lost_tasks": len(set(tasks.acknowledged) - runs.keys()),
        "doubled_tasks": sum(len(moments) > 1 for moments in runs.values()),
        "events": track["events"].good,
        "event_gap_seconds": track["stream"].gap if track["stream"].good else float("inf"),
        "failed_events": track["events"].bad,
        "missed_events": len(set(events.acknowledged) - set(heard)),
        "doubled_events": disorder(heard),
    }
    return {name: round(value, 3) for name, value in found.items() if value != float("inf")}
