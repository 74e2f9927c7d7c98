"""What is made ready before the guardian becomes small: numeric addresses, and the files that the others read.

In a pod everything but the passwords is known to the chart, and the passwords are files that only a program can turn
into the lines of a redis.conf. So the guardian, which starts first, writes what Redis, Sentinel and the exporter read.
"""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.errors import ConfigError
from app.guardian.acl import Users
from app.guardian.conf import write_redis
from app.guardian.files import write_whole
from app.guardian.seed import is_numeric

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.config import Config
    from app.guardian.settings import Address, Settings

RESOLVE: Final = 60.0
"""Seconds for the name service, which may itself be starting."""
_AGAIN: Final = 0.5
SENTINEL_BASE: Final = "sentinel/base.conf"


def prepare(settings: Settings, config: Config) -> Settings:
    """Do what the configuration asks for.

    Args:
        settings: the guardian's.
        config: the whole configuration.

    Returns:
        The settings, with numeric addresses and the Sentinel's base file where these are asked for.

    Raises:
        ConfigError: a name is not known, a password or a directory can't be used; lists everything.
    """
    if config.haven_guardian_announce == "addresses":
        settings = numeric(settings)
    return write_files(settings) if settings.files else settings


def numeric(settings: Settings, look_up: Callable[[str], str] | None = None, within: float = RESOLVE) -> Settings:
    """The settings with the nodes' names looked up once.

    Sentinel blocks while it looks a name up, and a name that is gone with its pod makes failovers fail; the address of
    a Service stays as long as the Service. What talks to itself goes over loopback, whose address is no name.

    Args:
        settings: the guardian's.
        look_up: from a name to an address; the system's by default.
        within: seconds for all of them.

    Raises:
        ConfigError: a name is still not known then.
    """
    end = time.monotonic() + within
    known: dict[str, str] = {}

    def address(found: Address) -> Address:
        host, port = found
        if host not in known:
            known[host] = _look_up(host, look_up or _system, end)
        return known[host], port

    return replace(
        settings,
        redis=tuple(address(each) for each in settings.redis),
        sentinels=tuple(address(each) for each in settings.sentinels),
        own_redis=address(settings.own_redis),
        own_sentinel=address(settings.own_sentinel),
    )


def _look_up(host: str, look_up: Callable[[str], str], end: float) -> str:
    if is_numeric(host):
        return host
    while True:
        try:
            return look_up(host)
        except OSError as error:
            if time.monotonic() >= end:
                remedy = "correct HAVEN_GUARDIAN_NODES and REDIS_SENTINEL_HOSTS, or start the name service"
                raise ConfigError([f"the name {host!r} is not known ({error}): {remedy}"]) from None
        time.sleep(_AGAIN)


def _system(host: str) -> str:
    return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])


def write_files(settings: Settings) -> Settings:
    """Write what Redis, Sentinel and the exporter read, for their group alone.

    Args:
        settings: the guardian's.

    Returns:
        The settings, with the file that begins a new sentinel.conf.

    Raises:
        ConfigError: a password can't be read, or a file not be written.
    """
    directory = Path(settings.files)
    base = [Path(settings.base).read_text("utf-8").rstrip()] if settings.base else []
    try:
        users = Users.read(Path(settings.users)) if settings.users else None
        write_redis(settings, users)
        if users is not None:
            base += users.at_sentinel()
        write_whole(directory / SENTINEL_BASE, "\n".join(base) + "\n", mode=0o640)
    except (OSError, ValueError) as error:
        remedy = "see HAVEN_GUARDIAN_USERS and HAVEN_GUARDIAN_FILES"
        raise ConfigError([f"the files of Redis can't be made: {error} ({remedy})"]) from None
    return replace(settings, base=str(directory / SENTINEL_BASE))
