from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.exceptions import ResponseError, WatchError

from app.config import load_config
from app.errors import (
    BlockTooLong,
    CircuitOpen,
    NotConfirmed,
    OutcomeUnknown,
    PoolExhausted,
    ScriptMissing,
    StoreUnavailable,
)
from app.local import RedisServer
from app.store import Store, create_store, deadline
from app.store.commands import WRITES

if TYPE_CHECKING:
    from pathlib import Path


def test_the_settings_reach_the_live_connection(server: RedisServer) -> None:
    config = load_config(
        {
            "REDIS_PORT": str(server.port),
            "REDIS_DB": "3",
            "REDIS_POOL_SIZE": "7",
            "REDIS_SOCKET_TIMEOUT": "0.7",
            "REDIS_CONNECT_TIMEOUT": "0.2",
            "REDIS_POOL_WAIT": "0.4",
            "HAVEN_DEADLINE": "3",
        }
    )
    store = create_store(config, role="tester")
    for client in (store.redis, store.blocking):
        pool: Any = client.connection_pool
        connection = pool.get_connection(1.0)
        assert connection._sock.gettimeout() == 0.7
        assert connection.socket_connect_timeout == 0.2
        assert connection.retry.get_retries() == 0
        assert (pool.max_connections, pool.wait, client.policy.seconds) == (7, 0.4, 3.0)
        connection.send_command("CLIENT", "INFO")
        info = dict(part.split("=", 1) for part in connection.read_response().split())
        assert (info["db"], info["name"].partition("@")[0], info["resp"]) == ("3", "haven-tester", "3")
        pool.release(connection)
    store.close()


def test_a_reply_that_does_not_come_fails_at_the_deadline(store: Store) -> None:
    threading.Thread(
        target=store.blocking.call, args=(("CLIENT PAUSE", 1500, "ALL"),), kwargs={"repeatable": True}
    ).start()
    time.sleep(0.1)
    started = time.monotonic()
    with deadline(0.7), pytest.raises(StoreUnavailable, match="GET found no primary"):
        store.redis.get("a")
    assert 0.4 < time.monotonic() - started < 1.4
    assert store.redis.get("a") is None  # the pause is over within the default deadline


def test_a_command_that_may_not_be_repeated_says_so_and_is_applied_once(store: Store) -> None:
    store.blocking.call(("CLIENT PAUSE", 900, "WRITE"), repeatable=True)
    with pytest.raises(OutcomeUnknown, match="INCR"):
        store.redis.incr("counter")
    time.sleep(1.0)
    assert store.redis.get("counter") in {"1", None}


def test_a_repeatable_command_is_repeated_until_it_is_answered(store: Store) -> None:
    store.blocking.call(("CLIENT PAUSE", 900, "WRITE"), repeatable=True)
    assert store.redis.set("a", "1")
    assert store.redis.get("a") == "1"


def test_a_blocking_command_waits_as_long_as_it_says_and_no_longer(store: Store) -> None:
    started = time.monotonic()
    assert store.blocking.blpop(["nothing"], timeout=1) is None  # twice the socket timeout
    assert 0.9 < time.monotonic() - started < 2.0
    with pytest.raises(BlockTooLong, match=r"store\.blocking"):
        store.redis.blpop(["nothing"], timeout=1)
    with pytest.raises(BlockTooLong, match="inf"):
        store.blocking.blpop(["nothing"], timeout=0)


def test_the_pool_is_bounded_and_waits(server: RedisServer) -> None:
    store = create_store(
        load_config({"REDIS_PORT": str(server.port), "REDIS_POOL_SIZE": "2", "REDIS_POOL_WAIT": "0.3"})
    )
    pool: Any = store.redis.connection_pool
    held = [pool.get_connection(1.0), pool.get_connection(1.0)]
    with deadline(0.2), pytest.raises(PoolExhausted, match="REDIS_POOL_SIZE"):
        store.redis.get("a")
    threading.Timer(0.2, pool.release, (held.pop(),)).start()
    assert store.redis.get("a") is None
    assert len(held) == 1
    pool.release(held[0])
    store.close()


def test_an_error_reply_is_the_callers_and_the_connection_stays(store: Store) -> None:
    store.redis.set("a", "text")
    before = store.redis.info("stats")["total_connections_received"]
    for _ in range(5):
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            store.redis.lpush("a", "1")
    assert store.redis.info("stats")["total_connections_received"] == before


def test_a_connection_that_the_server_closed_is_noticed_before_it_is_used(store: Store) -> None:
    assert store.redis.incr("a") == 1
    other = redis.Redis(port=store.topology.primary().port)
    other.client_kill_filter(_type="normal", skipme=True)
    assert store.redis.incr("a") == 2
    other.close()


def test_pipelines_transactions_and_watch_work_as_in_redis_py(store: Store) -> None:
    pipe: Any
    with store.redis.pipeline() as pipe:
        pipe.set("a", 1)
        pipe.incr("a")
        assert pipe.execute() == [True, 2]
    with store.redis.pipeline(transaction=False) as pipe:
        pipe.lpush("a", 1)
        pipe.get("a")
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            pipe.execute()
    with store.redis.pipeline() as pipe:
        pipe.watch("a")
        store.redis.set("a", 5)
        pipe.multi()
        pipe.incr("a")
        with pytest.raises(WatchError):
            pipe.execute()
    pool: Any = store.redis.connection_pool
    assert len(pool._busy) == 0
    assert len(pool._idle) <= 2


