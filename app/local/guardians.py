"""The guardians of a cluster on this machine: what each is told, and its process."""

import http.client
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from app.errors import GuardianError
from app.guardian.command import ask
from app.local.conf import MASTER_NAME
from app.local.errors import LocalError
from app.local.ports import LOOPBACK
from app.local.process import Process

PROGRAM: Final = (sys.executable, "-m", "app.cli")
_OK: Final = 200
_HANDOVER: Final = 30.0
_PREFIXES: Final = ("HAVEN_", "REDIS_")


def guardian_environment(
    ordinal: int,
    ports: Sequence[int],
    sentinel_ports: Sequence[int],
    conf: Path,
    own: Mapping[str, str],
) -> dict[str, str]:
    """Return the environment of the guardian with this ordinal, counted from 1.

    Args:
        ordinal: which node it stands beside.
        ports: of the Redis servers.
        sentinel_ports: of the Sentinels.
        conf: the sentinel.conf to write.
        own: settings on top, such as passwords and its HTTP port.
    """
    base = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIXES)}
    nodes = [f"redis-{place}={LOOPBACK}:{port}" for place, port in enumerate(ports, start=1)]
    return base | {
        "HAVEN_GUARDIAN_NAME": f"redis-{ordinal}",
        "HAVEN_GUARDIAN_NODES": ",".join(nodes),
        "REDIS_SENTINEL_HOSTS": ",".join(f"{LOOPBACK}:{port}" for port in sentinel_ports),
        "REDIS_SENTINEL_MASTER": MASTER_NAME,
        "HAVEN_SENTINEL_CONF": str(conf),
        "PYTHONUNBUFFERED": "1",
        **own,
    }


class GuardianNode(Process):
    """One guardian.

    Args:
        ordinal: which node it stands beside, counted from 1.
        port: of its probes, metrics, status and handover.
        token: for the handover.
        directory: for its log and pid.
        env: its environment.
    """

    def __init__(self, ordinal: int, port: int, token: str, directory: Path, env: Mapping[str, str]) -> None:
        self.name = f"guardian-{ordinal}"
        self.port = port
        self._token = token
        settings = {"HAVEN_OPS_HOST": LOOPBACK, "HAVEN_OPS_PORT": str(port), "HAVEN_GUARDIAN_TOKEN": token}
        super().__init__([*PROGRAM, "guardian"], directory, env={**env, **settings})

    def report(self) -> dict[str, Any]:
        """Return what it knows.

        Raises:
            LocalError: it does not answer.
        """
        code, body = self._ask("GET", "/status", 1.0)
        if code != _OK:
            raise LocalError(f"{self.name} answers {code}")
        return body

    def hand_over(self, to: str | None = None) -> tuple[int, dict[str, Any]]:
        """Ask for a handover; return the HTTP status and the outcome.

        Raises:
            LocalError: it does not answer.
        """
        return self._ask("POST", f"/handover?to={to}" if to else "/handover", _HANDOVER)

    def ready(self) -> bool:
        """Say whether it guards: it turns, and has written what its Sentinel needs."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=1.0)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == _OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _ask(self, method: str, path: str, timeout: float) -> tuple[int, dict[str, Any]]:
        try:
            return ask((LOOPBACK, self.port), method, path, timeout, self._token)
        except GuardianError as error:
            raise LocalError(str(error), remedy=f"see {self.log}") from error
