from __future__ import annotations

import socket
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest

from app.errors import ConfigError
from app.local.ports import free_ports
from app.ops.heart import Heart
from app.ops.queues import QueueCollector
from app.ops.server import serve_ops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.local import RedisServer
    from app.store import Store


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def heart(clock: Clock) -> Heart:
    return Heart(patience=60, grace=15, clock=clock)


@pytest.fixture
def port(heart: Heart, store: Store) -> Iterator[int]:
    (found,) = free_ports(1)
    running = serve_ops("127.0.0.1", found, heart, QueueCollector(store))
    yield found
    running.shutdown()
    running.server_close()


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_probes_say_what_the_heart_says(port: int, heart: Heart, clock: Clock) -> None:
    assert (get(port, "/livez")[0], get(port, "/readyz")[0]) == (200, 503)
    heart.beat()
    assert get(port, "/readyz?verbose=1") == (200, "ok\n")
    clock.now += 20
    assert (get(port, "/livez")[0], get(port, "/readyz")[0]) == (200, 503)
    clock.now += 60
    assert get(port, "/livez") == (503, "stale\n")


def test_metrics_come_with_the_queues(port: int) -> None:
    status, text = get(port, "/metrics")
    assert status == 200
    assert 'haven_task_queue_depth_tasks{priority="high"} 0.0' in text
    assert "haven_store_connects_total" in text


def test_other_paths_are_told_where_to_go(port: int) -> None:
    for path in ("/", "/health", "/livez/", "/%00"):
        assert get(port, path) == (404, "try /livez, /readyz or /metrics\n")


def test_a_scrape_that_waits_for_redis_does_not_hold_up_a_probe(port: int, server: RedisServer) -> None:
    get(port, "/metrics")
    server.node.freeze()
    with ThreadPoolExecutor(1) as pool:
        scraping = pool.submit(get, port, "/metrics")
        time.sleep(0.1)
        began = time.monotonic()
        assert get(port, "/livez")[0] == 200
        assert time.monotonic() - began < 0.5
        status, text = scraping.result()
    assert status == 200
    assert "haven_task_queue_depth_tasks" not in text


def test_a_client_that_says_nothing_does_not_hold_up_a_probe(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)):
        began = time.monotonic()
        assert get(port, "/livez")[0] == 200
        assert time.monotonic() - began < 1


def test_a_port_that_is_taken_is_an_error_of_the_configuration(port: int, heart: Heart) -> None:
    with pytest.raises(ConfigError, match=f"HAVEN_OPS_PORT={port}"):
        serve_ops("127.0.0.1", port, heart)
