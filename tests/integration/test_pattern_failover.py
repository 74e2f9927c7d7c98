"""Every pattern in use while the primary dies: nothing fails that could wait, nothing is lost, nothing doubled."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from app.cache import Cache
from app.events import Publisher, Subscriber
from app.ops.heart import Heart
from app.ratelimit import Limiter
from app.sessions import Sessions
from app.tasks import Queue, Registry, Worker, WorkerOptions
from app.tasks.delivery import Deliveries
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.events.log import Event
    from app.local import RedisCluster
    from app.store import Store


class Load:
    """Does something over and over in a thread, and keeps what it answered."""

    def __init__(self, act: Callable[[int], Any]) -> None:
        self._act = act
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answers: list[Any] = []
        self.errors: list[Exception] = []
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._stopped.wait(0.02):
            try:
                self.answers.append(self._act(number))
            except Exception as error:  # noqa: BLE001 - it is what the test looks at
                self.errors.append(error)
            number += 1

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_every_pattern_is_carried_through_the_death_of_the_primary(
    cluster: RedisCluster, cluster_store: Store, fault: str
) -> None:
    ran: list[int] = []
    heard: list[Event] = []
    tasks = Registry()

    @tasks.task()
    def note(number: int) -> None:
        ran.append(number)

    cache, limiter = Cache(cluster_store), Limiter(cluster_store)
    sessions, publisher = Sessions(cluster_store, 60), Publisher(cluster_store)
    queue = Queue(cluster_store, 60, tasks)
    deliveries = Deliveries(cluster_store, lease=3, most_deliveries=5, ttl=60)
    worker = Worker(deliveries, Heart(), WorkerOptions(threads=2, lease=3), tasks)
    subscriber = Subscriber(cluster_store, Heart(), name=fault, handlers=[(fault, heard.append)])
    running = [threading.Thread(target=worker.run), threading.Thread(target=subscriber.run)]
    for thread in running:
        thread.start()
    loads = {
        "queue": Load(lambda number: queue.enqueue("note", {"number": number}, task_id=f"{fault}-{number}")),
        "publisher": Load(lambda number: (number, publisher.publish(fault, "made", {"n": number}))),
        "sessions": Load(sessions.create),
        "limiter": Load(lambda number: limiter.hit(fault, str(number), "1/minute").allowed),
        "cache": Load(lambda number: cache.get_or_compute(f"{fault}{number}", 60, ["tag"], lambda: number)),
    }
    time.sleep(0.5)
    victim = cluster.primary()
    getattr(victim, fault)()
    time.sleep(2.5)
    victim.thaw()
    for load in loads.values():
        load.stop()
    assert {name: load.errors for name, load in loads.items() if load.errors} == {}
    assert min(len(load.answers) for load in loads.values()) > 20
    assert all(loads["limiter"].answers)
    assert loads["cache"].answers == list(range(len(loads["cache"].answers)))
    assert all(sessions.load(session_id) for session_id in loads["sessions"].answers)
    enqueued = loads["queue"].answers
    until(lambda: set(ran) == set(range(len(enqueued))), 15)
    until(lambda: all((info := queue.info(one)) and info.status == "done" for one in enqueued), 15)
    published = loads["publisher"].answers
    until(lambda: {event.id for event in heard} >= {event_id for _, event_id in published})
    order = [event.data["n"] for event in heard]
    assert order == sorted(set(order))
    worker.stop()
    subscriber.stop()
    for thread in running:
        thread.join(10)
        assert not thread.is_alive()
