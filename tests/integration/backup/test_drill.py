"""The rehearsal of docs/backup.md: an application in use, a backup, another Redis, and an audit of what came over."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from app import create_app
from app.backup.make import make as take
from app.config import load_config
from app.events import Publisher
from app.store import create_store, keys
from app.tasks import Queue, Registry
from app.tasks.delivery import Deliveries
from tests.integration.backup.conftest import restore, settings, table
from tests.integration.helpers import until
from tests.integration.sessions.views import add_views, cookie_of, sent
from tests.integration.tasks.queueing import done, end, take_one
from tests.integration.tasks.queueing import take as take_tasks

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from app.config import Config
    from app.local import RedisCluster, RedisServer
    from app.store import Store


class Shop:
    """The application on one Redis; the key of its cookies is the same everywhere."""

    def __init__(self, config: Config) -> None:
        self.store: Store = create_store(config, role="test")
        self.app = create_app(config)
        add_views(self.app)
        self.tasks = Registry()

        @self.tasks.task()
        def note(text: str = "") -> str:
            return text

        self.queue = Queue(self.store, ttl=60, tasks=self.tasks)
        self.deliveries = Deliveries(self.store, lease=30, most_deliveries=3, ttl=60)

    def log_in(self, user: int) -> str:
        client: FlaskClient = self.app.test_client(use_cookies=False)
        cookie = cookie_of(client.post("/enter", json=user))
        assert cookie
        return cookie

    def who(self, cookie: str) -> int | None:
        answer = self.app.test_client(use_cookies=False).get("/mine", headers=sent(cookie))
        return int(answer.get_json()) if answer.status_code == 200 else None

    def close(self) -> None:
        self.app.extensions["haven"].close()
        self.store.close()


def test_every_session_every_task_and_every_end_comes_over(  # noqa: PLR0915 - one story
    cluster: RedisCluster, server: RedisServer, tmp_path: Path
) -> None:
    old = Shop(settings(cluster, "app"))
    old.deliveries.join()
    cookies = {old.log_in(user): user for user in range(20)}
    dead = old.queue.enqueue("note", {"text": "dead"})
    end(old.deliveries, take_one(old.deliveries), "dead")
    waiting = [old.queue.enqueue("note", {"text": str(each)}) for each in range(50)]
    delayed = [old.queue.enqueue("note", {"text": str(each)}, delay=3600) for each in range(10)]
    Publisher(old.store).to_user(1, "made", {"lamp": 1})
    stopped, later = threading.Event(), []

    def go_on() -> None:
        number = 0
        while not stopped.is_set():
            later.append((old.queue.enqueue("note", {"text": "later"}, task_id=f"later-{number}"), time.time()))
            number += 1

    busy = threading.Thread(target=go_on)
    busy.start()
    try:
        until(lambda: len(later) > 20)
        asked = time.time()
        path, manifest = take(settings(cluster, "replica"), tmp_path / "backups")
        ended = time.time()
        until(lambda: later[-1][1] > ended + 0.1)
    finally:
        stopped.set()
        busy.join()
    ends = {key: old.store.redis.pexpiretime(key) for key in old.store.redis.scan_iter(f"{keys.SESSION}*")}
    old.close()

    fresh = load_config({"REDIS_PORT": str(server.port)})
    new = Shop(fresh)
    new.deliveries.join()  # its workers are there, though they take nothing before the restore has ended
    outcome = restore(fresh, path)

    assert outcome.missing == 0
    assert {key: new.store.redis.pexpiretime(key) for key in ends} == ends
    assert {cookie: new.who(cookie) for cookie in cookies} == cookies
    assert manifest.groups is not None
    counted = table(outcome)
    assert counted["sessions"][2] == manifest.groups["sessions"] == 20
    assert counted["delayed tasks"][2] == 10
    assert counted["dead tasks"][2] == 1
    assert counted["events"][2] == manifest.groups["events"] > 0

    ran: list[str] = []
    while found := take_tasks(new.deliveries, 100):
        ran += [each.task_id for each in found]
        done(new.deliveries, *found)
    surely = {task for task, moment in later if moment < asked}
    never = {task for task, moment in later if moment > ended}
    assert len(ran) == len(set(ran)), "a task was run twice"
    assert set(waiting) | surely <= set(ran)
    assert not never & set(ran)
    assert set(ran) - set(waiting) <= {task for task, _ in later}
    for each in delayed:
        told = new.queue.info(each)
        assert told is not None
        assert told.status == "delayed"
    told = new.queue.info(dead)
    assert told is not None
    assert told.status == "dead"
    new.close()
