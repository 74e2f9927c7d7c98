from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.errors import SessionError, StoreError
from app.sessions import Sessions
from app.sessions.ids import digest, new_id
from app.sessions.records import MAX_BYTES, MAX_FIELDS
from app.store import keys
from tests.integration.helpers import cut_off, metric, until

if TYPE_CHECKING:
    from app.local import RedisServer
    from app.store import Store

ADA, GRACE = 1, 2


def test_a_created_session_can_be_loaded_with_what_was_said_about_it(sessions: Sessions) -> None:
    session_id = sessions.create(ADA, device="Zoë's 🏮", address="203.0.113.1")
    found = sessions.load(session_id)
    assert found is not None
    assert (found.id, found.user_id) == (session_id, ADA)
    assert (found.device, found.address) == ("Zoë's 🏮", "203.0.113.1")
    assert abs(found.created - time.time()) < 60
    assert session_id not in repr(found)


def test_what_a_client_says_of_itself_is_short_and_plain(sessions: Sessions) -> None:
    found = sessions.load(sessions.create(ADA, device="\udcffA\x00\r\nB" + "x" * 10_000, address="y" * 10_000))
    assert found is not None
    assert found.device.startswith("ABxx")
    assert (len(found.device) <= 200, len(found.address)) == (True, 64)


def test_ids_are_long_random_and_stored_as_digests_only(sessions: Sessions, store: Store) -> None:
    ids = {sessions.create(ADA) for _ in range(50)}
    assert len(ids) == 50
    assert min(map(len, ids)) >= 43
    stored = str([(key, _dump(store, str(key))) for key in store.redis.keys("*")])
    assert not [session_id for session_id in ids if session_id in stored]
    assert all(digest(session_id) in stored for session_id in ids)


def _dump(store: Store, key: str) -> object:
    match store.redis.type(key):
        case "hash":
            return store.redis.hgetall(key)
        case "zset":
            return store.redis.zrange(key, 0, -1)
        case _:
            return store.redis.get(key)


@pytest.mark.parametrize("odd", ["", "x", "x" * 129, "x" * 100_000, "é", "🏮", "\udcff", "\x00", "a b\nc", "*"])
def test_an_id_that_is_none_gives_nothing_and_does_no_harm(sessions: Sessions, odd: str) -> None:
    assert sessions.load(odd) is None


def test_use_lets_a_session_live_on_and_disuse_ends_it(store: Store) -> None:
    sessions = Sessions(store, ttl=0.8)
    used, unused = sessions.create(ADA), sessions.create(ADA)
    for _ in range(6):
        time.sleep(0.15)
        assert sessions.load(used)
    assert sessions.load(unused) is None
    time.sleep(0.9)
    assert sessions.load(used) is None
    until(lambda: not store.redis.keys("haven:session:*") and not store.redis.exists(keys.user_sessions(ADA)))


def test_destroying_ends_one_session_alone_and_again_does_no_harm(sessions: Sessions, store: Store) -> None:
    before = metric("haven_session_events_total", event="destroyed")
    first, second = sessions.create(ADA), sessions.create(ADA)
    for _ in range(2):
        sessions.destroy(first)
    sessions.destroy("never seen")
    assert sessions.load(first) is None
    assert sessions.load(second)
    assert store.redis.zrange(keys.user_sessions(ADA), 0, -1) == [digest(second)]
    assert metric("haven_session_events_total", event="destroyed") == before + 1


def test_logging_out_everywhere_ends_all_sessions_of_that_user_alone(sessions: Sessions) -> None:
    mine = [sessions.create(ADA) for _ in range(20)]
    other = sessions.create(GRACE)
    assert sessions.destroy_all(ADA) == 20
    assert sessions.destroy_all(ADA) == 0
    assert not any(map(sessions.load, mine))
    assert sessions.load(other)
    again = sessions.create(ADA)
    assert sessions.load(again), "whoever logs in afterwards is in"


def test_logging_out_everywhere_counts_the_living_only(store: Store) -> None:
    sessions = Sessions(store, ttl=0.2)
    sessions.create(ADA)
    time.sleep(0.3)
    living = sessions.create(ADA)
    assert sessions.destroy_all(ADA) == 1
    assert sessions.load(living) is None


def test_a_save_under_way_does_not_bring_back_a_session_that_was_ended(sessions: Sessions, store: Store) -> None:
    session_id = sessions.create(ADA)
    assert sessions.load(session_id)
    sessions.destroy_all(ADA)
    assert not sessions.save(session_id, {"d:cart": "[1]"}, user_id=ADA, exists=True)
    assert sessions.load(session_id) is None
    assert not store.redis.keys("haven:session:*")


