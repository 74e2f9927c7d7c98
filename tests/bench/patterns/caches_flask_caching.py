"""Flask-Caching, as ``caches_side.py`` measures it; set up as its manual says."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_caching import Cache

from tests.bench.patterns.caches_side import LIFE, VALUE, crowd, seconds

if TYPE_CHECKING:
    from collections.abc import Callable


class Side:
    """In an application of its own."""

    def __init__(self, url: str, *_: str) -> None:
        self._app = Flask(__name__)
        self._cache = Cache(self._app, config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": url})

    def hits(self) -> dict[str, Callable[[int], float]]:
        """How long so many take."""
        cache = self._cache

        @cache.memoize(600)
        def decorated(product_id: int) -> Any:
            return {**VALUE, "id": product_id}

        computed = cache.cached(600, key_prefix="computed")(lambda: VALUE)
        calls = {"get": lambda: cache.get("get"), "computed": computed, "decorated": lambda: decorated(7)}
        with self._app.test_request_context():
            cache.set("get", VALUE, 600)
            for call in calls.values():
                call()
        return {what: partial(self._timed, call) for what, call in calls.items()}

    def _timed(self, call: Callable[[], Any], number: int) -> float:
        with self._app.test_request_context():
            return seconds(call, number)

    def crowd(self, what: str, number: int) -> tuple[int, float]:
        """Thirty at once."""

        def ask(load: Callable[[], Any]) -> Any:
            with self._app.test_request_context():
                return self._cache.cached(LIFE if what == "expired" else 600, key_prefix=f"{what}{number}")(load)()

        return crowd(ask, expired=what == "expired")
