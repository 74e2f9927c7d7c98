from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.sessions import Sessions
from tests.integration.events.serving import Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.store import Store


@pytest.fixture(params=["web", "realtime"])
def serving(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[Served]:
    """The application under threads, and under greenlets."""
    with served(request.param, environment) as running:
        yield running


@pytest.fixture
def session_id(store: Store) -> str:
    """Of user 7."""
    return Sessions(store, 3600).create(7)
