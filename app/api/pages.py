"""The pages for people: what there is, logging in, one's profile. Programs may ask for JSON here as well."""

from typing import Any

from flask import Blueprint, Response, render_template, request, session, url_for

from app.api import csrf
from app.api.login import authenticate, enter
from app.api.openapi import answer, check, documented, read_json
from app.api.problems import ProblemError, wants_page
from app.api.replies import AccountOut, Start
from app.api.schemas import Credentials
from app.db.models import User
from app.example import ABOUT, TITLE, TRY
from app.runtime import runtime
from app.sessions import USER

blueprint = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")


@blueprint.get("/")
@documented("pages", gives=Start)
def start() -> Response:
    """See what there is."""
    links = {"login": "/login", "profile": "/profile", "documentation": "/docs", "openapi": "/docs/openapi.json"}
    if not wants_page():
        return answer(Start(name=TITLE, links=links))
    return _page("start.html", title=TITLE, about=ABOUT, try_path=TRY)


@blueprint.get("/login")
@documented("pages")
def login_form() -> Response:
    """Get the page for logging in."""
    return _form_page("login.html")


@blueprint.post("/login")
@documented("pages", gives=AccountOut, errors=(401, 403, 429), accepts=Credentials)
def login_with_cookie() -> Response:
    """Log in with a cookie: by the page's form, which leads to the profile, or by JSON."""
    try:
        user = authenticate(_credentials())
    except ProblemError as error:
        if not wants_page() or error.code not in {401, 422}:
            raise
        return _form_page("login.html", status=error.code, error=error.description)
    enter(user)
    if wants_page():
        return _see(url_for("pages.profile"))
    return answer(AccountOut.model_validate(user))


@blueprint.get("/profile")
@documented("pages", gives=AccountOut, errors=(401,))
def profile() -> Response:
    """See one's own profile. A browser without a session is led to the login page."""
    user = _visitor()
    if user is None:
        if wants_page():
            return _see(url_for("pages.login_form"))
        raise ProblemError(401, "Log in at /login first.")
    if wants_page():
        return _form_page("profile.html", user=user)
    return answer(AccountOut.model_validate(user), headers={"Cache-Control": "no-store"})


@blueprint.post("/logout")
@documented("pages", status=204, errors=(403,))
def logout_with_cookie() -> Response:
    """Log out: end the cookie's session, by the page's form or by JSON."""
    if not request.is_json:
        csrf.check_form()
    session.clear()
    return _see(url_for("pages.start")) if wants_page() else Response(status=204)


def _credentials() -> Credentials:
    # Another site's form can't declare its body as JSON without asking first, so JSON needs no token.
    if request.mimetype != "application/x-www-form-urlencoded":
        return read_json(Credentials)
    csrf.check_form()
    return check(Credentials, {name: request.form.get(name, "") for name in Credentials.model_fields})


def _visitor() -> User | None:
    user_id = session.get(USER)
    if user_id is None:
        return None
    with runtime().db.session() as db:
        return db.get(User, user_id)


def _see(address: str) -> Response:
    return Response(status=303, headers={"Location": address})


def _page(template: str, status: int = 200, **values: Any) -> Response:
    return Response(render_template(template, **values), status, mimetype="text/html")


def _form_page(template: str, status: int = 200, **values: Any) -> Response:
    token = csrf.token()
    response = _page(template, status, csrf_token=token, **values)
    response.headers["Cache-Control"] = "no-store"
    return csrf.keep(response, token)
