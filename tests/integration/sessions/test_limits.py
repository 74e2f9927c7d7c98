"""How long a session lives, how often that is written down, and how many a user has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.sessions import Sessions
from app.sessions.ids import digest, new_id
from app.store import keys
from tests.integration.clocked import BEGIN, ClockedSessions
from tests.integration.helpers import metric

if TYPE_CHECKING:
    from app.store import Store

ADA = 1
HOUR, DAY = 3600.0, 86_400.0


def test_a_session_ends_at_its_greatest_age_however_much_it_is_used(store: Store) -> None:
    sessions = ClockedSessions(store, HOUR, max_age=DAY)
    session_id = sessions.create(ADA)
    over = metric("haven_session_events_total", event="over")
    for _ in range(47):
        sessions.passes(HOUR / 2)
        assert sessions.load(session_id)
        assert sessions.save(session_id, {"d:n": "1"}, user_id=ADA, exists=True)
    assert store.redis.pttl(keys.session(digest(session_id))) <= HOUR / 2 * 1000, "Redis ends it in time by itself"
    assert sessions.alive([session_id]) == [True]
    sessions.passes(HOUR / 2)
    assert sessions.alive([session_id]) == [False]
    assert sessions.of_user(ADA) == []
    assert sessions.peek(session_id) is None
    assert sessions.load(session_id) is None
    assert metric("haven_session_events_total", event="over") == over + 1
    assert not store.redis.exists(keys.session(digest(session_id)))


def test_a_save_does_not_bring_back_what_is_too_old(store: Store) -> None:
    sessions = ClockedSessions(store, HOUR, max_age=DAY)
    session_id = sessions.create(ADA)
    sessions.passes(DAY)
    assert not sessions.save(session_id, {"d:n": "1"}, user_id=ADA, exists=True)
    assert not store.redis.keys("haven:session:*")


def test_a_new_id_makes_a_session_no_younger_and_a_log_in_does(store: Store) -> None:
    sessions = ClockedSessions(store, HOUR, max_age=DAY)
    first = new_id()
    sessions.save(first, {"d:cart": "[1]"})
    sessions.passes(HOUR)
    entered = new_id()
    assert sessions.save(entered, {}, user_id=ADA, former=first)
    sessions.passes(HOUR)
    renewed = sessions.renew(entered)
    assert renewed
    found = sessions.load(renewed)
    assert found is not None
    assert found.created == BEGIN / 1000 + HOUR
    assert found.seen == BEGIN / 1000 + 2 * HOUR


def test_a_use_is_noted_every_so_often_only(store: Store) -> None:
    sessions = ClockedSessions(store, HOUR)
    session_id = sessions.create(ADA)
    key = keys.session(digest(session_id))
    store.redis.pexpire(key, 1_000_000)
    sessions.passes(59)
    assert sessions.load(session_id)
    assert store.redis.pttl(key) <= 1_000_000
    sessions.passes(1)
    assert sessions.load(session_id)
    assert store.redis.pttl(key) > 3_500_000
    found = sessions.load(session_id)
    assert found is not None
    assert found.seen == BEGIN / 1000 + 60


def test_a_change_is_a_use_and_is_noted_as_seldom(store: Store) -> None:
    sessions = ClockedSessions(store, HOUR)
    session_id = sessions.create(ADA)
    key = keys.session(digest(session_id))
    store.redis.pexpire(key, 1_000_000)
    for seconds in (30, 29):
        sessions.passes(seconds)
        assert sessions.save(session_id, {"d:a": str(seconds)}, user_id=ADA, exists=True)
        assert store.redis.pttl(key) <= 1_000_000
    sessions.passes(1)
    assert sessions.save(session_id, {"d:b": "2"}, user_id=ADA, exists=True)
    assert store.redis.pttl(key) > 3_500_000
    found = sessions.load(session_id)
    assert found is not None
    assert (found.seen, found.fields) == (BEGIN / 1000 + 60, {"d:a": "29", "d:b": "2"})


def test_a_read_writes_nothing(store: Store) -> None:
    sessions = Sessions(store, HOUR)
    session_id = sessions.create(ADA)
    before = (
        store.redis.info("replication")["master_repl_offset"],
        store.redis.info("stats")["total_commands_processed"],
    )
    changes = store.redis.info("persistence")["rdb_changes_since_last_save"]
    for _ in range(20):
        assert sessions.load(session_id)
        assert sessions.peek(session_id)
        assert sessions.alive([session_id]) == [True]
    assert store.redis.info("persistence")["rdb_changes_since_last_save"] == changes
    assert store.redis.info("replication")["master_repl_offset"] == before[0]


def test_looking_from_outside_lets_nothing_live_longer(store: Store) -> None:
    sessions = ClockedSessions(store, HOUR)
    mine, gone, cookie = sessions.create(ADA), sessions.create(ADA), new_id("cookie")
    sessions.save(cookie, {"d:a": "1"})
    moved = sessions.create(ADA)
    sessions.renew(moved)
    sessions.destroy(gone)
    sessions.passes(HOUR)
    for key in store.redis.keys("haven:*"):
        store.redis.pexpire(key, 1_000_000)
    for _ in range(3):
        assert sessions.alive([mine, gone, "made-up", cookie, moved, mine]) == [True, False, False, True, False, True]
        found = sessions.peek(mine)
        assert found is not None
        assert found.seen == BEGIN / 1000
        assert sessions.peek(cookie)
        assert sessions.peek(gone) is None
        assert sessions.peek(moved) is None
        assert len(sessions.of_user(ADA)) == 2
    assert max(store.redis.pttl(key) for key in store.redis.keys("haven:*")) <= 1_000_000
    assert sessions.alive([]) == []
    assert sessions.alive([mine] * 2500) == [True] * 2500


@pytest.mark.parametrize("use", ["load", "save"])
def test_a_clock_that_jumps_back_ends_nobody_and_makes_nobody_immortal(store: Store, use: str) -> None:
    sessions = ClockedSessions(store, HOUR, max_age=DAY)
    session_id = sessions.create(ADA)
    sessions.passes(-10 * DAY)
    if use == "load":
        assert sessions.load(session_id)
    else:
        assert sessions.save(session_id, {"d:a": "1"}, user_id=ADA, exists=True)
    stored = store.redis.hmget(keys.session(digest(session_id)), "created", "seen")
    assert stored == [str(BEGIN - 10 * int(DAY) * 1000)] * 2
    assert sessions.alive([session_id]) == [True]
    found = sessions.load(session_id)
    assert found is not None
    assert found.created == found.seen == BEGIN / 1000 - 10 * DAY, "it counts from here"
    assert 0 < store.redis.pttl(keys.session(digest(session_id))) <= HOUR * 1000
    sessions.passes(DAY)
    assert sessions.load(session_id) is None


def test_a_clock_that_jumps_ahead_by_less_than_the_idle_time_ends_nobody_in_use(store: Store) -> None:
    sessions = ClockedSessions(store, HOUR, max_age=DAY)
    session_id = sessions.create(ADA)
    sessions.passes(0.9 * HOUR)
    assert sessions.load(session_id)
    sessions.passes(-0.9 * HOUR)
    assert sessions.load(session_id)
    assert store.redis.pttl(keys.session(digest(session_id))) > 0.9 * HOUR * 1000


def test_who_logs_in_is_in_although_the_clock_was_put_back(store: Store) -> None:
    sessions = ClockedSessions(store, DAY, per_user=2)
    before = [sessions.create(ADA) for _ in range(2)]
    sessions.passes(-10 * DAY)
    for _ in range(3):
        fresh = sessions.create(ADA)
        assert sessions.alive([fresh]) == [True]
        assert len(sessions.of_user(ADA)) == 2
    assert sum(sessions.alive(before)) <= 1


def test_a_user_has_so_many_sessions_and_those_unused_for_longest_go(store: Store) -> None:
    sessions = ClockedSessions(store, DAY, per_user=3)
    gone = metric("haven_session_events_total", event="crowded_out")
    ids = []
    for _ in range(3):
        ids.append(sessions.create(ADA))
        sessions.passes(61)
    assert sessions.load(ids[0])
    sessions.passes(61)
    ids.append(sessions.create(ADA))
    assert sessions.alive(ids) == [True, False, True, True]
    assert store.redis.zcard(keys.user_sessions(ADA)) == 3
    assert metric("haven_session_events_total", event="crowded_out") == gone + 1
    assert sessions.save(ids[0], {"d:n": "1"}, user_id=ADA, exists=True)
    assert sessions.renew(ids[0])
    assert len(sessions.of_user(ADA)) == 3, "neither a change nor a new id is a further session"
    assert sessions.create(2)
    assert len(sessions.of_user(ADA)) == 3