def test_libraries_can_use_it_as_an_ordinary_client(store: Store) -> None:
    client: Any = store.redis
    assert isinstance(client, redis.Redis)
    with client.lock("lock", timeout=5):
        assert client.exists("lock")
    assert client.register_script("return ARGV[1]")(args=["x"]) == "x"

    def change(pipe: Any) -> None:
        pipe.multi()
        pipe.set("b", 1)

    assert client.transaction(change, "b") == [True]
    with client.client() as single:
        assert single.ping()
    pubsub = client.pubsub()
    pubsub.subscribe("c")
    assert pubsub.get_message(timeout=1)["type"] == "subscribe"
    client.publish("c", "m")
    assert pubsub.get_message(timeout=1)["data"] == "m"
    pubsub.close()
    assert sorted(key for key in client.scan_iter("*")) == ["b"]


def test_scripts_survive_a_flush_and_unknown_ones_are_named(store: Store) -> None:
    args = ("normal", 10, "id", "{}", "")
    assert store.run("task_enqueue", (), args, repeatable=True) == [1]
    store.redis.script_flush()
    assert store.run("task_enqueue", (), args, repeatable=True) == [0]
    with pytest.raises(ScriptMissing, match=r"app/store/scripts/nothing\.lua"):
        store.run("nothing")


@pytest.mark.parametrize("way", ["script", "pipeline"])
def test_what_a_former_primary_did_not_have_to_write_is_not_confirmed_by_it(tmp_path: Path, way: str) -> None:
    with RedisServer(tmp_path) as server:
        where = {"REDIS_PORT": str(server.port), "HAVEN_DURABLE_REPLICAS": "1", "HAVEN_DEADLINE": "1"}
        store = create_store(load_config(where))

        def look(*, repeatable: bool) -> None:
            if way == "script":
                store.run("task_cancel", (), ("nobody", 1000), repeatable=repeatable, durable=True)
                return
            with store.durable(repeatable=repeatable) as pipe:
                pipe.get("a")

        store.redis.ping()
        server.node.client.execute_command("REPLICAOF", "127.0.0.1", server.port + 1)
        with pytest.raises(NotConfirmed):
            look(repeatable=False)
        with pytest.raises(StoreUnavailable, match=r"(?i)read ?only"):
            look(repeatable=True)
        store.close()


def test_a_restart_of_redis_costs_no_call(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        store = create_store(load_config({"REDIS_PORT": str(server.port)}))
        store.redis.set("a", "1")
        server.node.kill()
        threading.Timer(0.7, server.node.start).start()
        started = time.monotonic()
        assert store.redis.get("a") == "1"
        assert time.monotonic() - started > 0.5
        store.close()


def test_the_circuit_opens_fails_fast_and_closes_again(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        store = create_store(load_config({"REDIS_PORT": str(server.port), "HAVEN_DEADLINE": "0.6"}))
        store.redis.set("a", "1")
        server.node.kill()
        with pytest.raises(StoreUnavailable):
            store.redis.get("a")
        durations = []
        errors = []
        for _ in range(20):
            started = time.monotonic()
            with pytest.raises(StoreUnavailable) as caught:
                store.redis.get("a")
            durations.append(time.monotonic() - started)
            errors.append(type(caught.value))
        assert CircuitOpen in errors
        assert sorted(durations)[10] < 0.05
        server.node.start()
        server.node.wait_ready()
        end = time.monotonic() + 3
        while True:
            try:
                assert store.redis.get("a") == "1"
                break
            except StoreUnavailable:
                assert time.monotonic() < end
                time.sleep(0.05)
        store.close()


def test_a_forked_child_makes_connections_of_its_own(store: Store) -> None:
    store.redis.set("a", "parent")
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if store.redis.get("a") == "parent" and store.redis.set("b", "child") else 1
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    assert store.redis.get("b") == "child"


def test_threads_share_a_store(store: Store) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(100):
                key = f"k{number}:{turn}"
                store.redis.set(key, turn)
                assert store.redis.get(key) == str(turn)
        except BaseException as error:  # noqa: BLE001 - counted below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_wrong_password_fails_at_once_and_says_so(tmp_path: Path) -> None:
    with RedisServer(tmp_path, password="right") as server:
        good = create_store(load_config({"REDIS_PORT": str(server.port), "REDIS_PASSWORD": "right"}))
        assert good.redis.ping()
        good.close()
        bad = create_store(load_config({"REDIS_PORT": str(server.port), "REDIS_PASSWORD": "wrong"}))
        started = time.monotonic()
        with pytest.raises(redis.AuthenticationError):
            bad.redis.ping()
        assert time.monotonic() - started < 1
        bad.close()


def test_what_counts_as_a_write_is_held_back_as_one(store: Store) -> None:
    """A handover pauses writes; a command that goes on meanwhile must not pass for a sign that they are taken."""
    known: Any = store.redis.execute_command("COMMAND INFO", *(sorted(WRITES)))
    flags = {name.upper(): set(marks) for name, _, marks, *_ in known}
    assert set(flags) == WRITES
    assert {name for name in WRITES if "write" not in flags[name]} == {"EVAL", "EVALSHA"}
    store.redis.call(("CLIENT PAUSE", 10_000, "WRITE"), repeatable=True)
    try:
        assert store.redis.get("read") is None
        with pytest.raises(StoreUnavailable), deadline(0.5):
            store.redis.call(("EVAL", "return 1", 0), repeatable=True)
    finally:
        store.redis.call(("CLIENT UNPAUSE",), repeatable=True)
