from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app.store import Store, deadline, keys
from app.tasks import Queue, Registry
from app.tasks.operate.ledger import Ledger
from app.tasks.operate.letters import Filter
from tests.integration.helpers import until
from tests.integration.tasks.operate.operating import LONG, dead, in_streams, joined, kill
from tests.integration.tasks.queueing import take, take_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.local import RedisCluster
    from app.tasks.delivery import Deliveries


def letters(ledger: Ledger, **wanted: Any) -> list[str]:
    return [letter.row.id for letter in ledger.letters.find(Filter(**wanted))]


def entries(ledger: Ledger) -> list[str]:
    return [letter.entry for letter in ledger.letters.find()]


def test_a_dead_task_is_retried_by_its_id_even_when_only_its_letter_is_left(
    store: Store, queue: Queue, worker: Deliveries, ledger: Ledger
) -> None:
    with_record, without = dead(queue, worker, count=2)
    store.redis.delete(keys.task(without))
    found = ledger.find(without)
    assert found is not None
    assert (found.info.status, found.replayable) == ("dead", True)
    assert (ledger.retry(with_record), ledger.retry(without)) == ("waiting", "waiting")
    assert in_streams(store) == {with_record: 1, without: 1}
    assert letters(ledger) == []


def test_letters_are_found_by_id_function_error_queue_and_age(
    store: Store, queue: Queue, worker: Deliveries, ledger: Ledger
) -> None:
    (old,) = dead(queue, worker, "old", error="TimeoutError: mail.example.org")
    old_entry = entries(ledger)[0]
    (new,) = dead(queue, worker, "new")
    queue.enqueue("single", {"number": 1}, task_id="one", priority="low")
    kill(worker, take_one(worker), name="single")
    assert letters(ledger) == ["one", new, old]
    assert letters(ledger, ids=frozenset({old, "never"})) == [old]
    assert letters(ledger, name="note") == [new, old]
    assert letters(ledger, name="note", error="TIMEOUT") == [old]
    assert letters(ledger, queue="low") == ["one"]
    seconds, micros = store.redis.time()
    since = seconds + micros / 1e6 - int(old_entry.partition("-")[0]) / 1000
    assert letters(ledger, older=since + LONG) == []
    assert letters(ledger, younger=since + LONG) == ["one", new, old]
    store.redis.xadd(keys.TASK_DEAD, {"id": "future", "error": "x"}, id=f"{(seconds + 3600) * 1000}-0")
    assert letters(ledger) == ["one", new, old]  # it came after the question


def test_an_interrupted_replay_loses_and_doubles_nothing(
    store: Store, queue: Queue, worker: Deliveries, ledger: Ledger
) -> None:
    made = dead(queue, worker, count=250)
    found = entries(ledger)
    steps = ledger.letters.apply("replay", found)
    assert next(steps) == 100
    del steps
    assert len(letters(ledger)) == 150
    assert list(ledger.letters.apply("replay", found)) == [0, 100, 50]
    assert in_streams(store) == dict.fromkeys(made, 1)
    assert letters(ledger) == []
    assert {item.attempt for item in take(worker, 250)} == {1}


def test_what_dies_again_after_the_question_stays_dead(queue: Queue, worker: Deliveries, ledger: Ledger) -> None:
    (task_id,) = dead(queue, worker)
    found = entries(ledger)
    assert list(ledger.letters.apply("replay", found)) == [1]
    kill(worker, take_one(worker))
    assert list(ledger.letters.apply("replay", found)) == [0]
    assert letters(ledger) == [task_id]
    assert list(ledger.letters.apply("drop", entries(ledger))) == [1]
    assert ledger.find(task_id) is None


def test_a_replay_lasts_through_a_failover(cluster: RedisCluster, cluster_store: Store, tasks: Registry) -> None:
    queue, worker = Queue(cluster_store, ttl=60, tasks=tasks), joined(cluster_store, tasks)
    ledger = Ledger(cluster_store, ttl=60, lease=LONG)
    made = dead(queue, worker, count=400)
    steps = ledger.letters.apply("replay", entries(ledger))
    counts = [next(steps)]
    cluster.primary().kill()
    with deadline(LONG):
        counts += steps
        assert sum(counts) == 400
        assert in_streams(cluster_store) == dict.fromkeys(made, 1)
        assert letters(ledger) == []
        list(ledger.purge("normal"))


def test_letters_that_a_failover_brings_back_are_replayed_again(
    cluster: RedisCluster, cluster_store: Store, tasks: Registry
) -> None:
    queue, worker = Queue(cluster_store, ttl=60, tasks=tasks), joined(cluster_store, tasks)
    ledger = Ledger(cluster_store, ttl=60, lease=LONG)
    # more than a connection's buffers hold: what replicas do not read is lost with the primary
    made = queue.enqueue_many([("note", {"text": "x" * 200_000})] * 100)
    kill(worker, *take(worker, 100))
    primary = cluster.primary()
    replicas = [node for node in cluster.nodes if node is not primary]
    brought_back: list[int] = []
    look = ledger.letters._still_there

    def watched(batch: Sequence[str]) -> list[str]:
        found = look(batch)
        brought_back.append(len(found))
        return found

    def replay() -> list[int]:
        with deadline(LONG):
            return list(ledger.letters.apply("replay", entries(ledger)))

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as pool:
        patch.setattr(ledger.letters, "_still_there", watched)
        for node in replicas:
            node.freeze()
        under_way = pool.submit(replay)
        until(lambda: primary.client.xlen(keys.TASK_DEAD) == 0)
        primary.kill()
        for node in replicas:
            node.thaw()
        assert under_way.result() == [100]
    assert brought_back[0] > 0
    assert brought_back[-1] == 0
    assert in_streams(cluster_store) == dict.fromkeys(made, 1)
    assert letters(ledger) == []
