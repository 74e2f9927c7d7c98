"""Users who are logged in, and what they do."""

from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db.seed import PASSWORD


@dataclass(frozen=True)
class Person:
    """A user with a session in a header."""

    id: int
    session_id: str
    client: FlaskClient

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> TestResponse:
        """Send a request with the session."""
        return self.client.open(
            path, method=method, headers={"X-Session-ID": self.session_id} | (headers or {}), **body
        )


def log_in(app: Flask, email: str) -> Person:
    """Log in by the API."""
    client = app.test_client()
    response = client.post("/api/login", json={"email": email, "password": PASSWORD})
    assert response.status_code == 200, response.text
    return Person(response.get_json()["user"]["id"], response.get_json()["session_id"], client)


def assert_problem(response: TestResponse, status: int) -> dict[str, Any]:
    """Check that the answer is a whole problem document, and give it."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    document: dict[str, Any] = response.get_json()
    assert document["status"] == status
    assert document["instance"] == response.request.path
    assert document["request_id"] == response.headers["X-Request-ID"]
    assert document["title"]
    assert document["type"]
    return document
