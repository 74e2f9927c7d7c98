"""An API server of a few objects, over HTTP: for what a drill makes of its answers. tests/cluster asks a real one."""

from __future__ import annotations

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.sync.client import ClientConnection


class KubeApi:
    """Objects by their path, and the requests that came.

    Attributes:
        objects: what GET answers.
        answers: what other methods answer, by method and path: a status and a body; 200 and the object by default.
        seen: method, path, query and body.
    """

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.answers: dict[tuple[str, str], Callable[[], tuple[int, Any]]] = {}
        self.seen: list[tuple[str, str, dict[str, list[str]], Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def http(self, timeout: float) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=timeout)

    def headers(self) -> dict[str, str]:
        return {"Authorization": "Bearer token"}

    def websocket(self, path: str, timeout: float) -> ClientConnection:
        raise NotImplementedError((path, timeout))

    def close(self) -> None:
        self.closed = True

    def sent(self, method: str) -> list[str]:
        """The paths that were asked with a method."""
        return [path for seen, path, _, _ in self.seen if seen == method]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                url = urlsplit(self.path)
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                api.seen.append((self.command, url.path, parse_qs(url.query), body))
                given = api.answers.get((self.command, url.path))
                found = _selected(api.objects.get(url.path), parse_qs(url.query).get("labelSelector", [""])[0])
                status, answer = (
                    given() if given else (200, found) if found is not None else (404, {"message": "not found"})
                )
                text = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - as http.server calls them

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _selected(found: Any, selector: str) -> Any:
    """The items of a list that bear the labels; what bears none at all is no matter here."""
    if not selector or not isinstance(found, dict) or "items" not in found:
        return found
    wanted = [each.partition("=") for each in selector.split(",")]
    chosen = []
    for each in found["items"]:
        labels = each.get("metadata", {}).get("labels")
        if labels is None or all(
            name in labels and (not sign or labels[name] == value) for name, sign, value in wanted
        ):
            chosen.append(each)
    return {"items": chosen}


def items(*found: Any) -> dict[str, Any]:
    return {"items": list(found)}


def pod(name: str, component: str, **more: Any) -> dict[str, Any]:
    labels = {
        "app.kubernetes.io/part-of": "haven",
        "app.kubernetes.io/instance": "shop",
        "app.kubernetes.io/component": component,
    }
    return {
        "metadata": {"name": name, "labels": labels, "uid": f"uid-{name}"},
        "spec": {"nodeName": "n1"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        **more,
    }
