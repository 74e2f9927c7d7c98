from dataclasses import replace

import pytest

from app.local.checks import Check, judge
from app.local.facts import Facts, RedisFacts, SentinelFacts
from app.local.status import problems

SETTINGS = {
    "min-replicas-to-write": "1",
    "appendonly": "yes",
    "save": "",
    "maxmemory": "268435456",
    "maxmemory-policy": "noeviction",
}
TIMINGS = {"down-after": 600, "failover-timeout": 5000, "ping-period": 300, "info-period": 1000}
PRIMARY = RedisFacts("h:7001", role="primary", version="8.2.3", linked=True, settings=SETTINGS)
REPLICAS = [
    RedisFacts(f"h:{port}", "", "replica", "8.2.3", linked=True, lag_bytes=0, lag_seconds=0, settings=SETTINGS)
    for port in (7002, 7003)
]
SENTINELS = [SentinelFacts(f"h:{port}", "", "h:7001", "master", 2, 2, TIMINGS) for port in (7101, 7102, 7103)]
HEALTHY = Facts([PRIMARY, *REPLICAS], SENTINELS, [])


def bad(facts: Facts) -> dict[str, Check]:
    return {check.name: check for check in judge(facts) if check.level != "ok"}


def sentinels(**changes: object) -> Facts:
    return replace(HEALTHY, sentinels=[replace(each, **changes) for each in SENTINELS])  # type: ignore[arg-type]


def timings(**changes: int) -> Check:
    known = {name.replace("_", "-"): value for name, value in changes.items()}
    return bad(sentinels(settings=TIMINGS | known))["timings h:7101"]


def primary(**changes: object) -> Facts:
    return replace(HEALTHY, redis=[replace(PRIMARY, **changes), *REPLICAS])  # type: ignore[arg-type]


def test_nothing_is_wrong_with_a_healthy_cluster() -> None:
    assert bad(HEALTHY) == {}
    assert problems(HEALTHY) == []


def test_what_does_not_answer_fails() -> None:
    facts = primary(error="refused", role="")
    assert bad(facts)["redis h:7001"].level == "fail"
    assert bad(facts)["one primary"].text == "none"
    assert any("refused" in line for line in problems(facts))


def test_two_primaries_fail() -> None:
    facts = replace(HEALTHY, redis=[PRIMARY, replace(REPLICAS[0], role="primary"), REPLICAS[1]])
    assert bad(facts)["one primary"].text == "several: h:7001, h:7002"
    assert any("2 primaries" in line for line in problems(facts))


def test_sentinels_that_disagree_fail() -> None:
    facts = replace(HEALTHY, sentinels=[*SENTINELS[:2], replace(SENTINELS[2], primary="h:7002")])
    assert bad(facts)["Sentinels agree"].level == "fail"
    assert any("different primaries" in line for line in problems(facts))


def test_a_majority_is_wanted_and_its_loss_is_foreseen() -> None:
    dead = SentinelFacts("h:7102", "refused")
    assert bad(replace(HEALTHY, sentinels=[SENTINELS[0], dead, SENTINELS[2]]))["quorum"].level == "warn"
    assert bad(replace(HEALTHY, sentinels=[SENTINELS[0], dead, dead]))["quorum"].level == "fail"
    assert bad(sentinels(quorum=3))["quorum"].level == "fail"


@pytest.mark.parametrize(
    ("setting", "value"), [("min-replicas-to-write", "0"), ("appendonly", "no"), ("maxmemory-policy", "allkeys-lru")]
)
def test_an_unsafe_setting_fails(setting: str, value: str) -> None:
    found = bad(primary(settings=SETTINGS | {setting: value}))[f"{setting} h:7001"]
    assert found.level == "fail"
    assert f"CONFIG SET {setting}" in found.remedy


def test_snapshots_count_as_persistence() -> None:
    assert bad(primary(settings=SETTINGS | {"appendonly": "no", "save": "3600 1"})) == {}


def test_what_is_not_shown_to_this_user_is_no_fault() -> None:
    """Found on Kubernetes: asked as the application, all Sentinels seemed to have the periods of a plain one."""
    assert bad(primary(settings={})) == {}
    told = {"down-after": 600, "failover-timeout": 5000}
    assert bad(sentinels(settings=told, hides_periods=True)) == {}
    assert bad(sentinels(settings=told)), "one that has no such command has the periods of a plain one"


def test_an_old_version_fails_and_a_clock_apart_warns() -> None:
    assert bad(primary(version="7.0.15"))["version h:7001"].level == "fail"
    assert bad(primary(clock_skew=-3.0))["clock h:7001"].level == "warn"


def test_a_replica_that_lags_or_has_no_link_is_named() -> None:
    lags = replace(HEALTHY, redis=[PRIMARY, replace(REPLICAS[0], lag_bytes=5 << 20), REPLICAS[1]])
    assert bad(lags)["replica h:7002"].level == "warn"
    assert len(problems(lags)) == 1
    unlinked = replace(HEALTHY, redis=[PRIMARY, replace(REPLICAS[0], linked=False), REPLICAS[1]])
    assert bad(unlinked)["replica h:7002"].level == "fail"
    assert len(problems(unlinked)) == 1


def test_the_traps_of_sentinels_timings_are_named() -> None:
    assert "above half" in timings(ping_period=1000).text
    assert "no replica is good enough" in timings(ping_period=100).text
    assert timings(down_after=30_000, ping_period=1000).level == "warn"
    assert timings(failover_timeout=180_000).level == "warn"
    assert timings(info_period=10_000).level == "warn"


def test_a_single_redis_needs_no_sentinel_and_no_replica() -> None:
    alone = Facts([replace(PRIMARY, settings=SETTINGS | {"min-replicas-to-write": "0"})], [], [])
    assert bad(alone) == {}
