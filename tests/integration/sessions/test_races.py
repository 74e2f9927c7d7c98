"""Requests at the same moment, by threads, in many rounds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app.sessions.ids import new_id
from tests.integration.sessions.together import at_once
from tests.integration.sessions.views import COOKIE, bare, cookie_of, sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from app.sessions import Sessions
    from app.store import Store

ADA = 1
ROUNDS = 60


@pytest.fixture
def change(sessions: Sessions) -> Callable[..., Callable[[], bool]]:
    """Makes a change of a session of Ada's that was read before."""

    def make(session_id: str, name: str = "x", **more: str) -> Callable[[], bool]:
        return partial(sessions.save, session_id, {f"d:{name}": "1"}, user_id=ADA, exists=True, **more)  # type: ignore[arg-type]

    return make


def test_no_session_from_before_outlives_a_log_out_everywhere(
    sessions: Sessions, store: Store, change: Callable[..., Callable[[], bool]]
) -> None:
    """Whatever is done with it at that moment: changed, read, renewed."""
    survivors = 0
    for _ in range(ROUNDS):
        ids = [sessions.create(ADA) for _ in range(4)]
        fresh = new_id()
        at_once(
            change(ids[0]),
            partial(sessions.load, ids[1]),
            change(fresh, former=ids[2]),
            change(ids[3]),
            partial(sessions.destroy_all, ADA),
        )
        survivors += sum(sessions.alive([*ids, fresh]))
        assert sessions.of_user(ADA) == []
    assert survivors == 0
    assert not [key for key in store.redis.keys("haven:session:*") if store.redis.hexists(key, "created")]


def test_the_one_that_asks_stays_and_all_others_go(
    sessions: Sessions, change: Callable[..., Callable[[], bool]]
) -> None:
    for _ in range(ROUNDS):
        mine, *others = [sessions.create(ADA) for _ in range(4)]
        at_once(
            change(mine), change(others[0]), partial(sessions.destroy_all, ADA, but=mine), partial(sessions.load, mine)
        )
        assert sessions.alive([mine, *others]) == [True, False, False, False]
        found = sessions.load(mine)
        assert found is not None
        assert found.fields == {"d:x": "1"}
        sessions.destroy(mine)


def test_an_ended_session_is_not_saved_back(
    sessions: Sessions, store: Store, change: Callable[..., Callable[[], bool]]
) -> None:
    for _ in range(ROUNDS):
        one = sessions.create(ADA)
        at_once(*[change(one, str(n)) for n in range(3)], partial(sessions.destroy, one))
        assert sessions.alive([one]) == [False]
    assert not store.redis.keys("haven:session:*")


def test_requests_of_one_session_do_not_overwrite_each_other(web: Flask) -> None:
    browser = web.test_client()
    browser.post("/set", json={"start": 0})
    cookie = browser.get_cookie(COOKIE)
    assert cookie
    for turn in range(20):
        tabs = [partial(bare(browser).post, "/set", json={name: turn}, headers=sent(cookie.value)) for name in "abcdef"]
        at_once(*tabs)
        assert browser.get("/get").json == {"start": 0, **dict.fromkeys("abcdef", turn)}


def test_of_two_renewals_at_once_one_counts(web: Flask) -> None:
    def renew(browser: FlaskClient, cookie: str) -> str | None:
        return cookie_of(bare(browser).post("/renew", headers=sent(cookie)))

    for _ in range(ROUNDS // 2):
        browser = web.test_client()
        browser.post("/enter", json=ADA)
        cookie = browser.get_cookie(COOKIE)
        assert cookie
        (new,) = filter(None, at_once(*[partial(renew, browser, cookie.value)] * 2))
        assert bare(browser).get("/mine", headers=sent(str(new))).json == ADA
    assert web.extensions["haven"].sessions.destroy_all(ADA) == ROUNDS // 2


def test_log_ins_at_once_stay_within_the_number_of_sessions(sessions: Sessions) -> None:
    sessions.per_user = 5
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: sessions.create(ADA), range(100)))
    assert sum(sessions.alive(ids)) == len(sessions.of_user(ADA)) == 5
