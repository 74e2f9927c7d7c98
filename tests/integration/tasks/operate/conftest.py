from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.tasks import Queue, Registry
from app.tasks.operate.ledger import Ledger
from tests.integration.tasks.operate.operating import LONG, Haven, example, joined

if TYPE_CHECKING:
    from pathlib import Path

    from app.store import Store
    from app.tasks.delivery import Deliveries


@pytest.fixture
def tasks() -> Registry:
    return example()


@pytest.fixture
def queue(store: Store, tasks: Registry) -> Queue:
    return Queue(store, ttl=60, tasks=tasks)


@pytest.fixture
def worker(store: Store, tasks: Registry) -> Deliveries:
    return joined(store, tasks)


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store, ttl=60, lease=LONG)


@pytest.fixture
def haven(environment: dict[str, str], tmp_path: Path) -> Haven:
    return Haven(environment, tmp_path)
