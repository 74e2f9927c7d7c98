"""Flask-Limiter, and limits below it, as ``limits_side.py`` measures it; set up as its manual says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import parse, strategies
from limits.storage import RedisStorage

if TYPE_CHECKING:
    from collections.abc import Callable

STRATEGIES = {"counter": "sliding-window-counter", "exact": "moving-window", "fixed": "fixed-window"}


def hit(url: str, kind: str) -> Callable[[], Any]:
    """Count one request, without asking what is left."""
    strategy = strategies.STRATEGIES[STRATEGIES[kind]](RedisStorage(url))
    limit = parse("10000/hour")
    return lambda: strategy.hit(limit, "bench", "198.51.100.7")


def application(url: str, kind: str) -> Flask:
    """Two views, of which one is limited, with headers."""
    app = Flask(__name__)
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=url,
        strategy=STRATEGIES[kind],
        headers_enabled=True,
    )
    app.add_url_rule("/bare", "bare", limiter.exempt(lambda: "done"))

    def limited() -> str:
        return "done"

    app.add_url_rule("/limited", "limited", limiter.limit("10000/hour")(limited))
    return app
