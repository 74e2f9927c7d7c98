"""What many clients cost one real-time process: memory, delay, and whether each heard everything.

Half of the clients come by server-sent events, half by WebSocket. Idle ones hear a channel of their own in which
nothing happens, busy ones the broadcast.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from app.config import load_config
from app.events import Publisher
from app.local import RedisServer
from app.sessions import Sessions
from app.store import create_store
from tests.integration.events.serving import Served, served

MOST_MEMORY = 300
"""MiB, of all processes of `haven realtime`."""
_EVENT = re.compile(rb'"n":(\d+),"at":([0-9.]+)\}')
_KEY = (
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
)


class Client:
    """One, that reads only what it needs to count."""

    def __init__(self, port: int, session_id: str, channel: str, *, websocket: bool) -> None:
        self.port, self.session_id, self.channel, self.websocket = port, session_id, channel, websocket
        self.delays: list[float] = []
        self.numbers: list[int] = []
        self.closed = False

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        path, more = ("/api/ws", _KEY) if self.websocket else ("/api/events", "")
        head = (
            f"GET {path}?channels={self.channel} HTTP/1.1\r\nHost: x\r\nX-Session-ID: {self.session_id}\r\n{more}\r\n"
        )
        self.writer.write(head.encode())
        answer = await self.reader.readuntil(b"\r\n\r\n")
        assert answer.split()[1] in {b"200", b"101"}, answer
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        rest = b""
        while received := await self.reader.read(65536):
            rest += received
            while (found := _EVENT.search(rest)) is not None:
                self.numbers.append(int(found[1]))
                self.delays.append(time.time() - float(found[2]))
                rest = rest[found.end() :]
        self.closed = True


def memory(server: Served) -> float:
    """MiB of the process and its children that is theirs alone or, shared, counted once (PSS)."""
    main = psutil.Process(server.process.pid)
    return sum(process.memory_full_info().pss for process in (main, *main.children(recursive=True))) / 2**20


async def measure(server: Served, publisher: Publisher, sessions: list[str], idle: int, busy: int, args: Any) -> int:
    before = memory(server)
    clients = [
        Client(server.port, session_id, f"user:{place}" if place <= idle else "broadcast", websocket=bool(place % 2))
        for place, session_id in enumerate(sessions, start=1)
    ]
    started = time.monotonic()
    for start in range(0, len(clients), 50):
        await asyncio.gather(*(client.open() for client in clients[start : start + 50]))
    opened = time.monotonic() - started
    await asyncio.sleep(3)
    quiet = memory(server)
    process = psutil.Process(server.process.pid).children()[0]
    process.cpu_percent()
    await asyncio.sleep(5)
    idle_cpu = process.cpu_percent()
    for number in range(args.rate * args.seconds):
        due = started + opened + 8.5 + number / args.rate
        await asyncio.sleep(max(0, due - time.monotonic()))
        await asyncio.to_thread(publisher.broadcast, "made", {"n": number, "at": time.time()})
    cpu = process.cpu_percent()
    await asyncio.sleep(3)
    most = memory(server)
    total = args.rate * args.seconds
    hearing = clients[idle:]
    missed = sum(client.numbers != list(range(total)) for client in hearing)
    delays = sorted(delay for client in hearing for delay in client.delays)
    print(f"{idle} idle and {busy} busy clients, half SSE, half WebSocket; opened in {opened:.1f} s")
    print(f"memory: {before:.0f} MiB without, {quiet:.0f} with all connected, {most:.0f} after {total} events")
    print(f"each client: {(quiet - before) * 1024 / len(clients):.0f} KiB")
    print(f"CPU of a core: {idle_cpu:.0f} % quiet, {cpu:.0f} % at {args.rate} events/s to {busy} clients")
    print(
        f"delay: median {statistics.median(delays) * 1000:.1f} ms, 99 % {delays[int(len(delays) * 0.99)] * 1000:.1f} ms"
    )
    print(f"{missed} of {busy} missed something; {sum(client.closed for client in clients)} were closed")
    for client in clients:
        client.task.cancel()
        client.writer.close()
    held = most <= MOST_MEMORY and not missed
    print(f"goal: at most {MOST_MEMORY} MiB and nothing missed: {'reached' if held else 'MISSED'}")
    return 0 if held else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=int, default=2000)
    parser.add_argument("--busy", type=int, default=500)
    parser.add_argument("--rate", type=int, default=10, help="events a second to each busy client")
    parser.add_argument("--seconds", type=int, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, RedisServer(Path(directory) / "redis") as redis:
        environment = {
            "REDIS_HOST": redis.host,
            "REDIS_PORT": str(redis.port),
            "DATABASE_URL": f"sqlite:///{directory}/haven.db",
        }
        store = create_store(load_config(environment))
        keeper = Sessions(store, 3600)
        sessions = [keeper.create(user_id) for user_id in range(1, args.idle + args.busy + 1)]
        with served("realtime", environment) as server:
            return asyncio.run(measure(server, Publisher(store), sessions, args.idle, args.busy, args))


if __name__ == "__main__":
    sys.exit(main())
