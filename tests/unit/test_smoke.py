"""What `haven smoke` says when something is wrong, against an API that can be broken check by check."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from sqlalchemy import func, select

from app.db import Database
from app.db.migrate import migrate
from app.db.models import User
from app.errors import SmokeError
from app.example.models import Product
from app.smoke import Smoke
from app.store.discovery import SentinelTopology
from app.store.sentinel import Replica, View
from app.store.topology import Address, Fixed
from tests.loopback import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

REDIS, SENTINEL = Address("redis", 6379), Address("sentinel", 26379)
ALONE = Fixed(REDIS)


class Api(BaseHTTPRequestHandler):
    """As much of the API as the checks see; `fault` names what does not work."""

    fault: ClassVar[str] = ""
    db: ClassVar[Database]
    cached: ClassVar[dict[str, str]] = {}
    left: ClassVar[int] = 30

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, body: Any, status: int = 200, **headers: str) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def user(self) -> int:
        with self.db.session() as session:
            return session.scalar(select(func.max(User.id))) or 0

    def product(self, path: str) -> str:
        with self.db.session() as session:
            fresh = session.get_one(Product, int(path.rpartition("/")[2])).name
        return fresh if self.fault == "no cache" else self.cached.setdefault(path, fresh)

    def do_GET(self) -> None:
        cls = type(self)
        if self.path == "/readyz":
            self.answer({}, 503 if self.fault == "not ready" else 200)
        elif self.path == "/api/protected":
            self.answer({"user_id": self.user() + (self.fault == "other user")})
        elif self.path.startswith("/api/products/"):
            self.answer({"name": self.product(self.path)})
        elif self.path.startswith("/api/search"):
            cls.left -= self.fault != "no count"
            self.answer({}, X_RateLimit_Remaining=str(cls.left))
        elif self.path.startswith("/api/tasks/"):
            dead = self.fault == "dead task"
            self.answer({"status": "dead" if dead else "done", "error": "boom" if dead else None})
        elif self.path == "/api/events":
            self.send_response(200)
            self.end_headers()
            if self.fault != "no event":
                self.wfile.write(b': still here\n\nevent: other\ndata: {"id": 7}\n\n')
                self.wfile.write(b'event: message.created\ndata: {"id": 7}\n\n')

    def do_POST(self) -> None:
        body = self.body()
        if self.path == "/api/login":
            self.answer({"session_id": "s"}, 401 if self.fault == "no login" else 200)
        elif self.path == "/api/reports":
            self.answer({"task_id": "t"}, 202)
        else:
            assert body["receiver_id"] == self.user()
            self.answer({"id": 7}, 201)

    def do_PUT(self) -> None:
        name = self.body()["name"]
        if self.fault != "stale":
            self.cached[self.path] = name
        self.answer({})

    def do_DELETE(self) -> None:
        with self.db.session() as session:
            session.delete(session.get_one(User, int(self.path.rpartition("/")[2])))
        self.answer({})


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/haven.db"
    migrate(url)
    made = Database(url)
    yield made
    made.close()


def serving(db: Database, fault: str) -> AbstractContextManager[str]:
    return served(type("Broken", (Api,), {"fault": fault, "db": db, "cached": {}, "left": 30}))


def count(db: Database) -> int:
    with db.session() as session:
        return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in (User, Product))


def test_when_everything_works_each_check_is_a_line_with_its_duration(db: Database) -> None:
    lines: list[str] = []
    with serving(db, "") as url:
        Smoke(db, ALONE, url, url, 0).run(lines.append)
    assert [line.split()[0] for line in lines] == ["ok"] * 6 + ["skipped"] * 2
    assert all(" 0." in line and " s  " in line for line in lines)
    assert count(db) == 0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("not ready", "ready: GET /readyz was answered with 503"),
        ("no login", "sign in: POST /api/login was answered with 401"),
        ("other user", "sign in: the session belongs to user 2, not to user 1"),
        ("no cache", "cached read: .* says 'second' instead of 'first': the cache is not used, or not emptied"),
        ("stale", "cached read: .* says 'first' instead of 'third'"),
        ("no count", "rate limit: X-RateLimit-Remaining went from 30 to 30: the limit is not counted"),
        ("dead task", "task: the task t is dead .boom.: see the workers' logs"),
        ("no event", "event: message 7 did not come down the event stream"),
    ],
)
def test_what_does_not_work_is_named_and_nothing_is_left_behind(db: Database, fault: str, message: str) -> None:
    lines: list[str] = []
    with serving(db, fault) as url, pytest.raises(SmokeError, match=message):
        Smoke(db, ALONE, url, url, 0).run(lines.append)
    assert [line.split()[0] for line in lines][-1] == "failed"
    assert count(db) == 0


def test_it_waits_for_an_installation_that_starts(db: Database) -> None:
    nobody = "http://127.0.0.1:1"
    started = time.monotonic()
    with pytest.raises(SmokeError, match=r"GET http://127.0.0.1:1/readyz was not answered: .*refused"):
        Smoke(db, ALONE, nobody, nobody, 0.5).run(lambda _: None)
    assert 0.5 <= time.monotonic() - started < 5


class Learning(SentinelTopology):
    """A Sentinel that knows no replica until it has been asked three times."""

    def __init__(self) -> None:
        super().__init__([SENTINEL], "haven", timeout=0.1, sentinel_options={}, node_options={}, tls=False)
        self.asked = 0
        self.sentinels.everyone = self.everyone  # type: ignore[method-assign]

    def everyone(self) -> dict[Address, View | str]:
        self.asked += 1
        return {SENTINEL: View(REDIS, 1, down=False, replicas=(Replica(REDIS),) if self.asked > 3 else ())}


def test_what_a_sentinel_finds_out_is_waited_for(db: Database) -> None:
    lines: list[str] = []
    with (
        serving(db, "") as url,
        pytest.raises(SmokeError, match=r"^failover: Sentinel .*promote \(none at all\)"),
    ):
        Smoke(db, Learning(), url, url, 0).run(lines.append)
    assert [line.split()[0] for line in lines] == ["ok"] * 7 + ["failed"]
    assert count(db) == 0
    lines.clear()
    with serving(db, "") as url:
        Smoke(db, Learning(), url, url, 30).run(lines.append)
    assert lines[-1].startswith("ok      failover")


def test_a_database_that_is_away_is_named(tmp_path: Path, db: Database) -> None:
    away = Database(f"sqlite:///{tmp_path}/nothing/here.db")
    with serving(db, "") as url, pytest.raises(SmokeError, match="ready: unable to open database file"):
        Smoke(away, ALONE, url, url, 0).run(lambda _: None)
    away.close()


def test_a_database_that_is_out_of_reach_at_first_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    migrate(f"sqlite:///{tmp_path}/away/haven.db")
    late = Database(f"sqlite:///{tmp_path}/here/haven.db")
    timer = threading.Timer(0.5, (tmp_path / "away").rename, (tmp_path / "here",))
    lines: list[str] = []
    with serving(late, "") as url:
        timer.start()
        Smoke(late, ALONE, url, url, 30).run(lines.append)
    assert [line.split()[0] for line in lines] == ["ok"] * 6 + ["skipped"] * 2
    late.close()


def test_an_address_that_is_not_of_the_web_is_refused(db: Database) -> None:
    with pytest.raises(SmokeError, match="give http://host:port"):
        Smoke(db, ALONE, "ftp://host", "http://host", 0)
