"""Ports of this machine."""

import random
import socket
from pathlib import Path
from typing import Final

from app.local.errors import LocalError

LOOPBACK: Final = "127.0.0.1"
_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST: Final = 10_000
_DEFAULT_EPHEMERAL: Final = 32_768
_ATTEMPTS: Final = 1_000
share = (0, 1)
"""Which part of the ports is this process's, and how many parts there are: so that several never take each other's."""


def is_free(port: int) -> bool:
    """Say whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Return `count` different free ports, at random.

    They lie below the range for outgoing connections: a client that keeps dialling a port of that range while its
    server is dead can be given that very port as its own end, and then talks to itself.

    Raises:
        LocalError: too few are free.
    """
    try:
        end = int(_RANGE.read_text().split()[0])
    except (OSError, ValueError):
        end = _DEFAULT_EPHEMERAL
    end = end if end > _FIRST else _DEFAULT_EPHEMERAL
    part, parts = share
    size = (end - _FIRST) // parts
    first = _FIRST + part * size
    found: set[int] = set()
    for _ in range(_ATTEMPTS):
        if len(found) == count:
            return list(found)
        port = random.randrange(first, first + size)  # noqa: S311 - nothing secret
        if is_free(port):
            found.add(port)
    raise LocalError(
        f"{count} free ports between {first} and {first + size} were not found", remedy="name the ports to use"
    )
