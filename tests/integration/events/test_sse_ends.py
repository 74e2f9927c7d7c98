from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from app.events import Publisher, listener, reader, sse
from tests.integration.events.listening import Listening, listening
from tests.integration.helpers import metric, until

if TYPE_CHECKING:
    from flask import Flask

    from app.events import Hub
    from app.local import RedisServer
    from app.store import Store

pytestmark = pytest.mark.usefixtures("hub")


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


def test_more_streams_than_allowed_are_told_to_come_back(app: Flask, hub: Hub) -> None:
    hub.limit = 2
    with listening(app), listening(app):
        answer = app.test_client().get("/stream")
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
    with listening(app) as client:
        assert client.answer.status_code == 200


def test_a_client_that_goes_away_is_forgotten_also_before_the_first_byte(app: Flask, hub: Hub) -> None:
    open_before = metric("haven_event_open_streams", kind="sse")
    client = Listening(app, "a", None)
    assert len(hub._listeners) == 1
    client.answer.close()
    assert not hub._listeners
    client = Listening(app, "a", None)
    next(client.chunks)
    client.answer.close()
    app.test_client().head("/stream").close()
    assert not hub._listeners
    assert metric("haven_event_open_streams", kind="sse") == open_before


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
    monkeypatch.setattr(listener, "QUEUE", 10)
    dropped = metric("haven_event_stream_ends_total", reason="slow")
    with listening(app) as client:
        client.begin()
        for n in range(50):
            publisher.publish("a", "made", {"n": n})
        until(lambda: any(one.ended == "slow" for one in hub._listeners))
        heard = [event["data"]["n"] for event in client.events()]
        assert not hub._listeners
        assert [end["data"] for end in client.told] == [{"reason": "slow", "again": True}]
        assert metric("haven_event_stream_ends_total", reason="slow") == dropped + 1
    with listening(app, last=client.last) as again:
        heard += again.take(50 - len(heard))
    assert heard == list(range(50))


def test_a_quiet_stream_says_that_it_is_there(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.1)
    with listening(app) as client:
        next(client.chunks)
        assert any(chunk.startswith(b":") for _, chunk in zip(range(3), client.chunks, strict=False))


def test_redis_going_away_between_the_place_and_the_replay_leaves_no_listener(
    app: Flask, hub: Hub, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = hub._add

    def add_and_lose(*args: Any) -> None:
        add(*args)
        server.node.kill()

    monkeypatch.setattr(hub, "_add", add_and_lose)
    assert app.test_client().get("/stream").status_code == 503
    assert not hub._listeners


def test_a_burst_that_one_reading_brings_ends_no_stream(app: Flask, store: Store) -> None:
    with listening(app) as client:
        client.begin()
        for n in range(3 * reader.BATCH // 2):
            Publisher(store).publish("a", "made", {"n": n})
        time.sleep(0.5)  # the client looks elsewhere, and everything comes meanwhile
        assert client.take(3 * reader.BATCH // 2) == list(range(3 * reader.BATCH // 2))
