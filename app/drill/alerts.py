"""Alerts that fire while a drill runs, asked of Prometheus if there is one."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from app.errors import DrillError

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIMEOUT: Final = 2.0
_OK: Final = 200
PREFIX: Final = "Haven"
HARMLESS: Final = frozenset({"HavenDrillOverdue", "HavenBackupOverdue", "HavenRoleFlapping", "HavenFullResync"})
"""They do not keep a drill from being run: the first asks for one, the others tell of what is over."""


class Alerts:
    """Asks a Prometheus.

    Args:
        url: of it; empty for none.

    Raises:
        DrillError: the URL is none.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if url and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise DrillError(f"--prometheus={url!r} is no address: give http://host:port")
        self._parts = parts
        self.asked = bool(url)
        self.seen: dict[str, float] = {}
        """When each was first seen firing, seconds since 1970 by our clock."""

    def firing(self) -> set[str]:
        """Those of Haven's that fire now.

        Raises:
            DrillError: it does not answer.
        """
        if not self.asked:
            return set()
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=_TIMEOUT)
        try:
            connection.request("GET", f"{self._parts.path.rstrip('/')}/api/v1/alerts")
            answer = connection.getresponse()
            body: Any = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DrillError(f"Prometheus at {self._parts.geturl()} does not answer: {error}") from None
        finally:
            connection.close()
        if answer.status != _OK:
            raise DrillError(f"Prometheus at {self._parts.geturl()} answers {answer.status}")
        return {name for name in _names(body["data"]["alerts"]) if name.startswith(PREFIX)}

    def look(self) -> None:
        """Note which fire now; one that does not answer is left for the next time."""
        try:
            for name in self.firing():
                self.seen.setdefault(name, time.time())
        except DrillError:
            return


def _names(alerts: Iterable[Any]) -> list[str]:
    return [alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"]
