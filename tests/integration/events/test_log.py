from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app.errors import StoreError
from app.events import Publisher
from app.events.log import Event, last_id, order, read
from app.store import keys
from tests.integration.helpers import cut_off

if TYPE_CHECKING:
    from app.local import RedisServer
    from app.store import Store


@pytest.fixture
def publisher(store: Store) -> Publisher:
    return Publisher(store)


def told(store: Store, channels: list[str], after: str) -> list[Event]:
    return read(store, channels, after).events


def numbers(events: list[Event]) -> list[int]:
    return [event.data["n"] for event in events]


def test_ids_grow_over_all_channels(publisher: Publisher, store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: publisher.publish(f"channel:{n % 5}", "made", {"n": n}), range(200)))
    assert len(set(ids)) == 200
    assert last_id(store) == max(ids, key=order)
    everything = told(store, [f"channel:{n}" for n in range(5)], "0-0")
    assert [event.id for event in everything] == sorted(ids, key=order)
    for n in range(5):
        assert {event.channel for event in told(store, [f"channel:{n}"], "0-0")} == {f"channel:{n}"}


def test_replay_gives_exactly_what_came_after_an_id_in_order(publisher: Publisher, store: Store) -> None:
    ids = [publisher.publish(("a", "b", "c")[n % 3], "made", {"n": n}) for n in range(60)]
    for place in (0, 17, 58, 59):
        missed = told(store, ["a", "b"], ids[place])
        assert numbers(missed) == [n for n in range(place + 1, 60) if n % 3 != 2]
    assert told(store, [], ids[0]) == []
    assert told(store, ["never used"], "0-0") == []


def test_an_event_is_told_as_it_was_published(publisher: Publisher, store: Store) -> None:
    data = {"text": "Zoë 🏮\n\r\x00", "nested": {"list": [1, None, True]}, "": ""}
    event_id = publisher.publish("room:🏮", "made", data)
    assert told(store, ["room:🏮"], "0-0") == [Event(event_id, "room:🏮", "made", data)]


def test_to_a_user_and_to_everyone(publisher: Publisher, store: Store) -> None:
    publisher.to_user(7, "message", {"n": 1})
    publisher.broadcast("news", {"n": 2})
    assert numbers(told(store, ["user:7"], "0-0")) == [1]
    assert numbers(told(store, ["broadcast"], "0-0")) == [2]
    assert numbers(told(store, ["broadcast", "user:7", "user:8"], "0-0")) == [1, 2]


def test_a_publication_that_is_repeated_is_one_event(store: Store) -> None:
    names = [keys.event_log("all"), keys.event_log("a"), keys.event_mark("mine")]
    args = ("a", keys.channel("a"), "made", '{"n":1}', 100, 100, 60_000)
    ids = {store.run("event_publish", names, args, repeatable=True) for _ in range(5)}
    assert len(ids) == 1
    assert store.redis.xlen(keys.event_log("all")) == store.redis.xlen(keys.event_log("a")) == 1


def test_a_publication_that_was_cut_off_is_one_event(publisher: Publisher, store: Store, server: RedisServer) -> None:
    publisher.publish("a", "made", {"n": 0})
    cut_off(server, lambda: publisher.publish("a", "made", {"n": 1}))
    assert numbers(told(store, ["a"], "0-0")) == [0, 1]


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
    kept = told(store, ["busy"], "0-0")
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


def test_publishing_while_redis_is_away_is_an_error(publisher: Publisher, server: RedisServer) -> None:
    server.node.kill()
    with pytest.raises(StoreError):
        publisher.publish("a", "made", {})


def test_what_is_no_longer_kept_shows_as_a_gap_and_nothing_else_does(publisher: Publisher, store: Store) -> None:
    ids = [publisher.publish("busy", "made", {"n": n}) for n in range(500)]
    other = publisher.publish("quiet", "made", {"n": 500})
    kept = read(store, ["busy"], "0-0").events
    oldest = ids.index(kept[0].id)
    assert oldest > 0
    for place in (0, oldest - 2):
        assert read(store, ["busy", "quiet"], ids[place]).gaps == ["busy"]
    for place in (oldest - 1, oldest, 499):
        assert read(store, ["busy", "quiet"], ids[place]).gaps == []
    assert read(store, ["busy", "quiet"], other).gaps == []
    assert read(store, ["never used"], ids[0]).gaps == []


def test_a_place_that_is_older_than_a_log_may_be_or_newer_than_all_is_a_gap(publisher: Publisher, store: Store) -> None:
    publisher.publish("a", "made", {"n": 0})
    assert read(store, ["a"], f"{int(time.time() * 1000) - 86_500_000}-0").gaps == ["a"]
    assert read(store, ["a"], f"{2**63}-0").gaps == ["a"]
    assert read(store, ["a"], "0-0").gaps == []


def test_a_kind_that_tells_of_the_stream_itself_is_refused(publisher: Publisher) -> None:
    with pytest.raises(ValueError, match=r"haven\."):
        publisher.publish("a", "haven.end", {})
