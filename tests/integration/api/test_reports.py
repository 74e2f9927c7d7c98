from flask.testing import FlaskClient

from tests.integration.api.people import Person, assert_problem


def test_a_report_becomes_a_task_that_can_be_followed(ada: Person) -> None:
    response = ada.ask("POST", "/api/reports", json={"kind": "activity"})
    assert response.status_code == 202
    task = ada.ask("GET", response.headers["Location"])
    assert task.status_code == 200
    assert (task.get_json()["id"], task.get_json()["name"]) == (response.get_json()["task_id"], "generate_report")
    assert task.get_json()["status"] == "queued"


def test_the_same_key_is_the_same_task_and_no_key_a_new_one(ada: Person, grace: Person) -> None:
    def ask(person: Person, key: str | None) -> str:
        headers = {"Idempotency-Key": key} if key else {}
        task_id: str = person.ask("POST", "/api/reports", json={}, headers=headers).get_json()["task_id"]
        return task_id

    assert ask(ada, "k1") == ask(ada, "k1")
    assert len({ask(ada, "k1"), ask(ada, "k2"), ask(grace, "k1"), ask(ada, None), ask(ada, None)}) == 5


def test_an_impossible_key_is_named(ada: Person) -> None:
    for key in ("", "x" * 65, "a b", "a:b", "\xe9"):
        response = ada.ask("POST", "/api/reports", json={}, headers={"Idempotency-Key": key})
        assert [error["field"] for error in assert_problem(response, 422)["errors"]] == ["Idempotency-Key"]


def test_a_task_of_someone_else_is_not_found(ada: Person, grace: Person) -> None:
    location = ada.ask("POST", "/api/reports", json={}).headers["Location"]
    assert_problem(grace.ask("GET", location), 404)


def test_an_unknown_task_is_not_found(ada: Person) -> None:
    own = f"report:{ada.id}:activity:"
    for task_id in (
        "unknown",
        f"{own}unknown",
        f"{own}%00",
        f"{own}%ED%A0%80",
        f"{own}{'x' * 500}",
        "x" * 500,
        "a%2Fb",
    ):
        assert_problem(ada.ask("GET", f"/api/tasks/{task_id}"), 404)


def test_reports_need_a_session_and_a_kind(client: FlaskClient, ada: Person) -> None:
    assert_problem(client.post("/api/reports", json={}), 401)
    assert_problem(client.get("/api/tasks/x"), 401)
    document = assert_problem(ada.ask("POST", "/api/reports", json={"kind": "Tax!"}), 422)
    assert [error["field"] for error in document["errors"]] == ["kind"]
