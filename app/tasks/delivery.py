"""The consumer's side of the streams: what a worker says to Redis, one method per step of a task's life."""

from __future__ import annotations

import os
import secrets
import socket
import time
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import ResponseError

from app.store import Store, keys
from app.tasks.message import Delivery, Settlement, Swept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from app.tasks.order import Order

log = structlog.get_logger(__name__)

HAND_BACK_IDLE_MS = 86_400_000  # longer than any lease: whoever looks next takes the task over
FORGET_IDLE_MS = 86_400_000
DUE_BATCH = 100
OWN_BATCH = 1000
WHATEVER_WAITS = 1 << 52
"""No limit for what follows a task, or is due by the clock: nobody is there who could be told that it was refused."""


class Deliveries:
    """One consumer of the group of workers.

    Args:
        store: where the streams are.
        lease: seconds of silence after which a task is taken over.
        most_deliveries: starts without an end after which a task is dead.
        ttl: seconds a finished task can be looked up.
        dead_ttl: seconds a dead one can be, by default as long.
    """

    def __init__(
        self,
        store: Store,
        *,
        lease: float,
        most_deliveries: int,
        ttl: float,
        dead_ttl: float | None = None,
    ) -> None:
        self._store = store
        self._lease_ms = int(lease * 1000)
        self._most = most_deliveries
        self._ttl_ms = int(ttl * 1000)
        self._dead_ttl_ms = int((dead_ttl or ttl) * 1000)
        self._server_ms, self._told_at = 0, 0.0  # the server's time, and when it told it
        self._patient_until = 0.0
        self.paused: frozenset[str] = frozenset()
        self.consumer = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"

    def join(self, limits: Mapping[str, str] | None = None) -> None:
        """Make sure that the group exists, for tasks enqueued before it too, and that the limits are known.

        Args:
            limits: of the tasks that have some; see :class:`~app.tasks.policy.Limit`.
        """
        for queue in keys.PRIORITIES:
            try:
                args = ("XGROUP CREATE", keys.task_stream(queue), keys.TASK_GROUP, "0", "MKSTREAM")
                self._store.redis.call(args, repeatable=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
        if limits:
            self._store.redis.hset(keys.TASK_GATES, mapping=dict(limits))  # type: ignore[arg-type] # dict is invariant

    def turn(self, done: Sequence[Settlement], queues: Sequence[str], count: int) -> tuple[list[bool], list[Delivery]]:
        """End what is simply done, and take up to so many new tasks, in the order of the queues. Waits for none.

        What is handed out is on two nodes before this returns, so that a failover hands it to nobody else.

        Returns:
            for each of the done whether it counted, and the new tasks.
        """
        args: list[Any] = [self.consumer, count, len(queues), *queues, self._ttl_ms]
        for item in done:
            delivery = item.delivery
            args += (delivery.queue, delivery.entry, delivery.task_id, item.name, delivery.attempt, item.detail)
        # what was handed out may not be asked for twice; the done alone may be told again
        ended, taken, paused = self._store.run("task_turn", (), args, repeatable=not count, durable=True)
        self.paused = frozenset(paused)
        found = [
            delivery for place in range(0, len(taken), 2) for delivery in self._parse(taken[place], taken[place + 1])
        ]
        return [bool(ours) for ours in ended], found

    def wait(self, queues: Sequence[str], block_ms: int, *, confirmed: bool = True) -> list[Delivery]:
        """Wait for a new task: one of each queue at most.

        Args:
            queues: from which.
            block_ms: how long.
            confirmed: whether a replica must know of it before this returns; else see :meth:`confirm`.
        """
        streams = [keys.task_stream(queue) for queue in queues]
        head = ("XREADGROUP", "GROUP", keys.TASK_GROUP, self.consumer, "COUNT", 1, "BLOCK", block_ms, "STREAMS")
        args = (*head, *streams, *[">"] * len(streams))
        durable = self._store.confirmation if confirmed else None
        return self._of(queues, self._store.blocking.call(args, repeatable=False, durable=durable))

    def confirm(self) -> None:
        """Wait until a replica knows of everything that was handed to this worker."""
        self._store.redis.call(("PING",), repeatable=True, durable=self._store.confirmation)

    def own(self, queues: Sequence[str]) -> list[Delivery]:
        """What was handed to this consumer and not ended: a reply may have been lost on its way here."""
        streams = [keys.task_stream(queue) for queue in queues]
        head = ("XREADGROUP", "GROUP", keys.TASK_GROUP, self.consumer, "COUNT", OWN_BATCH, "STREAMS")
        args = (*head, *streams, *["0"] * len(streams))
        # confirmed, as it may not have been when it was handed out
        return self._of(queues, self._store.redis.call(args, repeatable=True, durable=self._store.confirmation))

    def settle(self, item: Settlement) -> bool:
        """End an attempt; False when the task belongs to another worker, whose end will count.

        Repeated until the deadline; doing so again later does no harm.
        """
        delivery = item.delivery
        ttl = item.keep or (self._dead_ttl_ms if item.outcome == "dead" else self._ttl_ms)
        place = (self.consumer, delivery.queue, delivery.entry, delivery.task_id)
        end = (item.name, item.outcome, delivery.attempt, item.detail, item.delay, ttl)
        following = [part for order in item.following for part in order.full(WHATEVER_WAITS)]
        args = (*place, *end, *following)
        # confirmed: after a failover that has lost it, this worker would find the task among its own, and do it again
        return bool(self._store.run("task_settle", (), args, repeatable=True, durable=True))

    def renew(self, deliveries: Iterable[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
        """Keep the leases; returns those that were lost to another worker, and those that are to be cancelled."""
        items = list(deliveries)
        answers = self._set_idle(items, 0)
        told = list(zip(items, answers, strict=True))
        return [item for item, answer in told if answer == 0], [item for item, answer in told if answer == 2]  # noqa: PLR2004

    def hand_back(self, deliveries: Iterable[Delivery]) -> None:
        """Let others take these over at once."""
        self._set_idle(list(deliveries), HAND_BACK_IDLE_MS)

    def sweep(self, room: int, queues: Sequence[str] = keys.PRIORITIES, *, spare: int = 0) -> Swept:
        """Give a sign of life, move what is due, and take over from workers that fell silent.

        After an error, what was taken over may be found among the consumer's own.

        Args:
            room: how many tasks can begin at once.
            queues: from which they are taken over.
            spare: how many more may be taken of those that were handed back, which have killed nobody.
        """
        clock = time.monotonic()
        expected = self._server_ms + (clock - self._told_at) * 1000
        told = int(expected) if self._server_ms else ""
        if clock < self._patient_until:
            room = spare = 0
        takes = room + spare > 0
        args = (self.consumer, self._lease_ms, self._most, room, spare, DUE_BATCH, self._dead_ttl_ms, told, *queues)
        now, moved, late, due, dead, taken = self._store.run(
            "task_sweep", (), args, repeatable=not takes, durable=takes
        )
        if self._server_ms and abs(now - expected) > self._lease_ms / 2:
            # the clock has jumped, or another server has another: whoever lives renews its leases within the next one
            log.warning("worker.clock_jumped", seconds=round((now - expected) / 1000, 1))
            self._patient_until = clock + self._lease_ms / 1000
        self._server_ms, self._told_at = now, clock
        found = [
            delivery
            for queue, entry, deliveries, fields in taken
            for delivery in self._parse(queue, [(entry, fields)], deliveries)
        ]
        return Swept(now, moved, late / 1000, None if due < 0 else due / 1000, dead, found)

    def tick(self, schedule: str, before: int | None, until: int, orders: Sequence[Order]) -> int:
        """Enqueue the ticks of a schedule, unless another worker has; the last that is accounted for, ms.

        Args:
            schedule: its name.
            before: the last tick that was accounted for, as this worker knows it.
            until: the last that is, with this call.
            orders: for the ticks between.
        """
        args: list[Any] = [schedule, "" if before is None else before, until]
        for order in orders:
            args += order.full(WHATEVER_WAITS)
        return int(self._store.run("task_tick", (), args, repeatable=True, durable=bool(orders)))

    def leave(self) -> None:
        """Forget this consumer if nothing is pending for it any more, and those of workers that died long ago."""
        self._store.run("task_leave", (), (self.consumer, FORGET_IDLE_MS, *keys.PRIORITIES), repeatable=True)

    def _set_idle(self, deliveries: list[Delivery], idle_ms: int) -> list[int]:
        if not deliveries:
            return []
        args: list[Any] = [self.consumer, idle_ms]
        for item in deliveries:
            args += (item.queue, item.entry, item.task_id)
        answers: list[int] = self._store.run("task_leases", (), args, repeatable=True)
        return answers

    def _of(self, queues: Iterable[str], reply: Any) -> list[Delivery]:
        """The tasks of a reply to XREADGROUP: RESP3 answers with a map, RESP2 with a list of pairs."""
        pairs = dict(reply.items() if isinstance(reply, dict) else reply or ())
        return [item for queue in queues for item in self._parse(queue, _flat(pairs.get(keys.task_stream(queue))))]

    @staticmethod
    def _parse(queue: str, entries: Iterable[tuple[str, Any]], deliveries: int = 1) -> Iterator[Delivery]:
        for entry, fields in entries:
            # one that was deleted while it was pending comes without fields: there is nothing left to do for it
            told = fields or {}
            if isinstance(told, list):
                told = dict(zip(told[::2], told[1::2], strict=True))
            if "id" in told and "task" in told:
                attempt = int(told.get("attempts") or 0) + deliveries
                yield Delivery(queue, entry, told["id"], told["task"], told.get("sign", ""), attempt)


def _flat(entries: Any) -> list[tuple[str, Any]]:
    """The entries of a stream: redis-py wraps them in one list more for RESP3."""
    if entries and len(entries) == 1 and isinstance(entries[0], list):
        return entries[0]
    return entries or []
