from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.events import Presence
from app.sessions import Sessions
from tests.integration.events.serving import hear, say
from tests.integration.helpers import until

if TYPE_CHECKING:
    from app.events import Publisher
    from app.store import Store
    from tests.integration.events.serving import Served


def test_what_happens_is_told_and_the_place_goes_on(serving: Served, session_id: str, publisher: Publisher) -> None:
    with serving.talk(session_id) as client:
        welcome = hear(client)
        assert welcome["type"] == "welcome"
        assert welcome["channels"] == ["broadcast", "user:7"]
        first = publisher.to_user(7, "made", {"n": 1})
        publisher.to_user(8, "made", {"n": 2})
        assert hear(client) == {"type": "event", "id": first, "channel": "user:7", "kind": "made", "data": {"n": 1}}
    second = publisher.broadcast("made", {"n": 3})
    with serving.talk(session_id, f"?last_event_id={first}") as client:
        assert hear(client)["id"] == first
        assert hear(client)["id"] == second
    with serving.talk(session_id, f"?last_event_id={welcome['id']}") as client:
        assert [hear(client)["id"] for _ in range(3)] == [welcome["id"], first, second]


def test_what_was_acknowledged_is_not_told_again(serving: Served, session_id: str, publisher: Publisher) -> None:
    with serving.talk(session_id) as client:
        hear(client)
        ids = [publisher.to_user(7, "made", {"n": n}) for n in range(3)]
        assert [hear(client)["id"] for _ in ids] == ids
        for done in ids[:2]:
            assert say(client, {"type": "ack", "id": done}) == {"type": "acknowledged", "id": done}
    time.sleep(0.2)  # the last one is kept when it goes
    with serving.talk(session_id, "?last_event_id=acknowledged") as client:
        assert hear(client)["id"] == ids[1]
        assert hear(client)["id"] == ids[2]


def test_channels_can_be_left_and_taken_again_but_only_ones_own(
    serving: Served, session_id: str, publisher: Publisher
) -> None:
    with serving.talk(session_id) as client:
        hear(client)
        assert say(client, {"type": "unsubscribe", "channels": ["broadcast"]})["channels"] == ["user:7"]
        publisher.broadcast("made", {"n": 1})
        time.sleep(0.3)
        refused = say(client, {"type": "subscribe", "channels": ["user:8"]})
        assert refused["type"] == "error"
        assert "user:8" in refused["detail"]
        assert say(client, {"type": "subscribe", "channels": ["broadcast"]})["channels"] == ["broadcast", "user:7"]
        last = publisher.broadcast("made", {"n": 2})
        assert hear(client)["id"] == last
    with pytest.raises(InvalidStatus) as caught:
        serving.talk(session_id, "?channels=user:8")
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    "message",
    [
        *("", "nonsense", "[]", "1", "null", '{"type":"dance"}', '{"type":["ack"]}', "[" * 2000),
        *('{"type":"ack","id":"*"}', '{"type":"ack"}', '{"type":"subscribe","channels":"broadcast"}'),
        '{"type":"subscribe","channels":[1]}',
    ],
)
def test_what_is_no_message_is_told_so_and_nothing_else_happens(serving: Served, session_id: str, message: str) -> None:
    with serving.talk(session_id) as client:
        hear(client)
        assert say(client, message)["type"] == "error"
        assert say(client, {"type": "ping"}) == {"type": "pong"}


def test_a_message_too_long_or_too_many_end_it(serving: Served, session_id: str) -> None:
    with serving.talk(session_id) as client:
        hear(client)
        client.send("x" * 5000)
        with pytest.raises(ConnectionClosed) as caught:
            hear(client)
        assert caught.value.rcvd
        assert caught.value.rcvd.code == 1009
    with serving.talk(session_id) as client:
        hear(client)
        with suppress(ConnectionClosed):  # it ends while we still send, and what it said first may be dropped
            for _ in range(100):
                client.send('{"type":"ping"}')
            while hear(client)["type"] in {"pong", "end"}:
                pass
        assert (client.close_code, client.close_reason) == (1008, "policy")


def test_a_handshake_of_another_site_or_of_nobody_is_refused(serving: Served, session_id: str) -> None:
    for origin in ("https://evil.example", "null", "", "http://[", f"http://127.0.0.1:{serving.port}.evil.example"):
        with pytest.raises(InvalidStatus) as caught:
            serving.talk(session_id, Origin=origin)
        assert caught.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as caught:
        serving.talk("nobody")
    assert caught.value.response.status_code == 401
    with serving.talk(session_id, Origin=f"http://127.0.0.1:{serving.port}") as client:
        assert hear(client)["type"] == "welcome"


def test_plain_http_is_told_what_to_do(serving: Served, session_id: str) -> None:
    answer = serving.ask("/api/ws", **{"X-Session-ID": session_id})
    assert answer.status == 400
    assert b"WebSocket" in answer.read()


def test_it_ends_with_its_session(serving: Served, session_id: str, store: Store) -> None:
    with serving.talk(session_id) as client:
        hear(client)
        Sessions(store, 3600).destroy_all(7)
        assert hear(client) == {"type": "end", "reason": "session", "again": False}
        with pytest.raises(ConnectionClosed):
            hear(client)
    with pytest.raises(InvalidStatus):
        serving.talk(session_id)


def test_it_ends_with_the_process_which_does_not_wait_for_it(serving: Served, session_id: str) -> None:
    with serving.talk(session_id) as client:
        hear(client)
        serving.process.terminate()
        assert hear(client) == {"type": "end", "reason": "restart", "again": True}
        with pytest.raises(ConnectionClosed):
            hear(client)
    assert serving.process.wait(6) == 0


def test_it_says_that_its_user_is_here_and_when_they_were(serving: Served, session_id: str, store: Store) -> None:
    presence = Presence(store)
    assert presence.of([7])[0].seen is None
    before = time.time()
    with serving.talk(session_id) as one:
        hear(one)
        with serving.talk(session_id) as other:
            hear(other)
            assert presence.of([8, 7, 9])[1].online
        time.sleep(0.3)
        assert presence.of([7])[0].online, "another connection is left"
    until(lambda: not presence.of([7])[0].online)
    seen = presence.of([7])[0].seen
    assert seen is not None
    assert before - 1 < seen < time.time() + 1
    answer = serving.ask("/api/users/7/presence", **{"X-Session-ID": session_id})
    assert b'"online":false' in answer.read()


def test_a_client_that_does_not_read_is_ended_and_can_come_back(
    serving: Served, session_id: str, publisher: Publisher
) -> None:
    total, text = 900, "x" * 20_000  # more than the buffers of two kernels and its queue hold
    with serving.talk(session_id) as client:
        place = hear(client)["id"]
    handshake = (
        f"GET /api/ws HTTP/1.1\r\nHost: x\r\nX-Session-ID: {session_id}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", serving.port)) as slow:
        slow.sendall(handshake.encode())
        assert b"101 Switching" in slow.recv(200)
        for n in range(total):
            publisher.publish("broadcast", "made", {"n": n, "text": text})
        until(lambda: b'ends_total{reason="slow"} 1.0' in serving.ask("/metrics").read(), 30)
    with serving.talk(session_id, f"?last_event_id={place}") as client:
        hear(client)
        told = hear(client)
        assert told["type"] == "gap", "it was away for longer than its channel's log keeps"
        assert told["channels"] == ["broadcast"]
        heard = [hear(client)["data"]["n"]]
        while heard[-1] < total - 1:
            heard.append(hear(client)["data"]["n"])
    assert heard == list(range(heard[0], total))
