"""Everything an application uses, made from the configuration in one place. Nothing is connected until first use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app

from app.cache import Cache, Local
from app.db import Database
from app.events import Presence, Publisher
from app.ratelimit import Limiter
from app.serving import Role, serving
from app.sessions import Sessions
from app.store import Store, create_store
from app.tasks import Queue
from app.tasks.envelope import Sealer
from app.tasks.worker.process import import_tasks

if TYPE_CHECKING:
    from app.config import Config


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts of one process, each usable alone."""

    config: Config
    store: Store
    db: Database
    cache: Cache
    sessions: Sessions
    limiter: Limiter
    events: Publisher
    presence: Presence
    tasks: Queue

    def close(self) -> None:
        """Let go of Redis and of the database."""
        self.cache.close()
        self.store.close()
        self.db.close()


def build_runtime(config: Config, *, role: str = "web") -> Runtime:
    """Make the parts.

    Args:
        config: the settings.
        role: what this process is, for CLIENT LIST.

    Raises:
        ConfigError: a module of HAVEN_TASK_MODULES is not there.
    """
    import_tasks(config)
    store = create_store(config, role=role)
    served: Role = "realtime" if role == "realtime" else "web"
    return Runtime(
        config=config,
        store=store,
        db=Database(config.database_url.get_secret_value()),
        cache=Cache(
            store,
            max_bytes=config.haven_cache_max_bytes,
            local=Local(store, config.haven_cache_local_bytes) if config.haven_cache_local_bytes else None,
        ),
        sessions=Sessions(
            store,
            ttl=config.haven_session_ttl,
            max_age=config.haven_session_max_age,
            per_user=config.haven_session_per_user,
        ),
        limiter=Limiter(store, share=config.haven_replicas * serving(config, served).workers),
        events=Publisher(store),
        presence=Presence(store),
        tasks=Queue(
            store,
            ttl=config.haven_task_ttl,
            sealer=Sealer(config.task_keys),
            most_waiting=config.haven_task_waiting,
        ),
    )


def runtime() -> Runtime:
    """The current Flask application's parts."""
    found: Runtime = current_app.extensions["haven"]
    return found
