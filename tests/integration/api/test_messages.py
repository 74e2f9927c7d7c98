from flask.testing import FlaskClient

from tests.integration.api.people import Person, assert_problem


def test_a_message_is_stored_for_both(ada: Person, grace: Person) -> None:
    sent = ada.ask("POST", "/api/messages", json={"receiver_id": grace.id, "body": "Hello 👋"})
    assert sent.status_code == 201
    assert sent.get_json()["sender_id"] == ada.id
    for person in (ada, grace):
        assert person.ask("GET", "/api/messages").get_json()["items"] == [sent.json]


def test_messages_of_others_are_not_shown(ada: Person, grace: Person) -> None:
    ada.ask("POST", "/api/messages", json={"receiver_id": 5, "body": "secret"})
    assert grace.ask("GET", "/api/messages").get_json()["total"] == 0


def test_messages_need_a_session(client: FlaskClient) -> None:
    assert_problem(client.get("/api/messages"), 401)
    assert_problem(client.post("/api/messages", json={"receiver_id": 1, "body": "x"}), 401)


def test_an_impossible_receiver_is_named(ada: Person) -> None:
    receivers: list[object] = [999, 0, -1, 2**63, 2**63 - 1, 10**4000, "1", 1.5, True, None, [1], {}]
    for receiver in receivers:
        document = assert_problem(ada.ask("POST", "/api/messages", json={"receiver_id": receiver, "body": "x"}), 422)
        assert [error["field"] for error in document["errors"]] == ["receiver_id"]


def test_an_impossible_body_is_named(ada: Person) -> None:
    for body in ("", "   ", "a\x00b", "\udfff", "x" * 5001, 1, None):
        document = assert_problem(ada.ask("POST", "/api/messages", json={"receiver_id": 2, "body": body}), 422)
        assert [error["field"] for error in document["errors"]] == ["body"]
