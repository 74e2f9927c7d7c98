"""A web or real-time process as users run it, and clients of it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect

from app.local.ports import LOOPBACK, free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from websockets.sync.client import ClientConnection
    from websockets.sync.connection import Connection


class Served:
    """One process.

    Args:
        role: web or realtime.
        environment: its settings.
    """

    def __init__(self, role: str, environment: Mapping[str, str]) -> None:
        self.port = free_ports(1)[0]
        own = {"HAVEN_HTTP_PORT": str(self.port), "HAVEN_WEB_WORKERS": "1", "HAVEN_LOG_LEVEL": "warning"}
        command = [sys.executable, "-m", "app.cli", role]
        self.process = subprocess.Popen(command, env={**os.environ, **environment, **own})

    def ask(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """The answer to a GET, not read yet."""
        client = http.client.HTTPConnection(LOOPBACK, self.port, timeout=10)
        client.request("GET", path, headers={**headers, "Connection": "close"})
        return client.getresponse()

    def wait_ready(self) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with suppress(OSError):
                self.ask("/health/live")
                return
            assert self.process.poll() is None
            time.sleep(0.05)
        raise AssertionError("it does not answer")

    def talk(self, session_id: str, query: str = "", **headers: str) -> ClientConnection:
        """A WebSocket."""
        sent = {"X-Session-ID": session_id, **headers}
        return connect(f"ws://{LOOPBACK}:{self.port}/api/ws{query}", additional_headers=sent, compression=None)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@contextmanager
def served(role: str, environment: Mapping[str, str]) -> Iterator[Served]:
    running = Served(role, environment)
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


def say(client: Connection, message: object) -> dict[str, Any]:
    """Send a message, and give the answer to it."""
    client.send(message if isinstance(message, str) else json.dumps(message))
    return hear(client)


def hear(client: Connection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.recv(timeout=10))
    return found


class Background:
    """Does something in a thread; what it raised is raised by ``check``."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._act()
        except Exception as error:  # noqa: BLE001 - raised where somebody sees it
            self._error = error


class Follower:
    """A client that comes back by itself with its place, until told to stop; keeps the numbers it heard, in order."""

    def __init__(self, follow: Callable[[Follower], None]) -> None:
        self.last = ""
        self.heard: list[int] = []
        self.told: list[Any] = []
        self.comebacks = -1
        self.stopped = threading.Event()
        self._follow = follow
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self.stopped.is_set():
            self.comebacks += 1
            with suppress(OSError, http.client.HTTPException, WebSocketException):
                self._follow(self)
            self.stopped.wait(0.1)


def by_sse(server: Served, session_id: str) -> Callable[[Follower], None]:
    def follow(follower: Follower) -> None:
        headers = {"X-Session-ID": session_id, **({"Last-Event-ID": follower.last} if follower.last else {})}
        answer = server.ask("/api/events", **headers)
        if answer.status != 200:
            return
        fields: dict[str, str] = {}
        while not follower.stopped.is_set() and (line := answer.readline().decode()):
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                fields[name] = value
                continue
            follower.last = fields.get("id", follower.last)
            data = json.loads(fields.get("data", "{}"))
            if fields.get("event", "haven.").startswith("haven."):
                follower.told += [data] if data else []
            else:
                follower.heard.append(data["n"])
            fields = {}

    return follow


def by_websocket(server: Served, session_id: str) -> Callable[[Follower], None]:
    def follow(follower: Follower) -> None:
        query = f"?last_event_id={follower.last}" if follower.last else ""
        with server.talk(session_id, query) as client:
            while not follower.stopped.is_set():
                try:
                    message = json.loads(client.recv(timeout=1))
                except TimeoutError:
                    continue
                except ConnectionClosed:
                    return
                follower.last = message.get("id", follower.last)
                if message["type"] == "event":
                    follower.heard.append(message["data"]["n"])
                elif message["type"] != "welcome":
                    follower.told.append(message)

    return follow
