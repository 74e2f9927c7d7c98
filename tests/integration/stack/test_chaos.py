"""The main promise, on the whole stack: kill one primary, freeze another, and count what clients were told."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.stack.journeys import Client, Load

if TYPE_CHECKING:
    from tests.integration.stack.running import RunningStack

pytestmark = pytest.mark.stack

RATE = 20.0


def test_no_request_fails_that_could_wait_and_nothing_acknowledged_is_lost(stack: RunningStack) -> None:
    client = Client(stack.url)
    client.login()
    stack.wait_healthy(30)
    with Load(client, RATE) as book:
        time.sleep(3)
        killed = stack.primary_pid()
        os.kill(killed, signal.SIGKILL)
        time.sleep(8)
        stack.wait_healthy(30)
        frozen = stack.primary_pid()
        assert frozen != killed
        os.kill(frozen, signal.SIGSTOP)
        time.sleep(5)
        os.kill(frozen, signal.SIGCONT)
        time.sleep(8)
    log = stack.log.read_text()[-4000:]
    assert book.failures == [], log
    assert book.answered > 20 * RATE
    assert book.longest < 10

    # audited in places of their own: the task's file and record, the database, the product, the session
    end = time.monotonic() + 40
    waiting = list(book.tasks)
    while waiting and time.monotonic() < end:
        states = {task: client.call("GET", f"/api/tasks/{task}") for task in waiting}
        waiting = [task for task, (status, body) in states.items() if status != 200 or body["status"] != "done"]
    assert waiting == [], log
    assert len(book.tasks) > 2 * RATE
    pages = [client.call("GET", f"/api/messages?per_page=100&page={page}")[1]["items"] for page in range(1, 6)]
    kept = {message["id"] for items in pages for message in items}
    assert set(book.messages) - kept == set()
    status, product = client.call("GET", "/api/products/20")
    assert (status, product["version"]) == (200, max(book.versions))
    assert client.call("GET", "/api/protected")[0] == 200

    # every message told its receiver, once or more
    path = stack.data / "files" / "notifications" / "user-2.jsonl"
    told: set[int] = set()
    end = time.monotonic() + 20
    while set(book.messages) - told and time.monotonic() < end:
        told = {json.loads(line)["data"]["id"] for line in path.read_text().splitlines()}
        time.sleep(0.2)
    assert set(book.messages) - told == set()

    found = stack.wait_healthy(30)
    assert sorted(node["role"] for node in found["redis"]) == ["primary", "replica", "replica"]
    restarts = {part["name"]: part["restarts"] for part in found["stack"]["parts"]}
    assert {name: count for name, count in restarts.items() if count and not name.startswith("redis-")} == {}
