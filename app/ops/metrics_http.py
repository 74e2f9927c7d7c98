"""Measures every request, and serves /metrics."""

from __future__ import annotations

import time

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST

from app.ops import metrics, metrics_files
from app.ops.collectors import collectors

blueprint = Blueprint("metrics", __name__)


def register(app: Flask) -> None:
    """Add the measurement and the endpoint to an application."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)
    app.register_blueprint(blueprint)


@blueprint.get("/metrics")
def scrape() -> Response:
    """All metrics of all worker processes, the queues, the drills and the last backup."""
    store = current_app.extensions["haven"].store
    body = metrics_files.render(*collectors(store))
    return Response(body, content_type=CONTENT_TYPE_LATEST)


def _begin() -> None:
    g.haven_started = time.monotonic()
    metrics.HTTP_IN_PROGRESS.inc()


def _end(response: Response) -> Response:
    started = getattr(g, "haven_started", None)
    if started is not None:
        route = request.url_rule.rule if request.url_rule else "none"
        # an unknown method would be a label value of the client's choice
        method = request.method if request.method in metrics.METHODS else "other"
        metrics.HTTP_DURATION.labels(route, method, response.status_code).observe(time.monotonic() - started)
    if response.status_code == 101:  # noqa: PLR2004 - Switching Protocols: from here on it is a stream, and no request
        _leave(None)
        g.haven_started = None
    return response


def _leave(_: BaseException | None) -> None:
    if getattr(g, "haven_started", None) is not None:
        metrics.HTTP_IN_PROGRESS.dec()
