"""What goes wrong: the worker is killed; the primary is killed or frozen under a producer and a worker."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.local.nodes import command
from tests.bench.tasks.audit import Audit, calls
from tests.bench.tasks.environments import Unavailable
from tests.bench.tasks.held import held
from tests.bench.tasks.programs import end

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local.nodes import RedisNode
    from app.local.process import Process
    from tests.bench.tasks.programs import Programs
    from tests.bench.tasks.server import Pair

POLL = 0.05
FILLING = 90.0
WORK = 5  # milliseconds
KILL_WAIT = 90.0
LAST_THING = 0.1
RATE, SECONDS = 20, 40
FAULT_AT = 8.0
FROZEN = 14.0
HANGING = 60.0
DRAIN_WAIT = 60.0
LINGER = 15.0
RESTART_AFTER = 1.0
HEALTHY = 90.0


class Cluster(Protocol):
    """Redis and Sentinel, three of each."""

    def primary(self) -> RedisNode:
        """Return the primary."""

    def wait_healthy(self, timeout: float) -> None:
        """Wait until nothing is wrong any more."""


@dataclass
class Loss:
    """What a drill showed.

    Attributes:
        promised: tasks that were taken in.
        failed: calls that raised or did not come back.
        never: tasks that were taken in and did not run.
        held: of those, still in Redis.
        twice: tasks that ran more than once.
        excused: of those, run last thing by the worker that was killed: it had no time to say so.
        longest: the longest call, seconds.
        resumed: seconds until the worker went on, or until all had run; None: it never came to that.
        exits: how often the worker ended by itself.
    """

    promised: int
    failed: int
    never: int
    held: int
    twice: int
    excused: int
    longest: float
    resumed: float | None
    exits: int

    @property
    def clean(self) -> bool:
        """Nothing failed, nothing was lost, and nothing ran twice without need."""
        return not (self.failed or self.never or self.twice > self.excused)


class Keeper:
    """Starts a worker again a second after it has ended.

    Args:
        worker: it runs.
    """

    def __init__(self, worker: Process) -> None:
        self._worker = worker
        self._ended: float | None = None
        self.exits = 0

    def look(self) -> None:
        """See to it."""
        if self._worker.alive:
            return
        if self._ended is None:
            self._ended = time.monotonic()
            self.exits += 1
            end(self._worker)
        elif time.monotonic() > self._ended + RESTART_AFTER:
            self._ended = None
            self._worker.start()

    def until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait for something that long at most; whether it came."""
        deadline = time.monotonic() + seconds
        while not (there := done()) and time.monotonic() < deadline:
            self.look()
            time.sleep(POLL)
        return there


def worker_killed(programs: Programs, pair: Pair, number: int) -> Loss:
    """Kill -9 of a worker and its processes in the middle of its tasks; another one starts at once.

    Raises:
        Unavailable: the tasks could not be put there, or the worker does not come as far as the middle.
    """
    pair.empty()
    programs.ask("fill", number, "mark", WORK, timeout=FILLING)
    worker = programs.worker()
    worker.start()
    keeper = Keeper(worker)
    try:
        if not keeper.until(lambda: len(Audit(programs.file).runs) >= number // 2, FILLING):
            raise Unavailable(f"half of {number} tasks did not run: {programs.last_words()}")
        since = time.monotonic()
        end(worker)
        gone = time.monotonic()
        worker.start()
        keeper.until(lambda: False, KILL_WAIT)  # also when all have run: one may run a second time
    finally:
        end(worker)
    audit = Audit(programs.file)
    missing = number - len(audit.runs)
    late = held(pair.port) - audit.runs.keys() if missing else set()
    return Loss(
        promised=number,
        failed=0,
        never=missing,
        held=len(late),
        twice=len(audit.twice),
        excused=sum(since - LAST_THING <= moments[0] <= gone for moments in audit.twice.values()),
        longest=0.0,
        resumed=None if missing else audit.last - since,
        exits=keeper.exits,
    )


def outage(programs: Programs, cluster: Cluster, fault: str) -> Loss:
    """The primary is killed, or frozen for 14 s, while a producer enqueues and a worker drains.

    Raises:
        Unavailable: worker or producer did not even begin.
    """
    cluster.wait_healthy(HEALTHY)
    primary = cluster.primary()
    command(primary.client, "FLUSHDB")
    worker, journal = programs.worker(), programs.directory / f"{fault}.calls"
    producer = programs.producer(RATE * SECONDS, RATE, journal)
    worker.start()
    keeper = Keeper(worker)
    try:
        programs.ask("latency", 0, timeout=FILLING)
        producer.start()
        if not keeper.until(lambda: bool(calls(journal)), HANGING):
            raise Unavailable(f"the producer did not begin: {programs.last_words()}")
        keeper.until(lambda: False, FAULT_AT)
        since = time.monotonic()
        if fault == "killed":
            primary.kill()
        else:
            primary.freeze()
            keeper.until(lambda: False, FROZEN)
            primary.thaw()
        keeper.until(lambda: not producer.alive, SECONDS + HANGING)
        end(producer)
        made = calls(journal)
        promised = {call.task for call in made if not call.error}
        keeper.until(lambda: promised <= Audit(programs.file).runs.keys(), DRAIN_WAIT)
        keeper.until(lambda: False, LINGER)  # for what may run a second time
    finally:
        end(producer)
        end(worker)
        primary.thaw()
        if not primary.alive:
            primary.restart()
    audit = Audit(programs.file)
    never = promised - audit.runs.keys()
    return Loss(
        promised=len(promised),
        failed=RATE * SECONDS - len(promised),
        never=len(never),
        held=len(held(cluster.primary().port) & never) if never else 0,
        twice=len(audit.twice),
        excused=0,
        longest=max((call.seconds for call in made), default=0.0),
        resumed=audit.resumed(since),
        exits=keeper.exits,
    )
