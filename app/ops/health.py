"""Probes: /livez for the process alone, /readyz that outlasts a failover, /health for people and monitors.

Every pod shares one Redis. Were liveness tied to it, an outage would restart all of them at once; were readiness to
follow every hiccup, a failover would empty the Service. So liveness never asks Redis, and readiness gives up only after
a grace that is longer than any failover.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, current_app, jsonify
from redis.exceptions import RedisError

from app.errors import StoreError
from app.store import Store, deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

blueprint = Blueprint("health", __name__)

PROBE_DEADLINE = 1.0
PROBE_CACHE = 1.0


class Readiness:
    """Whether requests should be sent here: Redis answered within the grace.

    Args:
        store: asked with a PING, once a second at most, however often it is probed.
        grace: seconds without an answer that are forgiven.
        clock: monotonic seconds.
    """

    def __init__(self, store: Store, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._grace = grace
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: float | None = None
        self._answered: float | None = None

    def check(self) -> tuple[bool, str]:
        """Ready or not, and why."""
        if self._lock.acquire(blocking=False):  # while one probe waits for Redis, the others use what is known
            try:
                if self._asked is None or self._clock() - self._asked >= PROBE_CACHE:
                    self._ask()
            finally:
                self._lock.release()
        if self._answered is None:
            return False, "Redis has not answered yet"
        silent = self._clock() - self._answered
        if silent > self._grace:
            return False, f"Redis has not answered for {silent:.0f} s"
        return True, "ok" if silent < PROBE_CACHE * 2 else f"Redis has not answered for {silent:.0f} s: waiting"

    def _ask(self) -> None:
        try:
            with deadline(PROBE_DEADLINE):
                self._store.redis.ping()
            self._answered = self._clock()
        except (StoreError, RedisError):
            pass
        finally:
            self._asked = self._clock()


def register(app: Flask) -> None:
    """Add the probes to an application."""
    runtime = app.extensions["haven"]
    app.extensions["haven.readiness"] = Readiness(runtime.store, runtime.config.haven_ready_grace)
    app.register_blueprint(blueprint)


@blueprint.get("/livez")
def livez() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Requests may be sent here."""
    ready, why = current_app.extensions["haven.readiness"].check()
    return jsonify(status="ready" if ready else "not ready", reason=why), 200 if ready else 503


@blueprint.get("/health")
def health() -> ResponseReturnValue:
    """Everything about Redis that helps to understand trouble; 503 while it is away."""
    store: Store = current_app.extensions["haven"].store
    try:
        with deadline(PROBE_DEADLINE):
            report = inspect(store)
    except (StoreError, RedisError) as error:
        body = {"status": "redis is away", "error": str(error)}
        return jsonify(body), 503, {"Retry-After": "1"}
    return jsonify(report)


def inspect(store: Store) -> dict[str, Any]:
    """Role, latency, memory and replication of the primary.

    Raises:
        StoreError: Redis did not answer.
    """
    started = time.perf_counter()
    store.redis.ping()
    latency = time.perf_counter() - started
    info: Any = store.redis.info("memory", "replication", "server", "clients")
    replicas = [info[name] for name in sorted(info) if name.startswith("slave") and isinstance(info[name], dict)]
    return {
        "status": "ok",
        "redis": {
            "address": str(store.topology.primary()),
            "version": info.get("redis_version"),
            "role": {"master": "primary", "slave": "replica"}.get(info["role"], info["role"]),
            "latency_ms": round(latency * 1000, 3),
            "memory_bytes": info["used_memory"],
            "memory_limit_bytes": info["maxmemory"],
            "clients": info["connected_clients"],
            "uptime_seconds": info["uptime_in_seconds"],
            "replicas": [
                {
                    "address": f"{replica['ip']}:{replica['port']}",
                    "state": replica["state"],
                    "lag_seconds": replica["lag"],
                    "lag_bytes": info["master_repl_offset"] - replica["offset"],
                }
                for replica in replicas
            ],
        },
    }
