"""One attempt: open the envelope, call the function, say how it ended. Nothing here talks to Redis."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog
from pydantic_core import to_json

from app.errors import BadEnvelope, InvalidTask, TaskCancelled, TaskError, TaskTimeout, UnknownTask
from app.ops import metrics, trace
from app.tasks import attempt as attempts
from app.tasks.envelope import MAX_BYTES, Envelope, Sealer
from app.tasks.message import Settlement
from app.tasks.order import Order, Orders
from app.tasks.policy import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.tasks.message import Delivery, Outcome
    from app.tasks.registry import Registry, Task
    from app.tasks.worker.interrupt import Interrupt

    Watch = Callable[[Delivery, Interrupt, float], None]

log = structlog.get_logger(__name__)

UNKNOWN = Options()  # a name that is not known here: in a rollout, the next worker may know it
MAX_ERROR = 2000
NULL = "null"


class Runner:
    """Carries attempts out.

    Args:
        tasks: the tasks there are.
        sealer: opens envelopes.
    """

    def __init__(self, tasks: Registry, sealer: Sealer | None = None) -> None:
        self._tasks = tasks
        self._sealer = sealer or Sealer()
        self._orders = Orders(tasks, self._sealer)

    def run(self, delivery: Delivery, interrupt: Interrupt, now_ms: int, watch: Watch) -> Settlement:
        """Do it.

        Args:
            delivery: what.
            interrupt: what may end it from outside.
            now_ms: the server's time.
            watch: called with the seconds that it may take, if these are limited.
        """
        try:
            envelope = self._sealer.open(delivery.text, delivery.signature)
        except BadEnvelope as error:
            return self._failed(delivery, "?", UNKNOWN, error, retry=error.later)
        name = envelope.name
        if envelope.expires and now_ms > envelope.expires:
            late = (now_ms - envelope.expires) / 1000
            return Settlement(delivery, "expired", name, f"it was not begun in time: {late:.1f} s too late")
        if delivery.attempt == 1:
            metrics.task_began(delivery.queue, (now_ms - delivery.put_ms) / 1000)
        options = UNKNOWN
        if envelope.trace:
            trace.enter(envelope.trace)
        try:
            task = self._tasks.get(name)
            options = task.options
            if options.seconds is not None:
                watch(delivery, interrupt, options.seconds)
            attempt = attempts.Attempt(delivery.task_id, name, delivery.attempt)
            result, seconds = self._call(task, envelope, attempt, interrupt)
            metrics.task_ran(name, seconds)
            detail = NULL if result is None else self._say(result)
            following = self._following(envelope, result, attempt)
        except BaseException as error:  # noqa: BLE001 - a task that exits has failed; signals go to the main thread
            return self._ended_badly(delivery, name, options, error, interrupt)
        finally:
            if envelope.trace:
                trace.leave()
        log.debug("task.done", task_id=delivery.task_id, task=name, seconds=round(seconds, 3))
        keep = None if options.keep is None else int(options.keep * 1000)
        plain = not (following or envelope.holds or keep is not None)
        return Settlement(delivery, "done", name, detail, 0, keep, following, plain)

    @staticmethod
    def _call(task: Task, envelope: Envelope, attempt: attempts.Attempt, interrupt: Interrupt) -> tuple[Any, float]:
        attempts.enter(attempt)
        structlog.contextvars.bind_contextvars(task_id=attempt.task_id)
        began = time.perf_counter()
        try:
            result = task.run(envelope.args)
        finally:
            interrupt.close()
            structlog.contextvars.clear_contextvars()
            attempts.leave()
        return result, time.perf_counter() - began

    @staticmethod
    def _say(result: Any) -> str:
        try:
            raw = to_json(result)
        except (ValueError, UnicodeError) as error:
            raise InvalidTask(
                f"the result can't be said in JSON ({error}): return numbers, texts, lists, maps"
            ) from None
        if len(raw) > MAX_BYTES:
            raise InvalidTask(f"the result has {len(raw)} bytes, at most {MAX_BYTES}: return a reference")
        return raw.decode()

    def _following(self, envelope: Envelope, result: Any, attempt: attempts.Attempt) -> Sequence[Order]:
        if not envelope.then and not attempt.following:
            return ()
        orders = self._orders.following(envelope, result)
        for number, step in enumerate(attempt.following, 1):
            task = self._tasks.get(step.task)
            queue = step.priority or task.options.priority
            args = {**step.args, step.into: result} if step.into else step.args
            orders.append(self._orders.make(task, args, f"{attempt.task_id}+{number}", queue))
        return orders

    def _ended_badly(
        self, delivery: Delivery, name: str, options: Options, error: BaseException, interrupt: Interrupt
    ) -> Settlement:
        interrupt.close()
        if isinstance(error, TaskCancelled):
            log.info("task.cancelled", task_id=delivery.task_id, task=name)
            return Settlement(delivery, "cancelled", name, "it was told to stop while it ran")
        if isinstance(error, TaskTimeout) and not error.args:
            error = TaskTimeout(f"it ran longer than its limit of {options.seconds} s")
        wrong = isinstance(error, TaskError) and not isinstance(error, (TaskTimeout, UnknownTask))
        return self._failed(delivery, name, options, error, retry=not wrong)

    def overdue(self, delivery: Delivery) -> Settlement:
        """The end of an attempt that does not hear its interrupt, told by somebody else."""
        name, options = "?", UNKNOWN
        try:
            name = self._sealer.open(delivery.text, delivery.signature).name
            options = self._tasks.get(name).options
        except TaskError:
            pass
        error = TaskTimeout(f"it ran longer than its limit of {options.seconds} s and did not stop when told to")
        return self._failed(delivery, name, options, error, retry=True)

    @staticmethod
    def _failed(delivery: Delivery, name: str, options: Options, error: BaseException, *, retry: bool) -> Settlement:
        detail = f"{type(error).__name__}: {error}"[:MAX_ERROR].encode(errors="replace").decode()
        again = retry and options.tries_again(error, delivery.attempt)
        outcome: Outcome = "retry" if again else "dead"
        log.error(
            "task.failed",
            task_id=delivery.task_id,
            task=name,
            attempt=delivery.attempt,
            next=outcome,
            exc_info=error,
        )
        delay = int(options.backoff.delay(delivery.attempt) * 1000) if again else 0
        return Settlement(delivery, outcome, name, detail, delay)
