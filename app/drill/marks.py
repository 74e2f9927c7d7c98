"""The task that drills enqueue. It is there in every worker, beside your own."""

from __future__ import annotations

import functools
import time
from typing import Annotated, Final

from pydantic import Field

from app.config import load_config
from app.store import Store, create_store, keys
from app.tasks.attempt import current
from app.tasks.registry import registry

_KEPT: Final = 2 * 3600


@registry.task()
def haven_drill_mark(
    run: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,80}$")],
    number: Annotated[int, Field(ge=0)],
    seconds: Annotated[float, Field(ge=0, le=10)] = 0.0,
) -> None:
    """Take some time, then write down that this attempt was run."""
    time.sleep(seconds)
    with _store().durable(repeatable=True) as pipe:
        pipe.zadd(keys.drill_ran(run), {f"{number}:{current().number}": time.time()}, nx=True)
        pipe.expire(keys.drill_ran(run), _KEPT)


MARK: Final = haven_drill_mark.__name__


@functools.cache
def _store() -> Store:
    """A store of its own, made at the first drill: tasks know nothing of the worker that runs them."""
    return create_store(load_config(), role="drill")
