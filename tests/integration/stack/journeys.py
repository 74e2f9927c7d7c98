"""Mixed work at a steady rate, whatever the answers take, and a book of everything that was acknowledged."""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 15.0


@dataclass
class Book:
    """What clients were told."""

    answered: int = 0
    longest: float = 0.0
    failures: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)


class Client:
    """A user of the API."""

    def __init__(self, url: str, session_id: str | None = None) -> None:
        self.url = url
        self.session_id = session_id

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        request = urllib.request.Request(f"{self.url}{path}", method=method)  # noqa: S310 - loopback
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.session_id:
            request.add_header("X-Session-ID", self.session_id)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - loopback
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")[:300]
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error)

    def login(self) -> None:
        status, body = self.call("POST", "/api/login", {"email": "ada@example.com", "password": "haven-demo"})
        assert status == 200, body
        self.session_id = body["session_id"]


class Load:
    """So many requests a second, in turn: cached reads, changes, tasks, messages, look-ups, protected pages.

    Args:
        client: who sends them.
        rate: how many a second.
        name: tells this load's tasks from another's.
    """

    def __init__(self, client: Client, rate: float, name: str = "key") -> None:
        self._client = client
        self._name = name
        self._rate = rate
        self.book = Book()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(60)
        self._clock = threading.Thread(target=self._tick)
        reads, writes = (self._read, self._protected), (self._report, self._message)
        self._steps = (*reads, *writes, self._read, self._change, self._report, self._task)

    def __enter__(self) -> Book:
        self._clock.start()
        return self.book

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._clock.join()
        self._pool.shutdown(wait=True)

    def _tick(self) -> None:
        due = time.monotonic()
        number = 0
        while not self._stopped.is_set():
            self._pool.submit(self._step, number)
            number += 1
            due += 1 / self._rate
            self._stopped.wait(max(0.0, due - time.monotonic()))

    def _step(self, number: int) -> None:
        started = time.monotonic()
        step = self._steps[number % len(self._steps)]
        try:
            status, body = step(number)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client noticed
            status, body = -1, repr(error)
        seconds = time.monotonic() - started
        with self._lock:
            self.book.longest = max(self.book.longest, seconds)
            if 200 <= status < 300:
                self.book.answered += 1
            else:
                self.book.failures.append(
                    f"{time.strftime('%X')} {step.__name__}: {status} after {seconds:.2f} s: {body}"
                )

    def _read(self, number: int) -> tuple[int, Any]:
        return self._client.call("GET", f"/api/products/{number % 20 + 1}")

    def _protected(self, _: int) -> tuple[int, Any]:
        return self._client.call("GET", "/api/protected")

    def _report(self, number: int) -> tuple[int, Any]:
        status, body = self._client.call(
            "POST", "/api/reports", {"kind": "activity"}, Idempotency_Key=f"{self._name}-{number}"
        )
        if status == 202:
            self.book.tasks.append(body["task_id"])
        return status, body

    def _task(self, _: int) -> tuple[int, Any]:
        if not self.book.tasks:
            return 200, None
        return self._client.call("GET", f"/api/tasks/{self.book.tasks[-1]}")

    def _message(self, number: int) -> tuple[int, Any]:
        status, body = self._client.call("POST", "/api/messages", {"receiver_id": 2, "body": f"message {number}"})
        if status == 201:
            self.book.messages.append(body["id"])
        return status, body

    def _change(self, number: int) -> tuple[int, Any]:
        change = {"name": f"Lamp {number}", "description": "", "price_cents": number, "stock": 1}
        status, body = self._client.call("PUT", "/api/products/20", change)
        if status == 200:
            self.book.versions.append(body["version"])
        return status, body
