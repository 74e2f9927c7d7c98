from __future__ import annotations

from typing import TYPE_CHECKING

from app.cache import Cache
from app.events import Publisher
from app.events.log import last_id
from app.ratelimit import Limiter
from app.sessions import Sessions
from app.store import keys
from app.tasks import Queue, Registry
from app.tasks.delivery import Deliveries
from tests.integration.tasks.queueing import end, take_one

if TYPE_CHECKING:
    from app.store import Store


def test_every_key_begins_with_the_products_name_and_only_what_must_stay_has_no_end(store: Store) -> None:
    cache, limiter, sessions, publisher = Cache(store), Limiter(store), Sessions(store, 60), Publisher(store)
    cache.set("key", 1, 60, ["tag"])
    limiter.hit("view", "ada", "1/minute, 1/hour exact, 1/day burst 1")
    sessions.destroy_all(1)
    sessions.create(1)
    publisher.to_user(1, "made", {})
    store.redis.set(keys.event_cursor("subscriber"), last_id(store))
    tasks = Registry()

    @tasks.task()
    def note() -> None:
        """Nothing."""

    queue, deliveries = Queue(store, 60, tasks), Deliveries(store, lease=30, most_deliveries=3, ttl=60)
    deliveries.join()
    for outcome in ("done", "retry", "dead", ""):
        queue.enqueue("note", {}, task_id=outcome or "waiting")
        if outcome:
            end(deliveries, take_one(deliveries), outcome, delay=60_000)  # type: ignore[arg-type]
    found = {str(key) for key in store.redis.keys("*")}
    assert {key.split(":")[1] for key in found} == {
        "cache", "tag", "limit", "session", "user", "eventlog", "eventmark", "eventcursor", "tasks",
    }  # fmt: skip
    assert {key for key in found if not key.startswith("haven:")} == set()
    endless = {key for key in found if store.redis.ttl(key) == -1}
    assert endless == {
        keys.event_log("all"),
        keys.event_cursor("subscriber"),
        keys.TASK_DELAYED,
        keys.TASK_DEAD,
        keys.task("retry"),
        keys.task("waiting"),
        *map(keys.task_stream, keys.PRIORITIES),
    }
