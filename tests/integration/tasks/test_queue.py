from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app.errors import InvalidTask, StoreError, UnknownTask
from app.store import keys
from app.tasks import Queue, Registry
from app.tasks.envelope import MAX_BYTES
from tests.integration.helpers import cut_off, metric, patiently, until

if TYPE_CHECKING:
    from app.local import RedisServer
    from app.store import Store


@pytest.fixture
def queue(store: Store) -> Queue:
    tasks = Registry()

    @tasks.task()
    def note(text: str, times: int = 1) -> str:
        return text * times

    return Queue(store, ttl=60, tasks=tasks)


def waiting(store: Store) -> int:
    return sum(store.redis.xlen(keys.task_stream(priority)) for priority in keys.PRIORITIES)


def test_a_task_taken_in_can_be_looked_up(queue: Queue) -> None:
    task_id = queue.enqueue("note", {"text": "Zoë 🏮"}, priority="low")
    info = queue.info(task_id)
    assert info is not None
    assert (info.id, info.name, info.status, info.attempts) == (task_id, "note", "queued", 0)
    assert (info.result, info.error) == (None, None)
    assert info.enqueued_at is not None
    assert abs(info.enqueued_at - time.time()) < 60


@pytest.mark.parametrize("unknown", ["", "never", "x" * 10_000, "🏮", "*"])
def test_nothing_is_known_about_a_task_that_never_was(queue: Queue, unknown: str) -> None:
    assert queue.info(unknown) is None


def test_ids_are_made_up_when_not_given(queue: Queue, store: Store) -> None:
    assert len({queue.enqueue("note", {"text": "same"}) for _ in range(20)}) == 20
    assert waiting(store) == 20


def test_the_same_id_is_taken_in_once(queue: Queue, store: Store) -> None:
    before = metric("haven_task_enqueued_total", task="note", priority="normal")
    for text in ("first", "second"):
        assert queue.enqueue("note", {"text": text}, task_id="order:1 🏮") == "order:1 🏮"
    queue.enqueue("note", {"text": "third"}, task_id="order:1 🏮", priority="high")
    assert waiting(store) == 1
    found = queue.info("order:1 🏮")
    assert found is not None
    assert found.args == {"text": "first", "times": 1}
    assert metric("haven_task_enqueued_total", task="note", priority="normal") == before + 1


def test_an_id_is_known_wherever_its_task_is(queue: Queue, store: Store) -> None:
    queue.enqueue("note", {"text": "later"}, task_id="delayed", delay=60)
    queue.enqueue("note", {"text": "never"}, task_id="cancelled", delay=60)
    queue.cancel("cancelled")
    queue.enqueue("note", {"text": "now"}, task_id="queued")
    queue.enqueue("note", {"text": "never"}, task_id="taken back")
    queue.cancel("taken back")
    before = waiting(store)
    for task_id in ("delayed", "cancelled", "queued", "taken back"):
        queue.enqueue("note", {"text": "again"}, task_id=task_id)
        queue.enqueue("note", {"text": "again"}, task_id=task_id, delay=1)
    assert waiting(store) == before == 1
    assert store.redis.zcard(keys.TASK_DELAYED) == 1


def test_the_same_id_from_many_at_once_is_taken_in_once(queue: Queue, store: Store) -> None:
    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(lambda n: queue.enqueue("note", {"text": str(n)}, task_id=f"id-{n % 3}"), range(60)))
    assert ids == {"id-0", "id-1", "id-2"}
    assert waiting(store) == 3


@pytest.mark.parametrize(
    ("name", "args", "options", "error", "says"),
    [
        ("nothing", {}, {}, UnknownTask, "'nothing'.*note"),
        ("note", {}, {}, InvalidTask, "text: "),
        ("note", {"text": "a", "tims": 1}, {}, InvalidTask, "tims: "),
        ("note", {"text": object()}, {}, InvalidTask, "text: "),
        ("note", [("text", "a")], {}, InvalidTask, "note"),
        ("note", {"text": "x" * MAX_BYTES}, {}, InvalidTask, "bytes"),
        ("note", {"text": "🏮" * (MAX_BYTES // 4)}, {}, InvalidTask, "bytes"),
        ("note", {"text": "\udcff"}, {}, InvalidTask, "JSON"),
        ("note", {"text": "a"}, {"priority": "urgent"}, InvalidTask, "'urgent'.*high"),
        ("note", {"text": "a"}, {"task_id": "x" * 201}, InvalidTask, "task id"),
        ("note", {"text": "a"}, {"task_id": "two\nlines"}, InvalidTask, "task id"),
        ("note", {"text": "a"}, {"task_id": "\udcff"}, InvalidTask, "task id"),
    ],
)
def test_what_can_not_be_run_is_refused_and_leaves_nothing(
    queue: Queue, store: Store, name: str, args: Any, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        queue.enqueue(name, args, **options)
    assert store.redis.keys("*") == []


def test_a_task_waits_without_end_until_it_is_run(queue: Queue, store: Store) -> None:
    assert store.redis.ttl(keys.task(queue.enqueue("note", {"text": "a"}))) == -1


def test_an_enqueue_that_was_cut_off_is_one_task(queue: Queue, store: Store, server: RedisServer) -> None:
    queue.enqueue("note", {"text": "warm"})
    assert queue.info(cut_off(server, lambda: queue.enqueue("note", {"text": "a"})))
    assert waiting(store) == 2


def test_an_enqueue_waits_for_redis_within_its_deadline(queue: Queue, store: Store, server: RedisServer) -> None:
    queue.enqueue("note", {"text": "warm"})
    server.node.kill()
    with ThreadPoolExecutor(1) as pool:
        enqueueing = pool.submit(patiently, lambda: queue.enqueue("note", {"text": "a"}))
        time.sleep(0.3)
        server.node.restart()
        assert queue.info(enqueueing.result())
    assert waiting(store) == 2


def test_an_enqueue_without_redis_is_an_error_and_may_be_repeated(
    queue: Queue, store: Store, server: RedisServer
) -> None:
    server.node.kill()
    with pytest.raises(StoreError):
        queue.enqueue("note", {"text": "a"}, task_id="mine")
    server.node.restart()
    until(store.redis.ping)
    for _ in range(2):
        queue.enqueue("note", {"text": "a"}, task_id="mine")
    assert waiting(store) == 1


@pytest.mark.parametrize("text", ["[]", "1", '"text"', "no JSON", ""])
def test_what_is_no_envelope_can_be_looked_up(queue: Queue, store: Store, text: str) -> None:
    entry = store.redis.xadd(keys.task_stream("normal"), {"id": "odd", "task": text})
    store.redis.hset(keys.task("odd"), "place", "normal " + str(entry))
    info = queue.info("odd")
    assert info is not None
    assert (info.name, info.status, info.args) == ("?", "queued", None)
