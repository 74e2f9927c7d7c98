"""The collector: one for all viewers of a process, bounded, on real Redis and Sentinels."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.exceptions import ServiceUnavailable

from app.ops.console import stream, watch
from app.ops.console.look import Picture, look
from app.ops.console.watch import Watch
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from app.local import RedisCluster, RedisServer
    from app.store import Store
    from tests.integration.console.browsing import Browser


def collectors() -> int:
    return sum(thread.name == "haven-console" for thread in threading.enumerate())


@pytest.fixture
def watched(cluster_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    monkeypatch.setattr(watch, "LINGER", 0.2)
    made = Watch(cluster_store, 4)
    made.enter()
    until(lambda: made.picture)
    yield made
    made.leave()
    until(lambda: not made.running)


def messages(response: Any) -> Iterator[dict[str, Any]]:
    for chunk in response.response:
        for line in chunk.decode().splitlines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def test_one_thread_looks_for_all_and_ends_after_the_last(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LINGER", 0.2)
    made = Watch(store, 2)
    assert collectors() == 0
    made.enter()
    made.enter()
    assert made.glance()
    assert collectors() == 1
    with pytest.raises(ServiceUnavailable, match=r"state\.json"):
        made.enter()
    made.leave()
    time.sleep(1.3)
    assert collectors() == 1
    made.leave()
    until(lambda: collectors() == 0, 3)
    assert made.glance()
    assert collectors() == 1
    until(lambda: collectors() == 0, 3)


def test_so_many_streams_and_the_next_may_ask(app: Flask, operator: Browser) -> None:
    most = app.extensions["haven.console"].most
    assert most == 4
    opened = [operator.client.get("/ops/stream") for _ in range(most)]
    assert [response.status_code for response in opened] == [200] * most
    assert opened[0].mimetype == "text/event-stream"
    assert operator.client.get("/ops/stream").status_code == 503
    asked = operator.client.get("/ops/state.json")
    assert asked.status_code == 200
    assert "is primary" in asked.get_json()["summary"]
    opened[0].close()
    again = operator.client.get("/ops/stream")
    assert again.status_code == 200
    for response in (*opened[1:], again):
        response.close()


def test_a_stream_tells_at_least_once_a_second_also_without_redis(operator: Browser, server: RedisServer) -> None:
    operator.get("/ops")
    with operator.client.get("/ops/stream") as response:
        told = messages(response)
        assert "is primary" in next(told)["summary"]
        server.node.kill()
        began = time.monotonic()
        while "No node is primary" not in next(told)["summary"]:
            assert time.monotonic() - began < 5
    with operator.client.get("/ops/stream") as response:
        assert "no answer" in next(messages(response))["topology"]


def test_the_first_that_is_told_is_a_picture_also_when_it_takes_a_while(
    app: Flask, operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(store: Store) -> Picture:
        time.sleep(0.5)
        return look(store)

    operator.get("/ops")
    until(lambda: not app.extensions["haven.console"].running)
    monkeypatch.setattr(watch, "look", slow)
    with operator.client.get("/ops/stream") as response:
        assert "is primary" in next(messages(response))["summary"]


@pytest.mark.parametrize("ended", ["session", "operator"])
def test_a_stream_ends_with_what_has_opened_it(
    app: Flask, operator: Browser, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    monkeypatch.setattr(stream, "CHECK_EVERY", 0.2)
    runtime = app.extensions["haven"]
    with operator.client.get("/ops/stream") as response:
        told = messages(response)
        next(told)
        if ended == "session":
            runtime.sessions.destroy_all(1)
        else:
            monkeypatch.setattr(stream, "is_operator", lambda _: False)
        began = time.monotonic()
        for _ in told:
            assert time.monotonic() - began < 5


def test_the_picture_shows_roles_links_lag_and_what_the_sentinels_name(watched: Watch, cluster: RedisCluster) -> None:
    until(lambda: watched.picture and sum(node.linked for node in watched.picture.nodes) == 3, 20)
    picture = watched.picture
    assert picture
    primary, *replicas = picture.nodes
    assert (primary.role, primary.named) == ("primary", 3)
    assert {node.follows for node in replicas} == {primary.address}
    assert all(node.behind is not None and node.acknowledged is not None for node in replicas)
    assert {sentinel.names for sentinel in picture.sentinels} == {primary.address}
    assert len(picture.sentinels) == len(cluster.sentinels)
    assert picture.summary.startswith(f"{primary.address} is primary; 2 of 2 replicas linked; 3 of 3 Sentinels name")


def test_a_failover_is_told_as_it_happens(watched: Watch, cluster: RedisCluster) -> None:
    until(lambda: watched.picture and [node.role for node in watched.picture.nodes] == ["primary", *2 * ["replica"]])
    before = cluster.primary()
    before.kill()
    until(lambda: any(moment.kind == "+switch-master" for moment in watched.line.since()), 30)
    switched = time.monotonic()
    until(lambda: watched.picture and [node.named for node in watched.picture.primaries] == [3])
    assert time.monotonic() - switched < 5
    assert watched.picture
    assert watched.picture.primaries[0].address != f"127.0.0.1:{before.port}"
    line = watched.line.since()
    kinds = [moment.kind for moment in line]
    for kind in ("+sdown", "+odown", "+try-failover", "+switch-master"):
        assert kind in kinds
    assert kinds.index("+sdown") < kinds.index("+try-failover") < kinds.index("+switch-master")
    assert [moment.at for moment in line] == sorted(moment.at for moment in line)
    seen = [moment.text for moment in line if moment.kind == "seen"]
    assert any("does not answer" in text for text in seen)
    assert any("a primary, and was a replica" in text for text in seen)


def test_frozen_nodes_and_sentinels_do_not_hold_up_the_look(cluster_store: Store, cluster: RedisCluster) -> None:
    look(cluster_store)
    frozen = next(node for node in cluster.nodes if node is not cluster.primary())
    frozen.freeze()
    try:
        began = time.monotonic()
        picture = look(cluster_store)
        assert time.monotonic() - began < 1.5
        (node,) = [node for node in picture.nodes if node.address.endswith(f":{frozen.port}")]
        assert node.trouble
    finally:
        frozen.thaw()


def test_when_all_redis_are_dead_the_sentinels_are_still_shown(watched: Watch, cluster: RedisCluster) -> None:
    for node in cluster.nodes:
        node.freeze()
    try:
        until(lambda: watched.picture and not watched.picture.primaries, 10)
        assert watched.picture
        assert len(watched.picture.nodes) == 3
        assert all(sentinel.names for sentinel in watched.picture.sentinels)
        assert "No node is primary" in watched.picture.summary
    finally:
        for node in cluster.nodes:
            node.thaw()
