"""The sentinel.conf to begin with. It is Sentinel's memory from then on; only where it gets in, and who, is kept up."""

from __future__ import annotations

import hashlib
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.guardian import transport
from app.guardian.files import write_whole
from app.guardian.transport import quote

if TYPE_CHECKING:
    from app.guardian.settings import Settings

_ID_SPACE: Final = "haven-sentinel"


def sentinel_id(master: str, place: int) -> str:
    """The fixed id of a Sentinel, so that one with a new disk is not a stranger to the others.

    Args:
        master: the primary's name, unique to the release.
        place: of the node, counted from 0.
    """
    return hashlib.sha1(f"{_ID_SPACE}-{master}-{place}".encode(), usedforsecurity=False).hexdigest()


def render(settings: Settings, *, primary: int, epoch: int) -> str:
    """The file for this node's Sentinel.

    Args:
        settings: the guardian's.
        primary: the node that it is to watch.
        epoch: the configuration epoch of that.
    """
    name, times = settings.master, settings.timings
    host, port = settings.redis[primary]
    own_host, own_port = settings.sentinels[settings.me]
    lines = [Path(settings.base).read_text(encoding="utf-8").rstrip()] if settings.base else []
    lines += [
        *transport.lines(settings.own_sentinel[1], settings.tls),
        f"dir {quote(str(Path(settings.conf).parent))}",
        f"sentinel myid {sentinel_id(name, settings.me)}",
        f"sentinel announce-ip {own_host}",
        f"sentinel announce-port {own_port}",
    ]
    if any(not is_numeric(address) for address, _ in (*settings.redis, *settings.sentinels)):
        lines += ["sentinel resolve-hostnames yes", "sentinel announce-hostnames yes"]
    lines += [
        f"sentinel monitor {name} {host} {port} {settings.quorum}",
        f"sentinel down-after-milliseconds {name} {times.down_after}",
        f"sentinel failover-timeout {name} {times.failover_timeout}",
        f"sentinel parallel-syncs {name} 1",
        f"sentinel config-epoch {name} {epoch}",
        f"sentinel current-epoch {epoch}",
        *signing_in(settings),
    ]
    own = settings.sentinel_credentials
    if own.password and not own.user and not settings.base:
        lines.append(f"requirepass {quote(own.password)}")
    return "\n".join(lines) + "\n"


def signing_in(settings: Settings) -> list[str]:
    """The lines about how the Sentinel gets into the Redis servers, and into the other Sentinels."""
    lines = []
    watch, own, name = settings.watch_credentials, settings.sentinel_credentials, settings.master
    if watch.password:
        lines += [f"sentinel auth-user {name} {watch.user}"] if watch.user else []
        lines += [f"sentinel auth-pass {name} {quote(watch.password)}"]
    if own.password:
        lines += [f"sentinel sentinel-user {quote(own.user)}"] if own.user else []
        lines += [f"sentinel sentinel-pass {quote(own.password)}"]
    return lines


def write(settings: Settings, *, primary: int, epoch: int) -> None:
    """Write the file, readable by its owner alone: whole, or not at all."""
    write_whole(Path(settings.conf), render(settings, primary=primary, epoch=epoch))


def has_password(settings: Settings) -> bool:
    """Whether the Sentinel's own file already has the password with which it is to watch; True if it can't be read."""
    try:
        text = Path(settings.conf).read_text(encoding="utf-8")
    except OSError:
        return True
    password = settings.watch_credentials.password
    lines = [line for line in text.splitlines() if line.startswith(f"sentinel auth-pass {settings.master} ")]
    if not lines:
        return not password
    written = lines[0].split(" ", 3)[3]
    return written in {password, quote(password)}


def is_numeric(host: str) -> bool:
    """Whether it is an address, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