def test_a_session_that_the_index_does_not_know_is_ended_by_its_epoch(sessions: Sessions, store: Store) -> None:
    saved, loaded = sessions.create(ADA), sessions.create(ADA)
    store.redis.delete(keys.user_sessions(ADA))
    sessions.destroy_all(ADA)
    assert not sessions.save(saved, {"d:cart": "[1]"}, user_id=ADA, exists=True)
    assert sessions.load(saved) is None
    assert sessions.load(loaded) is None
    assert not store.redis.keys("haven:session:*")


def test_a_session_lives_longer_than_the_memory_of_the_last_log_out_everywhere(store: Store) -> None:
    sessions = Sessions(store, ttl=0.8)
    sessions.destroy_all(ADA)
    session_id = sessions.create(ADA)
    for _ in range(12):  # longer than the epoch was given at first, which is twice the time to live
        time.sleep(0.15)
        assert sessions.load(session_id), "nobody logged this user out"


def test_log_outs_everywhere_and_log_ins_at_once_leave_no_session_from_before(sessions: Sessions) -> None:
    with ThreadPoolExecutor(8) as pool:
        before = list(pool.map(lambda _: sessions.create(ADA), range(20)))
        saving = [pool.submit(sessions.save, one, {"d:x": "1"}, user_id=ADA, exists=True) for one in before]
        ending = [pool.submit(sessions.destroy_all, ADA) for _ in range(3)]
        for save in saving:
            save.result()
        for end in ending:
            end.result()
        assert not any(map(sessions.load, before))


def test_a_session_that_changes_hands_leaves_its_former_owner(sessions: Sessions, store: Store) -> None:
    sessions.destroy_all(GRACE)  # so that their epochs differ
    session_id = sessions.create(ADA)
    assert sessions.save(session_id, {}, user_id=GRACE, exists=True)
    found = sessions.load(session_id)
    assert found is not None
    assert found.user_id == GRACE
    assert store.redis.zcard(keys.user_sessions(ADA)) == 0
    assert sessions.destroy_all(ADA) == 0
    assert sessions.load(session_id)
    assert sessions.destroy_all(GRACE) == 1
    assert sessions.load(session_id) is None


def test_a_session_that_nobody_owns_any_more_opens_no_door(sessions: Sessions) -> None:
    session_id = sessions.create(ADA)
    assert sessions.save(session_id, {"d:theme": '"dark"'}, user_id=None, exists=True)
    found = sessions.load(session_id)
    assert found is not None
    assert found.user_id is None
    assert sessions.destroy_all(ADA) == 0
    assert sessions.load(session_id)


def test_two_saves_of_different_fields_do_not_overwrite_each_other(sessions: Sessions) -> None:
    session_id = sessions.create(ADA)
    with ThreadPoolExecutor(8) as pool:
        saved = list(
            pool.map(lambda n: sessions.save(session_id, {f"d:{n}": str(n)}, user_id=ADA, exists=True), range(40))
        )
    assert all(saved)
    found = sessions.load(session_id)
    assert found is not None
    assert {name: value for name, value in found.fields.items() if name.startswith("d:")} == {
        f"d:{n}": str(n) for n in range(40)
    }


def test_removed_fields_are_gone_and_the_rest_stays(sessions: Sessions) -> None:
    session_id = new_id()
    sessions.save(session_id, {"d:a": "1", "d:b": "2"})
    sessions.save(session_id, {"d:c": "3"}, ["d:a", "d:never"], exists=True)
    found = sessions.load(session_id)
    assert found is not None
    assert {name for name in found.fields if name.startswith("d:")} == {"d:b", "d:c"}


def test_a_session_has_a_size(sessions: Sessions, store: Store) -> None:
    assert sessions.save(new_id(), {"d:note": "x" * (MAX_BYTES - 100)})
    for much in ("x" * MAX_BYTES, "é" * (MAX_BYTES // 2)):
        with pytest.raises(SessionError, match="'note'"):
            sessions.save(new_id(), {"d:note": much})
    with pytest.raises(SessionError, match=f"at most {MAX_FIELDS}"):
        sessions.save(new_id(), {f"d:{n}": "1" for n in range(MAX_FIELDS + 1)})
    assert len(store.redis.keys("haven:session:*")) == 1


def test_while_redis_is_away_nothing_is_called_kept_or_ended(sessions: Sessions, server: RedisServer) -> None:
    session_id = sessions.create(ADA)
    server.node.kill()
    for step in (
        lambda: sessions.create(ADA),
        lambda: sessions.load(session_id),
        lambda: sessions.destroy(session_id),
        lambda: sessions.destroy_all(ADA),
    ):
        with pytest.raises(StoreError):
            step()
    server.node.restart()
    until(lambda: sessions.load(session_id))


def test_a_creation_that_was_cut_off_is_repeated_and_is_one_session(sessions: Sessions, server: RedisServer) -> None:
    sessions.create(GRACE)
    assert sessions.load(cut_off(server, lambda: sessions.create(ADA)))
    assert sessions.destroy_all(ADA) == 1
