"""``@cache_result``: a function whose results are cached by its arguments."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from flask import current_app

from app.cache.cache import policy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.cache.cache import Cache
    from app.cache.policy import Policy

P = ParamSpec("P")
R = TypeVar("R")

KNOWN_CALLS: Final = 1000
_SIMPLE: Final = frozenset({int, str, bool, type(None)})
"""Values of which two that are equal and of the same type are the same as JSON: 0.0 and -0.0 are not."""


def cache_result(
    key_prefix: str, ttl: float | Policy, tags: Callable[..., Iterable[str]] | Iterable[str] = ()
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Cache a function's results in the current application's cache, by its arguments.

    Positional and keyword arguments that mean the same are the same call. The result must be JSON. When it is made anew
    before its end or while the old one is served, the function runs in another thread with an application context, and
    without a request.

    Args:
        key_prefix: the keys' beginning; one per function.
        ttl: seconds, or a policy.
        tags: what the results depend on, or a function of the same arguments that says it.

    Raises:
        ValueError: the time to live is less than a millisecond.
    """
    policy = policy_of(ttl)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        name_of = _namer(key_prefix, signature)

        @functools.wraps(function)
        def cached(*args: P.args, **kwargs: P.kwargs) -> R:
            app = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - Flask's documented way
            cache: Cache = app.extensions["haven"].cache
            names = tags(*args, **kwargs) if callable(tags) else tags
            key = name_of(args, kwargs)

            def elsewhere() -> R:
                with app.app_context():
                    return function(*args, **kwargs)

            return cache.get_or_compute(key, policy, names, lambda: function(*args, **kwargs), elsewhere)

        return cached

    return decorate


def _namer(key_prefix: str, signature: inspect.Signature) -> Callable[[tuple[Any, ...], dict[str, Any]], str]:
    """What names the calls of a function. It knows the last simple ones: a digest takes as long as half a look-up."""

    @functools.lru_cache(KNOWN_CALLS, typed=True)
    def known(*args: Any) -> str:
        return f"{key_prefix}:{call_digest(signature, args, {})}"

    def name_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        if not kwargs and all(type(each) in _SIMPLE for each in args):
            return known(*args)
        return f"{key_prefix}:{call_digest(signature, args, kwargs)}"

    return name_of


def call_digest(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """A short name for a call: equal for equal arguments, however they are passed.

    Raises:
        TypeError: an argument is not JSON, so equal arguments can't be recognised.
    """
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    try:
        text = json.dumps(bound.arguments, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"a cached call takes only arguments that JSON can say, not {bound.arguments}: {error}"
        ) from None
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
