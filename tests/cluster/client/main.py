"""Runs in a pod of the cluster: mixed requests through the Service and durable writes to Redis; a book of both.

GET /stop ends them, audits in a place of its own what was acknowledged, and answers with the findings as JSON.
"""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

from journeys import Client, Load  # type: ignore[import-not-found] # mounted beside this file
from writing import Writer  # type: ignore[import-not-found]

from app.config import load_config
from app.ops.metrics import store_retries
from app.store import create_store

URL = os.environ["CLIENT_URL"]
RATE = float(os.environ.get("CLIENT_RATE", "50"))
NAME = f"cluster-{int(time.time())}"
AUDIT = 90.0  # seconds for tasks to end: a killed worker's are taken over after the lease

store = create_store(load_config(), role="test")
client = Client(URL)


def write(key: str) -> None:
    with store.durable() as pipe:
        pipe.set(key, "v", ex=3600)


def report(load: Any, writer: Any) -> dict[str, Any]:
    book = load.book
    moments = [moment for moment, _ in writer.acknowledged]
    gap, since = max(((after - before, before) for before, after in pairwise(moments)), default=(float("inf"), 0.0))
    return {
        "requests": book.answered + len(book.failures),
        "failures": book.failures[:20],
        "failed": len(book.failures),
        "longest": round(book.longest, 3),
        "prefix": f"{NAME}:",
        "writes": len(moments),
        "write_errors": writer.errors[:5],
        "gap": round(gap, 3),
        "gap_began": time.strftime("%H:%M:%S", time.gmtime(time.time() - time.monotonic() + since)),
        "quiet_for": round(time.monotonic() - moments[-1], 3) if moments else None,
        "tasks": len(book.tasks),
        "retries": store_retries(),
    }


def audit(load: Any, writer: Any) -> dict[str, Any]:
    book, end = load.book, time.monotonic() + AUDIT
    waiting, states = list(book.tasks), {}
    while waiting and time.monotonic() < end:
        for task_id in list(waiting):
            status, body = client.call("GET", f"/api/tasks/{task_id}")
            if status == 200:
                states[task_id] = body
                if body["status"] in {"done", "dead"}:
                    waiting.remove(task_id)
            elif status == 404:
                states[task_id] = {"status": "gone"}
                waiting.remove(task_id)
        if waiting:
            time.sleep(0.5)
    found = set()
    for page in range(1, 1000):
        status, body = client.call("GET", f"/api/messages?page={page}&per_page=100")
        if status != 200 or not body["items"]:
            break
        found |= {item["id"] for item in body["items"]}
        if found and min(found) <= min(book.messages, default=0):
            break
    return {
        "missing_writes": writer.missing(store.redis.mget),
        "lost_tasks": [task_id for task_id in book.tasks if states.get(task_id, {}).get("status") != "done"],
        "doubled_tasks": len(book.tasks) - len(set(book.tasks)),
        "repeated_tasks": sum(states.get(task_id, {}).get("attempts", 1) > 1 for task_id in set(book.tasks)),
        "missing_messages": len(set(book.messages) - found),
        "messages": len(book.messages),
        "session_lives": client.call("GET", "/api/protected")[0] == 200,
    }


def main() -> None:
    for _ in range(60):
        with suppress(AssertionError):
            client.login()
            break
        time.sleep(1)
    load, writer = Load(client, RATE, NAME), Writer(write, f"{NAME}:")
    load.__enter__()
    writer.__enter__()
    lock = threading.Lock()
    ended: dict[str, Any] = {}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/stop":
                with lock:
                    if not ended:
                        load.__exit__()
                        writer.__exit__()
                        ended.update(report(load, writer) | audit(load, writer))
            if self.path.startswith("/missing?"):
                asked = parse_qs(self.path.partition("?")[2])
                keys = [f"{asked['prefix'][0]}{number}" for number in range(int(asked["count"][0]))]
                found: Any = sum(value is None for value in store.redis.mget(keys))
            else:
                found = ended or report(load, writer)
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("0.0.0.0", 8080), Answers).serve_forever()  # noqa: S104 - in a pod


if __name__ == "__main__":
    main()
