"""What a worker was handed must be on two nodes before it runs: else a failover would hand it to another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from app.errors import NotConfirmed, StoreUnavailable
from app.store import deadline
from app.tasks.worker import inbox
from tests.integration.helpers import until
from tests.integration.tasks.bench import Bench
from tests.integration.tasks.queueing import ALL, done, end

UNCONFIRMED = (NotConfirmed, StoreUnavailable)  # the latter once the primary itself refuses to write alone

if TYPE_CHECKING:
    from app.local import RedisCluster
    from app.store import Store


@pytest.mark.parametrize("guess", ["durable", "quick"])
def test_a_task_runs_only_when_a_replica_knows_who_has_it(
    cluster: RedisCluster, cluster_store: Store, monkeypatch: pytest.MonkeyPatch, guess: str
) -> None:
    monkeypatch.setattr(inbox, "BLOCK_MS", 150)
    bench = Bench(cluster_store)
    ran: list[int] = []

    @bench.tasks.task()
    def note(n: int) -> None:
        ran.append(n)

    @bench.tasks.task(durable=False)
    def quick() -> None:
        """Makes the worker guess that the next is as quick."""

    with bench.worker():
        bench.ends(bench.queue.enqueue("note", {"n": 0}))
        if guess == "quick":
            bench.ends(bench.queue.enqueue("quick"))
        replicas = [node for node in cluster.nodes if node is not cluster.primary()]
        for node in replicas:
            node.freeze()
        try:
            waiting = [bench.queue.enqueue("note", {"n": n}, durable=False) for n in (1, 2, 3)]
            time.sleep(1.5)
            assert ran == [0]
        finally:
            for node in replicas:
                node.thaw()
        for task_id in waiting:
            bench.ends(task_id, timeout=20)
    assert sorted(ran) == [0, 1, 2, 3]


def test_so_is_what_it_finds_again_takes_over_or_ends(cluster: RedisCluster, cluster_store: Store) -> None:
    bench = Bench(cluster_store)

    @bench.tasks.task(durable=False)
    def note() -> None:
        """Nothing."""

    mine, dead = bench.deliveries(), bench.deliveries(lease=0.2)
    dead.join()
    for _ in range(4):
        bench.queue.enqueue("note")
    assert dead.turn((), ALL, 1)[1]
    ended, told = mine.turn((), ALL, 2)[1]
    time.sleep(0.3)
    primary = cluster.primary()
    replicas = [node for node in cluster.nodes if node is not primary]
    for node in replicas:
        node.freeze()
    try:
        with deadline(0.5):
            with pytest.raises(UNCONFIRMED):
                mine.turn((), ALL, 1)
            with pytest.raises(UNCONFIRMED):
                mine.own(ALL)
            with pytest.raises(UNCONFIRMED):
                end(mine, ended, "done")
            with pytest.raises(UNCONFIRMED):
                done(mine, told)
            with pytest.raises(UNCONFIRMED):
                bench.deliveries(lease=0.2).sweep(1)
    finally:
        for node in replicas:
            node.thaw()
    until(lambda: mine.own(ALL))
