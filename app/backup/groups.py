"""Which keys belong together, which of them a restore brings back, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from app.store import keys

if TYPE_CHECKING:
    from collections.abc import Iterable

Measure = Literal["EXISTS", "XLEN", "ZCARD"]


@dataclass(frozen=True, slots=True)
class Group:
    """Keys that belong together.

    Attributes:
        name: for people, and in manifests.
        prefixes: how its keys begin.
        measure: what is counted of a key: the key, or what is in it.
        left_out: why a restore leaves it out; empty: it is brought back.
        last: brought back when all else is there, as workers begin at once.
        minor: a new installation has some of it too, which tells of no data.
    """

    name: str
    prefixes: tuple[str, ...]
    measure: Measure = "EXISTS"
    left_out: str = ""
    last: bool = False
    minor: bool = False


OTHERS: Final = Group("others", ("",))
CACHE: Final = "cache"
_CACHE: Final = "the database may say something else by now; it fills by itself (--with-cache)"

GROUPS: Final = (
    Group("sessions", (keys.SESSION,)),
    Group("users", (keys.USER,)),
    Group("tasks", (keys.TASK_RECORD,)),
    Group("waiting tasks", (keys.TASK_STREAM,), "XLEN", last=True),
    Group("delayed tasks", (keys.TASK_DELAYED,), "ZCARD", last=True),
    Group("held tasks", (keys.TASK_GATE,), "ZCARD", last=True),
    Group("dead tasks", (keys.TASK_DEAD,), "XLEN", last=True),
    Group("workers", (keys.TASK_WORKERS,), left_out="those workers are not these"),
    Group("task state", (f"{keys.PREFIX}:tasks:",), minor=True),
    Group("events", (keys.event_log(""), keys.event_done(""))),
    Group("event places", (keys.event_cursor(""), keys.event_mark("")), minor=True),
    Group("limits", (f"{keys.PREFIX}:limit:",), minor=True),
    Group(CACHE, (keys.cache(""), keys.cache_tag("")), left_out=_CACHE, minor=True),
    Group("leases", (keys.cache_lease(""),), left_out="nobody makes these values now", minor=True),
    Group("presence", (keys.presence(""),), left_out="nobody is connected now", minor=True),
    Group("guardian", (f"{keys.PREFIX}:guardian:",), left_out="it tells how fresh those nodes were", minor=True),
    Group("backups", (f"{keys.PREFIX}:backup:",), left_out="they are those of that installation", minor=True),
    Group("drills", (f"{keys.PREFIX}:drill:",), left_out="they tell of that installation", minor=True),
    OTHERS,
)


def group_of(key: bytes) -> Group:
    """The group of a key; what is not Haven's is among the others."""
    return next(group for prefix, group in _BY_PREFIX if key.startswith(prefix))


def brought_back(with_cache: bool) -> frozenset[Group]:  # noqa: FBT001 - a choice of the command line
    """The groups that a restore brings back."""
    return frozenset(group for group in GROUPS if not group.left_out or (with_cache and group.name == CACHE))


def _by_length(groups: Iterable[Group]) -> list[tuple[bytes, Group]]:
    pairs = [(prefix.encode(), group) for group in groups for prefix in group.prefixes]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


_BY_PREFIX: Final = _by_length(GROUPS)
