"""What a developer wants to read of the logs of Redis and Sentinel: roles, failovers, errors."""

import re
from collections.abc import Callable
from typing import Final

_LINE: Final = re.compile(r"^\d+:([XMSC]) \d+ \w+ \d+ [\d:.]+ ([.*#-]) (.*)$")
_REDIS: Final = (
    (re.compile(r"^MASTER MODE enabled"), "is primary now"),
    (re.compile(r"^REPLICAOF (\S+):(\d+) enabled"), r"follows \1:\2 now"),
    (re.compile(r"^Connection with master lost"), "lost the link to its primary"),
    (re.compile(r"^MASTER <-> REPLICA sync: Finished with success"), "has copied all data of its primary"),
    (re.compile(r"^MASTER <-> REPLICA sync: Master accepted a Partial"), "has caught up with its primary"),
)
_REDIS_NOISE: Final = re.compile(
    r"^(WARNING Memory overcommit|Warning: |WARNING: The TCP backlog|User requested shutdown"
    r"|(Redis|Sentinel) is now ready"
    r"|Error condition on socket for SYNC|oO0OoO|Configuration loaded|Failed trying to rewrite"
    r"|Could not create tracking|CONFIG REWRITE failed)"
)
_SENTINEL: Final = (
    (re.compile(r"^\+sdown master \S+ (\S+) (\d+)"), r"primary \1:\2 does not answer"),
    (re.compile(r"^\+odown master \S+ (\S+) (\d+) #quorum (\S+)"), r"primary \1:\2 is down, say \3 Sentinels"),
    (re.compile(r"^\+try-failover .*"), "stands for election, to replace the primary"),
    (re.compile(r"^\+elected-leader .*"), "is elected"),
    (re.compile(r"^\+selected-slave slave (\S+)"), r"chooses \1"),
    (re.compile(r"^(-failover-abort\S*) .*"), r"gives up this failover (\1)"),
    (re.compile(r"^\+switch-master \S+ (\S+) (\d+) (\S+) (\d+)"), r"primary is \3:\4 now (was \1:\2)"),
    (re.compile(r"^\+tilt.*"), "lost track of time: it will do nothing for 30 s"),
    (re.compile(r"^-tilt.*"), "acts again"),
)
_EVENT: Final = re.compile(r"^[+-][a-z]")


def redis_line(line: str) -> str | None:
    """Return what to show for a line of Redis; None for noise."""
    parsed = _LINE.match(line)
    if not parsed:
        return line if line.startswith(("***", "===", "#", ">>>", "Bad directive")) else None
    level, text = parsed[2], parsed[3]
    for pattern, words in _REDIS:
        if found := pattern.match(text):
            return found.expand(words)
    return text if level == "#" and not _REDIS_NOISE.match(text) else None


def sentinel_line(line: str) -> str | None:
    """Return what to show for a line of Sentinel; None for noise."""
    parsed = _LINE.match(line)
    if not parsed:
        return redis_line(line)
    text = parsed[3]
    for pattern, words in _SENTINEL:
        if found := pattern.match(text):
            return found.expand(words)
    return None if _EVENT.match(text) or text.startswith("Sentinel ID") else redis_line(line)


def any_line(line: str) -> str | None:
    """Return the line itself, unless it is empty."""
    return line if line.strip() else None


Filter = Callable[[str], str | None]
