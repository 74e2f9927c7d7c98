from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.ratelimit import Limiter, rate_limit
from tests.integration.clocked import ClockedLimiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from app.ratelimit import Limit
    from app.store import Store


@pytest.fixture
def limiter(store: Store) -> Limiter:
    return Limiter(store)


@pytest.fixture
def clocked(store: Store) -> ClockedLimiter:
    return ClockedLimiter(store)


@pytest.fixture
def limited(app: Flask) -> Callable[..., FlaskClient]:
    """A client of a view that is limited so."""

    def make(*limits: str | Limit, **options: Any) -> FlaskClient:
        def view() -> str:
            return "done"

        app.add_url_rule("/limited", view_func=rate_limit(*limits, **options)(view), methods=["GET", "POST"])
        return app.test_client()

    return make
