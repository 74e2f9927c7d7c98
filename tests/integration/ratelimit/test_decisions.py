from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app.config import load_config
from app.errors import StoreFull, StoreUnavailable
from app.ratelimit import Limit, Limiter
from app.ratelimit.limiter import Rule
from app.store import create_store
from tests.integration.helpers import cut_off, until

if TYPE_CHECKING:
    from app.local import RedisServer
    from app.store import Store
    from tests.integration.clocked import ClockedLimiter

KINDS = {"counter": Limit(20, 60), "log": Limit(20, 60, exact=True), "bucket": Limit(20, 60, burst=20)}
EACH = pytest.mark.parametrize("limit", KINDS.values(), ids=KINDS)


@EACH
def test_exactly_the_limit_passes_however_many_ask_at_once(limiter: Limiter, limit: Limit) -> None:
    # a bucket gains a place every three seconds, which this may take on a busy machine
    slow = Limit(20, 86_400, exact=limit.exact, burst=limit.burst)
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda _: limiter.hit("view", "ada", slow), range(150)))
    allowed = [decision for decision in found if decision.allowed]
    assert sorted(decision.remaining for decision in allowed) == list(range(20))
    assert {decision.remaining for decision in found if not decision.allowed} == {0}


def _hits(port: int, number: int, results: Any) -> None:
    store = create_store(load_config({"REDIS_PORT": str(port)}))
    limits = [Limit(each.limit, 86_400, each.exact, each.burst, name=kind) for kind, each in KINDS.items()]
    results.put(sum(Limiter(store).hit("view", "ada", *limits).allowed for _ in range(number)))
    store.close()


def test_exactly_the_limit_passes_over_processes_too(server: RedisServer) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    started = [context.Process(target=_hits, args=(server.port, 15, results)) for _ in range(4)]
    for process in started:
        process.start()
    assert sum(results.get(timeout=60) for _ in started) == 20
    for process in started:
        process.join()


def test_scopes_and_people_do_not_share_a_limit(limiter: Limiter) -> None:
    for scope in ("one", "two"):
        for who in ("ada", "grace", "", "🏮", "\ud800", "2001:db8::1", "x" * 10_000, b"ada", b"\xff", 7):
            assert [limiter.hit(scope, who, "1/minute").allowed for _ in range(2)] == [True, False]


def test_a_request_counts_in_all_limits_or_in_none(clocked: ClockedLimiter) -> None:
    limits = ("3/minute", "5/hour exact", "100/day burst 4")
    assert [clocked.hit("view", "ada", *limits).allowed for _ in range(4)] == [True, True, True, False]
    left = [state.remaining for state in clocked.peek("view", "ada", *limits).states]
    assert left == [0, 2, 1], "the fourth is not counted in those that had room"
    clocked.passes(60)
    assert [clocked.hit("view", "ada", *limits).allowed for _ in range(2)] == [True, False]
    rejected = clocked.hit("view", "ada", *limits)
    assert rejected.violated == ["day"]
    assert (rejected.limit, rejected.remaining, rejected.reset) == (4, 0, 804)


def test_a_request_may_cost_more_or_nothing(clocked: ClockedLimiter) -> None:
    for limit in KINDS.values():
        assert clocked.hit("view", "ada", limit, cost=15).remaining == 5
        rejected = clocked.hit("view", "ada", limit, cost=6)
        assert (rejected.allowed, rejected.remaining) == (False, 5), "it is not counted in part"
        assert clocked.hit("view", "ada", limit, cost=5).allowed
        assert clocked.hit("view", "ada", limit, cost=0).allowed
        assert not clocked.hit("view", "ada", limit, cost=21).allowed
    for cost in (-1, 1_000_001):
        with pytest.raises(ValueError, match="cost="):
            clocked.hit("view", "ada", "1/minute", cost=cost)


@EACH
def test_rejected_requests_do_not_count_unless_told_so(clocked: ClockedLimiter, limit: Limit) -> None:
    clocked.hit("view", "ada", limit, cost=20)
    for _ in range(59):
        clocked.passes(1)
        clocked.hit("view", "ada", limit, cost=20)
    clocked.passes(1)
    assert clocked.hit("view", "ada", limit, cost=20).allowed
    for _ in range(100):
        clocked.passes(1)
        assert not clocked.hit("view", "ada", limit, cost=20, count_rejected=True).allowed, "who goes on waits on"
    clocked.passes(60)
    assert clocked.hit("view", "ada", limit, cost=20, count_rejected=True).allowed


def test_a_limit_that_a_rejected_request_fills_up_is_not_the_one_that_rejects(clocked: ClockedLimiter) -> None:
    limits = ("1/minute", "2/hour exact", "2/day burst 2")
    assert clocked.hit("view", "ada", *limits, count_rejected=True).allowed
    rejected = clocked.hit("view", "ada", *limits, count_rejected=True)
    assert [state.remaining for state in rejected.states] == [0, 0, 0]
    assert rejected.violated == ["minute"]
    assert rejected.reset == 60


