"""Every client hears every event once and in order, whatever happens to the primary."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from app.errors import StoreError
from app.events import Publisher
from app.events.reader import Reader
from app.sessions import Sessions
from app.store import deadline, keys
from tests.integration.events.serving import Background, Follower, by_sse, by_websocket, served
from tests.integration.helpers import PATIENCE, until

if TYPE_CHECKING:
    from pathlib import Path

    from app.events.log import Event
    from app.local import RedisCluster
    from app.store import Store

CLIENTS = 5
"""Of each kind."""
EVENTS = 10_000


def faults(cluster: RedisCluster) -> None:
    """The primary dies, freezes, hands over: each while events are published, and each mended before the next."""
    old = cluster.primary()
    old.kill()
    time.sleep(2)
    old.start()
    cluster.wait_healthy(60)
    old = cluster.primary()
    old.freeze()
    time.sleep(3)
    old.thaw()
    cluster.wait_healthy(60)
    old = cluster.primary()
    status, answer = cluster.guardian(1 + cluster.nodes.index(old)).hand_over()
    assert status == 200, answer
    cluster.wait_healthy(60)


def test_nothing_is_missed_doubled_or_out_of_order_through_kill_freeze_and_handover(
    cluster: RedisCluster, cluster_store: Store, tmp_path: Path
) -> None:
    hosts = ",".join(f"{host}:{port}" for host, port in cluster.sentinels)
    environment = {
        "HAVEN_ENV": "testing",
        "REDIS_SENTINEL_HOSTS": hosts,
        "REDIS_SENTINEL_MASTER": cluster.master_name,
        "DATABASE_URL": f"sqlite:///{tmp_path}/haven.db",
    }
    sessions, publisher = Sessions(cluster_store, 3600), Publisher(cluster_store)
    published: list[str] = []
    with ExitStack() as stack:
        server = stack.enter_context(served("realtime", environment))
        clients = [
            stack.enter_context(Follower(kind(server, sessions.create(7))))
            for kind in (by_sse, by_websocket)
            for _ in range(CLIENTS)
        ]
        until(lambda: all(client.last for client in clients))
        faulty = stack.enter_context(Background(lambda: faults(cluster)))
        number = 0
        while number < EVENTS or not faulty.done:
            with deadline(PATIENCE):
                published.append(publisher.broadcast("made", {"n": number}))
            number += 1
            time.sleep(0.002)
        until(lambda: all(len(client.heard) >= number for client in clients), 30)
    faulty.check()
    for client in clients:
        assert client.heard == list(range(number))
        assert client.told == [], "nothing was gone, and nobody was sent away"
    assert len(set(published)) == number
    assert number >= EVENTS


def test_what_no_replica_has_is_told_to_nobody(cluster: RedisCluster, cluster_store: Store) -> None:
    """Else it would be told twice: the failover loses it, and its publisher publishes it again under another id."""
    told: list[Event] = []
    reader = Reader(cluster_store, told.extend)
    reading = threading.Thread(target=reader.run)
    reading.start()
    until(lambda: reader.place is not None)
    old = cluster.primary()
    replicas = [node for node in cluster.nodes if node is not old]
    length = int(old.client.xlen(keys.event_log("all")))
    for node in replicas:
        node.freeze()

    names = [keys.event_log("all"), keys.event_log("broadcast"), keys.event_mark("patient")]
    args = ("broadcast", keys.channel("broadcast"), "made", '{"n":1}', 10_000, 200, 60_000)

    def publish() -> None:
        while True:  # as a publisher with a longer deadline does
            with suppress(StoreError):
                cluster_store.run("event_publish", names, args, repeatable=True, durable=True)
                return
            time.sleep(0.1)

    with Background(publish) as publishing:
        until(lambda: int(old.client.xlen(keys.event_log("all"))) == length + 1)
        time.sleep(0.3)  # for a reader that did not wait
        for node in (old, *replicas):  # thawed, the replicas would find it in their sockets
            node.kill()
        for node in replicas:
            node.start()
    publishing.check()
    until(lambda: told, 30)
    time.sleep(0.5)
    reader.stop()
    reading.join()
    assert [event.data for event in told] == [{"n": 1}]
