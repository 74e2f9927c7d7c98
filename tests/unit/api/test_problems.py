from collections.abc import Callable

import pytest
from flask import Blueprint, Flask, Response, abort
from flask.sessions import SessionInterface, SessionMixin
from flask.testing import FlaskClient
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests, Unauthorized

from app.api import pages, problems, requests
from app.api.problems import ProblemError, field_error, invalid, refused
from app.errors import CircuitOpen, NotConfirmed, OutcomeUnknown, StoreUnavailable

BROWSER = {"Accept": "text/html,*/*;q=0.8"}


def _client(fail: Callable[[], object]) -> FlaskClient:
    app = Flask(__name__, static_folder=None, template_folder=pages.__file__.replace("pages.py", "templates"))
    app.config["SECRET_KEY"] = "test"
    docs = Blueprint("docs", __name__)
    docs.add_url_rule("/docs", "documentation", str)
    links = Blueprint("pages", __name__, static_folder="static")
    links.add_url_rule("/start", "start", str)
    links.add_url_rule("/profile", "profile", str)
    app.register_blueprint(docs)
    app.register_blueprint(links)
    requests.register(app)
    problems.register(app)

    def view() -> Response:
        fail()
        return Response("ok")

    app.add_url_rule("/it", "it", view)
    app.add_url_rule("/api/it", "api_it", view)
    return app.test_client()


def _raise(error: Exception) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ProblemError(403), 403),
        (Unauthorized(), 401),
        (TooManyRequests(retry_after=7), 429),
        (ServiceUnavailable(retry_after=7), 503),
        (StoreUnavailable("away"), 503),
        (CircuitOpen("away"), 503),
        (OutcomeUnknown("broke"), 503),
        (NotConfirmed(0, 1), 503),
        (OperationalError("SELECT 1", {}, Exception("away")), 503),
        (IntegrityError("INSERT", {}, Exception("twice")), 409),
        (StaleDataError("late"), 409),
        (ValueError("a bug"), 500),
        (ZeroDivisionError(), 500),
    ],
)
def test_every_error_is_a_problem_document(error: Exception, status: int) -> None:
    response = _client(_raise(error)).get("/it")
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    document = response.get_json()
    assert document["status"] == status
    assert document["instance"] == "/it"
    assert document["type"] == "about:blank"
    assert document["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize("error", [TooManyRequests(retry_after=7), ServiceUnavailable(retry_after=7)])
def test_headers_of_an_error_are_kept(error: Exception) -> None:
    assert _client(_raise(error)).get("/it").headers["Retry-After"] == "7"


def test_redis_and_the_database_away_say_when_to_repeat_and_nothing_of_the_inside() -> None:
    for error in (StoreUnavailable("10.0.0.7:6379"), OperationalError("SELECT 1", {}, Exception("10.0.0.7"))):
        response = _client(_raise(error)).get("/it")
        assert int(response.headers["Retry-After"]) >= 1
        assert "10.0.0.7" not in response.text
        assert "SELECT" not in response.text


def test_401_names_the_way_in_once() -> None:
    own = _client(_raise(ProblemError(401))).get("/it")
    assert own.headers.getlist("WWW-Authenticate") == ['Session realm="haven"']
    other = Unauthorized(www_authenticate=WWWAuthenticate("session", {"realm": "elsewhere"}))
    response = _client(_raise(other)).get("/it")
    (way_in,) = response.headers.getlist("WWW-Authenticate")
    assert "elsewhere" in way_in


def test_a_finished_response_and_a_redirect_pass_untouched() -> None:
    assert _client(lambda: abort(Response("mine", 418))).get("/it").text == "mine"


def test_a_bug_in_our_models_is_our_error_not_the_clients() -> None:
    class Model(BaseModel):
        number: int

    assert _client(lambda: Model.model_validate({"number": "x"})).get("/it").status_code == 500


def test_browsers_get_a_page_except_from_the_api() -> None:
    client = _client(_raise(ProblemError(403, "<b>no</b>")))
    page = client.get("/it", headers=BROWSER)
    assert page.mimetype == "text/html"
    assert "&lt;b&gt;no&lt;/b&gt;" in page.text
    assert page.headers["X-Request-ID"] in page.text
    assert client.get("/api/it", headers=BROWSER).mimetype == "application/problem+json"
    assert client.get("/it", headers={"Accept": "*/*"}).mimetype == "application/problem+json"


def test_a_session_that_can_not_be_saved_is_an_error_like_any_other() -> None:
    class Broken(SessionInterface):
        def __init__(self, error: Exception) -> None:
            self.error = error

        def open_session(self, *_: object) -> SessionMixin | None:
            return None

        def is_null_session(self, _obj: object) -> bool:
            return False

        def save_session(self, *_: object) -> None:
            raise self.error

    for error, status in ((StoreUnavailable("away"), 503), (ValueError("a bug"), 500)):
        client = _client(dict)
        client.application.config["PROPAGATE_EXCEPTIONS"] = False
        client.application.session_interface = Broken(error)
        response = client.get("/it")
        assert (response.status_code, response.mimetype) == (status, "application/problem+json")


def test_a_refused_value_is_shown_shortened_and_never_when_it_is_secret() -> None:
    assert field_error("name", "too long", "x" * 5000)["value"] == "x" * 100
    assert field_error("price", "too high", 10**5000)["value"] == "(a very large number)"
    assert field_error("flag", "wrong", value=True)["value"] is True
    assert "value" not in field_error("password", "wrong", "hunter2")
    assert "value" not in field_error("user.password", "wrong", "hunter2")
    assert "value" not in field_error("body", "wrong", {"password": "hunter2"})
    assert "value" not in field_error("number", "wrong", float("nan"))


def test_a_refusal_names_every_field() -> None:
    class Inner(BaseModel):
        number: int

    class Model(BaseModel):
        name: str
        inner: list[Inner]

    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"name": 1, "inner": [{"number": "x"}]})
    problem = refused(caught.value)
    assert problem.code == 422
    assert [error["field"] for error in problem.errors] == ["name", "inner.0.number"]
    assert problem.description == "Not valid: name, inner.0.number."
    assert invalid("q", "empty").errors == [{"field": "q", "message": "empty"}]
