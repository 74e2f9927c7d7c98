"""Measuring one contestant: enqueue, bulk, drain, latency, memory."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.bench.tasks.environments import Unavailable
from tests.bench.tasks.programs import end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.local.process import Process
    from tests.bench.tasks.programs import Programs
    from tests.bench.tasks.server import Pair

LONGEST = 90.0
WAITING = 10_000
SCALE = 100_000
POLL = 0.05


def enqueueing(programs: Programs, pair: Pair, number: int) -> float:
    """Tasks a second, one call at a time."""
    pair.empty()
    return number / float(programs.ask("enqueue", number, timeout=LONGEST)["seconds"])


def bulk(programs: Programs, pair: Pair, number: int) -> tuple[float, bool]:
    """Tasks a second in bulk, and whether the library has a way of its own."""
    pair.empty()
    answer = programs.ask("bulk", number, timeout=LONGEST)
    return number / float(answer["seconds"]), bool(answer["own"])


def draining(programs: Programs, pair: Pair, number: int, task: str) -> float:
    """Tasks a second of one worker that finds them all there, from the end of the first to the end of the last.

    Raises:
        Unavailable: they were not done in time.
    """
    pair.empty()
    programs.ask("fill", number, task, timeout=LONGEST)
    forks = programs.contestant.forks
    with working(programs, 0 if forks else number) as worker:
        deadline = time.monotonic() + LONGEST
        while len(lines := programs.file.read_text().split()) < (number if forks else 2):
            if not worker.alive:
                raise Unavailable(f"drain: the worker ended: {programs.last_words()}")
            if time.monotonic() > deadline:
                raise Unavailable(f"drain: {number} tasks were not done within {LONGEST:g} s")
            time.sleep(POLL)
    return (number - 1) / ((int(lines[-1]) - int(lines[0])) / 1e9)


def latency(programs: Programs, pair: Pair, samples: int) -> list[float]:
    """Milliseconds from the call to the end of single tasks, on a worker that was idle for 0.2 to 1.2 s."""
    pair.empty()
    with working(programs, 0):
        return [float(wait) for wait in programs.ask("latency", samples, timeout=LONGEST)["waits"]]


def memory(programs: Programs, pair: Pair) -> float:
    """Megabytes that 100,000 waiting tasks take."""
    pair.empty()
    before = pair.memory()
    programs.ask("fill", WAITING, "noop", timeout=LONGEST)
    return (pair.memory() - before) / WAITING * SCALE / 1e6


@contextmanager
def working(programs: Programs, count: int) -> Iterator[Process]:
    """A worker that runs meanwhile."""
    worker = programs.worker(count)
    worker.start()
    try:
        yield worker
    finally:
        end(worker)
