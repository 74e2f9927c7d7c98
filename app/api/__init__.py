"""What every application has: signing in, sessions, users, event streams, errors, documentation."""

from collections.abc import Iterable

from flask import Blueprint, Flask

from app.api import (
    auth,
    docs,
    events,
    openapi,
    pages,
    problems,
    requests,
    users,
)


def register(app: Flask, blueprints: Iterable[Blueprint]) -> None:
    """Add the API and the pages. Call it last: the documentation lists what is there by then.

    Args:
        app: to which.
        blueprints: the application's own.
    """
    app.url_map.converters["row_id"] = openapi.RowIdConverter
    requests.register(app)
    problems.register(app)
    for blueprint in (*(each.blueprint for each in (auth, docs, events, pages, users)), *blueprints):
        app.register_blueprint(blueprint)
    app.extensions["openapi"] = openapi.build(app)
