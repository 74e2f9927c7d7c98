from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from app.errors import StoreError
from app.events import Publisher, Subscriber, reader
from app.events.log import Event, last_id, order, replay
from app.ops.heart import Heart
from app.store import keys
from tests.integration.helpers import cut_off, until

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


def test_ids_grow_over_all_channels(publisher: Publisher, store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: publisher.publish(f"channel:{n % 5}", "made", {"n": n}), range(200)))
    assert len(set(ids)) == 200
    assert last_id(store) == max(ids, key=order)
    everything = replay(store, [f"channel:{n}" for n in range(5)], "0-0")
    assert [event.id for event in everything] == sorted(ids, key=order)
    for n in range(5):
        assert {event.channel for event in replay(store, [f"channel:{n}"], "0-0")} == {f"channel:{n}"}


def test_replay_gives_exactly_what_came_after_an_id_in_order(publisher: Publisher, store: Store) -> None:
    ids = [publisher.publish(("a", "b", "c")[n % 3], "made", {"n": n}) for n in range(60)]
    for place in (0, 17, 58, 59):
        missed = replay(store, ["a", "b"], ids[place])
        assert numbers(missed) == [n for n in range(place + 1, 60) if n % 3 != 2]
    assert replay(store, [], ids[0]) == []
    assert replay(store, ["never used"], "0-0") == []


def test_an_event_is_told_as_it_was_published(publisher: Publisher, store: Store) -> None:
    data = {"text": "Zoë 🏮\n\r\x00", "nested": {"list": [1, None, True]}, "": ""}
    event_id = publisher.publish("room:🏮", "made", data)
    assert replay(store, ["room:🏮"], "0-0") == [Event(event_id, "room:🏮", "made", data)]


def test_to_a_user_and_to_everyone(publisher: Publisher, store: Store) -> None:
    publisher.to_user(7, "message", {"n": 1})
    publisher.broadcast("news", {"n": 2})
    assert numbers(replay(store, ["user:7"], "0-0")) == [1]
    assert numbers(replay(store, ["broadcast"], "0-0")) == [2]
    assert numbers(replay(store, ["broadcast", "user:7", "user:8"], "0-0")) == [1, 2]


def test_a_publication_that_is_repeated_is_one_event(store: Store) -> None:
    names = [keys.event_log("all"), keys.event_log("a"), keys.event_mark("mine")]
    args = ("a", keys.channel("a"), "made", '{"n":1}', 100, 100, 60_000)
    ids = {store.run("event_publish", names, args, repeatable=True) for _ in range(5)}
    assert len(ids) == 1
    assert store.redis.xlen(keys.event_log("all")) == store.redis.xlen(keys.event_log("a")) == 1


def test_a_publication_that_was_cut_off_is_one_event(publisher: Publisher, store: Store, server: RedisServer) -> None:
    publisher.publish("a", "made", {"n": 0})
    cut_off(server, lambda: publisher.publish("a", "made", {"n": 1}))
    assert numbers(replay(store, ["a"], "0-0")) == [0, 1]


def test_other_programs_hear_an_event_by_publish_subscribe(publisher: Publisher, server: RedisServer) -> None:
    with server.node.client.pubsub() as listening:
        listening.subscribe(keys.channel("a"))
        assert listening.get_message(timeout=0.2)
        event_id = publisher.publish("a", "made", {"n": 1})
        heard: Any = None
        while heard is None or heard["type"] != "message":
            heard = listening.get_message(timeout=0.2)
    assert event_id in heard["data"]


def test_logs_are_bounded(publisher: Publisher, store: Store) -> None:
    for n in range(500):
        publisher.publish("busy", "made", {"n": n})
    kept = replay(store, ["busy"], "0-0")
    assert 200 <= len(kept) <= 400
    assert kept[-1].data == {"n": 499}
    assert 0 < store.redis.pttl(keys.event_log("busy")) <= 86_400_000


@pytest.mark.parametrize(
    ("channel", "kind", "data"),
    [
        ("all", "made", {}),
        ("", "made", {}),
        ("a", "", {}),
        ("a\nb", "made", {}),
        ("a", "made\ndata: {}", {}),
        ("a" * 201, "made", {}),
        ("\udcff", "made", {}),
        ("a", "made", {"text": "x" * 65_536}),
    ],
)
def test_what_can_not_be_told_is_refused_and_leaves_nothing(
    publisher: Publisher, store: Store, channel: str, kind: str, data: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"channel|kind|bytes"):
        publisher.publish(channel, kind, data)
    assert store.redis.keys("*") == []


@pytest.mark.parametrize("data", [None, 1, [1], "text", {"n": object()}])
def test_data_that_is_no_json_object_is_refused(publisher: Publisher, store: Store, data: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        publisher.publish("a", "made", data)
    assert store.redis.keys("*") == []


def test_a_foreign_entry_in_a_log_stops_nobody(publisher: Publisher, store: Store) -> None:
    for log in ("all", "a"):
        store.redis.xadd(keys.event_log(log), {"what": "is this"}, id="1-1")
        store.redis.xadd(keys.event_log(log), {"channel": "a", "kind": "made", "data": "[1]"}, id="1-2")
        store.redis.xadd(keys.event_log(log), {"channel": "a", "kind": "made", "data": "{"}, id="1-3")
    publisher.publish("a", "made", {"n": 1})
    assert numbers(replay(store, ["a"], "0-0")) == [1]
    heard: list[Event] = []
    with subscribed(store, ("a", heard.append)):
        until(lambda: numbers(heard) == [1])


def test_publishing_while_redis_is_away_is_an_error(publisher: Publisher, server: RedisServer) -> None:
    server.node.kill()
    with pytest.raises(StoreError):
        publisher.publish("a", "made", {})


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
