from __future__ import annotations

import time
from typing import Any

import pytest
from redis.exceptions import (
    BusyLoadingError,
    MasterDownError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from app.errors import OutcomeUnknown, PoolExhausted, StoreUnavailable
from app.store.breaker import Breaker
from app.store.policy import Policy, deadline, refusal
from app.store.topology import Address


class Line:
    """Stands in for a connection, and for the topology that it tells of writes."""

    address = Address("redis", 6379)

    def __init__(self) -> None:
        self.closed = 0
        self.topology = self
        self.written: list[Address] = []

    def answered(self, address: Address, sent: float) -> None:
        assert sent <= time.monotonic()
        self.written.append(address)

    def disconnect(self) -> None:
        self.closed += 1


class Lines:
    """Stands in for a pool."""

    def __init__(self, *failures: Exception) -> None:
        self.line = Line()
        self.out = 0
        self._failures = list(failures)

    def get_connection(self, _: float) -> Line:
        if self._failures:
            raise self._failures.pop(0)
        self.out += 1
        return self.line

    def release(self, _: Line) -> None:
        self.out -= 1


class Ask:
    """Answers with each of the given outcomes in turn, the last for ever."""

    name = "ASK"

    def __init__(self, *outcomes: Any, repeatable: bool, writes: bool = False) -> None:
        self.repeatable = repeatable
        self.writes = writes
        self.tries = 0
        self._outcomes = outcomes

    def __call__(self, connection: Any) -> Any:
        assert connection
        outcome = self._outcomes[min(self.tries, len(self._outcomes) - 1)]
        self.tries += 1
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def test_a_write_that_was_done_shows_that_the_primary_takes_writes() -> None:
    lines = Lines()
    run(Ask(1, repeatable=True), lines)
    with pytest.raises(ResponseError):
        run(Ask(ResponseError("ERR no"), repeatable=True, writes=True), lines)
    assert lines.line.written == []
    run(Ask(1, repeatable=True, writes=True), lines)
    assert lines.line.written == [Line.address]


def run(ask: Ask, pool: Lines | None = None, seconds: float = 2.0) -> Any:
    lines: Any = pool or Lines()
    try:
        return Policy(seconds, Breaker(seconds)).run(lines, ask)
    finally:
        assert lines.out == 0


REFUSALS: list[RedisError] = [
    ReadOnlyError("You can't write against a read only replica."),
    BusyLoadingError("Redis is loading the dataset in memory"),
    MasterDownError("Link with MASTER is down"),
    TryAgainError("Multiple keys request during rehashing of slot"),
    ResponseError("NOREPLICAS Not enough good replicas to write."),
    ResponseError("MISCONF Errors writing to the AOF file: No space left on device"),
    ResponseError("UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"),
    ResponseError("Command # 1 (SET a b) of pipeline caused error: NOREPLICAS Not enough good replicas to write."),
    ResponseError("BUSY Redis is busy running a script."),
]


@pytest.mark.parametrize("error", REFUSALS, ids=str)
def test_what_was_refused_was_not_applied_and_is_tried_again(error: RedisError) -> None:
    assert refusal(error)
    ask = Ask(error, error, "done", repeatable=False)
    assert run(ask) == "done"
    assert ask.tries == 3


@pytest.mark.parametrize(
    "error",
    [
        ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"),
        ResponseError("ERR value READONLY is not an integer"),
        ResponseError("NOREPLICASX"),
    ],
    ids=str,
)
def test_another_answer_is_the_callers(error: ResponseError) -> None:
    assert refusal(error) is None
    ask = Ask(error, repeatable=True)
    with pytest.raises(ResponseError):
        run(ask)
    assert ask.tries == 1


def test_a_broken_connection_repeats_only_what_is_harmless() -> None:
    broken = RedisConnectionError("reset by peer")
    assert run(Ask(broken, "done", repeatable=True)) == "done"
    once = Ask(broken, "done", repeatable=False)
    with pytest.raises(OutcomeUnknown, match="may not be repeated"):
        run(once)
    assert once.tries == 1


def test_what_never_got_a_connection_is_always_tried_again() -> None:
    lines = Lines(RedisConnectionError("refused"), PoolExhausted("all in use"), RedisConnectionError("refused"))
    assert run(Ask("done", repeatable=False), lines) == "done"


def test_a_connection_that_refused_or_broke_is_closed_and_one_that_answered_is_kept() -> None:
    lines = Lines()
    run(Ask(REFUSALS[0], RedisConnectionError("x"), "done", repeatable=True), lines)
    assert lines.line.closed == 2
    with pytest.raises(ResponseError):
        run(Ask(ResponseError("ERR no"), repeatable=True), lines)
    assert lines.line.closed == 2


def test_an_error_of_ours_in_between_closes_the_connection() -> None:
    lines = Lines()
    with pytest.raises(ZeroDivisionError):
        run(Ask(ZeroDivisionError(), repeatable=True), lines)
    assert lines.line.closed == 1


def test_the_deadline_ends_it_and_names_the_last_answer() -> None:
    ask = Ask(REFUSALS[4], repeatable=True)
    with deadline(0.2), pytest.raises(StoreUnavailable, match=r"ASK found no primary .* NOREPLICAS"):
        run(ask)
    assert 2 < ask.tries < 60
