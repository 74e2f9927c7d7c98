"""How a Redis is doing, by its own account: room, disk, copies, and whether it takes writes. For those who look on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTIONS: Final = ("memory", "stats", "errorstats")
"""Of INFO, beside those that decisions are made by."""
UNWRITTEN: Final = "the append-only file can't be written"
_FULL: Final = "its memory is at the limit"
_ALONE: Final = "too few replicas are linked to it"


@dataclass(frozen=True, slots=True)
class Vitals:
    """What is shown of this node's Redis; nothing is decided by it.

    Attributes:
        memory_used: bytes that count against the limit.
        memory_limit: bytes; 0 for none.
        full_resyncs: whole copies that it has given to replicas since it started.
        failing: why its last write or copy to the disk failed; empty if it did not.
        unsaved_for: seconds by which what a restart would find is older than its data; None while that gets older
            because the append-only file can't be written.
        refuses: why it takes no writes as a primary; empty if it takes them.
        refused: commands that it has refused for want of memory since it started: at the limit, what it uses rises and
            falls by what clients are sending.
    """

    memory_used: int
    memory_limit: int
    full_resyncs: int
    failing: str
    unsaved_for: float | None
    refuses: str
    refused: int


def read(fields: Mapping[str, str]) -> Vitals:
    """Read them.

    Args:
        fields: of INFO; what is missing there counts as good.
    """
    limit = int(fields.get("maxmemory", 0))
    used = int(fields.get("used_memory", 0)) - int(fields.get("mem_not_counted_for_evict", 0))
    return Vitals(
        memory_used=used,
        memory_limit=limit,
        full_resyncs=int(fields.get("sync_full", 0)),
        failing=_failing(fields),
        unsaved_for=_unsaved_for(fields),
        refuses=_refuses(fields, full=0 < limit <= used and fields.get("maxmemory_policy") == "noeviction"),
        refused=int(fields.get("errorstat_OOM", "").removeprefix("count=") or 0),
    )


def unwritten(fields: Mapping[str, str]) -> bool:
    """Whether the append-only file can't be written."""
    return fields.get("aof_enabled") == "1" and fields.get("aof_last_write_status") == "err"


def _failing(fields: Mapping[str, str]) -> str:
    if unwritten(fields):
        return UNWRITTEN
    if fields.get("aof_enabled") == "1" and fields.get("aof_last_bgrewrite_status") == "err":
        return "the append-only file can't be rewritten"
    return "the snapshot can't be written" if fields.get("rdb_last_bgsave_status") == "err" else ""


def _unsaved_for(fields: Mapping[str, str]) -> float | None:
    if fields.get("aof_enabled") == "1":
        return None if unwritten(fields) else 0.0
    if int(fields.get("rdb_changes_since_last_save", 0)) == 0:
        return 0.0
    now = int(fields.get("server_time_usec", 0)) / 1e6 or time.time()  # its own clock, which the other time is by
    return max(0.0, now - int(fields.get("rdb_last_save_time", 0)))


def _refuses(fields: Mapping[str, str], *, full: bool) -> str:
    """min-replicas-to-write is told nowhere, but it is 1, and only a Redis that has one counts its good replicas."""
    if fields.get("role") != "master":
        return ""
    if unwritten(fields):
        return UNWRITTEN
    if fields.get("min_slaves_good_slaves") == "0":
        return _ALONE
    return _FULL if full else ""
