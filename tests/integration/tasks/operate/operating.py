"""What an operator meets: dead tasks, queues in use, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.store import Store, keys
from app.tasks import Limit, Queue, Registry
from app.tasks.delivery import Deliveries
from app.tasks.message import Settlement
from tests.integration.tasks.queueing import take

if TYPE_CHECKING:
    from app.tasks.message import Delivery

LONG = 30.0
ROOT = Path(__file__).parents[3]


def example() -> Registry:
    """A plain task, and one of which a single one runs at a time."""
    made = Registry()

    @made.task()
    def note(text: str = "") -> str:
        return text

    @made.task(limit=Limit(concurrency=1))
    def single(number: int) -> int:
        return number

    return made


def joined(store: Store, tasks: Registry) -> Deliveries:
    """A worker's place in the group."""
    made = Deliveries(store, lease=LONG, most_deliveries=3, ttl=60)
    made.join(tasks.limits())
    return made


def kill(worker: Deliveries, *items: Delivery, error: str = "ValueError: no", name: str = "note") -> list[str]:
    """Let tasks that a worker has die; their ids."""
    for item in items:
        assert worker.settle(Settlement(item, "dead", name, error))
    return [item.task_id for item in items]


def dead(queue: Queue, worker: Deliveries, *ids: str, count: int = 1, error: str = "ValueError: no") -> list[str]:
    """Tasks that died just now: with these ids, or so many."""
    ids = ids or tuple(f"d{number}" for number in range(count))
    queue.enqueue_many([("note", {"text": "a"}, task_id) for task_id in ids])
    return kill(worker, *take(worker, len(ids)), error=error)


def waiting(store: Store) -> list[str]:
    """The tasks in the normal queue's stream, in order."""
    content: Any = store.redis.xrange(keys.task_stream("normal"))
    return [fields["id"] for _, fields in content]


def in_streams(store: Store) -> Counter[str]:
    """How often each task is in a stream."""
    found: Counter[str] = Counter()
    for name in keys.PRIORITIES:
        content: Any = store.redis.xrange(keys.task_stream(name))
        found.update(fields["id"] for _, fields in content)
    return found


class Haven:
    """Runs `haven tasks` as its user does."""

    def __init__(self, environment: dict[str, str], directory: Path) -> None:
        self.environment = environment
        self.directory = directory
        self.err = ""

    def start(self, *args: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "app.cli", "tasks", *args],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.environment, **more},
            cwd=self.directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *args: str, code: int = 0, answer: str = "", **more: str) -> str:
        process = self.start(*args, **more)
        out, self.err = process.communicate(answer, timeout=30)
        assert process.returncode == code, out + self.err
        return out

    def json(self, *args: str, code: int = 0) -> Any:
        return json.loads(self(*args, "--json", code=code))
