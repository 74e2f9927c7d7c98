"""The worker: takes tasks, runs them in threads, keeps their leases, and never ends on a Redis error."""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import RedisError

from app.errors import HavenError, StoreError
from app.ops import metrics
from app.store import keys
from app.tasks.registry import Registry, registry

if TYPE_CHECKING:
    from concurrent.futures import Future

    from app.ops.heart import Heart
    from app.tasks.delivery import Attempt, Deliveries, Delivery

log = structlog.get_logger(__name__)

BLOCK_MS = 1000
AGEING = 8  # every so many turns the order of priorities is turned round, so that low ones never starve
PAUSE_CAP = 1.0
RETRY_BASE = 1.0
RETRY_CAP = 300.0


def retry_delay(attempt: int) -> float:
    """Seconds until the next attempt: exponential with full jitter, 5 minutes at most."""
    return random.uniform(0, min(RETRY_CAP, RETRY_BASE * 2.0**attempt))  # noqa: S311 - jitter, no secret


class Worker:
    """Runs tasks until stopped.

    Args:
        deliveries: its place in the group of workers.
        heart: beats after every turn that succeeded.
        threads: tasks at once.
        lease: seconds; leases are renewed three times as often.
        grace: seconds that running tasks get after :meth:`stop`; then they are handed back.
        tasks: the tasks there are.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        heart: Heart,
        *,
        threads: int,
        lease: float,
        grace: float = 3.0,
        tasks: Registry = registry,
    ) -> None:
        self._deliveries = deliveries
        self._heart = heart
        self._threads = threads
        self._lease = lease
        self._grace = grace
        self._tasks = tasks
        self._running: dict[Delivery, Future[None]] = {}
        self._entries: set[tuple[str, str]] = set()
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._turns = 0
        self._next_look = 0.0

    def stop(self) -> None:
        """Take nothing new, give what runs its grace, and end."""
        self._stopped.set()

    def run(self) -> int:
        """Work until stopped; how many tasks were handed back because they outlasted the grace."""
        executor = ThreadPoolExecutor(self._threads, thread_name_prefix="haven-task")
        renewing = threading.Thread(target=self._renew, name="haven-lease", daemon=True)
        renewing.start()
        log.info("worker.started", consumer=self._deliveries.consumer, threads=self._threads)
        joined = False
        failures = 0
        while not self._stopped.is_set():
            self._heart.turn()
            try:
                if not joined:
                    self._deliveries.join()
                    self._accept(executor, self._deliveries.own())
                    joined = True
                self._turn(executor)
                self._heart.beat()
                failures = 0
            except (StoreError, RedisError) as error:
                joined = False  # the group may be gone with what a failover lost, and a reply may have been
                failures += 1
                pause = random.uniform(0, min(PAUSE_CAP, 0.02 * 2**failures))  # noqa: S311 - jitter, no secret
                log.warning("worker.turn_failed", error=str(error), again_in=round(pause, 2))
                self._stopped.wait(pause)
        return self._end(executor)

    def _turn(self, executor: ThreadPoolExecutor) -> None:
        """Take as many tasks as threads are free; now and then look for due and for abandoned ones."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + min(1.0, self._lease / 6)
            self._deliveries.move_due()
            if self._room():
                taken = self._deliveries.take_over(self._room())
                metrics.TASK_REDELIVERIES.inc(len(taken))
                self._accept(executor, taken)
        room = self._room()
        if not room:
            with self._changed:
                self._changed.wait_for(lambda: len(self._running) < self._threads, BLOCK_MS / 1000)
            return
        self._turns += 1
        order = keys.PRIORITIES if self._turns % AGEING else tuple(reversed(keys.PRIORITIES))
        self._accept(executor, self._deliveries.take(room, order, BLOCK_MS))

    def _room(self) -> int:
        with self._changed:
            return max(0, self._threads - len(self._running))

    def _accept(self, executor: ThreadPoolExecutor, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            place = (delivery.priority, delivery.entry)
            with self._changed:
                if place in self._entries:
                    continue  # it is running here already
                self._entries.add(place)
                self._running[delivery] = executor.submit(self._carry_out, delivery)

    def _carry_out(self, delivery: Delivery) -> None:
        try:
            attempt = self._deliveries.start(delivery)
            if isinstance(attempt, str):
                log.info("task.not_started", task_id=delivery.task_id, why=attempt)
                return
            self._attempt(delivery, attempt)
        except (StoreError, RedisError) as error:
            # nothing is lost: the lease runs out, or this worker finds the entry among its own
            log.warning("task.unsettled", task_id=delivery.task_id, error=str(error))
        finally:
            with self._changed:
                self._running.pop(delivery, None)
                self._entries.discard((delivery.priority, delivery.entry))
                self._changed.notify()

    def _attempt(self, delivery: Delivery, attempt: Attempt) -> None:
        if attempt.number == 1:
            metrics.TASK_WAIT.labels(delivery.priority).observe(attempt.waited)
        started = time.monotonic()
        attempts = 1
        try:
            task = self._tasks.get(attempt.name)
            attempts = task.attempts
            result = task.function(**task.arguments.model_validate(attempt.args).model_dump())
            detail = json.dumps(result, separators=(",", ":"))
            outcome = "done"
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"[:2000]
            outcome = "retry" if attempt.number < attempts and not isinstance(error, HavenError) else "dead"
            log.exception(
                "task.failed", task_id=delivery.task_id, task=attempt.name, attempt=attempt.number, next=outcome
            )
        seconds = time.monotonic() - started
        metrics.TASK_DURATION.labels(attempt.name).observe(seconds)
        ours = self._finish(delivery, outcome, detail, retry_delay(attempt.number))
        metrics.TASK_OUTCOMES.labels(attempt.name, outcome if ours else "lost").inc()
        log.info("task.ended", task_id=delivery.task_id, task=attempt.name, outcome=outcome, seconds=round(seconds, 3))

    def _finish(self, delivery: Delivery, outcome: Any, detail: str, delay: float) -> bool:
        """Say how it ended, until Redis has heard it or the worker ends: doing it all again would be worse."""
        while True:
            try:
                return self._deliveries.finish(delivery, outcome, detail, delay)
            except (StoreError, RedisError) as error:
                log.warning("task.finish_waits", task_id=delivery.task_id, error=str(error))
                if self._stopped.wait(PAUSE_CAP):
                    raise

    def _renew(self) -> None:
        while not self._stopped.wait(self._lease / 3):
            with self._changed:
                running = list(self._running)
            try:
                for lost in self._deliveries.renew(running):
                    log.warning("task.lost", task_id=lost.task_id, why="another worker has taken it over")
            except (StoreError, RedisError) as error:
                log.warning("worker.renew_failed", error=str(error))

    def _end(self, executor: ThreadPoolExecutor) -> int:
        with self._changed:
            running = dict(self._running)
        _, late = wait(running.values(), timeout=self._grace)
        handed_back = [delivery for delivery, future in running.items() if future in late]
        try:
            self._deliveries.hand_back(handed_back)
            self._deliveries.leave()
        except (StoreError, RedisError) as error:
            log.warning("worker.leaves_silently", error=str(error))
        executor.shutdown(wait=False, cancel_futures=True)
        log.info("worker.stopped", handed_back=len(handed_back))
        return len(handed_back)
