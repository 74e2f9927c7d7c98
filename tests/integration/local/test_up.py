import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from subprocess import Popen

import psutil
import pytest
from redis.exceptions import RedisError

from app.local import LocalError, RedisCluster
from app.local.nodes import connect
from app.local.options import Options
from app.local.ports import free_ports, is_free
from app.local.state import StackState, running
from app.local.status import DEGRADED, HEALTHY, report

pytestmark = pytest.mark.stack
Runner = Callable[..., Popen[str]]


def read_until(process: Popen[str], *words: str, timeout: float = 30.0) -> str:
    assert process.stdout
    deadline, text = time.monotonic() + timeout, ""
    while not all(word in text for word in words):
        line = process.stdout.readline() if time.monotonic() < deadline else ""
        if not line:
            pytest.fail(f"{words} did not come:\n{text}")
        text += line
    return text


def until(condition: Callable[[], object], timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while True:
        with suppress(LocalError, RedisError):
            if condition():
                return
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def pids(state: StackState) -> list[int]:
    return [part.pid for part in state.parts if part.pid and not part.once]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def primary(options: Options) -> int:
    return next(port for port in options.redis_ports if connect(port).info("replication")["role"] == "master")


def test_it_comes_up_heals_and_ends_without_a_trace(run_up: Runner, options: Options) -> None:
    process = run_up()
    text = read_until(process, "Ctrl-C ends everything")
    for words in ("redis-1", "primary", "replica of redis-1", "sentinel-3", "migrate", "web", "/docs", "kill -9"):
        assert words in text
    assert "\x1b[" not in text
    assert (options.data / "secret").stat().st_mode & 0o777 == 0o600
    state = running(options.data)
    assert state
    until(lambda: report(options.data).code == HEALTHY)

    again = run_up()
    assert again.wait(10) == 3
    assert again.stdout
    assert str(process.pid) in again.stdout.read()

    connect(options.redis_port).set("kept", "yes")
    victim = int((options.data / "redis-1" / "redis" / "pid").read_text())
    os.kill(victim, signal.SIGKILL)
    read_until(process, "redis-1 killed by SIGKILL", "redis-1 is back", "primary is 127.0.0.1")
    until(lambda: report(options.data).code == HEALTHY)
    assert primary(options) != options.redis_port
    assert connect(options.redis_port).get("kept") == "yes"

    web = next(part.pid for part in state.parts if part.name == "web")
    assert web
    os.kill(web, signal.SIGKILL)
    read_until(process, "web killed by SIGKILL")
    assert report(options.data).code == DEGRADED
    read_until(process, "web is back")
    last = running(options.data)
    assert last
    assert next(part.restarts for part in last.parts if part.name == "web") == 1

    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert time.monotonic() - begun < 5
    assert all(gone(pid) for pid in pids(last))
    assert running(options.data) is None


def test_data_survives_and_a_killed_supervisor_leaves_nothing_in_the_way(run_up: Runner, options: Options) -> None:
    process = run_up()
    read_until(process, "Ctrl-C ends everything")
    state = running(options.data)
    assert state
    connect(primary(options)).set("kept", "yes")
    process.kill()
    process.wait()
    until(lambda: all(gone(pid) for pid in pids(state)), 5)
    assert StackState.read(options.data)
    assert running(options.data) is None

    second = run_up()
    read_until(second, "Ctrl-C ends everything")
    assert connect(primary(options)).get("kept") == "yes"
    second.terminate()
    assert second.wait(10) == 0


def test_a_part_that_fails_to_start_shows_its_log_and_ends_everything(run_up: Runner, options: Options) -> None:
    process = run_up(env=os.environ | {"FAIL_SEED": "4"})
    assert process.wait(30) == 1
    assert process.stdout
    text = process.stdout.read()
    assert "seed: exit code 4" in text
    assert "seed done" in text
    assert all(is_free(port) for port, _, _ in options.uses())


def test_an_interrupt_while_starting_ends_everything(run_up: Runner, options: Options) -> None:
    process = run_up()
    until((options.data / "redis-1" / "redis" / "pid").exists)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert all(is_free(port) for port, _, _ in options.uses())


def test_a_taken_port_is_named_with_its_holder_before_anything_starts(run_up: Runner, options: Options) -> None:
    with RedisCluster(options.data.parent / "other", size=1, ports=[options.redis_port], sentinel_ports=free_ports(1)):
        process = run_up()
        assert process.wait(20) == 1
    assert process.stdout
    text = process.stdout.read()
    assert f"port {options.redis_port} for redis-1 is taken by redis-server (pid " in text
    assert "--redis-port" in text
    assert not (options.data / "redis-1").exists()
