from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis.exceptions import OutOfMemoryError

from app.errors import StoreFull

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.store import Store


@pytest.fixture
def full(store: Store) -> Iterator[Store]:
    before = str(store.redis.config_get("maxmemory")["maxmemory"])
    store.redis.config_set("maxmemory", 1)
    yield store
    store.redis.config_set("maxmemory", before)


def test_a_full_redis_refuses_writes_with_an_error_of_the_store(full: Store) -> None:
    with pytest.raises(StoreFull, match="maxmemory") as caught:
        full.redis.set("a", "1")
    assert isinstance(caught.value, OutOfMemoryError)  # for libraries that know it by that name
    with pytest.raises(StoreFull):
        full.run("task_enqueue", (), ("normal", 10, "id", "{}", ""), repeatable=True)
    with full.redis.pipeline(transaction=False) as pipe:
        pipe.set("a", "1")
        with pytest.raises(StoreFull):
            pipe.execute()
    with full.redis.pipeline() as pipe:
        pipe.set("a", "1")
        with pytest.raises(StoreFull):
            pipe.execute()
    assert full.redis.get("a") is None
