from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.tasks.worker import inbox
from tests.integration.tasks.bench import Bench

if TYPE_CHECKING:
    from app.store import Store


@pytest.fixture
def bench(store: Store, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(inbox, "BLOCK_MS", 150)
    return Bench(store)
