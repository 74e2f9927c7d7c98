"""A stack that Prometheus watches, and on which everything has happened that a dashboard shows."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from app.drill import records
from app.local import LocalError
from app.local.prometheus import Prometheus, find_prometheus, scraped
from app.local.target import find_target
from app.runtime import build_runtime
from tests.integration.dashboards import handlers
from tests.integration.helpers import until
from tests.integration.stack.journeys import Client, Load
from tests.integration.stack.running import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERVAL = 1.0
RATE = 10.0
SETTLE = 6.0


@dataclass
class Watched:
    """The stack, its Prometheus, and when what happened began."""

    stack: RunningStack
    prometheus: Prometheus
    began: float


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    try:
        find_prometheus()
    except LocalError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{error}; {error.remedy}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HAVEN_TASK_MODULES", f"app.example.tasks,{handlers.__name__}")
        with RunningStack(tmp_path_factory.mktemp("dashboards")) as stack:
            guardians = [stack.guardian + place for place in range(3)]
            sources = scraped(stack.http, [stack.ops, stack.ops + 1], guardians)
            with Prometheus(stack.data / "prometheus", sources, interval=INTERVAL) as prometheus:
                until(lambda: len(prometheus.query("up == 1")) == len(sources), 30)
                began = time.time()
                client = Client(stack.url)
                client.login()
                listener = threading.Thread(target=listen, args=(client,), daemon=True)
                with Load(client, RATE):
                    listener.start()
                    use_everything(stack, client)
                    break_it(stack)
                    time.sleep(SETTLE)
                    yield Watched(stack, prometheus, began)


def listen(client: Client) -> None:
    """Listen to the events, until the stack ends."""
    with suppress(ValueError):  # they are no JSON
        client.call("GET", "/api/events")


def use_everything(stack: RunningStack, client: Client) -> None:
    """What users do beside the load: tasks that fail, what limits and rules refuse, and a drill that held."""
    runtime = build_runtime(find_target(stack.data).config, role="test")
    runtime.tasks.enqueue(handlers.mended, delay=1.0)
    runtime.tasks.enqueue(handlers.hopeless)
    ended = time.time()
    record = records.Record(
        "1", "primary-kill", "It dies", "local", records.HELD, "as promised", ended - 30, ended, {"gap": 0.5}
    )
    records.keep(runtime.store, record, "<p>held</p>")
    runtime.close()
    for _ in range(35):
        client.call("GET", "/api/search?q=lamp")
    client.call("GET", "/api/nothing")
    former = Client(stack.url)
    former.login()
    former.call("POST", "/api/logout")
    former.call("GET", "/api/protected")


def break_it(stack: RunningStack) -> None:
    """A failover, and a handover."""
    os.kill(stack.primary_pid(), signal.SIGKILL)
    time.sleep(3)
    stack.wait_healthy(30)
    done = stack.haven("handover")
    assert done.returncode == 0, done.stdout + done.stderr
    stack.wait_healthy(30)
