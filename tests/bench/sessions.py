"""``flask.session`` beside Flask-Session's: what a request pays that reads, or changes, its session.

Usage: python -m tests.bench.sessions [ROUNDS]. Both on one server in one run, in turn; without the rest of the request:
opening, reading the user or counting up, saving. Then what is in Redis, and what it was asked.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask_session
import redis
from flask import Flask, request

from app import create_app
from app.config import load_config
from app.local import RedisServer
from tests.bench.store import compare

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.sessions import Sessions

BALLAST = {f"key{number}": "x" * 100 for number in range(20)}


def cookie_of(app: Flask) -> str:
    """The cookie of a session with a user and some ballast."""
    with app.test_request_context():
        opened: Any = app.session_interface.open_session(app, request)
        opened.update(BALLAST)
        opened.update(user_id=7, count=0)
        answer = app.response_class()
        app.session_interface.save_session(app, opened, answer)
        return answer.headers["Set-Cookie"].partition(";")[0]


def visit(app: Flask, cookie: str, use: Callable[[Any], object]) -> None:
    """What a request does with its session."""
    with app.test_request_context(headers={"Cookie": cookie}):
        opened: Any = app.session_interface.open_session(app, request)
        use(opened)
        app.session_interface.save_session(app, opened, app.response_class())


def read(session: Any) -> object:
    """As a view that asks who it is."""
    return session["user_id"]


def count(session: Any) -> object:
    """As a view that changes one value."""
    session["count"] += 1
    return None


def asked(client: Any, what: Callable[[], object], times: int = 100) -> str:
    """Commands and changes of one call."""
    client.config_resetstat()
    before = client.info("persistence")["rdb_changes_since_last_save"]
    for _ in range(times):
        what()
    changes = client.info("persistence")["rdb_changes_since_last_save"] - before
    stats = client.info("commandstats")
    own = {"cmdstat_config|resetstat", "cmdstat_info"}
    calls = sum(found["calls"] for name, found in stats.items() if name not in own)
    return f"{calls / times:.2f} commands, {changes / times:.2f} changes"


def main(rounds: int) -> None:
    """Run everything."""
    warnings.simplefilter("ignore")
    print(f"{rounds} rounds, one at a time; ratio: Haven / Flask-Session, median (range)\n")
    with tempfile.TemporaryDirectory() as directory, RedisServer(Path(directory)) as server:
        ours = create_app(load_config({"REDIS_PORT": str(server.port)}))
        plain = redis.Redis(port=server.port)
        theirs = Flask("theirs")
        theirs.config.update(SECRET_KEY="x", SESSION_TYPE="redis", SESSION_REDIS=plain)
        flask_session.Session(theirs)
        mine, other = cookie_of(ours), cookie_of(theirs)
        for name, use in (("reads its session", read), ("changes a value", count)):
            here, there = partial(visit, ours, mine, use), partial(visit, theirs, other, use)
            compare(name, here, there, rounds)
            print(f"    Haven: {asked(plain, here)}; Flask-Session: {asked(plain, there)}")
        sessions: Sessions = ours.extensions["haven"].sessions
        one = sessions.create(1)
        compare("load / GET of a small value", partial(sessions.load, one), partial(plain.get, "none"), rounds)
        ids = [sessions.create(user) for user in range(1000)]
        compare("alive() of 1000 / one GET", partial(sessions.alive, ids), partial(plain.get, "none"), 3)
        ours.extensions["haven"].close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
