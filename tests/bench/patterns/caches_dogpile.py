"""dogpile.cache, as ``caches_side.py`` measures it; set up as its manual says, with its lock in Redis."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dogpile.cache import make_region

from tests.bench.patterns.caches_side import LIFE, VALUE, crowd, seconds

if TYPE_CHECKING:
    from collections.abc import Callable


class Side:
    """With a region of its own."""

    def __init__(self, url: str, *_: str) -> None:
        arguments = {"url": url, "distributed_lock": True, "thread_local_lock": False}
        self._region = make_region().configure("dogpile.cache.redis", expiration_time=600, arguments=arguments)

    def hits(self) -> dict[str, Callable[[int], float]]:
        """How long so many take."""
        region = self._region
        region.set("get", VALUE)

        @region.cache_on_arguments()
        def decorated(product_id: int) -> Any:
            return {**VALUE, "id": product_id}

        calls: dict[str, Callable[[], Any]] = {
            "get": lambda: region.get("get"),
            "computed": lambda: region.get_or_create("computed", lambda: VALUE),
            "decorated": lambda: decorated(7),
        }
        for call in calls.values():
            call()
        return {what: partial(seconds, call) for what, call in calls.items()}

    def crowd(self, what: str, number: int) -> tuple[int, float]:
        """Thirty at once."""
        life = LIFE if what == "expired" else 600
        return crowd(
            lambda load: self._region.get_or_create(f"{what}{number}", load, expiration_time=life),
            expired=what == "expired",
        )
