"""Decides: one script call for all limits of a request, on the server's clock."""

from __future__ import annotations

import functools
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from redis.exceptions import RedisError

from app.errors import StoreError, StoreUnavailable
from app.ratelimit.decision import Decision, State
from app.ratelimit.limit import Limit, limits_of
from app.ratelimit.local import LocalBuckets
from app.store import deadline, keys
from app.store.breaker import Breaker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.store import Store

    Who = str | bytes | int

Act = Literal["hit", "strict", "peek"]

PATIENCE: Final = 0.5
"""Seconds: a limit that can do without Redis does not hold requests up for it."""
MOST_COST: Final = 1_000_000
_PLAIN = re.compile(r"[A-Za-z0-9.:/_-]{1,40}")
_SCOPE = re.compile(r"[A-Za-z0-9._<>-]{1,200}")


@dataclass(frozen=True, slots=True)
class Rule:
    """Limits that count together, under a name.

    Attributes:
        scope: what is limited; scopes don't share their counts.
        limits: all of which a request must fit into.

    Raises:
        ValueError: the scope's name can't be part of a key.
    """

    scope: str
    limits: tuple[Limit, ...]
    prefixes: tuple[str, ...] = field(init=False)
    arguments: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not _SCOPE.fullmatch(self.scope):
            raise ValueError(f"scope={self.scope!r}: 1 to 200 letters, digits, dots, dashes and underscores")
        # another kind of limit is another kind of value: it must not meet what an older version left there
        prefixes = [keys.limit(self.scope, f"{limit.kind}.{limit.name}") for limit in self.limits]
        arguments = []
        for limit in self.limits:
            arguments += [limit.kind, limit.limit, int(limit.window * 1000), limit.most]
        object.__setattr__(self, "prefixes", tuple(prefixes))
        object.__setattr__(self, "arguments", tuple(arguments))


class Limiter:
    """Decides on limits whose counts are in Redis.

    Args:
        store: where they are.
        share: by how many processes a limit is divided while Redis is away.

    Attributes:
        local: decides without Redis.
    """

    def __init__(self, store: Store, share: int = 1) -> None:
        self._store = store
        self._breaker = Breaker(patience=0)
        self.local = LocalBuckets(share)

    def hit(self, scope: str, who: Who, *limits: str | Limit, cost: int = 1, count_rejected: bool = False) -> Decision:
        """Count a request in all limits, if all allow it.

        Args:
            scope: what is limited; scopes don't share their counts.
            who: whose requests are counted together.
            limits: as in :func:`~app.ratelimit.rate_limit`.
            cost: how many requests it counts as; one of 0 is allowed and counts nothing.
            count_rejected: whether it counts, too, if it is rejected: who goes on asking goes on waiting.

        Raises:
            StoreError: Redis could not decide; nothing was counted, or it does not matter.
            ValueError: a limit or the cost is none.
        """
        rule = _rule(scope, *limits)
        return self.decide(rule, (who,) * len(rule.limits), cost, "strict" if count_rejected else "hit")

    def peek(self, scope: str, who: Who, *limits: str | Limit, cost: int = 1) -> Decision:
        """What a request would be told, without counting it. Arguments and errors as for :meth:`hit`."""
        rule = _rule(scope, *limits)
        return self.decide(rule, (who,) * len(rule.limits), cost, "peek")

    def reset(self, scope: str, who: Who, *limits: str | Limit) -> int:
        """Forget what somebody used.

        Args:
            scope: as in :meth:`hit`.
            who: as in :meth:`hit`.
            limits: those to forget.

        Returns:
            how many of the limits had counted something.
        """
        rule = _rule(scope, *limits)
        return self.forget(rule, (who,) * len(rule.limits))

    def decide(self, rule: Rule, who: Sequence[Who], cost: int = 1, act: Act = "hit") -> Decision:
        """Decide on a rule, with somebody of its own for each limit. See :meth:`hit`."""
        try:
            return self._ask(rule, who, cost, act)
        except StoreError:
            raise
        except RedisError as error:  # the server answers, and decides nothing
            raise StoreUnavailable(f"the limiter could not decide: {error}") from error

    def admits(self) -> bool:
        """Whether to ask Redis soon: when it did not answer the last time, four times a second."""
        return not self._breaker.is_open or self._breaker.admits()

    def decide_soon(self, rule: Rule, who: Sequence[Who], cost: int = 1, act: Act = "hit") -> Decision | None:
        """Decide, or not at all: None when Redis does not within half a second. Ask :meth:`admits` before."""
        try:
            with deadline(PATIENCE):
                decision = self._ask(rule, who, cost, act)
        except StoreError:
            self._breaker.failed()
            return None
        except RedisError:  # the server answers, and decides nothing
            return None
        self._breaker.succeeded()
        return decision

    def _ask(self, rule: Rule, who: Sequence[Who], cost: int, act: Act) -> Decision:
        if not 0 <= cost <= MOST_COST:
            raise ValueError(f"cost={cost!r}: a whole number, 0 to {MOST_COST}")
        names = keys_of(rule, who)
        # The server keeps the last ids, and knows a request again that is sent twice because the first answer got lost.
        request = 0 if act == "peek" else secrets.randbits(31) or 1
        reply = self._store.run("limit_decide", names, (request, int(cost), act, *rule.arguments), repeatable=True)
        states = []
        for index, limit in enumerate(rule.limits):
            left, wait, rejects = reply[3 * index + 1 : 3 * index + 4]
            states.append(State(limit, names[index], left, wait / 1000, rejects == 1))
        return Decision(reply[0] == 1, tuple(states))

    def forget(self, rule: Rule, who: Sequence[Who]) -> int:
        """Forget what was used of a rule. See :meth:`reset`."""
        removed: int = self._store.redis.unlink(*keys_of(rule, who))
        return removed


@functools.lru_cache(256)
def _rule(scope: str, *limits: str | Limit) -> Rule:
    return Rule(scope, limits_of(limits))


def keys_of(rule: Rule, who: Sequence[Who]) -> list[str]:
    """The key of each limit."""
    return [prefix + short(each) for prefix, each in zip(rule.prefixes, who, strict=True)]


def short(who: Who) -> str:
    """A part of a key: the name itself, or a digest where it is long, secret (bytes) or has other characters."""
    if not isinstance(who, bytes):
        name = str(who)
        if _PLAIN.fullmatch(name):
            return name
        who = name.encode(errors="surrogatepass")
    return f"~{hashlib.blake2b(who, digest_size=12).hexdigest()}"
