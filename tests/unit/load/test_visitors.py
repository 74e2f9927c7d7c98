from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy import select

from app.db import Database
from app.db.migrate import migrate
from app.db.models import User
from app.db.passwords import verify_password
from app.errors import LoadError, NoPrimary
from app.example.journeys import PRODUCTS
from app.example.models import Product
from app.load.site import Site
from app.load.visitors import Visitors
from app.local.ports import free_ports
from tests.loopback import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.runtime import Runtime


class Sessions:
    away = False

    def create(self, user_id: int, *, device: str) -> str:
        if self.away:
            raise NoPrimary("nobody knows a primary")
        return f"{device} of {user_id}"


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    url = f"sqlite:///{tmp_path}/test.db"
    migrate(url)
    db = Database(url)
    with db.session() as session:
        session.add(User(name="Ada", email="ada@example.com", password_hash="x"))
        session.add(Product(name="Lantern", price_cents=1, stock=1))
    yield cast("Runtime", SimpleNamespace(db=db, sessions=Sessions()))
    db.close()


def there(runtime: Runtime) -> tuple[list[str], list[str]]:
    with runtime.db.session() as session:
        users, products = session.scalars(select(User.email)).all(), session.scalars(select(Product.name)).all()
        return sorted(users), sorted(products)


def nowhere() -> Site:
    return Site(f"http://127.0.0.1:{free_ports(1)[0]}")


ALONE = (["ada@example.com"], ["Lantern"])


def test_they_are_made_beside_those_that_are_there_under_names_of_their_own(runtime: Runtime) -> None:
    visitors = Visitors(runtime, "demo", 3)
    visitors.make()
    users, products = there(runtime)
    assert users == ["ada@example.com", *(f"demo-{number}@load.haven.invalid" for number in (1, 2, 3))]
    assert products == ["Lantern", *["Load demo"] * PRODUCTS]
    assert [user.session_id for user in visitors.users] == [f"haven-load of {user.user_id}" for user in visitors.users]
    with runtime.db.session() as session:
        row = session.get_one(User, visitors.users[1].user_id)
        assert row.email == visitors.users[1].email
        assert verify_password(row.password_hash, visitors.password)


def test_those_of_a_killed_run_are_used_again_with_a_new_password(runtime: Runtime) -> None:
    first, second = Visitors(runtime, "load", 2), Visitors(runtime, "load", 3)
    first.make()
    second.make()
    assert [user.user_id for user in second.users[:2]] == [user.user_id for user in first.users]
    assert set(second.things.products) == set(first.things.products)
    with runtime.db.session() as session:
        assert verify_password(session.get_one(User, second.users[0].user_id).password_hash, second.password)
    second.remove(nowhere())
    assert there(runtime) == ALONE


def test_loads_of_other_names_are_left_alone(runtime: Runtime) -> None:
    one, other = Visitors(runtime, "one", 2), Visitors(runtime, "other", 2)
    one.make()
    other.make()
    one.remove(nowhere())
    users, products = there(runtime)
    assert users == ["ada@example.com", "other-1@load.haven.invalid", "other-2@load.haven.invalid"]
    assert products.count("Load other") == PRODUCTS


def test_every_user_leaves_by_the_api_so_that_its_sessions_end(runtime: Runtime) -> None:
    left: dict[str, str] = {}
    lock = threading.Lock()

    class Api(BaseHTTPRequestHandler):
        def do_DELETE(self) -> None:
            with lock:
                left[self.path] = self.headers["X-Session-ID"]
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    visitors = Visitors(runtime, "load", 20)
    visitors.make()
    with served(Api) as url:
        visitors.remove(Site(url))
    assert left == {f"/api/users/{user.user_id}": user.session_id for user in visitors.users}


def test_without_redis_it_is_said_what_is_missing(runtime: Runtime) -> None:
    cast("Any", runtime.sessions).away = True
    with pytest.raises(LoadError, match="could not be made: nobody knows a primary; run it where"):
        Visitors(runtime, "load", 2).make()
