import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.api.people import Person, assert_problem

LONGEST = "🏮" * 5000
LAMP = {"name": "Lamp", "description": LONGEST, "price_cents": 5, "stock": 0}

# What is tested here is the same on every database.
pytestmark = pytest.mark.parametrize("seeded_url", ["sqlite"], indirect=True)


@contextmanager
def _listening(person: Person, **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
    response = person.ask("GET", "/api/events", headers=headers)
    assert response.status_code == 200
    assert response.mimetype == "text/event-stream"
    try:
        yield _events(response.iter_encoded())
    finally:
        response.close()


def _events(chunks: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for chunk in chunks:
        assert b"still here" not in chunk, "no event came before the heartbeat"
        lines = [line.partition(": ") for line in chunk.decode().splitlines() if ": " in line]
        fields = {name: value for name, _, value in lines}
        yield {**fields, "data": json.loads(fields["data"])} if "data" in fields else fields


def test_a_message_is_told_to_its_receiver_alone(ada: Person, grace: Person) -> None:
    with _listening(grace) as heard:
        begin = next(heard)
        while "id" not in begin:
            begin = next(heard)
        ada.ask("POST", "/api/messages", json={"receiver_id": ada.id, "body": "to myself"})
        sent = ada.ask("POST", "/api/messages", json={"receiver_id": grace.id, "body": LONGEST})
        assert sent.status_code == 201
        event = next(heard)
    assert event["event"] == "message.created"
    assert event["data"] == sent.get_json() | event["data"]
    assert event["data"]["body"] == LONGEST


def test_a_changed_product_is_told_to_everyone_and_missed_events_come_first(ada: Person, grace: Person) -> None:
    with _listening(grace) as heard:
        begin = next(heard)
        while "id" not in begin:
            begin = next(heard)
    changed = ada.ask("PUT", "/api/products/1", json=LAMP)
    assert changed.status_code == 200
    for person in (ada, grace):
        with _listening(person, **{"Last-Event-ID": begin["id"]}) as heard:
            event = next(one for one in heard if "event" in one)
        assert (event["event"], event["data"]["id"], event["data"]["stock"]) == ("product.updated", 1, 0)


def test_listening_needs_a_session(client: FlaskClient) -> None:
    assert_problem(client.get("/api/events"), 401)


def test_an_impossible_place_is_refused(ada: Person) -> None:
    for place in ("nonsense", "1", "-1-0", "1-0; DROP", f"{2**64}-0", "9" * 20 + "-0", "%D9%A3-0", "%00"):
        assert_problem(ada.ask("GET", f"/api/events?last_event_id={place}"), 400)
