"""A queue and its workers in this process."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from app.ops.heart import Heart
from app.tasks import Queue, Registry, Worker, WorkerOptions
from app.tasks.delivery import Deliveries
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.store import Store
    from app.tasks import TaskInfo


class Crowd:
    """Counts how many are inside at once.

    Attributes:
        most: the most that ever were.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = self.most = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


class Bench:
    """Tasks, a queue and workers in this process."""

    def __init__(self, store: Store) -> None:
        self.tasks = Registry()
        self.store = store
        self.queue = Queue(store, ttl=60, tasks=self.tasks)
        self.heart = Heart()

    def deliveries(self, lease: float = 30) -> Deliveries:
        return Deliveries(self.store, lease=lease, most_deliveries=3, ttl=60)

    @contextmanager
    def worker(
        self,
        *,
        threads: int = 2,
        lease: float = 1.5,
        grace: float = 0.3,
        deliveries: Deliveries | None = None,
        **more: Any,
    ) -> Iterator[Worker]:
        deliveries = deliveries or self.deliveries(lease)
        options = WorkerOptions(threads=threads, lease=lease, grace=grace, **more)
        running = Worker(deliveries, self.heart, options, self.tasks)
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            yield running
        finally:
            running.stop()
            thread.join(15)
            assert not thread.is_alive(), "it ends soon after it was told to"

    def info(self, task_id: str) -> TaskInfo:
        found = self.queue.info(task_id)
        assert found is not None
        return found

    def ends(self, task_id: str, status: str = "done", timeout: float = 10) -> TaskInfo:
        until(lambda: self.info(task_id).status == status, timeout)
        return self.info(task_id)
