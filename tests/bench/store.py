"""The store beside plain redis-py: the same server, the same run, alternating. Prints calls a second and the ratio.

Usage: python -m tests.bench.store [ROUNDS]. Each round times both, in turn; the ratio is taken per round and its
median is quoted, because a machine's speed drifts more than one round takes.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis

from app.config import load_config
from app.local import RedisCluster, RedisServer
from app.store import Store, create_store

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = 2000
REACH = 0.95


def rate(call: Callable[[], Any]) -> float:
    """Calls a second."""
    started = time.perf_counter()
    for _ in range(CALLS):
        call()
    return CALLS / (time.perf_counter() - started)


def compare(title: str, ours: Callable[[], Any], plain: Callable[[], Any], rounds: int) -> float:
    """Print a row and return the median ratio."""
    rate(ours), rate(plain)
    pairs = []
    for number in range(rounds):
        if number % 2:
            pairs.append((rate(ours), rate(plain)))
        else:
            second = rate(plain)
            pairs.append((rate(ours), second))
    ratios = sorted(a / b for a, b in pairs)
    median = statistics.median(ratios)
    ours_rate = statistics.median(a for a, _ in pairs)
    plain_rate = statistics.median(b for _, b in pairs)
    print(
        f"{title:<28} {ours_rate:>9,.0f}/s {plain_rate:>9,.0f}/s   {median:.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )
    return median


def durable(store: Store) -> None:
    """A write that a replica has confirmed."""
    with store.durable() as pipe:
        pipe.set("k", "v")


def main(rounds: int) -> int:
    """Run everything; 1 when GET or SET is slower than it may be."""
    print(
        f"{rounds} rounds of {CALLS} calls, one at a time; ratio: ours / redis-py {redis.__version__}, median (range)\n"
    )
    print(f"{'':<28} {'ours':>11} {'redis-py':>11}   ratio")
    with tempfile.TemporaryDirectory() as directory, RedisServer(Path(directory)) as server:
        store = create_store(load_config({"REDIS_PORT": str(server.port)}))
        plain = redis.Redis(port=server.port, decode_responses=True)
        get = compare("GET", lambda: store.redis.get("k"), lambda: plain.get("k"), rounds)
        put = compare("SET", lambda: store.redis.set("k", "v"), lambda: plain.set("k", "v"), rounds)

        def both(client: Any) -> None:
            with client.pipeline(transaction=False) as pipe:
                for number in range(10):
                    pipe.set(f"k{number}", number)
                pipe.execute()

        compare("pipeline of 10 SET", lambda: both(store.redis), lambda: both(plain), rounds)
        store.close()
        plain.close()
    with tempfile.TemporaryDirectory() as directory, RedisCluster(Path(directory)) as cluster:
        hosts = ",".join(f"{host}:{port}" for host, port in cluster.sentinels)
        store = create_store(load_config({"REDIS_SENTINEL_HOSTS": hosts, "REDIS_SENTINEL_MASTER": cluster.master_name}))
        plain = redis.Sentinel(cluster.sentinels, decode_responses=True).master_for(cluster.master_name)
        compare("GET under Sentinel", lambda: store.redis.get("k"), lambda: plain.get("k"), rounds)
        compare("durable SET / plain SET", lambda: durable(store), lambda: plain.set("k", "v"), rounds)
        store.close()
        plain.close()
    reached = min(get, put) >= REACH
    print(f"\nGET and SET {'reach' if reached else 'MISS'} {REACH} of redis-py")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9))
