"""What the tasks do, the same for every contestant. None of them speaks to Redis.

`noop` and `pause` are counted in their process: the first and the last write the time into a file, so that measuring
costs nothing. Where every task has a process of its own (BENCH_COUNT=0), each writes. `mark` always writes a line.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MILLISECOND = 0.001
FILE = os.environ.get("BENCH_FILE", os.devnull)
COUNT = int(os.environ.get("BENCH_COUNT", "0"))

_ended = itertools.count(1)
_descriptor = os.open(FILE, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o644)


def _count() -> None:
    number = next(_ended)
    if not COUNT or number in (1, COUNT):
        os.write(_descriptor, f"{time.monotonic_ns()}\n".encode())


def _mark(mark: str) -> None:
    os.write(_descriptor, f"{mark} {time.monotonic_ns()} {os.getpid()}\n".encode())


def noop() -> None:
    """Nothing."""
    _count()


def pause() -> None:
    """A millisecond of waiting."""
    time.sleep(MILLISECOND)
    _count()


def mark(mark: str, wait: int) -> None:
    """Wait so many milliseconds, then write down who ran, when and in which process."""
    if wait:
        time.sleep(wait / 1000)
    _mark(mark)


async def noop_async() -> None:
    """As `noop`."""
    _count()


async def pause_async() -> None:
    """As `pause`."""
    await asyncio.sleep(MILLISECOND)
    _count()


async def mark_async(mark: str, wait: int) -> None:
    """As `mark`."""
    if wait:
        await asyncio.sleep(wait / 1000)
    _mark(mark)


PLAIN: dict[str, Callable[..., None]] = {"noop": noop, "pause": pause, "mark": mark}
ASYNC: dict[str, Callable[..., Awaitable[None]]] = {"noop": noop_async, "pause": pause_async, "mark": mark_async}
