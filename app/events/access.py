"""Who may hear which channel: everyone the broadcast, a user what is for that user, and what a rule of yours allows."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from werkzeug.exceptions import BadRequest, Forbidden

from app.events.publisher import MAX_NAME
from app.store.keys import BROADCAST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Rule = Callable[[int, str], bool]

MOST = 20
"""Channels of one client."""

_rules: list[tuple[str, Rule]] = []


def allows(pattern: str) -> Callable[[Rule], Rule]:
    """Register who may hear channels such as ``order:*``: a function of the user's id and the channel's name."""

    def register(rule: Rule) -> Rule:
        _rules.append((pattern, rule))
        return rule

    return register


def own_channels(user_id: int) -> list[str]:
    """What a user hears without asking for more."""
    return [BROADCAST, f"user:{user_id}"]


def may_hear(user_id: int, channel: str) -> bool:
    """Whether a user may hear a channel now; without a rule nobody may."""
    if channel in own_channels(user_id):
        return True
    return any(fnmatch.fnmatchcase(channel, pattern) and rule(user_id, channel) for pattern, rule in _rules)


def checked(user_id: int, channels: Iterable[str]) -> list[str]:
    """Channels that a client asked for.

    Raises:
        BadRequest: there are too many, or one has no proper name.
        Forbidden: one is not for this user.
    """
    found = list(dict.fromkeys(channels))
    if not 0 < len(found) <= MOST:
        raise BadRequest(f"{len(found)} channels: ask for 1 to {MOST}")
    for channel in found:
        if not 0 < len(channel) <= MAX_NAME or not channel.isprintable():
            raise BadRequest(f"channel {channel[:40]!r} is not 1 to {MAX_NAME} characters in one line")
        if not may_hear(user_id, channel):
            raise Forbidden(f"channel {channel!r} is not for this user")
    return found
