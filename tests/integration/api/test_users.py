from flask import Flask
from flask.testing import FlaskClient

from tests.integration.api.people import Person, assert_problem, log_in


def test_others_see_no_address(client: FlaskClient) -> None:
    user = client.get("/api/users/1")
    assert user.status_code == 200
    assert set(user.get_json()) == {"id", "name", "created_at"}


def test_an_unknown_user_is_not_found(client: FlaskClient) -> None:
    assert_problem(client.get("/api/users/999"), 404)
    assert_problem(client.get("/api/users/999/posts"), 404)


def test_users_change_themselves(ada: Person) -> None:
    change = {"name": "Ada ✨", "email": "Countess@Example.com"}
    response = ada.ask("PUT", f"/api/users/{ada.id}", json=change)
    assert response.status_code == 200
    assert (response.get_json()["name"], response.get_json()["email"]) == ("Ada ✨", "countess@example.com")


def test_users_change_nobody_else(ada: Person, grace: Person) -> None:
    change = {"name": "Ada", "email": "x@example.com"}
    assert_problem(ada.ask("PUT", f"/api/users/{grace.id}", json=change), 403)
    assert_problem(ada.ask("DELETE", f"/api/users/{grace.id}"), 403)
    assert_problem(ada.client.put(f"/api/users/{ada.id}", json=change), 401)
    assert_problem(ada.client.delete(f"/api/users/{ada.id}"), 401)


def test_an_address_belongs_to_one_user(ada: Person) -> None:
    change = {"name": "Ada", "email": "GRACE@example.com"}
    assert_problem(ada.ask("PUT", f"/api/users/{ada.id}", json=change), 409)


def test_leaving_ends_every_session_and_takes_posts_and_messages(app: Flask, ada: Person, grace: Person) -> None:
    other = log_in(app, "ada@example.com")
    assert ada.ask("POST", "/api/messages", json={"receiver_id": grace.id, "body": "bye"}).status_code == 201

    assert ada.ask("DELETE", f"/api/users/{ada.id}").status_code == 204

    assert [person.ask("GET", "/api/protected").status_code for person in (ada, other, grace)] == [401, 401, 200]
    assert_problem(ada.client.get(f"/api/users/{ada.id}"), 404)
    assert grace.ask("GET", "/api/messages").get_json()["total"] == 0


def test_posts_are_listed_newest_first(client: FlaskClient) -> None:
    page = client.get("/api/users/1/posts?per_page=2").get_json()
    ids = [item["id"] for item in page["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), page["total"]) == (2, 3)
    assert len(client.get("/api/users/1/posts?per_page=2&page=2").get_json()["items"]) == 1
