from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from app.db.models import User
from app.db.passwords import is_outdated
from app.db.seed import PASSWORD
from tests.integration.api.people import Person, assert_problem, log_in

ADA = {"email": "ada@example.com", "password": PASSWORD}


def test_a_login_gives_a_session_and_the_user(client: FlaskClient) -> None:
    response = client.post("/api/login", json=ADA)
    assert response.status_code == 200
    assert response.get_json()["user"]["name"] == "Ada Lovelace"
    assert response.headers["Cache-Control"] == "no-store"
    who = client.get("/api/protected", headers={"X-Session-ID": response.get_json()["session_id"]})
    assert who.get_json() == {"user_id": response.get_json()["user"]["id"]}


def test_an_address_is_known_in_any_case(client: FlaskClient) -> None:
    assert client.post("/api/login", json=ADA | {"email": " ADA@Example.com "}).status_code == 200


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(client: FlaskClient) -> None:
    def refusal(**wrong: str) -> dict[str, object]:
        document = assert_problem(client.post("/api/login", json=ADA | wrong), 401)
        del document["request_id"]
        return document

    assert refusal(password="wrong") == refusal(email="nobody@example.com")


def test_logins_are_limited_per_address_at_both_doors(client: FlaskClient) -> None:
    for _ in range(5):
        assert client.post("/api/login", json=ADA | {"password": "wrong"}).status_code == 401
    response = client.post("/api/login", json=ADA)
    assert_problem(response, 429)
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert client.post("/login", json=ADA).status_code == 429
    elsewhere = client.post("/api/login", json=ADA, environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert elsewhere.status_code == 200


def test_a_hash_with_old_parameters_is_renewed_at_login(app: Flask, client: FlaskClient) -> None:
    db = app.extensions["haven"].db
    with db.session() as session:
        ada = session.query(User).filter_by(email=ADA["email"]).one()
        ada.password_hash = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    assert client.post("/api/login", json=ADA).status_code == 200
    with db.session() as session:
        renewed = session.get_one(User, ada.id).password_hash
    assert not is_outdated(renewed)
    assert client.post("/api/login", json=ADA).status_code == 200


def test_logging_out_ends_this_session_alone(app: Flask, ada: Person) -> None:
    other = log_in(app, "ada@example.com")
    assert ada.ask("POST", "/api/logout").status_code == 204
    assert_problem(ada.ask("GET", "/api/protected"), 401)
    assert other.ask("GET", "/api/protected").status_code == 200


def test_logging_out_everywhere_ends_every_session_of_the_user(app: Flask, ada: Person, grace: Person) -> None:
    other = log_in(app, "ada@example.com")
    response = ada.ask("POST", "/api/logout/everywhere")
    assert response.get_json() == {"ended": 2}
    assert [person.ask("GET", "/api/protected").status_code for person in (ada, other, grace)] == [401, 401, 200]


def test_without_a_session_the_answer_names_the_way_in(client: FlaskClient) -> None:
    for headers in ({}, {"X-Session-ID": ""}, {"X-Session-ID": "made-up"}, {"X-Session-ID": "x" * 5000}):
        response = client.get("/api/protected", headers=headers)
        assert_problem(response, 401)
        assert response.headers["WWW-Authenticate"]


def test_answers_to_a_user_are_not_kept_by_caches(ada: Person) -> None:
    assert ada.ask("GET", "/api/protected").headers["Cache-Control"] == "no-store"
