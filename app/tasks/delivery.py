"""The consumer's side of the streams: what a worker says to Redis, one method per step of a task's life."""

from __future__ import annotations

import json
import os
import secrets
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from redis.exceptions import ResponseError

from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Outcome = Literal["done", "retry", "dead"]
HAND_BACK_IDLE_MS = 86_400_000  # longer than any lease: whoever looks next takes the task over
FORGET_IDLE_MS = 86_400_000
DUE_BATCH = 100


@dataclass(frozen=True, slots=True)
class Delivery:
    """A task handed to this worker.

    Attributes:
        task_id: which task.
        priority: from which stream.
        entry: the stream entry that carries it.
        token: fences this attempt off from earlier and later ones.
    """

    task_id: str
    priority: str
    entry: str
    token: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A started task: its number, function name, arguments, and how long it waited in seconds."""

    number: int
    name: str
    args: dict[str, Any]
    waited: float


class Deliveries:
    """One consumer of the group of workers.

    Args:
        store: where the streams are.
        lease: seconds of silence after which a task is taken over.
        most_deliveries: starts without an end after which a task is dead.
        ttl: seconds a finished task can be looked up.
    """

    def __init__(self, store: Store, *, lease: float, most_deliveries: int, ttl: float) -> None:
        self._store = store
        self._lease_ms = int(lease * 1000)
        self._most = most_deliveries
        self._ttl_ms = int(ttl * 1000)
        self.consumer = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"

    def join(self) -> None:
        """Make sure that the group exists, for tasks enqueued before it too."""
        for priority in keys.PRIORITIES:
            try:
                args = ("XGROUP CREATE", keys.task_stream(priority), keys.TASK_GROUP, "0", "MKSTREAM")
                self._store.redis.call(args, repeatable=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def take(self, count: int, priorities: Sequence[str], block_ms: int) -> list[Delivery]:
        """New tasks, in the order of the priorities; waits only when there are none."""
        taken: list[Delivery] = []
        for priority in priorities:
            if len(taken) < count:
                taken += self._read({priority: ">"}, count - len(taken), None)
        return taken or self._read(dict.fromkeys(priorities, ">"), 1, block_ms)

    def own(self) -> list[Delivery]:
        """What was handed to this consumer and not finished: a reply may have been lost on its way here."""
        return self._read(dict.fromkeys(keys.PRIORITIES, "0"), DUE_BATCH, None)

    def take_over(self, count: int) -> list[Delivery]:
        """Tasks of workers that have been silent for a lease."""
        taken: list[Delivery] = []
        for priority in keys.PRIORITIES:
            if len(taken) >= count:
                break
            # XAUTOCLAIM looks at the first few entries only, and those may all belong to workers that are alive
            place = (keys.task_stream(priority), keys.TASK_GROUP)
            silent: Any = self._store.redis.xpending_range(*place, "-", "+", count - len(taken), idle=self._lease_ms)
            if silent:
                entries = [item["message_id"] for item in silent]
                reply: Any = self._store.redis.xclaim(*place, self.consumer, self._lease_ms, entries)
                taken += self._parse(priority, reply)
        return taken

    def start(self, delivery: Delivery) -> Attempt | str:
        """Begin an attempt, or a word that says why not: gone (to another worker, too), done or dead."""
        names = [keys.task(delivery.task_id), keys.task_stream(delivery.priority), keys.TASK_DEAD]
        ids = (keys.TASK_GROUP, self.consumer, delivery.entry, delivery.task_id, delivery.token)
        args = (*ids, self._most, self._ttl_ms)
        reply = self._store.run("task_start", names, args, repeatable=True)
        if isinstance(reply, str):
            return reply
        number, name, text, waited = reply
        return Attempt(int(number), name, json.loads(text), max(0.0, waited / 1000))

    def finish(self, delivery: Delivery, outcome: Outcome, detail: str, delay: float = 0.0) -> bool:
        """End an attempt; False when the task belongs to a later attempt, which then counts.

        Args:
            delivery: which.
            outcome: done, retry or dead.
            detail: the result as JSON, or the error.
            delay: seconds until a retry.
        """
        names = [
            keys.task(delivery.task_id),
            keys.task_stream(delivery.priority),
            keys.TASK_DELAYED,
            keys.TASK_DEAD,
        ]
        ids = (keys.TASK_GROUP, delivery.entry, delivery.task_id, delivery.token)
        args = (*ids, outcome, detail, int(delay * 1000), self._ttl_ms)
        return bool(self._store.run("task_finish", names, args, repeatable=True))

    def renew(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Keep the leases; returns those that were lost to another worker."""
        return self._set_idle(list(deliveries), 0)

    def hand_back(self, deliveries: Iterable[Delivery]) -> None:
        """Let others take these over at once."""
        self._set_idle(list(deliveries), HAND_BACK_IDLE_MS)

    def move_due(self) -> int:
        """Put delayed tasks whose time has come into their streams."""
        names = [keys.TASK_DELAYED, *map(keys.task_stream, keys.PRIORITIES)]
        return int(self._store.run("task_due", names, (DUE_BATCH, *keys.PRIORITIES), repeatable=True))

    def leave(self) -> None:
        """Forget this consumer if nothing is pending for it any more, and those of workers that died long ago."""
        names = [keys.task_stream(priority) for priority in keys.PRIORITIES]
        self._store.run("task_leave", names, (keys.TASK_GROUP, self.consumer, FORGET_IDLE_MS), repeatable=True)

    def _set_idle(self, deliveries: list[Delivery], idle_ms: int) -> list[Delivery]:
        if not deliveries:
            return []
        names = [name for item in deliveries for name in (keys.task(item.task_id), keys.task_stream(item.priority))]
        args = [
            keys.TASK_GROUP,
            self.consumer,
            idle_ms,
            *(part for item in deliveries for part in (item.entry, item.token)),
        ]
        answers = self._store.run("task_renew", names, args, repeatable=True)
        return [item for item, ours in zip(deliveries, answers, strict=True) if not ours]

    def _read(self, places: dict[str, str], count: int, block_ms: int | None) -> list[Delivery]:
        client = self._store.redis if block_ms is None else self._store.blocking
        streams: dict[Any, Any] = {keys.task_stream(priority): place for priority, place in places.items()}
        reply = client.xreadgroup(keys.TASK_GROUP, self.consumer, streams, count=count, block=block_ms)
        found: list[Delivery] = []
        for priority in places:
            for entries in _of_stream(reply, keys.task_stream(priority)):
                found += self._parse(priority, entries)
        return found

    @staticmethod
    def _parse(priority: str, entries: Iterable[tuple[str, dict[str, str] | None]]) -> list[Delivery]:
        # an entry that was deleted while it was pending comes without fields: there is nothing left to do for it
        return [Delivery(fields["id"], priority, entry) for entry, fields in entries if fields and "id" in fields]


def _of_stream(reply: Any, stream: str) -> Iterator[Any]:
    """The entries of one stream: RESP3 answers with a map, RESP2 with a list of pairs."""
    if isinstance(reply, dict):
        yield from reply.get(stream, [])
    else:
        yield from (entries for name, entries in reply or [] if name == stream)
