from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.sessions import Sessions

if TYPE_CHECKING:
    from app.store import Store


@pytest.fixture
def sessions(store: Store) -> Sessions:
    return Sessions(store, ttl=60)
