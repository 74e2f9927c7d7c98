"""Haven's limiter, as ``limits_side.py`` measures it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask

from app.config import load_config
from app.ratelimit import Limit, Limiter, rate_limit
from app.store import create_store

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = 3600
LIMITS = {
    "counter": Limit(10_000, HOUR),
    "exact": Limit(10_000, HOUR, exact=True),
    "bucket": Limit(10_000, HOUR, burst=10_000),
}


def limiter(url: str) -> Limiter:
    """On a store of its own."""
    at = urlsplit(url)
    where = {"REDIS_HOST": str(at.hostname), "REDIS_PORT": str(at.port), "REDIS_DB": at.path.strip("/")}
    return Limiter(create_store(load_config(where)))


def hit(url: str, kind: str) -> Callable[[], Any]:
    """Count one request."""
    mine, limit = limiter(url), LIMITS[kind]
    return lambda: mine.hit("bench", "198.51.100.7", limit)


def application(url: str, kind: str) -> Flask:
    """Two views, of which one is limited, with headers."""
    app = Flask(__name__)
    app.extensions["haven"] = SimpleNamespace(limiter=limiter(url))
    app.get("/bare")(lambda: "done")
    app.add_url_rule("/limited", "limited", rate_limit(LIMITS[kind], scope="view")(lambda: "done"))
    return app
