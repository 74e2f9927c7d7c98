"""The worker: takes tasks, runs them in threads, keeps their leases, and never ends on an error."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import RedisError

from app.backoff import jittered
from app.errors import InvalidTask
from app.ops import metrics
from app.store import keys
from app.tasks.queue import MAX_BYTES
from app.tasks.registry import ATTEMPTS, Registry, registry

if TYPE_CHECKING:
    from concurrent.futures import Future

    from app.ops.heart import Heart
    from app.tasks.delivery import Attempt, Deliveries, Delivery

log = structlog.get_logger(__name__)

BLOCK_MS = 1000
AGEING = 8  # every so many turns a lower priority goes first, so that none ever starves
PAUSE_BASE = 0.05
PAUSE_CAP = 1.0
RETRY_BASE = 2.0
RETRY_CAP = 300.0


def retry_delay(attempt: int) -> float:
    """Seconds until the next attempt: exponential with full jitter, 5 minutes at most."""
    return jittered(attempt, base=RETRY_BASE, cap=RETRY_CAP)


def order(turn: int) -> tuple[str, ...]:
    """The priorities in the order in which this turn looks at them."""
    first, *lower = keys.PRIORITIES
    if turn % AGEING == 0:
        first = lower[-1 - turn // AGEING % len(lower)]
    return (first, *(priority for priority in keys.PRIORITIES if priority != first))


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
        self._ended = threading.Event()
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
            except Exception as error:
                joined = False  # the group may be gone with what a failover lost, and a reply may have been
                failures += 1
                pause = jittered(failures, base=PAUSE_BASE, cap=PAUSE_CAP)
                trace = not isinstance(error, RedisError)
                log.warning("worker.turn_failed", error=str(error), again_in=round(pause, 2), exc_info=trace)
                self._stopped.wait(pause)
        return self._end(executor)

    def _turn(self, executor: ThreadPoolExecutor) -> None:
        """Take as many tasks as threads are free; now and then look for due and for abandoned ones."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + min(1.0, self._lease / 6)
            self._deliveries.move_due()
            if self._room():
                metrics.TASK_REDELIVERIES.inc(self._accept(executor, self._deliveries.take_over(self._room())))
        room = self._room()
        if not room:
            with self._changed:
                self._changed.wait_for(lambda: len(self._running) < self._threads, BLOCK_MS / 1000)
            return
        self._turns += 1
        self._accept(executor, self._deliveries.take(room, order(self._turns), BLOCK_MS))

    def _room(self) -> int:
        with self._changed:
            return max(0, self._threads - len(self._running))

    def _accept(self, executor: ThreadPoolExecutor, deliveries: list[Delivery]) -> int:
        accepted = 0
        for delivery in deliveries:
            place = (delivery.priority, delivery.entry)
            with self._changed:
                if place in self._entries:
                    continue  # it is running here already
                self._entries.add(place)
                self._running[delivery] = executor.submit(self._carry_out, delivery)
                accepted += 1
        return accepted

    def _carry_out(self, delivery: Delivery) -> None:
        try:
            attempt = self._deliveries.start(delivery)
            if isinstance(attempt, str):
                log.info("task.not_started", task_id=delivery.task_id, why=attempt)
                return
            self._attempt(delivery, attempt)
        except RedisError as error:
            # nothing is lost: the lease runs out, or this worker finds the entry among its own
            log.warning("task.unsettled", task_id=delivery.task_id, error=str(error))
        except Exception:
            log.exception("task.unsettled", task_id=delivery.task_id)
        finally:
            with self._changed:
                self._running.pop(delivery, None)
                self._entries.discard((delivery.priority, delivery.entry))
                self._changed.notify()

    def _attempt(self, delivery: Delivery, attempt: Attempt) -> None:
        if attempt.number == 1:
            metrics.TASK_WAIT.labels(delivery.priority).observe(attempt.waited)
        started = time.monotonic()
        attempts = ATTEMPTS  # also of a name that is not known here: in a rollout, the next worker may know it
        try:
            task = self._tasks.get(attempt.name)
            attempts = task.attempts
            result = task.function(**dict(task.arguments.model_validate(attempt.args)))
            detail = json.dumps(result, separators=(",", ":"))
            if len(detail) > MAX_BYTES:
                raise InvalidTask(f"the result has {len(detail)} bytes, at most {MAX_BYTES}: return a reference")  # noqa: TRY301
            outcome = "done"
        except BaseException as error:  # a task that exits has failed; signals go to the main thread
            detail = f"{type(error).__name__}: {error}"[:2000].encode(errors="replace").decode()
            outcome = "retry" if attempt.number < attempts and not isinstance(error, InvalidTask) else "dead"
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
            except RedisError as error:
                log.warning("task.finish_waits", task_id=delivery.task_id, error=str(error))
                if self._stopped.wait(PAUSE_CAP):
                    raise

    def _renew(self) -> None:
        while not self._ended.wait(self._lease / 3):
            with self._changed:
                running = list(self._running)
            try:
                for lost in self._deliveries.renew(running):
                    log.warning("task.lost", task_id=lost.task_id, why="another worker has taken it over")
            except Exception as error:
                # without renewals every task would be taken over while it runs, so this goes on whatever it was
                log.warning("worker.renew_failed", error=str(error), exc_info=not isinstance(error, RedisError))

    def _end(self, executor: ThreadPoolExecutor) -> int:
        executor.shutdown(wait=False, cancel_futures=True)
        with self._changed:
            running = {delivery: future for delivery, future in self._running.items() if not future.cancelled()}
            waiting = [delivery for delivery in self._running if delivery not in running]
        self._hand_back(waiting)
        _, late = wait(running.values(), timeout=self._grace)
        self._ended.set()
        self._hand_back([delivery for delivery, future in running.items() if future in late])
        with suppress(RedisError):
            self._deliveries.leave()
        log.info("worker.stopped", handed_back=len(waiting) + len(late))
        return len(late)

    def _hand_back(self, deliveries: list[Delivery]) -> None:
        try:
            self._deliveries.hand_back(deliveries)
        except RedisError as error:
            log.warning("worker.leaves_silently", tasks=len(deliveries), error=str(error))
