"""The few requests to the API server that a drill needs.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/; of exec's channels:
https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go.
"""

from __future__ import annotations

import contextlib
import http.client
import json
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote, urlencode

from websockets.exceptions import ConnectionClosed, WebSocketException

from app.errors import DrillError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.drill.kube.door import Door

TIMEOUT: Final = 15.0
STRATEGIC: Final = "application/strategic-merge-patch+json"
_JSON: Final = "application/json"
_STDIN, _STDOUT, _STDERR, _STATUS = range(4)
_CHUNK: Final = 32 * 1024
_NOT_FOUND: Final = 404
_BAD: Final = 400


class NotThere(DrillError):
    """The object does not exist."""


class Api:
    """One namespace of a cluster.

    Args:
        door: the way to the API server.
        namespace: of the release.
    """

    def __init__(self, door: Door, namespace: str) -> None:
        self._door = door
        self._namespace = namespace

    def core(self, kind: str, name: str = "", more: str = "") -> str:
        """The path of pods, services and so on."""
        return f"/api/v1/namespaces/{quote(self._namespace)}/{kind}" + (f"/{quote(name)}" if name else "") + more

    def apps(self, kind: str, name: str = "") -> str:
        """The path of deployments and statefulsets."""
        return f"/apis/apps/v1/namespaces/{quote(self._namespace)}/{kind}" + (f"/{quote(name)}" if name else "")

    def call(self, method: str, path: str, body: Any = None, kind: str = _JSON, **query: str) -> Any:
        """Send a request; the answer.

        Raises:
            NotThere: the object does not exist.
            DrillError: it was refused, with the server's words, or nothing answered.
        """
        connection = self._door.http(TIMEOUT)
        url = f"{path}?{urlencode(query)}" if query else path
        headers = {**self._door.headers(), "Content-Type": kind, "Accept": _JSON}
        try:
            connection.request(method, url, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            found = json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DrillError(f"the cluster's API does not answer {method} {path}: {error}") from None
        finally:
            connection.close()
        if answer.status >= _BAD:
            said = found.get("message", answer.reason) if isinstance(found, dict) else answer.reason
            kind_of = NotThere if answer.status == _NOT_FOUND else DrillError
            raise kind_of(f"{method} {path}: {said}")
        return found

    def list(self, path: str, labels: str = "", fields: str = "") -> list[dict[str, Any]]:
        """What there is.

        Raises:
            DrillError: as :meth:`call`.
        """
        query = {name: text for name, text in (("labelSelector", labels), ("fieldSelector", fields)) if text}
        found: list[dict[str, Any]] = self.call("GET", path, **query)["items"]
        return found

    def follow(self, pod: str, container: str) -> Iterator[str]:
        """A container's log from its start, line by line, until it ends.

        Raises:
            DrillError: it can't be had.
        """
        connection = self._door.http(TIMEOUT)
        try:
            path = self.core("pods", pod, "/log?" + urlencode({"container": container, "follow": "true"}))
            connection.request("GET", path, headers=self._door.headers())
            answer = connection.getresponse()
            if connection.sock is not None:
                connection.sock.settimeout(None)  # it is silent while nothing is told
            if answer.status >= _BAD:
                raise DrillError(f"the log of {pod} can't be had: {answer.read(300).decode(errors='replace')}")
            for line in answer:
                yield line.decode(errors="replace").rstrip("\n")
        except (OSError, http.client.HTTPException) as error:
            raise DrillError(f"the log of {pod} broke off: {error}") from None
        finally:
            connection.close()

    def run(
        self, pod: str, container: str, command: Sequence[str], sign: str, stdin: bytes = b"", timeout: float = 30.0
    ) -> str:
        """Run a command in a container; what it printed.

        Args:
            pod: of the container.
            container: where.
            command: what.
            sign: what it prints when all went well: the API server now and then closes before it has told the status.
            stdin: what it reads.
            timeout: seconds of silence.

        Raises:
            DrillError: it failed, with what it said, or did not end in time.
        """
        with self.start(pod, container, command, stdin=bool(stdin)) as running:
            running.write(stdin)
            return running.finish(timeout, sign)

    def start(self, pod: str, container: str, command: Sequence[str], *, stdin: bool = False) -> Running:
        """Start a command in a container.

        Raises:
            DrillError: it can't be started.
        """
        query = [("container", container), ("stdout", "1"), ("stderr", "1"), *(("command", word) for word in command)]
        if stdin:
            query.append(("stdin", "1"))
        path = self.core("pods", pod, "/exec?" + urlencode(query))
        try:
            return Running(f"{pod}/{container}: {command[0]}", self._door.websocket(path, TIMEOUT))
        except (OSError, WebSocketException, TimeoutError) as error:
            raise DrillError(f"nothing can be run in {pod}/{container}: {error}") from None


class Running:
    """A command that runs in a container; its standard input ends when this is closed.

    Args:
        name: for people.
        socket: of the exec.
    """

    def __init__(self, name: str, socket: Any) -> None:
        self._name = name
        self._socket = socket
        self._out = bytearray()
        self._error = bytearray()
        self._status = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Send to its standard input.

        Raises:
            DrillError: it has ended.
        """
        try:
            for start in range(0, len(data), _CHUNK):
                self._socket.send(bytes([_STDIN]) + data[start : start + _CHUNK])
        except ConnectionClosed as error:
            raise DrillError(f"{self._name} ended before it had read everything: {error}") from None

    def read(self, timeout: float) -> bool:
        """Take in one message; whether it goes on.

        Raises:
            TimeoutError: none came.
        """
        try:
            message = self._socket.recv(timeout=timeout)
        except ConnectionClosed:
            return False
        data = message if isinstance(message, bytes) else message.encode()
        if not data:
            return True
        match data[0]:
            case 1:
                self._out += data[1:]
            case 2:
                self._error += data[1:]
            case 3:
                self._status = data[1:].decode(errors="replace")
        return True

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self._out.decode(errors="replace")

    def finish(self, timeout: float, sign: str) -> str:
        """Wait for its end; what it printed.

        Args:
            timeout: seconds of silence.
            sign: what it prints when all went well.

        Raises:
            DrillError: it failed, or did not end in time.
        """
        try:
            while not self._status and self.read(timeout):
                pass
        except TimeoutError:
            raise DrillError(f"{self._name} said nothing for {timeout:g} s") from None
        status: Any = {}
        with contextlib.suppress(ValueError):
            status = json.loads(self._status or "{}")
        if status.get("status", "Success") != "Success" or sign not in self.printed:
            said = self._error.decode(errors="replace").strip().splitlines() or [status.get("message", "it broke off")]
            raise DrillError(f"{self._name} failed: {said[-1]}")
        return self.printed

    def close(self) -> None:
        """End its standard input; a hand undoes what it did."""
        with contextlib.suppress(Exception):
            self._socket.close()
