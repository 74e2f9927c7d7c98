"""The configuration of a Redis on this machine, and what a Sentinel's file says about it."""

import re
from pathlib import Path
from typing import Final

from app.guardian.acl import Users
from app.guardian.peers import NOWHERE
from app.guardian.settings import Tls
from app.guardian.transport import lines as transport
from app.guardian.transport import quote
from app.local.ports import LOOPBACK

MASTER_NAME: Final = "haven"
_MONITOR: Final = re.compile(rf"^sentinel monitor {MASTER_NAME} (\S+) (\d+) \d+$", re.MULTILINE)
_PORT: Final = re.compile(r"^(?:tls-)?port ([1-9]\d*)$", re.MULTILINE)


def render_redis(
    port: int,
    directory: Path,
    password: str | None = None,
    *,
    replica: bool = True,
    users: Users | None = None,
    tls: Tls | None = None,
    more: tuple[str, ...] = (),
) -> str:
    """Return a redis.conf.

    Args:
        port: where it listens on loopback.
        directory: for its data.
        password: for clients and replication; None for none.
        replica: make it a member of a cluster: it boots as a replica of nowhere that no Sentinel may promote, and its
            guardian does the rest.
        users: in place of the default user.
        tls: the certificates to listen and to replicate with; None for plain text.
        more: further lines.
    """
    lines = [
        f"bind {LOOPBACK}",
        *transport(port, tls),
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
        host, nowhere = NOWHERE
        lines += [
            "min-replicas-to-write 1",
            "min-replicas-max-lag 2",
            "repl-backlog-size 64mb",
            "repl-diskless-sync-delay 0",
            f"replicaof {host} {nowhere}",
            "replica-priority 0",
        ]
    if users:
        lines += users.at_redis()
    elif password:
        lines += [f"requirepass {quote(password)}", f"masterauth {quote(password)}"]
    return "\n".join([*lines, *more]) + "\n"


def render_base(users: Users | None = None) -> str:
    """Return what a sentinel.conf begins with, beyond what the guardians write themselves; empty for nothing."""
    return "\n".join([*users.at_sentinel(), ""]) if users else ""


def names_ports(path: Path) -> tuple[int, int] | None:
    """Read a sentinel.conf: its own port and the primary's; None if there is no usable file."""
    try:
        text = path.read_text()
    except OSError:
        return None
    monitor, port = _MONITOR.search(text), _PORT.search(text)
    return (int(port[1]), int(monitor[2])) if monitor and port else None
