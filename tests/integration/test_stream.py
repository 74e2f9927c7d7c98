from __future__ import annotations

import itertools
import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request

from app.events import Publisher, reader, sse_response, stream
from app.events.log import last_id
from tests.integration.helpers import metric, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.events import Hub
    from app.local import RedisServer
    from app.store import Store

pytestmark = pytest.mark.usefixtures("hub")


@pytest.fixture
def hub(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(reader, "BLOCK_MS", 50)  # how long a reader takes to end

    @app.get("/stream")
    def watch() -> Any:
        last = request.headers.get("Last-Event-ID")
        return sse_response(request.args.get("channels", "a").split(","), last)

    found: Hub = app.extensions["haven.hub"]
    yield found
    until(lambda: found._reader is None)


@pytest.fixture
def publisher(store: Store) -> Publisher:
    return Publisher(store)


class Listening:
    """A client of a stream: what it heard, in order."""

    def __init__(self, app: Flask, channels: str, last: str | None) -> None:
        headers = {"Last-Event-ID": last} if last is not None else {}
        self.answer = app.test_client().get("/stream", query_string={"channels": channels}, headers=headers)
        self.chunks = self.answer.iter_encoded()
        self.last = last

    def events(self) -> Iterator[dict[str, Any]]:
        """Everything that has data, as it comes; ends with the stream."""
        for chunk in self.chunks:
            lines = [line.partition(": ") for line in chunk.decode().split("\n")]
            fields = {name: value for name, _, value in lines if name}
            self.last = fields.get("id", self.last)
            if "data" in fields:
                yield {**fields, "data": json.loads(fields["data"])}

    def begin(self) -> str:
        """The place that is told before the first event."""
        first = next(chunk for chunk in self.chunks if chunk).decode()
        self.last = first.partition("id: ")[2].strip()
        return self.last

    def take(self, count: int) -> list[int]:
        """The numbers of the next so many events; fewer when the stream ends, as it does for one that fell behind."""
        return [event["data"]["n"] for event in itertools.islice(self.events(), count)]


@contextmanager
def listening(app: Flask, channels: str = "a", last: str | None = None) -> Iterator[Listening]:
    client = Listening(app, channels, last)
    try:
        yield client
    finally:
        client.answer.close()


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


def test_one_reader_serves_all_clients_and_ends_after_the_last(app: Flask, publisher: Publisher) -> None:
    def readers() -> int:
        return sum(thread.name == "haven-events" for thread in threading.enumerate())

    until(lambda: readers() == 0)
    for _ in range(20):
        with listening(app) as one, listening(app) as two:
            n = int(publisher.publish("a", "made", {"n": 1}).partition("-")[0])
            assert n
            assert one.take(1) == two.take(1) == [1]
        assert readers() <= 1, "clients that come and go quickly leave no readers behind"
    until(lambda: readers() == 0)


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


def test_more_streams_than_allowed_are_told_to_come_back(app: Flask, hub: Hub) -> None:
    hub.limit = 2
    with listening(app), listening(app):
        answer = app.test_client().get("/stream")
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
    with listening(app) as client:
        assert client.answer.status_code == 200


def test_a_client_that_goes_away_is_forgotten_also_before_the_first_byte(app: Flask, hub: Hub) -> None:
    open_before = metric("haven_event_open_streams")
    client = Listening(app, "a", None)
    assert len(hub._listeners) == 1
    client.answer.close()
    assert not hub._listeners
    client = Listening(app, "a", None)
    next(client.chunks)
    client.answer.close()
    app.test_client().head("/stream").close()
    assert not hub._listeners
    assert metric("haven_event_open_streams") == open_before


def test_streams_end_when_the_process_does(app: Flask, hub: Hub) -> None:
    with listening(app) as client:
        next(client.chunks)
        hub.ending = lambda: True
        started = time.monotonic()
        assert list(client.events()) == []
        assert time.monotonic() - started < 2
        assert not hub._listeners


def test_a_slow_client_is_ended_and_misses_nothing_when_it_comes_back(
    app: Flask, hub: Hub, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "QUEUE", 10)
    dropped = metric("haven_event_dropped_total")
    with listening(app) as client:
        client.begin()
        for n in range(50):
            publisher.publish("a", "made", {"n": n})
        until(lambda: metric("haven_event_dropped_total") > dropped)
        heard = [event["data"]["n"] for event in client.events()]
        assert not hub._listeners
    with listening(app, last=client.last) as again:
        heard += again.take(50 - len(heard))
    assert heard == list(range(50))


def test_a_quiet_stream_says_that_it_is_there(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.1)
    with listening(app) as client:
        next(client.chunks)
        assert any(chunk.startswith(b":") for _, chunk in zip(range(3), client.chunks, strict=False))


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


def test_redis_going_away_between_the_place_and_the_replay_leaves_no_listener(
    app: Flask, hub: Hub, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = hub.add

    def add_and_lose(*args: Any) -> None:
        add(*args)
        server.node.kill()

    monkeypatch.setattr(hub, "add", add_and_lose)
    assert app.test_client().get("/stream").status_code == 503
    assert not hub._listeners


def test_text_with_line_breaks_does_not_break_the_format(app: Flask, publisher: Publisher) -> None:
    with listening(app) as client:
        publisher.publish("a", "made", {"n": 1, "text": "one\ntwo\r\n\r\ndata: three\u2028🏮"})
        event = next(client.events())
    assert event["data"]["text"] == "one\ntwo\r\n\r\ndata: three\u2028🏮"


def test_a_burst_that_one_reading_brings_ends_no_stream(app: Flask, store: Store) -> None:
    with listening(app) as client:
        client.begin()
        for n in range(3 * reader.BATCH // 2):
            Publisher(store).publish("a", "made", {"n": n})
        time.sleep(0.5)  # the client looks elsewhere, and everything comes meanwhile
        assert client.take(3 * reader.BATCH // 2) == list(range(3 * reader.BATCH // 2))
