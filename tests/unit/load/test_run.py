from __future__ import annotations

import random
import threading
import time

from app.load.mix import Mix
from app.load.run import Load, Outcome
from app.load.tally import Book, Tally

MIX = Mix({"browse": 1})


class Server:
    """Answers at once, but for the time it is stalled."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.outcome: Outcome = ("answered", "")

    def __call__(self, _: str) -> Outcome:
        self.open.wait()
        return self.outcome


def run(server: Server, *, rate: float, duration: float, concurrency: int = 1000) -> Tally:
    book = Book(MIX.journeys)
    load = Load(rate, MIX, server, book, concurrency=concurrency, dice=random.Random(1))  # noqa: S311 - chance that can be repeated
    load.run(duration)
    server.open.set()
    load.drain(5, 5)
    return book.read()["total"]


def test_as_many_come_as_the_rate_says() -> None:
    tally = run(Server(), rate=200, duration=1)
    assert tally.sent == tally.answered == 200
    assert tally.dropped == tally.running == 0


def test_everyone_who_came_while_the_server_stalled_has_waited() -> None:
    server = Server()
    server.open.clear()
    threading.Timer(1.0, server.open.set).start()
    tally = run(server, rate=100, duration=2)
    assert tally.answered == 200
    # Half of them came during the stall, and waited half of it on average. A client that sends one after the other
    # would have one long answer among hundreds of short ones.
    assert tally.waited.longest > 0.95
    early, late = tally.waited.percentile(40), tally.waited.percentile(75)
    assert early is not None
    assert late is not None
    assert early < 0.3
    assert 0.3 < late < 0.7


def test_a_wait_counts_from_when_one_was_due_not_from_when_it_was_sent() -> None:
    book = Book(MIX.journeys)
    load = Load(10, MIX, Server(), book, concurrency=10)
    book.send("browse")
    load._places.acquire()
    load._accompany("browse", time.monotonic() - 3)  # this process was held up for 3 s
    assert 3 <= book.read()["total"].waited.longest < 4


def test_who_comes_beyond_what_may_be_under_way_is_dropped_and_counted() -> None:
    server = Server()
    server.open.clear()
    tally = run(server, rate=100, duration=0.5, concurrency=7)
    assert tally.sent == tally.answered == 7
    assert tally.dropped == 43
    assert tally.came == 50


def test_places_are_given_back() -> None:
    tally = run(Server(), rate=200, duration=0.5, concurrency=20)
    assert tally.answered == 100


def test_failures_and_refusals_are_told_apart() -> None:
    server = Server()
    server.outcome = ("limited", "")
    tally = run(server, rate=50, duration=0.2)
    assert (tally.limited, tally.failed, tally.answered, tally.waited.count) == (10, 0, 0, 0)
    server.outcome = ("failed", "buy: 503")
    tally = run(server, rate=50, duration=0.2)
    assert (tally.limited, tally.failed, tally.answered, tally.waited.count) == (0, 10, 0, 10)


def test_a_journey_that_raises_is_a_failure_and_ends_nothing() -> None:
    def broken(_: str) -> Outcome:
        raise KeyError("items")

    book = Book(MIX.journeys)
    load = Load(50, MIX, broken, book, concurrency=2)
    load.run(0.2)
    load.drain(5, 5)
    assert book.read()["total"].failed == 10
    assert book.reasons() == [("browse: KeyError('items')", 10)]


def test_told_to_stop_it_ends_at_once_and_waits_a_little_for_those_under_way() -> None:
    server = Server()
    server.open.clear()
    book = Book(MIX.journeys)
    load = Load(100, MIX, server, book, concurrency=100)
    threading.Timer(0.3, load.stop).start()
    begun = time.monotonic()
    load.run()
    assert 0.25 < time.monotonic() - begun < 1
    assert load.stopped
    load.drain(60, 0.2)
    assert time.monotonic() - begun < 2
    tally = book.read()["total"]
    assert tally.running == tally.sent > 0
    server.open.set()


def test_reasons_are_counted_in_little_memory() -> None:
    book = Book(MIX.journeys)
    for number in range(1000):
        book.send("browse")
        book.fail("browse", 0.1, f"reason {number}")
    reasons = dict(book.reasons())
    assert len(reasons) == 51
    assert reasons["other reasons"] == 950
