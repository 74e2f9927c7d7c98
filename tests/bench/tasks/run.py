"""One contestant, one command, in the contestant's own environment; it needs nothing but the standard library.

Usage: python -m tests.bench.tasks.run MODULE COMMAND …. MODULE has `enqueue(name, *args)` and `work()`, which becomes
the worker; and, if the library has them, `bulk(calls)` and `session()`, an asynchronous context around all enqueueing.
Both kinds of function may be coroutines. The commands, each printing one line of JSON:

enqueue N       seconds for N tasks, one call at a time
bulk N          seconds for N tasks in the library's own bulk way, and whether it has one
fill N TASK [W] N tasks, however it goes fastest; those of `mark` are numbered and wait W ms
latency N       milliseconds from the call to the end of a task, N times, with a worker that runs elsewhere
produce N R F   N numbered tasks, R a second, whatever happens; a line in the file F for each call
worker          no JSON: run tasks until killed
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.tasks import bodies

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WARM = 50
IDLE = 0.2
GOLDEN = 0.618  # spreads the idle times evenly over a second
PATIENCE = 30.0
POLL = 0.002


def name_of(number: int) -> str:
    """The name of a numbered task."""
    return f"task-{number:06}"


async def settle(answer: Any) -> None:
    """Wait for a coroutine; anything else is there already."""
    if inspect.isawaitable(answer):
        await answer


async def enqueue(rival: Any, number: int) -> dict[str, Any]:
    """One call at a time."""
    for _ in range(WARM):
        await settle(rival.enqueue("noop"))
    began = time.perf_counter()
    for _ in range(number):
        await settle(rival.enqueue("noop"))
    return {"seconds": time.perf_counter() - began}


async def bulk(rival: Any, number: int) -> dict[str, Any]:
    """The library's own bulk way, else one call at a time."""
    own = hasattr(rival, "bulk")
    calls: list[tuple[str, tuple[Any, ...]]] = [("noop", ())] * number
    for _ in range(WARM):
        await settle(rival.enqueue("noop"))
    began = time.perf_counter()
    await put(rival, calls)
    return {"seconds": time.perf_counter() - began, "own": own}


async def fill(rival: Any, number: int, task: str, wait: int = 0) -> dict[str, Any]:
    """Enqueue exactly so many."""
    await put(rival, [(task, (name_of(place), wait) if task == "mark" else ()) for place in range(number)])
    return {}


async def put(rival: Any, calls: list[tuple[str, tuple[Any, ...]]]) -> None:
    """Enqueue these, in bulk if the library can."""
    if hasattr(rival, "bulk"):
        await settle(rival.bulk(calls))
    else:
        for name, args in calls:
            await settle(rival.enqueue(name, *args))


async def latency(rival: Any, number: int) -> dict[str, Any]:
    """How long single tasks take on an idle worker."""
    await settle(rival.enqueue("mark", "warm", 0))
    await end_of("warm")
    waits = []
    for place in range(number):
        await asyncio.sleep(IDLE + place * GOLDEN % 1.0)
        began = time.monotonic_ns()
        await settle(rival.enqueue("mark", name_of(place), 0))
        waits.append((await end_of(name_of(place)) - began) / 1e6)
    return {"waits": waits}


async def end_of(mark: str) -> int:
    """When a task ended, as it wrote down itself."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if moment := ends().get(mark):
            return moment
        await asyncio.sleep(POLL)
    raise TimeoutError(f"the task {mark} did not run within {PATIENCE:g} s")


def ends() -> dict[str, int]:
    """When tasks ended, by their names."""
    lines = [line.split() for line in Path(bodies.FILE).read_text().splitlines()]
    return {name: int(moment) for name, moment, _ in lines}


async def produce(rival: Any, number: int, rate: int, path: str) -> dict[str, Any]:
    """A steady flow; a call that fails is written down and not made again."""
    started = time.monotonic()
    for place in range(number):
        await asyncio.sleep(max(0.0, started + place / rate - time.monotonic()))
        began, error = time.monotonic(), ""
        try:
            await settle(rival.enqueue("mark", name_of(place), 0))
        except Exception as raised:  # noqa: BLE001 - a library of any kind, and the flow goes on
            error = f"{type(raised).__name__}: {raised}"
        append(path, json.dumps([name_of(place), time.monotonic() - began, error]))
    return {}


def append(path: str, line: str) -> None:
    """Write a line that stays if this process is killed."""
    with Path(path).open("a") as book:
        book.write(f"{line}\n")


async def command(rival: Any, name: str, words: list[str]) -> dict[str, Any]:
    """Carry out a command."""
    async with getattr(rival, "session", nullcontext)():
        return await COMMANDS[name](rival, *(int(word) if word.isdigit() else word for word in words))


COMMANDS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    "enqueue": enqueue,
    "bulk": bulk,
    "fill": fill,
    "latency": latency,
    "produce": produce,
}


def main() -> None:
    """Run the command of the command line."""
    module, name, *words = sys.argv[1:]
    rival = importlib.import_module(module)
    if name == "worker":
        rival.work()
    else:
        print(json.dumps(asyncio.run(command(rival, name, words))))


if __name__ == "__main__":
    main()
