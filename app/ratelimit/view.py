"""``@rate_limit``: limits declared at a view, or at any function that runs in a request."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, ParamSpec, TypeVar

from flask import Response, after_this_request, current_app, g
from werkzeug.exceptions import TooManyRequests

from app.errors import StoreError
from app.ops import metrics
from app.ratelimit import who
from app.ratelimit.decision import Decision, State, headers
from app.ratelimit.limit import Limit, limits_of
from app.ratelimit.limiter import Act, Limiter, Rule, keys_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.ratelimit.limit import By

P = ParamSpec("P")
R = TypeVar("R")

Outage = Literal["open", "closed", "local"]
OUTAGE: Final = ("open", "closed", "local")


class LimitExceeded(TooManyRequests):
    """There were more requests than a limit allows: 429.

    Attributes:
        decision: what was decided.
    """

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        told = decision.tightest
        super().__init__(
            f"The limit {told.limit.name!r} is {told.limit.limit} in {told.limit.window:g} s; "
            f"try again in {max(1, round(told.reset))} s."
        )


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A declaration: limits, and how they are applied. As a decorator it applies them; see :func:`rate_limit`."""

    limits: tuple[Limit, ...]
    by: tuple[Callable[..., Any], ...]
    scope: str | None
    cost: int | Callable[..., Any]
    exempt: Callable[..., Any] | None
    on_outage: Outage
    guards: bool
    act: Act

    def __call__(self, view: Callable[P, R]) -> Callable[P, R]:
        """The view, limited."""
        rule = Rule(self.scope or f"{view.__module__}.{view.__qualname__}", self.limits)
        exempt = self.exempt

        @functools.wraps(view)
        def limited(*args: P.args, **kwargs: P.kwargs) -> R:
            if exempt is None or not exempt(*args, **kwargs):
                self._admit(rule, args, kwargs)
            return view(*args, **kwargs)

        limited.rate_limit = self  # type: ignore[attr-defined]
        return limited

    def _admit(self, rule: Rule, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Let the request pass, or raise what answers it."""
        limiter: Limiter = current_app.extensions["haven"].limiter
        answers = self.on_outage == "closed" or limiter.admits()
        if not answers and self.on_outage == "open":  # nor is Redis asked who it is
            metrics.limit_decided(rule.scope, "outage_open")
            return
        asking = [each(*args, **kwargs) for each in self.by]
        cost = self.cost(*args, **kwargs) if callable(self.cost) else self.cost
        if self.on_outage == "closed":
            decision = self._decide(limiter, rule, asking, cost)
        else:
            found = limiter.decide_soon(rule, asking, cost, self.act) if answers else None
            if found is None:
                self._go_on(limiter, rule, asking, cost)
                return
            decision = found
        _tell(decision.states)
        metrics.limit_decided(rule.scope, "allowed" if decision.allowed else "rejected")
        if not decision.allowed:
            raise LimitExceeded(decision)

    def _decide(self, limiter: Limiter, rule: Rule, asking: Sequence[Any], cost: int) -> Decision:
        try:
            return limiter.decide(rule, asking, cost, self.act)
        except StoreError:
            metrics.limit_decided(rule.scope, "outage_closed")
            raise

    def _go_on(self, limiter: Limiter, rule: Rule, asking: Sequence[Any], cost: int) -> None:
        """Without Redis."""
        if self.on_outage == "open":
            metrics.limit_decided(rule.scope, "outage_open")
            return
        decision = limiter.local.decide(rule, keys_of(rule, asking), cost)
        metrics.limit_decided(rule.scope, "outage_local" if decision.allowed else "outage_local_rejected")
        if not decision.allowed:
            _tell(decision.states)
            raise LimitExceeded(decision)


def rate_limit(
    *limits: str | Limit,
    by: By = who.address,
    scope: str | None = None,
    cost: int | Callable[..., int] = 1,
    exempt: Callable[..., bool] | None = None,
    on_outage: Outage | None = None,
    guards: bool = False,
    count_rejected: bool = False,
) -> RateLimit:
    """Limit a view: 429 above a limit, and headers that say how the limits stand on every answer.

    A request counts in all limits, or in none. The functions may have the view's parameters, or none.

    Args:
        limits: such as ``"5/minute, 100/day"``, ``"5/minute exact"``, ``"100/minute burst 20"`` or :class:`Limit`.
        by: whose requests are counted together, for limits that don't say it themselves.
        scope: views with the same scope share their counts; by default each has its own.
        cost: how many requests one counts as, or a function that says it.
        exempt: a function that says of which requests nothing is counted.
        on_outage: what happens while Redis is away: ``open`` lets pass, ``closed`` answers 503, ``local`` lets each
            process allow its share. By default open, and closed for one that guards.
        guards: whether it keeps secrets from being guessed: open, it would invite that, so it can't be.
        count_rejected: whether what is rejected counts, too: who goes on asking goes on waiting.

    Raises:
        ValueError: one of the arguments makes no limit.
    """
    found = limits_of(limits)
    mode = on_outage or ("closed" if guards else "open")
    if mode not in OUTAGE:
        raise ValueError(f"on_outage={on_outage!r} is not one of {', '.join(OUTAGE)}")
    if guards and mode == "open":
        raise ValueError("guards=True and on_outage='open': without Redis anybody could guess; use closed or local")
    if scope is not None:
        Rule(scope, found)
    _check_cost(cost, min(limit.most for limit in found))
    for name, function in (("by", by), ("exempt", exempt)):
        if function is not None and not callable(function):
            raise ValueError(f"{name}={function!r}: a function")
    return RateLimit(
        limits=found,
        by=tuple(_with_arguments(limit.by or by) for limit in found),
        scope=scope,
        cost=_with_arguments(cost) if callable(cost) else cost,
        exempt=_with_arguments(exempt) if exempt else None,
        on_outage=mode,
        guards=guards,
        act="strict" if count_rejected else "hit",
    )


def _check_cost(cost: object, least: int) -> None:
    if not callable(cost) and not (isinstance(cost, int) and 0 <= cost <= least):
        raise ValueError(f"cost={cost!r}: a whole number from 0 to the least limit, {least}, or a function")


def _with_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, callable with the view's arguments, which it may not want."""
    if any(parameter.default is parameter.empty for parameter in inspect.signature(function).parameters.values()):
        return function
    return lambda *_, **__: function()


def _tell(states: Sequence[State]) -> None:
    """Have the answer say how the limits stand; of several declarations in one request, together."""
    told: list[State] | None = g.get("haven_limits")
    if told is None:
        g.haven_limits = list(states)
        after_this_request(_add_headers)
    else:
        told.extend(states)


def _add_headers(response: Response) -> Response:
    response.headers.extend(headers(g.haven_limits))
    return response
