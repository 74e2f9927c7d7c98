"""A sliding-window rate limiter: one atomic script decides on the server's clock and returns the headers' numbers."""

from __future__ import annotations

import functools
import hashlib
import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, ParamSpec, TypeVar

from flask import Response, after_this_request, current_app, request
from redis.exceptions import RedisError
from werkzeug.exceptions import TooManyRequests

from app.errors import StoreError, StoreUnavailable
from app.ops import metrics
from app.store import Store, deadline, keys

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

OPEN_DEADLINE = 1.0  # a limit that lets requests pass without Redis should not hold them up for it
MIN_WINDOW = 0.001
MAX_KEY = 200
OUTAGE: Final = ("open", "closed")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the limiter said about one request.

    Attributes:
        allowed: whether it may go on.
        limit: requests per window.
        remaining: requests left in the window.
        reset: seconds until the next place becomes free.
    """

    allowed: bool
    limit: int
    remaining: int
    reset: float

    @property
    def headers(self) -> dict[str, str]:
        """X-RateLimit-* and, when rejected, Retry-After; times in whole seconds."""
        reset = str(max(1, math.ceil(self.reset)))
        found = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": reset,
        }
        return found if self.allowed else {**found, "Retry-After": reset}


class Limiter:
    """Decides by an exact log of each key's last window; rejected requests are not counted.

    Args:
        store: where the logs are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def hit(self, scope: str, who: str, limit: int, window: float) -> Decision:
        """Count a request, if it is allowed.

        Args:
            scope: what is limited; scopes don't share their logs.
            who: whose requests are counted together.
            limit: requests per window, 1 or more.
            window: seconds.

        Raises:
            StoreError: Redis could not decide; nothing was counted, or it does not matter.
            ValueError: the limit or the window is too small.
        """
        _check(limit, window)
        args = (limit, int(window * 1000), secrets.token_hex(8))
        try:
            allowed, remaining, reset = self._store.run(
                "limit_log", [keys.limit(scope, _short(str(who)))], args, repeatable=True
            )
        except StoreError:
            raise
        except RedisError as error:  # a full memory, say: the server answers, and decides nothing
            raise StoreUnavailable(f"the limiter could not decide: {error}") from error
        return Decision(bool(allowed), limit, remaining, reset / 1000)


def client_address() -> str:
    """The client's address, as the trusted proxies tell it."""
    return request.remote_addr or "unknown"


def rate_limit(
    limit: int,
    window: float,
    key_func: Callable[[], str] | None = None,
    *,
    on_outage: Literal["open", "closed"] = "open",
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Limit a view: 429 with Retry-After above the limit, X-RateLimit-* on every answer.

    Args:
        limit: requests per window.
        window: seconds.
        key_func: who is asking; the client's address by default.
        on_outage: what happens while Redis is away: let pass, or answer 503. Log-ins are closed: open, they invite
            guessing.

    Raises:
        ValueError: one of the arguments makes no limit.
    """
    _check(limit, window)
    if on_outage not in OUTAGE:
        raise ValueError(f"on_outage={on_outage!r} is not one of {', '.join(OUTAGE)}")

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        scope = f"{view.__module__}.{view.__qualname__}"

        @functools.wraps(view)
        def limited(*args: P.args, **kwargs: P.kwargs) -> R:
            limiter: Limiter = current_app.extensions["haven"].limiter
            who = (key_func or client_address)()
            try:
                if on_outage == "open":
                    with deadline(OPEN_DEADLINE):
                        decision = limiter.hit(scope, who, limit, window)
                else:
                    decision = limiter.hit(scope, who, limit, window)
            except StoreError:
                metrics.LIMIT_DECISIONS.labels(f"outage_{on_outage}").inc()
                if on_outage == "closed":
                    raise
                return view(*args, **kwargs)
            _answer_with(decision.headers)
            metrics.LIMIT_DECISIONS.labels("allowed" if decision.allowed else "rejected").inc()
            if not decision.allowed:
                raise TooManyRequests(f"at most {limit} requests in {window:g} s; try again in {decision.reset:.0f} s")
            return view(*args, **kwargs)

        return limited

    return decorate


def _answer_with(headers: dict[str, str]) -> None:
    @after_this_request
    def add(response: Response) -> Any:
        response.headers.update(headers)
        return response


def _check(limit: int, window: float) -> None:
    if limit < 1 or limit != int(limit):
        raise ValueError(f"limit={limit!r}: a whole number of requests, 1 or more")
    if not window >= MIN_WINDOW:
        raise ValueError(f"window={window!r}: seconds, {MIN_WINDOW} or more")


def _short(who: str) -> str:
    """The name itself, or its digest when a client could make it long."""
    return who if len(who) <= MAX_KEY else hashlib.sha256(who.encode(errors="replace")).hexdigest()
