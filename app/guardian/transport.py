"""Where Redis and Sentinel listen, and with which certificates: the same lines in both configuration files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.guardian.settings import Tls

_USUAL: Final = {"tls-port": "0", "tls-replication": "no", "tls-auth-clients": "yes"}
"""What the options are where a file does not say it, or says it no more: a Sentinel leaves out what is usual."""


def quote(text: str) -> str:
    """A value as the configuration files take it, whatever characters it has."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def lines(port: int, tls: Tls | None) -> list[str]:
    """The lines of a redis.conf or a sentinel.conf.

    A client is known by its password; one that has a certificate may show it.

    Args:
        port: where it listens.
        tls: with which certificates, and whom it believes as a client of others; None for plain text.
    """
    if tls is None:
        return [f"port {port}"]
    files = {"tls-ca-cert-file": tls.ca, "tls-cert-file": tls.cert, "tls-key-file": tls.key}
    return [
        "port 0",
        f"tls-port {port}",
        "tls-replication yes",
        "tls-auth-clients optional",
        *(f"{option} {quote(path)}" for option, path in files.items() if path),
    ]


def follow(text: str, port: int, tls: Tls | None) -> str | None:
    """A kept file with today's lines in place of those it has; None if they say the same.

    Args:
        text: the file.
        port: where it listens today.
        tls: as for :func:`lines`.
    """
    wanted = lines(port, tls)
    kept = text.splitlines()
    if _meaning(kept) == _meaning(wanted):
        return None
    others = [line for line in kept if line.partition(" ")[0] != "port" and not line.startswith("tls-")]
    return "\n".join([*wanted, *others, ""])


def _meaning(conf: list[str]) -> dict[str, str]:
    pairs = (line.partition(" ") for line in conf if line.startswith(("port ", "tls-")))
    found = {option: value.strip().strip('"') for option, _, value in pairs}
    return {option: value for option, value in found.items() if _USUAL.get(option) != value}
