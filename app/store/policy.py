"""How an operation is carried through an outage: one deadline, backoff with full jitter, and what may be repeated.

An attempt ends in one of four ways:

* it is answered: done;
* it was refused, or no connection could be made: nothing was applied, so anything may be tried again;
* the connection broke after sending: it may have been applied, so only what is harmless to repeat is tried again;
* the server answers with another error: that is the caller's answer.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeVar

from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    MasterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.backoff import jittered
from app.errors import CircuitOpen, NotConfirmed, OutcomeUnknown, PoolExhausted, StoreFull, StoreUnavailable
from app.ops import metrics
from app.store.breaker import Breaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.store.connection import PrimaryConnection
    from app.store.pool import BoundedPool

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

BACKOFF_BASE = 0.01
BACKOFF_CAP = 0.15  # a failover ends within a second or so: asking more seldom would only add to the gap

_REFUSALS = (ReadOnlyError, BusyLoadingError, MasterDownError, TryAgainError)
_REFUSAL_WORDS = re.compile(
    r"(?:^|caused error: )(READONLY|LOADING|MASTERDOWN|NOREPLICAS|TRYAGAIN|UNBLOCKED|BUSY|MISCONF)\b"
)

_deadline: ContextVar[float | None] = ContextVar("haven_deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give every operation inside the block this long, instead of the store's default.

    Args:
        seconds: for one operation with all its retries.
    """
    token = _deadline.set(seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def refusal(error: Exception) -> str | None:
    """The word with which a server refused to do anything (``READONLY`` …), or None when it did something.

    Source: the error codes of Redis' ``server.c``; inside a pipeline redis-py puts its own words before them.
    """
    if isinstance(error, (*_REFUSALS, ResponseError)):
        match = _REFUSAL_WORDS.search(str(error))
        if match:
            return match[1]
        if isinstance(error, _REFUSALS):
            return type(error).__name__
    return None


def full(error: ResponseError) -> ResponseError:
    """An answer of the server as the caller gets it: that memory is full is an outage, not a mistake of the caller."""
    if not isinstance(error, OutOfMemoryError) or isinstance(error, StoreFull):
        return error
    mine = StoreFull(f"Redis has no memory left ({error}): raise maxmemory, or find what fills it")
    mine.__cause__ = error
    return mine


class Exchange(Protocol[T_co]):
    """One operation: what is sent and how its reply is read.

    Attributes:
        name: for messages and metrics.
        repeatable: whether to send it a second time does no harm.
        writes: whether its success shows that the primary takes writes.
    """

    name: str
    repeatable: bool
    writes: bool

    def __call__(self, connection: PrimaryConnection) -> T_co:
        """Send and read once, on a connection to the primary."""


class Policy:
    """Carries exchanges out on a pool.

    Args:
        seconds: the default deadline of an operation.
        breaker: shared by every pool that talks to the same Redis.
    """

    def __init__(self, seconds: float, breaker: Breaker | None = None) -> None:
        self.seconds = seconds
        self.breaker = breaker or Breaker(seconds, on_change=lambda is_open: metrics.STORE_OPEN.set(int(is_open)))

    def run(self, pool: BoundedPool, exchange: Exchange[T], extra: float = 0.0) -> T:
        """Carry one exchange out.

        Args:
            pool: where the connections come from.
            exchange: what to do.
            extra: seconds the command itself may block, added to the deadline.

        Raises:
            StoreUnavailable: no primary did it within the deadline; it was not applied.
            OutcomeUnknown: the connection broke after sending, and it may not be repeated.
            NotConfirmed: a durable write was applied but not confirmed within the deadline.
            RedisError: the server's own answer.
        """
        started = time.monotonic()
        allowed = _deadline.get()
        left = (self.seconds if allowed is None else allowed) + extra
        end = started + left
        breaker = self.breaker
        attempt = 0
        error: Exception
        try:
            while True:
                if breaker.is_open and not breaker.admits():
                    raise CircuitOpen(f"{exchange.name} failed at once: Redis has been away for {breaker.patience:g} s")
                sent = False
                try:
                    connection = pool.get_connection(end - time.monotonic() if attempt else left)
                    sent = True
                    reply = self._once(pool, connection, exchange)
                except (AuthenticationError, AuthorizationError):
                    raise  # waiting does not make a password right
                except (RedisConnectionError, RedisTimeoutError, ResponseError, NotConfirmed) as caught:
                    error = caught
                else:
                    breaker.succeeded()
                    return reply
                reason = self._reason(error, exchange, sent=sent)
                if not isinstance(error, (NotConfirmed, PoolExhausted)):
                    breaker.failed()
                attempt += 1
                pause = jittered(attempt, base=BACKOFF_BASE, cap=BACKOFF_CAP)
                if breaker.is_open or time.monotonic() + pause >= end:
                    raise self._final(error, exchange.name, time.monotonic() - started)
                metrics.STORE_RETRIES.labels(reason).inc()
                time.sleep(pause)
        except RedisError as failure:
            if not isinstance(failure, NoScriptError):  # that one is a question, and has an answer: EVAL
                metrics.STORE_ERRORS.labels(type(failure).__name__).inc()
            raise
        finally:
            metrics.observe_operation(exchange.name, time.monotonic() - started)

    @staticmethod
    def _once(pool: BoundedPool, connection: PrimaryConnection, exchange: Exchange[T]) -> T:
        sent = time.monotonic()
        try:
            reply = exchange(connection)
        except BaseException as caught:
            if not isinstance(caught, ResponseError) or refusal(caught):
                connection.disconnect()  # out of step, or no primary any more: ask again
            raise
        else:
            if exchange.writes:
                connection.topology.answered(connection.address, sent)
            return reply
        finally:
            pool.release(connection)

    def _reason(self, error: Exception, exchange: Exchange[object], *, sent: bool) -> str:
        """Why the exchange may be tried again; raises what the caller gets when it may not."""
        word = refusal(error)
        if word:
            return word.lower()
        if isinstance(error, ResponseError):
            self.breaker.succeeded()  # it is an answer, though not a pleasant one
            raise full(error)
        if sent and not exchange.repeatable:
            if isinstance(error, NotConfirmed):
                raise error
            raise OutcomeUnknown(
                f"the connection broke after {exchange.name} was sent, and it may not be repeated ({error}): "
                "make it idempotent, or give it an id that the server checks"
            ) from error
        return type(error).__name__

    @staticmethod
    def _final(error: Exception, name: str, seconds: float) -> RedisError:
        if isinstance(error, (StoreUnavailable, NotConfirmed)):
            return error
        failure = StoreUnavailable(f"{name} found no primary that would do it in {seconds:.1f} s; last answer: {error}")
        failure.__cause__ = error
        return failure
