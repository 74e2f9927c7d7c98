"""/metrics of several gunicorn workers: one truth, whichever worker answers, also after one has died."""

from __future__ import annotations

import os
import re
import signal
import time
import urllib.request
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.integration.stack.journeys import Client

if TYPE_CHECKING:
    from tests.integration.stack.running import RunningStack

pytestmark = pytest.mark.stack

COUNT = 'haven_http_request_duration_seconds_count{method="GET",route="/livez",status="200"}'


def scrape(url: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:  # noqa: S310 - loopback
        lines = answer.read().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_every_request_is_counted_once_also_those_of_a_dead_worker(stack: RunningStack) -> None:
    client = Client(stack.url)
    web = next(part["pid"] for part in stack.status()["stack"]["parts"] if part["name"] == "web")
    assert len(psutil.Process(web).children()) == 2
    before = scrape(stack.url).get(COUNT, 0)
    for _ in range(40):
        assert client.call("GET", "/livez")[0] == 200
    assert {scrape(stack.url)[COUNT] - before for _ in range(10)} == {40}

    directory = stack.data / "metrics" / "web"
    for _ in range(2):
        victim = psutil.Process(web).children()[0].pid
        os.kill(victim, signal.SIGKILL)
        end = time.monotonic() + 20
        while list(directory.glob(f"*_{victim}.db")) or len(psutil.Process(web).children()) < 2:
            assert time.monotonic() < end
            time.sleep(0.1)
        end = time.monotonic() + 20
        while client.call("GET", "/readyz")[0] != 200:
            assert time.monotonic() < end
    assert scrape(stack.url)[COUNT] - before == 40


def test_the_page_has_what_an_operator_looks_for(stack: RunningStack) -> None:
    client = Client(stack.url)
    client.login()
    client.call("POST", "/api/reports", {"kind": "activity"})
    for _ in range(3):
        client.call("GET", "/api/products/5")
    client.call("PUT", "/api/products/5", {"name": "a", "description": "", "price_cents": 1, "stock": 1})
    time.sleep(1.5)
    web = "\n".join(scrape(stack.url))
    for word in (
        "store_operation_duration_seconds_bucket",
        "store_connects_total",
        "store_failovers_total",
        "store_pool_in_use_connections",
        'cache_requests_total{result="hit"}',
        'cache_requests_total{result="miss"}',
        'limit_decisions_total{decision="allowed",scope="login"}',
        'task_queue_depth_tasks{priority="high"}',
        "task_queue_age_seconds",
        "event_published_total",
        "session_events_total",
        "task_enqueued_total",
    ):
        assert f"haven_{word}" in web
    worker = "\n".join(scrape(f"http://127.0.0.1:{stack.ops}"))
    for word in (r"task_duration_seconds_count\{task=\"generate_report\"\}", r"task_outcomes_total\{outcome=\"done\""):
        assert re.search(f"haven_{word}", worker)
    assert 'haven_event_delivered_total{to="handler"}' in scrape(f"http://127.0.0.1:{stack.ops + 1}")
