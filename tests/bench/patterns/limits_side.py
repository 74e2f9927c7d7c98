"""One limiter in its own environment, which does as it is told: ``limits.py`` asks all of them in turn.

Usage: python -m tests.bench.patterns.limits_side MODULE URL KIND. It reads a line, ``WHAT NUMBER``, and prints the
seconds that so many took: of ``get`` (plain redis-py), ``hit``, or the views ``read`` (one GET), ``bare``, ``limited``.
``count`` prints round trips and commands of a limited view, ``size`` the bytes of so many hits.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import redis

if TYPE_CHECKING:
    from collections.abc import Callable


def seconds(call: Callable[[], Any], number: int) -> float:
    """For so many calls."""
    began = time.perf_counter()
    for _ in range(number):
        call()
    return time.perf_counter() - began


def count(client: redis.Redis, call: Callable[[], Any], number: int) -> tuple[float, float]:
    """Round trips and commands of a call, those in scripts included."""
    call()
    client.config_resetstat()
    for _ in range(number):
        call()
    stats: Any = client.info("commandstats")
    calls = {name: found["calls"] for name, found in stats.items() if "config" not in name}
    return calls["cmdstat_evalsha"] / number, sum(calls.values()) / number


def size(client: redis.Redis, hit: Callable[[], Any], number: int) -> int:
    """Bytes of the keys that so many hits leave."""
    client.flushdb()
    seconds(hit, number)
    return sum(client.memory_usage(key) or 0 for key in client.keys("*"))


def main() -> None:
    """Answer until there are no more lines."""
    side = importlib.import_module(sys.argv[1])
    url, kind = sys.argv[2:]
    client = redis.Redis.from_url(url)
    hit = side.hit(url, kind)
    app = side.application(url, kind)
    app.add_url_rule("/read", "read", lambda: str(client.get("absent")))
    web = app.test_client()
    answer = web.get("/limited")
    if answer.status_code != 200 or "X-RateLimit-Remaining" not in answer.headers:
        raise SystemExit(f"/limited was answered with {answer.status}, {dict(answer.headers)}")
    timed: dict[str, Callable[[], Any]] = {
        "get": lambda: client.get("absent"),
        "hit": hit,
        **{name: lambda path=f"/{name}": web.get(path) for name in ("bare", "limited", "read")},  # type: ignore[misc]
    }
    for line in sys.stdin:
        what, number = line.split()
        found: Any
        if what == "count":
            found = count(client, timed["limited"], int(number))
        elif what == "size":
            found = size(client, hit, int(number))
        else:
            found = seconds(timed[what], int(number))
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
