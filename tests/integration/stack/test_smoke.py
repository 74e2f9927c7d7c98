"""`haven smoke` against the whole stack, as `helm test` runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.db import Database
from app.db.models import User
from app.example.models import Message, Product

if TYPE_CHECKING:
    from tests.integration.stack.running import RunningStack

pytestmark = pytest.mark.stack


def rows(url: str) -> list[int]:
    db = Database(url)
    with db.session() as session:
        found = [session.scalar(select(func.count()).select_from(table)) or 0 for table in (Message, Product, User)]
    db.close()
    return found


def test_every_check_holds_and_nothing_is_left_behind(stack: RunningStack) -> None:
    stack.wait_healthy(60)
    url = f"sqlite:///{stack.data}/haven.db"
    before = rows(url)

    done = stack.haven("smoke", "--url", stack.url)

    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line[8:20].strip() for line in lines] == [
        "ready",
        "sign in",
        "cached read",
        "rate limit",
        "task",
        "event",
        "quorum",
        "failover",
    ]
    assert all(line.startswith("ok ") for line in lines)
    assert rows(url) == before
    again = stack.haven("smoke", "--url", stack.url)
    assert again.returncode == 0, again.stdout  # nor in the cache: rows may be numbered as before
