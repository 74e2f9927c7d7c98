"""The doctor's judgement on Redis and the Sentinels, from the facts alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from app.local.binaries import OLDEST
from app.local.facts import Facts, RedisFacts, SentinelFacts

Level = Literal["ok", "warn", "fail"]
_LAG_SECONDS: Final = 2
_LAG_BYTES: Final = 1 << 20
_SKEW: Final = 1.0
_LEAST_PING: Final = 250
_LONG_INFO: Final = 5_000
_DOWN_AFTER: Final = (300, 5_000)
_LONG_FAILOVER: Final = 30_000
_LEAST_SENTINELS: Final = 3
_SET_DOWN_AFTER: Final = "SENTINEL SET <name> down-after-milliseconds 600"
_SET_PERIODS: Final = (
    "SENTINEL DEBUG ping-period 300 ask-period 100 info-period 500 publish-period 500, after every Sentinel start"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's: what was looked at, how it is, and what to do if that is not well."""

    name: str
    level: Level
    text: str
    remedy: str = ""


def judge(facts: Facts) -> list[Check]:
    """Return all checks of Redis and, if there are any, of the Sentinels."""
    alive = [node for node in facts.redis if not node.error]
    found = [*_reachable(facts), *_roles(facts)]
    for node in alive:
        found += [*_settings(node, facts), *_replica(node)]
    if facts.sentinels:
        found += _sentinels(facts, [each for each in facts.sentinels if not each.error])
    return found


def _reachable(facts: Facts) -> Iterator[Check]:
    for kind, group in (("redis", facts.redis), ("sentinel", facts.sentinels)):
        for each in group:
            name = f"{kind} {each.address}"
            if each.error:
                yield Check(
                    name,
                    "fail",
                    f"does not answer: {each.error}",
                    "start it (`haven up` on this machine), or correct its address or password",
                )
            else:
                yield Check(name, "ok", "answers")


def _roles(facts: Facts) -> Iterator[Check]:
    addresses = ", ".join(node.address for node in facts.primaries)
    if len(facts.primaries) == 1:
        yield Check("one primary", "ok", addresses)
    elif facts.primaries:
        yield Check("one primary", "fail", f"several: {addresses}", "REPLICAOF the ones that the Sentinels don't name")
    else:
        yield Check(
            "one primary", "fail", "none", "start the Redis servers; Sentinel promotes one if a majority of it runs"
        )


def _settings(node: RedisFacts, facts: Facts) -> Iterator[Check]:
    version = tuple(int(number) for number in node.version.split(".")[:2])
    wanted = ".".join(map(str, OLDEST))
    name = f"version {node.address}"
    if version >= OLDEST:
        yield Check(name, "ok", node.version)
    else:
        yield Check(name, "fail", node.version, f"upgrade Redis to {wanted} or newer")
    if abs(node.clock_skew) > _SKEW:
        yield Check(
            f"clock {node.address}",
            "warn",
            f"{node.clock_skew:+.1f} s against this machine",
            "run a time service (chrony) on both",
        )
    if not node.settings:
        # no fault: a managed Redis never shows them, and the chart's application may not read masterauth
        yield Check(f"settings {node.address}", "ok", "not checked: they are not shown to this user")
        return
    get = node.settings.get
    if len(facts.redis) > 1:
        yield _must(node, "min-replicas-to-write", get("min-replicas-to-write", "0") != "0", "1")
    persistent = get("appendonly") == "yes" or bool(get("save"))
    yield _must(node, "appendonly", persistent, "yes", level="fail")
    yield _must(node, "maxmemory-policy", get("maxmemory-policy") == "noeviction", "noeviction", level="fail")
    if get("maxmemory", "0") == "0":
        yield Check(
            f"maxmemory {node.address}",
            "warn",
            "unbounded: the kernel ends Redis when memory runs out",
            "CONFIG SET maxmemory to three quarters of its memory",
        )


def _must(node: RedisFacts, setting: str, right: bool, wanted: str, level: Level = "fail") -> Check:  # noqa: FBT001
    value = node.settings.get(setting, "unset")
    if right:
        return Check(f"{setting} {node.address}", "ok", value)
    return Check(
        f"{setting} {node.address}", level, value or "unset", f"CONFIG SET {setting} {wanted}, and in redis.conf"
    )


