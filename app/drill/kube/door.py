"""The way to the API server: kubectl's own credentials on a desk, the pod's account in a cluster.

On a desk ``kubectl proxy`` does what only kubectl can (contexts, plugins that fetch tokens, client certificates) and
listens on a socket in a directory that nobody else may enter.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from websockets.sync.client import connect, unix_connect
from websockets.typing import Subprotocol

from app.errors import DrillError

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
PROTOCOLS: Final = [Subprotocol("v5.channel.k8s.io"), Subprotocol("v4.channel.k8s.io")]
_START: Final = 15.0
_LARGEST: Final = 16 * 1024 * 1024


class Door(Protocol):
    """Opens connections to the API server."""

    def http(self, timeout: float) -> http.client.HTTPConnection:
        """A connection for requests."""

    def headers(self) -> dict[str, str]:
        """What each request carries."""

    def websocket(self, path: str, timeout: float) -> ClientConnection:
        """A WebSocket, for exec."""

    def close(self) -> None:
        """Shut it."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Kubectl:
    """Through ``kubectl proxy``.

    Args:
        context: of its configuration; None for the current one.

    Raises:
        DrillError: there is no kubectl, or it can't reach a cluster.
    """

    def __init__(self, context: str | None) -> None:
        program = shutil.which("kubectl")
        if program is None:
            raise DrillError("kubectl is not on PATH: install it, drills use its credentials")
        self._directory = Path(tempfile.mkdtemp(prefix="haven-drill-"))  # mode 0700
        self._socket = str(self._directory / "api")
        chosen = ["--context", context] if context else []
        # exec is refused by default, as the socket has no password; this one lies where only we may go
        command = [program, *chosen, "proxy", f"--unix-socket={self._socket}", "--reject-paths=^/nothing"]
        self._child = subprocess.Popen(  # noqa: S603 - kubectl, with our words
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        end = time.monotonic() + _START
        while not self._listens():
            if self._child.poll() is not None or time.monotonic() > end:
                said = self._end()
                raise DrillError(f"kubectl proxy did not start: {said or 'no word of it'}")
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(self._socket)
            except OSError:
                return False
        return True

    def http(self, timeout: float) -> http.client.HTTPConnection:
        """A connection over the socket."""
        return _UnixConnection(self._socket, timeout)

    def headers(self) -> dict[str, str]:
        """None: kubectl adds what is needed."""
        return {}

    def websocket(self, path: str, timeout: float) -> ClientConnection:
        """Over the socket."""
        return unix_connect(
            self._socket, f"ws://localhost{path}", subprotocols=PROTOCOLS, open_timeout=timeout, max_size=_LARGEST,
            ping_interval=None,
        )  # fmt: skip

    def close(self) -> None:
        """End it."""
        self._end()

    def _end(self) -> str:
        self._child.terminate()
        try:
            said = self._child.communicate(timeout=5)[1].decode(errors="replace").strip()
        except subprocess.TimeoutExpired:
            self._child.kill()
            said = self._child.communicate()[1].decode(errors="replace").strip()
        shutil.rmtree(self._directory, ignore_errors=True)
        return said


class InCluster:
    """With the account of the pod that this runs in."""

    def __init__(self) -> None:
        self._host = os.environ["KUBERNETES_SERVICE_HOST"]
        self._port = int(os.environ.get("KUBERNETES_SERVICE_PORT", "443"))
        self._context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
        # Clusters made long ago have an authority without the key usage that Python 3.13 asks for by default.
        self._context.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def http(self, timeout: float) -> http.client.HTTPConnection:
        """A connection with TLS."""
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._context)

    def headers(self) -> dict[str, str]:
        """The token: read each time, as it is renewed."""
        return {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text('ascii').strip()}"}

    def websocket(self, path: str, timeout: float) -> ClientConnection:
        """With TLS."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return connect(
            f"wss://{host}:{self._port}{path}", ssl=self._context, subprotocols=PROTOCOLS, open_timeout=timeout,
            additional_headers=self.headers(), max_size=_LARGEST, ping_interval=None,
        )  # fmt: skip

    def close(self) -> None:
        """Nothing to shut."""


def find_door(context: str | None) -> Door:
    """The pod's account if this runs in a cluster and no context was named, else kubectl.

    Raises:
        DrillError: there is neither.
    """
    with contextlib.suppress(KeyError, OSError):
        if context is None and (ACCOUNT / "token").exists():
            return InCluster()
    return Kubectl(context)
