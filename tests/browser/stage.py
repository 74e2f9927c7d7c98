"""What the tests in a browser, and the screenshots, have in common: Chromium, the stack, and what befalls it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import psutil
from playwright.sync_api import sync_playwright
from redis import Redis
from redis.exceptions import RedisError

from app.db.seed import PASSWORD
from app.local.state import StackState
from app.local.target import find_target
from app.store import create_store
from app.tasks import Queue
from app.tasks.operate.ledger import Ledger
from tests.browser import breakable
from tests.integration.helpers import until
from tests.integration.stack.running import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

OPERATOR: Final = "ada@example.com"
MODULES: Final = "HAVEN_TASK_MODULES"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium() -> str | None:
    """The browser of this machine."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # as root, as in containers, Chromium does not start with its sandbox
        made = playwright.chromium.launch(executable_path=path, chromium_sandbox=os.geteuid() != 0)
        yield made
        made.close()


def sign_in(page: Page, url: str, email: str = OPERATOR, password: str = PASSWORD) -> None:
    page.goto(f"{url}/ops/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@contextmanager
def running_stack(directory: Path) -> Iterator[RunningStack]:
    """The stack, with a task that can be made to die."""
    former = os.environ.get(MODULES)
    os.environ[MODULES] = "app.example.tasks,tests.browser.breakable"
    try:
        with RunningStack(directory) as running:
            yield running
    finally:
        os.environ.pop(MODULES)
        if former is not None:
            os.environ[MODULES] = former


def make_dead_letter(stack: RunningStack) -> tuple[str, Path]:
    """Have a task die; its id, and the file that it will make once the file's directory is there."""
    config = find_target(stack.data).config
    store = create_store(config, role="test")
    done = stack.data / secrets.token_hex(4) / "done"
    try:
        task_id = Queue(store, ttl=3600).enqueue(breakable.deliver, {"address": "b@example.com", "done": str(done)})
        ledger = Ledger(store, ttl=60, lease=30)
        until(lambda: ledger.letters.of(task_id))
    finally:
        store.close()
    return task_id, done


def kill_primary(stack: RunningStack) -> str:
    """Kill its process; the address of the primary that was."""
    address = str(next(node["address"] for node in stack.status()["redis"] if node["role"] == "primary"))
    os.kill(stack.redis_pid(int(address.rpartition(":")[2])), signal.SIGKILL)
    return address


def wait_failed_over(stack: RunningStack, former: str) -> float:
    """Until a majority of the Sentinels name another primary that says it is one; the time then."""
    state = StackState.read(stack.data)
    assert state
    end = time.monotonic() + 30
    while time.monotonic() < end:
        named = [_named(port) for port in state.sentinel_ports]
        for address in set(named) - {former, None}:
            if 2 * named.count(address) > len(named) and address and _is_primary(address):
                return time.time()
        time.sleep(0.01)
    raise AssertionError("no failover")


def web_processes(stack: RunningStack) -> list[psutil.Process]:
    """The web application's, the one that the others come from first."""
    pid = next(part["pid"] for part in stack.status()["stack"]["parts"] if part["name"] == "web")
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def _named(port: int) -> str | None:
    try:
        with Redis(port=port, socket_timeout=0.5, protocol=2, decode_responses=True) as client:
            found = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "haven")
    except RedisError:
        return None
    return f"{found[0]}:{found[1]}" if found else None


def _is_primary(address: str) -> bool:
    try:
        with Redis(port=int(address.rpartition(":")[2]), socket_timeout=0.5) as client:
            return bool(client.info("replication")["role"] == "master")
    except RedisError:
        return False