def _replica(node: RedisFacts) -> Iterator[Check]:
    if node.role != "replica":
        return
    name = f"replica {node.address}"
    lag = f"{node.lag_bytes} bytes, {node.lag_seconds} s behind"
    if not node.linked:
        yield Check(
            name, "fail", "no link to its primary", "see its log; the primary may be down or its password differ"
        )
    elif node.lag_bytes is None or node.lag_seconds is None:
        yield Check(
            name, "warn", "linked, but its primary does not list it", "see whether it follows the right primary"
        )
    elif node.lag_bytes > _LAG_BYTES or node.lag_seconds > _LAG_SECONDS:
        yield Check(name, "warn", lag, "look for a slow disk or network, or a write rate beyond them")
    else:
        yield Check(name, "ok", lag)


def _sentinels(facts: Facts, alive: list[SentinelFacts]) -> Iterator[Check]:
    names = sorted({each.primary for each in alive})
    primaries = [node.address for node in facts.primaries]
    if len(names) == 1 and names == primaries:
        yield Check("Sentinels agree", "ok", f"all {len(alive)} name {names[0]}")
    else:
        text = f"they name {', '.join(names) or 'nothing'}; primary is {', '.join(primaries) or 'none'}"
        yield Check("Sentinels agree", "fail", text, "wait 15 s for a failover to end; else SENTINEL RESET the odd one")
    yield from _quorum(facts, alive)
    for each in alive:
        yield from _timings(each)


def _quorum(facts: Facts, alive: list[SentinelFacts]) -> Iterator[Check]:
    total = max([len(facts.sentinels), *(each.peers + 1 for each in alive)])
    majority = total // 2 + 1
    quorum = max((each.quorum for each in alive), default=0)
    text = f"{len(alive)} of {total} run; {majority} elect, {quorum} declare down"
    if len(alive) < max(majority, quorum):
        yield Check("quorum", "fail", f"{text}: no failover is possible", "start the missing Sentinels")
    elif total < _LEAST_SENTINELS or total - 1 < quorum:
        yield Check("quorum", "fail", f"{text}: losing one ends failover", "run three Sentinels with quorum 2")
    elif len(alive) - 1 < max(majority, quorum):
        yield Check("quorum", "warn", f"{text}: losing one more ends failover", "start the missing Sentinels")
    elif len({each.quorum for each in alive}) > 1 or any(each.peers + 1 != total for each in alive):
        yield Check(
            "quorum", "warn", f"{text}, but they differ on it", "SENTINEL RESET on each, one after another, 30 s apart"
        )
    else:
        yield Check("quorum", "ok", text)


def _timings(sentinel: SentinelFacts) -> Iterator[Check]:
    name, known = f"timings {sentinel.address}", sentinel.settings
    down, failover = known["down-after"], known["failover-timeout"]
    ping, info = known.get("ping-period", 1_000), known.get("info-period", 10_000)
    ping = min(ping, down)  # Sentinel never waits longer than down-after
    periods = f"ping-period {ping}, info-period {info} ms"
    if sentinel.hides_periods:
        ping, info, periods = _LEAST_PING, _LONG_INFO, "its periods are not shown to this user"
    low, high = _DOWN_AFTER
    flaws: list[Check] = []
    if down < low:
        flaws.append(Check(name, "fail", f"down-after {down} ms: any pause looks like death", _SET_DOWN_AFTER))
    elif down > high:
        flaws.append(Check(name, "warn", f"down-after {down} ms: every outage lasts longer", _SET_DOWN_AFTER))
    if ping * 2 > down and not sentinel.hides_periods:
        text = f"ping-period {ping} ms is above half of down-after {down} ms: a new primary looks down"
        flaws.append(Check(name, "fail", text, _SET_PERIODS))
    if ping < _LEAST_PING:
        text = f"ping-period {ping} ms is below {_LEAST_PING}: no replica is good enough to promote"
        flaws.append(Check(name, "fail", text, _SET_PERIODS))
    if info > _LONG_INFO:
        text = f"info-period {info} ms: a primary that restarts as a replica is noticed late"
        flaws.append(Check(name, "warn", text, _SET_PERIODS))
    if failover > _LONG_FAILOVER:
        text = f"failover-timeout {failover} ms: a failed attempt blocks the next for twice that"
        flaws.append(Check(name, "warn", text, "SENTINEL SET <name> failover-timeout 5000"))
    yield from flaws
    if not flaws:
        yield Check(name, "ok", f"down-after {down}, failover-timeout {failover}, {periods}")
