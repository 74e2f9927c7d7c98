"""What is known of values before they are there, and what is found when a load of them is begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from app.cache import codec
from app.store import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.cache.codec import Entry
    from app.cache.policy import Policy

TAG_LIFE: Final = 2.0
"""A tag's version outlives its values by this factor when it is made, so that it is seldom prolonged."""


class Begun(NamedTuple):
    """A load that was begun, or not.

    Attributes:
        mine: whether the lease is ours.
        entry: what is stored, if it is valid.
        lives: seconds that it lives, stale or not.
        holder: whoever else has the lease.
        left: seconds until that counts no more.
    """

    mine: bool
    entry: Entry | None
    lives: float
    holder: str
    left: float


class Kind:
    """What can be said of values before they are there: how they live, and on what they depend.

    Attributes:
        policy: how they live.
        tag_keys: of the tags, in Redis.
        line: the tags' names, as :func:`codec.names` writes them.
    """

    __slots__ = ("line", "policy", "tag_keys")

    def __init__(self, policy: Policy, tags: Sequence[str]) -> None:
        self.policy = policy
        self.tag_keys = [keys.cache_tag(tag) for tag in tags]
        self.line = codec.names(tags)

    def all_keys(self, names: Sequence[str]) -> list[str]:
        """The keys that a load of these values touches."""
        return [*self.tag_keys, *pairs(names)]

    @property
    def tag_life(self) -> int:
        """Milliseconds that a tag is to live beyond any of these values."""
        policy = self.policy
        return int((max(policy.ttl, policy.absent or 0) + policy.stale + policy.lease) * 1000 * TAG_LIFE)

    @property
    def lease(self) -> int:
        """Milliseconds."""
        return int(self.policy.lease * 1000)


def pairs(names: Sequence[str]) -> list[str]:
    """The key of each value, and that of its lease."""
    return [each for name in names for each in (keys.cache(name), keys.cache_lease(name))]
