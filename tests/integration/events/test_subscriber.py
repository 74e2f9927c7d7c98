from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from app.errors import StoreError
from app.events import Publisher, Subscriber, reader
from app.events.log import Event, last_id, read
from app.ops.heart import Heart
from app.store import keys
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.local import RedisServer
    from app.store import Store


@pytest.fixture
def publisher(store: Store) -> Publisher:
    return Publisher(store)


@pytest.fixture(autouse=True)
def _short_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BLOCK_MS", 50)  # how long a subscriber takes to end


@contextmanager
def subscribed(
    store: Store, *handlers: tuple[str, Callable[[Event], None]], heart: Heart | None = None
) -> Iterator[Subscriber]:
    running = Subscriber(store, heart or Heart(), handlers=list(handlers))
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        yield running
    finally:
        running.stop()
        thread.join(10)
        assert not thread.is_alive(), "it ends soon after it was told to"


def numbers(events: list[Event]) -> list[int]:
    return [event.data["n"] for event in events]


def test_a_foreign_entry_in_a_log_stops_nobody(publisher: Publisher, store: Store) -> None:
    for log in ("all", "a"):
        store.redis.xadd(keys.event_log(log), {"what": "is this"}, id="1-1")
        store.redis.xadd(keys.event_log(log), {"channel": "a", "kind": "made", "data": "[1]"}, id="1-2")
        store.redis.xadd(keys.event_log(log), {"channel": "a", "kind": "made", "data": "{"}, id="1-3")
    publisher.publish("a", "made", {"n": 1})
    assert numbers(read(store, ["a"], "0-0").events) == [1]
    heard: list[Event] = []
    with subscribed(store, ("a", heard.append)):
        until(lambda: numbers(heard) == [1])


def test_handlers_get_what_their_pattern_fits(publisher: Publisher, store: Store) -> None:
    users: list[Event] = []
    everyone: list[Event] = []
    exact: list[Event] = []
    both: list[Event] = []
    patterns = [("user:*", users), ("broadcast", everyone), ("user:7", exact), ("user:7", both), ("broadcast", both)]
    with subscribed(store, *[(pattern, heard.append) for pattern, heard in patterns]):
        for n, channel in enumerate(["user:7", "user:8", "broadcast", "elsewhere", "User:7"]):
            publisher.publish(channel, "made", {"n": n})
        last = publisher.publish("user:7", "made", {"n": 9})
        until(lambda: store.redis.get(keys.event_cursor("subscriber")) == last)
    assert numbers(users) == [0, 1, 9]
    assert numbers(everyone) == [2]
    assert numbers(exact) == [0, 9]
    assert numbers(both) == [0, 2, 9]


def test_a_handler_that_raises_stops_no_one(publisher: Publisher, store: Store) -> None:
    class Broken:
        def __call__(self, event: Event) -> None:
            raise LookupError(event.kind)

    heard: list[Event] = []
    with subscribed(store, ("a", Broken()), ("a", heard.append)):
        for n in range(5):
            publisher.publish("a", "made", {"n": n})
        until(lambda: numbers(heard) == [0, 1, 2, 3, 4])


def test_a_subscriber_goes_on_where_it_stopped(publisher: Publisher, store: Store) -> None:
    heard: list[Event] = []
    for n in range(0, 30, 10):
        for more in range(5):
            publisher.publish("a", "made", {"n": n + more})
        with subscribed(store, ("a", heard.append)):
            until(lambda: len(heard) % 10 == 5)
            for more in range(5, 10):
                publisher.publish("a", "made", {"n": n + more})
            until(lambda: len(heard) % 10 == 0)
    assert numbers(heard) == list(range(30))


def test_subscribers_of_other_names_have_places_of_their_own(publisher: Publisher, store: Store) -> None:
    publisher.publish("a", "made", {"n": 1})
    for name in ("one", "two"):
        heard: list[Event] = []
        running = Subscriber(store, Heart(), name=name, handlers=[("a", heard.append)])
        thread = threading.Thread(target=running.run)
        thread.start()
        until(lambda: len(heard) == 1)  # noqa: B023
        running.stop()
        thread.join(10)


def test_a_subscriber_survives_redis_being_killed_twice_and_misses_nothing(
    publisher: Publisher, store: Store, server: RedisServer
) -> None:
    heard: list[Event] = []
    with subscribed(store, ("a", heard.append)):
        for n in range(3):
            publisher.publish("a", "made", {"n": n})
            server.node.kill()
            time.sleep(0.2)
            server.node.restart()
            until(store.redis.ping)
        publisher.publish("a", "made", {"n": 3})
        until(lambda: numbers(heard)[-1:] == [3])
    assert sorted(set(numbers(heard))) == [0, 1, 2, 3]
    assert numbers(heard) == [0, 1, 2, 3], "a place that could not be saved is no reason to handle it again"


def test_a_subscriber_that_starts_without_redis_waits_for_it_patiently(
    publisher: Publisher, store: Store, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish("a", "made", {"n": 1})
    tries: list[float] = []
    ask = store.redis.get

    def counted(key: str) -> Any:
        tries.append(time.monotonic())
        return ask(key)

    monkeypatch.setattr(store.redis, "get", counted)
    heart = Heart(patience=0.1)
    heard: list[Event] = []
    server.node.kill()
    with pytest.raises(StoreError):
        store.redis.ping()  # the circuit is open from here on: every call fails at once
    with subscribed(store, ("a", heard.append), heart=heart):
        time.sleep(1.0)
        assert 1 <= len(tries) < 40, "it does not ask as fast as it can"
        assert not heart.ready
        server.node.restart()
        until(lambda: numbers(heard) == [1])
        until(lambda: heart.ready)


def test_an_outage_is_no_reason_to_restart_a_subscriber(store: Store, server: RedisServer) -> None:
    now = [0.0]
    heart = Heart(patience=60, grace=15, clock=lambda: now[0])
    with subscribed(store, heart=heart):
        until(lambda: heart.ready)
        server.node.kill()
        for _ in range(3):
            now[0] += 50
            until(lambda: heart._turned == now[0])
            assert heart.alive
        assert not heart.ready
        server.node.restart()
        until(lambda: heart.ready)


def test_a_place_after_the_logs_end_is_taken_back_when_a_failover_lost_the_end(
    publisher: Publisher, store: Store
) -> None:
    heard: list[Event] = []
    store.redis.set(keys.event_cursor("subscriber"), f"{2**62}-0")
    publisher.publish("a", "made", {"n": 1})
    with subscribed(store, ("a", heard.append)):
        until(lambda: store.redis.get(keys.event_cursor("subscriber")) == last_id(store))
        publisher.publish("a", "made", {"n": 2})
        until(lambda: numbers(heard) == [2])
