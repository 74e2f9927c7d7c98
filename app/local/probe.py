"""Asking Redis, the Sentinels and the queues."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

from redis import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from app.local.facts import Facts, QueueFacts, RedisFacts, SentinelFacts, written
from app.local.nodes import command
from app.local.target import Address, Target
from app.store import keys

_SETTINGS: Final = ("min-replicas-to-write", "appendonly", "save", "maxmemory", "maxmemory-policy")
_TIMINGS: Final = ("ping-period", "ask-period", "info-period", "publish-period")
_AT_ONCE: Final = 8


def gather(target: Target) -> Facts:
    """Ask everything at the same time; what does not answer within a second or so is marked by its error."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        sentinels = list(pool.map(lambda address: _sentinel(target, address), target.sentinels))
        nodes = list(dict.fromkeys([*target.nodes, *_named(target)]))
        answers = list(pool.map(lambda address: _redis(target, address), nodes))
    lags = {address: lag for _, seen in answers for address, lag in seen.items()}
    redis = [_with_lag(facts, lags) for facts, _ in answers]
    primary = next((address for address, facts in zip(nodes, redis, strict=True) if facts.role == "primary"), None)
    return Facts(redis, sentinels, _queues(target.redis(primary)) if primary else [])


def _named(target: Target) -> list[Address]:
    """Return the Redis servers that the first Sentinel to answer knows."""
    name = target.config.redis_sentinel_master or ""
    for address in target.sentinels:
        with target.sentinel(address) as client:
            try:
                primary = _fields(command(client, "SENTINEL", "MASTER", name))
                replicas = [_fields(each) for each in command(client, "SENTINEL", "REPLICAS", name)]
            except RedisError:
                continue
        return [(each["ip"], int(each["port"])) for each in (primary, *replicas)]
    return []


def _redis(target: Target, address: Address) -> tuple[RedisFacts, dict[str, tuple[int, int]]]:
    with target.redis(address) as client:
        try:
            info = client.info("server") | client.info("replication")
            seconds, micros = client.time()
            skew = seconds + micros / 1e6 - time.time()
            settings = _settings(client)
        except RedisError as error:
            return RedisFacts(written(address), error=str(error) or type(error).__name__), {}
    primary = info["role"] == "master"
    facts = RedisFacts(
        written(address),
        role="primary" if primary else "replica",
        version=str(info["redis_version"]),
        linked=primary or info.get("master_link_status") == "up",
        settings=settings,
        clock_skew=skew,
    )
    replicas = [value for key, value in info.items() if key.startswith("slave") and isinstance(value, dict)]
    lags = {
        written((each["ip"], each["port"])): (max(0, info["master_repl_offset"] - each["offset"]), each["lag"])
        for each in replicas
    }
    return facts, lags


def _with_lag(facts: RedisFacts, lags: dict[str, tuple[int, int]]) -> RedisFacts:
    if facts.role != "replica" or facts.address not in lags:
        return facts
    size, seconds = lags[facts.address]
    return replace(facts, lag_bytes=size, lag_seconds=seconds)


def _settings(client: Redis) -> dict[str, str]:
    try:
        return {str(name): str(value) for name, value in client.config_get(*_SETTINGS).items()}
    except ResponseError:  # a managed Redis forbids it
        return {}


def _sentinel(target: Target, address: Address) -> SentinelFacts:
    with target.sentinel(address) as client:
        try:
            fields = _fields(command(client, "SENTINEL", "MASTER", target.config.redis_sentinel_master or ""))
            timings = _timings(client)
        except RedisError as error:
            return SentinelFacts(written(address), error=str(error) or type(error).__name__)
    return SentinelFacts(
        written(address),
        primary=written((fields["ip"], fields["port"])),
        flags=fields["flags"],
        quorum=int(fields["quorum"]),
        peers=int(fields["num-other-sentinels"]),
        settings={
            "down-after": int(fields["down-after-milliseconds"]),
            "failover-timeout": int(fields["failover-timeout"]),
            **(timings or {}),
        },
        hides_periods=timings is None,
    )


def _timings(client: Redis) -> dict[str, int] | None:
    """How often it asks, ms; nothing if it can't be set there; None if this user may not see it."""
    try:
        fields = _fields(command(client, "SENTINEL", "DEBUG"))
    except NoPermissionError:
        return None
    except ResponseError:
        return {}
    return {name: int(fields[name.upper()]) for name in _TIMINGS if name.upper() in fields}


def _queues(client: Redis) -> list[QueueFacts]:
    with client:
        try:
            waiting = [_stream(client, priority) for priority in keys.PRIORITIES]
            return [*waiting, QueueFacts("delayed", int(client.zcard(keys.TASK_DELAYED)), None)]
        except RedisError:
            return []


def _stream(client: Redis, priority: str) -> QueueFacts:
    key = keys.task_stream(priority)
    oldest = client.xrange(key, count=1)
    age = time.time() - int(str(oldest[0][0]).partition("-")[0]) / 1000 if oldest else None
    return QueueFacts(priority, int(client.xlen(key)), max(0.0, age) if age is not None else None)


def _fields(reply: Any) -> dict[str, str]:
    """Return a reply of names and values in turn as a dictionary of text."""
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {str(name): str(value) for name, value in pairs}
