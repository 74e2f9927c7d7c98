from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from app.events import Publisher
from app.events.log import last_id
from tests.integration.events.listening import listening
from tests.integration.helpers import until

if TYPE_CHECKING:
    from flask import Flask

    from app.events import Hub
    from app.local import RedisServer
    from app.store import Store

pytestmark = pytest.mark.usefixtures("hub")


def test_what_is_published_comes_at_once_on_the_channels_asked_for(app: Flask, publisher: Publisher) -> None:
    publisher.publish("a", "made", {"n": 0})
    with listening(app, "a,b") as client:
        assert client.answer.mimetype == "text/event-stream"
        assert client.answer.headers["Cache-Control"] == "no-store"
        started = time.monotonic()
        ids = [publisher.publish(channel, "made", {"n": n}) for n, channel in enumerate("abcab", start=1)]
        events = client.events()
        heard = [next(events) for _ in range(4)]
    assert time.monotonic() - started < 2
    assert [event["data"] for event in heard] == [
        {"channel": channel, "n": n} for n, channel in enumerate("abcab", start=1) if channel != "c"
    ]
    assert [event["id"] for event in heard] == [ids[0], ids[1], ids[3], ids[4]]
    assert {event["event"] for event in heard} == {"made"}


def test_whoever_comes_back_with_the_last_id_gets_exactly_what_was_missed(app: Flask, publisher: Publisher) -> None:
    with listening(app) as client:
        for n in range(5):
            publisher.publish("a", "made", {"n": n})
        assert client.take(3) == [0, 1, 2]
    publisher.publish("a", "made", {"n": 5})
    publisher.publish("other", "made", {"n": 6})
    with listening(app, last=client.last) as again:
        publisher.publish("a", "made", {"n": 7})
        assert again.take(4) == [3, 4, 5, 7]


def test_a_place_is_told_before_the_first_event_so_that_coming_back_works_always(
    app: Flask, publisher: Publisher
) -> None:
    publisher.publish("a", "made", {"n": 0})
    with listening(app) as client:
        place = client.begin()
    publisher.publish("a", "made", {"n": 1})
    with listening(app, last=place) as again:
        assert again.take(1) == [1]


@pytest.mark.parametrize("round_", range(3))
def test_nothing_is_missed_or_doubled_under_a_publisher_however_often_the_client_breaks_off(
    app: Flask, store: Store, round_: int
) -> None:
    total = 150
    start = last_id(store)

    def publish() -> None:
        for n in range(total):
            Publisher(store).publish("ab"[n % 2], "made", {"n": n})

    publishing = threading.Thread(target=publish)
    publishing.start()
    heard: list[int] = []
    last: str | None = start
    breaks = 0
    while len(heard) < total:
        with listening(app, "a,b", last) as client:
            heard += client.take(min(7 + round_ * 5, total - len(heard)))
        last = client.last
        breaks += 1
    publishing.join()
    assert heard == list(range(total))
    assert breaks > 5


@pytest.mark.parametrize("bad", ["nonsense", "1", "-1-0", "1-0-0", "1-0 ", f"{2**64}-0", "٣-0", "0x1-0", "*", "$"])
def test_an_id_that_is_none_is_refused(app: Flask, hub: Hub, bad: str) -> None:
    answer = app.test_client().get("/stream", headers={"Last-Event-ID": bad.encode().decode("latin-1")})
    assert answer.status_code == 400
    assert "Last-Event-ID" in answer.get_json()["detail"]
    assert not hub._listeners


def test_an_empty_id_means_from_now_on(app: Flask, publisher: Publisher) -> None:
    publisher.publish("a", "made", {"n": 0})
    with listening(app, last="") as client:
        publisher.publish("a", "made", {"n": 1})
        assert client.take(1) == [1]


def test_an_id_from_a_lost_future_does_not_silence_the_stream(app: Flask, publisher: Publisher) -> None:
    publisher.publish("a", "made", {"n": 0})
    with listening(app, last=f"{2**63}-0") as client:
        publisher.publish("a", "made", {"n": 1})
        assert client.take(1) == [1]


def test_a_stream_goes_on_after_redis_was_away(
    app: Flask, hub: Hub, publisher: Publisher, store: Store, server: RedisServer
) -> None:
    with listening(app) as client:
        publisher.publish("a", "made", {"n": 0})
        assert client.take(1) == [0]
        server.node.kill()
        answer = app.test_client().get("/stream")
        assert answer.status_code == 503
        assert len(hub._listeners) == 1
        server.node.restart()
        until(store.redis.ping)
        publisher.publish("a", "made", {"n": 1})
        assert client.take(1) == [1]


def test_text_with_line_breaks_does_not_break_the_format(app: Flask, publisher: Publisher) -> None:
    with listening(app) as client:
        publisher.publish("a", "made", {"n": 1, "text": "one\ntwo\r\n\r\ndata: three\u2028🏮"})
        event = next(client.events())
    assert event["data"]["text"] == "one\ntwo\r\n\r\ndata: three\u2028🏮"


def test_what_is_gone_is_told_before_what_is_left(app: Flask, publisher: Publisher) -> None:
    with listening(app) as client:
        place = client.begin()
    for n in range(500):
        publisher.publish("a", "made", {"n": n})
    with listening(app, last=place) as again:
        assert again.begin() == place, "a break right now must not skip what follows"
        heard = again.take(1)
        assert heard[0] > 0
        assert [told["data"]["channels"] for told in again.told] == [["a"]]
        heard += again.take(499 - heard[0])
    assert heard == list(range(heard[0], 500))
