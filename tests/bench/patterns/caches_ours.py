"""Haven's cache, as ``caches_side.py`` measures it."""

from __future__ import annotations

import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask

from app.cache import Cache, Local, Policy, cache_result
from app.config import load_config
from app.store import create_store
from tests.bench.patterns.caches_side import LIFE, VALUE, crowd, seconds

if TYPE_CHECKING:
    from collections.abc import Callable


class Side:
    """On a store of its own.

    Args:
        url: of Redis.
        variant: ``local``: with the layer in the process.
    """

    def __init__(self, url: str, variant: str) -> None:
        at = urlsplit(url)
        where = {"REDIS_HOST": str(at.hostname), "REDIS_PORT": str(at.port), "REDIS_DB": at.path.strip("/")}
        store = create_store(load_config(where))
        self._cache = Cache(store, local=Local(store, 1 << 20) if variant else None)
        self._app = Flask(__name__)
        self._app.extensions["haven"] = SimpleNamespace(cache=self._cache)

    def hits(self) -> dict[str, Callable[[int], float]]:
        """How long so many take."""
        cache, policy = self._cache, Policy(600)
        cache.set("get", VALUE, 600)

        @cache_result("decorated", ttl=600)
        def decorated(product_id: int) -> Any:
            return {**VALUE, "id": product_id}

        calls = {
            "get": lambda: cache.get("get"),
            "computed": lambda: cache.get_or_compute("computed", policy, (), lambda: VALUE),
            "decorated": lambda: decorated(7),
        }
        with self._app.app_context():
            for call in calls.values():
                call()
        time.sleep(1)  # the layer in the process begins
        return {what: partial(self._timed, call) for what, call in calls.items()}

    def _timed(self, call: Callable[[], Any], number: int) -> float:
        with self._app.app_context():
            return seconds(call, number)

    def crowd(self, what: str, number: int) -> tuple[int, float]:
        """Thirty at once."""
        policy = Policy(LIFE, stale=60, jitter=0, early=0) if what == "expired" else Policy(600)
        return crowd(
            lambda load: self._cache.get_or_compute(f"{what}{number}", policy, (), load), expired=what == "expired"
        )
