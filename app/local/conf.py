"""The configuration files of Redis and Sentinel."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.local.ports import LOOPBACK

MASTER_NAME: Final = "haven"
QUORUM: Final = 2
DOWN_AFTER_MS: Final = 600
FAILOVER_TIMEOUT_MS: Final = 5_000
# Sentinel forgets these at every start. A ping period above half of down-after makes a new primary look down for a
# moment after every switch; one below 250 ms leaves no replica good enough to be promoted.
TIMINGS: Final = {"ping-period": 300, "ask-period": 100, "info-period": 1_000, "publish-period": 500}
NOWHERE: Final = 1  # nothing listens on this port: a Redis that follows it is a replica of nothing, and harmless
_MONITOR: Final = re.compile(rf"^sentinel monitor {MASTER_NAME} (\S+) (\d+) \d+$", re.MULTILINE)
_EPOCH: Final = re.compile(r"^sentinel current-epoch (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SentinelFile:
    """What a sentinel.conf says about the primary."""

    port: int
    primary: int
    epoch: int


def render_redis(port: int, directory: Path, password: str | None = None, *, replica: bool = True) -> str:
    """Return a redis.conf; `replica` makes it a member of a cluster, which boots as a replica of nowhere."""
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        f"dir {quote(str(directory))}",
        "daemonize no",
        "appendonly yes",
        "appendfsync everysec",
        "aof-use-rdb-preamble yes",
        'save ""',
        "maxmemory 256mb",
        "maxmemory-policy noeviction",
        "shutdown-timeout 1",
    ]
    if replica:
        lines += [
            "min-replicas-to-write 1",
            "min-replicas-max-lag 2",
            "repl-backlog-size 64mb",
            "repl-diskless-sync-delay 0",
            f"replicaof {LOOPBACK} {NOWHERE}",
        ]
    if password:
        lines += [f"requirepass {quote(password)}", f"masterauth {quote(password)}"]
    return "\n".join(lines) + "\n"


def render_sentinel(
    ordinal: int, port: int, directory: Path, *, primary: int, password: str | None = None, epoch: int = 0
) -> str:
    """Return the sentinel.conf to begin with; Sentinel rewrites the file from then on."""
    name = MASTER_NAME
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        f"dir {quote(str(directory))}",
        "daemonize no",
        f"sentinel myid {sentinel_id(ordinal)}",
        f"sentinel monitor {name} {LOOPBACK} {primary} {QUORUM}",
        f"sentinel down-after-milliseconds {name} {DOWN_AFTER_MS}",
        f"sentinel failover-timeout {name} {FAILOVER_TIMEOUT_MS}",
        f"sentinel parallel-syncs {name} 1",
        f"sentinel config-epoch {name} {epoch}",
        f"sentinel current-epoch {epoch}",
    ]
    if password:
        lines.append(f"sentinel auth-pass {name} {quote(password)}")
    return "\n".join(lines) + "\n"


def quote(text: str) -> str:
    """Return a value as the configuration files take it, whatever characters it has."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def sentinel_id(ordinal: int) -> str:
    """Return the fixed id of a Sentinel, so that one with a new disk is not a stranger to the others."""
    return hashlib.sha1(f"haven-sentinel-{ordinal}".encode(), usedforsecurity=False).hexdigest()


def read_sentinel(path: Path) -> SentinelFile | None:
    """Read what a sentinel.conf says; None if there is no usable file."""
    try:
        text = path.read_text()
    except OSError:
        return None
    monitor, port = _MONITOR.search(text), re.search(r"^port (\d+)$", text, re.MULTILINE)
    if not monitor or not port:
        return None
    epoch = _EPOCH.search(text)
    return SentinelFile(int(port[1]), int(monitor[2]), int(epoch[1]) if epoch else 0)
