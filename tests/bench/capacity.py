"""What one operation of each pattern costs the primary: processor time and memory, for docs/capacity.md.

Usage: python -m tests.bench.capacity [CALLS]. A primary with replicas under Sentinel, append-only file on. Redis counts
its own processor time, so that what else the machine does hardly matters; what it spends when nobody asks is taken off.
What the client costs is in the other benchmarks.
"""

from __future__ import annotations

import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from app.cache import Cache
from app.config import load_config
from app.events import Publisher
from app.local import RedisCluster
from app.ratelimit import Limiter
from app.sessions import Sessions
from app.store import create_store
from app.tasks import Queue, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

    from app.store import Store


def operations(store: Store) -> dict[str, Callable[[int], object]]:
    """One of each, by a number."""
    cache, sessions, limiter, publisher = Cache(store), Sessions(store, 3600), Limiter(store), Publisher(store)
    tasks = Registry()

    @tasks.task()
    def note(text: str) -> str:
        return text

    queue = Queue(store, ttl=3600, tasks=tasks)
    session_id = sessions.create(1, device="x" * 100)
    cache.set("hit", {"name": "x" * 150}, 3600, ["tag"])
    return {
        "read of the cache": lambda _: cache.get("hit"),
        "value put into the cache": lambda number: cache.set(f"v{number}", {"name": "x" * 150}, 3600, ["tag"]),
        "limit decided": lambda number: limiter.hit("bench", f"user{number}", "1000/minute"),
        "session read": lambda _: sessions.peek(session_id),
        "log-in": lambda number: sessions.create(number, device="x" * 100),
        "task enqueued": lambda number: queue.enqueue("note", {"text": "x" * 100}, task_id=f"t{number}"),
        "event published": lambda number: publisher.to_user(number % 100 + 1, "made", {"id": number}),
    }


def spent(primary: redis.Redis) -> tuple[float, int]:
    """Seconds of processor time, and bytes."""
    cpu, memory = primary.info("cpu"), primary.info("memory")
    return cpu["used_cpu_sys"] + cpu["used_cpu_user"], int(memory["used_memory_dataset"])


def idle(primary: redis.Redis) -> float:
    """The part of a processor that it takes when nobody asks: replicas, Sentinels and guardians do."""
    before, began = spent(primary), time.monotonic()
    time.sleep(5)
    return (spent(primary)[0] - before[0]) / (time.monotonic() - began)


def main() -> None:
    """Measure and print."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with tempfile.TemporaryDirectory() as place, RedisCluster(Path(place)) as cluster:
        cluster.wait_healthy(60)
        hosts = ",".join(f"{host}:{port}" for host, port in cluster.sentinels)
        store = create_store(load_config({"REDIS_SENTINEL_HOSTS": hosts, "REDIS_SENTINEL_MASTER": cluster.master_name}))
        primary, numbers = cluster.primary().client, count(1)
        quiet = idle(primary)
        print(f"{'of ' + str(calls):<28}{'µs of the primary':>18}{'a second at 60 %':>18}{'bytes':>8}")
        for name, do in operations(store).items():
            for _ in range(200):
                do(next(numbers))
            before, began = spent(primary), time.monotonic()
            for _ in range(calls):
                do(next(numbers))
            after, seconds = spent(primary), time.monotonic() - began
            micros = (after[0] - before[0] - quiet * seconds) / calls * 1e6
            print(f"{name:<28}{micros:>18.0f}{0.6e6 / micros:>18,.0f}{(after[1] - before[1]) / calls:>8.0f}")
        store.close()


if __name__ == "__main__":
    main()
