"""The example application: its resources, a file each, and what they share."""

from flask import Flask

from app.api import (
    auth,
    docs,
    events,
    messages,
    openapi,
    pages,
    posts,
    problems,
    products,
    reports,
    requests,
    search,
    users,
)


def register(app: Flask) -> None:
    """Add the API and the pages to an application. Call it last: the documentation lists what is there by then."""
    app.url_map.converters["row_id"] = openapi.RowIdConverter
    requests.register(app)
    problems.register(app)
    for resource in (auth, docs, events, messages, pages, posts, products, reports, search, users):
        app.register_blueprint(resource.blueprint)
    app.extensions["openapi"] = openapi.build(app)