def test_the_clock_is_the_servers(limiter: Limiter, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter.hit("view", "ada", "1/minute exact")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert not limiter.hit("view", "ada", "1/minute exact").allowed
    assert limiter.hit("view", "ada", "1/minute exact").reset > 50


def test_places_become_free_in_real_time(limiter: Limiter) -> None:
    for limit in (Limit(2, 0.5), Limit(2, 0.5, exact=True), Limit(2, 0.5, burst=2)):
        assert [limiter.hit("view", "ada", limit).allowed for _ in range(3)] == [True, True, False]
        time.sleep(limiter.hit("view", "ada", limit).reset + 0.005)
        assert limiter.hit("view", "ada", limit).allowed


@EACH
def test_one_request_decided_twice_counts_once(store: Store, limit: Limit) -> None:
    def decide(request: int, act: str = "hit", cost: int = 5) -> list[int]:
        found: list[int] = store.run(
            "limit_decide", [rule.prefixes[0] + "ada"], (request, cost, act, *rule.arguments), repeatable=True
        )
        return found[:2]

    rule = Rule("view", (limit,))
    assert decide(11) == [1, 15]
    assert decide(11) == [1, 15]
    assert decide(12) == [1, 10]
    assert decide(13, cost=20) == [0, 10]
    assert decide(11) == [1, 10], "it was allowed, and stays so"
    store.redis.flushall()
    for request in range(1, 5):
        decide(request, cost=1)
    assert [decide(request, cost=1) for request in range(1, 5)] == [[1, 16]] * 4, "others came in between"


@EACH
def test_one_rejected_request_decided_twice_counts_once_where_such_count(store: Store, limit: Limit) -> None:
    rule = Rule("view", (limit, Limit(1, 60, name="other")))

    def decide(request: int) -> list[int]:
        names = [prefix + "ada" for prefix in rule.prefixes]
        found: list[int] = store.run("limit_decide", names, (request, 1, "strict", *rule.arguments), repeatable=True)
        return found[:2]

    assert [decide(request) for request in (1, 2, 2, 3, 2)] == [[1, 19], [0, 18], [0, 18], [0, 17], [0, 17]]


def test_of_very_many_at_once_a_repeated_one_counts_twice_at_worst(store: Store) -> None:
    rule = Rule("view", (Limit(100, 60),))

    def decide(request: int) -> int:
        reply: list[int] = store.run("limit_decide", ["haven:limit:x"], (request, 1, "hit", *rule.arguments))
        return reply[1]

    for request in range(1, 21):
        decide(request)
    assert decide(13) == 80, "one of the last eight"
    assert decide(1) == 79, "forgotten: the limit errs to its own side"


@EACH
def test_a_request_that_was_cut_off_is_repeated_and_counted_once(
    limiter: Limiter, server: RedisServer, limit: Limit
) -> None:
    slow = Limit(20, 86_400, exact=limit.exact, burst=limit.burst)
    assert limiter.hit("view", "ada", slow).remaining == 19
    assert cut_off(server, lambda: limiter.hit("view", "ada", slow)).remaining == 18
    assert limiter.hit("view", "ada", slow).remaining == 17


def test_what_somebody_used_can_be_looked_at_and_forgotten(limiter: Limiter) -> None:
    limits = ("1/minute", "5/hour exact", "10/day burst 3")
    assert limiter.peek("view", "ada", *limits).allowed
    assert limiter.reset("view", "ada", *limits) == 0, "to look leaves nothing behind"
    limiter.hit("view", "ada", *limits)
    for _ in range(3):
        seen = limiter.peek("view", "ada", *limits)
        assert (seen.allowed, [state.remaining for state in seen.states]) == (False, [0, 4, 2])
    limiter.hit("view", "grace", *limits)
    assert limiter.reset("view", "ada", *limits) == 3
    assert limiter.hit("view", "ada", *limits).allowed
    assert not limiter.hit("view", "grace", *limits).allowed


@EACH
def test_a_key_goes_away_when_it_says_nothing_any_more(limiter: Limiter, store: Store, limit: Limit) -> None:
    quick = Limit(2, 0.3, exact=limit.exact, burst=limit.burst and 2)
    for _ in range(20):
        limiter.hit("view", "ada", quick, count_rejected=True)
    (key,) = store.redis.keys("haven:limit:*")
    assert 0 < store.redis.pttl(key) <= 300
    until(lambda: not store.redis.exists(key), 2)


def test_a_limit_of_another_kind_under_the_same_name_starts_anew(limiter: Limiter) -> None:
    for limit in ("1/minute", "1/minute exact", "1/minute burst 1"):
        assert [limiter.hit("view", "ada", limit).allowed for _ in range(2)] == [True, False]


def test_a_limit_that_was_changed_goes_on_with_what_it_has(clocked: ClockedLimiter) -> None:
    for more in ("", " exact"):
        for _ in range(5):
            clocked.hit("view", "ada", f"5/minute{more}")
        assert not clocked.hit("view", "ada", f"3/minute{more}").allowed
        assert clocked.hit("view", "ada", f"9/minute{more}").remaining == 3
        clocked.passes(3600)


def test_a_full_redis_is_an_outage(limiter: Limiter, server: RedisServer) -> None:
    client = server.node.client
    limit = str(client.config_get("maxmemory")["maxmemory"])
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreFull):
            limiter.hit("view", "ada", "1/minute")
    finally:
        client.config_set("maxmemory", limit)


def test_a_limiter_that_can_not_decide_raises_an_error_of_the_store(limiter: Limiter, store: Store) -> None:
    limiter.hit("view", "ada", "1/minute")
    (key,) = store.redis.keys("haven:limit:*")
    store.redis.delete(key)
    store.redis.lpush(key, "no counter at all")
    with pytest.raises(StoreUnavailable, match="could not decide"):
        limiter.hit("view", "ada", "1/minute")


def test_a_scope_that_makes_no_key_is_refused(limiter: Limiter) -> None:
    for scope in ("", "a:b", "a b", "x" * 201):
        with pytest.raises(ValueError, match="scope="):
            limiter.hit(scope, "ada", "1/minute")
